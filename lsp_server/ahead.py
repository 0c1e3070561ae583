"""Work done while the user reads or thinks: the next suggestion, and a prompt the engine has read already.

Only where it costs nobody anything, unless the user wants it elsewhere too; never while a request waits, and
given up at the first change that makes it pointless.
"""

from __future__ import annotations

import asyncio
from typing import Final

from lsp_server.asking import Asker
from lsp_server.backends.base import BackendError
from lsp_server.config.settings import Settings
from lsp_server.document.insert import after_inserting
from lsp_server.routing.router import Route
from lsp_server.schedule.cache import Cache
from lsp_server.schedule.clock import Clock
from lsp_server.schedule.inflight import InFlight, Running
from lsp_server.types import Cursor, Gate

READING_MS: Final = 150.0
"""Shown this long, a suggestion is being read: within a burst the next key would have come."""
IDLE_MS: Final = 1000.0
"""A pause in which nothing was asked for: time to have the engine read what was typed meanwhile."""
WORTH_READING: Final = 400
"""Code points of a prompt (about 100 tokens) that the engine has not read yet: fewer are read in the time
that the next request takes anyway."""


class Ahead:
    """At most one piece of work ahead of each kind is planned, for the document last used."""

    def __init__(
        self,
        settings: Settings,
        asker: Asker,
        cache: Cache,
        inflight: InFlight,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._asker = asker
        self._cache = cache
        self._inflight = inflight
        self._clock = clock
        self._reading: asyncio.Task[None] | None = None
        self._idling: asyncio.Task[None] | None = None

    def offered(self, cursor: Cursor, text: str) -> None:
        """``text`` is shown at ``cursor`` from now on: plan to ask for what follows it."""
        route = self._free_route(cursor)
        if route is not None:
            if self._reading is not None:
                self._reading.cancel()
            self._reading = asyncio.ensure_future(self._speculate(cursor, text))

    def document_changed(self, cursor: Cursor) -> None:
        """Something was typed, up to ``cursor``: nothing is read or idle now."""
        self.close()
        route = self._free_route(cursor)
        if route is not None and route.backend.capabilities.prefills:
            self._idling = asyncio.ensure_future(self._prefill(cursor))

    def close(self) -> None:
        """Give up what is planned."""
        for task in (self._reading, self._idling):
            if task is not None:
                task.cancel()

    async def _speculate(self, cursor: Cursor, text: str) -> None:
        """Ask for what follows ``text`` as if it were accepted, unless that is known or on its way."""
        await self._clock.sleep_ms(READING_MS)
        if any(found.goes_on for found in self._cache.matches(cursor) if found.text == text):
            return
        ahead = Running(after_inserting(cursor, text), base=cursor, assumed=text, keeps=True)
        nothing_there = self._asker.silences.gate_at(ahead.cursor) is not None
        if not nothing_there and self._inflight.find(cursor) is None:
            self._inflight.start(ahead, self._asker.work(ahead))

    async def _prefill(self, cursor: Cursor) -> None:
        """Have the engine read the prompt for ``cursor``, unless it has read most of it or is busy."""
        await self._clock.sleep_ms(IDLE_MS)
        route = self._free_route(cursor)
        if route is None or route.family is None or not route.slots.free:
            return
        clean = await self._asker.prompter.prompt(route, route.family, cursor)
        if isinstance(clean, Gate) or route.unread(clean.prompt) < WORTH_READING:
            return
        async with route.slots.take(self._give_way, background=True):
            try:
                await route.backend.prefill(clean)
            except BackendError:
                return  # The next request will find out, and tell.
        route.note_prompt(clean.prompt)

    def _give_way(self) -> None:
        if self._idling is not None:
            self._idling.cancel()

    def _free_route(self, cursor: Cursor) -> Route | None:
        """The backend for ``cursor`` if working ahead on it is wanted."""
        wanted = self._settings.completion.speculation
        route = None if wanted == "never" else self._asker.route(cursor)
        return route if route is not None and (wanted == "always" or route.is_free) else None
