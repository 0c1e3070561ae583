"""What the LSP room needs of the application, said from this side; ``lsp_server.app`` provides it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Literal, Protocol

from lsp_server.actions.model import Offer, Outcome, Page, Situation
from lsp_server.document.store import DocumentStore
from lsp_server.types import Answer, Request

Menu = Literal["auto", "always", "never"]


class Notice(Protocol):
    """One line for the user: what happened, where, what to do."""

    @property
    def level(self) -> Literal["info", "warning", "error"]:
        """How it is shown."""
        ...

    @property
    def text(self) -> str:
        """The line."""
        ...


class Status(Protocol):
    """What a session is doing. ``backend`` answered last, or else would be asked first."""

    @property
    def state(self) -> Literal["ready", "working", "snoozed", "off", "unavailable"]:
        """``working``: something waits for a model. ``unavailable``: there is no backend to ask."""
        ...

    @property
    def backend(self) -> str | None:
        """The backend's name."""
        ...

    @property
    def model(self) -> str | None:
        """The model's name, once the backend was asked."""
        ...

    @property
    def remote(self) -> bool:
        """Whether the backend is remote."""
        ...

    @property
    def message(self) -> str:
        """A line for people, or nothing."""
        ...


class Application(Protocol):
    """The product behind the protocol. Its methods are called on the event loop and return at once."""

    documents: DocumentStore

    @property
    def menu(self) -> Menu:
        """The setting ``completion.menu`` in force."""
        ...

    def configure(self, tree: object) -> None:
        """Take the editor's settings, any JSON, wrapped in ``codestral`` or not. Never raises."""
        ...

    def set_workspace(self, folders: Sequence[str]) -> None:
        """Take the native paths of the workspace's folders, which replace the ones before."""
        ...

    async def start(self) -> None:
        """Get ready in the background; runs after ``initialized``."""
        ...

    async def complete(self, request: Request) -> Answer:
        """Answer ``request``. Raises nothing but ``asyncio.CancelledError``.

        A newer request of the same ``Request.stream`` ends this one, which then answers with the gate
        ``superseded``; closing its document ends it with another gate.
        """
        ...

    def document_changed(self, uri: str) -> None:
        """A document's text is another now. ``uri`` is spelled as in ``Document.uri``."""
        ...

    def document_closed(self, uri: str) -> None:
        """A document is no longer open: what runs for it ends. ``uri`` is spelled as in ``Document.uri``."""
        ...

    def files_changed(self, paths: Sequence[str]) -> None:
        """Files of the workspace (native paths) were saved, made, changed or deleted."""
        ...

    def accepted(self, suggestion_id: str, length: int | None) -> None:
        """The user took a suggestion: all of it (None), or its first ``length`` UTF-16 units."""
        ...

    def shown(self, suggestion_id: str) -> None:
        """The editor shows a suggestion."""
        ...

    def backends(self) -> Sequence[dict[str, object]]:
        """The state of each backend, first choice first, as JSON can hold it; each has a ``name``."""
        ...

    def choose_backend(self, name: str | None) -> bool:
        """Ask ``name`` first in this session, None: as the settings say. False if there is none."""
        ...

    def status(self) -> Status:
        """What the session is doing."""
        ...

    def watch_status(self, on_status: Callable[[Status], None]) -> None:
        """Tell ``on_status`` the status, now and at each change."""
        ...

    def explain(self) -> dict[str, object]:
        """The last requests and what became of them, as JSON can hold it; ``markdown`` for people."""
        ...

    def stats(self) -> dict[str, object]:
        """The counts of this session, as JSON can hold it; ``markdown`` is a page for people."""
        ...

    def snooze(self, minutes: float | None) -> None:
        """Make no suggestions by itself for ``minutes``; None ends that."""
        ...

    def toggle(self) -> bool:
        """Switch automatic suggestions off, or on again; returns whether they are on."""
        ...

    async def offers(self, situation: Situation, *, can_prompt: bool) -> Sequence[Offer]:
        """The code actions that make sense in ``situation``; with ``can_prompt`` those that need words too.

        Raises nothing but ``asyncio.CancelledError``.
        """
        ...

    async def act(
        self, name: str, situation: Situation, instruction: str, on_progress: Callable[[str, int], None]
    ) -> Outcome:
        """Do the code action ``name``. Raises nothing but ``asyncio.CancelledError``.

        ``on_progress`` is told a backend's name and how many characters have come of its answer. An action
        that would edit a document which is changed or closed meanwhile ends as refused.
        """
        ...

    def keep_page(self, page: Page) -> Path | None:
        """Write a page to a file that the editor can open; None if that cannot be done."""
        ...

    def subscribe(
        self,
        on_notice: Callable[[Notice], None],
        approve: Callable[[str, str], Awaitable[bool]],
        on_progress: Callable[[str, int, int], None],
    ) -> None:
        """Take the ways to reach the user: a message, a question about an origin with its reason, and how
        many files of how many in a folder have been read.
        """
        ...

    async def close(self) -> None:
        """Stop everything that runs."""
        ...
