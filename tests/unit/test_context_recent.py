"""The edits of the last minutes."""

import pytest

from lsp_server.context.recent import LARGEST, MOST, MOST_CHARS, RecentEdits
from lsp_server.document.edits import Change, apply_and_tell
from lsp_server.document.positions import Encoding
from lsp_server.types import Document

TEXT = "one\ntwo\nthree\nfour\nfive\nsix\n"


class Session:
    def __init__(self, text=TEXT, uri="file:///a.py"):
        self.recent = RecentEdits()
        self.document = Document(uri, "/a.py", "python", 0, (*text.splitlines(keepends=True), ""))
        self.now_ms = 0.0

    def edit(self, *changes):
        self.document, edits = apply_and_tell(
            self.document, [Change(*change) for change in changes], Encoding.UTF32, self.document.version + 1
        )
        self.recent.add(self.document, edits, "a.py", self.now_ms)

    def type(self, line, column, text):
        for number, letter in enumerate(text):
            self.edit(((line, column + number), (line, column + number), letter))

    def told(self):
        return [(e.line, e.removed, e.inserted) for e in self.recent.edits(self.now_ms)]


def test_a_typed_line_is_one_edit():
    session = Session()
    session.type(1, 3, " and a half")
    assert session.told() == [(1, "two", "two and a half")]


def test_new_lines_are_part_of_it():
    session = Session()
    session.edit(((1, 3), (1, 3), "\n"))
    session.type(2, 0, "new")
    assert session.told() == [(1, "two", "two\nnew")]


def test_what_was_undone_is_no_edit():
    session = Session()
    session.type(1, 3, "x")
    session.edit(((1, 3), (1, 4), ""))
    assert session.told() == []


def test_edits_apart_stay_apart_and_move_with_the_text():
    session = Session()
    session.type(5, 0, "x")
    session.edit(((0, 0), (0, 0), "a\nb\n"))
    assert session.told() == [(7, "six", "xsix"), (0, "one", "a\nb\none")]


def test_an_edit_between_two_makes_them_one():
    session = Session()
    session.type(0, 0, "x")
    session.type(2, 0, "y")
    session.edit(((0, 4), (2, 0), " "))
    assert session.told() == [(0, "one\ntwo\nthree", "xone ythree")]


def test_several_edits_at_once():
    session = Session()
    session.edit(((0, 0), (0, 3), "ONE"), ((5, 0), (5, 3), "SIX"))
    assert session.told() == [(0, "one", "ONE"), (5, "six", "SIX")]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_removed_lines(newline):
    session = Session(TEXT.replace("\n", newline))
    session.edit(((1, 0), (3, 0), ""))
    assert session.told() == [(1, "two\nthree\nfour", "four")]


def test_ten_minutes():
    session = Session()
    session.type(1, 3, "x")
    session.now_ms = 9 * 60_000
    assert session.told()
    session.now_ms = 11 * 60_000
    assert session.told() == []


def test_a_large_paste_is_not_told():
    session = Session()
    session.edit(((1, 0), (1, 0), "x\n" * (LARGEST + 5)))
    assert session.told() == []


def test_bounds():
    session = Session("\n".join(["x" * 800] * 1000) + "\n")
    for line in range(0, 1000, 3):
        session.type(line, 0, "y")
    told = session.told()
    assert 0 < len(told) <= MOST
    assert sum(len(removed) + len(inserted) for _, removed, inserted in told) <= MOST_CHARS
