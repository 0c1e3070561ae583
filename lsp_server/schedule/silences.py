"""Places where a model had nothing to say, so that it is not asked the same again."""

from __future__ import annotations

from typing import Final

from cachetools import LRUCache

from lsp_server.types import Cursor, Gate

NEAR_LINES: Final = 30
"""On either side: an edit of any of these lines is reason enough to ask again."""
MAX_PLACES: Final = 1000
"""Some hours of typing; a place costs some 200 bytes."""


class Silences:
    """Remembers the gates of answers without a suggestion. Not shared between threads."""

    def __init__(self) -> None:
        self._gates: LRUCache[int, Gate] = LRUCache(MAX_PLACES)

    def note(self, cursor: Cursor, gate: Gate) -> None:
        """Remember that nothing the model said at ``cursor`` passed ``gate``."""
        self._gates[_place(cursor)] = gate

    def gate_at(self, cursor: Cursor) -> Gate | None:
        """The gate remembered for ``cursor``, None too if a line near it has changed since."""
        return self._gates.get(_place(cursor))


def _place(cursor: Cursor) -> int:
    """The cursor and the text around it as one number. Lines keep their hashes: none is read again."""
    document, (line, column) = cursor.document, (cursor.position.line, cursor.position.column)
    around = document.lines[max(0, line - NEAR_LINES) : line + NEAR_LINES + 1]
    return hash((document.uri, column, min(line, NEAR_LINES), around))
