"""Time as an argument, so that tests can hold it still."""

from __future__ import annotations

import asyncio
import time
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
