"""The two completions: ghost text and menu. Both answer for the text as it was when the request arrived."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from lsprotocol import types

from lsp_server.lsp.capabilities import serves_menu
from lsp_server.lsp.convert import inline_items, menu_items, to_request
from lsp_server.lsp.logging_setup import log_failure
from lsp_server.types import Answer, Cursor, Request

if TYPE_CHECKING:
    from lsp_server.lsp.server import Server

logger = logging.getLogger(__name__)

SUPERSEDED: Final = "superseded"
"""The gate of a request that a newer one has replaced."""


def inline_completion(
    ls: Server, params: types.InlineCompletionParams
) -> types.InlineCompletionList | Awaitable[types.InlineCompletionList | None]:
    """Ghost text. Always a list object: lsp-mode fails on an empty array, Neovim ignores null."""
    cursor = ls.cursor(params.text_document, params.position)
    if cursor is None:
        return types.InlineCompletionList(items=[])
    invoked = params.context.trigger_kind is types.InlineCompletionTriggerKind.Invoked
    method = types.TEXT_DOCUMENT_INLINE_COMPLETION
    request = to_request(cursor, method, invoked=invoked, asks_again=ls.client.asks_again)
    return _ghost_text(ls, request, params.context.selected_completion_info)


def completion(
    ls: Server, params: types.CompletionParams
) -> types.CompletionList | Awaitable[types.CompletionList]:
    """Menu items, always incomplete so that editors ask again as the user types."""
    cursor = ls.cursor(params.text_document, params.position)
    if cursor is None or not serves_menu(ls.application.menu, ls.client):
        return _menu([])
    # Invoked says nothing in a menu: it stands for a typed letter as well (VS Code, Helix, Eglot).
    return _menu_of(ls, to_request(cursor, types.TEXT_DOCUMENT_COMPLETION, invoked=False))


async def _ghost_text(
    ls: Server, request: Request, selected: types.SelectedCompletionInfo | None
) -> types.InlineCompletionList | None:
    """Null if the answer is for a text that is no longer there: clients would show it where it is wrong."""
    answer = await _ask(ls, request)
    if answer.gate is not None and answer.gate.name == SUPERSEDED:
        return None
    document = ls.application.documents.get(request.cursor.document.uri)
    if document is None:
        return types.InlineCompletionList(items=[])
    if document is not request.cursor.document:
        return None
    items = inline_items(
        answer.suggestions,
        request.cursor,
        ls.client.encoding,
        selected,
        reaches_behind=ls.client.reaches_behind,
    )
    return types.InlineCompletionList(items=items)


async def _menu_of(ls: Server, request: Request) -> types.CompletionList:
    answer = await _ask(ls, request)
    if _is_open(ls, request.cursor):
        return _menu(menu_items(answer.suggestions, request.cursor, ls.client))
    return _menu([])


async def _ask(ls: Server, request: Request) -> Answer:
    """The application's answer. A failure is an empty one: an error would be shown at each key.

    Nor is anything asked for a document that was closed directly behind the request.
    """
    try:
        if not _is_open(ls, request.cursor):
            return Answer()
        return await ls.application.complete(request)
    except Exception as error:  # noqa: BLE001 - see above
        log_failure(logger, "The completion", error)
        return Answer()


def _is_open(ls: Server, cursor: Cursor) -> bool:
    return ls.application.documents.get(cursor.document.uri) is not None


def _menu(items: list[types.CompletionItem]) -> types.CompletionList:
    return types.CompletionList(is_incomplete=True, items=items)


HANDLERS: Final[Mapping[str, Callable[..., Any]]] = {
    types.TEXT_DOCUMENT_INLINE_COMPLETION: inline_completion,
    types.TEXT_DOCUMENT_COMPLETION: completion,
}
