"""The configured backends in order, and which of them to ask now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from lsp_server.backends.base import BackendError, FillUnsupported, TimedOut
from lsp_server.config.settings import BackendSettings
from lsp_server.prompt.detection import UnknownModel, detect
from lsp_server.prompt.families import Family
from lsp_server.routing.health import HEALTHY, OverBudget, State
from lsp_server.routing.recovery import Recovery
from lsp_server.routing.route import Route, route_json
from lsp_server.routing.telling import Told, with_instead
from lsp_server.schedule.clock import Clock
from lsp_server.types import Usage

__all__ = ["Budget", "Route", "Router", "in_order", "route_json"]

TRAFFIC_MS: Final = 60_000.0
"""So long after the last request a backend that fails is left alone: nobody would notice that it is back."""
STALE_MS: Final = 3_000.0
"""A question for the model that takes longer may hang for good: who comes then asks anew."""


class Budget(Protocol):
    """The limits that the user has set."""

    def refusal(self, backend: BackendSettings, model: str) -> str | None:
        """Why a backend must not be asked now, one line for people; None if it may."""
        ...

    def asked(self, backend: BackendSettings) -> None:
        """A request is sent. Raises ``OverBudget`` if another one has used up the limit meanwhile."""
        ...

    def used(
        self,
        backend: BackendSettings,
        model: str,
        usage: Usage | None,
        prompt_tokens: int,
        completion_tokens: int,
    ) -> None:
        """A stream has ended; the counts are our own estimates, for where ``usage`` tells nothing."""
        ...


class NoBudget:
    """No limit at all."""

    def refusal(self, backend: BackendSettings, model: str) -> str | None:
        """Nothing is refused."""

    def asked(self, backend: BackendSettings) -> None:
        """Nothing is counted."""

    def used(
        self,
        backend: BackendSettings,
        model: str,
        usage: Usage | None,
        prompt_tokens: int,
        completion_tokens: int,
    ) -> None:
        """Nothing is counted."""


class Router:
    """Gives the backends to try, keeps their health, and reports each change of it once.

    ``on_change`` is told of a problem, or of its end (None). A backend on this machine that fails is asked
    for its model in the background while there are requests, so that it is used again soon.
    """

    def __init__(
        self,
        routes: Sequence[Route],
        clock: Clock,
        on_change: Callable[[Route, BackendError | None], None] | None = None,
        budget: Budget | None = None,
        on_model: Callable[[Route], None] | None = None,
    ) -> None:
        self.routes = tuple(routes)
        self.budget: Budget = budget or NoBudget()
        self._clock = clock
        self._on_change = on_change
        self._on_model = on_model
        self._retired = False
        self._active: Route | None = None
        self._requested_ms = clock.now_ms()
        self._questions: dict[str, tuple[float, asyncio.Task[None]]] = {}
        self._asking: set[asyncio.Task[None]] = set()
        self._recovery = Recovery(clock, self._to_recover, self._ask_model, self._is_back)

    # Whom to ask.

    def candidates(self, only: str | None = None) -> list[Route]:
        """The routes that may be tried now, first choice first; only the one named ``only`` if given.

        Last come those that are worse than the others: slow ones between two trials, and those that are
        being tried by another request.
        """
        now_ms = self._requested_ms = self._clock.now_ms()
        self._watch()
        good: list[Route] = []
        worse: list[Route] = []
        for route in self.routes:
            health = route.health
            named = only is None or route.backend.name == only
            is_open = health.is_open(now_ms)
            if not named or (is_open and health.state is not State.SLOW) or self._is_refused(route):
                continue
            on_trial = health.state is not State.OK and route.trial is not None
            (worse if is_open or on_trial else good).append(route)
        return good + worse

    def active(self) -> Route | None:
        """The route that answered last; None before the first answer."""
        return self._active

    async def identify(self, route: Route) -> Family:
        """Return the route's model family, asking the backend if it was not asked yet.

        Those who wait share one question; cancelling one of them does not end it. Raises ``BackendError``.
        """
        if route.family is None:
            question = self._question(route)
            await asyncio.wait({question})
            if route.family is None:
                question.result()
        assert route.family is not None
        return route.family

    # What became of it.

    def starts(self, route: Route, attempt: object) -> None:
        """An attempt begins. If the breaker is half-open, this is its trial."""
        health = route.health
        if health.state is not State.OK and route.trial is None and not health.is_open(self._clock.now_ms()):
            route.trial = attempt

    def ended(self, route: Route, attempt: object) -> None:
        """An attempt is over, with or without a verdict."""
        if route.trial is attempt:
            route.trial = None

    def succeeded(
        self, route: Route, attempt: object | None = None, first_unit_ms: float | None = None
    ) -> None:
        """Note a good answer, and how long its first unit took where that is typical."""
        self._active = route
        route.last_used_ms = self._clock.now_ms()
        quick = first_unit_ms is not None and first_unit_ms <= route.times.patience_ms
        if first_unit_ms is not None:
            route.times.add(first_unit_ms)
        on_trial = attempt is not None and route.trial is attempt
        if route.health.state is State.SLOW and not on_trial and not quick:
            return
        route.health = HEALTHY
        self._tell(route, None)

    def failed(self, route: Route, error: BackendError, instead: str = "") -> None:
        """Note a failure. ``instead`` names the backend that is asked now."""
        route.health = route.health.after_failure(error, self._clock.now_ms())
        route.times.forget_lost()
        self._tell(route, with_instead(error, instead))
        self._watch()

    def lost(self, route: Route, after_ms: float, instead: str) -> None:
        """Note that a backend that was asked later answered first, so long after this one was asked."""
        destination = route.backend.destination
        error = TimedOut(f"{destination.backend} ({destination.origin}): it answers more slowly than usual")
        route.health = route.health.after_loss(str(error), self._clock.now_ms())
        route.times.add_lost(after_ms)
        if route.health.state is State.SLOW:
            route.times.forget_lost()
            self._tell(route, with_instead(error, instead))

    # The rest.

    def as_json(self) -> list[dict[str, object]]:
        """The state of each backend as plain JSON values, in order."""
        return [route_json(route, self._clock.now_ms()) for route in self.routes]

    def retire(self) -> None:
        """Ask nothing in the background any more; requests that run are not disturbed."""
        self._retired = True
        self._recovery.stop()

    async def close(self) -> None:
        """Close every backend and end what runs in the background."""
        self.retire()
        await self._recovery.close()
        for question in self._asking:
            question.cancel()
        await asyncio.gather(*(route.backend.close() for route in self.routes), return_exceptions=True)

    def _tell(self, route: Route, error: BackendError | None) -> None:
        now_ms, state = self._clock.now_ms(), route.state
        if (error is None) is not (state is State.OK) or not route.told.is_news(state, now_ms):
            return
        route.told = Told(state, now_ms)
        if self._on_change:
            self._on_change(route, error)

    def _is_refused(self, route: Route) -> bool:
        """Whether the budget rules the route out. That is told, but not each time that it comes and goes."""
        reason = self.budget.refusal(route.settings, route.model) or ""
        if reason != route.over_budget:
            route.over_budget = reason
            news = route.told_limits.is_news(reason, self._clock.now_ms())
            if news and self._on_change and (reason or route.health.state is State.OK):
                self._on_change(route, OverBudget(reason) if reason else None)
        return bool(reason)

    def _question(self, route: Route) -> asyncio.Task[None]:
        """The question for the route's model that is under way, or a new one."""
        name, now_ms = route.backend.name, self._clock.now_ms()
        asked_ms, question = self._questions.get(name, (now_ms, None))
        if question is None or question.done() or now_ms - asked_ms > STALE_MS:
            question = asyncio.ensure_future(self._ask_model(route))
            self._questions[name] = (now_ms, question)
            self._asking.add(question)
            question.add_done_callback(self._answered)
        return question

    def _answered(self, question: asyncio.Task[None]) -> None:
        self._asking.discard(question)
        if not question.cancelled():
            question.exception()  # Marks it as seen: every waiter may have gone.

    async def _ask_model(self, route: Route) -> None:
        info = route.info = await route.backend.probe()
        capabilities = route.backend.capabilities
        found = detect(info, override=route.settings.family)
        if isinstance(found, UnknownModel):
            raise FillUnsupported(f"{route.backend.name}: {found.message}")
        route.family = found.for_backend(
            forces_start=capabilities.forces_start, takes_parts=capabilities.takes_parts
        )
        if self._on_model is not None:
            self._on_model(route)

    def _watch(self) -> None:
        """Have backends asked whether they are back, if there are any to ask."""
        unwell = any(route.health.state is not State.OK for route in self.routes)
        if unwell and not self._retired and self._to_recover():
            self._recovery.wake()

    def _to_recover(self) -> list[Route]:
        now_ms = self._clock.now_ms()
        if now_ms - self._requested_ms > TRAFFIC_MS:
            return []
        return [
            route
            for route in self.routes
            if route.health.shows_in_probe
            and route.health.is_open(now_ms)
            and not route.backend.destination.remote
        ]

    def _is_back(self, route: Route) -> None:
        route.health = route.health.after_probe(self._clock.now_ms())


def in_order(backends: Sequence[BackendSettings], order: Sequence[str]) -> list[BackendSettings]:
    """The backends that ``order`` names, in that order; all as they are defined when it names none."""
    if not order:
        return list(backends)
    named = {backend.name: backend for backend in backends}
    return [named[name] for name in order if name in named]
