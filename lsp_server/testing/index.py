"""An index in memory, for tests and measurements: the same answers as the workspace's, without a disk."""

from __future__ import annotations

import math
import posixpath
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from lsp_server.context.model import Import, Kind, Located, Outline, Symbol, Window
from lsp_server.context.windows import windows_of
from lsp_server.context.words import words_in

K1: Final = 1.2
B: Final = 0.75
"""BM25's usual constants."""

Outliner = Callable[[str, str], Outline]
"""From a text and its language to its outline."""

_DEF: Final = re.compile(r"^(\s*)(?:async\s+)?(class|def)\s+(\w+)")
_VARIABLE: Final = re.compile(
    r"^(\s*)([^\W\d]\w*)\s*(?::[^=]+)?=(?!=)|^(\s*)([^\W\d]\w*)\s*:\s*[\w\[\]., |]+$"
)
_FROM: Final = re.compile(r"^\s*from\s+([\w.]+)\s+import\s+(.*)")
_IMPORT: Final = re.compile(r"^\s*import\s+([\w., ]+)")


class MemoryIndex:
    """Files kept in memory. ``outliner`` reads them; without one a small one for Python does.

    Searches take time in proportion to the windows that share a word with the question.
    """

    def __init__(self, outliner: Outliner | None = None) -> None:
        self._outliner = outliner or python_outline
        self._outlines: dict[str, Outline] = {}
        self._languages: dict[str, str] = {}
        self._windows: dict[str, list[tuple[Window, Counter[str]]]] = {}
        self._postings: dict[str, dict[tuple[str, int], int]] = {}
        self._named: dict[str, dict[str, list[Symbol]]] = {}
        self._lengths: dict[tuple[str, int], int] = {}
        self._count = 0
        self._length = 0

    def put(self, path: str, text: str, language: str = "python") -> None:
        """Add a file or replace it."""
        self.remove(path)
        outline = self._outliner(text, language)
        self._outlines[path], self._languages[path] = outline, language
        for symbol in outline.symbols:
            self._named.setdefault(symbol.name, {}).setdefault(path, []).append(symbol)
        windows = self._windows[path] = []
        for window in windows_of(path, text.splitlines()):
            counts = words_in(window.text)
            for word, times in counts.items():
                self._postings.setdefault(word, {})[path, len(windows)] = times
            windows.append((window, counts))
            self._lengths[path, len(windows) - 1] = counts.total()
            self._count += 1
            self._length += counts.total()

    def remove(self, path: str) -> None:
        """Forget a file. Nothing happens if there is none."""
        outline = self._outlines.pop(path, None)
        for symbol in outline.symbols if outline else ():
            self._named.get(symbol.name, {}).pop(path, None)
        for number, (_, counts) in enumerate(self._windows.pop(path, ())):
            for word in counts:
                self._postings[word].pop((path, number), None)
            self._count -= 1
            self._length -= counts.total()

    @property
    def paths(self) -> tuple[str, ...]:
        """The files."""
        return tuple(self._outlines)

    def every_window(self) -> Iterator[tuple[Window, frozenset[str]]]:
        """Each window and its words."""
        for windows in self._windows.values():
            for window, counts in windows:
                yield window, frozenset(counts)

    def symbols_named(self, name: str, limit: int = 20) -> Sequence[Located]:
        """The definitions of ``name``: those at a file's top level first."""
        found = [Located(path, s) for path, symbols in self._named.get(name, {}).items() for s in symbols]
        return sorted(found, key=lambda located: (bool(located.symbol.container), located.path))[:limit]

    def outline(self, path: str) -> Outline | None:
        """The outline of a file, or None."""
        return self._outlines.get(path)

    def resolve(self, module: str, importer: str) -> str | None:
        """The file that ``module`` means: Python's modules and packages, and JavaScript's relative ones."""
        folder = posixpath.dirname(importer)
        if module.startswith(("./", "../")):
            stem = posixpath.normpath(posixpath.join(folder, module))
            return self._first(stem, (".ts", ".tsx", ".js", ".jsx", "/index.ts", "/index.js"))
        name = module.lstrip(".")
        for _ in range(len(module) - len(name) - 1):
            folder = posixpath.dirname(folder)
        tail = name.replace(".", "/")
        if module.startswith("."):
            return self._first(posixpath.join(folder, tail).rstrip("/"), (".py", "/__init__.py"))
        bases = ["", "src"]
        while folder:
            bases.append(folder)
            folder = posixpath.dirname(folder)
        stems = (posixpath.join(base, tail) for base in bases)
        return next((f for s in stems if (f := self._first(s, (".py", "/__init__.py")))), None)

    def search(
        self, words: Mapping[str, float], limit: int, language: str, without: str = ""
    ) -> Sequence[tuple[Window, float]]:
        """The windows that BM25 ranks highest for weighted ``words``, with their scores, the best first."""
        scores: dict[tuple[str, int], float] = {}
        average = self._length / max(1, self._count)
        for word, weight in words.items():
            postings = self._postings.get(word)
            if not postings:
                continue
            idf = math.log(1 + (self._count - len(postings) + 0.5) / (len(postings) + 0.5))
            for place, times in postings.items():
                length = self._lengths[place]
                gain = times * (K1 + 1) / (times + K1 * (1 - B + B * length / average))
                scores[place] = scores.get(place, 0.0) + weight * idf * gain
        best = sorted(
            (p for p in scores if p[0] != without and self._languages[p[0]] == language),
            key=lambda place: (-scores[place], place),
        )
        return [(self._windows[path][number][0], scores[path, number]) for path, number in best[:limit]]

    def _first(self, stem: str, endings: Sequence[str]) -> str | None:
        return next((stem + end for end in endings if stem + end in self._outlines), None)


