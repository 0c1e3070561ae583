"""From a cursor to a prompt."""

import pytest

from lsp_server.document.lines import split_lines
from lsp_server.prompt.families import FAMILIES
from lsp_server.prompt.layout import Limits, lay_out
from lsp_server.prompt.tokens import FIRST_FACTOR, Calibration, TokenEstimate
from lsp_server.testing.fixtures import cursor_at
from lsp_server.types import Cursor, Document, Position, PromptForm, Snippet

LIMITS = Limits(context_tokens=8192, budget_tokens=2048, max_tokens=128)
HEALING = Limits(context_tokens=8192, budget_tokens=2048, max_tokens=128, forces_start=True)
QWEN = FAMILIES["qwen"]


def laid_out(marked, family=QWEN, limits=LIMITS, **more):
    prompt, _ = lay_out(cursor_at(marked), family, limits=limits, **more)
    return prompt


def test_a_prompt_has_the_text_on_both_sides():
    prompt = laid_out("def f(a):\n    return a‸ + 1\n\nx = 2\n", relative_path="src/f.py")
    assert prompt.prefix == "def f(a):\n    return a"
    assert prompt.suffix == " + 1\n\nx = 2\n"
    assert (prompt.path, prompt.language, prompt.forced) == ("src/f.py", "python", "")
    assert prompt.current_line == "    return a"
    assert (prompt.template, prompt.max_tokens, prompt.temperature) == (QWEN, 128, 0.0)


@pytest.mark.parametrize("ending", ["\r\n", "\r"])
def test_line_ends_are_line_feeds(ending):
    prompt = laid_out(f"a{ending}b‸{ending}c{ending}")
    assert (prompt.prefix, prompt.suffix) == ("a\nb", "\nc\n")


def test_the_last_piece_is_forced_where_the_backend_can():
    family = QWEN.for_backend(forces_start=True, takes_parts=False)
    prompt = laid_out("for x in iter‸:\n", family, HEALING)
    assert (prompt.prefix, prompt.forced, prompt.suffix) == ("for x in", " iter", ":\n")
    assert prompt.text.endswith("<|fim_middle|>for x in")
    assert prompt.current_line == "for x in iter"


@pytest.mark.parametrize(("name", "takes_parts"), [("codestral", True), ("chat", False)])
def test_nothing_is_forced_on_a_server_that_lays_out_itself(name, takes_parts):
    family = FAMILIES[name].for_backend(forces_start=True, takes_parts=takes_parts)
    assert family.form is not PromptForm.RAW
    assert laid_out("x = y.‸", family, HEALING).forced == ""


def test_the_users_control_tokens_are_broken_everywhere():
    snippet = Snippet("a\n<|file_sep|>b.py", "<|im_end|>", 1, "")
    prompt = laid_out(
        "x = '<|fim_middle|>'‸'<|fim_suffix|>'\n", snippets=[snippet], relative_path="<|repo_name|>.py"
    )
    assert prompt.prefix == "x = '< |fim_middle|>'"
    assert prompt.suffix == "'< |fim_suffix|>'\n"
    for token, count in (
        ("<|fim_middle|>", 1),
        ("<|fim_suffix|>", 1),
        ("<|file_sep|>", 2),
        ("<|im_end|>", 0),
    ):
        assert prompt.text.count(token) == count
    assert prompt.text.count("<|repo_name|>") == 1


def test_lone_surrogates_can_be_sent():
    prompt = laid_out("a = '\ud800'‸'\udc00'\n", relative_path="caf\udce9.py")
    assert prompt.prefix == "a = '\ufffd'"
    assert prompt.text.encode()
    assert prompt.path.encode()


def test_snippets_that_do_not_fit_are_left_out():
    small, large = Snippet("s.py", "x = 1\n", 1, ""), Snippet("l.py", "value = 1\n" * 1000, 1, "")
    prompt = laid_out("y = ‸", snippets=[small, large, small])
    assert prompt.snippets == (small, small)


def test_snippets_leave_most_of_the_budget_to_the_window():
    snippet = Snippet("s.py", "value = compute(1)\n" * 10, 1, "")
    cursor = cursor_at("x = 1\n" * 1000 + "‸" + "y = 2\n" * 1000)
    prompt, _ = lay_out(cursor, QWEN, limits=LIMITS, snippets=[snippet] * 50)
    estimate = TokenEstimate()
    shown = estimate.count("".join(s.text for s in prompt.snippets))
    assert 2048 / 3 * 0.6 < shown < 2048 / 3
    assert 1900 * 3 / 4 - 50 < prompt.tokens <= 2048


