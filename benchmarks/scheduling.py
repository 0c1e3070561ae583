"""The figures of scheduling, each against a scripted model in a process of its own: see ``replay``."""

from __future__ import annotations

from benchmarks.replay import figures
from benchmarks.replay.memory import memory
from benchmarks.replay.processes import running_model
from benchmarks.replay.tabby import tabby_rows
from benchmarks.replay.typing import typing_rows
from benchmarks.table import Row


async def scheduling(*, quick: bool) -> list[Row]:
    """Every row; ``quick`` takes smaller samples, which is for a check that nothing broke."""
    share = 5 if quick else 1
    async with running_model() as model:
        return [
            await figures.own_time(model, 500 // share),
            await figures.end_to_end(model, 100 // share),
            await figures.typed_through(model, 500 // share),
            await figures.left_streams(model, 100 // share),
            await figures.storm(model, 1000),
            *await typing_rows(quick=quick),
            *await tabby_rows(quick=quick),
            await memory(model, 4_000 if quick else 100_000),
        ]
