"""One try on one backend: its prompt is made, its stream read, and what fits the place remembered."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from lsp_server.config.settings import Settings
from lsp_server.generation import Generated, Limits, generate
from lsp_server.prompting import Prompter
from lsp_server.routing.licences import restriction
from lsp_server.routing.router import Route, Router
from lsp_server.schedule.cache import Cache, Remembered
from lsp_server.schedule.clock import Clock, Stopwatch
from lsp_server.schedule.inflight import Running
from lsp_server.schedule.slots import Ticket
from lsp_server.shaping.filters import clean_start, shape
from lsp_server.shaping.site import Site
from lsp_server.telemetry.tokens import TokenAccount
from lsp_server.types import Answer, CleanPrompt, Gate, Prompt, PromptSummary

LICENCE: Final = "licence"


@dataclass(frozen=True, slots=True)
class Means:
    """What an attempt works with."""

    settings: Settings
    router: Router
    clock: Clock
    cache: Cache
    account: TokenAccount
    prompter: Prompter


class Stage(Protocol):
    """Where the attempts at one stream meet: one of them is shown, and at most one gives units."""

    def grew(self, attempt: Attempt) -> None:
        """An attempt's draft is longer now."""
        ...

    def claims(self, attempt: Attempt) -> bool:
        """An attempt has a good unit; whether it may give it."""
        ...

    def read(self) -> None:
        """An attempt ends by itself from here on."""
        ...


