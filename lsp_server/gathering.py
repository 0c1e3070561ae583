"""What is shown to the model beside the window, retrieved off the event loop and within a time."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Final

from lsp_server.action_inputs import staged_changes
from lsp_server.config.settings import Settings
from lsp_server.context.retrieval import Retrieved, Retriever
from lsp_server.context.view import COMMIT_LANGUAGES, RecentEdit, View
from lsp_server.policy.clearance import Policy
from lsp_server.policy.paths import relative_path
from lsp_server.schedule.clock import Clock
from lsp_server.types import Cursor, Document, Position, Snippet
from lsp_server.workspace import Workspace

CHARS: Final = 1800
"""Text of all snippets together: some 500 tokens, the room for which the sources were measured and tuned
(``python -m benchmarks.context``). More costs an engine on one machine seconds the first time."""
PAUSED_MS: Final = 1000.0
"""Without an edit for so long, the snippets may be put in a new order: the prompt is read again meanwhile."""
REFRESH_S: Final = 0.06
"""Behind a request on the same line, before the sources are asked again: the answer goes first, since both
would share the interpreter."""
NEAR_LINES: Final = 2
"""Lines from one request to the next within which somebody types on; further away the window is another one
for an engine, and the prompt is read again anyway."""


@dataclass(frozen=True, slots=True)
class _Last:
    line: int
    retrieved: Retrieved


class Gatherer:
    """Asks the sources for one configuration. One thread does it, so that nothing in them is shared."""

    def __init__(self, settings: Settings, policy: Policy, workspace: Workspace, clock: Clock) -> None:
        self._budget_ms = settings.context.budget_ms
        self._policy = policy
        self._workspace = workspace
        self._clock = clock
        self._retriever = Retriever(clock.now_ms, settings.context.sources)
        self._thread = ThreadPoolExecutor(1, "context")
        self._running: tuple[str, asyncio.Future[Retrieved]] | None = None
        self._last: dict[str, _Last] = {}
        self._later: asyncio.TimerHandle | None = None
        self._refreshing: asyncio.Task[None] | None = None

    async def gather(self, cursor: Cursor, visible: range, *, hold: bool = False) -> tuple[Snippet, ...]:
        """The snippets for ``cursor``; after ``context.budget_ms`` those that were shown last.

        On a line that was asked for already those are given at once, and the sources asked again a moment
        later. With ``hold`` they stay as long as somebody types on near the same place: the engine would have
        to read most of the prompt again. In a pause everything is asked anew. ``visible`` are the lines that
        the window shows. Nothing is raised: a source that fails is left out.
        """
        uri, line = cursor.document.uri, cursor.position.line
        last = self._last.get(uri)
        if self._later is not None:
            self._later.cancel()
        typing = self._workspace.idle_ms(uri, self._clock.now_ms()) < PAUSED_MS
        if last is not None and typing:
            if hold and last.retrieved.snippets and abs(last.line - line) <= NEAR_LINES:
                self._last[uri] = replace(last, line=line)
                return last.retrieved.snippets
            if last.line == line:
                loop = asyncio.get_running_loop()
                self._later = loop.call_later(REFRESH_S, self._refresh, cursor, visible)
                return last.retrieved.snippets
        await self._retrieve(cursor, visible)
        last = self._last.get(uri)
        return last.retrieved.snippets if last is not None else ()

    def as_json(self) -> dict[str, object]:
        """What the sources did last, by document: names, counts and times, no text."""
        return {uri: [asdict(asked) for asked in last.retrieved.asked] for uri, last in self._last.items()}

    def forget(self, uri: str) -> None:
        """The document was closed."""
        self._last.pop(uri, None)
        self._thread.submit(self._retriever.forget, uri)

    def close(self) -> None:
        """Retrieve nothing more."""
        if self._later is not None:
            self._later.cancel()
        if self._refreshing is not None:
            self._refreshing.cancel()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _retrieve(self, cursor: Cursor, visible: range) -> None:
        """Ask the sources, unless they are busy, and wait for them as long as the setting says."""
        uri = cursor.document.uri
        if self._running is None or self._running[1].done():
            view = await self._view(cursor)
            work = partial(
                self._retriever.retrieve,
                view,
                cursor,
                visible,
                budget=CHARS,
                budget_ms=float(self._budget_ms),
                paused=self._workspace.idle_ms(uri, view.now_ms) >= PAUSED_MS,
            )
            try:
                future = asyncio.get_running_loop().run_in_executor(self._thread, work)
            except RuntimeError:
                return  # It was closed: the request is one of a former configuration.
            future.add_done_callback(partial(self._keep, cursor))
            self._running = (uri, future)
        if self._running[0] == uri:
            await asyncio.wait([self._running[1]], timeout=self._budget_ms / 1000)

    def _refresh(self, cursor: Cursor, visible: range) -> None:
        self._refreshing = asyncio.ensure_future(self._retrieve(cursor, visible))

    def _keep(self, cursor: Cursor, future: asyncio.Future[Retrieved]) -> None:
        if not future.cancelled() and future.exception() is None:
            self._last[cursor.document.uri] = _Last(cursor.position.line, future.result())

    async def _view(self, cursor: Cursor) -> View:
        document, now_ms = cursor.document, self._clock.now_ms()
        is_commit = document.language in COMMIT_LANGUAGES
        return View(
            index=self._workspace.index_for(document.path),
            open_documents=tuple(d for d in self._workspace.open_documents() if self._may_read(d)),
            recent_edits=tuple(
                e for e in self._workspace.recent_edits(now_ms) if self._may_show(e, document)
            ),
            now_ms=now_ms,
            staged_diff=await staged_changes(document, self._policy) if is_commit else "",
            diagnostics=self._workspace.diagnostics(document),
            relative=self._relative,
        )

    def _may_read(self, document: Document) -> bool:
        return self._policy.admit(Cursor(document, Position(0, 0))) is None

    def _may_show(self, edit: RecentEdit, document: Document) -> bool:
        """Edits of several files become one snippet, so that clearance cannot tell them apart."""
        stays_here = self._policy.is_private(self._relative(document.path), remote=True)
        return not self._policy.is_private(edit.path, remote=not stays_here)

    def _relative(self, path: str | None) -> str:
        return relative_path(path, self._policy.folders) if path else ""
