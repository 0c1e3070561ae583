"""What is known of the person who types: the rhythm, the last edits, what was offered and how it fared."""

from __future__ import annotations

from collections.abc import Sequence

from lsp_server.schedule.offers import Offers
from lsp_server.schedule.rhythm import Rhythm
from lsp_server.schedule.triggers import EditHistory
from lsp_server.types import Cursor, Document, Edit

_NOTHING_EDITED = EditHistory()


class Typist:
    """Follows the changes of all open documents. Outlives the engines."""

    def __init__(self) -> None:
        self.rhythm = Rhythm()
        self.offers = Offers()
        self._histories: dict[str, EditHistory] = {}
        self._latest: dict[str, Document] = {}

    def document_changed(self, document: Document, edits: Sequence[Edit], now_ms: float) -> None:
        """Take a change: ``edits``, in order, have made ``document`` what it is."""
        self._latest[document.uri] = document
        self.rhythm.note(now_ms, edits)
        self.offers.document_changed(document, edits, now_ms)
        self._histories.setdefault(document.uri, EditHistory()).note(edits)

    def history(self, uri: str) -> EditHistory:
        """The last edits of a document."""
        return self._histories.get(uri, _NOTHING_EDITED)

    def has_moved_on(self, cursor: Cursor) -> bool:
        """Whether the document is known to be another by now than it was at ``cursor``."""
        return self._latest.get(cursor.document.uri, cursor.document) is not cursor.document

    def forget(self, uri: str) -> None:
        """Drop what is kept for a closed document."""
        self._histories.pop(uri, None)
        self._latest.pop(uri, None)
        self.offers.forget(uri)
