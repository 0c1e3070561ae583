"""How well a model's confidence tells right from wrong, and what each eagerness shows.

    python -m benchmarks.confidence [--tasks N] [--data FILE] [--json]

The embedded 0.5B model completes lines of HumanEval-Infilling, each at two places: where the line begins and
somewhere in it. Right is what the line has there, to the letter. 150 tasks take about seven minutes on two
cores, and are what ``lsp_server/shaping/confidence.py`` rests on.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import math
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from lsp_server.backends.base import Backend
from lsp_server.backends.embedded.backend import EmbeddedBackend
from lsp_server.config.settings import BackendSettings
from lsp_server.document.lines import split_lines
from lsp_server.policy.clearance import Policy
from lsp_server.policy.paths import PathRules
from lsp_server.prompt.families import FAMILIES
from lsp_server.prompt.layout import Limits, lay_out
from lsp_server.shaping.confidence import confidence, first_line, floor
from lsp_server.types import Cursor, Document, Gate, Position

DATA: Final = (
    Path(__file__).parents[2] / "shared/data/human-eval-infilling/HumanEval-SingleLineInfilling.jsonl.gz"
)
MODEL: Final = "qwen2.5-coder-0.5b"
LIMITS: Final = Limits(context_tokens=8192, budget_tokens=2048, max_tokens=64, forces_start=True)
BUCKETS: Final = (0.0, 0.125, 0.25, 0.5, 0.75, 0.9, 1.0)
EAGERNESS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
SEED: Final = 1
NEWTON_STEPS: Final = 30
"""Enough for a logistic curve with two values; it settles in ten."""
NEARLY: Final = 1e-6
"""Confidences nearer to 0 or 1 than this count as so far from it, so that their odds are finite."""


@dataclass(frozen=True, slots=True)
class Place:
    """A cursor in a line, and the rest of that line without the blanks around it."""

    cursor: Cursor
    rest: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether a line was right, and the confidence in it; None where the pieces tell none."""

    right: bool
    confidence: float | None


@dataclass(frozen=True, slots=True)
class Bucket:
    """The lines with a confidence from ``low`` up to ``high``."""

    low: float
    high: float
    count: int
    right: float | None


@dataclass(frozen=True, slots=True)
class Shown:
    """What an eagerness shows: the share of all lines, and of these and of the others the share right."""

    eagerness: float
    floor: float
    shown: float
    right: float | None
    hidden_right: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    """``auc`` is the chance that a right line has more confidence than a wrong one. The log odds of being
    right are best told as ``offset`` plus ``slope`` times those of the confidence: 0 and 1 mean that the
    confidence is that share.
    """

    lines: int
    untold: int
    right: float | None
    auc: float | None
    offset: float
    slope: float
    buckets: tuple[Bucket, ...]
    eagerness: tuple[Shown, ...]


def places(path: Path, tasks: int) -> Iterator[Place]:
    """Two places in each of so many tasks of a file, chosen by chance and always the same."""
    chance = random.Random(SEED)
    with gzip.open(path, "rt", encoding="utf-8") as file:
        known = [json.loads(line) for line in file]
    for task in chance.sample(known, min(tasks, len(known))):
        line = task["canonical_solution"].rstrip("\n")
        start = len(line) - len(line.lstrip())
        for column in (start, chance.randrange(start + 1, max(start + 2, len(line)))):
            head = task["prompt"] + line[:column]
            lines = split_lines(head + "\n" + task["suffix"])
            document = Document("untitled:task", None, "python", 0, tuple(lines))
            yield Place(Cursor(document, Position(head.count("\n"), column)), line[column:].strip())


async def complete(backend: Backend, place: Place) -> Outcome:
    """What comes of asking for the rest of one line."""
    family = FAMILIES["qwen"].for_backend(forces_start=True, takes_parts=False)
    prompt, _ = lay_out(place.cursor, family, limits=LIMITS)
    clean = Policy(PathRules()).clear(prompt, place.cursor, backend.destination)
    assert not isinstance(clean, Gate)
    whole = draft = ""
    starts, logprobs = list[int](), list[float | None]()
    async with backend.stream(clean) as chunks:
        async for chunk in chunks:
            if chunk.text:
                starts.append(len(whole) - len(prompt.forced))
                logprobs.append(chunk.logprob)
            whole += chunk.text
            draft = whole[len(prompt.forced) :]
            if "\n" in draft[first_line(draft)[1] :] and draft.strip():
                break
    start, end = first_line(draft)
    right = draft[start:end].strip() == place.rest
    return Outcome(right, confidence(draft, starts, logprobs, prompt.forced))


