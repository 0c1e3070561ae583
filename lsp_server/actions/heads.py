"""The types that a model adds to a signature; all else of it is kept as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lsp_server.actions.again import written_again
from lsp_server.actions.annotations import PythonTypes, word_types
from lsp_server.actions.answer import NO_BLOCK, Unusable, complete, read_piece
from lsp_server.actions.model import Definition, Offer, Span, TextEdit
from lsp_server.actions.splice import definitions_in, end_of, replaced, tree_of
from lsp_server.actions.structure_tables import GRADUAL
from lsp_server.actions.tree import SyntaxTree, canonical
from lsp_server.types import Document, Finish, Position

if TYPE_CHECKING:
    from tree_sitter import Node

OTHER_HEAD: Final = "the answer changes more of the signature than its types: try again"
_PARAMETERS: Final = frozenset(
    (
        "typed_parameter",
        "typed_default_parameter",
        "required_parameter",
        "optional_parameter",
        "simple_parameter",
        "variadic_parameter",
        "property_promotion_parameter",
    )
)
_PUNCTUATION: Final = frozenset((":", "->"))


@dataclass(frozen=True, slots=True)
class Item:
    """A token of a head, or a type in it: then with its node, and ``result`` if it is the function's."""

    text: str
    start: int
    end: int
    node: Node | None = None
    result: bool = False


def new_types(offer: Offer, document: Document, answer: str, finish: Finish) -> tuple[TextEdit, ...]:
    """The edits that put the answer's new types into the target. Raises ``answer.Unusable``."""
    definition, language = offer.definition, canonical(document.language)
    if definition is None or definition.is_class:
        raise Unusable("there is no function to annotate here")
    if language not in GRADUAL:
        raise Unusable(f"types are not added to {language} code")
    piece = read_piece(complete(answer, finish), language)
    new = _found(document, definition, list(piece.lines))
    if new is None:
        raise Unusable(NO_BLOCK if piece.bare else OTHER_HEAD)
    old_tree = tree_of(document, definition.head.start.line)
    old = _items(old_tree, definition.head)
    added = _added(old, _items(*new))
    if not added:
        raise Unusable("the answer adds no types, so there is nothing to change")
    write = (
        PythonTypes.of(old_tree, definition).written
        if language == "python"
        else word_types(document, language)
    )
    return tuple(_edits(old_tree, old, added, language, write, new[0]))


def _found(document: Document, definition: Definition, lines: list[str]) -> tuple[SyntaxTree, Span] | None:
    """The tree in which the answer's head was read, and where it is there."""
    head = definition.head
    for text in _without_openers("\n".join(lines)):
        after = replaced(document, head, text)
        region = Span(head.start, end_of(head.start, text))
        tree = tree_of(after, head.start.line)
        for found in definitions_in(tree, Span(definition.whole.start, _behind(after))):
            if found.head == region and found.name == definition.name and not found.is_class:
                return tree, found.head
            if found.whole.start > head.start:
                break
    for again in written_again(document, definition, lines):
        if not again.definition.is_class:
            return again.tree, again.definition.head
    return None


def _without_openers(text: str) -> Iterator[str]:
    """A head that stands alone, without what would open its body."""
    text = text.strip()
    for opener in ("=>", ":", "{", ";"):
        if text.endswith(opener):
            yield text.removesuffix(opener).rstrip()
    yield text


def _items(tree: SyntaxTree, head: Span) -> list[Item]:
    """The tokens and types of a head in their order, without a comma before the closing bracket."""
    if tree.root is None:
        return []
    start, end = tree.offset(head.start), tree.offset(head.end)
    found: list[Item] = []
    nodes: list[tuple[Node, str | None, Node | None]] = [(tree.root, None, None)]
    while nodes:
        node, field, parent = nodes.pop()
        if node.end_byte <= start or node.start_byte >= end:
            continue
        inside = start <= node.start_byte and node.end_byte <= end
        kind = parent.type if parent is not None else ""
        is_result = field == "return_type"
        text = tree.text(node.start_byte, node.end_byte)
        if inside and (is_result or (field == "type" and kind in _PARAMETERS)):
            found.append(Item(" ".join(text.split()), node.start_byte, node.end_byte, node, is_result))
        elif inside and _separates(node, kind, parent):
            continue
        elif node.child_count == 0 or "comment" in node.type:
            if text:
                found.append(Item(text, node.start_byte, node.end_byte))
        else:
            children = [(c, node.field_name_for_child(n), node) for n, c in enumerate(node.children)]
            nodes.extend(reversed(children))
    return [
        item
        for number, item in enumerate(found)
        if not (item.text == "," and number + 1 < len(found) and found[number + 1].text == ")")
    ]


def _separates(node: Node, kind: str, parent: Node | None) -> bool:
    """Whether a token only stands between a name and its type."""
    if node.type not in _PUNCTUATION or node.is_named:
        return False
    has_result = parent is not None and parent.child_by_field_name("return_type") is not None
    return kind in _PARAMETERS or has_result


def _added(old: Sequence[Item], new: Sequence[Item]) -> list[tuple[int, Item]]:
    """The types that are new, each with the number of the old item that it stands before."""
    added: list[tuple[int, Item]] = []
    at = 0
    for item in new:
        same = at < len(old) and old[at].text == item.text and (old[at].node is None) == (item.node is None)
        if same:
            at += 1
        elif item.node is not None:
            added.append((at, item))
        else:
            raise Unusable(OTHER_HEAD)
    if at != len(old):
        raise Unusable(OTHER_HEAD)
    return added


def _edits(
    tree: SyntaxTree,
    old: Sequence[Item],
    added: Sequence[tuple[int, Item]],
    language: str,
    write: Callable[[Node, SyntaxTree], str],
    new_tree: SyntaxTree,
) -> Iterator[TextEdit]:
    for at, item in added:
        assert item.node is not None
        text = write(item.node, new_tree)
        before = old[at - 1].end
        if language == "php" and not item.result:
            yield TextEdit(tree.span(old[at].start, old[at].start), f"{text} ")
        elif language == "python" and item.result:
            yield TextEdit(tree.span(before, before), f" -> {text}")
        elif language == "python" and at + 1 < len(old) and _is_default(tree, old, at):
            yield TextEdit(tree.span(before, old[at + 1].start), f": {text} = ")
        else:
            yield TextEdit(tree.span(before, before), f": {text}")


def _is_default(tree: SyntaxTree, old: Sequence[Item], at: int) -> bool:
    """Whether a default follows, with nothing but blanks on both sides of its sign."""
    return old[at].text == "=" and tree.text(old[at - 1].end, old[at + 1].start).strip() == "="


def _behind(document: Document) -> Position:
    return Position(len(document.lines) - 1, len(document.lines[-1]))
