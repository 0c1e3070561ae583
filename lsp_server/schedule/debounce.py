"""How long to wait after a keystroke before the model is asked.

A key that goes on with the draft of a running stream joins it at no cost, so waiting pays only where it
merges keys that would each start a stream which the next key ends. It merges nothing if the next key comes
later than the wait. So:

    wait = what the place is worth
    if the typist's gap is just above that and below the cap:  the gap and a little more
    if the gap is far above the cap:                           half of it, since no wait can merge
    less, where the backend is slow: an early start is worth more than a merged key
    more, where suggestions are ignored; where nearly all are, longer than the gap

and never under 10 ms, which merge the editor's own changes with the key that caused them, nor over the cap,
which leaves time to show a suggestion within 80 ms of what the backend takes.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, Literal

from lsp_server.types import Cursor, Trigger


class Place(Enum):
    """Where the cursor is, with the wait in milliseconds that it is worth."""

    LINE_START = 20.0
    """A fresh line: a pause is likely, and what comes is most of a statement."""
    OPENER = 25.0
    """After a bracket, a dot, a colon, an operator: an argument, a member or a value is thought of."""
    BLANK = 40.0
    """Between words."""
    LINE_END = 50.0
    """After something that closes a statement: often nothing follows."""
    WORD = 60.0
    """Within a word the next letter is near certain."""


LEAST_MS: Final = 10.0
CAP_MS: Final = 70.0
MERGE_MARGIN_MS: Final = 8.0
"""Beyond the usual gap, so that the usual key falls inside."""
IGNORED: Final = 0.1
"""Below this share of followed suggestions the next is hardly wanted either."""
IGNORED_GAPS: Final = 1.3
"""Gaps to wait for then: only a real pause asks."""
IGNORED_CAP_MS: Final = 300.0
SLOW_MS: Final = 200.0
"""A backend up to this fast is not felt; beyond it each tenth of its time is taken off the wait."""
OPENERS: Final = frozenset("([{.:=,+-*/<>&|!?@\"'`")
CLOSERS: Final = frozenset(")]};")


def wait_ms(
    setting: Literal["adaptive"] | int,
    trigger: Trigger,
    cursor: Cursor,
    *,
    gap_ms: float,
    latency_ms: float | None,
    followed: float | None,
) -> float:
    """Return the wait in milliseconds: none when asked by hand, else the setting, else as above.

    ``gap_ms`` is the typist's usual time between keys, ``latency_ms`` the backend's to its first unit,
    ``followed`` the share of recent suggestions that the typing followed; None where not known yet.
    """
    if trigger is Trigger.INVOKED:
        return 0.0
    if setting != "adaptive":
        return float(setting)
    if followed is not None and followed < IGNORED:
        return min(IGNORED_CAP_MS, max(CAP_MS, gap_ms * IGNORED_GAPS))
    wait = place_of(cursor).value
    if wait < gap_ms + MERGE_MARGIN_MS <= CAP_MS:
        wait = gap_ms + MERGE_MARGIN_MS
    elif gap_ms > CAP_MS:
        wait /= 2
    wait -= max(0.0, (latency_ms or 0.0) - SLOW_MS) / 10
    wait *= 1.0 if followed is None else 1.5 - followed
    return min(CAP_MS, max(LEAST_MS, wait))


def place_of(cursor: Cursor) -> Place:
    """What kind of place the cursor is at."""
    before = cursor.before
    last = before.rstrip()[-1:]
    if not last:
        return Place.LINE_START
    if last in OPENERS:
        return Place.OPENER
    if before[-1].isspace():
        return Place.BLANK
    return Place.LINE_END if last in CLOSERS else Place.WORD
