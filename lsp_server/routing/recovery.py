"""Asks backends that do not answer, in the background, whether they are back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from lsp_server.routing.route import Route
from lsp_server.schedule.clock import Clock

EVERY_MS: Final = 2_000.0
"""Between two questions: with the answer's time, a backend is found to be back within 4 s."""
PATIENCE_MS: Final = 1_500.0
"""How long to wait for one answer: a server that is well tells its model in some milliseconds."""


class Recovery:
    """Asks the backends that ``due`` gives, again and again until it gives none.

    ``ask`` raises while a backend is not back; ``back`` is told of the others. Nothing runs
    before the first ``wake`` or after the end.
    """

    def __init__(
        self,
        clock: Clock,
        due: Callable[[], Sequence[Route]],
        ask: Callable[[Route], Awaitable[None]],
        back: Callable[[Route], None],
    ) -> None:
        self._clock = clock
        self._due = due
        self._ask = ask
        self._back = back
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Begin to ask, if it does not already."""
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._run())

    def stop(self) -> None:
        """Ask no more."""
        if self._task is not None:
            self._task.cancel()

    async def close(self) -> None:
        """Ask no more, and return when nothing runs."""
        self.stop()
        if self._task is not None:
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        while True:
            await self._clock.sleep_ms(EVERY_MS)
            routes = self._due()
            if not routes:
                return
            await asyncio.gather(*(self._try(route) for route in routes))

    async def _try(self, route: Route) -> None:
        answer = asyncio.ensure_future(self._ask(route))
        patience = asyncio.ensure_future(self._clock.sleep_ms(PATIENCE_MS))
        try:
            await asyncio.wait({answer, patience}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            patience.cancel()
            answered = answer.done()
            answer.cancel()
            await asyncio.wait({answer})
        # Whatever was raised, a request finds it out as well, and tells.
        if answered and not answer.cancelled() and answer.exception() is None:
            self._back(route)
