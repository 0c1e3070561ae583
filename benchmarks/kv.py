"""What an engine need not read again while somebody types: by the engine's own counts, with the real model.

Each key of a typing trace makes a prompt as the server would make it; the embedded engine is asked for one
token of each. How it lays a prompt out counts, not how well the model knows the layout: so Codestral's is
measured with the small model too.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from benchmarks.replay.figures import big_document
from benchmarks.replay.traces import Style, load, trace
from benchmarks.table import Row, percentiles
from lsp_server.backends.embedded.backend import EmbeddedBackend
from lsp_server.backends.embedded.catalogue import DEFAULT_MODEL
from lsp_server.backends.embedded.download import DownloadFailed, pull
from lsp_server.backends.embedded.folder import models_folder
from lsp_server.config.settings import BackendSettings, Settings
from lsp_server.document.edits import Change
from lsp_server.document.store import DocumentStore
from lsp_server.policy.clearance import Policy
from lsp_server.policy.paths import PathRules
from lsp_server.prompt.families import FAMILIES, Family
from lsp_server.prompting import Prompter
from lsp_server.routing.router import Route
from lsp_server.types import CleanPrompt, Cursor, Usage

URI: Final = "file:///project/inventory.py"
BUDGET_TOKENS: Final = 2000
"""Gives prompts of some 1,000 tokens by the engine's count: the estimate is cautious, and a new cut leaves
room for typing."""
FILE_LINES: Final = 400
"""Lines around the one that is typed on: more than the window shows on either side."""
LONGEST_KEYS: Final = 250
REUSED: Final = 90.0
FIRST_TOKEN_MS: Final = 150.0


@dataclass(slots=True)
class Measured:
    """Of each key: the prompt's tokens, those the engine had, and the milliseconds to the first token."""

    prompt: list[int] = field(default_factory=list)
    cached: list[int] = field(default_factory=list)
    first_ms: list[float] = field(default_factory=list)

    @property
    def reused(self) -> float:
        """The share of all prompt tokens that were not read again, in percent."""
        return 100.0 * sum(self.cached) / sum(self.prompt)


async def kv_rows(*, quick: bool = False) -> list[Row]:
    """Rows for Codestral's layout and for the one that suits the model; one that says why without a model."""
    try:
        model = pull(DEFAULT_MODEL, models_folder())
    except DownloadFailed as error:
        return [Row("typing with the embedded engine: skipped", "", {}, {}, note=str(error))]
    keys = LONGEST_KEYS // 5 if quick else LONGEST_KEYS
    rows = []
    for name in ("codestral", "qwen"):
        measured = await measure(model, FAMILIES[name], keys)
        reread = 100.0 - measured.reused
        tokens = statistics.median(measured.prompt)
        rows.append(
            Row(
                f"typing with {name}'s layout: prompt tokens read again",
                "%",
                {"read again": reread, "p95 of a key": _percentile_read(measured)},
                {"read again": 100.0 - REUSED},
                note=f"{len(measured.prompt)} keys, prompts of {tokens:.0f} tokens at the median",
            )
        )
        rows.append(
            Row(
                f"typing with {name}'s layout: time to the first token",
                "ms",
                percentiles(measured.first_ms),
                {"p50": FIRST_TOKEN_MS} if name == "qwen" else {},
            )
        )
    return rows


async def measure(model: Path, family: Family, keys: int) -> Measured:
    """Type ``keys`` keys with an engine of its own."""
    described = BackendSettings(name="engine", kind="embedded", model=str(model))
    backend = EmbeddedBackend(described, session="benchmark")
    capabilities = backend.capabilities
    suited = family.for_backend(forces_start=capabilities.forces_start, takes_parts=capabilities.takes_parts)
    settings = Settings.model_validate({"context": {"budget_tokens": BUDGET_TOKENS}})
    prompter = Prompter(settings, Policy(PathRules(), folders=("/project",)))
    route = Route(backend, described)
    measured = Measured()
    try:
        await backend.probe()
        for number, cursor in enumerate(_typed(keys)):
            clean = await prompter.prompt(route, suited, cursor)
            assert isinstance(clean, CleanPrompt)
            first_ms, usage = await _first_token(backend, clean)
            if number and usage.prompt_tokens:  # The first prompt is new to the engine.
                measured.prompt.append(usage.prompt_tokens)
                measured.cached.append(usage.cached_tokens or 0)
                measured.first_ms.append(first_ms)
    finally:
        await backend.close()
    return measured


async def _first_token(backend: EmbeddedBackend, clean: CleanPrompt) -> tuple[float, Usage]:
    """One token more than what is forced, so that the engine tells its counts."""
    one = replace(clean.prompt, max_tokens=1, stop=())
    usage = Usage()
    first_ms = 0.0
    started = time.perf_counter()
    async with backend.stream(CleanPrompt(one, clean.destination)) as chunks:
        async for chunk in chunks:
            first_ms = first_ms or (time.perf_counter() - started) * 1000
            usage = chunk.usage or usage
    return first_ms, usage


def _typed(keys: int) -> list[Cursor]:
    """The cursor after each key of a trace, in the middle of a longer file."""
    sample = load("inventory.py")
    filler = big_document(0).split("\n")[1 : FILE_LINES + 1]
    text = "\n".join(filler) + "\n" + sample.before + sample.after + "\n" + "\n".join(filler)
    documents = DocumentStore()
    documents.open(URI, "python", 0, text)
    before = "\n".join(filler) + "\n" + sample.before
    place = (before.count("\n"), len(before) - before.rfind("\n") - 1)
    cursors = []
    for version, step in enumerate(trace(sample, Style.NEOVIM, 1)[:keys], start=1):
        line, column = place
        change = Change((line, column - step.delete), place, step.text)
        documents.change(URI, version, [change])
        end = documents.last_edits(URI)[-1].end
        place = (end.line, end.column)
        cursor = documents.cursor(URI, *place)
        assert cursor is not None
        cursors.append(cursor)
    return cursors


def _percentile_read(measured: Measured) -> float:
    read = [100.0 * (p - c) / p for p, c in zip(measured.prompt, measured.cached, strict=True)]
    return percentiles(read)["p95"]
