"""How near a text is to the reference, as CrossCodeEval counts it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein


@dataclass(frozen=True, slots=True)
class Score:
    """``exact``: equal texts; ``similarity``: 1 less the edits over the longer length. From 0 to 1."""

    exact: float
    similarity: float


def normal(text: str) -> str:
    """``text`` with every line stripped and blank lines dropped, which is what is compared."""
    return "\n".join(line.strip() for line in text.split("\n") if line.strip())


def score(text: str, reference: str) -> Score:
    """The score of one text."""
    made, meant = normal(text), normal(reference)
    return Score(float(made == meant), Levenshtein.normalized_similarity(made, meant))


def best_prefix(text: str, reference: str) -> tuple[str, Score]:
    """The oracle: the prefix of ``text`` nearest to the reference, which no rule that only cuts can beat.

    Of several it is the shortest.
    """
    best = ("", score("", reference))
    for end in range(1, len(text) + 1):
        made = score(text[:end], reference)
        if made.similarity > best[1].similarity:
            best = (text[:end], made)
    return best


def mean(scores: Sequence[Score]) -> Score:
    """The mean score, in per cent."""
    share = 100 / len(scores)
    return Score(sum(s.exact for s in scores) * share, sum(s.similarity for s in scores) * share)
