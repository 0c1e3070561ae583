"""The workspace index: time and memory of the worker, and what a question costs the server.

On a made tree of 600,000 lines in three languages, and on the standard library of the Python that runs this.
"""

from __future__ import annotations

import asyncio
import random
import sysconfig
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # It ships no types.

from benchmarks.table import Row, percentiles
from lsp_server.context.folder import FolderIndex
from lsp_server.context.indexing import Progress, WorkspaceIndex
from lsp_server.context.schema import database_path
from lsp_server.context.store import StoredIndex
from lsp_server.context.words import words_in
from lsp_server.policy.paths import PathRules

LINES = 600_000
FILE_LINES = 300
QUERY_LINES = 20
QUERY_WORDS = 24
BAR_INDEX_S = 30.0
BAR_WORKER_MB = 600.0
BAR_AGAIN_MS = 30.0
BAR_SEARCH_MS = 10.0
BAR_LOOP_MS = 10.0
TICK_S = 0.02
IDLE_S = 2.0

STEMS = """account adapter address agent amount archive array batch bucket buffer bundle cache channel
    chunk client cluster codec column command config context counter cursor customer dataset
    deadline delta device digest domain driver edge element engine entry epoch event factory
    feature field filter folder format frame gateway graph group handler header history index
    input invoice item job journal kernel ledger level limit listener loader lock mapper marker
    matrix member message meter metric model module monitor network node notice offset option
    order output owner packet page parser partition patch path payload peer pipeline player
    policy pool port prefix price probe process profile project proxy query queue range reader
    record region registry relay report request resolver response result route rule runner
    sample schema scope segment sender sensor series server session shard signal sink slot
    socket source span stage state storage store stream subject suffix symbol table target task
    template tenant thread ticket timer token topic trace tracker transfer tree trigger tunnel
    update upload user vector vendor version view volume watcher widget window worker writer
    zone""".split()  # noqa: SIM905 - a list would be a page long


