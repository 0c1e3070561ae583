"""The session of one page: a server of its own over the page's WebSocket, ended when either side leaves."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lsprotocol import types

from lsp_server.document.uris import to_path
from lsp_server.lsp.application import Application
from lsp_server.lsp.lifetime import Ending
from lsp_server.lsp.outbox import Outbox
from lsp_server.lsp.server import Server

if TYPE_CHECKING:
    from websockets.asyncio.server import ServerConnection


PAGE: Final = "codestral/page"
"""The notification with a page's Markdown, before the server asks to show its file: a browser cannot read
files."""


class PageServer(Server):
    """A server whose client is a browser."""

    async def window_show_document_async(self, params: types.ShowDocumentParams) -> types.ShowDocumentResult:
        """Send the text of the document along. Only the server's own handlers say which one it is."""
        path = to_path(params.uri)
        if path is not None:
            with contextlib.suppress(OSError, UnicodeDecodeError):
                text = await asyncio.to_thread(Path(path).read_text, encoding="utf-8")
                self.protocol.notify(PAGE, {"uri": params.uri, "markdown": text})
        return await super().window_show_document_async(params)


class Session:
    """One page and its server. One WebSocket message is one body."""

    def __init__(self, application: Application, connection: ServerConnection) -> None:
        self._connection = connection
        self._end = Ending()
        self._outbox = Outbox(self._end)
        self._server = PageServer(application, self._outbox.send, self._end)

    async def run(self) -> int:
        """Serve the page until it leaves, or has said ``exit``; returns the session's exit status.

        Nothing of the session runs any more afterwards.
        """
        self._outbox.connect(self._connection)
        receiving = asyncio.ensure_future(self._receive_all())
        try:
            return await self._end.wait()
        finally:
            receiving.cancel()
            await self._outbox.drain()
            await self._server.close()

    async def _receive_all(self) -> None:
        from websockets.exceptions import ConnectionClosed

        with contextlib.suppress(ConnectionClosed):
            while not self._end.has_come:
                self._server.protocol.receive(await self._connection.recv(decode=False))
        self._server.end_of_stream()
