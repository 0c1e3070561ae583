"""One code action, from the offer to what comes of it; reads as the list of its steps."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from lsp_server.action_inputs import ActionInputs
from lsp_server.actions.filling import filling
from lsp_server.actions.layout import Room, TooLong, lay_out_action
from lsp_server.actions.model import Offer, Outcome, Refused, Result, Situation
from lsp_server.actions.offers import NAMES
from lsp_server.actions.plan import plan
from lsp_server.actions.templates import ActionTemplate
from lsp_server.answer_reading import read_answer
from lsp_server.backends.base import BackendError, FillUnsupported
from lsp_server.blank_filler import BlankFiller, can_fill
from lsp_server.config.settings import Settings
from lsp_server.gathering import Gatherer
from lsp_server.policy.clearance import Policy
from lsp_server.prompt.families import Family
from lsp_server.routing.licences import restriction
from lsp_server.routing.router import Route, Router
from lsp_server.types import CleanPrompt, Cursor, Finish, Gate, Snippet

LOCAL_TOKENS: Final = 4096
"""Of a prompt for an engine on this machine whose speed is not known: two cores read that in some 20 s."""
REMOTE_TOKENS: Final = 16_384
"""Of a prompt for a hosted model: a long file with its neighbours, at the price of a cent."""
PATIENCE_MS: Final = 10_000.0
"""How long an engine may read before it begins to answer: somebody has asked for it and sees the progress."""
CLOSED_BLOCK: Final = re.compile(
    r"\A\s*(?:[^\n`~]*\n)*?[ \t]*(`{3,}(?!`)|~{3,}(?!~))[^\n]*\n(?:.*\n)??[ \t]*\1[`~]*[ \t]*\n", re.DOTALL
)
"""A code block that was opened and closed, with prose before it at most."""
BEHIND: Final = 200
"""Characters that are read behind a code block: another one makes the answer ambiguous, prose does not."""
ANOTHER: Final = re.compile(r"`{3}|~{3}|<{5}")


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done: an offer in its situation, and the prompt's template."""

    offer: Offer
    situation: Situation
    template: ActionTemplate


