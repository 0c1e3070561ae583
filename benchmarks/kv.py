"""What an engine need not read again while somebody types: by the engine's own counts, with the real model.

Each key of a typing trace makes a prompt as the server would make it; the embedded engine is asked for one
token of each. How it lays a prompt out counts, not how well the model knows the layout: so Codestral's is
measured with the small model too. Once with nothing but the file, as fast as the engine answers; once with
what is retrieved from this project's own sources while one of its modules is typed, at a human's speed.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import lsp_server
from benchmarks.replay.figures import big_document
from benchmarks.replay.traces import Sample, Style, load, trace
from benchmarks.table import Row, percentiles
from lsp_server.backends.embedded.backend import EmbeddedBackend
from lsp_server.backends.embedded.catalogue import DEFAULT_MODEL
from lsp_server.backends.embedded.download import DownloadFailed, pull
from lsp_server.backends.embedded.folder import models_folder
from lsp_server.config.settings import BackendSettings, Settings
from lsp_server.context.outline import outline
from lsp_server.document.edits import Change
from lsp_server.document.store import DocumentStore
from lsp_server.gathering import Gatherer
from lsp_server.policy.clearance import Policy
from lsp_server.policy.paths import PathRules
from lsp_server.prompt.families import FAMILIES, Family
from lsp_server.prompting import Prompter
from lsp_server.routing.router import Route
from lsp_server.schedule.clock import SystemClock
from lsp_server.testing.index import MemoryIndex
from lsp_server.types import CleanPrompt, Cursor, Usage
from lsp_server.workspace import Workspace

FOLDER: Final = "/project"
BUDGET_TOKENS: Final = 2000
"""Gives prompts of some 1,000 tokens by the engine's count: the estimate is cautious, and a new cut leaves
room for typing."""
FILE_LINES: Final = 400
"""Lines around the one that is typed on: more than the window shows on either side."""
LONGEST_KEYS: Final = 250
LONGEST_GAP_S: Final = 1.2
"""Of a pause of the typist: long enough for the snippets to be put in a new order, as pauses allow."""
OWN_MODULE: Final = "context/resolve.py"
"""The module of this project that is typed, from its first function on."""
REUSED: Final = 90.0
FIRST_TOKEN_MS: Final = 150.0


@dataclass(slots=True)
class Measured:
    """Of each key: the prompt's tokens, those the engine had, and the milliseconds to the first token."""

    prompt: list[int] = field(default_factory=list)
    cached: list[int] = field(default_factory=list)
    first_ms: list[float] = field(default_factory=list)
    snippets: list[int] = field(default_factory=list)

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
    plain, own = Typing(_in_a_longer_file(load("inventory.py"))), own_sources()
    for name, typing in (("codestral", plain), ("qwen", plain), ("codestral", own), ("qwen", own)):
        measured = await measure(model, FAMILIES[name], keys, typing)
        reread = 100.0 - measured.reused
        tokens = statistics.median(measured.prompt)
        shown = statistics.median(measured.snippets)
        what = f"typing with {name}'s layout{' and snippets' * (typing is own)}"
        rows.append(
            Row(
                f"{what}: prompt tokens read again",
                "%",
                {"read again": reread, "p95 of a key": _percentile_read(measured)},
                {"read again": 100.0 - REUSED},
                note=f"{len(measured.prompt)} keys, prompts of {tokens:.0f} tokens and {shown:.0f} snippets",
            )
        )
        rows.append(
            Row(
                f"{what}: time to the first token",
                "ms",
                percentiles(measured.first_ms),
                {"p50": FIRST_TOKEN_MS} if name == "qwen" else {},
            )
        )
    return rows


@dataclass(frozen=True, slots=True)
class Typing:
    """What is typed, and the files it is typed among; without any nothing is retrieved."""

    sample: Sample
    files: tuple[tuple[str, str], ...] = ()


