"""The configured backends in order, with what is known of each."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

from lsp_server.backends.base import Backend, BackendError, FillUnsupported
from lsp_server.config.settings import BackendSettings
from lsp_server.prompt.detection import UnknownModel, detect
from lsp_server.prompt.families import Family
from lsp_server.prompt.tokens import Calibration
from lsp_server.routing.health import HEALTHY, Health
from lsp_server.schedule.clock import Clock
from lsp_server.schedule.slots import Slots
from lsp_server.types import ModelInfo, Prompt

DEFAULT_CONTEXT_TOKENS = 8192
"""For a backend that does not tell: every FIM model in use reads at least this much."""
RECENT_TIMES = 10
"""Requests that tell how fast a backend is at present (tabby's window)."""


@dataclass(slots=True)
class Route:
    """One backend and what is known of it. ``info`` and ``family`` are None until it was asked."""

    backend: Backend
    settings: BackendSettings
    info: ModelInfo | None = None
    family: Family | None = None
    calibration: Calibration = field(default_factory=Calibration)
    health: Health = HEALTHY
    slots: Slots = field(init=False)
    _last_prompt: Prompt | None = field(init=False, default=None)
    _times_ms: deque[float] = field(init=False, default_factory=lambda: deque(maxlen=RECENT_TIMES))

    def __post_init__(self) -> None:
        self.slots = Slots(self.settings.concurrency or self.backend.capabilities.concurrency)

    @property
    def context_tokens(self) -> int:
        """The model's context in tokens: the setting, else what the backend tells, else a safe default."""
        told = self.info.context_tokens if self.info else None
        return self.settings.context_tokens or told or DEFAULT_CONTEXT_TOKENS

    @property
    def is_free(self) -> bool:
        """Whether asking costs nobody anything: it runs here, or its prices are set to nothing."""
        prices = (self.settings.price_in, self.settings.price_out)
        return not self.backend.destination.remote or prices == (0, 0)

    @property
    def latency_ms(self) -> float | None:
        """The usual time from a request to its first unit, from the last ones; None before the first."""
        return median(self._times_ms) if self._times_ms else None

    def note_prompt(self, prompt: Prompt) -> None:
        """Take the prompt that the backend was sent last: an engine with one slot has it in its memory."""
        self._last_prompt = prompt

    def unread(self, prompt: Prompt) -> int:
        """The code points of ``prompt``'s text that were not in the last prompt at the same place."""
        last = self._last_prompt.text if self._last_prompt else ""
        text = prompt.text
        low, high = 0, min(len(text), len(last))
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if text[:middle] == last[:middle] else (low, middle - 1)
        return len(text) - low

    def note_unit(self, duration_ms: float) -> None:
        """Take the time from a request to its first unit."""
        self._times_ms.append(duration_ms)


class Router:
    """Gives the backends to try, keeps their health, and reports each change of it once."""

    def __init__(
        self,
        routes: Sequence[Route],
        clock: Clock,
        on_change: Callable[[Route, BackendError | None], None] | None = None,
    ) -> None:
        self.routes = tuple(routes)
        self._clock = clock
        self._on_change = on_change
        self._probes: dict[str, asyncio.Task[None]] = {}

    def candidates(self, only: str | None = None) -> list[Route]:
        """The routes that may be tried now, first choice first; only the one named ``only`` if given."""
        now_ms = self._clock.now_ms()
        return [
            route
            for route in self.routes
            if (only is None or route.backend.name == only) and route.health.may_try(now_ms)
        ]

    async def identify(self, route: Route) -> Family:
        """Return the route's model family, asking the backend if it was not asked yet.

        One question is under way at a time; cancelling one waiter does not end it. Raises ``BackendError``.
        """
        if route.family is None:
            name = route.backend.name
            probe = self._probes.get(name)
            if probe is None:
                probe = asyncio.ensure_future(self._probe(route))
                self._probes[name] = probe
                probe.add_done_callback(lambda done: self._probe_done(name, done))
            await asyncio.shield(probe)
        assert route.family is not None
        return route.family

    def succeeded(self, route: Route) -> None:
        """Note a good answer."""
        was_bad = bool(route.health.problem)
        route.health = HEALTHY
        if was_bad and self._on_change:
            self._on_change(route, None)

    def failed(self, route: Route, error: BackendError) -> None:
        """Note a failure; the same problem again is not reported again."""
        previous = route.health.problem
        route.health = route.health.after_failure(error, self._clock.now_ms())
        if route.health.problem != previous and self._on_change:
            self._on_change(route, error)

    async def close(self) -> None:
        """Close every backend and forget the questions under way."""
        for probe in self._probes.values():
            probe.cancel()
        await asyncio.gather(*(route.backend.close() for route in self.routes), return_exceptions=True)

    def _probe_done(self, name: str, done: asyncio.Task[None]) -> None:
        self._probes.pop(name, None)
        if not done.cancelled():
            done.exception()  # Marks it as seen: every waiter may have gone.

    async def _probe(self, route: Route) -> None:
        info = await route.backend.probe()
        capabilities = route.backend.capabilities
        found = detect(info, override=route.settings.family)
        if isinstance(found, UnknownModel):
            raise FillUnsupported(f"{route.backend.name}: {found.message}")
        route.info = info
        route.family = found.for_backend(
            forces_start=capabilities.forces_start, takes_parts=capabilities.takes_parts
        )


def in_order(backends: Sequence[BackendSettings], order: Sequence[str]) -> list[BackendSettings]:
    """The backends that ``order`` names, in that order; all as they are defined when it names none."""
    if not order:
        return list(backends)
    named = {backend.name: backend for backend in backends}
    return [named[name] for name in order if name in named]


def route_json(route: Route) -> dict[str, object]:
    """One backend's state as plain JSON values."""
    return {
        "name": route.backend.name,
        "kind": route.settings.kind,
        "origin": route.backend.destination.origin,
        "remote": route.backend.destination.remote,
        "model": route.info.name if route.info else None,
        "family": route.family.name if route.family else None,
        "problem": route.health.problem,
    }
