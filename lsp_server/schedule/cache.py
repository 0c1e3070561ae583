"""Suggestions that were generated before, found again while the user types along them.

An entry is keyed by what stands around its anchor (the place it was made for), not by line numbers: three
lines above, the rest of the line, and the next line with text. Lines of a document are shared between its
versions, so a look-up hashes a handful of strings that are hashed already.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cachetools import LRUCache

from lsp_server.types import Cursor, Finish, Suggestion

MAX_BYTES: Final = 4 * 1024 * 1024
"""Some ten thousand suggestions of usual size: a day's work, and small beside the model."""
LINES_ABOVE: Final = 3
"""Enough to tell places apart; an edit further up seldom changes what should be typed here."""
MAX_TYPED_LINES: Final = 32
"""How far above the cursor an anchor may lie that the user has typed along from."""
PER_PLACE: Final = 8
"""Suggestions kept per place, newest first."""
UNTRUSTED_TAIL: Final = 12
"""Code points at the end of a suggestion cut by length that are not offered alone: the model had more to
say, and a request from here would show it (refact's rule)."""

_Key = tuple[str, tuple[str, ...], str, str]


@dataclass(frozen=True, slots=True)
class _Entry:
    before: str
    suggestion: Suggestion

    @property
    def bytes(self) -> int:
        return 200 + 2 * (len(self.before) + len(self.suggestion.text))


class Cache:
    """Bounded memory of suggestions. Not shared between threads."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._places: LRUCache[_Key, tuple[_Entry, ...]] = LRUCache(
            max_bytes, getsizeof=lambda entries: sum(entry.bytes for entry in entries)
        )

    def store(self, cursor: Cursor, suggestion: Suggestion) -> None:
        """Remember ``suggestion`` for ``cursor``; later look-ups there, or further along it, find it."""
        key = _key(cursor, cursor.position.line)
        entry = _Entry(cursor.before, suggestion)
        others = tuple(e for e in self._places.get(key, ()) if e.suggestion.text != suggestion.text)
        entries = (entry, *others)[:PER_PLACE]
        if sum(e.bytes for e in entries) <= self._places.maxsize:
            self._places[key] = entries

    def lookup(self, cursor: Cursor) -> Suggestion | None:
        """Return what is left of a remembered suggestion that the text up to ``cursor`` follows, or None."""
        typed = ""
        lines = cursor.document.lines
        for line in range(cursor.position.line, max(-1, cursor.position.line - MAX_TYPED_LINES), -1):
            head = cursor.before if line == cursor.position.line else lines[line].rstrip("\r\n")
            for entry in self._places.get(_key(cursor, line), ()):
                found = _follow(entry, head, typed, cursor)
                if found is not None:
                    return found
            typed = "\n" + cursor.before if line == cursor.position.line else "\n" + head + typed
        return None

    def __len__(self) -> int:
        """The number of places remembered."""
        return len(self._places)


def _follow(entry: _Entry, head: str, typed: str, cursor: Cursor) -> Suggestion | None:
    if not head.startswith(entry.before):
        return None
    along = head[len(entry.before) :] + typed
    text = entry.suggestion.text
    if not text.startswith(along):
        return None
    left = text[len(along) :]
    if not left.strip():
        return None
    cut_short = entry.suggestion.finish is Finish.LENGTH
    if cut_short and along and len(left) <= UNTRUSTED_TAIL:
        return None
    return Suggestion(
        text=left,
        position=cursor.position,
        backend=entry.suggestion.backend,
        origin="cache",
        replaces=entry.suggestion.replaces,
        finish=entry.suggestion.finish,
    )


def _key(cursor: Cursor, line: int) -> _Key:
    """The place of an anchor on ``line``, with the suffix as it stands behind the cursor."""
    lines = cursor.document.lines
    above = lines[max(0, line - LINES_ABOVE) : line]
    return (cursor.document.uri, above, cursor.after, _next_text(lines, cursor.position.line + 1))


def _next_text(lines: tuple[str, ...], start: int) -> str:
    """The first line with text at or after ``start``, within a few lines."""
    for line in lines[start : start + LINES_ABOVE]:
        if line.strip():
            return line
    return ""
