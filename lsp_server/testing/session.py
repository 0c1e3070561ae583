"""A buffer in front of an engine, typed into on a clock that stands still: no editor, no protocol, no wire.

session = TypingSession("return ", "\\n", lambda clean: "sum(values)\\n")
assert await session.shows(100) == "sum(values)"
session.edit("s")
assert await session.shows() == "um(values)"
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from lsp_server.config.settings import BackendSettings, Settings
from lsp_server.document.edits import Change
from lsp_server.document.store import DocumentStore
from lsp_server.engine import Engine
from lsp_server.policy.clearance import Policy
from lsp_server.policy.paths import PathRules
from lsp_server.routing.router import Route, Router
from lsp_server.testing.backend import ScriptedBackend
from lsp_server.testing.clock import ManualClock, settle
from lsp_server.types import Answer, CleanPrompt, Cursor, Document, Position, Request, Trigger

FIRST_TOKEN_MS = 100.0
"""The scripted backend's time to its first token unless told otherwise."""


class TypingSession:
    """One document of Python, the cursor between ``before`` and ``after``, and one scripted backend.

    Without ``completion`` settings there is no debounce and no work ahead. ``options`` are the backend's.
    """

    uri = "file:///project/main.py"

    def __init__(
        self,
        before: str,
        after: str,
        answer: Callable[[CleanPrompt], str],
        completion: Mapping[str, object] | None = None,
        **options: Any,
    ) -> None:
        self.clock = ManualClock()
        self.backend = ScriptedBackend(self.clock, answer, **{"first_token_ms": FIRST_TOKEN_MS, **options})
        self.route = Route(self.backend, BackendSettings(name=self.backend.name, kind="llamacpp"))
        tree = {"completion": {"debounce": 0, "speculation": "never", **(completion or {})}}
        self.engine = Engine(
            Settings.model_validate(tree),
            Policy(PathRules(), remote_allowed=True, folders=("/project",)),
            Router([self.route], self.clock),
            self.clock,
        )
        self.documents = DocumentStore()
        self.documents.open(self.uri, "python", 1, before + after)
        lines = before.split("\n")
        self.position = Position(len(lines) - 1, len(lines[-1]))

    @property
    def document(self) -> Document:
        """The document as it is now."""
        document = self.documents.get(self.uri)
        assert document is not None
        return document

    @property
    def cursor(self) -> Cursor:
        """The cursor as it is now."""
        return Cursor(self.document, self.position)

    def edit(self, text: str = "", delete: int = 0) -> None:
        """Put ``text`` in place of the ``delete`` code points before the cursor, on its line."""
        line, column = self.position.line, self.position.column
        change = Change((line, column - delete), (line, column), text)
        self.documents.change(self.uri, self.document.version + 1, [change])
        edits = self.documents.last_edits(self.uri)
        self.position = edits[-1].end if edits else self.position
        self.engine.document_changed(self.document, edits)

    async def ask(self, trigger: Trigger = Trigger.AUTOMATIC, **options: Any) -> asyncio.Task[Answer]:
        """A request at the cursor, as far as it comes without time passing."""
        request = Request(self.cursor, trigger, "session", **options)
        task = asyncio.ensure_future(self.engine.complete(request))
        await settle()
        return task

    async def answer(self, after_ms: float = 0.0, **options: Any) -> Answer:
        """The answer to a request made now, which must have come when ``after_ms`` have passed."""
        task = await self.ask(**options)
        await self.clock.advance(after_ms)
        assert task.done(), "the answer is still to come"
        return task.result()

    async def shows(self, after_ms: float = 0.0, **options: Any) -> str:
        """The text suggested at the cursor, or the name of the gate that says why there is none."""
        answer = await self.answer(after_ms, **options)
        if answer.suggestion is not None:
            return answer.suggestion.text
        assert answer.gate is not None
        return answer.gate.name

    async def stop(self) -> None:
        """End everything."""
        await self.engine.close()
        await self.clock.advance(10_000)
