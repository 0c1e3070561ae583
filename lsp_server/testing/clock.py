"""A clock that stands still until it is told to move."""

from __future__ import annotations

import asyncio
import heapq
from itertools import count


class ManualClock:
    """A ``schedule.clock.Clock`` under the test's control: ``advance`` wakes the sleepers that are due."""

    def __init__(self) -> None:
        self._now_ms = 0.0
        self._order = count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now_ms(self) -> float:
        """Milliseconds advanced so far."""
        return self._now_ms

    async def sleep_ms(self, duration_ms: float) -> None:
        """Return once the clock has been advanced by ``duration_ms``; at once for 0 or less."""
        if duration_ms <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now_ms + duration_ms, next(self._order), future))
        await future

    @property
    def sleeping(self) -> int:
        """How many sleepers wait."""
        return sum(not future.done() for _, _, future in self._sleepers)

    async def advance(self, duration_ms: float) -> None:
        """Move on by ``duration_ms``, waking sleepers in the order they are due, and let their tasks run."""
        end = self._now_ms + duration_ms
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, future = heapq.heappop(self._sleepers)
            self._now_ms = due
            if not future.done():
                future.set_result(None)
            await settle()
        self._now_ms = end
        await settle()


async def settle(rounds: int = 10) -> None:
    """Let every task that is ready run; ``rounds`` covers chains of tasks that wake each other."""
    for _ in range(rounds):
        await asyncio.sleep(0)
