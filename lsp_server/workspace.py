"""What is known of the workspace beside one document: the open ones, the last edits, and the index."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from lsp_server.context.indexing import Progress, WorkspaceIndex
from lsp_server.context.model import Index
from lsp_server.context.recent import RecentEdits
from lsp_server.context.view import Diagnostic, RecentEdit
from lsp_server.document.store import DocumentStore
from lsp_server.types import Document, Edit

MOST_OPEN: Final = 20
"""Open documents that are looked through, the last used first (Continue's and Cody's figure)."""
BRANCH_MS: Final = 2000.0
"""From one look at a repository's HEAD to the next, which costs some 10 microseconds."""
MOST_DIAGNOSTICS: Final = 50
"""Kept of one document: the source that shows them has use for four."""
PAUSE_S: Final = 1.0
"""After an edit, before an unsaved document is given to the index: its text has to be joined for that."""


class Workspace:
    """Outlives the engines. All methods belong to the event loop and return at once."""

    def __init__(self, documents: DocumentStore) -> None:
        self.documents = documents
        self._recent = RecentEdits()
        self._index: WorkspaceIndex | None = None
        self._used: dict[str, None] = {}
        self._diagnostics: dict[str, tuple[tuple[Diagnostic, str], ...]] = {}
        self._edited_ms: dict[str, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._heads: dict[str, int] = {}
        self._looked_ms = 0.0

    def start_index(
        self,
        cache: Path,
        folders: Sequence[str],
        exclude: Sequence[str],
        on_progress: Callable[[str, int, int], None] | None = None,
    ) -> None:
        """Keep an index of ``folders`` from now on, in the folder ``cache``, without what is excluded.

        ``on_progress`` is told a folder, the files of it that are up to date, and how many there are.
        """

        def tell(progress: Progress) -> None:
            if on_progress is not None:
                on_progress(progress.folder, progress.files, progress.total)

        if self._index is None:
            self._index = WorkspaceIndex(cache, tell)
        self._index.start(folders, exclude)
        self._heads = {folder: _changed_at(folder) for folder in folders}

    def document_changed(
        self, document: Document, edits: Sequence[Edit], relative: str, now_ms: float
    ) -> None:
        """Take a change of an open document; ``relative`` is its path as the index spells it."""
        self._used.pop(document.uri, None)
        self._used[document.uri] = None
        if edits:
            self._recent.add(document, edits, relative, now_ms)
            self._edited_ms[document.uri] = now_ms
            if self._index is not None:
                self._later(document.uri)
                self._look_at_branches(self._index, now_ms)

    def document_closed(self, uri: str) -> None:
        """Forget when it was used; what was edited in it still tells what is worked on."""
        self._used.pop(uri, None)
        self._diagnostics.pop(uri, None)
        self._edited_ms.pop(uri, None)

    def diagnosed(self, document: Document, asked: range, found: Sequence[Diagnostic]) -> None:
        """Take what tools report about the lines ``asked``, in place of what they reported before."""
        lines = {*asked, *(d.line for d in found)}
        kept = [(d, text) for d, text in self._diagnostics.get(document.uri, ()) if d.line not in lines]
        new = [(d, document.lines[d.line]) for d in found if d.line < len(document.lines)]
        self._diagnostics[document.uri] = (*kept, *new)[-MOST_DIAGNOSTICS:]

    def diagnostics(self, document: Document) -> tuple[Diagnostic, ...]:
        """What was reported of the document and still can hold: of lines that read as they did then."""
        known = self._diagnostics.get(document.uri, ())
        lines = document.lines
        return tuple(d for d, text in known if d.line < len(lines) and lines[d.line] == text)

    def files_changed(self, paths: Sequence[str]) -> None:
        """Read files of the workspace again that something else than the editor may have changed."""
        if self._index is not None:
            self._index.changed(paths)

    def index_for(self, path: str | None) -> Index | None:
        """The index of the folder that the file is in, or None while there is none."""
        return self._index.index_for(path) if self._index is not None and path else None

    def open_documents(self) -> tuple[Document, ...]:
        """Those used last first."""
        order = {uri: number for number, uri in enumerate(reversed(self._used))}
        documents = sorted(self.documents.documents(), key=lambda d: order.get(d.uri, len(order)))
        return tuple(documents[:MOST_OPEN])

    def recent_edits(self, now_ms: float) -> tuple[RecentEdit, ...]:
        """The edits of the last minutes, the oldest first."""
        return self._recent.edits(now_ms)

    def idle_ms(self, uri: str, now_ms: float) -> float:
        """Milliseconds since the document was edited last."""
        return now_ms - self._edited_ms.get(uri, float("-inf"))

    async def close(self) -> None:
        """End the index."""
        if self._timer is not None:
            self._timer.cancel()
        if self._index is not None:
            await self._index.close()

    def _look_at_branches(self, index: WorkspaceIndex, now_ms: float) -> None:
        """Have everything looked through after a change of branch, which few clients tell of."""
        if now_ms - self._looked_ms < BRANCH_MS:
            return
        self._looked_ms = now_ms
        heads = {folder: _changed_at(folder) for folder in self._heads}
        if heads != self._heads:
            self._heads = heads
            index.rescan()

    def _later(self, uri: str) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(PAUSE_S, self._give, uri)

    def _give(self, uri: str) -> None:
        document = self.documents.get(uri)
        if document is not None and document.path and self._index is not None:
            self._index.edited(document.path, document.text)


def _changed_at(folder: str) -> int:
    """When the branch of the repository in ``folder`` was switched last; 0 where there is none."""
    try:
        return Path(folder, ".git", "HEAD").stat().st_mtime_ns
    except OSError:
        return 0
