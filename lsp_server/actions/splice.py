"""Documents in memory with a part of them replaced."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from lsp_server.actions.model import Definition, Span
from lsp_server.actions.structure_names import find
from lsp_server.actions.structure_reading import read
from lsp_server.actions.tree import SyntaxTree, parse
from lsp_server.document.lines import split_lines, text_length
from lsp_server.types import Document, Position

if TYPE_CHECKING:
    from tree_sitter import Node

MOST_NODES: Final = 200_000
"""That are looked at in a part of a document: more are generated."""


def text_in(document: Document, span: Span) -> str:
    """The text in ``span`` as the document has it."""
    lines, start, end = document.lines, span.start, span.end
    if start.line == end.line:
        return lines[start.line][start.column : end.column]
    between = lines[start.line + 1 : end.line]
    return "".join((lines[start.line][start.column :], *between, lines[end.line][: end.column]))


def line_at(document: Document, number: int) -> str:
    """A line without its terminator."""
    text = document.lines[number]
    return text[: text_length(text)]


def replaced(document: Document, span: Span, text: str) -> Document:
    """The document with ``text`` in the place of what is in ``span``."""
    lines, start, end = document.lines, span.start, span.end
    before, after = lines[start.line][: start.column], lines[end.line][end.column :]
    above = lines[: start.line]
    if above and above[-1].endswith("\r") and not before and (text or after).startswith("\n"):
        # The two become one line end.
        before, above = above[-1], above[:-1]
    new = split_lines(f"{before}{text}{after}")
    if end.line < len(lines) - 1:
        new = new[:-1]
    return replace(document, lines=(*above, *new, *lines[end.line + 1 :]))


def end_of(start: Position, text: str) -> Position:
    """The place behind ``text`` that was put in at ``start``."""
    lines = split_lines(text)
    if len(lines) == 1:
        return Position(start.line, start.column + len(text))
    return Position(start.line + len(lines) - 1, len(lines[-1]))


def newline_at(document: Document, number: int) -> str:
    """The line end that is used there: this line's own, else that of the first line, else ``\\n``.

    A lone carriage return counts only in a document that begins with one: elsewhere it is a mishap.
    """
    own, first = (text[text_length(text) :] for text in (document.lines[number], document.lines[0]))
    return (own if own != "\r" else "") or first or "\n"


def tree_of(document: Document, line: int) -> SyntaxTree:
    """The document's tree around ``line``."""
    return parse(document, line)


def definitions_in(tree: SyntaxTree, region: Span) -> Iterator[Definition]:
    """The definitions that lie wholly in ``region``, in the order of the text, outer ones first."""
    if tree.root is None or not tree.first <= region.start.line <= region.end.line < tree.last:
        return
    start, end = tree.offset(region.start), tree.offset(region.end)
    nodes: list[Node] = [tree.root]
    for _ in range(MOST_NODES):
        if not nodes:
            break
        node = nodes.pop()
        if node.end_byte < start or node.start_byte > end:
            continue
        what = find(node, tree.language)
        definition = read(tree, what) if what is not None else None
        if definition is not None and region.contains(definition.whole):
            yield definition
        nodes.extend(reversed(node.children))
