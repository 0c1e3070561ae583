"""The place of a suggestion: what it may be, and what the text around it calls for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from lsp_server.shaping.brackets import OPENER_OF, Opener, balance, ends_in_text
from lsp_server.shaping.lines import indentation, is_prose, next_line, width
from lsp_server.shaping.mode import Mode, choose_mode
from lsp_server.types import Cursor

MAX_LINES: Final = 200
"""Lines read on either side of the cursor: nearly every function is shorter, and they are read in 1 ms."""

_NO_START: Final = re.compile(
    r"\s*(?:[)\]}{#*@]|//|--|(?:else|elif|except|finally|catch|rescue|ensure|end)\b|\w+:\s*$)"
)
"""Lines that belong to what stands above or below them and begin nothing by themselves."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What the brackets around a place call for.

    ``openers`` are open at the cursor; the first ``kept`` of them are closed by the text behind it. ``goal``
    are the characters of those that have to be open where the suggestion ends, so that the text behind it
    closes them all. Where ``openers`` and ``goal`` are the same, any statement fits.
    """

    openers: tuple[Opener, ...]
    kept: int
    goal: tuple[str, ...]

    @property
    def is_met(self) -> bool:
        """Whether the brackets are in balance as the text stands."""
        return tuple(opener.character for opener in self.openers) == self.goal

    @property
    def owes(self) -> bool:
        """Whether an expression is open that the text behind the cursor does not close."""
        return any(opener.expression for opener in self.openers[self.kept :])


@dataclass(frozen=True, slots=True)
class Site:
    """A cursor, how much is wanted there, and what the brackets around it call for.

    ``in_text`` tells that the cursor is in a comment or in quoted text. ``floor`` is the column of the next
    line where that stands right below: a suggestion that fills the hole above it may come back as far.
    ``before`` and ``after`` are the text that was read for all this, up to the cursor and from it on.
    """

    cursor: Cursor
    mode: Mode
    demand: Demand
    in_text: bool
    floor: int | None
    before: str = ""
    after: str = ""

    @classmethod
    def of(cls, cursor: Cursor, mode: Mode | None = None) -> Site:
        """Look around ``cursor``. Reads up to ``MAX_LINES`` lines on either side.

        ``mode`` is that of the place unless it is given.
        """
        language = cursor.document.language
        if is_prose(language):
            return cls(cursor, mode or choose_mode(cursor), Demand((), 0, ()), in_text=False, floor=None)
        before, after = _surroundings(cursor)
        return cls(
            cursor,
            mode or choose_mode(cursor),
            _demand(before, after, language),
            ends_in_text(before, language),
            _floor(cursor),
            before,
            after,
        )


def region(cursor: Cursor) -> tuple[int, int]:
    """The lines (first, behind the last) that are read to tell what is open at ``cursor``.

    From the nearest line above, or the cursor's own, that is indented least, to the next line like it: a
    function or whatever it stands in, as far as ``MAX_LINES`` reach.
    """
    lines, line = cursor.document.lines, cursor.position.line
    top = max(0, line - MAX_LINES)
    column, first = _start(cursor.before, lines[top:line], line) or (0, top)
    last = line + 1
    while last < min(len(lines), line + MAX_LINES):
        text = lines[last]
        if text.strip() and width(indentation(text)) < column + _begins(text):
            break
        last += 1
    return first, last


def _start(before: str, above: Sequence[str], line: int) -> tuple[int, int] | None:
    """The column and the number of the nearest line that is indented least and begins something."""
    best: tuple[int, int] | None = None
    for number, text in enumerate(chain((before,), reversed(above))):
        # Most lines are further in than the best one, which a look at one code point tells.
        if best is not None and text[: best[0] + 1].isspace():
            continue
        if _begins(text):
            column = width(indentation(text))
            if best is None or column < best[0]:
                best = (column, line - number)
            if not column:
                break
    return best


def _floor(cursor: Cursor) -> int | None:
    below = next_line(cursor.document.lines, cursor.position.line + 1, within=1)
    return width(indentation(below)) if below else None


def _surroundings(cursor: Cursor) -> tuple[str, str]:
    first, last = region(cursor)
    lines, line = cursor.document.lines, cursor.position.line
    return "".join(lines[first:line]) + cursor.before, cursor.after + "\n" + "".join(lines[line + 1 : last])


def _demand(before: str, after: str, language: str) -> Demand:
    openers = balance(before, language).openers
    closers = balance(after, language).closers
    wanted = tuple(OPENER_OF[closer] for closer in reversed(closers))
    kept = 0
    while kept < min(len(openers), len(wanted)) and openers[kept].character == wanted[kept]:
        kept += 1
    return Demand(openers, kept, wanted)


def _begins(text: str) -> bool:
    return bool(text.strip()) and not _NO_START.match(text)
