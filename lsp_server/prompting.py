"""The clean prompt of one place for one backend."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

from lsp_server.config.settings import Settings
from lsp_server.gathering import Gatherer
from lsp_server.policy.clearance import Policy
from lsp_server.prompt import layout
from lsp_server.prompt.families import Family
from lsp_server.prompt.window import Anchor
from lsp_server.routing.router import Route
from lsp_server.shaping.mode import Mode, choose_mode
from lsp_server.types import CleanPrompt, Cursor, Gate, Prompt, Snippet

TOO_LONG: Final = Gate("prompt_too_long", "the prompt does not fit the model's context")

EXACT_SHARE: Final = 0.8
"""From this part of the model's context on, a prompt is counted by the backend's own tokenizer where it has
one: the estimate may be wrong by a tenth and more on unusual text."""
UNSEEN_LINES: Final = 60
"""Lines on either side of the cursor that the first window of a document is taken to show."""
LAYOUT_ROUNDS: Final = 3
"""Each round learns the true ratio of tokens to text, so the second fits but for the smoothing."""


class Prompter:
    """Lays out prompts and has them cleared. Remembers each document's window, so that it stays put."""

    def __init__(self, settings: Settings, policy: Policy, gatherer: Gatherer | None = None) -> None:
        self._settings = settings
        self._policy = policy
        self._gatherer = gatherer
        self._anchors: dict[tuple[str, str], Anchor] = {}
        self._ready: tuple[Cursor, Route, asyncio.Task[CleanPrompt | Gate]] | None = None

    def prepare(self, route: Route, family: Family, cursor: Cursor) -> None:
        """Begin to make the prompt that ``prompt`` will be asked for in a moment."""
        if self._ready is not None:
            self._ready[2].cancel()
        self._ready = (cursor, route, asyncio.ensure_future(self._gathered(route, family, cursor)))

    async def prompt(
        self, route: Route, family: Family, cursor: Cursor, temperature: float = 0.0
    ) -> CleanPrompt | Gate:
        """Return the prompt for ``cursor``, cleared for the route's backend, or the gate that forbids it.

        One near the model's context is counted exactly and cut again. Raises ``BackendError`` if the backend
        cannot count.
        """
        if temperature:
            return await self._gathered(route, family, cursor, temperature)
        ready = self._ready
        if ready is not None and ready[0] is cursor and ready[1] is route:
            self._ready = None
        else:
            ready = None  # It is for another place or backend, which will come for it.
        for number in range(LAYOUT_ROUNDS):
            if not number and ready is not None:
                clean = await ready[2]
            else:
                clean = await self._gathered(route, family, cursor)
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

    def close(self) -> None:
        """Make nothing ahead any more."""
        if self._ready is not None:
            self._ready[2].cancel()
            self._ready = None
        if self._gatherer is not None:
            self._gatherer.close()

    def forget(self, uri: str) -> None:
        """Drop what is kept for a closed document."""
        for key in [key for key in self._anchors if key[0] == uri]:
            del self._anchors[key]
        if self._gatherer is not None:
            self._gatherer.forget(uri)

    async def _gathered(
        self, route: Route, family: Family, cursor: Cursor, temperature: float = 0.0
    ) -> CleanPrompt | Gate:
        """The prompt with what is retrieved for it."""
        snippets: tuple[Snippet, ...] = ()
        if self._gatherer is not None:
            snippets = await self._gatherer.gather(
                cursor, self._visible(route, cursor), hold=route.rereads_slowly
            )
        prompt = replace(self._lay_out(route, family, cursor, snippets), temperature=temperature)
        return self._policy.clear(prompt, cursor, route.backend.destination)

    def _visible(self, route: Route, cursor: Cursor) -> range:
        """The lines that the window is going to show, as far as the last one tells."""
        anchor = self._anchors.get((cursor.document.uri, route.backend.name))
        line, count = cursor.position.line, len(cursor.document.lines)
        if anchor is not None and anchor.start.line <= line:
            return range(anchor.start.line, max(line + 1, count - (anchor.line_count - anchor.end.line)))
        return range(max(0, line - UNSEEN_LINES), min(count, line + UNSEEN_LINES))

    def _lay_out(self, route: Route, family: Family, cursor: Cursor, snippets: tuple[Snippet, ...]) -> Prompt:
        key = (cursor.document.uri, route.backend.name)
        prompt, self._anchors[key] = layout.lay_out(
            cursor,
            family,
            limits=self._limits(route),
            snippets=snippets,
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
            suffix_tokens=route.reading.suffix_tokens,
        )
