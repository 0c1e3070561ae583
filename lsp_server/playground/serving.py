"""One loopback port for the page, its assets and the sessions of all pages."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from lsp_server.lsp.addresses import Address, is_loopback
from lsp_server.lsp.application import Application
from lsp_server.lsp.framing import MAX_BODY_BYTES
from lsp_server.lsp.lifetime import Ending, ending_on_signals
from lsp_server.lsp.sockets import CannotListen
from lsp_server.lsp.transport import DRAIN_SECONDS
from lsp_server.playground.assets import Asset
from lsp_server.playground.documents import start_json
from lsp_server.playground.doorkeeper import Doorkeeper
from lsp_server.playground.session import Session
from lsp_server.types import Document

if TYPE_CHECKING:
    from websockets.asyncio.server import ServerConnection
    from websockets.http11 import Request, Response

logger = logging.getLogger(__name__)

MOST_SESSIONS: Final = 8
"""Pages at once. Each may have an engine with a model of its own in memory."""
_TRY_AGAIN_LATER: Final = 1013
_INTERRUPTED: Final = 128 + signal.SIGINT


class Playground:
    """Serves pages at a loopback address, each with a new application from ``make_application``.

    ``documents`` gives what a page opens, as it is when the page is loaded; it may read files.

    Raises ``ValueError`` for an address that other machines can reach.
    """

    def __init__(
        self,
        make_application: Callable[[], Application],
        assets: Mapping[str, Asset],
        documents: Callable[[], Sequence[Document]] = tuple,
        address: Address = Address("127.0.0.1", 0),  # noqa: B008 - a frozen value
    ) -> None:
        if not is_loopback(address.host):
            raise ValueError(
                f"{address.host} can be reached from other machines: the playground is for this one"
            )
        self._make_application = make_application
        self._assets = assets
        self._documents = documents
        self._address = address
        self._doorkeeper: Doorkeeper | None = None
        self._sessions = 0

    @property
    def sessions(self) -> int:
        """How many pages have a session now."""
        return self._sessions

    async def serve(self, on_ready: Callable[[str], None]) -> int:
        """Serve until a signal comes; tell ``on_ready`` the page's URL. Returns 0 for Ctrl-C.

        Other signals return 128 and their number.

        Raises ``CannotListen``.
        """
        from websockets.asyncio.server import serve

        end = Ending()
        try:
            listener = await serve(
                self._take,
                self._address.host,
                self._address.port,
                process_request=self._answer,
                server_header=None,
                max_size=MAX_BODY_BYTES,
                compression=None,
                close_timeout=DRAIN_SECONDS,
            )
        except OSError as error:
            raise CannotListen(self._address, error) from error
        host, port = next(iter(listener.sockets)).getsockname()[:2]
        authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self._doorkeeper = Doorkeeper(authority, self._assets)
        try:
            with ending_on_signals(end):
                on_ready(self._doorkeeper.url)
                status = await end.wait()
        finally:
            listener.close()
            await listener.wait_closed()
        return 0 if status == _INTERRUPTED else status

    async def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        assert self._doorkeeper is not None
        if self._doorkeeper.wants_start(request):
            self._doorkeeper.start_with(await asyncio.to_thread(lambda: start_json(self._documents())))
        return self._doorkeeper.answer(connection, request)

    async def _take(self, connection: ServerConnection) -> None:
        if self._sessions >= MOST_SESSIONS:
            await connection.close(_TRY_AGAIN_LATER, f"{MOST_SESSIONS} pages are open already: close one")
            return
        self._sessions += 1
        try:
            status = await Session(self._make_application(), connection).run()
            logger.info("A page has left with status %s", status)
        finally:
            self._sessions -= 1
