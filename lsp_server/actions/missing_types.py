"""Where a function's head has no types yet, and what of a text is a type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lsp_server.actions.model import Span
from lsp_server.actions.splice import tree_of
from lsp_server.types import Document, Position

if TYPE_CHECKING:
    from tree_sitter import Node

    from lsp_server.actions.tree import SyntaxTree

_ENDS: Final = frozenset(",=):;}]>")
"""What follows a type where it is in none of the type's brackets."""
_BEFORE_AN_OBJECT: Final = frozenset(("", "|", "&", ">"))
"""What a type made of braces can follow; behind anything else a brace opens a body."""


@dataclass(frozen=True, slots=True)
class MissingType:
    """A place where a type is missing, and what goes before one."""

    place: Position
    lead: str


def missing_types(document: Document, head: Span) -> list[MissingType]:
    """Each parameter without a type, but for the first of a method of Python, and the result without one."""
    tree = tree_of(document, head.start.line)
    function = _function_at(tree, head)
    parameters = function.child_by_field_name("parameters") if function is not None else None
    if function is None or parameters is None:
        return []
    ends = [
        node.end_byte
        for number, parameter in enumerate(parameters.named_children)
        if (node := _bare(parameter)) is not None
        and not (number == 0 and tree.text(node.start_byte, node.end_byte) in {"self", "cls", "mcs"})
    ]
    gaps = [MissingType(tree.span(end, end).start, ": ") for end in ends]
    name = function.child_by_field_name("name")
    told = name is None or tree.text(name.start_byte, name.end_byte) not in {"constructor", "__init__"}
    if told and function.child_by_field_name("return_type") is None:
        lead = " -> " if tree.language == "python" else ": "
        gaps.append(MissingType(tree.span(parameters.end_byte, parameters.end_byte).start, lead))
    return gaps


def _function_at(tree: SyntaxTree, head: Span) -> Node | None:
    """The function whose head it is."""
    if tree.root is None:
        return None
    start, end = tree.offset(head.start), tree.offset(head.end)
    nodes = [tree.root]
    while nodes:
        node = nodes.pop()
        parameters = node.child_by_field_name("parameters")
        if parameters is not None and start <= parameters.start_byte and parameters.end_byte <= end:
            return node
        nodes.extend(c for c in reversed(node.children) if c.start_byte <= end and c.end_byte >= start)
    return None


def _bare(parameter: Node) -> Node | None:
    """What a parameter's type would stand behind, or None if it has one or can have none."""
    if parameter.type in {"identifier", "list_splat_pattern", "dictionary_splat_pattern"}:
        return parameter
    if parameter.type == "default_parameter":
        return parameter.child_by_field_name("name")
    if parameter.type in {"required_parameter", "optional_parameter"}:
        pattern = parameter.child_by_field_name("pattern")
        simple = pattern is not None and pattern.type in {"identifier", "rest_pattern"}
        # A question mark stands between a name and its type.
        bare = parameter.type == "required_parameter" and parameter.child_by_field_name("type") is None
        return pattern if simple and bare else None
    return None


def type_in(text: str) -> str:
    """The type that a text begins with: up to a comma, a sign or the end of line that is in no bracket."""
    depth = 0
    for at, sign in enumerate(text):
        is_arrow = "=>" in (text[at : at + 2], text[at - 1 : at + 1])
        is_block = sign == "{" and not depth and text[:at].rstrip()[-1:] not in _BEFORE_AN_OBJECT
        if sign in "\r\n#" or is_block or (not depth and sign in _ENDS and not is_arrow):
            return text[:at].strip()
        if sign in "([{<":
            depth += 1
        elif sign in ")]}>" and depth and not is_arrow:
            depth -= 1
    return text.strip() if not depth else ""


def has_type(text: str) -> bool:
    """Whether something stands behind a type, so that it is complete."""
    found = type_in(text)
    return bool(found) and bool(text.partition(found)[2].strip())
