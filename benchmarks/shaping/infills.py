"""Drafts that are right: the references themselves, which the rules should leave alone.

Each is taken as the whole answer, and once more with a model that goes on rambling behind it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from benchmarks.shaping.data import RANDOM_SPANS, SINGLE_LINES, Infill, infills
from benchmarks.shaping.stream import Shown, ours, replay
from benchmarks.table import Row
from lsp_server.testing.fake_backends.script import cut_pieces

RAMBLING_PIECES: Final = 40
SEED: Final = 20261125
ALONE_BARS: Final = {SINGLE_LINES: 0.5, RANDOM_SPANS: 1.0}
RAMBLING_BAR: Final = 5.0


@dataclass(frozen=True, slots=True)
class Tried:
    """A reference as a draft, ``draft`` as the model said it, and what is shown of it."""

    infill: Infill
    draft: str
    shown: Shown

    @property
    def changed(self) -> bool:
        """Whether something else is shown. Blanks and line breaks at the end do not count."""
        return self.shown.text.rstrip() != self.infill.reference.rstrip()


def alone(name: str) -> list[Tried]:
    """Each reference of a set as the whole answer. Raises ``MissingData``."""
    return [Tried(i, i.reference, ours(i.reference, i.place)) for i in infills(name)]


def with_rambling(name: str) -> list[Tried]:
    """Each reference of a set, with lines of other functions behind it. Raises ``MissingData``.

    The limit of the answer's length ends it, so it may break off inside a line.
    """
    found = infills(name)
    tried = []
    for index, infill in enumerate(found):
        reference = infill.reference.rstrip()
        pieces = rambling(infill, found, random.Random(SEED + index))
        shown = replay((*cut_pieces(reference), *pieces), infill.place)
        tried.append(Tried(infill, reference + "".join(pieces), shown))
    return tried


def rambling(infill: Infill, others: Sequence[Infill], source: random.Random) -> tuple[str, ...]:
    """A line break, and then lines of other functions as they stand there, in pieces as long as tokens."""
    functions = [list(lines) for name, lines in groupby(others, lambda other: other.function)]
    functions = [lines for lines in functions if lines[0].function != infill.function]
    text = "\n" + "".join(line for line in _lines(functions, source))
    return cut_pieces(text)[:RAMBLING_PIECES]


def _lines(functions: Sequence[Sequence[Infill]], source: random.Random) -> Iterator[str]:
    """Lines from anywhere in one function to its end, then from another, enough for the pieces."""
    characters = 0
    while characters < RAMBLING_PIECES * 16:
        lines = source.choice(functions)
        for line in lines[source.randrange(len(lines)) :]:
            yield line.reference
            characters += len(line.reference)


def infill_rows() -> list[Row]:
    """The share of right drafts that do not come through. Raises ``MissingData``."""
    names = {SINGLE_LINES: "HumanEval single lines", RANDOM_SPANS: "HumanEval random spans"}
    rows = []
    for name, bar in ALONE_BARS.items():
        rows.append(_row(f"{names[name]}, right and ended by the model", "changed", alone(name), bar))
    tried = with_rambling(SINGLE_LINES)
    what = f"{names[SINGLE_LINES]}, then {RAMBLING_PIECES} tokens of rambling"
    return [*rows, _row(what, "not shown alone", tried, RAMBLING_BAR)]


def _row(what: str, name: str, tried: Sequence[Tried], bar: float) -> Row:
    changed = sum(t.changed for t in tried)
    note = f"{changed} of {len(tried)} references"
    return Row(what, "%", {name: 100 * changed / len(tried)}, {name: bar}, note=note)
