"""Which node of a syntax tree is a definition, how it is called, and what belongs to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lsp_server.actions.structure_tables import SYNTAX, Syntax
from lsp_server.context.outline_names import declared, names_of

if TYPE_CHECKING:
    from tree_sitter import Node

_NAME_FIELDS: Final = ("name", "left", "pattern", "key", "declarator")
_LAST_WORD: Final = re.compile(r"[\w$]+(?=\W*\Z)")
_LONGEST_NAME: Final = 200
"""Bytes of what stands to the left of an assignment and can be a name."""


@dataclass(frozen=True, slots=True)
class Found:
    """A definition: the node that names it, and the one with its parameters and body, often the same."""

    node: Node
    owner: Node
    name: str
    is_class: bool


def find(node: Node, language: str) -> Found | None:
    """The definition that ``node`` is, or None."""
    syntax = SYNTAX.get(language)
    if syntax is None or not node.is_named:
        return None
    if node.type in syntax.functions:
        return _function(node, language)
    if node.type in syntax.classes:
        return _class(node, language)
    if node.type in syntax.binders:
        value = _value(node, syntax)
        if value is not None:
            name = _bound_name(node, value)
            return Found(
                node, value, name.lstrip("$") if language == "php" else name, is_class=value.type == "class"
            )
    return None


def outer_of(node: Node, language: str) -> Node:
    """The outermost node that stands around a definition alone: its decorators, ``export``, ``const``."""
    wrappers = SYNTAX[language].wrappers
    while True:
        parent = node.parent
        if parent is None or parent.type not in wrappers:
            return node
        if sum(child.type == node.type for child in parent.named_children) != 1:
            return node
        node = parent


def _function(node: Node, language: str) -> Found | None:
    if language in {"c", "cpp"}:
        names = declared(node)
        if node.type != "function_definition" and not any(is_function for _, _, is_function in names):
            return None
        return Found(node, node, names[0][0] if names else "", is_class=False)
    return Found(node, node, next(iter(names_of(node)), ""), is_class=False)


def _class(node: Node, language: str) -> Found | None:
    kind = node.child_by_field_name("type")
    if language in {"c", "cpp"}:
        if node.type == "type_definition":
            if kind is None or kind.child_by_field_name("body") is None:
                return None
            return Found(node, node, _last_word(node.child_by_field_name("declarator")), is_class=True)
        parent = node.parent
        if node.child_by_field_name("body") is None or (parent and parent.type == "type_definition"):
            return None
    if language == "go" and (kind is None or kind.type not in {"struct_type", "interface_type"}):
        return None
    return Found(node, node, next(iter(names_of(node)), ""), is_class=True)


def _value(node: Node, syntax: Syntax) -> Node | None:
    """The function or class that a node gives a name to."""
    value = node.child_by_field_name("value") or node.child_by_field_name("right")
    if value is None and node.named_child_count:
        value = node.named_children[-1]
    if value is not None and value.type == "expression_list" and value.named_child_count == 1:
        value = value.named_children[0]
    return value if value is not None and value.type in syntax.lambdas else None


def _bound_name(node: Node, value: Node) -> str:
    left = next((found for field in _NAME_FIELDS if (found := node.child_by_field_name(field))), None)
    if left is None and node.named_child_count and node.named_children[0] != value:
        left = node.named_children[0]
    return _last_word(left)


def _last_word(node: Node | None) -> str:
    text = (node.text or b"")[-_LONGEST_NAME:].decode("utf-8", "replace") if node is not None else ""
    found = _LAST_WORD.search(text)
    return found[0] if found else ""
