"""The stored outputs through every set of rules, and how near to the reference each comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from benchmarks.shaping.data import LANGUAGES, Output, Place, outputs
from benchmarks.shaping.peers.cody import cody
from benchmarks.shaping.peers.continue_dev import continue_dev
from benchmarks.shaping.peers.plain import first_line, nothing
from benchmarks.shaping.peers.tabby import tabby
from benchmarks.shaping.score import Score, best_prefix, mean, score
from benchmarks.shaping.stream import Shown, ours
from benchmarks.table import Row

PEERS: Final[dict[str, Callable[[str, Place], str]]] = {
    "none": nothing,
    "first line": first_line,
    "Continue": continue_dev,
    "Tabby": tabby,
    "Cody": cody,
}
"""The rules that ours are measured against: none at all, the plainest, and those of three peers."""
OURS: Final = "ours"
ORACLE: Final = "oracle"
ALL: Final = "all models"
WORTH_A_LOOK: Final = 0.04
"""An edit similarity that the oracle has more than ours."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One output, what is shown of it, the best prefix of it, and the score of each set of rules."""

    output: Output
    shown: Shown
    best: str
    scores: dict[str, Score]

    @property
    def lost(self) -> float:
        """The edit similarity that another cut would have added."""
        return self.scores[ORACLE].similarity - self.scores[OURS].similarity


def judge(output: Output) -> Judged:
    """One output through every set of rules."""
    shown = ours(output.text, output.place, cut_off=output.cut_off)
    best, oracle = best_prefix(output.text, output.reference)
    scores = {OURS: score(shown.text, output.reference)}
    scores |= {name: score(rule(output.text, output.place), output.reference) for name, rule in PEERS.items()}
    return Judged(output, shown, best, scores | {ORACLE: oracle})


def output_rows() -> list[Row]:
    """Two rows for each language and model, for each language, and over all. Raises ``MissingData``.

    Those of one model have no bars: they are too few to tell rules apart.
    """
    judged = {language: [judge(output) for output in outputs(language)] for language in LANGUAGES}
    rows = []
    for language, found in judged.items():
        for model in sorted({j.output.model for j in found}):
            group = [j for j in found if j.output.model == model]
            rows += rows_of(f"{language}, {model}", group, barred=False)
        rows += rows_of(f"{language}, {ALL}", found)
    return rows + rows_of(f"both languages, {ALL}", [j for found in judged.values() for j in found])


def rows_of(what: str, judged: Iterable[Judged], *, barred: bool = True) -> list[Row]:
    """Exact match and edit similarity of one group, with what ours are behind the best of the others."""
    group = list(judged)
    means = {name: mean([j.scores[name] for j in group]) for name in (OURS, *PEERS, ORACLE)}
    figures = {
        "EM": ("exact match", {name: value.exact for name, value in means.items()}),
        "ES": ("edit similarity", {name: value.similarity for name, value in means.items()}),
    }
    rows = []
    for short, (name, values) in figures.items():
        best = max(PEERS, key=values.__getitem__)
        behind = f"{short} behind the best peer"
        shown = values | {behind: max(0.0, values[best] - values[OURS])}
        bars = {behind: 0.0} if barred else {}
        note = f"{len(group)} outputs; the best of the others: {best}"
        rows.append(Row(f"{what}: {name}", "%", shown, bars, note=note))
    return rows


def failures(language: str) -> Iterable[Judged]:
    """The outputs that another cut would have served better, the worst first. Raises ``MissingData``."""
    judged = (judge(output) for output in outputs(language))
    return sorted((j for j in judged if j.lost > WORTH_A_LOOK), key=lambda j: -j.lost)
