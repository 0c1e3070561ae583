"""The server of one client: pygls' registration and types, our documents, dispatch and manners."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from lsp_server import __version__
from lsp_server.lsp.action_progress import ActionProgress
from lsp_server.lsp.application import Application, Status
from lsp_server.lsp.client import Client, dig
from lsp_server.lsp.framing import Framer, FramingError
from lsp_server.lsp.handlers import register
from lsp_server.lsp.logging_setup import describe, log_failure, silence_carriers
from lsp_server.lsp.messages import ErrorCode, ProtocolError
from lsp_server.lsp.params import make_converter
from lsp_server.lsp.progress import IndexProgress
from lsp_server.lsp.protocol import Protocol
from lsp_server.lsp.user import User
from lsp_server.types import Cursor

logger = logging.getLogger(__name__)

NAME: Final = "codestral-lsp"
STATUS_CHANGED: Final = "codestral/status"
"""Our own notification, for clients that announce ``experimental.codestral.status``."""
CLOSE_SECONDS: Final = 1.0
"""How long the application may take to stop. The promise is to be gone within 2 seconds of the editor."""


class Server(LanguageServer):
    """A session between ``application`` and one client.

    ``write`` takes the body of each message to the client and returns at once. ``end`` takes the exit status
    once the session is over. Bytes of a stream go to ``receive``, whole bodies to ``protocol.receive``. With
    ``strict``, a stream that breaks the framing ends the session, which is how a server on a socket gets rid
    of what is no LSP client.
    """

    protocol: Protocol

    def __init__(
        self,
        application: Application,
        write: Callable[[bytes], None],
        end: Callable[[int], None],
        *,
        strict: bool = False,
    ) -> None:
        silence_carriers()
        super().__init__(NAME, __version__, protocol_cls=Protocol, converter_factory=make_converter)
        self.application = application
        self.client = Client()
        self.folders: tuple[str, ...] = ()
        self.user = User(self)
        self.action_progress: dict[int | str, ActionProgress] = {}
        self.actions_begun = 0
        self.end = end
        self._strict = strict
        self._framer = Framer()
        self.protocol.set_writer(_Writer(write), include_headers=False)
        application.subscribe(self.user.show, self.user.ask_about_origin, IndexProgress(self).take)
        register(self)

    def receive(self, data: bytes) -> None:
        """Take bytes of the client's stream, cut anywhere."""
        for event in self._framer.feed(data):
            if isinstance(event, FramingError):
                logger.warning("The client's stream is damaged: %s", event.reason)
                if self._strict:
                    self.end(1)
                    return
                self.protocol.refuse(None, ProtocolError(ErrorCode.PARSE_ERROR, event.reason))
            else:
                self.protocol.receive(event)

    def end_of_stream(self) -> None:
        """The client's stream has ended: so does the session."""
        for event in self._framer.finish():
            if isinstance(event, FramingError):
                logger.warning("The client's stream is damaged: %s", event.reason)
        self.end(self.leaving_status)

    @property
    def leaving_status(self) -> int:
        """The exit status of a session that ends now: 0 only after ``shutdown``."""
        return 0 if self.protocol.is_shut_down else 1

    def spawn(self, awaitable: Awaitable[Any]) -> None:
        """Run ``awaitable`` in the background, until the session ends. Its failure is logged."""
        self.protocol.track(awaitable).add_done_callback(_note_failure)

    def cursor(self, document: types.TextDocumentIdentifier, position: types.Position) -> Cursor | None:
        """The place a request speaks of, as the text is now, or None if the document is not open."""
        return self.application.documents.cursor(document.uri, position.line, position.character)

    def tell_status(self, status: Status) -> None:
        """Tell the client what the session is doing."""
        self.protocol.notify(
            STATUS_CHANGED,
            {
                "state": status.state,
                "backend": status.backend,
                "model": status.model,
                "remote": status.remote,
                "message": status.message,
            },
        )

    def unreadable(self, method: str, params: object) -> None:
        """Note params that could not be read. A document that lost a change is unreliable: forget it."""
        logger.warning("Ignored %s: its params do not have the expected form", method)
        uri = dig(params, "textDocument", "uri")
        if method == types.TEXT_DOCUMENT_DID_CHANGE and isinstance(uri, str):
            self.forget(uri)

    def forget(self, uri: str) -> None:
        """Close a document and end what runs for it. Nothing happens if it is not open."""
        document = self.application.documents.get(uri)
        if document is not None:
            self.application.documents.close(uri)
            self.application.document_closed(document.uri)

    def report_server_error(self, error: Exception, source: object) -> None:  # noqa: ARG002 - pygls' signature
        """Log it. pygls would show a pop-up."""
        log_failure(logger, "pygls", error)

    async def close(self) -> None:
        """End everything that runs, within ``CLOSE_SECONDS``."""
        self.protocol.cancel_all()
        try:
            await asyncio.wait_for(self.application.close(), CLOSE_SECONDS)
        except TimeoutError:
            logger.warning("The application did not stop within %s s", CLOSE_SECONDS)
        except Exception as error:  # noqa: BLE001 - nothing may keep the process from leaving
            logger.warning("The application did not stop cleanly: %s", describe(error))


class _Writer:
    """The shape pygls wants of a writer."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self.write = write

    def close(self) -> None:
        """Nothing: the transport owns the stream."""


def _note_failure(task: asyncio.Future[Any]) -> None:
    error = None if task.cancelled() else task.exception()
    if error is not None:
        log_failure(logger, "A background task", error)
