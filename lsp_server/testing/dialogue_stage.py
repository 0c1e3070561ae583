"""What stands behind the server while a dialogue is played: an application, and a clock that stands still."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from lsp_server.actions.model import Offer, Outcome, Plan, Refused, Result, Situation, Span, TextEdit
from lsp_server.lsp.application import Application
from lsp_server.testing.application import ScriptedApplication, suggest
from lsp_server.testing.clock import ManualClock, settle
from lsp_server.testing.dialogue_match import difference, filled
from lsp_server.types import Answer, Gate, Position, Request

NOTHING = Answer(gate=Gate("scripted", "there is nothing to suggest"))


class DialogueApplication(ScriptedApplication):
    """A scripted application that takes its time on a clock that stands still."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(lambda _: NOTHING)
        self.clock = clock
        self.thinking_ms = 0.0

    async def _answer(self, request: Request) -> Answer:
        await self.clock.sleep_ms(self.thinking_ms)
        return await super()._answer(request)


class Stage:
    """An application and its clock, as a dialogue sees them. ``do`` plays the steps that are about them."""

    def __init__(self, application: Application, clock: ManualClock) -> None:
        self.application = application
        self.clock = clock

    async def do(self, name: str, *values: Any) -> str | None:
        """Play a step; returns what is wrong, if anything is."""
        act: Callable[..., Awaitable[str | None]] | None = getattr(self, f"_do_{name}", None)
        if act is None:
            return "is a step for a scripted application"
        return await act(*values)

    async def close(self) -> None:
        """End what still runs."""
        await self.clock.advance(0)

    async def _do_wait(self, milliseconds: float) -> None:
        await settle()
        await self.clock.advance(milliseconds)


class ScriptedStage(Stage):
    """An application that does what the steps say."""

    def __init__(self) -> None:
        self._script = DialogueApplication(ManualClock())
        self._approval: asyncio.Task[bool] | None = None
        super().__init__(self._script, self._script.clock)

    async def close(self) -> None:
        """End what still runs."""
        if self._approval is not None:
            self._approval.cancel()
        self._script.gate.set()
        await super().close()

    async def _do_application(self, options: Mapping[str, Any]) -> None:
        for name, value in options.items():
            setattr(self._script, name, value)

    async def _do_suggest(self, *texts: str) -> None:
        self._script.reply = suggest(*texts)

    async def _do_nothing(self) -> None:
        self._script.reply = lambda _: NOTHING

    async def _do_thinks(self, milliseconds: float) -> None:
        self._script.thinking_ms = milliseconds

    async def _do_hold(self) -> None:
        self._script.gate.clear()

    async def _do_release(self) -> None:
        self._script.gate.set()

    async def _do_offer(self, told: Mapping[str, Any]) -> None:
        offer = Offer(told["action"], told["title"], told["kind"], Result.REPLACEMENT, _span(*told["target"]))
        self._script.offered = [offer]

    async def _do_plan(self, edits: list[list[Any]]) -> None:
        """``[[first line, column, last line, column, text], ...]``; without edits the action is refused."""
        changes = tuple(TextEdit(_span(*edit[:4]), edit[4]) for edit in edits)

        def perform(situation: Situation) -> Outcome:
            if not changes:
                return Refused("there is nothing to do")
            return Plan(situation.document, changes, situation_label(self._script))

        self._script.perform = perform

    async def _do_approve(self, origin: str, reason: str) -> None:
        """The application asks whether code may go to an origin."""
        assert self._script.approve is not None, "the server has not subscribed yet"
        self._approval = asyncio.ensure_future(self._script.approve(origin, reason))
        await settle()

    async def _do_approved(self, wanted: bool) -> str | None:
        assert self._approval is not None, "nothing was asked"
        async with asyncio.timeout(1):
            answer = await self._approval
        return None if answer is wanted else f"the application was told {answer}"

    async def _do_noted(self, name: str, pattern: Any) -> str | None:
        """What the application was told under ``name`` since the last such step, as a list of arguments."""
        await settle()
        calls = [list(call[1:]) for call in self._script.journal if call[0] == name]
        self._script.journal[:] = [call for call in self._script.journal if call[0] != name]
        calls = [[list(value) if isinstance(value, tuple) else value for value in call] for call in calls]
        return difference(filled(pattern, calls, {}), calls) or None


def situation_label(application: ScriptedApplication) -> str:
    """The title of what was offered."""
    return application.offered[0].title if application.offered else "Scripted"


def _span(first: int, column: int, last: int, end: int) -> Span:
    return Span(Position(first, column), Position(last, end))
