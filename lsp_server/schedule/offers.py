"""What was last offered in each document, and how it fared as the typing went on.

An offer is followed while the text typed behind it is its own; taken in one change or typed to its end it is
kept. Typing that leaves it rejects it, if it could be read before or if the typing did not come back: one
wrong key that is deleted again is a typing error and no opinion.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from cachetools import LRUCache

from lsp_server.schedule.place import Anchor, Key, left_of, typed_since
from lsp_server.types import Cursor, Document, Edit

READ_MS: Final = 750.0
"""Shown this long, a suggestion has been read (Cody's figure for counting one as suggested)."""
OTHER_TEXT: Final = 2
"""Code points of other text that reject a suggestion which was not read: one may be a slip of the finger."""
MAX_REJECTED: Final = 500
"""Places whose rejected suggestion is remembered: some hours of typing."""
RECENT: Final = 20
"""Offers that tell how suggestions fare at present."""
FEWEST: Final = 5
"""Fewer offers than this tell nothing yet."""
FOLLOWED_SHARE: Final = 0.5
"""An offer of which this much was typed or taken before the typing left it was a good one."""


@dataclass(slots=True)
class _Offer:
    anchor: Anchor
    line: int
    text: str
    offered_ms: float
    typed: int = 0
    other: int = 0
    """Code points typed at its place that are not its own."""

    @property
    def was_followed(self) -> bool:
        return self.typed >= FOLLOWED_SHARE * len(self.text)


@dataclass(slots=True)
class Offers:
    """The last offer of each open document, the rejected ones, and the fate of the recent ones."""

    _last: dict[str, _Offer] = field(default_factory=dict)
    _rejected: LRUCache[tuple[Key, str], None] = field(default_factory=lambda: LRUCache(MAX_REJECTED))
    _fates: deque[bool] = field(default_factory=lambda: deque(maxlen=RECENT))

    def offered(self, cursor: Cursor, text: str, now_ms: float) -> None:
        """Note that ``text`` is what the editor shows at ``cursor`` from now on."""
        uri = cursor.document.uri
        last = self._last.get(uri)
        if last is not None and self._remainder(last, cursor) == text:
            return
        self._last[uri] = _Offer(Anchor.of(cursor), cursor.position.line, text, now_ms)

    def shown_at(self, cursor: Cursor) -> str | None:
        """What is left at ``cursor`` of the text that was offered last; None if it does not fit any more."""
        last = self._last.get(cursor.document.uri)
        return None if last is None else self._remainder(last, cursor) or None

    def document_changed(self, document: Document, edits: Sequence[Edit], now_ms: float) -> None:
        """Compare the change with what was offered."""
        last = self._last.get(document.uri)
        if last is None or not edits:
            return
        typed = typed_since(last.anchor, Cursor(document, edits[-1].end))
        if typed is not None and left_of(last.text, typed[0], typed[1]) is not None:
            last.typed, last.other = max(last.typed, len(typed[0])), 0
            if last.typed == len(last.text):
                self._end(document.uri, last)
        elif _is_elsewhere(last, edits):
            last.line += sum(_lines_added(e) for e in edits if e.position.line < last.line)
        else:
            last.other += sum(len(e.inserted) - len(e.removed) for e in edits)
            if now_ms - last.offered_ms >= READ_MS or last.other >= OTHER_TEXT:
                if not last.was_followed:
                    self._rejected[_made(last.anchor, last.text)] = None
                self._end(document.uri, last)

    def is_rejected(self, cursor: Cursor, text: str) -> bool:
        """Whether ``text`` would make the line that was rejected at this place."""
        return _made(Anchor.of(cursor), text) in self._rejected

    def accepted(self, uri: str) -> None:
        """Note that the editor told of an acceptance in this document."""
        last = self._last.get(uri)
        if last is not None:
            last.typed = len(last.text)
            self._end(uri, last)

    def forget(self, uri: str) -> None:
        """Drop the offer of a closed document."""
        self._last.pop(uri, None)

    @property
    def followed(self) -> float | None:
        """The share of recent offers that were followed or taken, 0 to 1; None while there are too few."""
        return sum(self._fates) / len(self._fates) if len(self._fates) >= FEWEST else None

    def _end(self, uri: str, offer: _Offer) -> None:
        self._fates.append(offer.was_followed)
        del self._last[uri]

    @staticmethod
    def _remainder(offer: _Offer, cursor: Cursor) -> str | None:
        typed = typed_since(offer.anchor, cursor)
        return None if typed is None else left_of(offer.text, *typed)


def _is_elsewhere(offer: _Offer, edits: Sequence[Edit]) -> bool:
    """Whether no edit touches the lines that the offer is on, or would be on."""
    last_line = offer.line + offer.text.count("\n")
    return all(not offer.line <= e.position.line <= last_line for e in edits)


def _lines_added(edit: Edit) -> int:
    return edit.inserted.count("\n") - edit.removed.count("\n")


def _made(anchor: Anchor, text: str) -> tuple[Key, str]:
    return anchor.key, (anchor.before + text).rstrip()
