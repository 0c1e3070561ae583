"""The clean prompt of one place for one backend."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from lsp_server.config.settings import Settings
from lsp_server.policy.clearance import Policy
from lsp_server.prompt import layout
from lsp_server.prompt.families import Family
from lsp_server.prompt.window import Anchor
from lsp_server.routing.router import Route
from lsp_server.shaping.mode import Mode, choose_mode
from lsp_server.types import CleanPrompt, Cursor, Gate, Prompt

TOO_LONG: Final = Gate("prompt_too_long", "the prompt does not fit the model's context")

EXACT_SHARE: Final = 0.8
"""From this part of the model's context on, a prompt is counted by the backend's own tokenizer where it has
one: the estimate may be wrong by a tenth and more on unusual text."""
LAYOUT_ROUNDS: Final = 3
"""Each round learns the true ratio of tokens to text, so the second fits but for the smoothing."""


class Prompter:
    """Lays out prompts and has them cleared. Remembers each document's window, so that it stays put."""

    def __init__(self, settings: Settings, policy: Policy) -> None:
        self._settings = settings
        self._policy = policy
        self._anchors: dict[tuple[str, str], Anchor] = {}
        self._ready: tuple[Cursor, Route, CleanPrompt | Gate] | None = None

    def prepare(self, route: Route, family: Family, cursor: Cursor) -> None:
        """Make the prompt now that ``prompt`` will be asked for in a moment."""
        self._ready = (cursor, route, self._make(route, family, cursor))

    async def prompt(
        self, route: Route, family: Family, cursor: Cursor, temperature: float = 0.0
    ) -> CleanPrompt | Gate:
        """Return the prompt for ``cursor``, cleared for the route's backend, or the gate that forbids it.

        One near the model's context is counted exactly and cut again. Raises ``BackendError`` if the backend
        cannot count.
        """
        if temperature:
            return self._make(route, family, cursor, temperature)
        ready, self._ready = self._ready, None
        for _ in range(LAYOUT_ROUNDS):
            if ready is not None and ready[0] is cursor and ready[1] is route:
                clean = ready[2]
                ready = None
            else:
                clean = self._make(route, family, cursor)
            if isinstance(clean, Gate):
                return clean
            prompt = clean.prompt
            room = route.context_tokens - prompt.max_tokens
            if prompt.tokens < room * EXACT_SHARE:
                return clean
            exact = await route.backend.count_tokens(clean)
            if exact is None:
                return clean
            route.calibration = route.calibration.observe(prompt.tokens, exact)
            if exact <= room:
                return clean
        return TOO_LONG

    def forget(self, uri: str) -> None:
        """Drop what is kept for a closed document."""
        for key in [key for key in self._anchors if key[0] == uri]:
            del self._anchors[key]

    def _make(
        self, route: Route, family: Family, cursor: Cursor, temperature: float = 0.0
    ) -> CleanPrompt | Gate:
        prompt = replace(self._lay_out(route, family, cursor), temperature=temperature)
        return self._policy.clear(prompt, cursor, route.backend.destination)

    def _lay_out(self, route: Route, family: Family, cursor: Cursor) -> Prompt:
        key = (cursor.document.uri, route.backend.name)
        prompt, self._anchors[key] = layout.lay_out(
            cursor,
            family,
            limits=self._limits(route),
            anchor=self._anchors.get(key),
            calibration=route.calibration,
            relative_path=self._policy.relative(cursor),
            single_line=choose_mode(cursor) is Mode.LINE,
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
