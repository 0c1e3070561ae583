"""Types as they may be written into a file: only of names that it knows."""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from lsp_server.actions.answer import Unusable
from lsp_server.actions.model import Definition
from lsp_server.actions.structure_tables import words
from lsp_server.actions.tree import SyntaxTree
from lsp_server.types import Document

if TYPE_CHECKING:
    from tree_sitter import Node

_BUILTIN: Final = frozenset(
    name for name in dir(builtins) if isinstance(getattr(builtins, name), type) and not name.startswith("_")
)
_PLAIN: Final = MappingProxyType(
    {"List": "list", "Dict": "dict", "Set": "set", "FrozenSet": "frozenset", "Tuple": "tuple", "Type": "type"}
)
"""Names of ``typing`` and the builtin types that say the same."""
_LEAVES: Final = frozenset(("none", "ellipsis", "integer", "true", "false"))
_NAME: Final = re.compile(r"[^\W\d]\w*")
_FORWARD: Final = re.compile(r"[\w.\[\], |]+")
_GLOBAL: Final = MappingProxyType(
    {
        "php": words(
            "int float string bool array object mixed void null never iterable callable self static parent "
            "true false Closure Traversable Iterator IteratorAggregate Generator ArrayAccess Countable "
            "Stringable DateTime DateTimeImmutable DateTimeInterface Exception Throwable stdClass ArrayObject"
        ),
        "typescript": words(
            "any unknown never void null undefined string number boolean bigint symbol object this "
            "asserts is keyof typeof readonly infer extends in unique new true false Array ReadonlyArray "
            "Promise Record PromiseLike Map Set WeakMap WeakSet ReadonlyMap ReadonlySet Partial Required "
            "Readonly Pick Omit Exclude Extract NonNullable Parameters ReturnType Awaited Date RegExp "
            "Error Function Object String Number Boolean Symbol Iterable Iterator AsyncIterable Generator "
            "AsyncGenerator Element ArrayBuffer Uint8Array Buffer URL Response Request Event HTMLElement "
            "Document Window"
        ),
    }
)
"""Names that are known without being declared; TypeScript's are mostly those of its library."""

_Known = dict[str, bool]


def word_types(document: Document, language: str) -> Callable[[Node, SyntaxTree], str]:
    """How types of a language are written whose names need only stand somewhere in the document."""
    text = document.text
    there = frozenset(_NAME.findall(text))
    known = _GLOBAL.get(language, _GLOBAL["typescript"])

    def write(node: Node, tree: SyntaxTree) -> str:
        said = " ".join(tree.text(node.start_byte, node.end_byte).split()).removeprefix(":").strip()
        for name in _NAME.findall(re.sub(r"'[^']*'|\"[^\"]*\"", "", said)):
            if name not in known and name not in there and not re.search(rf"\b{name}\??\s*:", said):
                raise Unusable(_missing(name))
        return said

    return write


@dataclass(frozen=True, slots=True)
class PythonTypes:
    """What a file of Python knows at a function: each name, and whether only once all of the file is read.

    ``postponed`` tells that annotations are not evaluated; ``everything`` that a star import hides the names.
    """

    known: _Known
    postponed: bool
    everything: bool

    @classmethod
    def of(cls, tree: SyntaxTree, definition: Definition) -> PythonTypes:
        """Read the imports and definitions that the function can see."""
        at = tree.offset(definition.head.start)
        known: _Known = {}
        postponed = everything = False
        for name, late in _bindings(tree, at):
            if name == "*":
                everything = True
            elif name == "annotations" and late:
                postponed = True
            else:
                known[name] = known.get(name, True) and late
        return cls(known, postponed, everything)

    def written(self, node: Node, tree: SyntaxTree) -> str:
        """The type as it may stand in the file, in quotes where it could not be evaluated.

        Raises ``Unusable`` where it is no type or needs a name that is not known.
        """
        writer = _Writer(self, tree)
        text = writer.text(node)
        return f'"{text}"' if writer.quote and not self.postponed else text


