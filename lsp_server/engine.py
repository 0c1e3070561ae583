"""One completion, from cursor to suggestion; reads as the list of its steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from lsp_server.ahead import Ahead
from lsp_server.alternatives import Alternatives
from lsp_server.asking import BACKEND_FAILED, Asker
from lsp_server.config.settings import Settings
from lsp_server.gathering import Gatherer
from lsp_server.policy.clearance import Policy
from lsp_server.routing.router import Router
from lsp_server.schedule.cache import Cache, suggestion_of
from lsp_server.schedule.clock import Clock, Stopwatch
from lsp_server.schedule.debounce import wait_ms
from lsp_server.schedule.inflight import LEFT, InFlight, Running
from lsp_server.schedule.steady import steady
from lsp_server.schedule.triggers import trigger_gate
from lsp_server.schedule.typist import Typist
from lsp_server.shaping.confidence import confidence_gate
from lsp_server.shaping.overlap import covered
from lsp_server.telemetry.tokens import TokenAccount
from lsp_server.types import Answer, Cursor, Document, Edit, Gate, Request, Suggestion, Trigger

DISABLED: Final = Gate("disabled", "completion is switched off (completion.enabled)")
LANGUAGE_OFF: Final = "language_disabled"
REJECTED: Final = Gate("rejected", "the same suggestion was rejected here before")

AGREED: Final = 3
"""Code points of a suggestion that was too unsure to be shown: typed so far along it, it is sure enough."""
MERGE_MS: Final = 10.0
"""The part of a wait in which nothing is prepared: a key that comes with others costs nothing then."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What outlives an engine: suggestions, what is known of the typist, and counts."""

    cache: Cache = field(default_factory=Cache)
    typist: Typist = field(default_factory=Typist)
    account: TokenAccount = field(default_factory=TokenAccount)


