"""Cutting inside a line: for lines longer than all the room there is, as in minified files."""

from __future__ import annotations

from typing import Final

from lsp_server.prompt.tokens import LEAST_PER_CODE_POINT, measure

STEPS: Final = (256, 64, 16)
"""Code points taken at a time, coarse to fine: the cut is at most 16 away from the most that fits."""
LONGEST_WORD: Final = 32
"""Code points given up at most so as not to cut inside a word."""


def fit(text: str, room: int, *, from_end: bool) -> tuple[int, int]:
    """Return how many code points at the start (or end) of ``text`` fit into ``room``, and their weight.

    The cut lies between words where one ends within ``LONGEST_WORD`` code points. Only as much of the text is
    read as could fit.
    """
    longest = min(len(text), room // LEAST_PER_CODE_POINT)
    near = text[len(text) - longest :] if from_end else text[:longest]
    kept = weight = 0
    for step in STEPS:
        while kept < len(near):
            more = measure(_slice(near, kept, min(kept + step, len(near)), from_end=from_end))
            if weight + more > room:
                break
            kept, weight = min(kept + step, len(near)), weight + more
    kept = _between_words(text, kept, from_end=from_end)
    weight = measure(_slice(near, 0, kept, from_end=from_end))
    while weight > room:
        # A run of letters that a step had divided weighs more in one piece.
        kept -= min(kept, STEPS[-1])
        weight = measure(_slice(near, 0, kept, from_end=from_end))
    return kept, weight


def _slice(text: str, start: int, end: int, *, from_end: bool) -> str:
    """The code points from ``start`` to ``end``, counted from the end of ``text`` if ``from_end``."""
    return text[len(text) - end : len(text) - start] if from_end else text[start:end]


def _between_words(text: str, kept: int, *, from_end: bool) -> int:
    """``kept``, or less if the word that it would cut ends near."""
    for fewer in range(kept, max(0, kept - LONGEST_WORD), -1):
        place = len(text) - fewer if from_end else fewer
        if not 0 < place < len(text) or not (_in_word(text[place - 1]) and _in_word(text[place])):
            return fewer
    return kept


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"
