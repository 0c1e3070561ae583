"""An index that remembers what it was asked, for as long as some keystrokes take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from lsp_server.context.model import Import, Index, Located, Outline, Symbol, Window

RE_EXPORTS: Final = 3
"""Files through which a name is followed: a package's ``__init__`` that imports from another's."""
MOST_MEANINGS: Final = 3
"""A name that more places define tells nothing by itself."""
MOST: Final = 4096
"""Answers of each kind that are kept; then all are forgotten."""


class MemoIndex:
    """The same answers as ``index``, each asked for once. It also follows imports to what they mean."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self._outlines: dict[str, Outline | None] = {}
        self._named: dict[str, Sequence[Located]] = {}
        self._resolved: dict[tuple[str, str], str | None] = {}

    def symbols_named(self, name: str, limit: int = 20) -> Sequence[Located]:
        """As the index answers; ``limit`` is that of the first question."""
        if name not in self._named:
            if len(self._named) >= MOST:
                self._named.clear()
            self._named[name] = self.index.symbols_named(name, limit)
        return self._named[name][:limit]

    def outline(self, path: str) -> Outline | None:
        """As the index answers."""
        if path not in self._outlines:
            if len(self._outlines) >= MOST:
                self._outlines.clear()
            self._outlines[path] = self.index.outline(path)
        return self._outlines[path]

    def resolve(self, module: str, importer: str) -> str | None:
        """As the index answers."""
        key = (module, importer)
        if key not in self._resolved:
            if len(self._resolved) >= MOST:
                self._resolved.clear()
            self._resolved[key] = self.index.resolve(module, importer)
        return self._resolved[key]

    def search(
        self, words: Mapping[str, float], limit: int, language: str, without: str = ""
    ) -> Sequence[tuple[Window, float]]:
        """As the index answers: each search is another."""
        return self.index.search(words, limit, language, without)

    def top(self, name: str, path: str) -> Located | None:
        """What the file ``path`` defines as ``name`` at its top level."""
        outline = self.outline(path)
        symbols = outline.symbols if outline else ()
        return next((Located(path, s) for s in symbols if s.name == name and not s.container), None)

    def members(self, of: Located) -> list[Symbol]:
        """The members of a class, in the file's order."""
        outline = self.outline(of.path)
        if outline is None:
            return []
        name = of.symbol.name
        return [s for s in outline.symbols if s.container == name or s.container.endswith(f".{name}")]

    def meaning(self, name: str, imports: Sequence[Import], path: str) -> Located | None:
        """What ``name`` means in the file ``path`` with these imports: its own, an imported or a lone one."""
        found = self.top(name, path) or self._imported(name, imports, path, RE_EXPORTS)
        if found:
            return found
        named = [n for n in self.symbols_named(name) if not n.symbol.container or n.path == path]
        return named[0] if 0 < len(named) <= MOST_MEANINGS else None

    def module(self, name: str, imports: Sequence[Import], path: str) -> str | None:
        """The workspace file that is bound to ``name`` by an import, or None."""
        for entry in imports:
            if name in entry.names:
                joined = entry.module + ("" if entry.module.endswith(".") else ".") + name
                found = self.resolve(joined, path)
                if found is None and entry.module.rpartition(".")[2] == name:
                    found = self.resolve(entry.module, path)
                if found:
                    return found
        return None

    def _imported(self, name: str, imports: Sequence[Import], path: str, depth: int) -> Located | None:
        for entry in imports:
            if name not in entry.names and "*" not in entry.names:
                continue
            target = self.resolve(entry.module, path)
            if target is None or target == path:
                continue
            found = self.top(name, target)
            outline = self.outline(target)
            if found is None and outline and depth:
                found = self._imported(name, outline.imports, target, depth - 1)
            if found:
                return found
        return None


def memo_of(index: Index) -> MemoIndex:
    """``index`` itself if it remembers already, else one that does."""
    return index if isinstance(index, MemoIndex) else MemoIndex(index)
