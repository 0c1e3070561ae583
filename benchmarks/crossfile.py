"""Whether what is retrieved makes the real model's completions better: the same places with and without it.

    python -m benchmarks.crossfile [--tasks N] [--json]

The places are CrossCodeEval's, whose answers need other files; of these the set holds the pieces that its own
retrieval found, which stand in for the workspace: they are put into an index, and the sources choose from it.
So this measures the choice and the layout, not the search of a whole repository. Both arms have the settings'
default budget. The interval is a paired bootstrap over tasks.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.shaping.data import MissingData, Place, rows_of
from benchmarks.shaping.score import score
from benchmarks.shaping.stream import Reading
from benchmarks.table import Row, report
from lsp_server.backends.embedded.backend import EmbeddedBackend
from lsp_server.backends.embedded.catalogue import DEFAULT_MODEL
from lsp_server.backends.embedded.download import DownloadFailed, pull
from lsp_server.backends.embedded.folder import models_folder
from lsp_server.config.settings import BackendSettings, ContextSettings
from lsp_server.context.outline import outline
from lsp_server.context.retrieval import Retriever
from lsp_server.context.view import View
from lsp_server.gathering import CHARS
from lsp_server.prompt.families import FAMILIES, Family
from lsp_server.prompt.layout import Limits, lay_out
from lsp_server.shaping.mode import Mode
from lsp_server.testing.index import MemoryIndex
from lsp_server.types import CleanPrompt, Cursor, Finish, Snippet

TASKS: Final = 100
BUDGET_TOKENS: Final = ContextSettings().budget_tokens
"""Of a prompt, in both arms: what a user has who sets nothing."""
MAX_TOKENS: Final = 32
RESAMPLES: Final = 10_000


@dataclass(frozen=True, slots=True)
class Task:
    """A place, what stands there in truth, and the pieces of other files."""

    name: str
    path: str
    place: Place
    reference: str
    pieces: tuple[tuple[str, str], ...]


def tasks(count: int) -> list[Task]:
    """The first ``count`` tasks in Python. Raises ``MissingData``."""
    rows = [
        r for name in ("python-100", "python-25") for r in rows_of("crosscodeeval-sample", f"{name}.jsonl.xz")
    ]
    return [_task(row) for row in rows[:count]]


def _task(row: dict[str, Any]) -> Task:
    pieces = tuple((p["filename"], p["retrieved_chunk"]) for p in row["crossfile_context"]["list"])
    place = Place(row["prompt"], row["right_context"])
    about = row["metadata"]
    return Task(about["task_id"], about["file"], place, row["groundtruth"], pieces)


async def crossfile_rows(count: int = TASKS) -> list[Row]:
    """Edit similarity and exact match with and without context; one row that says why where it cannot be."""
    try:
        model = pull(DEFAULT_MODEL, models_folder())
        wanted = tasks(count)
    except (DownloadFailed, MissingData) as missing:
        return [Row("cross-file tasks: skipped", "", {}, {}, note=str(missing))]
    pairs = [pair async for pair in _pairs(model, wanted)]
    rows = []
    for name, pick in (("edit similarity", 1), ("exact match", 0)):
        without = [100.0 * one[pick] for one, _ in pairs]
        with_ = [100.0 * other[pick] for _, other in pairs]
        gains = [b - a for a, b in zip(without, with_, strict=True)]
        low, high = interval(gains)
        values = {
            "with": sum(with_) / len(pairs),
            "without": sum(without) / len(pairs),
            "gain": sum(gains) / len(pairs),
            "low": low,
            "high": high,
        }
        rows.append(Row(f"{len(pairs)} cross-file tasks, {DEFAULT_MODEL.name}: {name}", "%", values, {}))
    return rows


def interval(gains: list[float]) -> tuple[float, float]:
    """The middle 95 % of the means of resamples."""
    chance = random.Random(1)
    means = sorted(sum(chance.choices(gains, k=len(gains))) / len(gains) for _ in range(RESAMPLES))
    return means[RESAMPLES // 40], means[-RESAMPLES // 40]


async def _pairs(model: Path, wanted: list[Task]) -> Any:
    described = BackendSettings(name="engine", kind="embedded", model=str(model))
    backend = EmbeddedBackend(described, session="benchmark")
    family = FAMILIES["qwen"].for_backend(forces_start=True, takes_parts=False)
    try:
        await backend.probe()
        for task in wanted:
            scores = []
            for snippets in ((), _snippets(task)):
                text = await _complete(backend, family, task, snippets)
                found = score(text, task.reference)
                scores.append((found.exact, found.similarity))
            yield scores[0], scores[1]
    finally:
        await backend.close()


def _snippets(task: Task) -> tuple[Snippet, ...]:
    files: dict[str, list[str]] = {}
    for path, text in task.pieces:
        files.setdefault(path, []).append(text)
    index = MemoryIndex(outline)
    for path, texts in files.items():
        index.put(path, "\n\n".join(texts))
    cursor = task.place.cursor
    line = cursor.position.line
    retriever = Retriever(lambda: time.perf_counter() * 1000)
    visible = range(max(0, line - 40), line + 10)
    view = View(index=index, relative=lambda _: task.path)
    return retriever.retrieve(view, cursor, visible, budget=CHARS, budget_ms=1000.0).snippets


async def _complete(
    backend: EmbeddedBackend, family: Family, task: Task, snippets: tuple[Snippet, ...]
) -> str:
    cursor: Cursor = task.place.cursor
    reading = Reading.at(task.place)
    limits = Limits(
        context_tokens=4096, budget_tokens=BUDGET_TOKENS, max_tokens=MAX_TOKENS, forces_start=True
    )
    prompt, _ = lay_out(
        cursor,
        family,
        limits=limits,
        snippets=snippets,
        relative_path=task.path,
        single_line=reading.site.mode is Mode.LINE,
    )
    text, finish = "", Finish.STOP
    async with backend.stream(CleanPrompt(prompt, backend.destination)) as chunks:
        async for chunk in chunks:
            text += chunk.text
            finish = chunk.finish or finish
            if len(text) > len(prompt.forced) and chunk.text:
                shown = reading.look(text.removeprefix(prompt.forced))
                if shown is not None:
                    return shown.text
    shown = reading.look(text.removeprefix(prompt.forced), finish)
    assert shown is not None
    return shown.text


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crossfile")
    parser.add_argument("--tasks", type=int, default=TASKS)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    return report(asyncio.run(crossfile_rows(args.tasks)), as_json=args.json, check=False)


if __name__ == "__main__":
    sys.exit(main())
