"""Edits of a document, made on its lines: the whole text is never joined."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from lsp_server.document.lines import split_lines
from lsp_server.document.positions import Encoding, carry_over, to_column
from lsp_server.types import Document, Edit, Position

_SPLIT_PAIR: Final = re.compile("[\ud800-\udbff][\udc00-\udfff]")


@dataclass(frozen=True, slots=True)
class Change:
    """Replace what stands from ``start`` to ``end`` by ``text``.

    Both are (line, units in the agreed encoding), 0-based; None stands for the whole document.
    """

    start: tuple[int, int] | None
    end: tuple[int, int] | None
    text: str


def apply_change(document: Document, change: Change, encoding: Encoding, version: int) -> Document:
    """Return ``document`` as it is after ``change``, as ``version``."""
    return apply_changes(document, (change,), encoding, version)


def apply_changes(
    document: Document, changes: Iterable[Change], encoding: Encoding, version: int
) -> Document:
    """Return ``document`` after ``changes``, each made on the result of the one before it.

    Positions out of range are moved to the nearest place in range; a start behind its end is taken as the
    end. Costs one copy of the table of lines, plus the lines touched.
    """
    return apply_and_tell(document, changes, encoding, version)[0]


def apply_and_tell(
    document: Document, changes: Iterable[Change], encoding: Encoding, version: int
) -> tuple[Document, tuple[Edit, ...]]:
    """As ``apply_changes``, with what was done to the text, one edit after the other.

    Each is told as the smallest edit that does the same: editors send a line, or the whole document, for a
    letter in it.
    """
    lines = list(document.lines)
    edits = []
    for change in changes:
        if change.start is None or change.end is None:
            old, lines = lines, list(split_lines(join_surrogates(change.text)))
            edit = difference(old, lines)
        else:
            edit = smallest(_splice(lines, change.start, change.end, join_surrogates(change.text), encoding))
        if edit.removed or edit.inserted:
            edits.append(edit)
    return replace(document, lines=tuple(lines), version=version), tuple(edits)


def difference(old: list[str], new: list[str]) -> Edit:
    """Return the smallest one edit that makes ``old`` lines the ``new`` ones."""
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    removed, inserted = "".join(old[head : len(old) - tail]), "".join(new[head : len(new) - tail])
    return smallest(Edit(Position(head, 0), removed, inserted))


def smallest(edit: Edit) -> Edit:
    """Return what ``edit`` does, without what it removes and inserts again at its ends."""
    removed, inserted = edit.removed, edit.inserted
    start = _common(removed, inserted)
    if removed[:start].endswith("\r"):
        start -= 1  # The place behind it may be in the middle of a line ending.
    end = _common(removed[start:][::-1], inserted[start:][::-1])
    *above, before = split_lines(removed[:start])
    line, column = edit.position.line + len(above), len(before)
    place = Position(line, column if above else edit.position.column + column)
    return Edit(place, removed[start : len(removed) - end], inserted[start : len(inserted) - end])


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many elements at the beginning are the same, found by halving: slices compare at C's speed."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def locate(lines: list[str] | tuple[str, ...], line: int, units: int, encoding: Encoding) -> tuple[int, int]:
    """Return the place (line, column in code points) nearest to a position of the editor's."""
    if line < 0:
        return 0, 0
    if line >= len(lines):
        return len(lines) - 1, len(lines[-1])
    return line, to_column(lines[line], units, encoding)


def join_surrogates(text: str) -> str:
    """Return ``text`` with each surrogate pair that stands as two code points made one character.

    An editor that edits by UTF-16 units may send the halves in two changes. Lone surrogates stay.
    """
    if text.isascii() or _is_well_formed(text):
        return text
    return _SPLIT_PAIR.sub(lambda pair: _joined(pair[0]), text)


def _joined(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def _is_well_formed(text: str) -> bool:
    """Whether ``text`` has no surrogates at all. The encoder finds out ten times faster than a search."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _splice(
    lines: list[str], start: tuple[int, int], end: tuple[int, int], text: str, encoding: Encoding
) -> Edit:
    """Replace a range of ``lines`` in place and return what that did."""
    (first, column), (last, end_column) = sorted(
        (locate(lines, *start, encoding), locate(lines, *end, encoding))
    )
    before, old = lines[first][:column], lines[last]
    joined = _glue(_glue(before, text), old[end_column:])
    replaced = lines[first : last + 1]
    edit = Edit(Position(first, column), _between(replaced, column, end_column), text)
    if len(joined) != column + len(text) + len(old) - end_column:
        # Halves of a surrogate pair have become one character at a seam.
        whole = difference(["".join(replaced)], [joined])
        edit = replace(whole, position=Position(first + whole.position.line, whole.position.column))
    if first and joined.startswith("\n") and lines[first - 1].endswith("\r"):
        # The edit put a line feed right behind a carriage return: the two are one terminator now.
        first -= 1
        joined = lines[first] + joined
    if "\n" in text or "\r" in text:
        new = split_lines(joined)
        if last < len(lines) - 1:
            new = new[:-1]
    else:
        new = (joined,)
    one_line = first == last and len(new) == 1
    if one_line and len(new[0]) == len(old) - (end_column - column) + len(text):
        carry_over(old, new[0], column, end_column, encoding)
    lines[first : last + 1] = new
    return edit


def _between(lines: list[str], column: int, end_column: int) -> str:
    """The text from ``column`` of the first line to ``end_column`` of the last."""
    if len(lines) == 1:
        return lines[0][column:end_column]
    return "".join((lines[0][column:], *lines[1:-1], lines[-1][:end_column]))


def _glue(before: str, after: str) -> str:
    """The two texts joined, halves of a surrogate pair at the seam made one character."""
    if after and before and "\ud800" <= before[-1] <= "\udbff" and "\udc00" <= after[0] <= "\udfff":
        return before[:-1] + _joined(before[-1] + after[0]) + after[1:]
    return before + after
