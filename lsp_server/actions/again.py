"""A definition that a model has written down again, found in the place of the old one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lsp_server.actions.fitting import fitted, style_of
from lsp_server.actions.model import Definition, Span
from lsp_server.actions.splice import definitions_in, end_of, line_at, newline_at, replaced, text_in, tree_of
from lsp_server.actions.tree import SyntaxTree

if TYPE_CHECKING:
    from lsp_server.types import Document


@dataclass(frozen=True, slots=True)
class Again:
    """The document with the answer in the place of ``definition.whole``, and what stands there now.

    ``alone`` tells that there is nothing else in its ``region``.
    """

    document: Document
    tree: SyntaxTree
    region: Span
    definition: Definition
    alone: bool


def written_again(document: Document, definition: Definition, lines: Sequence[str]) -> Iterator[Again]:
    """The ways to read ``lines`` as the whole of ``definition``; none where it is not in them."""
    if not definition.name or not any(definition.name in line for line in lines):
        return
    whole = definition.whole
    before = document.lines[whole.start.line][: whole.start.column]
    if before.strip():
        return
    old = [line_at(document, number) for number in range(whole.start.line, whole.end.line + 1)]
    newline = newline_at(document, whole.start.line)
    style = style_of(document, whole.start.line)
    for way in fitted(lines, before, style, document.language, old):
        text = newline.join(way)[len(before) :]
        after = replaced(document, whole, text)
        region = Span(whole.start, end_of(whole.start, text))
        tree = tree_of(after, whole.start.line)
        for found in definitions_in(tree, region):
            if found.name == definition.name and found.is_class == definition.is_class:
                around = (Span(region.start, found.whole.start), Span(found.whole.end, region.end))
                alone = not any(text_in(after, part).strip(" \t\r\n;") for part in around)
                yield Again(after, tree, region, found, alone)
                break


def squeezed(document: Document, span: Span) -> str:
    """A text without regard to how it is spaced: good to tell whether two heads are the same."""
    return "".join(text_in(document, span).split()).replace(",)", ")")
