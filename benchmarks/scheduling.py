"""The figures of scheduling: one run, one table.

    python -m benchmarks.scheduling [--quick] [--json] [--check]

The model runs in a process of its own, the server in another, over stdio; see ``benchmarks/replay``.
"""

from __future__ import annotations

import argparse
import asyncio
import sys

from benchmarks.replay import figures
from benchmarks.replay.memory import memory
from benchmarks.replay.processes import running_model
from benchmarks.replay.typing import typing_rows
from benchmarks.table import Row, report


async def measure(*, quick: bool) -> list[Row]:
    """Every row; ``quick`` takes smaller samples, which is for a check that nothing broke."""
    share = 5 if quick else 1
    async with running_model() as model:
        return [
            await figures.own_time(model, 500 // share),
            await figures.end_to_end(model, 100 // share),
            await figures.typed_through(model, 500 // share),
            await figures.left_streams(model, 100 // share),
            *await typing_rows(quick=quick),
            await figures.storm(model, 1000),
            await memory(model, 100_000 if not quick else 4_000),
        ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller samples: about two minutes")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true", help="exit 1 if a bar is missed")
    args = parser.parse_args()
    rows = asyncio.run(measure(quick=args.quick))
    return report(rows, as_json=args.json, check=args.check)


if __name__ == "__main__":
    sys.exit(main())
