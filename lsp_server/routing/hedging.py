"""How long a backend takes, and how long to wait for it before another one is asked too. Pure."""

from __future__ import annotations

import math
from collections import deque
from statistics import median
from typing import Final

WINDOW: Final = 40
"""Times that are kept: enough to tell a 95th percentile, few enough to follow a machine that is busy now."""
RECENT: Final = 10
"""Times that tell how fast a backend is at present (tabby's window)."""
SHARE: Final = 0.95
"""The share of requests that are not to be hedged. What is hedged without need is asked for twice."""
FEW: Final = 5
"""With fewer times than this little is known."""
UNKNOWN_MS: Final = 1_500.0
"""How long to wait where little is known: a model on a processor takes about this long for a first line."""
FLOOR_MS: Final = 60.0
"""Nothing is hedged earlier: another backend could not win what it would cost."""


class Times:
    """The times from asking a backend to its first unit, in milliseconds.

    A hedge that was lost tells only that it would have taken longer. It counts as the time until it was lost
    once the backend has answered well again: one that hangs must not seem to be slow by nature.
    """

    def __init__(self) -> None:
        self._times_ms: deque[float] = deque(maxlen=WINDOW)
        self._lost_ms: list[float] = []

    def add(self, duration_ms: float) -> None:
        """Take the time of a first unit."""
        self._times_ms.extend((*self._lost_ms, duration_ms))
        self._lost_ms.clear()

    def add_lost(self, duration_ms: float) -> None:
        """Take the time until a hedge was lost."""
        self._lost_ms.append(duration_ms)

    def forget_lost(self) -> None:
        """The hedges that were lost last were lost to a fault."""
        self._lost_ms.clear()

    def percentile(self, share: float) -> float | None:
        """The time that the next one exceeds with a chance of 1 - ``share``; None before the first."""
        if not self._times_ms:
            return None
        count = len(self._times_ms)
        return sorted(self._times_ms)[min(count, math.ceil(share * (count + 1))) - 1]

    @property
    def recent_ms(self) -> float | None:
        """The median of the last times; None before the first."""
        return median(list(self._times_ms)[-RECENT:]) if self._times_ms else None

    @property
    def patience_ms(self) -> float:
        """How long to wait for a first unit before another backend is asked too."""
        usual_ms = self.percentile(SHARE)
        if usual_ms is None or len(self._times_ms) < FEW:
            return max(UNKNOWN_MS, 2.0 * (usual_ms or 0.0))
        return max(FLOOR_MS, usual_ms)