class ActionRunner:
    """Does jobs with the backends in order. One per configuration.

    ``run`` raises nothing but ``asyncio.CancelledError``, on which the connection is closed and nothing has
    been changed.
    """

    def __init__(
        self, settings: Settings, policy: Policy, router: Router, gatherer: Gatherer | None = None
    ) -> None:
        self._settings = settings
        self._policy = policy
        self._router = router
        self._gatherer = gatherer
        self._inputs = ActionInputs(policy)
        self._filler = BlankFiller(settings, policy, router)

    async def run(
        self, job: Job, on_progress: Callable[[str, int], None] = lambda _name, _characters: None
    ) -> Outcome:
        """Return the checked result of ``job``, or why there is none.

        ``on_progress`` is told the backend's name and how many characters have come.
        """
        cursor = Cursor(job.situation.document, job.offer.target.start)
        gate = self._policy.admit(cursor)
        if gate is not None:
            return Refused(gate.detail)
        document = job.situation.document
        inputs = await self._inputs.of(job.offer, document)
        if isinstance(inputs, Refused):
            return inputs
        why = "no backend is there that can be asked: run `codestral-lsp doctor`"
        for route in self._router.candidates():
            try:
                outcome = await self._ask(job, inputs, route, cursor, on_progress)
            except BackendError as error:
                self._router.failed(route, error)
                why = str(error)
                continue
            except TooLong as error:
                why = str(error)
                continue
            if isinstance(outcome, Gate):
                why = outcome.detail
                continue
            return self._inputs.placed(outcome, document, inputs)
        return Refused(why)

    async def _ask(
        self,
        job: Job,
        inputs: Mapping[str, str],
        route: Route,
        cursor: Cursor,
        on_progress: Callable[[str, int], None],
    ) -> Outcome | Gate:
        gate = self._policy.may_send(cursor, route.backend.destination)
        if gate is not None:
            return gate
        family = await self._family(route)
        gate = self._forbidden(route)
        if gate is not None:
            return gate
        ways: list[Callable[[], Awaitable[Outcome | Gate | None]]] = []
        if route.backend.capabilities.takes_chat:
            ways.append(partial(self._by_words, job, inputs, route, cursor, on_progress))
        # A user's own action is its prompt, which a blank has no place for.
        if family is not None and can_fill(family) and job.offer.action in NAMES:
            # An engine on this machine has a small model, which fills in better than it follows instructions,
            # and has read most of the text already.
            first = len(ways) if route.backend.destination.remote else 0
            ways.insert(first, partial(self._by_filling, job, route, family, on_progress))
        no_words = f"{route.backend.name} takes no instructions, only completions"
        outcome: Outcome | Gate = Gate("no_chat", no_words)
        for way in ways:
            outcome = await way() or outcome
            if not isinstance(outcome, Gate | Refused):
                break
        return outcome

    async def _family(self, route: Route) -> Family | None:
        """The model's family; None for one that cannot fill in the middle and may follow instructions."""
        try:
            return await self._router.identify(route)
        except FillUnsupported:
            return None

    async def _by_filling(
        self, job: Job, route: Route, family: Family, on_progress: Callable[[str, int], None]
    ) -> Outcome | Gate | None:
        """What filling in comes to; None where the action has no blanks or none was filled."""
        document = job.situation.document
        blanks = await asyncio.to_thread(filling, job.offer, document)
        if blanks is None:
            return None
        answer = await self._filler.answer(blanks, route, family, on_progress)
        if isinstance(answer, Gate):
            return answer
        return await asyncio.to_thread(plan, job.offer, document, answer, Finish.STOP) if answer else None

    async def _by_words(
        self,
        job: Job,
        inputs: Mapping[str, str],
        route: Route,
        cursor: Cursor,
        on_progress: Callable[[str, int], None],
    ) -> Outcome | Gate:
        """What comes of telling the model in words."""
        clean = await self._prompt(job, inputs, route, cursor)
        if isinstance(clean, Gate):
            return clean
        answer, finish = await self._read(job, route, clean, on_progress)
        # Parsing a long document anew, several times, takes longer than the event loop may wait.
        return await asyncio.to_thread(plan, job.offer, job.situation.document, answer, finish)

    async def _prompt(
        self, job: Job, inputs: Mapping[str, str], route: Route, cursor: Cursor
    ) -> CleanPrompt | Gate:
        snippets: tuple[Snippet, ...] = ()
        target = job.offer.target
        if self._gatherer is not None and "{around}" in job.template.user:
            visible = range(target.start.line, target.end.line + 1)
            snippets = await self._gatherer.gather(cursor, visible)
        prompt = lay_out_action(
            job.offer,
            job.situation,
            job.template,
            room=Room(route.context_tokens, self._prompt_tokens(route)),
            snippets=snippets,
            inputs=inputs,
            relative_path=self._policy.relative(cursor),
            calibration=route.calibration,
        )
        return self._policy.clear(prompt, cursor, route.backend.destination)

    async def _read(
        self, job: Job, route: Route, clean: CleanPrompt, on_progress: Callable[[str, int], None]
    ) -> tuple[str, Finish]:
        """The answer up to the end of its code block, or of itself."""
        is_block = job.offer.result is not Result.MARKDOWN

        def is_enough(text: str) -> bool:
            block = CLOSED_BLOCK.match(text) if is_block else None
            if block is None or len(text) - block.end() < BEHIND:
                return False
            return ANOTHER.search(text, block.end()) is None and "<<<<<" not in block[0]

        name = route.backend.name
        return await read_answer(
            clean, route, self._router, is_enough, lambda length: on_progress(name, length)
        )

    def _forbidden(self, route: Route) -> Gate | None:
        """The gate for a model that may not be used at work."""
        if self._settings.licence.production and route.info is not None:
            reason = restriction(route.info, route.backend.destination)
            return Gate("licence", f"{route.backend.name}: {reason}") if reason else None
        return None

    def _prompt_tokens(self, route: Route) -> int:
        """How long a prompt may be for a backend: what it reads in a bearable time."""
        if route.backend.destination.remote:
            return REMOTE_TOKENS
        fast = route.reading.tokens_in(PATIENCE_MS)
        return LOCAL_TOKENS if fast is None else min(REMOTE_TOKENS, max(LOCAL_TOKENS // 2, fast))
