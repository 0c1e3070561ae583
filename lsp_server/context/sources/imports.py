"""Skeletons of the imported modules of the workspace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lsp_server.context.memo import MemoIndex, memo_of
from lsp_server.context.model import Import, Kind, Symbol
from lsp_server.context.question import Question
from lsp_server.context.skeleton import INDENT, comment, headline, pack, signature
from lsp_server.context.view import View
from lsp_server.types import Snippet

NAME: Final = "imports"
MODULE_CHARS: Final = 500
"""Characters of one module: its ten most used signatures."""
MODULES: Final = 6
"""Modules that are shown at most, those used near the cursor first."""
USED: Final = 0.8
"""Score of a module whose name is used on the cursor's line; less with its distance."""
UNUSED: Final = 0.1
"""Of one whose names are not used near the cursor: below the threshold (``sources.SOURCES``)."""


def imports(question: Question, view: View) -> list[Snippet]:
    """A skeleton for each imported module of the workspace, those whose names are used nearest first."""
    if view.index is None:
        return []
    memo = memo_of(view.index)
    found: dict[str, tuple[float, set[str]]] = {}
    for entry in question.imports:
        used = max((question.names.get(name, 0.0) for name in entry.names), default=0.0)
        for path, name in _targets(entry, question.path, memo):
            score, names = found.get(path, (0.0, set()))
            found[path] = (max(score, UNUSED + USED * min(1.0, used)), names | ({name} if name else set()))
    ordered = sorted(found.items(), key=lambda item: -item[1][0])[:MODULES]
    snippets = []
    for path, (score, names) in ordered:
        text = module_skeleton(path, names, question.names, memo)
        if text and path != question.path:
            snippets.append(Snippet(path, text, score, NAME))
    return snippets


def _targets(entry: Import, importer: str, memo: MemoIndex) -> list[tuple[str, str]]:
    """The files an import means, each with the name it brings; a whole module brings no name."""
    targets = []
    for name in entry.names:
        meaning = memo.meaning(name, (entry,), importer)
        if module := memo.module(name, (entry,), importer):
            targets.append((module, ""))
        elif meaning and meaning.path != importer:
            targets.append((meaning.path, name))
    return targets


def module_skeleton(path: str, wanted: set[str], names: Mapping[str, float], memo: MemoIndex) -> str:
    """The signatures of a module's top level in its order, and the members of the classes that are wanted.

    Names that are imported come into it first, then those that are mentioned near the cursor, then public
    ones, as far as ``MODULE_CHARS`` reach.
    """
    outline = memo.outline(path)
    symbols = [s for s in (outline.symbols if outline else ()) if not s.container or s.container in wanted]
    lines = [INDENT + signature(s) if s.container else headline(path, s) for s in symbols]
    ordered = sorted(range(len(symbols)), key=lambda n: _rank(symbols[n], wanted, names))
    return pack(lines, [s.name for s in symbols], ordered, MODULE_CHARS, comment(path))


def _rank(symbol: Symbol, wanted: set[str], names: Mapping[str, float]) -> tuple[float, bool, bool]:
    weight = names.get(symbol.name, 0.0)
    if symbol.name in wanted:
        weight += 2.0
    elif symbol.container in wanted:
        weight += 1.0
    return (-weight, symbol.name.startswith("_"), symbol.kind is Kind.VARIABLE)
