"""The work of one stream: a backend is chosen, asked, read, and what fits the place is remembered."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from lsp_server.backends.base import BackendError
from lsp_server.config.settings import Settings
from lsp_server.gathering import Gatherer
from lsp_server.generation import Generated, Limits, generate
from lsp_server.policy.clearance import Policy
from lsp_server.prompting import Prompter
from lsp_server.routing.licences import restriction
from lsp_server.routing.router import Route, Router
from lsp_server.schedule.cache import Cache, Remembered
from lsp_server.schedule.clock import Clock, Stopwatch
from lsp_server.schedule.inflight import Running
from lsp_server.schedule.silences import Silences
from lsp_server.shaping.filters import clean_start, shape
from lsp_server.shaping.site import Site
from lsp_server.telemetry.tokens import TokenAccount
from lsp_server.types import Answer, Cursor, Gate, Prompt, PromptSummary

NO_BACKEND: Final = Gate("no_backend", "no backend is configured: run `codestral-lsp doctor`")
LICENCE: Final = "licence"
BACKEND_FAILED: Final = "backend_failed"


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

    def __post_init__(self) -> None:
        self.prompter = Prompter(self.settings, self.policy, self.gatherer)

    def route(self, cursor: Cursor, only: str | None = None) -> Route | None:
        """The backend that would be asked first at ``cursor``, or None."""
        if self.policy.admit(cursor) is not None:
            return None
        for route in self.router.candidates(only):
            if self.policy.may_send(cursor, route.backend.destination) is None:
                return route
        return None

    async def work(self, running: Running, temperature: float = 0.0) -> None:
        """Try the backends in order until one answers, or says that there is nothing to suggest."""
        last = Answer(gate=self._nobody(running.only))
        for route in self.router.candidates(running.only):
            gate = self.policy.may_send(running.cursor, route.backend.destination)
            if gate is not None:
                last = Answer(gate=gate, backend=route.backend.name)
                continue
            running.closing = False
            attempt = _Attempt(self, route, running, Stopwatch(self.clock))
            try:
                last = await attempt.ask(temperature)
            except BackendError as error:
                self.router.failed(route, error)
                last = Answer(gate=Gate(BACKEND_FAILED, str(error)), backend=route.backend.name)
                if running.stands or running.ended:
                    break
                running.grew("")
            else:
                break
        running.finish(last)

    def prepare(self, cursor: Cursor) -> None:
        """Make the prompt of a stream that will start in a moment, as far as no backend has to be asked."""
        route = self.route(cursor)
        if route is not None and route.family is not None:
            self.prompter.prepare(route, route.family, cursor)

    def _nobody(self, only: str | None) -> Gate:
        """Why no backend was tried: none is there, or each is known to be failing."""
        routes = [r for r in self.router.routes if only in (None, r.backend.name)]
        if only is not None and not routes:
            return Gate(NO_BACKEND.name, f"no backend is named {only!r}")
        problems = [route.health.problem for route in routes if route.health.problem]
        return Gate(BACKEND_FAILED, problems[0]) if problems else NO_BACKEND


@dataclass(slots=True)
class _Attempt:
    """One try on one backend; the listener of its stream."""

    asker: Asker
    route: Route
    running: Running
    watch: Stopwatch
    answer: Answer = field(default_factory=Answer)
    gate: Gate | None = None
    first: bool = True
    asked_ms: float = 0.0
    site: Site = field(init=False)

    def __post_init__(self) -> None:
        self.site = Site.of(self.running.cursor)

    async def ask(self, temperature: float) -> Answer:
        """Read the stream and return what it amounts to. Raises ``BackendError``."""
        asker, route, running = self.asker, self.route, self.running
        self.answer = Answer(backend=route.backend.name)
        family = await asker.router.identify(route)
        self.answer = replace(self.answer, model=route.info.name if route.info else None)
        self.lap("identify")
        gate = self._licence_gate()
        if gate is not None:
            return self._ended(gate)
        clean = await asker.prompter.prompt(route, family, running.cursor, temperature)
        self.lap("prompt")
        if isinstance(clean, Gate):
            return self._ended(clean)
        self.answer = replace(self.answer, prompt=_summary(clean.prompt))
        completion = asker.settings.completion
        limits = Limits(self.site, completion.max_lines, streak=not running.variant)
        async with route.slots.take(running.leave, background=not running.waiting) as ticket:
            self.lap("slot")
            running.started = True
            self.asked_ms = asker.clock.now_ms()

            def on_waiting(waited_for: bool) -> None:
                ticket.background = not waited_for

            running.on_waiting = on_waiting
            on_waiting(bool(running.waiting))
            route.note_prompt(clean.prompt)
            await generate(route.backend, clean, limits, self, asker.clock)
        self._learn(clean.prompt)
        if running.stands or self.gate is None:
            return self._ended(None)
        if not running.variant:
            asker.silences.note(running.cursor, self.gate)
        return self._ended(self.gate)

    # What the stream tells.

    def lap(self, name: str) -> None:
        """Note the time of a step until the first unit stands."""
        self.watch.lap(name)

    def grew(self, text: str) -> None:
        """Show the draft to those who wait for it."""
        self.running.grew(clean_start(text, self.running.cursor))

    def unit(self, generated: Generated) -> bool:
        """Filter a unit; those who wait are answered, and it is remembered."""
        if self.first:
            self.lap("stream")
        running = self.running
        self.answer = replace(self.answer, usage=generated.usage)
        shaped = shape(generated.text, running.cursor, generated.finish, self.site)
        if isinstance(shaped, Gate):
            self.gate = shaped
            return False
        if self.first:
            self.lap("shaping")
            self.asker.router.succeeded(self.route)
            self.route.note_unit(self.asker.clock.now_ms() - self.asked_ms)
            self.first = generated.provisional
        if generated.confidence is not None:
            running.confidence = generated.confidence
        answer = replace(self.answer, timings_ms=self.watch.laps)
        taken = running.unit(shaped, answer, provisional=generated.provisional)
        if taken:
            self._remember(generated)
        return taken

    def read(self, received: int, used: int) -> None:
        """Count what came; from here on the stream ends by itself."""
        self.running.closing = True
        self.asker.account.add(received, used)

    def _remember(self, generated: Generated) -> None:
        running = self.running
        name = self.route.backend.name
        remembered = Remembered(running.shaped, running.ends, name, generated.finish, running.confidence)
        self.asker.cache.store(running.base, remembered, behind=running.variant > 0)

    def _licence_gate(self) -> Gate | None:
        route = self.route
        if not self.asker.settings.licence.production or route.info is None:
            return None
        reason = restriction(route.info, route.backend.destination)
        return Gate(LICENCE, f"{route.backend.name}: {reason}") if reason else None

    def _learn(self, prompt: Prompt) -> None:
        """Learn from a good answer: the backend is well, and how long the prompt really was."""
        self.asker.router.succeeded(self.route)
        usage = self.answer.usage
        if usage is not None and usage.prompt_tokens:
            self.route.calibration = self.route.calibration.observe(prompt.tokens, usage.prompt_tokens)

    def _ended(self, gate: Gate | None) -> Answer:
        return replace(self.answer, gate=gate, timings_ms=self.watch.laps)


def _summary(prompt: Prompt) -> PromptSummary:
    return PromptSummary(
        family=prompt.template.name,
        tokens=prompt.tokens,
        prefix_chars=len(prompt.prefix),
        suffix_chars=len(prompt.suffix),
        snippets=tuple((s.path, s.origin, s.score) for s in prompt.snippets),
    )
