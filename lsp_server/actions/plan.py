"""From a model's answer to edits that can be trusted: all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from lsp_server.actions import bodies, replacements
from lsp_server.actions.answer import NO_BLOCK, Unusable, complete, read_piece
from lsp_server.actions.checks import Change, problem, text_problem
from lsp_server.actions.commits import message_edit
from lsp_server.actions.docstrings import new_documentation
from lsp_server.actions.documentation import place_of
from lsp_server.actions.edits import applied, changed_lines, line_edits, part_edits
from lsp_server.actions.heads import new_types
from lsp_server.actions.model import (
    NewFile,
    Offer,
    Outcome,
    Page,
    Plan,
    Refused,
    Result,
    Span,
    TextEdit,
)
from lsp_server.actions.pages import page_text
from lsp_server.actions.proposals import COMMITS
from lsp_server.actions.splice import newline_at, text_in
from lsp_server.actions.strange import cleaned, elision, strange
from lsp_server.actions.tree import canonical
from lsp_server.document.lines import split_lines
from lsp_server.types import Document, Finish, Position

LARGE: Final = 40
"""Changed lines that a person should look at before: more than a screen."""
UNCHANGED: Final = "the answer is what is there already, so there is nothing to change"
NO_CHANGE: Final = "there is nothing for a model to do here"

_Objection = Callable[[Change], str | None]


def plan(offer: Offer, document: Document, answer: str, finish: Finish) -> Outcome:
    """What the answer comes to: edits of ``document`` within the offer's target, a page, a file or a refusal.

    The edits are in order, disjoint and as small as they can be. After them the document has no more syntax
    errors than before, and what is outside of the target is read as before. A ``NewFile`` has no path yet:
    its ``path`` is empty. Never raises, whatever the answer.
    """
    try:
        return _PLANS[offer.result](offer, document, answer, finish)
    except Unusable as unusable:
        return Refused(str(unusable))


def _replacement(offer: Offer, document: Document, answer: str, finish: Finish) -> Outcome:
    def objection(change: Change) -> str | None:
        return replacements.objection(offer, change)

    if not replacements.is_lines(document, offer.target):
        return _part(offer, document, answer, finish)
    before = document.lines[offer.target.start.line][: offer.target.start.column]
    choices = []
    for lines in replacements.new_lines(offer, document, answer, finish):
        if not any(line.strip() for line in lines) and not replacements.deletes_on_purpose(offer):
            raise Unusable("the answer would delete everything: say so in the instruction if that is wanted")
        new = lines or [before]
        if new[0].startswith(before):
            edits = line_edits(document, offer.target, new)
            if not edits:
                # Then the blanks at the ends of lines may be what it is about.
                first = before + new[0][len(before) :].rstrip(" \t")
                bare = [first, *(line.rstrip(" \t") for line in new[1:])]
                edits = line_edits(document, offer.target, bare, exact=True)
            choices.append(edits)
    return _first_sound(offer, document, choices, objection)


def _part(offer: Offer, document: Document, answer: str, finish: Finish) -> Outcome:
    """A replacement of what does not begin or end with its line."""
    piece = read_piece(complete(answer, finish), document.language)
    if piece.bare:
        raise Unusable(NO_BLOCK)
    reason = elision(list(piece.lines), text_in(document, offer.target).splitlines())
    if reason is not None:
        raise Unusable(reason)
    text = newline_at(document, offer.target.start.line).join(piece.lines).strip()
    return _first_sound(
        offer,
        document,
        [part_edits(document, offer.target, text)],
        lambda change: replacements.objection(offer, change),
    )


def _documentation(offer: Offer, document: Document, answer: str, finish: Finish) -> Outcome:
    definition = offer.definition
    place = place_of(document, definition, canonical(document.language)) if definition is not None else None
    offer = _narrowed(offer, place)
    text = new_documentation(offer, document, answer, finish)
    return _first_sound(offer, document, [part_edits(document, offer.target, text)])


def _head(offer: Offer, document: Document, answer: str, finish: Finish) -> Outcome:
    offer = _narrowed(offer, offer.definition.head if offer.definition is not None else None)
    return _first_sound(offer, document, [new_types(offer, document, answer, finish)])


def _body(offer: Offer, document: Document, answer: str, finish: Finish) -> Outcome:
    offer = _narrowed(offer, bodies.place_of_body(offer, document))
    texts = bodies.new_bodies(offer, document, answer, finish)
    choices = [part_edits(document, offer.target, text) for text in texts]
    return _first_sound(offer, document, choices, lambda change: bodies.objection(offer, change))


def _new_file(offer: Offer, document: Document, answer: str, finish: Finish) -> Outcome:
    piece = read_piece(complete(answer, finish), document.language)
    if piece.bare:
        raise Unusable(NO_BLOCK)
    text = "\n".join(piece.lines)
    reason = strange(text, document.text) or elision(list(piece.lines), [])
    if reason is not None:
        raise Unusable(reason)
    own = Document("", None, document.language, 0, split_lines(f"{text}\n"))
    reason = text_problem(own)
    if reason is not None:
        raise Unusable(reason)
    return NewFile("", newline_at(document, 0).join([*piece.lines, ""]), _label(offer))


def _page(offer: Offer, document: Document, answer: str, finish: Finish) -> Outcome:
    del document
    return Page(_label(offer), page_text(answer, finish))


def _commit_message(offer: Offer, document: Document, answer: str, finish: Finish) -> Outcome:
    if canonical(document.language) not in COMMITS:
        raise Unusable("there is no commit message to write here")
    span, text = message_edit(offer, document, answer, finish)
    reason = strange(text, document.text)
    if reason is not None:
        raise Unusable(reason)
    edits = part_edits(document, span, text)
    if not edits:
        raise Unusable(UNCHANGED)
    return Plan(document, edits, _label(offer))


def _nothing(offer: Offer, document: Document, answer: str, finish: Finish) -> Outcome:
    del offer, document, answer, finish
    return Refused(NO_CHANGE)


def _narrowed(offer: Offer, place: Span | None) -> Offer:
    """The offer with the part of its target that its result is for: a user's own action names the lines."""
    if place is None or not offer.target.contains(place):
        raise Unusable("what the action is to write has no place here")
    return replace(offer, target=place)


