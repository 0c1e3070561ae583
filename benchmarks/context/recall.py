"""Recall of the names that an answer needs, within a room, for our retrieval and its controls."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.context.mine import PREFIX, Place, mine
from benchmarks.context.packages import Package, package
from benchmarks.table import Row, percentiles
from lsp_server.context.fusion import fuse, lines_of
from lsp_server.context.memo import MemoIndex
from lsp_server.context.model import Outline
from lsp_server.context.outline import outline
from lsp_server.context.question import ask
from lsp_server.context.retrieval import Retriever
from lsp_server.context.sources import SOURCES
from lsp_server.context.view import View
from lsp_server.context.windows import windows_of
from lsp_server.context.words import words_in
from lsp_server.testing.index import MemoryIndex
from lsp_server.types import Document

ROOM: Final = 1800
"""Characters of snippets."""
CONTROL_WINDOWS: Final = 3
"""Windows of 20 lines that the plain controls show, as far as the room allows."""
OPEN: Final = 3
"""Files that are open beside: the first that the file imports."""
RESAMPLES: Final = 10_000
SEED: Final = 5
AT_LEAST: Final = 1.5
"""How many times the best control's recall ours is to be."""
OURS: Final = "ours"
CONTROLS: Final = ("random windows", "longer own prefix", "BM25 windows", "Jaccard windows")
WARM: Final = 3
"""Keystrokes of one place: the first reads the index, the others are asked while a word is typed."""


@dataclass(frozen=True, slots=True)
class Found:
    """What an arm showed at one place: the share of the names, of the defined ones (None without any)."""

    place: Place
    recall: float
    defined: float | None
    chars: int


@dataclass(frozen=True, slots=True)
class Results:
    """Each arm's findings, in the places' order, and the times of our retrieval in milliseconds."""

    arms: dict[str, list[Found]]
    cold_ms: list[float]
    warm_ms: list[float]


Arm = Callable[[Place, "Workspace"], list[str]]


class Workspace:
    """A package as it looks at one place: the file in question is without the answer."""

    def __init__(self, source: Package) -> None:
        self.package = source
        self.index = MemoryIndex(outline)
        for path, text in source.files.items():
            self.index.put(path, text)
        self.view = View(self.index)
        self._dirty = ""

    def look(self, place: Place) -> None:
        """Show the package as it is at ``place``."""
        if self._dirty and self._dirty != place.path:
            self.index.put(self._dirty, self.package.files[self._dirty])
        self._dirty = place.path
        self.index.put(place.path, place.cursor.document.text)
        self.view = View(self.index, self._open(place))

    def _open(self, place: Place) -> tuple[Document, ...]:
        own = self.index.outline(place.path) or Outline()
        targets = (self.index.resolve(entry.module, place.path) for entry in own.imports)
        paths = list(dict.fromkeys(t for t in targets if t and t != place.path))[:OPEN]
        return tuple(
            Document(f"file:///{p}", p, "python", 1, tuple(self.package.files[p].splitlines(keepends=True)))
            for p in paths
        )


def defined_in(source: Package) -> frozenset[str]:
    """Every name that the package defines."""
    outlines = (outline(text, "python") for text in source.files.values())
    return frozenset(symbol.name for found in outlines for symbol in found.symbols)


def _cut(texts: Iterable[str]) -> list[str]:
    """As much of the texts as the room allows; the last one is cut."""
    room, kept = ROOM, []
    for text in texts:
        kept.append(text[:room])
        room -= len(kept[-1])
    return [text for text in kept if text]


def _random(place: Place, workspace: Workspace) -> list[str]:
    chance = random.Random(f"{place.path}{place.cursor.position}")
    paths = [p for p in workspace.package.files if p != place.path]
    texts = []
    for path in (chance.choice(paths) for _ in range(CONTROL_WINDOWS)):
        windows = list(windows_of(path, workspace.package.files[path].splitlines()))
        texts += [chance.choice(windows).text] if windows else []
    return _cut(texts)


def _longer(place: Place, _: Workspace) -> list[str]:
    at, lines = place.cursor.position, place.cursor.document.lines
    before = "".join(lines[: at.line]) + place.cursor.before
    return [before[:-PREFIX][-ROOM:]] if len(before) > PREFIX else []


def _target(place: Place) -> str:
    """The lines that the plain controls search with: as many as a window has."""
    at, lines = place.cursor.position, place.cursor.document.lines
    return "".join(lines[max(0, at.line - 20) : at.line]) + place.cursor.before


def _bm25(place: Place, workspace: Workspace) -> list[str]:
    words = {word: float(times) for word, times in words_in(_target(place)).items()}
    found = workspace.index.search(words, CONTROL_WINDOWS * 3, "python", place.path)
    return _cut(_apart((w.path, w.start, w.text) for w, _ in found))


def _jaccard(place: Place, workspace: Workspace) -> list[str]:
    words = set(words_in(_target(place)))
    scored = []
    for window, present in workspace.index.every_window():
        common = len(words & present)
        if common and window.path != place.path:
            alike = common / (len(words) + len(present) - common)
            scored.append((alike, window.path, window.start, window.text))
    best = sorted(scored, key=lambda s: (-s[0], s[1], s[2]))[: CONTROL_WINDOWS * 3]
    return _cut(_apart((path, start, text) for _, path, start, text in best))