class Maker:
    """Makes source files: names of two or three words, the commonest words most often, as in real code."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._weights = [1 / (rank + 3) for rank in range(len(STEMS))]
        self._random.shuffle(self._weights)

    def names(self, count: int) -> list[str]:
        """Some names in snake case."""
        words = self._random.choices(STEMS, self._weights, k=2 * count)
        extra = self._random.choices(["", "", "", *STEMS[:9]], k=count)
        return [
            "_".join(filter(None, (a, b, c))) for a, b, c in zip(words[::2], words[1::2], extra, strict=True)
        ]

    def python(self, lines: int) -> str:
        """A module of classes with methods."""
        out = [
            "from __future__ import annotations",
            "",
            f"from .{self.names(1)[0]} import {self.names(1)[0]}",
        ]
        while len(out) < lines:
            kind, base, field, other = self.names(4)
            out += [
                "",
                "",
                f"class {_camel(kind)}({_camel(base)}):",
                f'    """The {kind} of a {base}."""',
                "",
            ]
            out += [f"    def __init__(self, {field}: int, {other}: str) -> None:"]
            out += [f"        self.{field} = {field}", f"        self._{other} = {other}"]
            for _ in range(4):
                name, a, b, c, d = self.names(5)
                out += ["", f"    def {name}(self, {a}: int, {b}: str) -> bool:", f"        # {c} before {d}"]
                out += [f"        {c} = self.{field} + {a}", f"        for {d} in range({c}):"]
                out += [f"            if {b} in self._{other}[{d}]:", f"                return {a} > {d}"]
                out += [f"        return self.{name}_done({c}, {b!r})"]
        return "\n".join(out) + "\n"

    def typescript(self, lines: int) -> str:
        """A module of interfaces and functions."""
        out = [f'import {{ {_camel(self.names(1)[0])} }} from "./{self.names(1)[0]}";']
        while len(out) < lines:
            kind, a, b, c, d = map(_camel, self.names(5))
            out += ["", f"export interface {kind} {{", f"  {a}: number;", f"  {b}?: string;", "}", ""]
            out += [f"/** {a} of {b} */", f"export function {c}From{d}(value: {kind}): number {{"]
            for _ in range(5):
                x, y, z = map(_camel, self.names(3))
                out += [
                    f"  const {x} = value.{a} * {len(y)};",
                    f"  if ({x} > {len(z)}) return {y}({x}, value.{b});",
                ]
            out += ["  return 0;", "}"]
        return "\n".join(out) + "\n"

    def go(self, lines: int) -> str:
        """A file of structs with methods."""
        out = ["package main", "", 'import "fmt"']
        while len(out) < lines:
            kind, a, b, c, d = map(_camel, self.names(5))
            out += ["", f"// {kind} has {a}.", f"type {kind} struct {{", f"\t{a} int", f"\t{b} string", "}"]
            for _ in range(3):
                x, y, z = map(_camel, self.names(3))
                out += ["", f"func (t *{kind}) {x}{c}({y} int) ({d} string, err error) {{"]
                out += [f"\tif t.{a} < {y} {{", f'\t\treturn "", fmt.Errorf("{z}: %d", {y})', "\t}"]
                out += [f"\tt.{b} = {d}", f"\treturn t.{b}, nil", "}"]
        return "\n".join(out) + "\n"


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def make_tree(folder: Path, lines: int) -> None:
    """Write a tree of ``lines`` lines: half Python, the rest TypeScript and Go."""
    maker = Maker(1)
    makers = ((maker.python, "py"), (maker.typescript, "ts"), (maker.python, "py"), (maker.go, "go"))
    for number in range(lines // FILE_LINES):
        make, ending = makers[number % len(makers)]
        part = folder / f"part{number // 40}"
        part.mkdir(exist_ok=True)
        (part / f"{maker.names(1)[0]}_{number}.{ending}").write_text(make(FILE_LINES), encoding="utf-8")


@dataclass(slots=True)
class Measured:
    """Figures of one tree.

    ``again_ms`` is the worker's own time for an edited file; ``told_ms`` are from a save to its word that the
    index has the file, through the pipes and at the worker's low priority.
    """

    files: int
    symbols: int
    megabytes: float
    index_s: float
    worker_mb: float
    loop_ms: float
    idle_loop_ms: float
    again_ms: list[float]
    told_ms: list[float]
    search_ms: list[float]


async def measure(folder: Path, *, rounds: int, edits: bool) -> Measured:
    """Index ``folder`` in a worker, then ask and edit."""
    finished = asyncio.Event()
    worker_mb = loop_ms = started = 0.0

    def progress(told: Progress) -> None:
        if told.files == told.total:
            finished.set()

    async def watch() -> None:
        nonlocal worker_mb, loop_ms
        workers: list[psutil.Process] = []
        while True:
            if not workers and started:
                workers = psutil.Process().children()
            for child in workers:
                worker_mb = max(worker_mb, child.memory_info().rss / 1e6)
            before = time.perf_counter()
            await asyncio.sleep(TICK_S)
            # Later on this program holds up its own loop, by asking and by writing files.
            if not finished.is_set():
                loop_ms = max(loop_ms, (time.perf_counter() - before - TICK_S) * 1000)

    with tempfile.TemporaryDirectory() as cache:
        index = WorkspaceIndex(Path(cache), progress)
        watching = asyncio.ensure_future(watch())
        try:
            await asyncio.sleep(IDLE_S)
            idle_loop_ms, loop_ms = loop_ms, 0.0
            started = time.perf_counter()
            index.start([str(folder)], ())
            await finished.wait()
            index_s = time.perf_counter() - started
            await asyncio.sleep(2 * TICK_S)
            megabytes = _megabytes(Path(cache))
            stored = index.index_for(str(folder / "x.py"))
            assert isinstance(stored, StoredIndex)
            files, symbols = stored.size()
            texts = _python_files(folder, rounds)
            search_ms = [_search_ms(stored, text, number) for number, (_, text) in enumerate(texts)]
            told_ms = []
            watched = loop_ms
            for path, text in texts[: rounds // 5] if edits else ():
                for change in (f"{text}\n\ndef changed_now(): pass\n", text):
                    path.write_text(change, encoding="utf-8")
                    finished.clear()
                    started = time.perf_counter()
                    index.saved(str(path))
                    await finished.wait()
                    told_ms.append((time.perf_counter() - started) * 1000)
        finally:
            watching.cancel()
            await index.close()
        again_ms = (
            _again_ms(folder, database_path(Path(cache), str(folder)), texts[: rounds // 5]) if edits else []
        )
    return Measured(
        files, symbols, megabytes, index_s, worker_mb, watched, idle_loop_ms, again_ms, told_ms, search_ms
    )


def _again_ms(folder: Path, database: Path, texts: Sequence[tuple[Path, str]]) -> list[float]:
    """The worker's work for edited files, done here."""
    index = FolderIndex(folder, database, PathRules(), lambda *_: None)
    index.scan()
    times = []
    for path, text in texts:
        for change in (f"{text}\n\ndef changed_then(): pass\n", text):
            path.write_text(change, encoding="utf-8")
            started = time.perf_counter()
            index.read([path.relative_to(folder).as_posix()])
            times.append((time.perf_counter() - started) * 1000)
    index.close()
    return times


