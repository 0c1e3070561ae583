"""Keeps one engine running: started on first need, once for all who wait, and again when it has died."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, Generic, Protocol, TypeVar

from lsp_server.backends.embedded.process import EngineFailed

MAX_FAILURES: Final = 3
WINDOW_S: Final = 300.0
"""An engine that failed three times within five minutes will fail again, and each load costs the machine
seconds of work."""


class Engine(Protocol):
    """What is kept running."""

    @property
    def alive(self) -> bool:
        """Whether it runs, as far as is known."""
        ...

    async def close(self) -> None:
        """End it and free what it holds; also when it has died."""
        ...


EngineT = TypeVar("EngineT", bound=Engine)


class GaveUp(EngineFailed):
    """No start was tried."""


class Supervisor(Generic[EngineT]):
    """Starts engines with ``start``. ``now_s`` is a clock in seconds that never goes back.

    An engine that was found dead and a start that raised ``EngineFailed`` are failures; after
    ``MAX_FAILURES`` of them within ``WINDOW_S`` seconds no further one is started until the first of them
    is older than that.
    """

    def __init__(
        self, start: Callable[[], Awaitable[EngineT]], now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._start = start
        self._now_s = now_s
        self._task: asyncio.Task[EngineT] | None = None
        self._failures: deque[float] = deque(maxlen=MAX_FAILURES)
        self._closed = False

    @property
    def running(self) -> EngineT | None:
        """The engine, if it is loaded and lives."""
        if self._task is None or not self._task.done() or _failed(self._task):
            return None
        engine = self._task.result()
        return engine if engine.alive else None

    async def get(self) -> EngineT:
        """Return the engine, started now if need be. Cancelling one who waits does not end the start.

        Raises:
            EngineFailed: It failed too often of late, or failed just now, or ``close`` was called.
            Exception: What else ``start`` raises, which is not counted.
        """
        if self._task is None or (self._task.done() and self.running is None):
            self._task = asyncio.ensure_future(self._replace(self._task))
            # Everyone who waits may have gone by the time it fails.
            self._task.add_done_callback(_failed)
        task = self._task
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            waiter = asyncio.current_task()
            if self._closed and not (waiter and waiter.cancelling()):
                raise EngineFailed("it has been shut down") from None
            raise

    async def close(self) -> None:
        """End the engine, or its start. Safe to call again."""
        self._closed = True
        task, self._task = self._task, None
        if task is None:
            return
        task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            engine = await task
            await engine.close()

    async def _replace(self, old: asyncio.Task[EngineT] | None) -> EngineT:
        """Start an engine, the first one or instead of one that is no more."""
        if old is not None:
            if _counts(old):
                self._failures.append(self._now_s())
            if not _failed(old):
                await old.result().close()
        if self._closed:
            raise GaveUp("it has been shut down")
        if len(self._failures) == MAX_FAILURES and self._now_s() - self._failures[0] < WINDOW_S:
            raise GaveUp(f"it failed {MAX_FAILURES} times within {WINDOW_S / 60:.0f} minutes")
        return await self._start()


def _failed(task: asyncio.Task[EngineT]) -> bool:
    """Whether a start that is over gave no engine."""
    return task.cancelled() or task.exception() is not None


def _counts(task: asyncio.Task[EngineT]) -> bool:
    """Whether what has become of an engine is a failure of it: it died, or its start failed."""
    if task.cancelled():
        return False
    error = task.exception()
    return error is None or (isinstance(error, EngineFailed) and not isinstance(error, GaveUp))