class Engine:
    """Answers requests. One per configuration: a changed setting makes a new engine.

    ``complete`` raises nothing but ``asyncio.CancelledError``. Its streams go on for a moment after a request
    has gone, for the next one to join; ``close`` ends them.
    """

    def __init__(
        self,
        settings: Settings,
        policy: Policy,
        router: Router,
        clock: Clock,
        memory: Memory | None = None,
        gatherer: Gatherer | None = None,
    ) -> None:
        memory = memory or Memory()
        self.account = memory.account
        self._settings = settings
        self._policy = policy
        self._clock = clock
        self._cache = memory.cache
        self._typist = memory.typist
        self._asker = Asker(settings, policy, router, clock, self._cache, self.account, gatherer)
        self._inflight = InFlight(clock)
        self._ahead = Ahead(settings, self._asker, self._cache, self._inflight, clock)
        self._alternatives = Alternatives(settings, self._asker, self._cache, self._inflight, clock)

    async def complete(self, request: Request) -> Answer:
        """Answer ``request``: suggestions, or the gate that ended it."""
        watch = Stopwatch(self._clock)
        answer = self._gated(request, watch) or await self._answer(request, watch)
        answer = replace(answer, suggestions=tuple(_fitted(s, request) for s in answer.suggestions))
        if answer.suggestion is not None and not self._typist.has_moved_on(request.cursor):
            self._typist.offers.offered(request.cursor, answer.suggestion.text, self._clock.now_ms())
            if request.backend is None:
                self._ahead.offered(request.cursor, answer.suggestion.text)
        return replace(answer, timings_ms={**answer.timings_ms, **watch.stop()})

    def document_changed(self, document: Document, edits: Sequence[Edit]) -> None:
        """Take a change; streams that it has left are closed."""
        self._typist.document_changed(document, edits, self._clock.now_ms())
        self._inflight.document_changed(document, edits)
        if edits:
            self._ahead.document_changed(Cursor(document, edits[-1].end))

    def context_json(self) -> dict[str, object]:
        """What the sources of context did last, by document, as plain JSON values without source text."""
        gatherer = self._asker.gatherer
        return gatherer.as_json() if gatherer is not None else {}

    def forget(self, uri: str) -> None:
        """End what runs for a closed document and drop what is kept for it."""
        self._inflight.close(uri)
        self._ahead.close()
        self._typist.forget(uri)
        self._asker.prompter.forget(uri)

    def retire(self) -> None:
        """Plan nothing more; requests that wait are still answered."""
        self._ahead.close()
        self._asker.prompter.close()
        self._asker.router.retire()

    async def close(self) -> None:
        """End everything that runs; when this returns its connections are closed."""
        self.retire()
        await self._inflight.close_all()

    def _gated(self, request: Request, watch: Stopwatch) -> Answer | None:
        """Rules that need no model and hold for every suggestion: settings and paths."""
        gate = self._settings_gate(request) or self._policy.admit(request.cursor)
        watch.lap("gate")
        return Answer(gate=gate) if gate is not None else None

    def _settings_gate(self, request: Request) -> Gate | None:
        completion = self._settings.completion
        language = request.cursor.document.language
        if not completion.enabled and request.trigger is Trigger.AUTOMATIC:
            return DISABLED
        if completion.languages.get(language) is False:
            return Gate(LANGUAGE_OFF, f"completion is switched off for {language} (completion.languages)")
        return None

    async def _answer(self, request: Request, watch: Stopwatch) -> Answer:
        """What is known, what is on its way, or what a backend says: the first that there is."""
        while True:
            answer = self._known(request)
            watch.lap("cache")
            if answer is None:
                running = self._inflight.find(request.cursor) if request.backend is None else None
                if running is None:
                    gate = self._trigger_gate(request)
                    if gate is not None:
                        return Answer(gate=gate)
                    if await self._wait(request, watch):
                        continue
                    if self._typist.has_moved_on(request.cursor):
                        return Answer(gate=LEFT)
                    answer = await self._ask(request)
                else:
                    answer = await self._join(running, request, watch)
            if answer is not None:
                watch.resume()
                answer = await self._alternatives.add(answer, request)
                if request.trigger is Trigger.INVOKED:
                    watch.lap("alternatives")
                return answer

    def _known(self, request: Request) -> Answer | None:
        """A suggestion that was generated before and still fits; what is shown already stays."""
        if request.backend is not None:
            return None
        cursor = request.cursor
        found = [f for f in self._cache.matches(cursor) if not self._is_rejected(request, f.text)]
        sure = [f for f in found if f.typed >= AGREED or not self._unsure(request, f.remembered.confidence)]
        best = steady(sure, self._typist.offers.shown_at(cursor))
        if best is None:
            gate = self._unsure(request, found[0].remembered.confidence) if found else None
            return Answer(gate=gate, backend=found[0].remembered.backend) if gate else None
        suggestion = suggestion_of(best, cursor)
        return Answer(suggestions=(suggestion,), backend=suggestion.backend)

    def _trigger_gate(self, request: Request) -> Gate | None:
        """Places and edits after which suggestions are noise, and places where the model had none."""
        if request.trigger is Trigger.INVOKED:
            return None
        cursor = request.cursor
        gate = trigger_gate(cursor, self._typist.history(cursor.document.uri))
        return gate or (self._asker.silences.gate_at(cursor) if request.backend is None else None)

    async def _wait(self, request: Request, watch: Stopwatch) -> bool:
        """Wait for the rest of the debounce, counted from the request; whether there was any to wait for.

        What time it takes to make the prompt is spent in it.
        """
        cursor = request.cursor
        route = self._asker.route(cursor, request.backend)
        pause_ms = wait_ms(
            self._settings.completion.debounce,
            request.trigger,
            cursor,
            gap_ms=self._typist.rhythm.gap_ms,
            latency_ms=route.latency_ms if route is not None else None,
            followed=self._typist.offers.followed,
        )
        if watch.passed_ms() >= pause_ms:
            watch.lap("debounce")
            return False
        if pause_ms > MERGE_MS:
            await self._clock.sleep_ms(MERGE_MS - watch.passed_ms())
            self._asker.prepare(cursor)
        await self._clock.sleep_ms(pause_ms - watch.passed_ms())
        watch.lap("debounce")
        return True

    async def _join(self, running: Running, request: Request, watch: Stopwatch) -> Answer | None:
        """Wait for a stream that runs already; None if it turns out to be of no use here."""
        left = await self._inflight.wait(running, request.cursor)
        watch.lap("join")
        about = running.answer
        if left is not None:
            gate = self._shown_gate(request, running, left)
            if gate is not None:
                return replace(about, gate=gate, timings_ms={})
            self.account.joined += 1
            suggestion = _suggestion(left, request, about, "joined")
            return replace(about, suggestions=(suggestion,), gate=None, timings_ms={})
        if about.gate is not None and about.gate.name == BACKEND_FAILED:
            return replace(about, timings_ms={})
        return Answer(gate=LEFT) if self._typist.has_moved_on(request.cursor) else None

    async def _ask(self, request: Request) -> Answer:
        """Start a stream and wait for its first unit."""
        running = Running(request.cursor, only=request.backend)
        self._inflight.start(running, self._asker.work(running))
        left = await self._inflight.wait(running, request.cursor)
        about = running.answer
        if left is None:
            return about
        gate = self._shown_gate(request, running, left)
        if gate is not None:
            return replace(about, gate=gate)
        return replace(about, suggestions=(_suggestion(left, request, about, "backend"),), gate=None)

    def _shown_gate(self, request: Request, running: Running, text: str) -> Gate | None:
        """The gate that keeps what a stream gave from being shown."""
        if self._is_rejected(request, text):
            return REJECTED
        return self._unsure(request, running.confidence)

    def _unsure(self, request: Request, confidence: float | None) -> Gate | None:
        automatic = request.trigger is Trigger.AUTOMATIC
        return confidence_gate(confidence, self._settings.completion.eagerness) if automatic else None

    def _is_rejected(self, request: Request, text: str) -> bool:
        automatic = request.trigger is Trigger.AUTOMATIC
        return automatic and self._typist.offers.is_rejected(request.cursor, text)


def _fitted(suggestion: Suggestion, request: Request) -> Suggestion:
    """The suggestion with what it has to replace behind the cursor."""
    return replace(suggestion, replaces=covered(suggestion.text, request.cursor.after))


def _suggestion(text: str, request: Request, about: Answer, origin: str) -> Suggestion:
    return Suggestion(text, request.cursor.position, about.backend or "", origin)
