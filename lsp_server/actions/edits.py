"""The smallest set of edits that makes some lines of a document others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from typing import Final

from lsp_server.actions.model import Span, TextEdit
from lsp_server.actions.splice import line_at, newline_at, replaced, text_in
from lsp_server.document.lines import split_lines, text_length
from lsp_server.types import Document, Position

MOST_PAIRS: Final = 2_000_000
"""Pairs of an old and a new line that are compared: more would take a second. Then there is one edit."""

_Change = tuple[int, int, int, int]


def line_edits(
    document: Document, target: Span, new: Sequence[str], *, exact: bool = False
) -> tuple[TextEdit, ...]:
    """The edits that make the lines of ``target`` the ``new`` ones, in order and disjoint.

    ``target`` begins within its first line's indentation or before it, and ends at its last line's end.
    ``new`` are whole lines without terminators; the first begins with what is before the target. A line that
    differs only in blanks at its end is left as it is, unless ``exact``. There is at least one new line.
    """
    first = target.start.line
    old = [line_at(document, number) for number in range(first, target.end.line + 1)]
    newline = newline_at(document, first)
    edits = []
    for change in _changes(old, list(new), exact=exact):
        span, text = _edit(old, new, change, newline)
        start = Position(first + span.start.line, span.start.column)
        end = Position(first + span.end.line, span.end.column)
        edits.append(_within(document, target, TextEdit(Span(start, end), text)))
    return tuple(edits)


def part_edits(document: Document, target: Span, text: str) -> tuple[TextEdit, ...]:
    """The one edit that makes a part of a document ``text``, without what both have at their ends."""
    old = text_in(document, target)
    if old == text:
        return ()
    head = _common(old, text)
    if old[:head].endswith("\r") and head:
        # What follows may be the rest of a line end.
        head -= 1
    tail = min(_common(old[::-1], text[::-1]), len(old) - head, len(text) - head)
    if (tail and old[len(old) - tail] == "\n" and old[: len(old) - tail].endswith("\r")) or (
        tail and text[len(text) - tail] == "\n" and text[: len(text) - tail].endswith("\r")
    ):
        tail -= 1
    start = _place(target.start, old[:head])
    end = _place(target.start, old[: len(old) - tail])
    return (TextEdit(Span(start, end), text[head : len(text) - tail]),)


def applied(document: Document, edits: Iterable[TextEdit]) -> Document:
    """The document after ``edits``, whose places are all those of the document before."""
    for edit in sorted(edits, key=lambda e: e.span.start, reverse=True):
        document = replaced(document, edit.span, edit.text)
    return document


def changed_lines(edits: Iterable[TextEdit]) -> int:
    """How many lines are changed, added or taken away."""
    touched: set[int] = set()
    more = 0
    for edit in edits:
        span, ends = edit.span, len(split_lines(edit.text)) - 1
        if span.is_empty and ends:
            more += ends
            continue
        last = span.end.line + (span.end.column > 0)
        touched.update(range(span.start.line, last))
        more += max(0, ends - (span.end.line - span.start.line))
    return len(touched) + more


def _changes(old: list[str], new: list[str], *, exact: bool) -> list[_Change]:
    """Runs of lines (old from, to, new from, to) that differ."""
    one, other = (old, new) if exact else ([_key(line) for line in old], [_key(line) for line in new])
    head = 0
    while head < min(len(one), len(other)) and one[head] == other[head]:
        head += 1
    tail = 0
    while tail < min(len(one), len(other)) - head and one[-1 - tail] == other[-1 - tail]:
        tail += 1
    one, other = one[head : len(one) - tail], other[head : len(other) - tail]
    if not one and not other:
        return []
    if len(one) * len(other) > MOST_PAIRS:
        return [(head, head + len(one), head, head + len(other))]
    codes = SequenceMatcher(None, one, other, autojunk=False).get_opcodes()
    return [(head + a, head + b, head + c, head + d) for tag, a, b, c, d in codes if tag != "equal"]


def _key(line: str) -> str:
    return line.rstrip(" \t")


def _edit(old: Sequence[str], new: Sequence[str], change: _Change, newline: str) -> tuple[Span, str]:
    """One change in places relative to the first line."""
    first, last, start, end = change
    text = newline.join(new[start:end])
    if first < last and start < end:
        return Span(Position(first, 0), Position(last - 1, len(old[last - 1]))), text
    if first == last:
        if first < len(old):
            return Span(Position(first, 0), Position(first, 0)), text + newline
        place = Position(first - 1, len(old[first - 1]))
        return Span(place, place), newline + text
    if last < len(old):
        return Span(Position(first, 0), Position(last, 0)), ""
    # There are other lines: not all of the old ones go, since at least one new line stays.
    return Span(Position(first - 1, len(old[first - 1])), Position(last - 1, len(old[last - 1]))), ""


def _within(document: Document, target: Span, edit: TextEdit) -> TextEdit:
    """The edit begun where the target begins: what is before it there is the same before and after.

    A line that comes or goes takes the indentation of the one behind it in the place of its own.
    """
    if edit.span.start >= target.start:
        return edit
    before = document.lines[target.start.line][: target.start.column]
    size = len(before)
    if edit.text and edit.text.startswith(before) and edit.span.end >= target.start:
        return TextEdit(Span(target.start, edit.span.end), edit.text[size:])
    end = edit.span.end
    moved = Span(target.start, Position(end.line, end.column + size))
    return TextEdit(moved, edit.text[size:] + before if edit.text else "")


def _place(start: Position, text: str) -> Position:
    lines = split_lines(text)
    if len(lines) == 1:
        return Position(start.line, start.column + text_length(text))
    return Position(start.line + len(lines) - 1, len(lines[-1]))


def _common(one: str, other: str) -> int:
    size = min(len(one), len(other))
    return next((n for n in range(size) if one[n] != other[n]), size)