def _megabytes(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def _python_files(folder: Path, count: int) -> list[tuple[Path, str]]:
    chance = random.Random(2)
    paths = sorted(path for path in folder.rglob("*.py") if "site-packages" not in path.parts)
    chosen = chance.choices([path for path in paths if 2_000 < path.stat().st_size < 200_000], k=count)
    return [(path, path.read_text(encoding="utf-8", errors="replace")) for path in chosen]


def _search_ms(index: StoredIndex, text: str, seed: int) -> float:
    """A search with the words of some lines of a file, weighted by how often they are there."""
    lines = text.split("\n")
    start = random.Random(seed).randrange(max(1, len(lines) - QUERY_LINES))
    words = words_in("\n".join(lines[start : start + QUERY_LINES])).most_common(QUERY_WORDS)
    started = time.perf_counter()
    index.search({word: float(times) for word, times in words}, 10, "python")
    return (time.perf_counter() - started) * 1000


def _rows(name: str, found: Measured) -> list[Row]:
    note = f"{found.files} files, {found.symbols} symbols, {found.megabytes:.0f} MB on disk"
    rows = [
        Row(f"index of {name}", "s", {"all": found.index_s}, {"all": BAR_INDEX_S}, note=note),
        Row(f"worker's memory, {name}", "MB", {"peak": found.worker_mb}, {"peak": BAR_WORKER_MB}),
        Row(
            f"event loop held up, {name}",
            "ms",
            {"max": found.loop_ms},
            {"max": BAR_LOOP_MS},
            {"max": found.idle_loop_ms},
            note="floor: before the worker is started",
        ),
        Row(f"search, {name}", "ms", percentiles(found.search_ms), {"p95": BAR_SEARCH_MS}),
    ]
    if found.again_ms:
        bars = {"p95": BAR_AGAIN_MS}
        rows.append(Row(f"edited file read again, {name}", "ms", percentiles(found.again_ms), bars))
        rows.append(Row(f"from a save to the worker's word, {name}", "ms", percentiles(found.told_ms), {}))
    return rows


async def indexing_rows(*, quick: bool) -> Sequence[Row]:
    """The figures of the made tree (a tenth of it when ``quick``) and of the standard library."""
    lines = LINES // 10 if quick else LINES
    rounds = 100 if quick else 300
    with tempfile.TemporaryDirectory() as made:
        make_tree(Path(made), lines)
        rows = _rows(f"{lines:,} lines", await measure(Path(made), rounds=rounds, edits=True))
    library = Path(sysconfig.get_path("stdlib"))
    rows += _rows("the standard library", await measure(library, rounds=rounds, edits=False))
    return rows
