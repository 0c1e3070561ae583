"""Every figure of the shaping rules: no model, no server, under a minute.

Raw outputs of models go through our rules and through those of peers; right drafts must come out unchanged;
and a piece of a stream has its price.
"""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.shaping.data import MissingData
from benchmarks.shaping.infills import infill_rows
from benchmarks.shaping.outputs import output_rows
from benchmarks.shaping.timing import timing_rows
from benchmarks.table import Row


def shaping_rows(*, quick: bool = False) -> list[Row]:
    """All rows; one that says what is missing for each data set that is not on this machine."""
    rows = _if_there("stored outputs", output_rows) + _if_there("right drafts", infill_rows)
    return rows + timing_rows(quick=quick)


def _if_there(what: str, measure: Callable[[], list[Row]]) -> list[Row]:
    try:
        return measure()
    except MissingData as missing:
        return [Row(f"{what}: skipped", "", {}, {}, note=str(missing))]
