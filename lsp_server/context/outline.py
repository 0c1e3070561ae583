"""Outlines: what a file defines and imports, from its syntax tree. Pure: no file is read here."""

from __future__ import annotations

import re
import time
from functools import lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from lsp_server.context.model import Import, Kind, Outline, Symbol
from lsp_server.context.outline_imports import imports_of, required
from lsp_server.context.outline_names import MEMBERS, container_of, declared, names_of
from lsp_server.context.outline_tables import TABLES, Role, Table
from lsp_server.grammars import grammar

if TYPE_CHECKING:
    from tree_sitter import Node

LARGEST_BYTES: Final = 1024 * 1024
"""Larger files are generated, and their trees take a hundred times their size in memory."""
LONGEST_PARSE_S: Final = 2.0
"""A megabyte is parsed in some 0.2 s; what takes ten times that has trapped the grammar."""
MOST_SYMBOLS: Final = 5000
"""A file with more is a table of constants."""
DEEPEST: Final = 24
"""Nesting of definitions. People stop at five; C's conditional lines nest by branch."""
LONGEST_SIGNATURE: Final = 240
LONGEST_DOC: Final = 160
"""Characters. Longer ones would crowd out the other snippets of a prompt."""

_ATTRIBUTES: Final = re.compile(r"^(?:(?:#?\[[^\]]*\]|@[\w.]+(?:\([^()]*\))?)\s+)+")
_TAIL: Final = re.compile(r"\s*(?:\{|:|=>|=|;|;? end)?\s*$")
_MARKS: Final = re.compile(r"^[\s/*!#;-]+|\s*(?:\*+/|-->)\s*$|</?\w+>")
_BODIES: Final = frozenset(
    (
        "class_body",
        "enum_class_body",
        "function_body",
        "block",
        "accessor_list",
        "template_body",
        "macro_rule",
    )
)
_FUNCTIONS: Final = frozenset(
    ("arrow_function", "function_expression", "generator_function", "function_definition")
)
_PASSED: Final = frozenset(
    ("attribute_item", "decorator", "attribute_list", "marker_annotation", "annotation")
)
_TYPE_HEADS: Final[dict[str, dict[str, str]]] = {
    "type_spec": {"struct_type": " struct", "interface_type": " interface"},
    "type_alias": {},
}
"""Go's heads, whose first word stands in the node above."""
_CHUNK_BYTES: Final = 64 * 1024


class TooSlow(Exception):
    """The grammar did not come to an end in time."""


def outline(text: str, language: str) -> Outline:
    """What ``text`` defines and imports; nothing for a language without a table or a grammar.

    Raises:
        TooSlow: Parsing took longer than ``LONGEST_PARSE_S``.
    """
    table, parser_language = TABLES.get(language), grammar(language)
    data = text.encode("utf-8", "surrogatepass")
    if table is None or parser_language is None or len(data) > LARGEST_BYTES:
        return Outline()
    from tree_sitter import Parser

    parser = Parser(parser_language)
    if _can_be_stopped():
        deadline = time.monotonic() + LONGEST_PARSE_S
        try:
            tree = parser.parse(
                lambda offset, _: data[offset : offset + _CHUNK_BYTES],
                progress_callback=lambda *_: time.monotonic() > deadline,
            )
        except ValueError:
            # The binding's way to say that the parse was given up.
            raise TooSlow(language) from None
    else:
        tree = parser.parse(data)
    walk = _Walk(data, table, language)
    walk.children(tree.root_node, "", 0, "")
    walk.symbols.sort(key=lambda symbol: symbol.line)
    return Outline(tuple(walk.symbols), tuple(walk.imports))


@lru_cache(1)
def _can_be_stopped() -> bool:
    """Whether the binding can stop a parse: that of version 0.25 crashes when it is asked to be able to."""
    return not version("tree-sitter").startswith("0.25.")


