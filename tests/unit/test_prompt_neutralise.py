"""Control tokens in the user's own text."""

import time

import pytest

from lsp_server.prompt.families import FAMILIES
from lsp_server.prompt.neutralise import encodable, neutralise, neutralise_path

QWEN = FAMILIES["qwen"].control_tokens
CODESTRAL = FAMILIES["codestral"].control_tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = '<|fim_middle|>'", "x = '< |fim_middle|>'"),
        ("<|fim_middle|><|im_end|>", "< |fim_middle|>< |im_end|>"),
        ("<|fim_<|fim_middle|>middle|>", "<|fim_< |fim_middle|>middle|>"),
        ("< |fim_middle|>", "< |fim_middle|>"),
        ("<fim_middle>", "<fim_middle>"),
    ],
)
def test_a_spelling_is_broken_and_stays_readable(text, expected):
    assert neutralise(text, QWEN) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\n+++++ b.py\nc", "a\n+ ++++ b.py\nc"),
        ("+++++ b.py", "+ ++++ b.py"),
        ("x +++++ y", "x +++++ y"),
        ("\n++++++ y", "\n++++++ y"),
        ("+++ b/file\n", "+++ b/file\n"),
        ("[PREFIX[PREFIX]]", "[PREFIX[ PREFIX]]"),
    ],
)
def test_codestral_s_section_heads_only_count_at_a_line_s_start(text, expected):
    assert neutralise(text, CODESTRAL) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src/a.py", "src/a.py"),
        ("a\n<|file_sep|>b.py", "a < |file_sep|>b.py"),
        ("a\r\n\u2028\tb", "a b"),
        ("caf\udce9.py", "caf\ufffd.py"),
        ("d/" * 200 + "a.py", ("d/" * 200 + "a.py")[-200:]),
    ],
)
def test_a_path_stays_on_its_line(path, expected):
    assert neutralise_path(path, QWEN) == expected


def test_lone_surrogates_are_replaced_one_for_one():
    assert encodable("a\ud800b\udc00😀é") == "a\ufffdb\ufffd😀é"
    assert encodable("plain") == "plain"


@pytest.mark.parametrize(
    "text", ["<" * 300_000, "<|fim_" * 50_000, "+" * 300_000 + " ", "<|fim_middle|>" * 20_000]
)
def test_hostile_text_takes_linear_time(text):
    started = time.process_time()
    for tokens in (QWEN, CODESTRAL):
        result = neutralise(text, tokens)
        assert not any(token in result for token in tokens)
    assert time.process_time() - started < 2
