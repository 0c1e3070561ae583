"""What retrieval finds, at a fixed number of characters, of the names that an answer needs.

    python -m benchmarks.context [--json] [--check] [--positions N] [--tuning]

Positions are in packages younger than the test models, fetched from PyPI into the user's cache folder. The
figures are of packages that no number was tuned on, though some joined after the first had been looked at
(``docs/context.md``); ``--tuning`` gives those of the others.
"""

from __future__ import annotations

import argparse
import sys

from benchmarks.context.packages import REPORTED_ON, TUNED_ON
from benchmarks.context.recall import recall_rows
from benchmarks.table import report


def main() -> int:
    """Measure, print, and return the exit status: 1 if bars are checked and one is missed."""
    summary = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.context", description=summary)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true", help="exit 1 if a bar is missed")
    parser.add_argument("--positions", type=int, default=600)
    parser.add_argument("--tuning", action="store_true", help="the packages that were tuned on")
    args = parser.parse_args()
    rows = recall_rows(args.positions, TUNED_ON if args.tuning else REPORTED_ON)
    return report(rows, as_json=args.json, check=args.check)


if __name__ == "__main__":
    sys.exit(main())