def python_outline(text: str, language: str) -> Outline:
    """What a Python file defines and imports, by its lines alone; other languages give nothing."""
    if language != "python":
        return Outline()
    lines = text.splitlines()
    symbols: list[Symbol] = []
    imports: list[Import] = []
    open_: list[tuple[int, str, Kind]] = []
    for number, line in enumerate(lines):
        if not line.strip():
            continue
        depth = len(line) - len(line.lstrip())
        while open_ and depth <= open_[-1][0] and line.strip()[0] not in ")]}":
            open_.pop()
        container = ".".join(name for _, name, kind in open_ if kind is Kind.CLASS)
        in_function = any(kind is not Kind.CLASS for *_, kind in open_)
        if found := _DEF.match(line):
            kind = Kind.CLASS if found[2] == "class" else Kind.METHOD if container else Kind.FUNCTION
            if not in_function:
                head = _joined(lines, number)
                signature = head.rstrip().removesuffix(":")
                symbols.append(Symbol(found[3], kind, container, signature, "", number, number))
            open_.append((depth, found[3], kind))
        elif entry := _import(lines, number):
            imports.append(entry)
        elif not in_function and (found := _VARIABLE.match(line)):
            name = found[2] or found[4]
            symbols.append(Symbol(name, Kind.VARIABLE, container, line.strip(), "", number, number))
    return Outline(tuple(symbols), tuple(imports))


def _joined(lines: Sequence[str], start: int) -> str:
    """The statement that begins on a line, in one line."""
    text = lines[start].strip()
    for line in lines[start + 1 : start + 40]:
        if text.count("(") <= text.count(")"):
            break
        text += ("" if text.endswith("(") else " ") + line.strip()
    return text


def _import(lines: Sequence[str], number: int) -> Import | None:
    if found := _FROM.match(lines[number]):
        rest = _joined(lines, number).partition(" import ")[2].partition("#")[0].strip("() ")
        return Import(found[1], _bound(rest), number)
    if found := _IMPORT.match(lines[number]):
        module = found[1].split(",")[0].split(" as ")[0].strip()
        return Import(module, _bound(found[1]), number)
    return None


def _bound(text: str) -> tuple[str, ...]:
    """The names that a list of imports binds."""
    parts = (part.strip() for part in text.split(","))
    return tuple(part.split(" as ")[-1].strip() for part in parts if part)
