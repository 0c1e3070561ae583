"""The functions and classes around a selection, and its statements, by the document's syntax alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lsp_server.actions import statements
from lsp_server.actions.model import Definition, Span
from lsp_server.actions.selections import trimmed
from lsp_server.actions.structure_names import find
from lsp_server.actions.structure_reading import cut_of, next_start, read, start_above
from lsp_server.actions.structure_tables import ATTRIBUTES
from lsp_server.actions.tree import SyntaxTree, parse
from lsp_server.types import Document, Position

if TYPE_CHECKING:
    from tree_sitter import Node

MOST_STEPS: Final = 400
"""Comments, attributes or ancestors that are passed in one go: more are generated."""
MOST_REPARSES: Final = 3
"""Of a broken document, each from a line further down."""


def definitions_at(document: Document, selection: Span) -> tuple[Definition, ...]:
    """The functions and classes that hold ``selection``, the innermost first. Never raises.

    White space at the ends of the selection does not count. A comment that documents a definition is of it.
    """
    return Structure.of(document, selection.start.line).definitions(selection)


@dataclass(frozen=True, slots=True)
class Structure:
    """What the syntax of one version of a document tells. Good to be kept while ``covers`` says so."""

    tree: SyntaxTree

    @classmethod
    def of(cls, document: Document, line: int = 0) -> Structure:
        """Parse ``document``; of a long one the part around ``line``. Takes some 10 ms for 2,000 lines."""
        return cls(parse(document, line))

    def covers(self, document: Document, line: int) -> bool:
        """Whether it was made for this very version, and for enough around ``line``."""
        tree = self.tree
        if tree.document is not document:
            return False
        above, below = line - tree.first, tree.last - line
        ends = tree.last == len(document.lines)
        return (not tree.first or above > MOST_STEPS) and (ends or below > MOST_STEPS)

    def definitions(self, selection: Span) -> tuple[Definition, ...]:
        """See ``definitions_at``."""
        tree, wanted = self.tree, trimmed(self.tree.document, selection)
        if tree.root is None or not tree.first <= wanted.start.line <= wanted.end.line < tree.last:
            return ()
        found = {d.whole: d for d in self.holding(wanted)}
        part = self.apart(wanted)
        for _ in range(MOST_REPARSES):
            if part is None:
                break
            found.update((d.whole, d) for d in part.holding(wanted))
            part = part.apart(wanted)
        return tuple(sorted(found.values(), key=lambda d: (d.whole.start, d.head.start), reverse=True))

    def statements(self, selection: Span) -> Span | None:
        """The statements that are selected, from the first's to the last's end, or None if it cuts one."""
        return statements.exact(self.tree, selection)

    def lines_around(self, span: Span, reach: int = 0) -> Span:
        """Whole lines: those of the statements that hold ``span``, and of neighbours ``reach`` lines away."""
        return statements.lines_around(self.tree, span, reach)

    def is_comment(self, position: Position) -> bool:
        """Whether there is a comment at the place; True where nothing is known."""
        tree = self.tree
        if tree.root is None or not tree.first <= position.line < tree.last:
            return True
        at = tree.offset(position)
        return _belonging(tree.node_at(at, at + 1), comments_only=True) is not None

    def holding(self, wanted: Span) -> Iterator[Definition]:
        """The definitions that hold ``wanted``, as far as the tree knows them, in no order."""
        tree = self.tree
        start, end = tree.offset(wanted.start), tree.offset(wanted.end)
        seen: set[int] = set()
        after = self._behind_comments(start)
        above = self._above_blank(wanted)
        for at, to, kept in (
            (start, end, False),
            # A node does not hold the place behind its last byte.
            (max(0, start - 1), end, False),
            (after, after, False),
            (above, above, True),
        ):
            if at is None or to is None:
                continue
            node = tree.node_at(at, max(at + 1, to))
            for _ in range(MOST_STEPS):
                if node is None:
                    break
                found = None if node.id in seen else find(node, tree.language)
                seen.add(node.id)
                definition = read(tree, found) if found else None
                if definition is not None and (
                    definition.whole.contains(wanted)
                    or (kept and len(definition.indent) < wanted.start.column)
                ):
                    yield definition
                node = node.parent

    def _behind_comments(self, at: int) -> int | None:
        """Where what follows the comment or attribute at a byte begins, if it follows directly."""
        tree, begin = self.tree, at
        for _ in range(MOST_STEPS):
            node = _belonging(tree.node_at(at, at + 1))
            if node is None:
                break
            end = tree.strip_space(node.start_byte, node.end_byte)
            at = tree.skip_space(end, len(tree.data))
            if tree.data.count(b"\n", end, at) > 1:
                return None
        return at if begin < at < len(tree.data) else None

    def _above_blank(self, wanted: Span) -> int | None:
        """The last byte before a blank line of Python, which may be within what ends above it."""
        tree = self.tree
        lines = tree.document.lines
        if tree.language != "python" or not wanted.is_empty or lines[wanted.start.line].strip():
            return None
        return max(0, tree.strip_space(0, tree.offset(wanted.start)) - 1)

    def apart(self, wanted: Span) -> Structure | None:
        """What an error around ``wanted`` has merged with it, read by itself; None if there is nothing."""
        tree = self.tree
        lines, line = tree.document.lines, wanted.start.line
        node = tree.node_at(tree.offset(wanted.start), tree.offset(wanted.end))
        first: int | None = None
        for _ in range(MOST_STEPS):
            if node is None:
                break
            found = find(node, tree.language) if node.has_error else None
            cut = cut_of(tree, found) if found is not None else None
            if cut is not None and cut <= line:
                first = start_above(lines, line, cut, like=cut)
                break
            if node.is_error and first is None:
                first = start_above(lines, line, tree.first)
            node = node.parent
        if first is None:
            return None
        last = next_start(lines, first, line, tree.last)
        if (first, last) == (tree.first, tree.last):
            return None
        return Structure(parse(tree.document, line, part=(first, last)))


def _belonging(node: Node | None, *, comments_only: bool = False) -> Node | None:
    """The comment or attribute that ``node`` is a part of."""
    found = None
    for _ in range(8):
        if node is None:
            break
        if "comment" in node.type or (not comments_only and node.type in ATTRIBUTES):
            found = node
        node = node.parent
    return found
