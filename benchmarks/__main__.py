"""Every figure in one table: the server's, the floor's of the same run, and the bar.

    python -m benchmarks [all | suite ...] [--quick] [--json] [--check]

Without names all of them run, which takes about half an hour; on a machine with nothing else to do.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable
from typing import Final

from benchmarks.actions import action_rows
from benchmarks.document import document
from benchmarks.indexing import indexing_rows
from benchmarks.kv import kv_rows
from benchmarks.routing import routing_rows
from benchmarks.scheduling import scheduling
from benchmarks.shaping.shaping import shaping_rows
from benchmarks.startup import startup
from benchmarks.table import Row, report

SUITES: Final[dict[str, Callable[[bool], list[Row]]]] = {
    "startup": lambda quick: [startup(3 if quick else 10)],
    "document": lambda _: document(),
    "indexing": lambda quick: list(asyncio.run(indexing_rows(quick=quick))),
    "kv": lambda quick: asyncio.run(kv_rows(quick=quick)),
    "shaping": lambda quick: shaping_rows(quick=quick),
    "routing": lambda quick: asyncio.run(routing_rows(quick=quick)),
    "actions": lambda quick: action_rows(quick=quick),
    "scheduling": lambda quick: asyncio.run(scheduling(quick=quick)),
}


def main() -> int:
    """Measure, print, and return the exit status: 1 if bars are checked and one is missed."""
    summary = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=summary)
    parser.add_argument("suites", nargs="*", metavar="suite", choices=[*SUITES, "all"], default="all")
    parser.add_argument("--quick", action="store_true", help="smaller samples, about eight minutes")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true", help="exit 1 if a bar is missed")
    args = parser.parse_args()
    names = SUITES if "all" in args.suites else args.suites
    rows = [row for name in names for row in SUITES[name](args.quick)]
    return report(rows, as_json=args.json, check=args.check)


if __name__ == "__main__":
    sys.exit(main())