def figures(outcomes: Sequence[Outcome]) -> Figures:
    """Every figure. Lines without a confidence are counted and otherwise left out."""
    told = [(sure, outcome.right) for outcome in outcomes if (sure := outcome.confidence) is not None]
    offset, slope = fit([(log_odds(sure), right) for sure, right in told])
    return Figures(
        lines=len(outcomes),
        untold=len(outcomes) - len(told),
        right=share([right for _, right in told]),
        auc=auc([sure for sure, right in told if right], [sure for sure, right in told if not right]),
        offset=offset,
        slope=slope,
        buckets=tuple(bucket(told, low, high) for low, high in pairwise(BUCKETS)),
        eagerness=tuple(shown(told, eagerness) for eagerness in EAGERNESS),
    )


def auc(right: Sequence[float], wrong: Sequence[float]) -> float | None:
    """The chance that a right one is above a wrong one, ties counting half; None without one of each."""
    above = sum((r > w) + (r == w) / 2 for r in right for w in wrong)
    return above / (len(right) * len(wrong)) if right and wrong else None


def log_odds(probability: float) -> float:
    """The logarithm of a probability's odds."""
    inner = min(1 - NEARLY, max(NEARLY, probability))
    return math.log(inner / (1 - inner))


def fit(points: Sequence[tuple[float, bool]]) -> tuple[float, float]:
    """Offset and slope of the logistic curve that tells best which points are true, by Newton's method."""
    offset, slope = 0.0, 1.0
    for _ in range(NEWTON_STEPS):
        a = b = c = up = along = 0.0
        for x, true in points:
            chance = 1 / (1 + math.exp(-(offset + slope * x)))
            weight, error = chance * (1 - chance), true - chance
            a, b, c = a + weight, b + weight * x, c + weight * x * x
            up, along = up + error, along + error * x
        size = a * c - b * b
        if size < NEARLY:
            break
        offset, slope = offset + (c * up - b * along) / size, slope + (a * along - b * up) / size
    return offset, slope


def bucket(told: Sequence[tuple[float, bool]], low: float, high: float) -> Bucket:
    """The bucket of those in between; the last one holds 1 too."""
    right = [right for sure, right in told if low <= sure < high or sure == high == BUCKETS[-1]]
    return Bucket(low, high, len(right), share(right))


def shown(told: Sequence[tuple[float, bool]], eagerness: float) -> Shown:
    """What an eagerness shows of them."""
    least = floor(eagerness)
    kept = [right for sure, right in told if sure >= least]
    hidden = [right for sure, right in told if sure < least]
    return Shown(eagerness, least, len(kept) / max(1, len(told)), share(kept), share(hidden))


def share(right: Sequence[bool]) -> float | None:
    """The share that is right; None of none."""
    return sum(right) / len(right) if right else None


def as_text(result: Figures) -> str:
    """The figures as tables for people."""
    lines = [
        f"{result.lines} lines, {result.untold} without a confidence; right of the others:"
        + _percent(result.right),
        f"AUC {result.auc or math.nan:.3f}",
        f"log odds of being right = {result.offset:.2f} + {result.slope:.2f} x log odds of the confidence",
        "",
        " confidence     lines   right",
        *(f"{b.low:5.3f} to {b.high:5.3f} {b.count:6} {_percent(b.right)}" for b in result.buckets),
        "",
        "eagerness   floor   shown   right   right of the hidden",
        *(
            f"{s.eagerness:9.2f} {s.floor:7.3f} "
            + " ".join(_percent(value) for value in (s.shown, s.right, s.hidden_right))
            for s in result.eagerness
        ),
    ]
    return "\n".join(lines)


def _percent(value: float | None) -> str:
    return "      -" if value is None else f"{value:7.1%}"


async def run(path: Path, tasks: int) -> Figures:
    """Ask the model, and return the figures."""
    backend = EmbeddedBackend(
        BackendSettings(name="engine", kind="embedded", model=MODEL), session="benchmark"
    )
    try:
        return figures([await complete(backend, place) for place in places(path, tasks)])
    finally:
        await backend.close()


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.confidence", description=__doc__)
    parser.add_argument("--tasks", type=int, default=150, help="tasks of two places each (default 150)")
    parser.add_argument(
        "--data", type=Path, default=DATA, help="HumanEval-Infilling, single lines, .jsonl.gz"
    )
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    result = asyncio.run(run(args.data, args.tasks))
    print(json.dumps(asdict(result), indent=2) if args.json else as_text(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
