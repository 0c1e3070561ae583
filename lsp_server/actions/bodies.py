"""The body of a function that had none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from lsp_server.actions.again import Again, squeezed, written_again
from lsp_server.actions.answer import NO_BLOCK, Piece, Unusable, complete, lines_of, read_piece
from lsp_server.actions.checks import Change
from lsp_server.actions.fitting import fitted, style_of
from lsp_server.actions.model import Definition, Offer, Span
from lsp_server.actions.plainly import is_code
from lsp_server.actions.splice import definitions_in, end_of, line_at, newline_at, text_in, tree_of
from lsp_server.actions.strange import elision
from lsp_server.actions.structure_parts import is_idle
from lsp_server.actions.tree import canonical
from lsp_server.shaping.lines import indentation
from lsp_server.types import Document, Finish, Position

STILL_EMPTY: Final = "the answer leaves the function empty: try again"
OTHER_HEAD: Final = "the answer changes the function's head and not only its body: try again"


def place_of_body(offer: Offer, document: Document) -> Span | None:
    """The part of the document that a body is for: the empty one that is there, behind the documentation.

    None where there is no function, or one that does something already.
    """
    definition = offer.definition
    if definition is None or definition.body is None or not definition.empty:
        return None
    body, documentation = definition.body, definition.documentation
    if body.contains(offer.target):
        return offer.target
    if documentation is None or not body.contains(documentation):
        return body
    start = _next_text(document, documentation.end)
    return Span(start, body.end) if start < body.end else Span(documentation.end, documentation.end)


def new_bodies(offer: Offer, document: Document, answer: str, finish: Finish) -> Iterator[str]:
    """Texts for the target, the likeliest first. Raises ``answer.Unusable``."""
    definition = offer.definition
    if definition is None or definition.body is None:
        raise Unusable("there is no function to complete here")
    piece = read_piece(complete(answer, finish), document.language)
    reason = elision(list(piece.lines), [])
    if reason is not None:
        raise Unusable(reason)
    found = list(written_again(document, definition, piece.lines))
    if found:
        yield from _taken_out(offer, document, definition, found)
        return
    if piece.bare and not is_code(piece.lines, document.language):
        raise Unusable(NO_BLOCK)
    yield from _by_itself(offer, document, definition, piece)


def objection(offer: Offer, change: Change) -> str | None:
    """Why a body must not be put in, or None."""
    definition = offer.definition
    assert definition is not None
    tree = tree_of(change.after, change.region.start.line)
    if tree.root is None:
        return None
    everything = definitions_in(tree, Span(definition.whole.start, _last_place(change.after)))
    found = next((d for d in everything if d.name == definition.name), None)
    if found is None or squeezed(change.after, found.head) != squeezed(change.before, definition.head):
        return OTHER_HEAD
    if found.body is None or found.whole.end < _end_of_code(change.after, change.region):
        return "the answer has code behind the function's end: try again"
    start = found.body.start
    if found.documentation is not None and found.body.contains(found.documentation):
        start = found.documentation.end
    body = text_in(change.after, Span(start, found.body.end))
    return STILL_EMPTY if is_idle(body, canonical(change.after.language)) else None


def _taken_out(
    offer: Offer, document: Document, definition: Definition, found: Sequence[Again]
) -> Iterator[str]:
    """The bodies of the function that was written again. Raises ``Unusable`` where none is good."""
    reason = STILL_EMPTY
    for again in found:
        problem = _misfit(document, definition, again)
        if problem is not None:
            reason = problem if again is found[0] else reason
            continue
        lines = _body_lines(again)
        if lines:
            yield from _put(offer, document, definition, lines)
            return
    raise Unusable(reason)


def _misfit(document: Document, definition: Definition, again: Again) -> str | None:
    """Why the body cannot be taken out of what was written again, or None."""
    new = again.definition
    if squeezed(again.document, new.head) != squeezed(document, definition.head):
        return OTHER_HEAD
    if not again.alone:
        return "the answer holds more than the function: try again"
    if new.body is None or new.body.is_empty:
        return STILL_EMPTY
    if _opener(again.document, new) != _opener(document, definition):
        return "the answer gives the function another form: try again"
    return None


def _body_lines(again: Again) -> list[str]:
    """The lines of a body without its documentation; the first has no indentation if it shares its line."""
    body, documentation = again.definition.body, again.definition.documentation
    assert body is not None
    start = body.start
    if documentation is not None and body.contains(documentation):
        start = min(_next_text(again.document, documentation.end), body.end)
    if start == body.end:
        return []
    text = text_in(again.document, Span(start, body.end))
    before = again.document.lines[start.line][: start.column]
    return lines_of(text if before.strip() else before + text)


def _by_itself(offer: Offer, document: Document, definition: Definition, piece: Piece) -> Iterator[str]:
    lines = list(piece.lines)
    if _opener(document, definition) == "{" and lines[0].strip() == "{" and lines[-1].strip() == "}":
        lines = lines[1:-1]
    base = _base(offer, document, definition)
    style = style_of(document, offer.target.start.line)
    old = [line_at(document, n) for n in range(offer.target.start.line, offer.target.end.line + 1)]
    for way in fitted(lines, base, style, document.language, old):
        yield from _put(offer, document, definition, way)


def _put(offer: Offer, document: Document, definition: Definition, lines: list[str]) -> Iterator[str]:
    """Texts for the target that have these whole lines."""
    if not lines:
        return
    target, newline = offer.target, newline_at(document, offer.target.start.line)
    before = document.lines[target.start.line][: target.start.column]
    behind = line_at(document, target.end.line)[target.end.column :]
    base = _base(offer, document, definition)
    if indentation(lines[0]) != base:
        ways = fitted(lines, base, style_of(document, target.start.line), document.language, ())
        lines = ways[0] if ways else lines
    closing = newline + definition.indent if behind.strip() else ""
    if closing and definition.indent.endswith(behind[: len(behind) - len(behind.lstrip())]):
        closing = closing[: len(closing) - (len(behind) - len(behind.lstrip()))]
    if not before.strip():
        yield newline.join(lines)[len(before) :] + closing
        return
    if len(lines) == 1 and not target.is_empty:
        yield lines[0].strip()
    yield newline + newline.join(lines) + closing


def _base(offer: Offer, document: Document, definition: Definition) -> str:
    """The indentation of the body's lines."""
    before = document.lines[offer.target.start.line][: offer.target.start.column]
    if before and not before.strip():
        return before
    documentation = definition.documentation
    if documentation is not None and definition.body is not None and definition.body.contains(documentation):
        own = document.lines[documentation.start.line][: documentation.start.column]
        if not own.strip():
            return own
    return definition.indent + style_of(document, definition.head.start.line).unit


def _opener(document: Document, definition: Definition) -> str:
    """What stands between head and body: a brace, a colon, an arrow, nothing."""
    assert definition.body is not None
    between = text_in(document, Span(definition.head.end, max(definition.head.end, definition.body.start)))
    first = between.split()
    return first[0][:2].rstrip() if first and not first[0].startswith(("#", "//", "/*")) else ""


def _next_text(document: Document, position: Position) -> Position:
    """The first place from ``position`` on that is no white space."""
    for number in range(position.line, len(document.lines)):
        start = position.column if number == position.line else 0
        text = document.lines[number][start:]
        if text.strip():
            return Position(number, start + len(text) - len(text.lstrip()))
    return position


def _end_of_code(document: Document, region: Span) -> Position:
    """The end of a part without white space there."""
    text = text_in(document, region)
    return end_of(region.start, text.rstrip())


def _last_place(document: Document) -> Position:
    return Position(len(document.lines) - 1, len(document.lines[-1]))