def _first_sound(
    offer: Offer,
    document: Document,
    choices: Iterable[tuple[TextEdit, ...]],
    objection: _Objection = lambda _: None,
) -> Outcome:
    """The first of several sets of edits that leaves the document sound, or what is wrong with the first."""
    first_reason: str | None = None
    for edits in dict.fromkeys(choices):
        if not edits:
            # Less likely ways to read an answer that is there already would only spoil it.
            break
        reason = _objection(offer, document, edits, objection)
        if reason is None:
            label = _label(offer)
            return Plan(document, edits, label, large=_is_large(document, edits))
        first_reason = first_reason or reason
    return Refused(first_reason or UNCHANGED)


def _objection(
    offer: Offer, document: Document, edits: tuple[TextEdit, ...], objection: _Objection
) -> str | None:
    known = document.text
    for edit in edits:
        reason = strange(edit.text, known)
        if reason is not None:
            return reason
    after = applied(document, edits)
    change = Change(document, offer.target, after, _region(document, offer.target, after))
    return problem(change) or objection(change)


def _region(document: Document, target: Span, after: Document) -> Span:
    """Where the target is after edits within it: as far from the document's end as before."""
    line = len(after.lines) - (len(document.lines) - target.end.line)
    behind = len(document.lines[target.end.line]) - target.end.column
    return Span(target.start, Position(line, max(0, len(after.lines[line]) - behind)))


def _is_large(document: Document, edits: Iterable[TextEdit]) -> bool:
    changed = changed_lines(edits)
    return changed > LARGE or changed * 2 > len(document.lines)


def _label(offer: Offer) -> str:
    return " ".join(cleaned(offer.title).split())


_PLANS: Final[dict[Result, Callable[[Offer, Document, str, Finish], Outcome]]] = {
    Result.REPLACEMENT: _replacement,
    Result.DOCUMENTATION: _documentation,
    Result.HEAD: _head,
    Result.BODY: _body,
    Result.NEW_FILE: _new_file,
    Result.MARKDOWN: _page,
    Result.COMMIT_MESSAGE: _commit_message,
    Result.NONE: _nothing,
}
