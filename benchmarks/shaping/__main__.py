"""The figures of the shaping rules, or the cases behind them.

python -m benchmarks.shaping [--quick] [--json] [--check]
python -m benchmarks.shaping --list
python -m benchmarks.shaping --failures {python,typescript}
"""

from __future__ import annotations

import argparse
import sys

from benchmarks.shaping.data import LANGUAGES, RANDOM_SPANS, SINGLE_LINES, MissingData
from benchmarks.shaping.infills import Tried, alone, with_rambling
from benchmarks.shaping.outputs import ORACLE, OURS, failures
from benchmarks.shaping.shaping import shaping_rows
from benchmarks.table import report


def main() -> int:
    """Measure or list, print, and return the exit status: 1 if bars are checked and one is missed."""
    summary = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.shaping", description=summary)
    parser.add_argument("--quick", action="store_true", help="fewer streams are timed")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true", help="exit 1 if a bar is missed")
    cases = parser.add_mutually_exclusive_group()
    cases.add_argument("--list", action="store_true", help="the right drafts that came out changed, and why")
    cases.add_argument(
        "--failures", choices=LANGUAGES, help="the outputs that another cut would serve better"
    )
    args = parser.parse_args()
    try:
        if args.list:
            return list_changed()
        if args.failures:
            return list_failures(args.failures)
    except MissingData as missing:
        print(f"skipped: {missing}")
        return 0
    return report(shaping_rows(quick=args.quick), as_json=args.json, check=args.check)


def list_changed() -> int:
    """Print each reference that came out changed, with the rule and both texts."""
    _list("single lines alone", alone(SINGLE_LINES))
    _list("random spans alone", alone(RANDOM_SPANS))
    _list("single lines with rambling", with_rambling(SINGLE_LINES))
    return 0


def list_failures(language: str) -> int:
    """Print each output of which another prefix would have been better."""
    for judged in failures(language):
        output, scores = judged.output, judged.scores
        _head(f"{output.task} {output.model} {output.template}", judged.shown.reason(output.text))
        print(f"similarity {scores[OURS].similarity:.2f}, at best {scores[ORACLE].similarity:.2f}")
        _texts(output.place.line_before, reference=output.reference, ours=judged.shown.text, best=judged.best)
    return 0


def _list(what: str, tried: list[Tried]) -> None:
    changed = [one for one in tried if one.changed]
    print(f"=== {what}: {len(changed)} of {len(tried)} changed\n")
    for one in changed:
        _head(one.infill.task, one.shown.reason(one.draft))
        draft = {} if one.draft == one.infill.reference else {"draft": one.draft}
        place = one.infill.place
        _texts(
            f"{place.line_before}|{place.line_after}",
            reference=one.infill.reference,
            **draft,
            shown=one.shown.text,
        )


def _head(name: str, reason: str) -> None:
    print(f"--- {name}: {reason}")


def _texts(line: str, **texts: str) -> None:
    print(f"{'line':>10} {line!r}")
    for name, text in texts.items():
        print(f"{name:>10} {text!r}")
    print()


if __name__ == "__main__":
    sys.exit(main())
