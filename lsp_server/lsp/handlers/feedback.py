"""Notifications of Copilot's clients, which some plugins send to any server of inline completions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from lsp_server.lsp.client import dig
from lsp_server.lsp.convert import ACCEPTED

if TYPE_CHECKING:
    from lsp_server.lsp.server import Server

DID_SHOW: Final = "textDocument/didShowCompletion"
DID_ACCEPT_PART: Final = "textDocument/didPartiallyAcceptCompletion"
DID_FOCUS: Final = "textDocument/didFocus"


def did_show_completion(ls: Server, params: object) -> None:
    """``{item}``: the editor shows an item of ours."""
    suggestion_id = _suggestion_id(params)
    if suggestion_id:
        ls.application.shown(suggestion_id)


def did_partially_accept_completion(ls: Server, params: object) -> None:
    """``{item, acceptedLength}``: the user took the first ``acceptedLength`` UTF-16 units of an item."""
    suggestion_id, length = _suggestion_id(params), dig(params, "acceptedLength")
    if suggestion_id and isinstance(length, int) and length > 0:
        ls.application.accepted(suggestion_id, length)


def did_focus(ls: Server, _params: object) -> None:
    """Accepted: nothing depends on which document has the focus."""


def _suggestion_id(params: object) -> str:
    """The id in the command of the item that ``params`` name, or empty text if it is not one of ours."""
    arguments = dig(params, "item", "command", "arguments")
    ours = dig(params, "item", "command", "command") == ACCEPTED and isinstance(arguments, list)
    first = arguments[0] if ours and arguments else None
    return first if isinstance(first, str) else ""


HANDLERS: Final[Mapping[str, Callable[..., Any]]] = {
    DID_SHOW: did_show_completion,
    DID_ACCEPT_PART: did_partially_accept_completion,
    DID_FOCUS: did_focus,
}
