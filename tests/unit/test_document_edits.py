"""Edits made on lines."""

import pytest

from lsp_server.document.edits import Change, apply_and_tell, apply_change, apply_changes
from lsp_server.document.lines import split_lines
from lsp_server.document.positions import Encoding
from lsp_server.types import Document, Edit, Position

U16 = Encoding.UTF16


def document(text):
    return Document("file:///a.py", "/a.py", "python", 1, split_lines(text))


def edited(text, start, end, new, encoding=U16):
    after = apply_change(document(text), Change(start, end, new), encoding, 2)
    assert after.lines == split_lines(after.text)
    return after.text


@pytest.mark.parametrize(
    ("text", "start", "end", "new", "expected"),
    [
        ("", (0, 0), (0, 0), "a", "a"),
        ("ab\ncd", (0, 1), (1, 1), "X", "aXd"),
        ("ab\ncd", (0, 2), (0, 2), "\n", "ab\n\ncd"),
        ("ab\ncd\n", (1, 0), (2, 0), "", "ab\n"),
        ("a\nb\nc", (0, 0), (2, 1), "", ""),
        ("a\x0cb\nc", (1, 0), (1, 1), "C", "a\x0cb\nC"),
        ("a\u2028b\nc", (0, 2), (0, 3), "B", "a\u2028B\nc"),
    ],
)
def test_a_range_is_replaced(text, start, end, new, expected):
    assert edited(text, start, end, new) == expected


@pytest.mark.parametrize(
    ("text", "start", "end", "new", "expected"),
    [
        ("ab\ncd", (0, 99), (0, 99), "!", "ab!\ncd"),
        ("ab\r\ncd", (0, 3), (0, 3), "!", "ab!\r\ncd"),
        ("ab\ncd", (7, 0), (9, 4), "!", "ab\ncd!"),
        ("ab\n", (1, 5), (2**31 - 1, 2**31 - 1), "c", "ab\nc"),
        ("ab", (-1, 5), (0, -3), "c", "cab"),
        ("abcd", (0, 3), (0, 1), "X", "aXd"),
        ("ab\ncd", (1, 1), (0, 1), "X", "aXd"),
    ],
)
def test_places_out_of_range_and_swapped_ones_are_tolerated(text, start, end, new, expected):
    assert edited(text, start, end, new) == expected


@pytest.mark.parametrize(
    ("text", "start", "end", "new", "lines"),
    [
        ("a\rb", (1, 0), (1, 0), "\n", ("a\r\n", "b")),
        ("a\rx\nb", (1, 0), (1, 1), "", ("a\r\n", "b")),
        ("a\nb", (0, 1), (0, 1), "\r", ("a\r\n", "b")),
        ("a\r\nb", (0, 1), (1, 0), "\r", ("a\r", "b")),
        ("a\r\nb", (0, 1), (1, 0), "\n\r", ("a\n", "\r", "b")),
        ("a\rb\rc", (1, 0), (2, 0), "\n", ("a\r\n", "c")),
        ("a\r", (1, 0), (1, 0), "\n", ("a\r\n", "")),
    ],
)
def test_a_carriage_return_and_a_line_feed_that_meet_are_one_ending(text, start, end, new, lines):
    assert apply_change(document(text), Change(start, end, new), U16, 2).lines == lines


@pytest.mark.parametrize(
    ("encoding", "start", "end"), [(Encoding.UTF8, 5, 6), (Encoding.UTF16, 3, 4), (Encoding.UTF32, 2, 3)]
)
def test_units_are_those_of_the_agreed_encoding(encoding, start, end):
    assert edited("a😀b c", (0, start), (0, end), "X", encoding) == "a😀X c"


def test_halves_of_a_pair_that_meet_are_one_character():
    text = edited("ab", (0, 1), (0, 1), "\ud83d")
    assert text == "a\ud83db"
    assert edited(text, (0, 2), (0, 2), "\ude00") == "a😀b"
    assert edited("\ud83dx\ude00", (0, 1), (0, 2), "") == "😀"
    assert edited("", (0, 0), (0, 0), "\ud83d\ude00") == "😀"
    assert edited("\ude00", (0, 0), (0, 0), "\ud83d") == "😀"


def test_lone_surrogates_stay():
    assert edited("a\udc00b", (0, 2), (0, 2), "\ud800") == "a\udc00\ud800b"


@pytest.mark.parametrize("change", [Change(None, None, "x\ny"), Change(None, (0, 1), "x\ny")])
def test_a_change_without_a_range_is_the_whole_text(change):
    after = apply_change(document("old"), change, U16, 7)
    assert after.lines == ("x\n", "y")
    assert after.version == 7


def test_changes_build_on_each_other_and_leave_the_old_document_alone():
    before = document("abc")
    changes = [Change((0, 0), (0, 0), "1\n"), Change((1, 0), (1, 1), ""), Change((1, 2), (1, 2), "!")]
    assert apply_changes(before, changes, U16, 2).text == "1\nbc!"
    assert before == document("abc")


def test_a_long_line_that_was_edited_is_still_measured_right():
    text = "é😀" * 10_000
    for pair in ((0, 0), (29_997, 29_999), (12_000, 24_000), (30_000, 30_000), (6000, 6001)):
        text = edited(text, (0, pair[0]), (0, pair[1]), "<漢😀>")
    again = document(text)
    assert edited(text, (0, 9999), (0, 9999), "|") == reference_insert(again.text, 9999, "|")


def reference_insert(text, units, new):
    encoded = text.encode("utf-16-le")
    place = len(encoded[: 2 * units].decode("utf-16-le", "ignore"))
    return text[:place] + new + text[place:]


@pytest.mark.parametrize(
    ("text", "start", "end", "new", "expected"),
    [
        ("x\nvalue =\ny", (1, 0), (1, 7), "value = 1", Edit(Position(1, 7), "", " 1")),
        ("ret", (0, 0), (0, 3), "return", Edit(Position(0, 3), "", "urn")),
        ("a\r\nb\r\n", (0, 0), (2, 0), "a\r\nbc\r\n", Edit(Position(1, 1), "", "c")),
        ("a\nb", (0, 1), (1, 0), "\n\n", Edit(Position(1, 0), "", "\n")),
        ("abc", (0, 1), (0, 2), "", Edit(Position(0, 1), "b", "")),
    ],
)
def test_an_edit_is_told_without_what_stays(text, start, end, new, expected):
    assert apply_and_tell(document(text), [Change(start, end, new)], U16, 2)[1] == (expected,)


def test_replacing_a_text_by_itself_is_no_edit():
    assert apply_and_tell(document("a\nb"), [Change((0, 0), (1, 1), "a\nb")], U16, 2)[1] == ()
