"""The statements of a syntax tree around a selection."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Final

from lsp_server.actions.model import Span
from lsp_server.actions.selections import trimmed, whole_lines
from lsp_server.actions.structure_tables import CONTAINERS
from lsp_server.actions.tree import SyntaxTree

if TYPE_CHECKING:
    from tree_sitter import Node

MOST_ANCESTORS: Final = 400
"""Ancestors of one node that are looked at: more are generated."""


def exact(tree: SyntaxTree, selection: Span) -> Span | None:
    """The statements that are selected, from the first's to the last's end, or None if it cuts one."""
    wanted = trimmed(tree.document, selection)
    run = _run(tree, wanted)
    if run is None or wanted.is_empty:
        return None
    start, end = run[0].start_byte, tree.strip_space(run[0].start_byte, run[-1].end_byte)
    if tree.data[end - 1 : end] == b";" and tree.position(end - 1) == wanted.end:
        end -= 1
    return wanted if tree.span(start, end) == wanted else None


def lines_around(tree: SyntaxTree, span: Span, reach: int) -> Span:
    """Whole lines: those of the statements that hold ``span``, and of neighbours ``reach`` lines away."""
    document = tree.document
    inner = trimmed(document, span)
    first, last = inner.start.line, inner.end.line
    low, high = first - reach, last + reach
    run = _run(tree, inner)
    if run is None:
        return whole_lines(document, max(0, low), high)
    start, end = _lines(tree, run[0], run[-1])
    before, after = run[0].prev_named_sibling, run[-1].next_named_sibling
    while before is not None and _lines(tree, before, before)[0] >= low:
        start, before = min(start, _lines(tree, before, before)[0]), before.prev_named_sibling
    while after is not None and _lines(tree, after, after)[1] <= high:
        end, after = max(end, _lines(tree, after, after)[1]), after.next_named_sibling
    return whole_lines(document, start, end)


def _run(tree: SyntaxTree, span: Span) -> list[Node] | None:
    """The statements next to each other that hold ``span``."""
    if tree.root is None or not tree.first <= span.start.line <= span.end.line < tree.last:
        return None
    start, end = tree.offset(span.start), tree.offset(span.end)
    node = tree.node_at(start, end)
    for _ in range(MOST_ANCESTORS):
        if node is None:
            return None
        if node.type in CONTAINERS:
            run = _children(node, start, end)
            if run and run[0].start_byte <= start and end <= run[-1].end_byte:
                return run
        if node.parent is not None and node.parent.type in CONTAINERS:
            return [node]
        node = node.parent
    return None


def _lines(tree: SyntaxTree, first: Node, last: Node) -> tuple[int, int]:
    end = tree.strip_space(first.start_byte, last.end_byte)
    return tree.position(first.start_byte).line, tree.position(end).line


def _children(node: Node, start: int, end: int) -> list[Node]:
    """The named children that share something with the part between two bytes, or the one before it."""
    children = node.named_children
    first = max(0, bisect_right(children, start, key=lambda child: child.start_byte) - 1)
    if first + 1 < len(children) and children[first].end_byte < start:
        first += 1
    last = max(first + 1, bisect_left(children, end, key=lambda child: child.start_byte))
    return children[first:last]
