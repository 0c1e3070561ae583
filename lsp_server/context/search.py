"""BM25 over the windows of an index, within a bounded time."""

from __future__ import annotations

import heapq
import math
import sqlite3
from array import array
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lsp_server.context.postings import IMPACT_BITS, STEPS, as_impact, entries_from

MOST_ENTRIES: Final = 8_000
"""Entries of the tellingest words that are added up: some 2 ms with what it takes to find the best windows.
Of the other words only what those windows have is looked up."""
MOST_CANDIDATES: Final = 100
"""Windows that all words are looked up for."""
COMMONEST: Final = 0.25
"""A word that more of the windows have says nothing of any (BM25 gives it a tenth of a rare one's weight)."""
MOST_WORDS: Final = 64
"""Words of a query, the heaviest: each is a look-up in the database."""
WINDOW_BITS: Final = 24
"""Of a segment's number and a window's in one: more windows than a segment can have."""


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of a query: how much an impact of 1 counts, and its entries in each segment."""

    factor: float
    lists: list[tuple[int, array[int]]]
    frequency: int


def best_windows(
    db: sqlite3.Connection, group: str, words: Mapping[str, float], total: int
) -> list[tuple[int, int, float]]:
    """The best windows as (segment, window, score), the best first, with those of files that changed since.

    ``total`` is how many windows the group has.
    """
    heaviest = heapq.nlargest(MOST_WORDS, words.items(), key=lambda item: item[1])
    found = [word for text, weight in heaviest if (word := _looked_up(db, group, text, weight, total))]
    found.sort(key=lambda word: word.factor, reverse=True)
    scores: dict[int, float] = {}
    left, late = MOST_ENTRIES, []
    for word in found:
        if left < MOST_ENTRIES and word.frequency > left:
            late.append(word)
        else:
            _add(scores, word, max(left, 0))
            left -= word.frequency
    top = heapq.nlargest(MOST_CANDIDATES, scores, key=scores.__getitem__)
    for word in late:
        _look_up(scores, word, top)
    ranked = sorted(top, key=lambda key: (-scores[key], key))
    mask = (1 << WINDOW_BITS) - 1
    return [(key >> WINDOW_BITS, key & mask, as_impact(scores[key])) for key in ranked]


def _looked_up(db: sqlite3.Connection, group: str, text: str, weight: float, total: int) -> _Word | None:
    rows = db.execute(
        "SELECT segment, entries FROM postings WHERE language = ? AND word = ?", (group, text)
    ).fetchall()
    lists = [(segment, entries_from(data)) for segment, data in rows]
    frequency = sum(len(entries) for _, entries in lists)
    if not frequency or weight <= 0 or (frequency > COMMONEST * total and total > MOST_CANDIDATES):
        return None
    rarity = math.log(1 + (max(0, total - frequency) + 0.5) / (frequency + 0.5))
    return _Word(weight * rarity, lists, frequency)


def _add(scores: dict[int, float], word: _Word, most: int) -> None:
    """Add the impacts of a word, at most so many."""
    factor, get = word.factor, scores.get
    for segment, entries in word.lists:
        base = segment << WINDOW_BITS
        for entry in entries[:most]:
            key = base + (entry >> IMPACT_BITS)
            scores[key] = get(key, 0.0) + factor * (entry & STEPS)
        most = max(0, most - len(entries))


def _look_up(scores: dict[int, float], word: _Word, keys: list[int]) -> None:
    """Add the impacts of a word in the windows ``keys`` alone."""
    lists = dict(word.lists)
    mask = (1 << WINDOW_BITS) - 1
    for key in keys:
        entries = lists.get(key >> WINDOW_BITS)
        if entries is None:
            continue
        window = key & mask
        at = bisect_left(entries, window << IMPACT_BITS)
        if at < len(entries) and entries[at] >> IMPACT_BITS == window:
            scores[key] += word.factor * (entries[at] & STEPS)
