"""One definition of a syntax tree with the places of its parts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from lsp_server.actions.documentation import comment_above
from lsp_server.actions.model import Definition, Span
from lsp_server.actions.structure_names import Found, outer_of
from lsp_server.actions.structure_parts import head_and_body, head_start, is_annotated, is_idle
from lsp_server.actions.structure_tables import ATTRIBUTES
from lsp_server.actions.tree import SyntaxTree
from lsp_server.types import Position

if TYPE_CHECKING:
    from tree_sitter import Node

MOST_ATTRIBUTES: Final = 50
"""Above one definition."""

_STARTS: Final = re.compile(
    r"\s*(?:(?:export|pub|public|private|protected|internal|static|async|abstract|final|override|open|def|class"
    r"|func|fn|function|fun|struct|enum|trait|impl|interface|type|module|namespace|template|local)\b|@\w|#\[)"
)
"""Lines that begin a definition."""
_MAY_START: Final = re.compile(
    r"\s*(?!(?:if|for|while|switch|else|return|catch|do|case|try|and|or)\b)[^\W\d][^;={}()\n]{0,200}\([^;\n]{0,400}\n"
)
"""Lines that begin one where they are indented no more than another: in C, a type is the first word."""
_DECORATES: Final = re.compile(r"\s*(?:@\w|#\[)")
_NOT_TO_FILL: Final = re.compile(r"@[\w.]*(?:overload|abstractmethod|abstractproperty)\b")


def read(tree: SyntaxTree, found: Found) -> Definition:
    """The definition that was found, with the places of its parts."""
    lines = tree.document.lines
    outer = outer_of(found.node, tree.language)
    first = outer.start_byte
    before = outer.prev_sibling
    for _ in range(MOST_ATTRIBUTES):
        if before is None or before.type not in ATTRIBUTES:
            break
        first, before = before.start_byte, before.prev_sibling
    head_from = head_start(outer, found.node)
    head_to, body = head_and_body(tree, found.owner)
    end = tree.strip_space(first, outer.end_byte)
    cut = cut_of(tree, found)
    if cut is not None:
        limit = tree.strip_space(first, tree.offset(Position(cut, 0)))
        end = min(end, limit)
    # In a broken text, nodes are put together of what does not belong together.
    head_from, head_to = (min(max(first, place), end) for place in (head_from, max(head_from, head_to)))
    if body is not None:
        body = (min(max(head_to, body[0]), end), min(max(head_to, body[1]), end))
    whole = tree.span(first, end)
    own_line = lines[whole.start.line]
    indent = own_line[: len(own_line) - len(own_line.lstrip())]
    if tree.language == "python":
        documentation = _docstring(tree, found.owner)
    elif len(indent) == whole.start.column:
        documentation = comment_above(lines, whole.start.line, tree.language)
    else:
        documentation = None
    if documentation is not None and documentation.start < whole.start:
        whole = Span(documentation.start, whole.end)
    elif documentation is not None and documentation.end > whole.end:
        documentation = None
    return Definition(
        name=found.name,
        is_class=found.is_class,
        whole=whole,
        head=tree.span(head_from, head_to),
        body=tree.span(*body) if body else None,
        documentation=documentation,
        indent=indent,
        empty=not found.is_class and body is not None and _is_empty(tree, outer, body, documentation),
        annotated=not found.is_class and is_annotated(found.owner, found.name, tree.language),
    )


def cut_of(tree: SyntaxTree, found: Found) -> int | None:
    """The line on which something else begins that an error has made a part of a definition."""
    if not found.node.has_error:
        return None
    head, _ = head_and_body(tree, found.owner)
    first = tree.position(found.node.start_byte).line
    last = tree.position(tree.strip_space(found.node.start_byte, found.node.end_byte)).line
    number = next_start(tree.document.lines, first, tree.position(head).line, last + 1)
    return number if number <= last else None


def next_start(lines: Sequence[str], first: int, above: int, end: int) -> int:
    """The next line below ``above`` that begins a definition as far out as that of ``first``, or ``end``."""
    width = _width(lines[first])
    for number in range(above + 1, end):
        text = lines[number]
        if _width(text) <= width and (_STARTS.match(text) or _MAY_START.match(text)):
            return number
    return end


def start_above(lines: Sequence[str], line: int, least: int, like: int | None = None) -> int | None:
    """The nearest line from ``line`` up that begins a definition, with the decorators above it, or None.

    With ``like``, one that is indented no more than that line.
    """
    for number in range(line, least - 1, -1):
        text = lines[number]
        begins = _STARTS.match(text) or (_MAY_START.match(text) and text.rstrip().endswith(("{", ")")))
        if begins and (like is None or _width(text) <= _width(lines[like])):
            first = number
            while first > least and _DECORATES.match(lines[first - 1]):
                first -= 1
            return first
    return None


def _width(line: str) -> int:
    return len(line) - len(line.lstrip())


def _docstring(tree: SyntaxTree, owner: Node) -> Span | None:
    block = owner.child_by_field_name("body")
    first = next((c for c in block.named_children if c.type != "comment"), None) if block else None
    if first is None or first.type != "expression_statement" or first.named_child_count != 1:
        return None
    text = first.named_children[0]
    if text.type not in {"string", "concatenated_string"}:
        return None
    return tree.span(text.start_byte, text.end_byte)


def _is_empty(tree: SyntaxTree, outer: Node, body: tuple[int, int], documentation: Span | None) -> bool:
    start, end = body
    if tree.language == "python":
        if (tree.document.path or "").endswith(".pyi"):
            return False
        if _NOT_TO_FILL.search(tree.text(outer.start_byte, start)) or _in_protocol(outer):
            return False
        if documentation is not None:
            start = max(start, tree.offset(documentation.end))
    return is_idle(tree.text(start, end), tree.language)


def _in_protocol(node: Node) -> bool:
    """Whether it stands in a class of Python that only says what others have."""
    block = node.parent
    owner = block.parent if block is not None else None
    bases = owner.child_by_field_name("superclasses") if owner is not None else None
    return bases is not None and b"Protocol" in (bases.text or b"")
