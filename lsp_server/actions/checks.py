"""Whether a document is as sound after a change as it was before it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lsp_server.actions.model import Span
from lsp_server.actions.splice import line_at, text_in
from lsp_server.actions.structure_tables import SYNTAX
from lsp_server.actions.tree import WHOLE, SyntaxTree, canonical, parse
from lsp_server.grammars import grammar
from lsp_server.shaping.brackets import balance, ends_in_text
from lsp_server.shaping.lines import indentation, is_prose, width
from lsp_server.types import Document, Position

if TYPE_CHECKING:
    from tree_sitter import Node

TOO_LONG: Final = "the document is too long to be checked, so it is not changed"
OUTSIDE: Final = "the answer would change the meaning of code around it: try again"


NEAR: Final = 20_000
"""Bytes on either side of a change whose tokens are compared: what it swallows begins next to it."""


_Owner = tuple[str, int]
_Token = tuple[str, str, int, tuple[_Owner, ...]]


@dataclass(frozen=True, slots=True)
class Change:
    """A document before and after a change: ``target`` was replaced by what is in ``region`` now."""

    before: Document
    target: Span
    after: Document
    region: Span


def problem(change: Change) -> str | None:
    """Why the document after the change is worse than before, or None.

    It must have no more errors than before, in all and outside of the target, and what stands outside must be
    read as before. Where there is no grammar, brackets and quotes must be balanced as they were.
    """
    before, after = change.before, change.after
    if grammar(canonical(before.language)) is None:
        return _balance_problem(
            before.language, text_in(before, change.target), text_in(after, change.region)
        )
    old = parse(before, change.target.start.line)
    more = len(after.lines) - len(before.lines)
    new = parse(after, change.target.start.line, part=(old.first, old.last + more))
    if old.root is None or new.root is None:
        return TOO_LONG
    was = _errors(old, old.root, change.target)
    now = _errors(new, new.root, change.region)
    if now.count > was.count or now.outside > was.outside or now.outside_bytes > was.outside_bytes:
        return wrong_language(before.language)
    if not was.touching and _around(old, change.target) != _around(new, change.region):
        return OUTSIDE
    if old.language == "python":
        return _python_problem(change, new)
    return None


def text_problem(document: Document) -> str | None:
    """Why a document of its own is not sound, or None."""
    everything = _all_of(document)
    if grammar(canonical(document.language)) is None:
        return _balance_problem(document.language, "", text_in(document, everything))
    tree = parse(document, 0)
    if tree.root is None:
        return TOO_LONG
    if tree.root.has_error or (tree.language == "python" and not _compiles(document)):
        return wrong_language(document.language)
    return None


def wrong_language(language: str) -> str:
    """What is said where an answer cannot be read in the document's language."""
    return f"the answer is not correct {canonical(language)}: try again, or select less"


def code_tokens(tree: SyntaxTree, region: Span) -> list[tuple[str, str]]:
    """The tokens in ``region`` without comments: each with its kind and its text."""
    if tree.root is None:
        return []
    start, end = tree.offset(region.start), tree.offset(region.end)
    found = []
    for node in _leaves(tree.root):
        if node.start_byte < end and node.end_byte > start and "comment" not in node.type:
            text = tree.text(node.start_byte, node.end_byte)
            if text.strip():
                found.append((node.type, text))
    return found


@dataclass(frozen=True, slots=True)
class _Errors:
    """How many there are, how many are outside of a part and how long those are, and if one touches it."""

    count: int
    outside: int
    outside_bytes: int
    touching: bool


def _errors(tree: SyntaxTree, root: Node, part: Span) -> _Errors:
    start, end = tree.offset(part.start), tree.offset(part.end)
    count = outside = size = 0
    touching = False
    nodes = [root]
    while nodes:
        node = nodes.pop()
        if node.is_error or node.is_missing:
            count += 1
            if node.end_byte <= start or node.start_byte >= end:
                outside += 1
                size += node.end_byte - node.start_byte
            else:
                size += max(0, start - node.start_byte) + max(0, node.end_byte - end)
            touching = touching or (node.start_byte <= end and start <= node.end_byte)
        if node.has_error:
            nodes.extend(node.children)
    return _Errors(count, outside, size, touching)


