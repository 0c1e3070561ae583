"""An action's answer by filling in blanks (``actions.filling``), each a request to a model that can."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

from lsp_server.actions.filling import Blank, Filling
from lsp_server.answer_reading import read_answer
from lsp_server.config.settings import Settings
from lsp_server.generation import without_start
from lsp_server.policy.clearance import Policy
from lsp_server.prompt.families import Family
from lsp_server.prompt.layout import Limits, lay_out
from lsp_server.prompt.window import Anchor
from lsp_server.routing.router import Route, Router
from lsp_server.types import CleanPrompt, Finish, Gate, PromptForm

READING_MS: Final = 6000.0
"""How long an engine may read before it writes: the file's own text around the blank is what tells most."""
LEAST_TOKENS: Final = 600


def can_fill(family: Family) -> bool:
    """Whether a model of the family fills in the middle by itself, and not when told to in words."""
    return family.form is not PromptForm.CHAT


class BlankFiller:
    """Fills blanks for one configuration. The text around a blank is all that the model is shown."""

    def __init__(self, settings: Settings, policy: Policy, router: Router) -> None:
        self._settings = settings
        self._policy = policy
        self._router = router

    async def answer(
        self, filling: Filling, route: Route, family: Family, on_progress: Callable[[str, int], None]
    ) -> str | Gate:
        """Return the answer, empty where the model left all blank. Raises ``BackendError``."""
        anchor: Anchor | None = None
        characters = 0
        # What goes on between two blanks parses the document.
        blank = await asyncio.to_thread(next, filling, None)
        answer = ""
        while blank is not None:
            clean, anchor = self._prompt(blank, route, family, anchor)
            if isinstance(clean, Gate):
                return clean
            on_length = partial(_tell, on_progress, route.backend.name, characters)
            text = await self._fill(clean, blank, route, on_length)
            characters += len(text)
            blank, answer = await asyncio.to_thread(_sent, filling, text)
        return answer

    def _prompt(
        self, blank: Blank, route: Route, family: Family, anchor: Anchor | None
    ) -> tuple[CleanPrompt | Gate, Anchor]:
        can = route.backend.capabilities
        prompt, anchor = lay_out(
            blank.cursor,
            family,
            limits=Limits(
                context_tokens=route.context_tokens,
                budget_tokens=self._budget(route),
                max_tokens=blank.max_tokens,
                max_stops=can.max_stops,
                forces_start=can.forces_start,
                takes_parts=can.takes_parts,
            ),
            anchor=anchor,
            calibration=route.calibration,
            relative_path=self._policy.relative(blank.cursor),
            extra_stops=blank.stops,
        )
        # A stop text within the forced start would end the answer there; it is looked for here as well.
        stops = tuple(stop for stop in prompt.stop if stop not in prompt.forced)
        prompt = replace(prompt, stop=stops)
        return self._policy.clear(prompt, blank.cursor, route.backend.destination), anchor

    async def _fill(
        self, clean: CleanPrompt, blank: Blank, route: Route, on_length: Callable[[int], None]
    ) -> str:
        """The text for a blank behind its forced start; empty if it did not come to its end."""
        forced = clean.prompt.forced

        def is_enough(text: str) -> bool:
            filled = without_start(forced, text)
            return blank.done(filled) or any(stop in filled for stop in blank.stops)

        text, finish = await read_answer(clean, route, self._router, is_enough, on_length)
        # What was cut off may break off anywhere: half a sentence is none.
        is_whole = finish is not Finish.LENGTH or is_enough(text)
        return without_start(forced, text) if is_whole else ""

    def _budget(self, route: Route) -> int:
        most = self._settings.context.budget_tokens
        if route.backend.destination.remote:
            return most
        fast = route.reading.tokens_in(READING_MS)
        return most if fast is None else min(most, max(LEAST_TOKENS, fast))


def _tell(on_progress: Callable[[str, int], None], name: str, before: int, length: int) -> None:
    on_progress(name, before + length)


def _sent(filling: Filling, text: str) -> tuple[Blank | None, str]:
    """The next blank, or the answer."""
    try:
        return filling.send(text), ""
    except StopIteration as end:
        return None, str(end.value)
