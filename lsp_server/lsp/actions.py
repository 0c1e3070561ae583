"""Code actions between LSP and the values of ``lsp_server.actions``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from lsprotocol import types

from lsp_server.actions.model import QUICKFIX, REWRITE, Diagnostic, NewFile, Offer, Plan, Situation, Span
from lsp_server.document.positions import Encoding, to_units
from lsp_server.document.store import DocumentStore
from lsp_server.document.uris import from_path
from lsp_server.lsp.client import Client, dig
from lsp_server.types import Document, Position

ACTION: Final = "codestral.action"
"""The command of every action that a model does. Its argument is the object that ``arguments`` makes."""
LOCAL: Final[Mapping[str, tuple[str, list[Any]]]] = {
    "toggle": ("codestral.toggle", []),
    "snooze": ("codestral.snooze", [10]),
}
"""Actions that need no model: the command and its arguments."""
ANNOTATION: Final = "codestral"
"""The one change annotation that a large edit has."""
MOST_DIAGNOSTICS: Final = 50
"""Of a request; a file can have thousands."""


def situation_of(
    documents: DocumentStore, uri: str, place: types.Range, context: types.CodeActionContext | None = None
) -> Situation | None:
    """Where actions are asked for, without its definitions; None if the document is not open."""
    document = documents.get(uri)
    if document is None:
        return None
    only = tuple(str(getattr(kind, "value", kind)) for kind in (context.only or ())) if context else ()
    automatic = context is not None and context.trigger_kind is types.CodeActionTriggerKind.Automatic
    found = [
        _diagnostic(documents, uri, d) for d in (context.diagnostics[:MOST_DIAGNOSTICS] if context else ())
    ]
    return Situation(
        document=document,
        selection=span_of(documents, uri, place),
        diagnostics=tuple(found),
        only=only,
        automatic=automatic,
    )


def span_of(documents: DocumentStore, uri: str, place: types.Range) -> Span:
    """The part of an open document that a client's range means, its ends in order."""
    start = documents.cursor(uri, place.start.line, place.start.character)
    end = documents.cursor(uri, place.end.line, place.end.character)
    assert start is not None
    assert end is not None
    first, last = sorted((start.position, end.position))
    return Span(first, last)


def _diagnostic(documents: DocumentStore, uri: str, told: types.Diagnostic) -> Diagnostic:
    return Diagnostic(
        span=span_of(documents, uri, told.range),
        message=str(getattr(told.message, "value", told.message)),
        severity=int(told.severity or 1),
        source=told.source or "",
        code="" if told.code is None else str(told.code),
    )


def code_actions(
    offers: Sequence[Offer], situation: Situation, client: Client, told: Sequence[types.Diagnostic] = ()
) -> list[types.CodeAction]:
    """What the editor lists: each with a command and nothing to resolve."""
    return [_code_action(offer, situation, client, told) for offer in offers]


def _code_action(
    offer: Offer, situation: Situation, client: Client, told: Sequence[types.Diagnostic]
) -> types.CodeAction:
    command, arguments = LOCAL.get(offer.action, (ACTION, [_arguments(offer, situation, client.encoding)]))
    is_left_out = client.asks_once_for_actions and offer.kind == QUICKFIX
    messages = {d.message for d in offer.diagnostics}
    about = [d for d in told if str(getattr(d.message, "value", d.message)) in messages]
    return types.CodeAction(
        title=offer.title,
        kind=REWRITE if is_left_out else offer.kind,
        diagnostics=about or None,
        is_preferred=True if offer.preferred else None,
        command=types.Command(title=offer.title, command=command, arguments=arguments),
    )


def _arguments(offer: Offer, situation: Situation, encoding: Encoding) -> dict[str, Any]:
    document = situation.document
    told = [
        {"range": _json(range_of(document, d.span, encoding)), "message": d.message, "severity": d.severity}
        for d in offer.diagnostics
    ]
    arguments: dict[str, Any] = {
        "action": offer.action,
        "uri": document.uri,
        "version": document.version,
        "range": _json(range_of(document, situation.selection, encoding)),
    }
    return {**arguments, "diagnostics": told} if told else arguments


def range_of(document: Document, span: Span, encoding: Encoding) -> types.Range:
    """``span`` as the client counts."""
    return types.Range(start=_place(document, span.start, encoding), end=_place(document, span.end, encoding))


def _place(document: Document, position: Position, encoding: Encoding) -> types.Position:
    units = to_units(document.lines[position.line], position.column, encoding)
    return types.Position(line=position.line, character=units)


def _json(place: types.Range) -> dict[str, Any]:
    return {
        "start": {"line": place.start.line, "character": place.start.character},
        "end": {"line": place.end.line, "character": place.end.character},
    }


def range_from(value: object) -> types.Range | None:
    """The range in a command's argument, or None where it is none."""
    numbers = [dig(value, end, part) for end in ("start", "end") for part in ("line", "character")]
    if not all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in numbers):
        return None
    return types.Range(types.Position(numbers[0], numbers[1]), types.Position(numbers[2], numbers[3]))


def diagnostics_from(value: object) -> list[types.Diagnostic]:
    """The diagnostics in a command's argument, without those that cannot be read."""
    found = []
    for entry in value[:MOST_DIAGNOSTICS] if isinstance(value, list) else ():
        place, message = range_from(dig(entry, "range")), dig(entry, "message")
        if place is not None and isinstance(message, str):
            severity = dig(entry, "severity")
            number = severity if severity in (1, 2, 3, 4) else 1
            found.append(types.Diagnostic(place, message, severity=types.DiagnosticSeverity(number)))
    return found


def edit_of(plan: Plan, client: Client) -> types.WorkspaceEdit:
    """The edits as one step, for the version they were made for where the client checks that."""
    document = plan.document
    places = [(range_of(document, edit.span, client.encoding), edit.text) for edit in plan.edits]
    if not client.document_changes:
        return types.WorkspaceEdit(changes={document.uri: [types.TextEdit(r, text) for r, text in places]})
    confirm = plan.large and client.annotates_changes
    edits: list[Any] = [
        types.AnnotatedTextEdit(annotation_id=ANNOTATION, range=place, new_text=text)
        if confirm
        else types.TextEdit(place, text)
        for place, text in places
    ]
    identifier = types.OptionalVersionedTextDocumentIdentifier(uri=document.uri, version=document.version)
    annotations = {ANNOTATION: types.ChangeAnnotation(label=plan.label, needs_confirmation=True)}
    return types.WorkspaceEdit(
        document_changes=[types.TextDocumentEdit(identifier, edits)],
        change_annotations=annotations if confirm else None,
    )


def creation_of(new: NewFile) -> types.WorkspaceEdit:
    """A file that is made, and its text; nothing is done where one is there already."""
    uri = from_path(new.path)
    start = types.Position(0, 0)
    identifier = types.OptionalVersionedTextDocumentIdentifier(uri=uri, version=None)
    return types.WorkspaceEdit(
        document_changes=[
            types.CreateFile(
                uri=uri, options=types.CreateFileOptions(overwrite=False, ignore_if_exists=False)
            ),
            types.TextDocumentEdit(identifier, [types.TextEdit(types.Range(start, start), new.text)]),
        ]
    )