def _around(tree: SyntaxTree, part: Span) -> list[_Token]:
    """The tokens near ``part`` but outside of it: kind, kind of what they are in, place, definitions around.

    Places behind the part are counted from the end, so that they are the same after a change of the part.
    """
    assert tree.root is not None
    start, end, size = tree.offset(part.start), tree.offset(part.end), len(tree.data)
    first, last = start - NEAR, end + NEAR
    syntax = SYNTAX.get(tree.language)
    owners = (syntax.functions | syntax.classes | syntax.lambdas) if syntax else frozenset[str]()
    found: list[_Token] = []
    nodes: list[tuple[Node, tuple[_Owner, ...]]] = [(tree.root, ())]
    while nodes:
        node, inside = nodes.pop()
        if node.end_byte <= first or node.start_byte >= last:
            continue
        if node.child_count:
            # One that begins in the part may be another one afterwards.
            owner = (node.type, node.start_byte if node.start_byte < start else -1)
            within = (*inside, owner) if node.type in owners else inside
            nodes.extend((child, within) for child in reversed(node.children))
        elif node.end_byte <= start or node.start_byte >= end:
            if not tree.data[node.start_byte : node.end_byte].strip():
                # Line ends and tokens of no length come and go with what is next to them.
                continue
            place = node.start_byte if node.end_byte <= start else node.start_byte - size
            around = node.parent.type if node.parent is not None else ""
            is_comment = "comment" in node.type
            found.append((node.type, "" if is_comment else around, place, () if is_comment else inside))
    return found


def _python_problem(change: Change, tree: SyntaxTree) -> str | None:
    """What the grammar does not see: it forgives a body that is not there and wrong indentation."""
    if not _compiles(change.after) and _compiles(change.before):
        return wrong_language("python")
    first = change.region.start.line
    texts = [line_at(change.before, n) for n in range(change.target.start.line, change.target.end.line + 1)]
    least = min((width(indentation(text)) for text in texts if text.strip()), default=0)
    for number in range(first, change.region.end.line + 1):
        text = line_at(change.after, number)
        blank = indentation(text)
        if text.strip() and width(blank) < least and not _in_text(tree, number, len(blank)):
            return "the answer is not indented as the code around it: try again"
    return None


def _in_text(tree: SyntaxTree, line: int, column: int) -> bool:
    at = tree.offset(Position(line, column))
    node = tree.node_at(at, at + 1)
    while node is not None:
        if "string" in node.type or "comment" in node.type:
            return node.start_byte < at or "comment" in node.type
        if node.type in {"argument_list", "list", "dictionary", "tuple", "set", "parenthesized_expression"}:
            return node.start_byte < at
        node = node.parent
    return False


def _compiles(document: Document) -> bool:
    """Whether Python itself can read the document. Nothing of it is run."""
    if sum(map(len, document.lines)) > WHOLE:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(document.text, "<document>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return False
    return True


def _balance_problem(language: str, old: str, new: str) -> str | None:
    if is_prose(language):
        return None
    was, now = balance(old, language), balance(new, language)
    unbalanced = (now.closers, now.characters) not in {(was.closers, was.characters), ((), ())}
    if unbalanced or (ends_in_text(new, language) and not ends_in_text(old, language)):
        return "brackets or quotes do not match in the answer: try again, or select less"
    return None


def _leaves(root: Node) -> Iterator[Node]:
    nodes = [root]
    while nodes:
        node = nodes.pop()
        # A comment is one token, whatever a grammar sees within it.
        if node.child_count == 0 or "comment" in node.type:
            yield node
        else:
            nodes.extend(reversed(node.children))


def _all_of(document: Document) -> Span:
    return Span(Position(0, 0), Position(len(document.lines) - 1, len(document.lines[-1])))
