"""Several suggestions for one place, when they are asked for by hand."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

from cachetools import LRUCache

from lsp_server.asking import Asker
from lsp_server.config.settings import Settings
from lsp_server.schedule.cache import Cache, suggestion_of
from lsp_server.schedule.clock import Clock
from lsp_server.schedule.inflight import InFlight, Running
from lsp_server.schedule.place import Anchor
from lsp_server.types import Answer, Cursor, Request, Trigger

TEMPERATURES: Final = (0.5, 0.9)
"""For the rounds of asking for something else: first near the best answer, then further away (tabby asks at
0.8). Above 1, FIM models lose their grip on syntax."""
KEPT: Final = 50
"""Places remembered for which alternatives have been made: asking again there does not make more."""


class Alternatives:
    """Adds to a first suggestion others that differ from it."""

    def __init__(
        self, settings: Settings, asker: Asker, cache: Cache, inflight: InFlight, clock: Clock
    ) -> None:
        self._settings = settings
        self._asker = asker
        self._cache = cache
        self._inflight = inflight
        self._clock = clock
        self._rounds: LRUCache[Anchor, int] = LRUCache(KEPT)

    async def add(self, answer: Answer, request: Request) -> Answer:
        """``answer`` with as many different suggestions as are wanted and the model has.

        A client that asks again gets the first at once, and the others when it comes back.
        """
        wanted = request.candidates or self._settings.completion.candidates
        asked_by_hand = request.trigger is Trigger.INVOKED and answer.suggestion is not None
        if not asked_by_hand or wanted == 1 or request.backend is not None:
            return answer
        cursor = request.cursor
        at_once = request.asks_again and Anchor.of(cursor) not in self._rounds
        deadline_ms = self._clock.now_ms() + self._settings.routing.max_wait_ms
        while True:
            answer = self._with_known(answer, cursor, wanted)
            missing = wanted - len(answer.suggestions)
            left_ms = deadline_ms - self._clock.now_ms()
            if not missing or left_ms <= 0 or not self._running(cursor, missing) or at_once:
                return answer
            await self._wait(cursor, left_ms)

    def _running(self, cursor: Cursor, missing: int) -> bool:
        """Whether streams are under way that may give what is missing; they are started if none were."""
        anchor = Anchor.of(cursor)
        rounds = self._rounds.get(anchor, 0)
        if self._under_way(cursor):
            return True
        if rounds == len(TEMPERATURES):
            return False
        self._rounds[anchor] = rounds + 1
        for number in range(missing):
            variant = Running(cursor, keeps=True, variant=number + 1)
            self._inflight.start(variant, self._asker.work(variant, TEMPERATURES[rounds]))
        return True

    async def _wait(self, cursor: Cursor, patience_ms: float) -> None:
        """Return when the streams at ``cursor`` have given their units, or the patience is at its end."""
        patience = asyncio.ensure_future(self._clock.sleep_ms(patience_ms))
        units = asyncio.ensure_future(self._units(cursor))
        try:
            await asyncio.wait((patience, units), return_when=asyncio.FIRST_COMPLETED)
        finally:
            patience.cancel()
            units.cancel()

    async def _units(self, cursor: Cursor) -> None:
        waits = (self._inflight.wait(running, cursor) for running in self._under_way(cursor))
        await asyncio.gather(*waits, return_exceptions=True)

    def _under_way(self, cursor: Cursor) -> list[Running]:
        return [r for r in self._inflight.at(cursor) if r.variant and not r.stands]

    def _with_known(self, answer: Answer, cursor: Cursor, wanted: int) -> Answer:
        suggestions = {s.text: s for s in answer.suggestions}
        for found in self._cache.matches(cursor):
            suggestions.setdefault(found.text, suggestion_of(found, cursor))
        return replace(answer, suggestions=tuple(suggestions.values())[:wanted])
