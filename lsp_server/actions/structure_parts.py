"""The parts of one definition: its head, its body, whether that does nothing yet, whether it has types."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from lsp_server.actions.structure_tables import ATTRIBUTES, BODIES, GRADUAL, STATIC
from lsp_server.actions.tree import SyntaxTree

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tree_sitter import Node

LONGEST_IDLE: Final = 800
"""Bytes of a body that can be idle: some lines of comment and one statement."""

_OPENERS: Final = frozenset(("{", "=", "=>", "->", ":", ";"))
"""Tokens between a head and a body, which are neither's."""
_CLOSERS: Final = frozenset(("}", "end"))
_COMMENT: Final = re.compile(rb"[ \t]*(?:#|//|--)[^\n]*")
_HASH: Final = re.compile(r"(?:(?<=\s)|\A|(?<=;))#[^\n]*")
_SLASHES: Final = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_DASHES: Final = re.compile(r"--[^\n]*")
_COMMENTS: Final = MappingProxyType(
    {"python": _HASH, "ruby": _HASH, "shellscript": _HASH, "php": _SLASHES, "lua": _DASHES}
)
"""How comments look; in other languages they begin with slashes."""
_MESSAGE: Final = r"(?:\([^()]{0,200}\)|\[[^\[\]]{0,200}\]|\"[^\"]{0,200}\"|'[^']{0,200}')?"
_IDLE: Final = re.compile(
    r"(?:(?:pass|\.\.\.|return|\?\?\?"
    rf"|raise NotImplementedError ?,? ?{_MESSAGE}"
    r"|(?:todo|unimplemented)!? ?[(\[{][^()]{0,200}[)\]}]"
    r"|TODO ?\([^()]{0,200}\)"
    r"|throw (?:new )?[\w.]*(?:NotImplemented|UnsupportedOperation)\w*(?:\([^()]{0,200}\))?"
    r"|(?:throw (?:new )?[\w.\\]+|panic|fatalError|preconditionFailure|error|abort|raise) ?\(? ?"
    r"[\"'](?i:not (?:yet )?implemented|todo|unimplemented)[^\"']{0,100}[\"'] ?\)?"
    r"|fatalError ?\( ?\))[ ;]*){0,3}"
)
"""Bodies that say they are none, with single spaces."""
_IDLE_SHELL: Final = re.compile(r"(?::|true)?")
_UNTYPED: Final = frozenset(
    ("identifier", "default_parameter", "list_splat_pattern", "dictionary_splat_pattern", "tuple_pattern")
)
"""Python's parameters without a type."""
_NO_RESULT: Final = frozenset(("constructor", "__construct", "__destruct", "__init__"))


def head_start(node: Node, inner: Node) -> int:
    """Where the head of ``inner`` begins: ``node`` is it or a wrapper of it, with decorators and the like."""
    for child in node.children:
        if child.type in ATTRIBUTES or "comment" in child.type:
            continue
        if child.type == "modifiers":
            kept = [part for part in child.children if part.type not in ATTRIBUTES]
            if not kept:
                continue
            return kept[0].start_byte
        leads = node != inner and child.start_byte <= inner.start_byte and inner.end_byte <= child.end_byte
        return head_start(child, inner) if leads else child.start_byte
    return node.start_byte


def head_and_body(tree: SyntaxTree, owner: Node) -> tuple[int, tuple[int, int] | None]:
    """Where the head of ``owner`` ends, and the body: (start, end) in bytes, or None where it has none."""
    body = body_of(owner)
    if body is None and not (owner.children and owner.children[-1].type in _CLOSERS):
        return _last_word(owner.children, owner), None
    before = _before(owner, body)
    head = _last_word(before, owner)
    start = before[-1].end_byte if before and before[-1].type in _OPENERS else head
    end = owner.end_byte
    if body is not None:
        while body.child_count == 1 and body.children[0].type in BODIES:
            body = body.children[0]
        first, last = (body.children[0], body.children[-1]) if body.child_count else (body, body)
        if first.type == "interface":
            first = body.children[1]
        if first.type in {"{", "=", "=>", ":"}:
            start = first.end_byte
        end = last.start_byte if last.type in _CLOSERS and last != first else body.end_byte
    if owner.children[-1].type in _CLOSERS:
        end = min(end, owner.children[-1].start_byte) if body is None else end
    return head, _trimmed(tree, start, max(start, end))


