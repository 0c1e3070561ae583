"""A passage cut down to its most telling lines."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from itertools import pairwise
from typing import Final

from lsp_server.context.question import words_of_line

AFTER: Final = 1.0
"""What a line counts of the weight of the one above it: below what resembles the place is what may follow."""


def trim(text: str, words: Mapping[str, float], most: int) -> str:
    """The run of whole lines of ``text``, at most ``most`` characters, with the most weight of ``words``.

    Common indentation is taken off. The text is empty if no line is short enough.
    """
    lines = textwrap.dedent(text).rstrip().split("\n")
    if sum(map(len, lines)) + len(lines) - 1 <= most:
        return "\n".join(lines).strip("\n")
    alone = [sum(words.get(word, 0.0) for word in words_of_line(line)) for line in lines]
    weights = [alone[0], *(below + AFTER * above for above, below in pairwise(alone))]
    best, best_weight = (0, 0), -1.0
    start, size, weight = 0, 0, 0.0
    for end, line in enumerate(lines):
        size += len(line) + 1
        weight += weights[end]
        while size - 1 > most:
            size -= len(lines[start]) + 1
            weight -= weights[start]
            start += 1
        if start <= end and weight > best_weight:
            best, best_weight = (start, end + 1), weight
    return textwrap.dedent("\n".join(lines[slice(*best)])).strip("\n")
