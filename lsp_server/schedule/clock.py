"""Time as an argument, so that tests can hold it still."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Protocol


class Clock(Protocol):
    """A monotonic clock and a way to wait on it."""

    def now_ms(self) -> float:
        """Milliseconds since an arbitrary start; never goes back."""
        ...

    async def sleep_ms(self, duration_ms: float) -> None:
        """Return once ``duration_ms`` have passed on this clock."""
        ...


class SystemClock:
    """The machine's own time."""

    def now_ms(self) -> float:
        """Milliseconds of ``time.perf_counter``."""
        return time.perf_counter() * 1000.0

    async def sleep_ms(self, duration_ms: float) -> None:
        """Sleep on the running event loop."""
        await asyncio.sleep(duration_ms / 1000.0)


@dataclass(slots=True)
class Stopwatch:
    """Times of the steps in milliseconds, in the order they were taken."""

    clock: Clock
    laps: dict[str, float] = field(default_factory=dict)
    _started_ms: float = 0.0
    _last_ms: float = 0.0

    def __post_init__(self) -> None:
        self._started_ms = self._last_ms = self.clock.now_ms()

    def lap(self, name: str) -> None:
        """Note the time since the last lap under ``name``; laps of one name add up."""
        now_ms = self.clock.now_ms()
        self.laps[name] = self.laps.get(name, 0.0) + now_ms - self._last_ms
        self._last_ms = now_ms

    def resume(self) -> None:
        """The next lap begins now: what was since the last one is noted elsewhere."""
        self._last_ms = self.clock.now_ms()

    def passed_ms(self) -> float:
        """Milliseconds since the start."""
        return self.clock.now_ms() - self._started_ms

    def stop(self) -> dict[str, float]:
        """The laps, with the ``total`` since the start."""
        return {**self.laps, "total": self.passed_ms()}