class _Writer:
    """Writes one type. ``quote`` is true afterwards if it must not be evaluated."""

    def __init__(self, types: PythonTypes, tree: SyntaxTree) -> None:
        self._types = types
        self._tree = tree
        self.quote = False

    def text(self, node: Node) -> str:
        leaf = self._leaf(node)
        if leaf is not None:
            return leaf
        kind, parts = node.type, node.named_children
        if kind in {"type", "parenthesized_expression"} and len(parts) == 1:
            return self.text(parts[0])
        if kind in {"generic_type", "subscript"} and len(parts) > 1:
            return self._generic(parts)
        if kind in {"binary_operator", "union_type"} and self._is_union(node):
            return " | ".join(self.text(part) for part in parts)
        if kind == "list":
            return f"[{', '.join(self.text(part) for part in parts)}]"
        raise Unusable("the answer has something for a type that is none: try again")

    def _leaf(self, node: Node) -> str | None:
        """The text of a name or a constant, None for what has parts."""
        source = self._source(node)
        match node.type:
            case "identifier":
                return self._name(source)
            case "string":
                return self._forward(source)
            case "attribute":
                self._name(source.partition(".")[0].strip())
                return "".join(source.split())
            case kind:
                return source if kind in _LEAVES else None

    def _generic(self, parts: list[Node]) -> str:
        name = self._source(parts[0])
        inner = parts[1].named_children if parts[1].type == "type_parameter" else parts[1:]
        if name.rpartition(".")[2] == "Literal":
            self.text(parts[0])
            return f"{name}[{', '.join(self._source(part) for part in inner)}]"
        arguments = [self.text(part) for part in inner]
        if not self._types.everything and name not in self._types.known and name in {"Optional", "Union"}:
            self.quote = True
            return " | ".join([*arguments, "None"] if name == "Optional" else arguments)
        return f"{self.text(parts[0])}[{', '.join(arguments)}]"

    def _name(self, name: str) -> str:
        types = self._types
        if name in types.known:
            self.quote = self.quote or types.known[name]
            return name
        if name in _BUILTIN or types.everything:
            return name
        if name in _PLAIN:
            return _PLAIN[name]
        raise Unusable(_missing(name))

    def _forward(self, source: str) -> str:
        inside = source[1:-1]
        if not _FORWARD.fullmatch(inside) or source[0] not in "\"'":
            raise Unusable("the answer has something for a type that is none: try again")
        for name in _NAME.findall(re.sub(r"\.\w+", "", inside)):
            if name != "None":
                self._name(name)
        self.quote = True
        return inside

    def _is_union(self, node: Node) -> bool:
        return all(child.is_named or child.type == "|" for child in node.children)

    def _source(self, node: Node) -> str:
        return self._tree.text(node.start_byte, node.end_byte)


def _missing(name: str) -> str:
    return f"the answer uses the type {name}, which the file does not know: import it and try again"


def _bindings(tree: SyntaxTree, at: int) -> Iterator[tuple[str, bool]]:
    """Each name that is bound around the byte ``at``, and whether only after it or for type checkers.

    A star import gives ``*``, postponed annotations ``annotations``.
    """
    if tree.root is None:
        return
    blocks: list[tuple[Node, bool]] = [(tree.root, False)]
    while blocks:
        block, late = blocks.pop()
        for child in block.named_children:
            node = child.child_by_field_name("definition") or child
            behind = late or node.end_byte > at
            yield from ((name, behind) for name in _bound(node))
            if node.type == "future_import_statement":
                yield from (("annotations", True) for n in node.named_children if n.text == b"annotations")
            elif node.type not in {"class_definition", "function_definition"}:
                checking = late or b"TYPE_CHECKING" in (node.text or b"")[:60]
                blocks.extend((part, checking) for part in _blocks_of(node))
            elif node.start_byte <= at < node.end_byte:
                yield from ((name, False) for name in _parameters(node))
                blocks.extend((part, late) for part in node.named_children if part.type == "block")


def _bound(node: Node) -> Iterator[str]:
    """The names that a statement binds by itself."""
    if node.type in {"import_statement", "import_from_statement"}:
        yield from _imported(node)
    elif node.type in {"class_definition", "function_definition"}:
        name = node.child_by_field_name("name")
        if name is not None:
            yield _text(name)
    elif node.type == "expression_statement":
        yield from _assigned(node)
    elif node.type == "type_alias_statement":
        yield from _NAME.findall(_text(node))[1:2]


def _blocks_of(node: Node) -> Iterator[Node]:
    for part in node.named_children:
        if part.type == "block":
            yield part
        elif part.type.endswith("_clause"):
            yield from (inner for inner in part.named_children if inner.type == "block")


def _imported(node: Node) -> Iterator[str]:
    for part in node.children_by_field_name("name"):
        alias = part.child_by_field_name("alias")
        name = _text(alias or part)
        yield name if alias or node.type == "import_from_statement" else name.partition(".")[0]
    if any(part.type == "wildcard_import" for part in node.named_children):
        yield "*"


def _parameters(node: Node) -> list[str]:
    """The names of the type parameters of a class or function."""
    found = node.child_by_field_name("type_parameters")
    return _NAME.findall(_text(found)) if found is not None else []


def _assigned(node: Node) -> Iterator[str]:
    first = node.named_children[0] if node.named_children else None
    left = first.child_by_field_name("left") if first is not None and first.type == "assignment" else None
    if left is not None and left.type == "identifier":
        yield _text(left)


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")
