"""The handlers, one short function for each method, grouped by what they are about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from lsp_server.lsp.handlers import (
    actions,
    commands,
    completion,
    configuration,
    documents,
    feedback,
    lifecycle,
)

if TYPE_CHECKING:
    from lsp_server.lsp.server import Server

HANDLERS: Final[Mapping[str, Callable[..., Any]]] = {
    **lifecycle.HANDLERS,
    **documents.HANDLERS,
    **configuration.HANDLERS,
    **completion.HANDLERS,
    **commands.HANDLERS,
    **feedback.HANDLERS,
    **actions.HANDLERS,
}
"""Method to handler. A handler takes the server and the params, and returns the result or an awaitable of it;
raising ``ProtocolError`` answers with that error."""


def register(server: Server) -> None:
    """Register every handler with ``server``."""
    for method, handler in HANDLERS.items():
        server.feature(method)(handler)