def own_sources() -> Typing:
    """The second half of one of this project's modules, typed among all the others."""
    root = Path(lsp_server.__file__).parent
    files = tuple((p.relative_to(root).as_posix(), p.read_text("utf-8")) for p in sorted(root.rglob("*.py")))
    text = dict(files)[OWN_MODULE]
    start = text.index("\ndef ") + 1
    end = min(len(text), start + 3 * LONGEST_KEYS)
    sample = Sample(OWN_MODULE, "python", text[:start], text[start:end], text[end:])
    return Typing(sample, tuple(file for file in files if file[0] != OWN_MODULE))


class _Indexed(Workspace):
    """A workspace whose index is in memory."""

    def __init__(self, typing: Typing) -> None:
        super().__init__(DocumentStore())
        self._memory = MemoryIndex(outline)
        for path, text in typing.files:
            self._memory.put(path, text)

    def index_for(self, path: str | None) -> MemoryIndex:
        """The files, wherever ``path`` is."""
        del path
        return self._memory


async def measure(model: Path, family: Family, keys: int, typing: Typing) -> Measured:
    """Type ``keys`` keys with an engine of its own."""
    described = BackendSettings(name="engine", kind="embedded", model=str(model))
    backend = EmbeddedBackend(described, session="benchmark")
    capabilities = backend.capabilities
    suited = family.for_backend(forces_start=capabilities.forces_start, takes_parts=capabilities.takes_parts)
    settings = Settings.model_validate({"context": {"budget_tokens": BUDGET_TOKENS}})
    policy = Policy(PathRules(), folders=(FOLDER,))
    workspace = _Indexed(typing)
    clock = SystemClock()
    gatherer = Gatherer(settings, policy, workspace, clock) if typing.files else None
    prompter = Prompter(settings, policy, gatherer)
    route = Route(backend, described)
    measured = Measured()
    try:
        await backend.probe()
        for number, (gap_s, cursor) in enumerate(_typed(keys, typing.sample, workspace.documents)):
            if typing.files:
                uri = cursor.document.uri
                edits = workspace.documents.last_edits(uri)
                workspace.document_changed(cursor.document, edits, typing.sample.path, clock.now_ms())
                await asyncio.sleep(gap_s)
            clean = await prompter.prompt(route, suited, cursor)
            assert isinstance(clean, CleanPrompt)
            first_ms, usage = await _first_token(backend, clean)
            if number and usage.prompt_tokens:  # The first prompt is new to the engine.
                measured.prompt.append(usage.prompt_tokens)
                measured.cached.append(usage.cached_tokens or 0)
                measured.first_ms.append(first_ms)
                measured.snippets.append(len(clean.prompt.snippets))
    finally:
        prompter.close()
        await workspace.close()
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


def _in_a_longer_file(sample: Sample) -> Sample:
    filler = "\n".join(big_document(0).split("\n")[1 : FILE_LINES + 1])
    before, after = f"{filler}\n{sample.before}", f"{sample.after}\n{filler}"
    return replace(sample, before=before, after=after)


def _typed(keys: int, sample: Sample, documents: DocumentStore) -> Iterator[tuple[float, Cursor]]:
    """The seconds before each key of a trace, and the cursor after it."""
    uri = f"file://{FOLDER}/{sample.path}"
    documents.open(uri, sample.language, 0, sample.before + sample.after)
    place = (sample.before.count("\n"), len(sample.before) - sample.before.rfind("\n") - 1)
    last_ms = 0.0
    for version, step in enumerate(trace(sample, Style.NEOVIM, 1)[:keys], start=1):
        line, column = place
        change = Change((line, column - step.delete), place, step.text)
        documents.change(uri, version, [change])
        end = documents.last_edits(uri)[-1].end
        place = (end.line, end.column)
        cursor = documents.cursor(uri, *place)
        assert cursor is not None
        yield min(LONGEST_GAP_S, (step.at_ms - last_ms) / 1000), cursor
        last_ms = step.at_ms


def _percentile_read(measured: Measured) -> float:
    read = [100.0 * (p - c) / p for p, c in zip(measured.prompt, measured.cached, strict=True)]
    return percentiles(read)["p95"]
