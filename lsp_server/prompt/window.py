"""The part of a document that the model sees, cut so that it stays put while the user types.

A model's server keeps what it has read as long as the beginning of the next prompt is the same. So the window
has an anchor: its first line and its last stay where they are, keystroke after keystroke, until the text
between them no longer fits. Then one end moves, by enough to leave room for a while of typing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from lsp_server.prompt.fit import fit
from lsp_server.prompt.tokens import LEAST_PER_CODE_POINT, TokenEstimate, weigh
from lsp_server.types import Cursor

SLACK: Final = 4
"""A new cut leaves one part in this many free: at 2,048 tokens some 40 lines of typing before the next
cut."""
STARVED: Final = 4
"""Less than one part in this many of a side's share, with more text there, and the window is cut anew."""
LANDMARK_LINES: Final = 3
"""Lines by which an end of the window is found again after edits elsewhere; one of them may have changed."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One end of a window: a line boundary, and how much of the line next to it (inside) is left out.

    ``line`` counts the lines above the boundary, ``cut`` the code points left out. ``landmark`` are the lines
    inside, next to the boundary.
    """

    line: int
    cut: int
    landmark: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where the last window of a document began and ended, and how many lines the document had."""

    start: Mark
    end: Mark
    line_count: int


@dataclass(frozen=True, slots=True)
class Window:
    """The text before and after the cursor that is shown, with the document's own line endings.

    ``tokens`` estimates both together. ``anchor`` belongs to the next call.
    """

    prefix: str
    suffix: str
    anchor: Anchor
    tokens: int


@dataclass(frozen=True, slots=True)
class _Shares:
    """The room of each side, as weights (see ``tokens.UNIT``). What one side leaves, the other may take.

    The side below never takes more than ``most_below``.
    """

    above: int
    below: int
    most_below: int

    @property
    def total(self) -> int:
        return self.above + self.below


@dataclass(frozen=True, slots=True)
class _Side:
    """One end of the window and what the text from there to the cursor weighs."""

    mark: Mark
    weight: int


def cut_window(
    cursor: Cursor,
    prefix_tokens: int,
    suffix_tokens: int,
    estimate: TokenEstimate,
    anchor: Anchor | None,
    most_suffix_tokens: int | None = None,
) -> Window:
    """Return the window around ``cursor``: at most ``prefix_tokens`` plus ``suffix_tokens`` by ``estimate``.

    The side below may take what the other leaves, up to ``most_suffix_tokens`` if given. The ends of
    ``anchor`` are kept while the text between them fits and neither side is nearly empty. Ends lie at line
    boundaries, except that a line longer than its room is cut between words.
    """
    total = estimate.room(prefix_tokens) + estimate.room(suffix_tokens)
    most = total if most_suffix_tokens is None else min(total, estimate.room(most_suffix_tokens))
    below_room = min(estimate.room(suffix_tokens), most)
    shares = _Shares(total - below_room, below_room, most)
    above = _kept_above(cursor, shares, anchor) if anchor else None
    below = _kept_below(cursor, shares, anchor) if anchor else None
    above, below = _settle(cursor, shares, above, below)
    return Window(
        prefix=_text_above(cursor, above.mark),
        suffix=_text_below(cursor, below.mark),
        anchor=Anchor(above.mark, below.mark, len(cursor.document.lines)),
        tokens=estimate.tokens(above.weight + below.weight),
    )


def _settle(cursor: Cursor, shares: _Shares, above: _Side | None, below: _Side | None) -> tuple[_Side, _Side]:
    """Both ends of the window: those that can be kept, and new ones for the rest."""
    if below and below.weight > shares.most_below:
        below = None
    if above and below and above.weight + below.weight <= shares.total:
        return above, below
    if below and below.weight <= shares.below:
        return _take_above(cursor, _with_slack(shares.total - below.weight)), below
    if above and above.weight <= shares.above:
        room = min(_with_slack(shares.total - above.weight), shares.most_below)
        return above, _take_below(cursor, room)
    return _fresh(cursor, shares)


def _fresh(cursor: Cursor, shares: _Shares) -> tuple[_Side, _Side]:
    """New ends: the whole document if it fits, else both sides by their shares, with slack."""
    above = _take_above(cursor, shares.total)
    below = _take_below(cursor, shares.most_below)
    if above.weight + below.weight <= shares.total:
        return above, below
    count = len(cursor.document.lines)
    if _is_bottom(below.mark, count) and below.weight <= shares.below:
        return _take_above(cursor, _with_slack(shares.total - below.weight)), below
    if _is_top(above.mark) and above.weight <= shares.above:
        room = min(_with_slack(shares.total - above.weight), shares.most_below)
        return above, _take_below(cursor, room)
    return _take_above(cursor, _with_slack(shares.above)), _take_below(cursor, _with_slack(shares.below))


def _with_slack(room: int) -> int:
    return room - room // SLACK


def _is_top(mark: Mark) -> bool:
    return mark.line == 0 and mark.cut == 0


def _is_bottom(mark: Mark, line_count: int) -> bool:
    return mark.line == line_count and mark.cut == 0


# Above the cursor.


def _kept_above(cursor: Cursor, shares: _Shares, anchor: Anchor) -> _Side | None:
    """The anchor's start, if it is still found, above the cursor, within the room and not too near."""
    lines, at = cursor.document.lines, cursor.position
    mark = _found_start(lines, anchor)
    if mark is None or mark.line > at.line:
        return None
    weight = _weight(_pieces_above(cursor, mark), shares.total)
    if weight is None or (weight < shares.above // STARVED and not _is_top(mark)):
        return None
    return _Side(mark, weight)


def _found_start(lines: Sequence[str], anchor: Anchor) -> Mark | None:
    old = anchor.start
    if _is_top(old):
        return _start_mark(lines, 0, 0)
    # Edits are mostly below the start; those above it have moved it by as many lines as were added.
    for line in (old.line, old.line + len(lines) - anchor.line_count):
        if 0 <= line < len(lines):
            mark = _start_mark(lines, line, old.cut)
            if _alike(mark.landmark, old.landmark):
                return mark
    return None


def _start_mark(lines: Sequence[str], line: int, cut: int) -> Mark:
    if cut:
        return Mark(line, cut, (lines[line][cut : cut + 64],))
    return Mark(line, 0, tuple(lines[line : line + LANDMARK_LINES]))


def _pieces_above(cursor: Cursor, mark: Mark) -> Iterable[str]:
    """The text from ``mark`` to the cursor in pieces, nearest first."""
    lines, at = cursor.document.lines, cursor.position
    if mark.line == at.line:
        yield lines[at.line][mark.cut : at.column]
        return
    yield lines[at.line][: at.column]
    for line in range(at.line - 1, mark.line, -1):
        yield lines[line]
    yield lines[mark.line][mark.cut :]


def _text_above(cursor: Cursor, mark: Mark) -> str:
    return "".join(reversed(tuple(_pieces_above(cursor, mark))))


def _take_above(cursor: Cursor, room: int) -> _Side:
    """A new start: as many whole lines above the cursor as fit into ``room``."""
    lines, at = cursor.document.lines, cursor.position
    weight = _within(lines[at.line][: at.column], room)
    if weight is None:
        kept, weight = fit(lines[at.line][: at.column], room, from_end=True)
        return _Side(_start_mark(lines, at.line, at.column - kept), weight)
    line = at.line
    while line and (more := _within(lines[line - 1], room - weight)) is not None:
        weight += more
        line -= 1
    if line and weight < room // 2:
        # One long line fills the room: show its end rather than nothing.
        kept, more = fit(lines[line - 1], room - weight, from_end=True)
        if kept:
            return _Side(_start_mark(lines, line - 1, len(lines[line - 1]) - kept), weight + more)
    return _Side(_start_mark(lines, line, 0), weight)


# Below the cursor.


def _kept_below(cursor: Cursor, shares: _Shares, anchor: Anchor) -> _Side | None:
    """The anchor's end, if it is still found, behind the cursor, within the room and not too near."""
    lines, at = cursor.document.lines, cursor.position
    mark = _found_end(lines, anchor)
    if mark is None or mark.line <= at.line:
        return None
    weight = _weight(_pieces_below(cursor, mark), shares.total)
    if weight is None or (weight < shares.below // STARVED and not _is_bottom(mark, len(lines))):
        return None
    return _Side(mark, weight)


def _found_end(lines: Sequence[str], anchor: Anchor) -> Mark | None:
    old = anchor.end
    if _is_bottom(old, anchor.line_count):
        return _end_mark(lines, len(lines), 0)
    # Edits are mostly above the end and have moved it by as many lines as were added.
    for line in (old.line + len(lines) - anchor.line_count, old.line):
        if 0 < line <= len(lines):
            mark = _end_mark(lines, line, old.cut)
            if _alike(mark.landmark, old.landmark):
                return mark
    return None


def _end_mark(lines: Sequence[str], line: int, cut: int) -> Mark:
    if cut:
        kept = len(lines[line - 1]) - cut
        return Mark(line, cut, (lines[line - 1][max(0, kept - 64) : max(0, kept)],))
    return Mark(line, 0, tuple(lines[max(0, line - LANDMARK_LINES) : line]))


def _pieces_below(cursor: Cursor, mark: Mark) -> Iterable[str]:
    """The text from the cursor to ``mark`` in pieces, nearest first."""
    lines, at = cursor.document.lines, cursor.position
    last = mark.line - 1
    if last == at.line:
        yield lines[last][at.column : len(lines[last]) - mark.cut]
        return
    yield lines[at.line][at.column :]
    yield from islice(lines, at.line + 1, last)
    yield lines[last][: len(lines[last]) - mark.cut]


def _text_below(cursor: Cursor, mark: Mark) -> str:
    return "".join(_pieces_below(cursor, mark))


def _take_below(cursor: Cursor, room: int) -> _Side:
    """A new end: as many whole lines below the cursor as fit into ``room``."""
    lines, at = cursor.document.lines, cursor.position
    rest = lines[at.line][at.column :]
    weight = _within(rest, room)
    if weight is None:
        kept, weight = fit(rest, room, from_end=False)
        return _Side(_end_mark(lines, at.line + 1, len(rest) - kept), weight)
    line = at.line + 1
    while line < len(lines) and (more := _within(lines[line], room - weight)) is not None:
        weight += more
        line += 1
    if line < len(lines) and weight < room // 2:
        kept, more = fit(lines[line], room - weight, from_end=False)
        if kept:
            return _Side(_end_mark(lines, line + 1, len(lines[line]) - kept), weight + more)
    return _Side(_end_mark(lines, line, 0), weight)


# Weights and landmarks.


def _within(text: str, room: int) -> int | None:
    """The weight of ``text``, or None if it is over ``room``. A text far too long is not even read."""
    if len(text) * LEAST_PER_CODE_POINT > room + LEAST_PER_CODE_POINT:
        return None
    weight = weigh(text)
    return weight if weight <= room else None


def _weight(pieces: Iterable[str], room: int) -> int | None:
    """The weight of all pieces together, or None once it is over ``room``."""
    total = 0
    for piece in pieces:
        weight = _within(piece, room - total)
        if weight is None:
            return None
        total += weight
    return total


def _alike(found: tuple[str, ...], known: tuple[str, ...]) -> bool:
    """Whether two landmarks are the same but for one line that was edited."""
    if len(found) != len(known):
        return False
    same = sum(a == b for a, b in zip(found, known, strict=True))
    return same >= max(1, len(known) - 1)