@dataclass(slots=True, eq=False)
class Attempt:
    """The listener of one stream. ``draft`` is its text so far, cleaned for the place.

    ``silent_since_ms`` is when the last piece came, or the attempt began. ``sent`` tells that the backend was
    asked; ``closing`` that the connection is being closed, which must not be interrupted; ``given_up`` that
    nothing more of it counts.
    """

    means: Means
    route: Route
    running: Running
    stage: Stage
    temperature: float = 0.0
    draft: str = ""
    sent: bool = False
    closing: bool = False
    given_up: bool = False
    gate: Gate | None = None
    started_ms: float = field(init=False)
    silent_since_ms: float = field(init=False)
    task: asyncio.Task[Answer] = field(init=False)
    _stopped: bool = False
    _typical: bool = True
    _first: bool = True
    _timed: bool = False
    _received: int = 0
    _unread: int = 0
    _answer: Answer = field(init=False)
    _watch: Stopwatch = field(init=False)
    _site: Site = field(init=False)
    _ticket: Ticket | None = None

    def __post_init__(self) -> None:
        self.started_ms = self.silent_since_ms = self.means.clock.now_ms()
        self._answer = Answer(backend=self.route.backend.name)
        self._watch = Stopwatch(self.means.clock)
        self._site = Site.of(self.running.cursor)

    def start(self) -> None:
        """Begin. ``task`` gives what the attempt amounts to, or raises ``BackendError``."""
        self.task = asyncio.ensure_future(self._ask())

    def stop(self) -> None:
        """End it, unless it ends by itself already. The connection is closed when ``task`` is done."""
        if not self._stopped and not self.closing:
            self._stopped = True
            self.task.cancel()

    def waited_for(self, waited_for: bool) -> None:
        """Somebody waits for the stream now, or nobody any more."""
        if self._ticket is not None:
            self._ticket.background = not waited_for

    async def _ask(self) -> Answer:
        means, route, running = self.means, self.route, self.running
        self._typical = route.family is not None
        family = await means.router.identify(route)
        self._answer = replace(self._answer, model=route.info.name if route.info else None)
        self.lap("identify")
        gate = self._licence_gate()
        if gate is not None:
            return self._ended(gate)
        clean = await means.prompter.prompt(route, family, running.cursor, self.temperature)
        self.lap("prompt")
        if isinstance(clean, Gate):
            return self._ended(clean)
        self._answer = replace(self._answer, prompt=_summary(clean.prompt))
        self._ticket = route.slots.take(running.leave, background=not running.waiting)
        async with self._ticket:
            self.lap("slot")
            running.started = True
            self._unread = route.unread(clean.prompt)
            route.note_prompt(clean.prompt)
            await self._generate(clean)
        self._learn(clean.prompt)
        return self._ended(None if running.stands else self.gate)

    async def _generate(self, clean: CleanPrompt) -> None:
        means, route = self.means, self.route
        completion = means.settings.completion
        limits = Limits(self._site, completion.max_lines, streak=not self.running.variant)
        budget = means.router.budget
        budget.asked(route.settings)
        self.sent = True
        try:
            await generate(route.backend, clean, limits, self, means.clock)
        finally:
            budget.used(route.settings, route.model, self._answer.usage, clean.prompt.tokens, self._received)

    # What the stream tells.

    def lap(self, name: str) -> None:
        """Note the time of a step until the first unit stands; a first token tells how fast it reads."""
        self._watch.lap(name)
        if name == "first_token":
            self.route.reading.observe(self._unread, self._watch.laps[name])

    def grew(self, text: str) -> None:
        """Show the draft to those who wait for it."""
        self.silent_since_ms = self.means.clock.now_ms()
        self.draft = clean_start(text, self.running.cursor)
        self.stage.grew(self)

    def unit(self, generated: Generated) -> bool:
        """Filter a unit; those who wait are answered, and it is remembered."""
        if self._first:
            self.lap("stream")
        running = self.running
        self._answer = replace(self._answer, usage=generated.usage)
        shaped = shape(generated.text, running.cursor, generated.finish, self._site)
        if isinstance(shaped, Gate):
            self.gate = shaped
            return False
        if not self.stage.claims(self):
            return False
        if self._first:
            self.lap("shaping")
            self._first = generated.provisional
        self._succeeded()
        if generated.confidence is not None:
            running.confidence = generated.confidence
        answer = replace(self._answer, timings_ms=self._watch.laps)
        taken = running.unit(shaped, answer, provisional=generated.provisional)
        if taken:
            self._remember(generated)
        return taken

    def read(self, received: int, used: int) -> None:
        """Count what came; from here on the stream ends by itself."""
        self.closing = True
        self._received = received
        self.stage.read()
        self.means.account.add(received, used)

    def _succeeded(self) -> None:
        """The backend is well; the first time, this is how long its first unit took."""
        if self._timed:
            return
        self._timed = True
        # The first answer of a backend includes loading; one that was left came when it was left.
        typical = self._typical and not self._stopped
        passed_ms = self.means.clock.now_ms() - self.started_ms
        self.means.router.succeeded(self.route, self, passed_ms if typical else None)

    def _remember(self, generated: Generated) -> None:
        running = self.running
        name = self.route.backend.name
        remembered = Remembered(running.shaped, running.ends, name, generated.finish, running.confidence)
        self.means.cache.store(running.base, remembered, behind=running.variant > 0)

    def _licence_gate(self) -> Gate | None:
        route = self.route
        if not self.means.settings.licence.production or route.info is None:
            return None
        reason = restriction(route.info, route.backend.destination)
        return Gate(LICENCE, f"{route.backend.name}: {reason}") if reason else None

    def _learn(self, prompt: Prompt) -> None:
        """Learn from a good answer: the backend is well, and how long the prompt really was."""
        if not self._timed:
            self._timed = True
            self.means.router.succeeded(self.route, self)
        usage = self._answer.usage
        if usage is not None and usage.prompt_tokens:
            self.route.calibration = self.route.calibration.observe(prompt.tokens, usage.prompt_tokens)

    def _ended(self, gate: Gate | None) -> Answer:
        return replace(self._answer, gate=gate, timings_ms=self._watch.laps)


def _summary(prompt: Prompt) -> PromptSummary:
    return PromptSummary(
        family=prompt.template.name,
        tokens=prompt.tokens,
        prefix_chars=len(prompt.prefix),
        suffix_chars=len(prompt.suffix),
        snippets=tuple((s.path, s.origin, s.score) for s in prompt.snippets),
    )
