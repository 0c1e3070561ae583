"""The work of one stream: which backends there are for it, and what becomes of asking them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from lsp_server.attempt import Means
from lsp_server.config.settings import Settings
from lsp_server.gathering import Gatherer
from lsp_server.policy.clearance import Policy
from lsp_server.prompting import Prompter
from lsp_server.race import BACKEND_FAILED, Race
from lsp_server.routing.health import State
from lsp_server.routing.router import Route, Router
from lsp_server.schedule.cache import Cache
from lsp_server.schedule.clock import Clock
from lsp_server.schedule.inflight import Running
from lsp_server.schedule.silences import Silences
from lsp_server.telemetry.tokens import TokenAccount
from lsp_server.types import Answer, Cursor, Gate

__all__ = ["BACKEND_FAILED", "NO_BACKEND", "OVER_BUDGET", "Asker"]

NO_BACKEND: Final = Gate("no_backend", "there is no backend to ask: `codestral-lsp doctor` says why")
OVER_BUDGET: Final = "over_budget"


@dataclass(slots=True)
class Asker:
    """Does the work of streams (``Running``). Raises nothing but ``asyncio.CancelledError``."""

    settings: Settings
    policy: Policy
    router: Router
    clock: Clock
    cache: Cache
    account: TokenAccount
    gatherer: Gatherer | None = None
    silences: Silences = field(default_factory=Silences)
    prompter: Prompter = field(init=False)
    _means: Means = field(init=False)

    def __post_init__(self) -> None:
        self.prompter = Prompter(self.settings, self.policy, self.gatherer)
        self._means = Means(self.settings, self.router, self.clock, self.cache, self.account, self.prompter)

    def route(self, cursor: Cursor, only: str | None = None) -> Route | None:
        """The backend that would be asked first at ``cursor``, or None."""
        if self.policy.admit(cursor) is not None:
            return None
        for route in self.router.candidates(only):
            if self.policy.may_send(cursor, route.backend.destination) is None:
                return route
        return None

    async def work(self, running: Running, temperature: float = 0.0) -> None:
        """Ask the backends until one answers, or says that there is nothing to suggest."""
        race = Race(self._means, self.policy, self.silences, running, temperature)
        answer = await race.run()
        if not race.asked:
            # A backend that fails says more than another one's gate.
            gate = self._problem(running)
            answer = Answer(gate=gate) if gate is not None else answer
        running.finish(answer or Answer(gate=self._nobody(running.only)))

    def prepare(self, cursor: Cursor) -> None:
        """Make the prompt of a stream that will start in a moment, as far as no backend has to be asked."""
        route = self.route(cursor)
        if route is not None and route.family is not None:
            self.prompter.prepare(route, route.family, cursor)

    def _problem(self, running: Running) -> Gate | None:
        """What keeps the first of the backends that the text may go to from being asked."""
        for route in self.router.routes:
            named = running.only in (None, route.backend.name)
            if not named or not route.problem:
                continue
            if self.policy.may_send(running.cursor, route.backend.destination) is None:
                over_budget = route.state is State.OVER_BUDGET
                return Gate(OVER_BUDGET if over_budget else BACKEND_FAILED, route.problem)
        return None

    def _nobody(self, only: str | None) -> Gate:
        """What to say where no backend is there."""
        if only is not None and all(route.backend.name != only for route in self.router.routes):
            return Gate(NO_BACKEND.name, f"no backend is named {only!r}")
        return NO_BACKEND
