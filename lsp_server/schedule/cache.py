"""Suggestions that were generated before, found again while the user types along them.

One entry holds all that one stream gave: the unit that was shown, and what it went on with. A look-up offers
what is left up to the end of the unit the cursor is in, however the text up to the cursor came about.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from cachetools import LRUCache

from lsp_server.schedule.meaning import FAR_LINES, names_in, related, unchanged
from lsp_server.schedule.place import Anchor, Key, Trail, rest_of_unit, trails_to
from lsp_server.types import Cursor, Finish, Suggestion

MAX_BYTES: Final = 4 * 1024 * 1024
"""A day's work, and small beside the model."""
MAX_ENTRIES: Final = 2000
"""A look-up costs the same however many there are; this bounds what a day leaves behind."""
PER_PLACE: Final = 8
"""Suggestions kept per place, newest first: as many as may be asked for by hand."""
UNTRUSTED_TAIL: Final = 12
"""Code points at the end of a suggestion cut by length that are not offered alone: the model had more to
say, and a request from here would show it (refact's rule)."""
_OVERHEAD_BYTES: Final = 400
"""What an entry costs beside its texts: measured with ``tracemalloc``, rounded up."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What one stream gave at one place. ``ends`` are the ends of its units in ``text``, rising.

    ``confidence`` is how sure the model was of the first line, None where it does not tell.
    """

    text: str
    ends: tuple[int, ...]
    backend: str
    finish: Finish | None = None
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What is left of something remembered: the rest of its unit, and whether more of it is known.

    ``typed`` are the code points of it that the typing has followed already.
    """

    text: str
    remembered: Remembered
    goes_on: bool
    typed: int = 0


@dataclass(frozen=True, slots=True)
class _Entry:
    before: str
    remembered: Remembered
    names: frozenset[str]
    made_from: frozenset[int]

    @property
    def bytes(self) -> int:
        texts = len(self.before) + len(self.remembered.text)
        return _OVERHEAD_BYTES + 2 * texts + 64 * (len(self.made_from) + len(self.names))


class Cache:
    """Memory of suggestions, bounded in entries and in bytes. Not shared between threads."""

    def __init__(self, max_bytes: int = MAX_BYTES, max_entries: int = MAX_ENTRIES) -> None:
        # Each entry weighs at least its share, so that one measure bounds both.
        least = max_bytes // max_entries
        self._places: LRUCache[Key, tuple[_Entry, ...]] = LRUCache(
            max_bytes, getsizeof=lambda entries: sum(max(least, entry.bytes) for entry in entries)
        )

    def store(self, cursor: Cursor, remembered: Remembered, *, behind: bool = False) -> None:
        """Remember it for ``cursor``; later look-ups there, or further along it, find it.

        What is remembered there already and begins ``remembered`` is replaced. It is found first of all, or
        with ``behind`` after what is known already.
        """
        anchor = Anchor.of(cursor)
        line = cursor.position.line
        names = names_in(remembered.text)
        made_from = related(cursor.document.lines, line, line + 1, names, FAR_LINES)
        entry = _Entry(anchor.before, remembered, names, made_from)
        others = [e for e in self._places.get(anchor.key, ()) if not _replaces(entry, e)]
        entries = tuple([*others, entry][-PER_PLACE:] if behind else [entry, *others][:PER_PLACE])
        if self._places.getsizeof(entries) <= self._places.maxsize:
            self._places[anchor.key] = entries

    def lookup(self, cursor: Cursor) -> Suggestion | None:
        """The newest of ``matches`` as a suggestion at ``cursor``, or None."""
        found = next(self.matches(cursor), None)
        return suggestion_of(found, cursor) if found else None

    def matches(self, cursor: Cursor) -> Iterator[Found]:
        """What is left of each remembered text that the text up to ``cursor`` follows; the newest first."""
        for trail in trails_to(cursor):
            for entry in self._places.get(trail.key, ()):
                found = _follow(entry, trail)
                if found is not None and _holds(entry, trail, cursor):
                    yield found

    def __len__(self) -> int:
        """The number of places remembered."""
        return len(self._places)


def suggestion_of(found: Found, cursor: Cursor) -> Suggestion:
    """``found`` as a suggestion at ``cursor``."""
    remembered = found.remembered
    return Suggestion(found.text, cursor.position, remembered.backend, "cache")


def _follow(entry: _Entry, trail: Trail) -> Found | None:
    typed = trail.typed_since(entry.before)
    if typed is None:
        return None
    remembered = entry.remembered
    left = rest_of_unit(remembered.text, remembered.ends, typed, trail.closers)
    if left is None:
        return None
    known = len(remembered.text) - len(typed)
    if remembered.finish is Finish.LENGTH and typed and known <= UNTRUSTED_TAIL:
        return None
    return Found(left, remembered, goes_on=known > len(left), typed=len(typed))


def _holds(entry: _Entry, trail: Trail, cursor: Cursor) -> bool:
    """Whether the lines it was made from are still there."""
    line = cursor.position.line
    above = line - trail.below.count("\n")
    return unchanged(entry.made_from, cursor.document.lines, above, line + 1, entry.names)


def _replaces(new: _Entry, old: _Entry) -> bool:
    return new.before == old.before and new.remembered.text.startswith(old.remembered.text)
