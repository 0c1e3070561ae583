"""The open documents."""

from __future__ import annotations

from collections.abc import Iterable

from lsp_server.document.edits import Change, apply_and_tell, join_surrogates, locate
from lsp_server.document.lines import split_lines
from lsp_server.document.positions import Encoding
from lsp_server.document.uris import canonical, to_path
from lsp_server.types import Cursor, Document, Edit, Position


class DocumentStore:
    """The text of every document the client has opened, as it last described it.

    Nothing is ever read from disk. Documents are immutable: one that was handed out stays as it was.
    ``encoding`` is set once, when it has been agreed at ``initialize``.
    """

    def __init__(self, encoding: Encoding = Encoding.UTF16) -> None:
        self.encoding = encoding
        self._documents: dict[str, Document] = {}
        self._edits: dict[str, tuple[Edit, ...]] = {}

    def open(self, uri: str, language: str, version: int, text: str) -> Document:
        """Keep a document and return it. One that was open under this URI is replaced."""
        document = Document(uri, to_path(uri), language, version, split_lines(join_surrogates(text)))
        self._documents[canonical(uri)] = document
        self._edits.pop(canonical(uri), None)
        return document

    def change(self, uri: str, version: int, changes: Iterable[Change]) -> Document | None:
        """Apply ``changes`` in order and return the new document.

        None, and nothing applied, when the document is not open or ``version`` is older than the one that is
        kept. The same version again is applied (some clients do not count), and so is one that skips some.
        """
        key = canonical(uri)
        document = self._documents.get(key)
        if document is None or version < document.version:
            return None
        document, self._edits[key] = apply_and_tell(document, changes, self.encoding, version)
        self._documents[key] = document
        return document

    def last_edits(self, uri: str) -> tuple[Edit, ...]:
        """What the last ``change`` did, in order; empty if there was none since the document was opened."""
        return self._edits.get(canonical(uri), ())

    def close(self, uri: str) -> None:
        """Forget a document. Nothing happens if it is not open."""
        self._documents.pop(canonical(uri), None)
        self._edits.pop(canonical(uri), None)

    def get(self, uri: str) -> Document | None:
        """The document under any spelling of ``uri``, or None if it is not open."""
        return self._documents.get(canonical(uri))

    def cursor(self, uri: str, line: int, units: int) -> Cursor | None:
        """The place nearest to the editor's position in an open document, or None if it is not open.

        ``units`` counts in ``encoding``.
        """
        document = self.get(uri)
        if document is None:
            return None
        return Cursor(document, Position(*locate(document.lines, line, units, self.encoding)))

    def documents(self) -> tuple[Document, ...]:
        """Every open document, in the order they were opened."""
        return tuple(self._documents.values())
