"""Keeping our copy of the open documents equal to the editor's."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from lsprotocol import types

from lsp_server.document.uris import to_path
from lsp_server.lsp.convert import to_change

if TYPE_CHECKING:
    from lsp_server.lsp.server import Server

logger = logging.getLogger(__name__)


def did_open(ls: Server, params: types.DidOpenTextDocumentParams) -> None:
    """Keep the document. Opening an open one replaces its text."""
    item = params.text_document
    known = ls.application.documents.get(item.uri)
    document = ls.application.documents.open(item.uri, str(item.language_id), item.version, item.text)
    if known is not None:
        ls.application.document_changed(document.uri)


def did_change(ls: Server, params: types.DidChangeTextDocumentParams) -> None:
    """Apply the changes, unless the document is not open or has moved on."""
    identifier = params.text_document
    changes = [to_change(event) for event in params.content_changes]
    document = ls.application.documents.change(identifier.uri, identifier.version, changes)
    if document is None:
        logger.debug("Ignored a change: its document is not open, or the version is an older one")
    else:
        ls.application.document_changed(document.uri)


def did_close(ls: Server, params: types.DidCloseTextDocumentParams) -> None:
    """Forget the document and end what runs for it."""
    ls.forget(params.text_document.uri)


def did_save(ls: Server, params: types.DidSaveTextDocumentParams) -> None:
    """The workspace has a new version of a file. Its text is known already."""
    path = to_path(params.text_document.uri)
    if path is not None:
        ls.application.files_changed([path])


def did_change_watched_files(ls: Server, params: types.DidChangeWatchedFilesParams) -> None:
    """Files were made, changed or deleted by whomever."""
    paths = (to_path(event.uri) for event in params.changes)
    ls.application.files_changed([path for path in paths if path is not None])


HANDLERS: Final[Mapping[str, Callable[..., Any]]] = {
    types.TEXT_DOCUMENT_DID_OPEN: did_open,
    types.TEXT_DOCUMENT_DID_CHANGE: did_change,
    types.TEXT_DOCUMENT_DID_CLOSE: did_close,
    types.TEXT_DOCUMENT_DID_SAVE: did_save,
    types.WORKSPACE_DID_CHANGE_WATCHED_FILES: did_change_watched_files,
}
