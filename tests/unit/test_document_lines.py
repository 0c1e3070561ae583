"""Lines as LSP means them."""

import pytest

from lsp_server.document.lines import split_lines, text_length

ODD_SEPARATORS = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", ("",)),
        ("a", ("a",)),
        ("a\n", ("a\n", "")),
        ("a\r\nb\rc\nd", ("a\r\n", "b\r", "c\n", "d")),
        ("\r\r\n\n\r", ("\r", "\r\n", "\n", "\r", "")),
        ("a\n\rb", ("a\n", "\r", "b")),
        (f"a{ODD_SEPARATORS}b\nc", (f"a{ODD_SEPARATORS}b\n", "c")),
        ("\ud800\n\udc00", ("\ud800\n", "\udc00")),
        ("\ufeffa\0\n", ("\ufeffa\0\n", "")),
    ],
)
def test_only_the_three_line_endings_of_lsp_end_a_line(text, lines):
    assert split_lines(text) == lines


def test_long_texts_are_split_as_short_ones_are():
    short = f"a{ODD_SEPARATORS}\nb\n"
    assert split_lines(short * 9000) == (*split_lines(short)[:-1] * 9000, "")
    assert split_lines(short * 9000 + "end")[-1] == "end"


@pytest.mark.parametrize(
    ("line", "length"), [("ab", 2), ("ab\n", 2), ("ab\r", 2), ("ab\r\n", 2), ("", 0), ("\n", 0)]
)
def test_the_terminator_is_no_part_of_the_text(line, length):
    assert text_length(line) == length
