"""How likely a suggestion is right, by how likely the model found its tokens. Pure.

The confidence is the probability that the model gave the first line as a whole: the product of its tokens'.
Measured with ``python -m benchmarks.confidence`` (Qwen2.5-Coder 0.5B, 300 places in Python), it parts right
from wrong best of what was tried (AUC 0.89; the weakest token or word 0.87, the geometric mean 0.80), and it
needs no fitting: of the lines with a confidence of some x, some x were right to the letter.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from lsp_server.types import Gate

UNSURE: Final = "confidence"
"""The name of the gate."""

FLOORS: Final = ((0.0, 0.75), (0.5, 0.25), (1.0, 0.0))
"""(eagerness, least confidence). By default what is right in a quarter of cases is shown: Cursor shows what
is accepted in as many (quality notes). Those who want few are shown what is right in three quarters."""


def first_line(text: str) -> tuple[int, int]:
    """Where the first line that has more than blanks begins and ends, in code points; (0, 0) without any."""
    start = 0
    for line in text.split("\n"):
        if line.strip():
            return start, start + len(line)
        start += len(line) + 1
    return 0, 0


def confidence(
    text: str, starts: Sequence[int], logprobs: Sequence[float | None], forced: str = ""
) -> float | None:
    """The probability, from 0 to 1, that the model gave ``text`` up to the end of its first line.

    ``starts`` and ``logprobs`` tell where each piece that came begins, in code points of ``text``, and its
    log-probability. Pieces within the ``forced`` start, which came in front of ``text``, begin below 0. One
    that goes on from there into ``text`` counts if only blanks of it were forced: the probability of a word
    whose beginning was typed is another one than the model tells. None if no piece counts, or if the
    probability of one that does is not told.
    """
    _, end = first_line(text)
    if not end:
        return None
    total, count = 0.0, 0
    for (start, following), logprob in zip(pairwise((*starts, len(text))), logprobs, strict=True):
        if start >= end or following <= 0 or (start < 0 and forced[start:].strip()):
            continue
        if logprob is None:
            return None
        total += logprob
        count += 1
    return math.exp(total) if count else None


def floor(eagerness: float) -> float:
    """The least confidence to show at an eagerness from 0 to 1, in between the ``FLOORS``."""
    for (below, high), (above, low) in pairwise(FLOORS):
        if eagerness <= above:
            return high + (low - high) * (eagerness - below) / (above - below)
    return FLOORS[-1][1]


def confidence_gate(confidence: float | None, eagerness: float) -> Gate | None:
    """The gate for a suggestion that is not sure enough; None for one that is, or if that is not known."""
    least = floor(eagerness)
    if confidence is None or confidence >= least:
        return None
    return Gate(UNSURE, f"the model is {confidence:.0%} sure, completion.eagerness asks for {least:.0%}")
