"""The indentation of a model's lines, made that of the place they are for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import gcd
from typing import TYPE_CHECKING, Final

from lsp_server.actions.structure_tables import words
from lsp_server.actions.tree import SyntaxTree, parse
from lsp_server.document.lines import split_lines, text_length
from lsp_server.shaping.lines import indentation
from lsp_server.types import Document

if TYPE_CHECKING:
    from tree_sitter import Node

SAMPLED_LINES: Final = 200
"""On either side of a place, which tell how it is indented."""
_USUAL_UNIT: Final = 4
_UNITS: Final = frozenset((2, 3, 4))
_NARROW: Final = words(
    "javascript javascriptreact typescript typescriptreact ruby lua scala html css json yaml"
)
"""Languages whose usual unit is two blanks."""
_QUOTED: Final = ("string", "heredoc", "nowdoc", "template_literal")
"""Parts of the names of nodes whose lines are data, in any grammar."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a file is indented: by tabs, or by ``width`` blanks for each level."""

    tabs: bool
    width: int

    @property
    def unit(self) -> str:
        """One level."""
        return "\t" if self.tabs else " " * self.width


def style_of(document: Document, line: int) -> Style:
    """The style of the lines around ``line``."""
    near = document.lines[max(0, line - SAMPLED_LINES) : line + SAMPLED_LINES]
    texts = [text[: text_length(text)] for text in near]
    blanks = [indentation(text) for text in texts if text.strip()]
    indented = [blank for blank in blanks if blank]
    tabs = sum(blank.startswith("\t") for blank in indented) * 2 > len(indented)
    if not indented:
        tabs = document.language in {"go", "makefile"}
    steps = Counter(
        len(inner) - len(outer)
        for outer, inner in pairwise(blanks)
        if "\t" not in outer + inner and 1 < len(inner) - len(outer) <= 2 * _USUAL_UNIT
    )
    usual = 2 if document.language in _NARROW else _USUAL_UNIT
    return Style(tabs, steps.most_common(1)[0][0] if steps else usual)


def trimmed_lines(lines: Sequence[str]) -> list[str]:
    """The lines without blank ones at both ends."""
    kept = [number for number, line in enumerate(lines) if line.strip()]
    return list(lines[kept[0] : kept[-1] + 1]) if kept else []


def fitted(
    lines: Sequence[str], base: str, style: Style, language: str, old: Sequence[str]
) -> list[list[str]]:
    """Ways in which ``lines`` can stand where the indentation is ``base``, the likeliest first.

    Lines keep their indentation relative to the first one. They differ in what becomes of lines within quoted
    text, and of a first line that has lost its indentation. Those come first that have the most lines in
    common with ``old``, the lines that are there. Each begins with ``base``; blank lines are empty.
    """
    given = trimmed_lines(lines)
    if not given:
        return []
    data, documentation = _quoted(given, language)
    ways = [
        _shifted(_scaled(given, style, data), base, style, data - documentation),
        _shifted(given, base, style, data - documentation),
        _shifted(given, base, style, frozenset()),
        _shifted(given, base, style, data),
        _with_first(given, base, style, data),
        _kept(given, base),
    ]
    unique = list(dict.fromkeys(tuple(way) for way in ways if way))
    unique.sort(key=lambda way: _likeness(way, old), reverse=True)
    return [list(way) for way in unique]


def _likeness(way: Sequence[str], old: Sequence[str]) -> tuple[int, int]:
    """How many lines two texts have in common, and how many lines as deep as others."""
    one, other = ([line.rstrip() for line in lines if line.strip()] for lines in (way, old))
    depths = Counter(map(indentation, one)) & Counter(map(indentation, other))
    return sum((Counter(one) & Counter(other)).values()), sum(depths.values())


def _kept(lines: list[str], base: str) -> list[str]:
    return lines if indentation(lines[0]) == base else []


