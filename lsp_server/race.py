"""The attempts at one stream: the backends in order, the next one as soon as it is called for.

The next backend is asked at once when one fails, and when one keeps silent for ``routing.max_wait_ms``. For a
stream that somebody waits for, it is asked beside the first one (a hedge) when that has given no unit in the
time that its units usually take. Whoever gives the first good unit wins; the other's connection is closed.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from lsp_server.attempt import Attempt, Means
from lsp_server.backends.base import BackendError, TimedOut
from lsp_server.policy.clearance import Policy
from lsp_server.routing.router import Route
from lsp_server.schedule.inflight import Running
from lsp_server.schedule.silences import Silences
from lsp_server.types import Answer, Gate

logger = logging.getLogger(__name__)

BACKEND_FAILED: Final = "backend_failed"
STALL_MS: Final = 1_000.0
"""Silence of a stream that has begun, after which it counts as silent: slower models are of no use."""


class Race:
    """One stream's attempts, at most two at a time. Runs once."""

    def __init__(
        self, means: Means, policy: Policy, silences: Silences, running: Running, temperature: float
    ) -> None:
        self._means = means
        self._policy = policy
        self._silences = silences
        self._running = running
        self._temperature = temperature
        routing = means.settings.routing
        self._max_wait_ms = float(routing.max_wait_ms)
        self._hedges = routing.hedge and running.only is None and not running.variant
        self._live: list[Attempt] = []
        self._tried: set[str] = set()
        self._asked = False
        self._winner: Attempt | None = None
        self._poke: asyncio.Future[None] | None = None
        self._answers: dict[str, Answer] = {}

    @property
    def asked(self) -> bool:
        """Whether a backend was asked."""
        return self._asked

    async def run(self) -> Answer | None:
        """Return what the stream amounts to when everything has ended; None if nobody could be asked.

        Raises nothing but ``asyncio.CancelledError``; then too everything has ended.
        """
        self._running.on_waiting = self._waited_for
        try:
            while True:
                self._go_on()
                if not self._live:
                    break
                await self._something()
                for attempt in [a for a in self._live if a.task.done()]:
                    self._end(attempt)
        finally:
            await self._leave()
        # The best there is: what was decided, what was nothing to suggest, the last failure, the last gate.
        return next(
            (self._answers[k] for k in ("decided", "nothing", "failed", "gate") if k in self._answers), None
        )

    # What the attempts tell.

    def grew(self, attempt: Attempt) -> None:
        """Show the draft of the one that leads."""
        if attempt is self._leader:
            self._running.grew(attempt.draft)

    def claims(self, attempt: Attempt) -> bool:
        """The first to claim has won; the others are closed."""
        if self._winner is None and not attempt.given_up:
            self._win(attempt)
        return self._winner is attempt

    def read(self) -> None:
        """Leave those alone that end by themselves."""
        self._running.closing = all(attempt.closing for attempt in self._live)

    # How it goes on.

    @property
    def _active(self) -> list[Attempt]:
        return [attempt for attempt in self._live if not attempt.given_up]

    @property
    def _leader(self) -> Attempt | None:
        """The one whose draft is shown: the winner, else the oldest."""
        return self._winner or next(iter(self._active), None)

    @property
    def _decided(self) -> bool:
        return self._winner is not None or "decided" in self._answers or self._running.ended

    def _go_on(self) -> None:
        """Give up what is too late, and ask the next backend if it is called for."""
        if self._decided:
            return
        now_ms = self._means.clock.now_ms()
        for attempt in self._active:
            if now_ms >= self._silent_until_ms(attempt) and self._has_others(self._next()):
                self._time_out(attempt)
        route = self._next()
        hedge_ms = self._hedge_due_ms(route)
        if route is not None and (not self._active or (hedge_ms is not None and now_ms >= hedge_ms)):
            self._ask(route)

    def _ask(self, route: Route) -> None:
        self._tried.add(route.backend.name)
        attempt = Attempt(self._means, route, self._running, self, self._temperature)
        self._live.append(attempt)
        self._asked = True
        self._running.closing = False
        self._means.router.starts(route, attempt)
        attempt.start()

    def _next(self) -> Route | None:
        """The next backend that the text may go to; what forbids the others is kept."""
        running = self._running
        for route in self._means.router.candidates(running.only):
            name = route.backend.name
            if name in self._tried:
                continue
            gate = self._policy.may_send(running.cursor, route.backend.destination)
            if gate is None:
                costly = running.keeps and not running.waiting and not route.is_free
                return None if costly and self._tried else route
            self._tried.add(name)
            self._answers["gate"] = Answer(gate=gate, backend=name)
        return None

    def _hedge_due_ms(self, route: Route | None) -> float | None:
        """When ``route`` is to be asked beside the only one there is; None where it is not to be."""
        active = self._active
        if not self._hedges or not self._running.waiting or len(active) != 1:
            return None
        if route is None or route.trial is not None:
            return None
        return active[0].started_ms + active[0].route.times.patience_ms

    def _has_others(self, route: Route | None) -> bool:
        """Whether anything is left if an attempt is given up, ``route`` being the next."""
        return len(self._active) > 1 or "nothing" in self._answers or route is not None

    def _silent_until_ms(self, attempt: Attempt) -> float:
        stall_ms = min(STALL_MS, self._max_wait_ms / 2)
        return max(attempt.started_ms + self._max_wait_ms, attempt.silent_since_ms + stall_ms)

    async def _something(self) -> None:
        """Return when an attempt has ended, when something is due, or when somebody begins to wait."""
        self._poke = asyncio.get_running_loop().create_future()
        waits: set[asyncio.Future[Answer] | asyncio.Future[None]] = {a.task for a in self._live}
        waits.add(self._poke)
        due_ms, alarm = self._due_ms(), None
        if due_ms is not None:
            alarm = asyncio.ensure_future(self._means.clock.sleep_ms(due_ms - self._means.clock.now_ms()))
            waits.add(alarm)
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._poke = None
            if alarm is not None:
                alarm.cancel()

    def _due_ms(self) -> float | None:
        """When there will be something to do, None if only the end of an attempt can change anything."""
        if self._decided:
            return None
        route = self._next()
        times = [self._silent_until_ms(attempt) for attempt in self._active if self._has_others(route)]
        hedge_ms = self._hedge_due_ms(route)
        return min(times if hedge_ms is None else [*times, hedge_ms], default=None)

    def _waited_for(self, waited_for: bool) -> None:
        for attempt in self._live:
            attempt.waited_for(waited_for)
        if waited_for and self._poke is not None and not self._poke.done():
            self._poke.set_result(None)

    # How it ends.

    def _win(self, attempt: Attempt) -> None:
        """Close the others, of which those asked earlier have lost. The draft is the winner's now."""
        before = self._leader
        self._winner = attempt
        if before is not attempt:
            self._running.grew(attempt.draft)
        older = True
        for other in self._live:
            if other is attempt:
                older = False
            elif not other.given_up:
                if older:
                    passed_ms = self._means.clock.now_ms() - other.started_ms
                    self._means.router.lost(other.route, passed_ms, attempt.route.backend.name)
                _give_up(other)

    def _time_out(self, attempt: Attempt) -> None:
        destination = attempt.route.backend.destination
        what = f"no text within {self._max_wait_ms / 1000:g} s (routing.max_wait_ms)"
        error = TimedOut(f"{destination.backend} ({destination.origin}): {what}")
        _give_up(attempt)
        self._failed(attempt, error)

    def _end(self, attempt: Attempt) -> None:
        """Take what an attempt amounts to."""
        leads = attempt is self._leader
        self._live.remove(attempt)
        self._means.router.ended(attempt.route, attempt)
        if attempt.task.cancelled():
            if not attempt.given_up:
                raise asyncio.CancelledError  # The prompt that it waited for is for a place that was left.
            return
        error = attempt.task.exception()
        if attempt.given_up:
            if error is not None and not isinstance(error, BackendError):
                name = attempt.route.backend.name
                logger.warning("%s: giving up a request failed with %s", name, type(error).__name__)
        elif error is None:
            self._answered(attempt, attempt.task.result(), leads=leads)
        elif isinstance(error, BackendError):
            self._failed(attempt, error)
        else:
            raise error

    def _answered(self, attempt: Attempt, answer: Answer, *, leads: bool) -> None:
        if not attempt.sent:
            self._answers["gate"] = answer
        elif not leads:
            self._answers["nothing"] = answer
        else:
            self._answers["decided"] = answer
            if attempt.gate is not None and not self._running.stands and not self._running.variant:
                self._silences.note(self._running.cursor, attempt.gate)
            for other in self._active:
                _give_up(other)

    def _failed(self, attempt: Attempt, error: BackendError) -> None:
        """Take a failure. The draft is that of the next one from now on, unless a unit stands."""
        name = attempt.route.backend.name
        after = next(iter(a.route for a in self._active if a is not attempt), None)
        if after is None and not self._decided:
            after = self._next()
        self._means.router.failed(attempt.route, error, after.backend.name if after is not None else "")
        answer = Answer(gate=Gate(BACKEND_FAILED, str(error)), backend=name)
        if attempt is self._winner:
            self._answers["decided"] = answer
            return
        self._answers["failed"] = answer
        if not self._decided:
            self._running.grew(self._leader.draft if self._leader is not None else "")

    async def _leave(self) -> None:
        """End what runs, and return when its connections are closed, however often this is cancelled."""
        for attempt in self._live:
            attempt.stop()
        while pending := {attempt.task for attempt in self._live if not attempt.task.done()}:
            try:
                await asyncio.wait(pending)
            except asyncio.CancelledError:
                continue
        for attempt in self._live:
            self._means.router.ended(attempt.route, attempt)
            if not attempt.task.cancelled():
                attempt.task.exception()  # Marks it as seen: nobody is there to be told.


def _give_up(attempt: Attempt) -> None:
    attempt.given_up = True
    attempt.stop()