def body_of(owner: Node) -> Node | None:
    """The node with the body of a definition, or of the type that it names."""
    body = owner.child_by_field_name("body")
    if body is not None:
        return None if body.type == "ordered_field_declaration_list" else body
    kind = owner.child_by_field_name("type")
    if kind is not None and kind.type in {"struct_type", "interface_type"}:
        return next((c for c in kind.children if c.type == "field_declaration_list"), kind)
    if kind is not None and kind.type.endswith("_specifier"):
        return kind.child_by_field_name("body")
    if owner.type == "lambda_expression":
        return owner.named_children[-1] if owner.named_child_count else None
    return next((child for child in owner.named_children if child.type in BODIES), None)


def _before(owner: Node, body: Node | None) -> list[Node]:
    """The tokens and nodes of ``owner`` before its body, without comments."""
    kind = owner.child_by_field_name("type")
    holder = kind if body is not None and kind is not None and _holds(kind, body) else owner
    before = [] if holder is owner else [c for c in owner.children if c.start_byte < holder.start_byte]
    limit = body.start_byte if body is not None else holder.children[-1].start_byte
    for child in holder.children:
        if child == body or child.start_byte > limit or (body is None and child == holder.children[-1]):
            break
        before.append(child)
    if body is not None and body == holder and body.children:
        # Go's interface is its own body, with the word before the brace.
        before.append(body.children[0])
    return [child for child in before if "comment" not in child.type and not child.is_error]


def _holds(outer: Node, inner: Node) -> bool:
    return outer.start_byte <= inner.start_byte and inner.end_byte <= outer.end_byte


def _last_word(before: Iterable[Node], owner: Node) -> int:
    """Where the last of the nodes ends that is not a token between head and body."""
    end = owner.start_byte
    for child in before:
        if child.type not in _OPENERS:
            end = child.end_byte
    return end


def _trimmed(tree: SyntaxTree, start: int, end: int) -> tuple[int, int]:
    """What stands between two bytes, without the white space and a comment on the head's line."""
    comment = _COMMENT.match(tree.data, start, end)
    after = comment.end() if comment else start
    if comment and after < end and tree.data[after : after + 1] == b"\n":
        start = after
    first, last = tree.skip_space(start, end), tree.strip_space(start, end)
    return (first, last) if first < last else (start, start)


def is_idle(text: str, language: str) -> bool:
    """Whether a body without its docstring does nothing, or says that it is still to be written."""
    if len(text) > LONGEST_IDLE:
        return False
    idle = _IDLE_SHELL if language == "shellscript" else _IDLE
    return idle.fullmatch(" ".join(_COMMENTS.get(language, _SLASHES).sub("", text).split())) is not None


def is_annotated(owner: Node, name: str, language: str) -> bool:
    """Whether parameters and result of a function have types; False for languages that have none."""
    if language not in GRADUAL:
        return language in STATIC
    if owner.type == "lambda":
        # Python's can have no types, so it lacks none.
        return True
    has_result = owner.child_by_field_name("return_type") is not None or name in _NO_RESULT
    if not has_result and not any(child.type == "set" for child in owner.children):
        return False
    if owner.child_by_field_name("parameter") is not None:
        # An arrow function with one bare name.
        return False
    parameters = owner.child_by_field_name("parameters")
    parts = parameters.named_children if parameters is not None else []
    if language == "python":
        return not any(part.type in _UNTYPED for part in parts[_is_method(owner, parts) :])
    return all(
        part.child_by_field_name("type") or part.child_by_field_name("value")
        for part in parts
        if part.type.endswith("_parameter")
    )


def _is_method(owner: Node, parts: list[Node]) -> bool:
    """Whether the first of Python's parameters is the object or the class itself."""
    if not parts or parts[0].type != "identifier" or parts[0].text not in {b"self", b"cls", b"mcs"}:
        return False
    around = owner.parent
    while around is not None and around.type in {"decorated_definition", "block"}:
        around = around.parent
    return around is not None and around.type == "class_definition"
