"""Which windows have which words, and how much each says: the impacts that BM25 adds up."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from lsp_server.context.windows import LINES, STEP
from lsp_server.context.words import words_in

K1: Final = 1.2
B: Final = 0.75
"""BM25's usual parameters."""
TYPICAL_WORDS: Final = 90
"""Words of the average window of 20 lines in CPython's standard library. As a constant it lets each window be
weighed when it is read, not when it is asked for."""
STEPS: Final = 255
"""An impact is kept in one byte: ranking does not change at that precision."""
IMPACT_BITS: Final = 8
MOST_COUNTED: Final = 24
"""How often a word counts: its impact is at 95 % of its bound by then."""


class Postings:
    """The postings of one segment while it is made: word to entries, in the order of the windows.

    An entry is a window's number in the segment, and the impact of the word in it in the lowest byte.
    """

    def __init__(self) -> None:
        self.entries: dict[str, array[int]] = {}
        self.windows = 0

    def add(self, lines: list[str]) -> tuple[int, int]:
        """Take in a file; return the number of its first window and how many it has."""
        first = self.windows
        blocks = [_words(lines[start : start + STEP]) for start in range(0, max(1, len(lines)), STEP)]
        count = window_count(len(lines))
        for number in range(count):
            self._weigh(first + number, blocks[number : number + LINES // STEP])
        self.windows += count
        return first, count

    def rows(self) -> Iterable[tuple[str, bytes]]:
        """The words in their order, each with its entries as they are kept."""
        return ((word, self.entries[word].tobytes()) for word in sorted(self.entries))

    def _weigh(self, window: int, blocks: list[Counter[str]]) -> None:
        counts: dict[str, int] = dict(blocks[0])
        for block in blocks[1:]:
            for word, times in block.items():
                counts[word] = counts.get(word, 0) + times
        length = sum(counts.values())
        norm = K1 * (1 - B + B * length / TYPICAL_WORDS)
        head = window << IMPACT_BITS
        weighed = [head | max(1, int(STEPS * times / (times + norm))) for times in range(MOST_COUNTED + 1)]
        entries = self.entries
        for word, times in counts.items():
            entry = weighed[min(MOST_COUNTED, times)]
            found = entries.get(word)
            if found is None:
                entries[word] = array("I", (entry,))
            else:
                found.append(entry)


def window_count(lines: int) -> int:
    """How many windows a file of so many lines has (``windows_of`` leaves out those without text)."""
    return len(range(0, max(1, lines - LINES + STEP), STEP))


def entries_from(data: bytes) -> array[int]:
    """The entries as they were kept."""
    entries = array("I")
    entries.frombytes(data)
    return entries


def as_impact(score: float) -> float:
    """A sum of impacts in BM25's own unit."""
    return score * (K1 + 1) / STEPS


def words_of_file(lines: list[str]) -> Mapping[str, int]:
    """All words of a file."""
    return _words(lines)


def _words(lines: list[str]) -> Counter[str]:
    return words_in("\n".join(lines))
