"""Code actions with a real, small model: what comes of them, and whether a file was ever broken.

    python -m benchmarks actions [--quick]
    python -m benchmarks.actions [--tune] [--show] [--only ACTION] [--count N]

The embedded 0.5B model is asked to document, annotate and explain real functions of PyPI packages. Every
edit that the actions accept is applied and parsed again. ``--tune`` takes other
packages, ``--show`` prints answers.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, zip_longest
from typing import Final

from benchmarks.context.packages import REPORTED_ON, TUNED_ON, package
from benchmarks.table import Row, report
from lsp_server.action_runner import ActionRunner, Job
from lsp_server.actions.edits import applied
from lsp_server.actions.model import Outcome, Page, Plan, Refused, Situation, Span
from lsp_server.actions.offers import ActionConfig, offer_for
from lsp_server.actions.structure import Structure
from lsp_server.actions.templates import builtin
from lsp_server.backends.embedded.backend import EmbeddedBackend
from lsp_server.backends.embedded.catalogue import DEFAULT_MODEL
from lsp_server.backends.embedded.download import pull
from lsp_server.backends.embedded.folder import models_folder
from lsp_server.config.settings import BackendSettings, Settings
from lsp_server.document.lines import split_lines
from lsp_server.policy.clearance import Policy
from lsp_server.policy.paths import PathRules
from lsp_server.routing.router import Route, Router
from lsp_server.schedule.clock import SystemClock
from lsp_server.types import Document, Position

ACTIONS: Final = ("docstring", "annotate", "explain")
FUNCTIONS: Final = 20
LINES: Final = range(4, 30)
"""Of a function that is taken: shorter ones have nothing to tell, longer ones take a small model a minute."""


LARGEST: Final = 40_000
"""Characters of a file."""


@dataclass(frozen=True, slots=True)
class Case:
    """A function of a package's file."""

    document: Document
    line: int
    name: str


def cases(requirements: tuple[str, ...], count: int) -> list[Case]:
    """``count`` functions that lack some types, drawn from all packages alike."""
    chance = random.Random(1)
    drawn = [list(_drawn(requirement, count, chance)) for requirement in requirements]
    turns = (case for turn in zip_longest(*drawn) for case in turn if case is not None)
    return list(islice(turns, count))


def _drawn(requirement: str, count: int, chance: random.Random) -> Iterator[Case]:
    """At most ``count`` functions of a package, each of another file."""
    files = list(package(requirement).files.items())
    chance.shuffle(files)
    for path, text in files:
        if len(text) > LARGEST or count <= 0:
            continue
        document = Document(f"file:///{path}", f"/{path}", "python", 1, split_lines(text))
        here = list(_functions(document))
        if here:
            yield chance.choice(here)
            count -= 1


def _functions(document: Document) -> Iterator[Case]:
    structure = Structure.of(document)
    for number, line in enumerate(document.lines):
        if line.lstrip().startswith("def ") and "(" in line:
            place = Position(number, len(line) - len(line.lstrip()) + 4)
            inner = next(iter(structure.definitions(Span(place, place))), None)
            if inner is None or inner.is_class or inner.annotated or inner.head.start.line != number:
                continue
            if inner.whole.end.line - inner.whole.start.line in LINES:
                yield Case(document, number, inner.name)


async def outcomes(
    requirements: tuple[str, ...], count: int, actions: tuple[str, ...], *, show: bool = False
) -> list[tuple[str, Outcome, float]]:
    """What each action came to on each function, and how long it took in milliseconds."""
    settings = BackendSettings(
        name="engine", kind="embedded", model=str(pull(DEFAULT_MODEL, models_folder()))
    )
    backend = EmbeddedBackend(settings, session="benchmark")
    router = Router([Route(backend, settings)], SystemClock())
    runner = ActionRunner(Settings(), Policy(PathRules(), folders=("/",)), router)
    found = []
    try:
        await backend.warm_up()
        for case in cases(requirements, count):
            for action in actions:
                outcome, took_ms = await _outcome(runner, case, action)
                found.append((action, outcome, took_ms))
                if show:
                    _print(case, action, outcome, took_ms)
    finally:
        await backend.close()
    return found


async def _outcome(runner: ActionRunner, case: Case, action: str) -> tuple[Outcome, float]:
    place = Position(case.line, len(case.document.lines[case.line]) - 1)
    situation = Situation(case.document, Span(place, place))
    offer = offer_for(action, situation, config=ActionConfig())
    assert offer is not None
    start = time.perf_counter()
    outcome = await runner.run(Job(offer, situation, builtin(action)))
    return outcome, (time.perf_counter() - start) * 1000


def is_sound(outcome: Outcome) -> bool:
    """Whether a plan leaves a file that compiles, as the file before it did."""
    if not isinstance(outcome, Plan):
        return True
    try:
        compile(outcome.document.text, "before", "exec")
    except SyntaxError:
        return True
    try:
        compile(applied(outcome.document, outcome.edits).text, "after", "exec")
    except SyntaxError:
        return False
    return True


def action_rows(*, quick: bool) -> list[Row]:
    """The figures."""
    count = 4 if quick else FUNCTIONS
    found = asyncio.run(outcomes(REPORTED_ON, count, ACTIONS))
    broken = sum(not is_sound(outcome) for _, outcome, _ in found)
    rows = [Row(f"{len(found)} actions of a 0.5B model: files broken", "", {"files": broken}, {"files": 0})]
    for action in ACTIONS:
        mine = [(outcome, took) for name, outcome, took in found if name == action]
        done = sum(isinstance(outcome, Plan | Page) for outcome, _ in mine)
        refusals = Counter(o.reason.partition(":")[0] for o, _ in mine if isinstance(o, Refused))
        times = sorted(took for _, took in mine)
        rows.append(
            Row(
                f"{action}: done, of {len(mine)}",
                "",
                {"done": done, "p50_s": round(times[len(times) // 2] / 1000, 1)},
                {},
                note="; ".join(f"{count} {reason}" for reason, count in refusals.most_common()),
            )
        )
    return rows


def _print(case: Case, action: str, outcome: Outcome, took_ms: float) -> None:
    print(f"== {case.document.path} {case.name} {action} {took_ms / 1000:.1f} s")
    if isinstance(outcome, Plan):
        print("\n".join(f"{edit.span.start.line + 1}: {edit.text!r}" for edit in outcome.edits))
    else:
        print(outcome.markdown[:600] if isinstance(outcome, Page) else outcome)


def main() -> int:
    """Print the figures, or the answers."""
    summary = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.actions", description=summary)
    parser.add_argument("--tune", action="store_true", help="other packages than the reported ones")
    parser.add_argument("--show", action="store_true", help="print each answer")
    parser.add_argument("--only", choices=ACTIONS)
    parser.add_argument("--count", type=int, default=FUNCTIONS)
    args = parser.parse_args()
    if not (args.tune or args.show):
        return report(action_rows(quick=False), as_json=False, check=False)
    chosen = (args.only,) if args.only else ACTIONS
    packages = TUNED_ON if args.tune else REPORTED_ON
    found = asyncio.run(outcomes(packages, args.count, chosen, show=args.show))
    for action in chosen:
        done = [isinstance(o, Plan | Page) for name, o, _ in found if name == action]
        print(action, sum(done), "of", len(done))
    print("broken", sum(not is_sound(o) for _, o, _ in found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