class _Walk:
    """A walk over the places where definitions can stand; bodies of functions are not entered."""

    def __init__(self, data: bytes, table: Table, language: str) -> None:
        self._data = data
        self._roles = table.roles
        self._attribute = _attributes_of(table.attribute)
        self._language = language
        self._seen: set[tuple[str, str]] = set()
        self._given: set[int] = set()
        self.symbols: list[Symbol] = []
        self.imports: list[Import] = []

    def children(self, node: Node, container: str, depth: int, doc: str) -> None:
        """Take in what stands in ``node``. ``doc`` is about its first definition."""
        if depth > DEEPEST:
            return
        comments: list[Node] = []
        row = -1
        for child in node.named_children:
            kind = child.type
            if "comment" in kind:
                comments.append(child)
                continue
            if kind in _PASSED:
                row = child.start_point[0] if row < 0 else row
                continue
            role = self._roles.get(kind)
            if role is not None and len(self.symbols) < MOST_SYMBOLS:
                if comments:
                    doc = self._doc(comments, child.start_point[0] if row < 0 else row)
                self._visit(child, role, container, depth + 1, doc)
                doc = ""
            if comments:
                comments = []
            row = -1

    def _visit(  # noqa: C901, PLR0912 - a case for each role, each a line or two
        self, node: Node, role: Role, container: str, depth: int, doc: str
    ) -> None:
        match role:
            case Role.THROUGH:
                self.children(node, container, depth, doc)
            case Role.CLASS:
                self._class(node, names_of(node)[:1], container, depth, doc)
            case Role.FUNCTION:
                for name in names_of(node)[:1]:
                    owner = container_of(node) or container
                    self._add(name, Kind.METHOD if owner else Kind.FUNCTION, owner, node, doc)
            case Role.VARIABLE:
                for name in names_of(node):
                    self._variable(name, container, node, doc)
            case Role.BINDING:
                self._binding(node, container, depth, doc)
            case Role.DECLARATION:
                self._declaration(node, container, depth, doc)
            case Role.TYPE:
                self._type(node, container, depth, doc)
            case Role.EXTENSION:
                self.children(node, container_of(node), depth, "")
            case Role.IMPORT:
                if node.type == "mod_item" and node.child_by_field_name("body"):
                    self.children(node, container, depth, doc)
                elif node.type == "call":
                    self._call(node, container)
                else:
                    self.imports.extend(imports_of(node, self._language))

    def _class(self, node: Node, names: list[str], container: str, depth: int, doc: str) -> None:
        for name in names:
            self._add(name, Kind.CLASS, container, node, doc)
            self.children(node, name, depth, "")
            if self._attribute is not None:
                self._attributes(node, name, self._attribute)

    def _binding(self, node: Node, container: str, depth: int, doc: str) -> None:
        value = node.child_by_field_name("value")
        if node.type == "assignment_statement":
            values = node.named_children[-1].named_children
            value = values[0] if values else None
        kind = value.type if value else ""
        found = required(node, value) if kind in {"call_expression", "function_call"} else None
        if found:
            self.imports.append(found)
            return
        for name in names_of(node):
            owner = container_of(node) or container
            if kind in _FUNCTIONS:
                self._add(name, Kind.METHOD if owner else Kind.FUNCTION, owner, node, doc, value)
            elif kind == "class" and value:
                self._class(value, [name], container, depth, doc)
            else:
                self._variable(name, owner, node, doc)

    def _declaration(self, node: Node, container: str, depth: int, doc: str) -> None:
        kind = node.child_by_field_name("type")
        if kind is not None and kind.child_by_field_name("body"):
            self._class(kind, names_of(kind)[:1], container, depth, doc)
        for name, scope, is_function in declared(node):
            owner = scope or container
            if is_function:
                self._add(name, Kind.METHOD if owner else Kind.FUNCTION, owner, node, doc)
            else:
                self._variable(name, owner, node, doc)

    def _type(self, node: Node, container: str, depth: int, doc: str) -> None:
        kind = node.child_by_field_name("type") or node.child_by_field_name("value")
        names = names_of(node)[:1]
        if kind is None or kind.type not in MEMBERS or not kind.named_child_count:
            for name in names:
                self._variable(name, container, node, doc)
            return
        for name in names:
            self._add(name, Kind.CLASS, container, node, doc, kind)
            self.children(kind, name, depth, "")

    def _call(self, node: Node, container: str) -> None:
        """Ruby's calls: ``require`` and ``attr_accessor``."""
        method = node.child_by_field_name("method")
        word = method.text if method else None
        arguments = node.child_by_field_name("arguments")
        if word is None or arguments is None:
            return
        if word.startswith(b"attr_"):
            for argument in arguments.named_children:
                self._variable(_text(argument).lstrip(":"), container, node, "")
        elif word.startswith(b"require"):
            self.imports.extend(imports_of(node, self._language))

    def _attributes(self, node: Node, container: str, pattern: re.Pattern[bytes]) -> None:
        """The members that the methods of a class give to its objects."""
        line, at = node.start_point[0], node.start_byte
        for found in pattern.finditer(self._data, node.start_byte, node.end_byte):
            line += self._data.count(b"\n", at, found.start())
            at = found.start()
            name = found[1].decode("utf-8", "replace")
            # What a class within this one gives its own objects has been taken in already.
            inner = line in self._given
            self._given.add(line)
            if not inner and len(self.symbols) < MOST_SYMBOLS and (container, name) not in self._seen:
                self._seen.add((container, name))
                signature = _one_line(found[0].decode("utf-8", "replace"))[:LONGEST_DOC]
                self.symbols.append(Symbol(name, Kind.VARIABLE, container, signature, "", line, line))

    def _variable(self, name: str, container: str, node: Node, doc: str) -> None:
        if (container, name) not in self._seen:
            self._add(name, Kind.VARIABLE, container, node, doc)

    def _add(
        self, name: str, kind: Kind, container: str, node: Node, doc: str, held: Node | None = None
    ) -> None:
        """Take in a symbol. ``held`` is the part of ``node`` that has its body, if that is not itself."""
        self._seen.add((container, name))
        body = _body(node) if held is None else _body(held) or held
        end = min(body.start_byte if body else node.end_byte, node.start_byte + 4 * LONGEST_SIGNATURE)
        head = _one_line(self._data[node.start_byte : end].decode("utf-8", "replace"))
        if node.type in _TYPE_HEADS and self._language == "go":
            head = f"type {head}{_TYPE_HEADS[node.type].get(held.type if held else '', '')}"
        signature = _TAIL.sub("", _ATTRIBUTES.sub("", head))[:LONGEST_SIGNATURE]
        if body is not None and self._language == "python":
            doc = _docstring(body) or doc
        self.symbols.append(
            Symbol(name, kind, container, signature, doc, node.start_point[0], node.end_point[0])
        )

    def _doc(self, comments: list[Node], row: int) -> str:
        """The first line of the comments that end right above ``row``."""
        first = None
        for comment in reversed(comments):
            if comment.end_point[0] + 1 < row:
                break
            first, row = comment, comment.start_point[0]
        return _first_words(_text(first)) if first else ""


def _body(node: Node) -> Node | None:
    body = node.child_by_field_name("body")
    if body is not None:
        # The fields of a tuple are part of its head.
        return None if body.type == "ordered_field_declaration_list" else body
    return next((child for child in node.named_children if child.type in _BODIES), None)


def _docstring(body: Node) -> str:
    first = body.named_child(0) if body.named_child_count else None
    if first is None or first.type != "expression_statement" or not first.named_child_count:
        return ""
    string = first.named_child(0)
    content = string.named_child(1) if string.type == "string" and string.named_child_count > 1 else None
    return _first_words(_text(content)) if content and content.type == "string_content" else ""


def _first_words(text: str) -> str:
    """The first line of a comment that says something, without its marks."""
    lines = (_MARKS.sub("", line).strip() for line in text.splitlines())
    return next((line[:LONGEST_DOC] for line in lines if line), "")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def _attributes_of(owner: bytes) -> re.Pattern[bytes] | None:
    if not owner:
        return None
    # Within these limits a line of any content is matched in linear time.
    return re.compile(
        rb"^[ \t]+" + re.escape(owner) + rb"(\w{1,80})[ \t]*(?::[^=\n]{1,100})?=(?![=>])[^\n]{0,160}",
        re.MULTILINE,
    )
