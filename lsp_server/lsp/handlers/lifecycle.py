"""From ``initialize`` to ``shutdown``."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from lsprotocol import types

from lsp_server.lsp.capabilities import announce
from lsp_server.lsp.client import read_client
from lsp_server.lsp.handlers.commands import COMMANDS
from lsp_server.lsp.handlers.configuration import apply_settings, follow_settings
from lsp_server.lsp.lifetime import is_alive, watch_process
from lsp_server.lsp.messages import ErrorCode, ProtocolError

if TYPE_CHECKING:
    from lsp_server.lsp.server import Server

logger = logging.getLogger(__name__)


def initialize(ls: Server, params: object) -> types.InitializeResult:
    """Agree on what both sides can do. Everything slow waits for ``initialized``."""
    if not isinstance(params, Mapping):
        raise ProtocolError(ErrorCode.INVALID_PARAMS, "the params of initialize must be an object")
    client = ls.client = read_client(params)
    logger.info("The client is %r %r, positions in %s", client.name, client.version, client.encoding)
    ls.application.documents.encoding = client.encoding
    ls.folders = client.folders
    ls.application.set_workspace(ls.folders)
    apply_settings(ls, params.get("initializationOptions"))
    # A process that is not there to begin with is one of another machine: a client outside our container.
    if client.process_id is not None and is_alive(client.process_id):
        ls.spawn(watch_process(client.process_id, lambda: ls.end(ls.leaving_status)))
    capabilities = announce(client, ls.application.menu, tuple(COMMANDS))
    ls.protocol.started()
    return types.InitializeResult(
        capabilities=capabilities, server_info=types.ServerInfo(name=ls.name, version=ls.version)
    )


def initialized(ls: Server, _params: object) -> None:
    """Start the application, and reach the user and the settings from now on."""
    ls.user.reachable()
    ls.spawn(ls.application.start())
    if ls.client.takes_status:
        ls.application.watch_status(ls.tell_status)
    ls.spawn(follow_settings(ls))


def shutdown(ls: Server, _params: object) -> None:
    """End what runs; its requests are answered as cancelled."""
    ls.protocol.shut_down()


def set_trace(ls: Server, _params: types.SetTraceParams) -> None:
    """Accepted: nothing is traced, because a trace would hold source text."""


HANDLERS: Final[Mapping[str, Callable[..., Any]]] = {
    types.INITIALIZE: initialize,
    types.INITIALIZED: initialized,
    types.SHUTDOWN: shutdown,
    types.SET_TRACE: set_trace,
}
