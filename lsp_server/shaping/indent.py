"""Filters that give a suggestion the indentation of its place and its file."""

from __future__ import annotations

from math import gcd
from typing import Final

from lsp_server.shaping.lines import indentation, opens_block, width
from lsp_server.types import Cursor

SAMPLED_LINES: Final = 100
"""Lines on either side that tell how a file is indented."""


def drop_doubled_indentation(text: str, cursor: Cursor) -> str:
    """Drop the blanks ``text`` begins with where the cursor's line is indented already.

    They stay where the line is to be deeper than it is: right below a line that opens a block.
    """
    before = cursor.before
    own = indentation(text.partition("\n")[0])
    if not own or before.strip() or not before:
        return text
    return text if width(before) < _expected(cursor) else text[len(own) :]


def in_the_files_style(text: str, cursor: Cursor) -> str:
    """Indent each line of ``text`` behind the first by tabs in a file that does, by blanks in one that does.

    Lines that mix both otherwise are left as they are, as is everything in a file without indentation.
    """
    first, newline, rest = text.partition("\n")
    if not newline:
        return text
    tabs = _tabs(cursor)
    if tabs is None:
        return text
    lines = rest.split("\n")
    blanks = [indentation(line) for line in lines if line.strip()]
    if tabs and any(blank.startswith(" ") for blank in blanks):
        unit = gcd(*(len(blank) for blank in blanks if blank.strip("\t"))) or 1
        lines = [_with_tabs(line, unit) for line in lines]
    elif not tabs and any(blank.startswith("\t") for blank in blanks):
        unit = _unit(cursor)
        lines = [_with_blanks(line, unit) for line in lines]
    return "\n".join([first, *lines])


def empty_blank_lines(text: str, cursor: Cursor) -> str:
    """Drop the blanks of lines that hold nothing else, unless such lines of the file near it have some too.

    The first and the last line are left alone: they share theirs with what is around ``text``.
    """
    first, *between = text.split("\n")
    line = cursor.position.line
    around = cursor.document.lines[max(0, line - SAMPLED_LINES) : line + SAMPLED_LINES]
    near = (other.rstrip("\r\n") for number, other in enumerate(around) if number != min(line, SAMPLED_LINES))
    if not between or any(other and not other.strip() for other in near):
        return text
    *inner, last = between
    return "\n".join([first, *(line if line.strip() else "" for line in inner), last])


def _expected(cursor: Cursor) -> int:
    """The least width of indentation that the cursor's line is to have."""
    for line in reversed(cursor.document.lines[max(0, cursor.position.line - 5) : cursor.position.line]):
        if line.strip():
            return width(indentation(line)) + (1 if opens_block(line) else 0)
    return 0


def _tabs(cursor: Cursor) -> bool | None:
    """Whether lines near the cursor are indented by tabs; None where none is indented."""
    blanks = _near(cursor)
    if not blanks:
        return None
    return sum(blank.startswith("\t") for blank in blanks) * 2 > len(blanks)


def _unit(cursor: Cursor) -> int:
    """Blanks per level near the cursor."""
    return min((len(blank) for blank in _near(cursor) if len(blank) > 1), default=4)


def _near(cursor: Cursor) -> list[str]:
    line = cursor.position.line
    lines = cursor.document.lines[max(0, line - SAMPLED_LINES) : line + SAMPLED_LINES]
    return [blank for text in lines if text.strip() and (blank := indentation(text))]


def _with_tabs(line: str, unit: int) -> str:
    blank = indentation(line)
    spaces = blank.count(" ")
    return "\t" * (blank.count("\t") + spaces // unit) + line[len(blank) :] if spaces else line


def _with_blanks(line: str, unit: int) -> str:
    blank = indentation(line)
    return blank.replace("\t", " " * unit) + line[len(blank) :]