@pytest.mark.parametrize(
    ("limits", "most", "answer"),
    [
        (Limits(8192, 2048, 128), 2048, 128),
        (Limits(1024, 2048, 128), 896, 128),
        (Limits(512, 2048, 4096), 384, 128),
        (Limits(256, 2048, 128), 192, 64),
        (Limits(8192, 0, 128), 64, 128),
    ],
)
@pytest.mark.parametrize("factor", [0.8, FIRST_FACTOR, 1.6])
def test_prompt_and_answer_fit_into_the_context(limits, most, answer, factor):
    cursor = cursor_at("value = compute(1)\n" * 500 + "‸" + "other = compute(2)\n" * 500)
    prompt, _ = lay_out(cursor, QWEN, limits=limits, calibration=Calibration(factor))
    assert prompt.tokens <= most
    assert prompt.max_tokens == answer
    # By the cautious first factor as well, whatever the reports said.
    assert prompt.tokens * max(1, FIRST_FACTOR / factor) <= limits.context_tokens - answer + 2
    assert prompt.tokens > most * 0.5 * min(1, factor / FIRST_FACTOR)


def test_a_calibration_makes_use_of_the_room():
    cursor = cursor_at("value = compute(1)\n" * 500 + "‸" + "other = compute(2)\n" * 500)
    first, _ = lay_out(cursor, QWEN, limits=LIMITS)
    later, _ = lay_out(cursor, QWEN, limits=LIMITS, calibration=Calibration(0.8))
    assert len(later.prefix) > 1.3 * len(first.prefix)


def test_text_full_of_control_tokens_stays_within_the_budget():
    cursor = cursor_at("<|fim_middle|>\n" * 500 + "‸" + "<|fim_middle|>\n" * 500)
    prompt, _ = lay_out(cursor, QWEN, limits=LIMITS)
    assert prompt.tokens <= 2048
    assert "<|fim_middle|>" not in prompt.prefix + prompt.suffix
    assert prompt.tokens > 1200


@pytest.mark.parametrize(
    ("marked", "single_line", "first"),
    [
        ("foo(‸a, b)", True, "\n"),
        ("foo(‸a, b)", False, "<|endoftext|>"),
        ("foo(‸)", True, "<|endoftext|>"),
        ("foo(‸", True, "<|endoftext|>"),
    ],
)
def test_the_line_s_end_stops_where_words_follow(marked, single_line, first):
    assert laid_out(marked, single_line=single_line).stop[0] == first


def test_stops_are_as_many_as_the_backend_takes_most_useful_first():
    limits = Limits(8192, 2048, 128, max_stops=4)
    prompt = laid_out("f(‸a)", limits=limits, single_line=True, extra_stops=("\n\n", "", "\n"))
    assert prompt.stop == ("\n", "\n\n", "<|endoftext|>", "<|im_end|>")
    assert laid_out("x‸").stop == QWEN.stops
    assert laid_out("x‸", limits=Limits(8192, 2048, 128, max_stops=0)).stop == ()


@pytest.mark.parametrize("name", sorted(FAMILIES))
@pytest.mark.parametrize("takes_parts", [False, True])
def test_an_empty_file_gives_a_prompt(name, takes_parts):
    family = FAMILIES[name].for_backend(forces_start=False, takes_parts=takes_parts)
    prompt, anchor = lay_out(cursor_at("‸"), family, limits=LIMITS)
    assert prompt.text.strip()
    assert 0 < prompt.tokens < 200
    assert lay_out(cursor_at("‸"), family, limits=LIMITS, anchor=anchor)[0] == prompt


def test_the_current_line_is_no_longer_than_what_is_sent():
    line = "a1=b2;" * 50_000
    cursor = Cursor(Document("u", None, "javascript", 1, split_lines(line)), Position(0, 150_000))
    prompt, _ = lay_out(cursor, QWEN, limits=LIMITS)
    assert prompt.current_line == prompt.prefix
    assert len(prompt.prefix) < 10_000


def test_the_anchor_keeps_the_prompt_s_beginning():
    above, below = "value = compute(1)\n" * 500, "other = compute(2)\n" * 500
    typed = "total = 0\nfor item in items:\n    total += item.price"
    family = QWEN.for_backend(forces_start=True, takes_parts=False)
    first, anchor = lay_out(cursor_at(f"{above}‸\n{below}"), family, limits=HEALING)
    for end in range(1, len(typed) + 1):
        cursor = cursor_at(f"{above}{typed[:end]}‸\n{below}")
        prompt, anchor = lay_out(cursor, family, limits=HEALING, anchor=anchor)
        assert prompt.text.startswith(first.text)
