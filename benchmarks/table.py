"""Rows of figures: printed as one table, as JSON, or checked against their bars."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: its values by name (``p50``, ``max``), the floor's of the same run, and what must hold.

    ``bars`` are the most that the values of the same names may be.
    """

    what: str
    unit: str
    values: dict[str, float]
    bars: dict[str, float]
    floor: dict[str, float] | None = None
    note: str = ""

    @property
    def good(self) -> bool:
        """Whether every bar is met."""
        return all(self.values[name] <= bar for name, bar in self.bars.items())


def percentiles(times: Sequence[float]) -> dict[str, float]:
    """The 50th, 95th and 99th percentile of ``times``: the smallest value that so many are not above."""
    ordered = sorted(times)
    return {f"p{p}": ordered[max(0, -(-len(ordered) * p // 100) - 1)] for p in (50, 95, 99)}


def report(rows: Sequence[Row], *, as_json: bool, check: bool) -> int:
    """Print the rows; the exit status is 1 if bars are checked and one is missed."""
    good = all(row.good for row in rows)
    if as_json:
        body: list[dict[str, Any]] = [{**asdict(row), "good": row.good} for row in rows]
        print(json.dumps({"rows": body, "good": good}, indent=2))
    else:
        table = Table(show_lines=False)
        for column in ("figure", "ours", "floor", "bar", ""):
            table.add_column(column)
        for row in rows:
            mark = ("met" if row.good else "MISSED") if row.bars else ""
            note = f"\n[dim]{row.note}[/dim]" if row.note else ""
            table.add_row(
                row.what + note, _cell(row.values, row.unit), _cell(row.floor, row.unit),
                _cell(row.bars, row.unit), mark,
            )  # fmt: skip
        Console(width=140).print(table)
    return int(check and not good)


def _cell(values: dict[str, float] | None, unit: str) -> str:
    if not values:
        return ""
    return ", ".join(f"{name} {value:.4g}" for name, value in values.items()) + (f" {unit}" if unit else "")