def _apart(windows: Iterable[tuple[str, int, str]]) -> list[str]:
    """The first windows that do not overlap."""
    taken: list[tuple[str, int, str]] = []
    for path, start, text in windows:
        if all(path != p or abs(start - s) >= 20 for p, s, _ in taken):
            taken.append((path, start, text))
    return [text for *_, text in taken[:CONTROL_WINDOWS]]


def _source(name: str) -> Arm:
    source = next(s for s in SOURCES if s.name == name)

    def arm(place: Place, workspace: Workspace) -> list[str]:
        memo = MemoIndex(workspace.index)
        view = View(memo, workspace.view.open_documents)
        question = ask(place.cursor, place.visible, place.path, memo.outline(place.path))
        found = {name: source.find(question, view)}
        return [s.text for s in fuse(found, lines_of(place.window), ROOM)]

    return arm


def _ours(place: Place, workspace: Workspace) -> list[str]:
    retrieved = Retriever(lambda: 0.0).retrieve(
        workspace.view, place.cursor, place.visible, budget=ROOM, budget_ms=1.0
    )
    return [snippet.text for snippet in retrieved.snippets]


ARMS: Final[dict[str, Arm]] = {
    OURS: _ours,
    **{s.name: _source(s.name) for s in SOURCES if s.name not in {"commit", "edits", "diagnostics"}},
    "random windows": _random,
    "longer own prefix": _longer,
    "BM25 windows": _bm25,
    "Jaccard windows": _jaccard,
}


def score(place: Place, texts: Sequence[str]) -> Found:
    """What the texts have of the names that are needed."""
    assert sum(map(len, texts)) <= ROOM
    present = {name for text in texts for name in re.findall(r"\w+", text)}
    defined = len(place.defined & present) / len(place.defined) if place.defined else None
    return Found(place, len(place.wanted & present) / len(place.wanted), defined, sum(map(len, texts)))


def measure(requirements: Sequence[str], count: int, arms: Sequence[str] = tuple(ARMS)) -> Results:
    """Every arm at about ``count`` places in equal parts of the packages, as far as each has so many."""
    results = Results({arm: [] for arm in arms}, [], [])
    left = count
    loaded = sorted((package(r) for r in requirements), key=lambda p: len(p.files))
    for number, source in enumerate(loaded):
        places = mine(source, left // (len(loaded) - number), defined_in(source))
        left -= len(places)
        workspace = Workspace(source)
        for place in places:
            workspace.look(place)
            for arm in arms:
                results.arms[arm].append(score(place, ARMS[arm](place, workspace)))
            _time(place, workspace, results)
    return results


def _time(place: Place, workspace: Workspace, results: Results) -> None:
    """How long our retrieval takes at a place for the first time, and at the keystrokes after."""
    retriever = Retriever(lambda: time.perf_counter() * 1000)
    for number in range(WARM):
        started = time.perf_counter()
        retriever.retrieve(workspace.view, place.cursor, place.visible, budget=ROOM, budget_ms=1000)
        taken = (time.perf_counter() - started) * 1000
        (results.warm_ms if number else results.cold_ms).append(taken)


def mean(found: Sequence[Found]) -> float:
    """The mean recall, in percent."""
    return 100 * sum(f.recall for f in found) / max(1, len(found))


def interval(ours: Sequence[Found], other: Sequence[Found]) -> tuple[float, float]:
    """The 95 % interval of the paired difference in percent points, resampled by file."""
    files: dict[tuple[str, str], list[float]] = {}
    for one, two in zip(ours, other, strict=True):
        files.setdefault((one.place.package, one.place.path), []).append(100 * (one.recall - two.recall))
    groups = [(sum(group), len(group)) for group in files.values()]
    chance = random.Random(SEED)
    means = []
    for _ in range(RESAMPLES):
        drawn = chance.choices(groups, k=len(groups))
        means.append(sum(total for total, _ in drawn) / sum(size for _, size in drawn))
    means.sort()
    return means[int(RESAMPLES * 0.025)], means[int(RESAMPLES * 0.975)]


def recall_rows(count: int, requirements: Sequence[str]) -> list[Row]:
    """A row for each arm, the comparison with the best control, and the times."""
    results = measure(requirements, count)
    arms = results.arms
    rows = []
    for name, found in arms.items():
        told = [f.defined for f in found if f.defined is not None]
        values = {
            "recall": mean(found),
            "all found": 100 * sum(f.recall == 1 for f in found) / max(1, len(found)),
            "defined in the package": 100 * sum(told) / max(1, len(told)),
        }
        chars = sum(f.chars for f in found) / max(1, len(found))
        rows.append(Row(f"{name}, {len(found)} places", "%", values, {}, note=f"{chars:.0f} characters"))
    best = max(CONTROLS, key=lambda name: mean(arms[name]))
    ours = mean(arms[OURS])
    low, high = interval(arms[OURS], arms[best])
    note = f"best control: {best}; difference {ours - mean(arms[best]):+.1f} [{low:+.1f}, {high:+.1f}] points"
    rows.append(
        Row(
            "ours against the best control", "",
            {"best control over ours": mean(arms[best]) / max(0.01, ours), "minus lower bound": -low},
            {"best control over ours": 1 / AT_LEAST, "minus lower bound": 0.0}, note=note,
        )
    )  # fmt: skip
    rows.append(Row("retrieval at a new place", "ms", percentiles(results.cold_ms), {}))
    rows.append(Row("retrieval at a keystroke", "ms", percentiles(results.warm_ms), {"p95": 10.0}))
    return rows
