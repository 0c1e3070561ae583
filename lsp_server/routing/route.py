"""One backend and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from lsp_server.backends.base import Backend
from lsp_server.config.settings import BackendSettings
from lsp_server.prompt.families import Family
from lsp_server.prompt.tokens import Calibration
from lsp_server.routing.health import HEALTHY, Health, State
from lsp_server.routing.hedging import Times
from lsp_server.routing.reading import ReadingSpeed
from lsp_server.routing.telling import NOTHING_TOLD, Told, ToldLimits
from lsp_server.schedule.slots import Slots
from lsp_server.types import ModelInfo, Prompt

DEFAULT_CONTEXT_TOKENS = 8192
"""For a backend that does not tell: every FIM model in use reads at least this much."""


@dataclass(slots=True)
class Route:
    """One backend and what is known of it. ``info`` and ``family`` are None until it was asked.

    ``trial`` is what tries it while its breaker is half-open. ``over_budget`` says which limit is used up.
    """

    backend: Backend
    settings: BackendSettings
    info: ModelInfo | None = None
    family: Family | None = None
    calibration: Calibration = field(default_factory=Calibration)
    health: Health = HEALTHY
    over_budget: str = ""
    told: Told = NOTHING_TOLD
    told_limits: ToldLimits = field(default_factory=ToldLimits)
    times: Times = field(default_factory=Times)
    trial: object | None = None
    last_used_ms: float | None = None
    reading: ReadingSpeed = field(default_factory=ReadingSpeed)
    slots: Slots = field(init=False)
    _last_prompt: Prompt | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.slots = Slots(self.settings.concurrency or self.backend.capabilities.concurrency)

    @property
    def context_tokens(self) -> int:
        """The model's context in tokens: the setting, else what the backend tells, else a safe default."""
        told = self.info.context_tokens if self.info else None
        return self.settings.context_tokens or told or DEFAULT_CONTEXT_TOKENS

    @property
    def model(self) -> str:
        """The model's name as far as it is known."""
        return self.info.name if self.info else self.settings.model

    @property
    def is_free(self) -> bool:
        """Whether asking costs nobody anything: it runs here, or its prices are set to nothing."""
        prices = (self.settings.price_in, self.settings.price_out)
        return not self.backend.destination.remote or prices == (0, 0)

    @property
    def state(self) -> State:
        """What it is like at present."""
        return State.OVER_BUDGET if self.over_budget else self.health.state

    @property
    def problem(self) -> str:
        """What is wrong with it, one line for people, or nothing."""
        return self.over_budget or self.health.problem

    @property
    def latency_ms(self) -> float | None:
        """The usual time from a request to its first unit, from the last ones; None before the first."""
        return self.times.recent_ms

    def note_prompt(self, prompt: Prompt) -> None:
        """Take the prompt that the backend was sent last: an engine with one slot has it in its memory."""
        self._last_prompt = prompt

    @property
    def rereads_slowly(self) -> bool:
        """Whether it would take long to read the last prompt anew; where that is not known, whether it runs
        here.
        """
        count = len(self._last_prompt.text) if self._last_prompt else 0
        return not self.reading.is_quick(count, otherwise=not self.backend.capabilities.prefills)

    def unread(self, prompt: Prompt) -> int:
        """The code points of ``prompt``'s text that were not in the last prompt at the same place."""
        last = self._last_prompt.text if self._last_prompt else ""
        text = prompt.text
        low, high = 0, min(len(text), len(last))
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if text[:middle] == last[:middle] else (low, middle - 1)
        return len(text) - low


def route_json(route: Route, now_ms: float | None = None) -> dict[str, object]:
    """One backend's state as plain JSON values; how long ago it was used only where ``now_ms`` is given."""
    used_ms = route.last_used_ms
    ago_s = None if used_ms is None or now_ms is None else round((now_ms - used_ms) / 1000.0, 1)
    return {
        "name": route.backend.name,
        "kind": route.settings.kind,
        "origin": route.backend.destination.origin,
        "remote": route.backend.destination.remote,
        "model": route.info.name if route.info else None,
        "family": route.family.name if route.family else None,
        "state": route.state.value,
        "problem": route.problem,
        "first_unit_ms": {"p50": _rounded(route.times, 0.5), "p95": _rounded(route.times, 0.95)},
        "last_used_s_ago": ago_s,
    }


def _rounded(times: Times, share: float) -> float | None:
    time_ms = times.percentile(share)
    return None if time_ms is None else round(time_ms, 1)
