"""Stop rules: for a fixture with a cursor and a draft, where does the suggestion end and by which rule?"""

import pytest

from lsp_server.shaping.mode import Mode, choose_mode
from lsp_server.shaping.stop import Draft, find_stop
from lsp_server.testing.fixtures import cursor_at


def check(fixture: str, output: str, expected: str, rule: str | None, *, language="python", max_lines=16):
    cursor = cursor_at(fixture, language)
    draft = Draft(output, cursor, choose_mode(cursor), max_lines, ("<|endoftext|>", "<|fim_prefix|>"))
    stop = find_stop(draft)
    assert (stop.rule if stop else None) == rule
    assert output[: stop.end if stop else None] == expected


@pytest.mark.parametrize(
    ("fixture", "mode"),
    [
        ("x = ‸", Mode.LINE),
        ("foo(‸)", Mode.LINE),
        ("def f(a):‸", Mode.BLOCK),
        ("def f(a):\n    ‸", Mode.BLOCK),
        ("‸", Mode.BLOCK),
        ("if (a) {‸", Mode.BLOCK),
        ("if (a) {‸}", Mode.LINE),
        ("a ‸+ b", Mode.LINE),
    ],
)
def test_mode(fixture, mode):
    assert choose_mode(cursor_at(fixture)) is mode


def test_a_line_ends_at_its_newline():
    check("def add(a, b):\n    return ‸", "a + b\n\nprint(add(1, 2))", "a + b", "line_end")


def test_a_line_may_go_on_while_it_is_not_complete():
    check("def add(a, b):\n    return ‸", "a + b", "a + b", None)


def test_a_line_that_opens_a_block_brings_the_block():
    check(
        "for x in ‸",
        "items:\n    print(x)\n    count += 1\nprint(count)\n",
        "items:\n    print(x)\n    count += 1",
        "block_end",
    )


def test_with_text_behind_the_cursor_only_the_line_is_taken():
    check("call(‸)", "a, [\n    1,\n]", "a, [", "line_end")


@pytest.mark.parametrize("closer", ["}", "});", "]", "end"])
def test_a_line_that_closes_the_block_around_the_cursor_ends_the_suggestion(closer):
    check("function f() {\n  ‸\n", f"{closer}\n", closer, "block_end", language="javascript")


def test_a_closing_line_that_opens_another_block_goes_on():
    check("if (a) {\n  b();\n  ‸\n", "} else {\n    c", "} else {\n    c", None, language="javascript")


def test_a_block_ends_where_the_indentation_falls_back():
    check(
        "def f(a):‸",
        "\n    b = a\n    return b\ndef g():\n    pass",
        "\n    b = a\n    return b",
        "block_end",
    )


def test_a_block_does_not_end_at_the_unfinished_blanks_of_its_next_line():
    check("def f(a):‸", "\n    b = a\n  ", "\n    b = a\n  ", None)


def test_a_block_keeps_its_else():
    check(
        "def f(a):\n    ‸",
        "if a:\n        b()\n    else:\n        c()\n    d()",
        "if a:\n        b()\n    else:\n        c()",
        "block_end",
    )


def test_a_block_keeps_its_closing_brace():
    check(
        "function f(a) {‸",
        "\n  return a;\n}\n\nf(1);\n",
        "\n  return a;\n}",
        "block_end",
        language="javascript",
    )


def test_a_body_stops_before_its_dedent():
    check("def f(a):\n    ‸\n", "b = a\n    return b\nx = 1", "b = a\n    return b", "block_end")


def test_a_blank_line_ends_a_paragraph():
    check("‸", "import os\nimport sys\n\nx = 1", "import os\nimport sys", "paragraph_end")


def test_a_leaked_control_token_ends_it():
    check("x = ‸", "1<|endoftext|>def", "1", "control_text")


def test_a_fence_ends_it():
    check("def f():\n    ‸", "return 1\n```\nThis function", "return 1", "fence")


def test_a_fence_is_text_in_markdown():
    check("# Title\n\n‸", "```sh\nls", "```sh\nls", None, language="markdown")


def test_the_next_line_of_the_suffix_ends_it():
    check(
        "def f():\n    ‸\n    return total\n",
        "total = 0\n    total += 1\n    return total\n",
        "total = 0\n    total += 1",
        "suffix_line",
    )


def test_a_loop_ends_at_its_first_line():
    check("def f():\n    ‸", "a()\n    b()\n    b()\n    b()\n", "a()\n    b()", "repetition")


def test_the_line_limit():
    check("def f():\n    ‸", "a()\n    b()\n    c()\n    d()", "a()\n    b()", "line_limit", max_lines=2)


@pytest.mark.parametrize("fixture", ["x = ‸", "def f():‸\n", "‸", "foo(‸)\nbar()"])
def test_streaming_finds_the_same_end_as_looking_once(fixture):
    output = "items:\n    one()\n    two()\n\ndef other():\n    pass\n"
    cursor = cursor_at(fixture)

    def end_of(text):
        stop = find_stop(Draft(text, cursor, choose_mode(cursor), 16))
        return stop.end if stop else None

    streamed = next((end for n in range(1, len(output) + 1) if (end := end_of(output[:n])) is not None), None)
    assert streamed == end_of(output)
