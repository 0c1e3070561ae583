"""The names that a node of a syntax tree gives to things, in any grammar."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tree_sitter import Node

MEMBERS: Final = frozenset(
    ("struct_type", "interface_type", "object_type", "struct_specifier", "union_specifier", "enum_specifier")
)
"""Types written in place that have members."""

_FIELDS: Final = ("name", "declarator", "left", "pattern", "property")
"""Where grammars keep a definition's name, in the order in which they are looked for."""
_INNER: Final = ("declarator", "bound_identifier", "field", "method", "name")
_LEAVES: Final = frozenset(
    (
        "identifier", "type_identifier", "property_identifier", "private_property_identifier",
        "field_identifier", "simple_identifier", "constant", "name", "word", "namespace_identifier",
        "destructor_name", "operator_name", "variable_name", "setter", "operator",
    )
)  # fmt: skip
_HOLDERS: Final = frozenset(
    ("variable_declaration", "variable_declarator", "property_element", "object_reference", "variable_list")
)
_LISTS: Final = frozenset(("pattern_list", "tuple_pattern"))
_NAMELESS: Final = frozenset(
    (
        "object_pattern", "array_pattern", "attribute", "subscript", "call", "computed_property_name",
        "element_reference", "instance_variable", "global_variable", "user_type",
    )
)  # fmt: skip
_RECEIVER: Final = re.compile(r"(\w+)\s*(?:\[[^\]]*\]\s*)?,?\s*\)$")
_DEEPEST: Final = 12
"""Declarators within declarators."""


def names_of(node: Node) -> list[str]:
    """The names that a definition gives, in their order; without those of patterns and of attributes."""
    if node.type in _LEAVES:
        return [_text(node)]
    if node.type.endswith("_heading"):
        return [" ".join(_text(node).strip("#=- \t\r\n").split())[:160]]
    for field in _FIELDS:
        found = node.children_by_field_name(field)
        if found:
            return [name for part in found for name in _from_field(part)]
    held = [child for child in node.named_children if child.type in _HOLDERS]
    if held:
        return [name for part in held for name in names_of(part)]
    return next(([_text(child)] for child in node.named_children if child.type in _LEAVES), _by_word(node))


def container_of(node: Node) -> str:
    """What a definition says itself that it is a member of: Go's receiver, Rust's impl, Lua's table."""
    receiver = node.child_by_field_name("receiver")
    if receiver is not None:
        found = _RECEIVER.search(_text(receiver))
        return found[1] if found else ""
    if node.type == "impl_item":
        kind = node.child_by_field_name("type")
        return _leaf(kind.child_by_field_name("type") or kind) if kind else ""
    name = node.child_by_field_name("name")
    if node.type == "assignment_statement" and node.named_child_count:
        name = node.named_child(0).child_by_field_name("name")
    table = name.child_by_field_name("table") if name else None
    return _text(table) if table else ""


def declared(node: Node) -> list[tuple[str, str, bool]]:
    """What a declaration of C or C++ declares: (name, class in front of it, whether it is a function)."""
    found = []
    for part in node.children_by_field_name("declarator"):
        inner: Node | None = part
        scope, is_function = "", False
        for _ in range(_DEEPEST):
            if inner is None or inner.type in _LEAVES:
                break
            if inner.type == "qualified_identifier":
                owner = inner.child_by_field_name("scope")
                scope = _leaf(owner) if owner else scope
                inner = inner.child_by_field_name("name")
                continue
            is_function = is_function or inner.type == "function_declarator"
            if inner.type == "parenthesized_declarator":
                # A pointer to a function is a variable.
                is_function = False
            inner = inner.child_by_field_name("declarator") or (
                inner.named_child(0) if inner.named_child_count else None
            )
        if inner is not None and inner.type in _LEAVES:
            found.append((_text(inner), scope, is_function))
    return found


def _from_field(part: Node) -> list[str]:
    if part.type in _LISTS:
        return [_text(child) for child in part.named_children if child.type == "identifier"]
    if part.type in _NAMELESS and not _extended(part):
        return []
    name = _leaf(part)
    return [name] if name else []


def _extended(part: Node) -> bool:
    """Whether it is the type that Swift's ``extension`` names."""
    owner = part.parent
    return part.type == "user_type" and owner is not None and owner.type == "class_declaration"


def _leaf(node: Node) -> str:
    for _ in range(_DEEPEST):
        if node.type in _LEAVES or not node.named_child_count:
            break
        inner = next((found for field in _INNER if (found := node.child_by_field_name(field))), None)
        node = inner or node.named_child(0)
    return _text(node).lstrip("$")


def _by_word(node: Node) -> list[str]:
    """Names that are words of the language: constructors."""
    words = {
        "init_declaration": "init",
        "secondary_constructor": "constructor",
        "subscript_declaration": "subscript",
    }
    return [words[node.type]] if node.type in words else []


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")
