"""One completion, from cursor to suggestion; reads as the list of its steps."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from lsp_server.backends.base import BackendError
from lsp_server.config.settings import Settings
from lsp_server.generation import Generated, Limits, generate
from lsp_server.policy.clearance import Policy
from lsp_server.prompt import layout
from lsp_server.prompt.families import Family
from lsp_server.prompt.window import Anchor
from lsp_server.routing.licences import restriction
from lsp_server.routing.router import Route, Router
from lsp_server.schedule.cache import Cache
from lsp_server.schedule.clock import Clock
from lsp_server.schedule.debounce import debounce_ms
from lsp_server.shaping.filters import shape
from lsp_server.shaping.mode import Mode, choose_mode
from lsp_server.types import (
    Answer,
    CleanPrompt,
    Cursor,
    Gate,
    Prompt,
    PromptSummary,
    Request,
    Suggestion,
    Trigger,
)

DISABLED: Final = Gate("disabled", "completion is switched off (completion.enabled)")
LANGUAGE_OFF: Final = "language_disabled"
NO_BACKEND: Final = Gate("no_backend", "no backend is configured: run `codestral-lsp doctor`")
LICENCE: Final = "licence"
BACKEND_FAILED: Final = "backend_failed"
TOO_LONG: Final = Gate("prompt_too_long", "the prompt does not fit the model's context")
INSIDE_WORD: Final = Gate("inside_word", "the cursor is inside a word")


EXACT_SHARE: Final = 0.8
"""From this part of the model's context on, a prompt is counted by the backend's own tokenizer where it has
one: the estimate may be wrong by a tenth and more on unusual text."""
LAYOUT_ROUNDS: Final = 3
"""Each round learns the true ratio of tokens to text, so the second fits but for the smoothing."""


@dataclass(slots=True)
class Stopwatch:
    """Times of the steps in milliseconds, in the order they were taken."""

    clock: Clock
    laps: dict[str, float] = field(default_factory=dict)
    _started_ms: float = 0.0
    _last_ms: float = 0.0

    def __post_init__(self) -> None:
        self._started_ms = self._last_ms = self.clock.now_ms()

    def lap(self, name: str) -> None:
        """Note the time since the last lap under ``name``; laps of one name add up."""
        now_ms = self.clock.now_ms()
        self.laps[name] = self.laps.get(name, 0.0) + now_ms - self._last_ms
        self._last_ms = now_ms

    def stop(self) -> dict[str, float]:
        """The laps, with the ``total`` since the start."""
        return {**self.laps, "total": self.clock.now_ms() - self._started_ms}


class Engine:
    """Answers requests. One per configuration: a changed setting makes a new engine.

    ``complete`` raises nothing but ``asyncio.CancelledError``; leaving it early closes the backend's
    connection.
    """

    def __init__(
        self, settings: Settings, policy: Policy, router: Router, clock: Clock, cache: Cache | None = None
    ) -> None:
        self._settings = settings
        self._policy = policy
        self._router = router
        self._clock = clock
        self._cache = cache if cache is not None else Cache()
        self._anchors: dict[tuple[str, str], Anchor] = {}

    async def complete(self, request: Request) -> Answer:
        """Answer ``request``: a suggestion, or the gate that ended it."""
        watch = Stopwatch(self._clock)
        answer = await self._answer(request, watch)
        return replace(answer, timings_ms=watch.stop())

    def forget(self, uri: str) -> None:
        """Drop what is kept for a closed document."""
        for key in [key for key in self._anchors if key[0] == uri]:
            del self._anchors[key]

    async def _answer(self, request: Request, watch: Stopwatch) -> Answer:
        cursor = request.cursor
        gate = self._gate(request)
        watch.lap("gate")
        if gate is not None:
            return Answer(gate=gate)

        known = self._cache.lookup(cursor) if request.backend is None else None
        watch.lap("cache")
        if known is not None:
            return Answer(suggestions=(known,), backend=known.backend)

        await self._clock.sleep_ms(debounce_ms(self._settings.completion.debounce, request.trigger, cursor))
        watch.lap("debounce")
        return await self._ask(request, watch)

    def _gate(self, request: Request) -> Gate | None:
        """Rules that need no model: settings, paths, and places where suggestions are noise."""
        completion = self._settings.completion
        cursor = request.cursor
        if not completion.enabled and request.trigger is Trigger.AUTOMATIC:
            return DISABLED
        language = cursor.document.language
        if completion.languages.get(language) is False:
            return Gate(LANGUAGE_OFF, f"completion is switched off for {language} (completion.languages)")
        if request.trigger is Trigger.AUTOMATIC and _inside_word(cursor):
            return INSIDE_WORD
        return self._policy.admit(cursor)

    async def _ask(self, request: Request, watch: Stopwatch) -> Answer:
        """Try the backends in order until one answers, or says that there is nothing to suggest."""
        last = Answer(gate=self._nobody(request))
        for route in self._router.candidates(request.backend):
            gate = self._policy.may_send(request.cursor, route.backend.destination)
            if gate is not None:
                last = Answer(gate=gate, backend=route.backend.name)
                continue
            try:
                answer = await self._attempt(route, request, watch)
            except BackendError as error:
                self._router.failed(route, error)
                last = Answer(gate=Gate(BACKEND_FAILED, str(error)), backend=route.backend.name)
                continue
            if answer is not None:
                return answer
        return last

    def _nobody(self, request: Request) -> Gate:
        """Why no backend was tried: none is there, or each is known to be failing."""
        routes = [r for r in self._router.routes if request.backend in (None, r.backend.name)]
        if request.backend is not None and not routes:
            return Gate(NO_BACKEND.name, f"no backend is named {request.backend!r}")
        problems = [route.health.problem for route in routes if route.health.problem]
        return Gate(BACKEND_FAILED, problems[0]) if problems else NO_BACKEND

    async def _attempt(self, route: Route, request: Request, watch: Stopwatch) -> Answer | None:
        """One try on one backend. Raises ``BackendError``."""
        cursor = request.cursor
        family = await self._router.identify(route)
        watch.lap("identify")
        gate = self._licence_gate(route)
        if gate is not None:
            return Answer(gate=gate, backend=route.backend.name)
        mode = choose_mode(cursor)
        clean = await self._prompt(route, family, cursor, mode, watch)
        if isinstance(clean, Gate):
            return Answer(gate=clean, backend=route.backend.name)
        limits = Limits(mode, self._settings.completion.max_lines)
        generated = await generate(route.backend, clean, cursor, limits, watch.lap)
        self._note(route, clean.prompt, generated)
        answer = self._shape(route, clean.prompt, generated, cursor)
        watch.lap("shaping")
        return answer

    def _licence_gate(self, route: Route) -> Gate | None:
        if not self._settings.licence.production or route.info is None:
            return None
        reason = restriction(route.info, route.backend.destination)
        return Gate(LICENCE, f"{route.backend.name}: {reason}") if reason else None

    async def _prompt(
        self, route: Route, family: Family, cursor: Cursor, mode: Mode, watch: Stopwatch
    ) -> CleanPrompt | Gate:
        """Lay out the prompt and clear it; one near the model's context is counted exactly and cut again."""
        for _ in range(LAYOUT_ROUNDS):
            prompt = self._lay_out(route, family, cursor, mode)
            watch.lap("prompt")
            clean = self._policy.clear(prompt, cursor, route.backend.destination)
            watch.lap("policy")
            room = route.context_tokens - prompt.max_tokens
            if isinstance(clean, Gate) or prompt.tokens < room * EXACT_SHARE:
                return clean
            exact = await route.backend.count_tokens(clean)
            watch.lap("count")
            if exact is None:
                return clean
            route.calibration = route.calibration.observe(prompt.tokens, exact)
            if exact <= room:
                return clean
        return TOO_LONG

    def _lay_out(self, route: Route, family: Family, cursor: Cursor, mode: Mode) -> Prompt:
        key = (cursor.document.uri, route.backend.name)
        prompt, self._anchors[key] = layout.lay_out(
            cursor,
            family,
            limits=self._limits(route),
            anchor=self._anchors.get(key),
            calibration=route.calibration,
            relative_path=self._policy.relative(cursor),
            single_line=mode is Mode.LINE,
        )
        return prompt

    def _limits(self, route: Route) -> layout.Limits:
        capabilities = route.backend.capabilities
        return layout.Limits(
            context_tokens=route.context_tokens,
            budget_tokens=self._settings.context.budget_tokens,
            max_tokens=self._settings.completion.max_tokens,
            max_stops=capabilities.max_stops,
            forces_start=capabilities.forces_start,
            takes_parts=capabilities.takes_parts,
        )

    def _note(self, route: Route, prompt: Prompt, generated: Generated) -> None:
        """Learn from a good answer: the backend is well, and how long the prompt really was."""
        self._router.succeeded(route)
        usage = generated.usage
        if usage is not None and usage.prompt_tokens:
            route.calibration = route.calibration.observe(prompt.tokens, usage.prompt_tokens)

    def _shape(self, route: Route, prompt: Prompt, generated: Generated, cursor: Cursor) -> Answer:
        name = route.backend.name
        model = route.info.name if route.info else None
        answer = Answer(backend=name, model=model, prompt=_summary(prompt), usage=generated.usage)
        shaped = shape(generated.text, cursor, generated.finish)
        if isinstance(shaped, Gate):
            return replace(answer, gate=shaped)
        suggestion = Suggestion(
            text=shaped, position=cursor.position, backend=name, origin="backend", finish=generated.finish
        )
        self._cache.store(cursor, suggestion)
        return replace(answer, suggestions=(suggestion,))


def _inside_word(cursor: Cursor) -> bool:
    """Whether word characters stand on both sides of the cursor."""
    return bool(cursor.after[:1].isalnum() and (cursor.before[-1:].isalnum() or cursor.before[-1:] == "_"))


def _summary(prompt: Prompt) -> PromptSummary:
    return PromptSummary(
        family=prompt.template.name,
        tokens=prompt.tokens,
        prefix_chars=len(prompt.prefix),
        suffix_chars=len(prompt.suffix),
        snippets=tuple((s.path, s.origin, s.score) for s in prompt.snippets),
    )
