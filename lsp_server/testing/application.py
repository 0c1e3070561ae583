"""An application that answers as a test tells it to, in place of ``lsp_server.app.App``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from lsp_server.actions.model import Offer, Outcome, Page, Refused, Situation
from lsp_server.document.store import DocumentStore
from lsp_server.schedule.supersede import Streams
from lsp_server.status import Status
from lsp_server.types import Answer, Request, Suggestion

Reply = Callable[[Request], Answer]


@dataclass(frozen=True, slots=True)
class Message:
    """A notice for the user."""

    level: Literal["info", "warning", "error"]
    text: str


@dataclass
class ScriptedApplication:
    """Fulfils ``lsp_server.lsp.application.Application`` and keeps its promises, without an engine.

    ``reply`` makes the answers. While ``gate`` is cleared, requests wait for it. ``journal`` holds every
    other call as ``(name, *arguments)``, in order.
    """

    reply: Reply = field(default=lambda _: Answer())
    menu: Literal["auto", "always", "never"] = "auto"
    documents: DocumentStore = field(default_factory=DocumentStore)
    journal: list[tuple[Any, ...]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    offered: Sequence[Offer] = ()
    perform: Callable[[Situation], Outcome] = field(default=lambda _: Refused("nothing is scripted"))
    page_path: Path | None = None
    on: bool = True
    names: tuple[str, ...] = ("scripted",)
    chosen: str | None = None
    now: Status = field(default_factory=lambda: Status("ready", "scripted"))

    def __post_init__(self) -> None:
        self.gate.set()
        self._streams = Streams()
        self.notify: Callable[[Message], None] = lambda _: None
        self.approve: Callable[[str, str], Awaitable[bool]] | None = None

    def configure(self, tree: object) -> None:
        """Noted."""
        self.journal.append(("configure", tree))

    def set_workspace(self, folders: Sequence[str]) -> None:
        """Noted."""
        self.journal.append(("set_workspace", tuple(folders)))

    async def start(self) -> None:
        """Noted."""
        self.journal.append(("start",))

    async def complete(self, request: Request) -> Answer:
        """What ``reply`` says, once ``gate`` is open; superseded and closed as the protocol asks."""
        self.requests.append(request)
        return await self._streams.run(request.stream, self._answer(request))

    async def _answer(self, request: Request) -> Answer:
        await self.gate.wait()
        return self.reply(request)

    def document_changed(self, uri: str) -> None:
        """Noted."""
        self.journal.append(("document_changed", uri))

    def document_closed(self, uri: str) -> None:
        """Noted; ends what runs for the document."""
        self.journal.append(("document_closed", uri))
        self._streams.close(uri)

    def accepted(self, suggestion_id: str, length: int | None) -> None:
        """Noted."""
        self.journal.append(("accepted", suggestion_id, length))

    def shown(self, suggestion_id: str) -> None:
        """Noted."""
        self.journal.append(("shown", suggestion_id))

    def backends(self) -> Sequence[dict[str, object]]:
        """``names``, each with whether it was chosen."""
        return [{"name": name, "chosen": name == self.chosen} for name in self.names]

    def choose_backend(self, name: str | None) -> bool:
        """Whether it is one of ``names``, which is noted as ``chosen``."""
        if name is not None and name not in self.names:
            return False
        self.chosen = name
        return True

    def status(self) -> Status:
        """``now``."""
        return self.now

    def watch_status(self, on_status: Callable[[Status], None]) -> None:
        """Kept as ``tell_status``, and told ``now``."""
        self.tell_status = on_status
        on_status(self.now)

    def explain(self) -> dict[str, object]:
        """How many requests there were."""
        return {"requests": len(self.requests)}

    def stats(self) -> dict[str, object]:
        """How many requests there were."""
        return {"requests": len(self.requests)}

    def snooze(self, minutes: float | None) -> None:
        """Noted."""
        self.journal.append(("snooze", minutes))

    def toggle(self) -> bool:
        """Noted; switches ``on``."""
        self.on = not self.on
        self.journal.append(("toggle",))
        return self.on

    async def offers(self, situation: Situation, *, can_prompt: bool) -> Sequence[Offer]:
        """``offered``, whatever the situation."""
        self.journal.append(("offers", situation, can_prompt))
        return self.offered

    async def act(
        self, name: str, situation: Situation, instruction: str, on_progress: Callable[[str, int], None]
    ) -> Outcome:
        """What ``perform`` makes of the document, once ``gate`` is open."""
        self.journal.append(("act", name, situation, instruction))
        on_progress("scripted", 10)
        await self.gate.wait()
        return self.perform(situation)

    def keep_page(self, page: Page) -> Path | None:
        """Noted; the page is at ``page_path``."""
        self.journal.append(("keep_page", page))
        return self.page_path

    def subscribe(
        self,
        on_notice: Callable[[Message], None],
        approve: Callable[[str, str], Awaitable[bool]],
        on_progress: Callable[[str, int, int], None],
    ) -> None:
        """Kept as ``notify``, ``approve`` and ``progress``."""
        self.notify = on_notice
        self.approve = approve
        self.progress = on_progress

    def files_changed(self, paths: Sequence[str]) -> None:
        """Noted."""
        self.journal.append(("files_changed", tuple(paths)))

    async def close(self) -> None:
        """Noted."""
        self.journal.append(("close",))
        self._streams.close("")

    def noted(self, name: str) -> list[tuple[Any, ...]]:
        """The arguments of the calls of ``name``, in order."""
        return [call[1:] for call in self.journal if call[0] == name]


def suggest(*texts: str) -> Reply:
    """Replies that suggest ``texts`` at the cursor, best first, with the ids ``s0``, ``s1`` and so on."""

    def reply(request: Request) -> Answer:
        blank = Suggestion(text="", position=request.cursor.position, backend="scripted", origin="backend")
        return Answer(
            suggestions=tuple(replace(blank, text=text, id=f"s{n}") for n, text in enumerate(texts)),
            backend="scripted",
        )

    return reply
