"""Selections: without the white space at their ends, and grown to whole lines."""

from __future__ import annotations

from lsp_server.actions.model import Span
from lsp_server.document.lines import text_length
from lsp_server.types import Document, Position


def trimmed(document: Document, selection: Span) -> Span:
    """The selection without white space at its ends; an empty one moves to the text of its line."""
    lines, (start, end) = document.lines, (selection.start, selection.end)
    if start == end:
        text = lines[start.line][: text_length(lines[start.line])]
        first, last = len(text) - len(text.lstrip()), len(text.rstrip())
        column = min(max(start.column, first), last) if text.strip() else start.column
        return Span(Position(start.line, column), Position(start.line, column))
    while start < end and not lines[start.line][start.column : _until(lines, start.line, end)].strip():
        start = min(Position(start.line + 1, 0), end)
    while start < end and not lines[end.line][_from(end.line, start) : end.column].strip():
        end = max(Position(end.line - 1, text_length(lines[end.line - 1])), start) if end.line else start
    if start >= end:
        return Span(selection.start, selection.start)
    ahead = lines[start.line][start.column : _until(lines, start.line, end)]
    behind = lines[end.line][_from(end.line, start) : end.column]
    return Span(
        Position(start.line, start.column + len(ahead) - len(ahead.lstrip())),
        Position(end.line, end.column - (len(behind) - len(behind.rstrip()))),
    )


def whole_lines(document: Document, first: int, last: int) -> Span:
    """All of the lines from ``first`` to ``last``, without the last one's terminator."""
    last = min(last, len(document.lines) - 1)
    return Span(Position(first, 0), Position(last, text_length(document.lines[last])))


def _until(lines: tuple[str, ...], line: int, end: Position) -> int:
    return end.column if end.line == line else len(lines[line])


def _from(line: int, start: Position) -> int:
    return start.column if start.line == line else 0