def _with_first(lines: list[str], base: str, style: Style, data: frozenset[int]) -> list[str]:
    """Only the first line is moved: it was shown without its indentation, and is given back like that."""
    first, *rest = _in_style(lines, style, data)
    kept = [line if line.strip() or number in data else "" for number, line in enumerate(rest, 1)]
    return [base + first.lstrip(" \t"), *kept]


def _shifted(lines: list[str], base: str, style: Style, held: frozenset[int]) -> list[str]:
    """Each line moved as the first is, but those whose numbers are ``held``."""
    styled = _in_style(lines, style, held)
    own = indentation(styled[0])
    moved = []
    for number, line in enumerate(styled):
        if number in held:
            moved.append(line)
        elif not line.strip():
            moved.append("")
        elif line.startswith(own):
            moved.append(base + line[len(own) :])
        else:
            # Further out than the first line: as far out of the base, where it has so much.
            out = len(own) - len(indentation(line))
            moved.append(base[: max(0, len(base) - out)] + line.lstrip(" \t"))
    return moved


def _scaled(lines: list[str], style: Style, data: frozenset[int]) -> list[str]:
    """Lines whose levels have another width than the file's, with the file's width.

    Others are left: where a line is more than a level deeper than the one above it, another rule holds.
    """
    blanks = [indentation(line) for n, line in enumerate(lines) if line.strip() and n not in data]
    depths = [len(blank) - len(blanks[0]) for blank in blanks]
    step = gcd(*depths)
    rises = {inner - outer for outer, inner in pairwise(depths) if inner > outer}
    tabs = style.tabs or "\t" in "".join(blanks)
    if tabs or rises != {step} or step not in _UNITS or min(depths) < 0:
        return lines
    own = len(blanks[0])
    return [
        line
        if n in data or not line.strip()
        else " " * (own + (len(indentation(line)) - own) // step * style.width) + line.lstrip(" ")
        for n, line in enumerate(lines)
    ]


def _in_style(lines: list[str], style: Style, held: frozenset[int]) -> list[str]:
    """Lines with the tabs or the blanks of the file, at the same depth."""
    blanks = [indentation(line) for n, line in enumerate(lines) if line.strip() and n not in held]
    if style.tabs:
        step = gcd(*(blank.count(" ") for blank in blanks))
        step = step if step > 1 else _USUAL_UNIT
        return [line if n in held else _tabbed(line, step) for n, line in enumerate(lines)]
    return [line if n in held else _blanked(line, style.width) for n, line in enumerate(lines)]


def _tabbed(line: str, step: int) -> str:
    blank = indentation(line)
    spaces = blank.count(" ")
    if not spaces:
        return line
    return "\t" * (blank.count("\t") + spaces // step) + " " * (spaces % step) + line[len(blank) :]


def _blanked(line: str, width: int) -> str:
    blank = indentation(line)
    return blank.replace("\t", " " * width) + line[len(blank) :]


def _quoted(lines: list[str], language: str) -> tuple[frozenset[int], frozenset[int]]:
    """The lines that begin within quoted text, and those of them that are a docstring's."""
    text = "\n".join(lines)
    tree = parse(Document("", None, language, 0, split_lines(text)), 0)
    if tree.root is None or "\n" not in text:
        return frozenset(), frozenset()
    data: set[int] = set()
    documentation: set[int] = set()
    nodes = [tree.root]
    while nodes:
        node = nodes.pop()
        if node.start_point[0] == node.end_point[0]:
            continue
        if any(word in node.type for word in _QUOTED) and "comment" not in node.type:
            inside = range(node.start_point[0] + 1, node.end_point[0] + 1)
            data.update(inside)
            if _is_documentation(node, tree):
                documentation.update(inside)
            continue
        nodes.extend(node.children)
    return frozenset(data), frozenset(documentation)


def _is_documentation(node: Node, tree: SyntaxTree) -> bool:
    parent = node.parent
    return tree.language == "python" and parent is not None and parent.type == "expression_statement"
