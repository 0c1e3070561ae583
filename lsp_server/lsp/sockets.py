"""TCP and WebSocket, for clients that cannot start a process. Loopback only, one client, then the end.

Any program and any web page on this machine can reach these ports. So a WebSocket handshake from a page of
another site is refused, and a TCP stream that does not keep to LSP's framing, such as a browser's HTTP
request, ends the session before anything of it is read.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from http import HTTPStatus
from typing import TYPE_CHECKING

from lsp_server.lsp.addresses import Address, may_connect
from lsp_server.lsp.application import Application
from lsp_server.lsp.framing import MAX_BODY_BYTES, frame
from lsp_server.lsp.lifetime import Ending, ending_on_signals
from lsp_server.lsp.outbox import Outbox
from lsp_server.lsp.server import Server
from lsp_server.lsp.transport import DRAIN_SECONDS, MAX_PENDING_BYTES, READ_BYTES, STATUS_OVERFLOW

if TYPE_CHECKING:
    from websockets.asyncio.server import ServerConnection
    from websockets.http11 import Request, Response


class CannotListen(Exception):
    """An address that cannot be listened on; its text says why, for people."""

    def __init__(self, address: Address, error: OSError) -> None:
        super().__init__(f"cannot listen on {address.host}:{address.port}: {error.strerror or error}")


async def serve_tcp(application: Application, address: Address) -> int:
    """Serve the first client that connects and return the exit status.

    Raises ``CannotListen``.
    """
    end = Ending()
    connections: list[asyncio.StreamWriter] = []

    def send(body: bytes) -> None:
        for writer in connections:
            writer.write(frame(body))
            if writer.transport.get_write_buffer_size() > MAX_PENDING_BYTES:
                writer.transport.abort()
                end(STATUS_OVERFLOW)

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if connections:
            writer.close()
            return
        connections.append(writer)
        with contextlib.suppress(OSError):
            while not end.has_come and (data := await reader.read(READ_BYTES)):
                server.receive(data)
        server.end_of_stream()

    server = Server(application, send, end, strict=True)
    try:
        listener = await asyncio.start_server(take, address.host, address.port)
    except OSError as error:
        raise CannotListen(address, error) from error
    with ending_on_signals(end):
        _announce("tcp", listener.sockets[0].getsockname())
        status = await end.wait()
        listener.close()
        await server.close()
        for writer in connections:
            writer.close()
            with contextlib.suppress(OSError, TimeoutError):
                await asyncio.wait_for(writer.wait_closed(), DRAIN_SECONDS)
    return status


async def serve_websocket(application: Application, address: Address) -> int:
    """Serve the first client that connects and return the exit status. One WebSocket message is one body.

    Raises ``CannotListen``.
    """
    from websockets.asyncio.server import serve
    from websockets.exceptions import ConnectionClosed

    end = Ending()
    outbox = Outbox(end)
    server = Server(application, outbox.send, end)

    async def take(connection: ServerConnection) -> None:
        if outbox.is_taken:
            return
        outbox.connect(connection)
        with contextlib.suppress(ConnectionClosed):
            while not end.has_come:
                server.protocol.receive(await connection.recv(decode=False))
        server.end_of_stream()
        await outbox.drain()

    try:
        listener = await serve(
            take,
            address.host,
            address.port,
            process_request=_admit,
            max_size=MAX_BODY_BYTES,
            compression=None,
            close_timeout=DRAIN_SECONDS,
        )
    except OSError as error:
        raise CannotListen(address, error) from error
    with ending_on_signals(end):
        _announce("ws", next(iter(listener.sockets)).getsockname())
        status = await end.wait()
        await server.close()
    listener.close()
    await listener.wait_closed()
    return status


def _admit(connection: ServerConnection, request: Request) -> Response | None:
    """Refuse a handshake that a page of another site has started."""
    if may_connect(request.headers.get_all("Host"), request.headers.get_all("Origin")):
        return None
    return connection.respond(HTTPStatus.FORBIDDEN, "Only pages and programs of this machine may connect.\n")


def _announce(kind: str, name: tuple[str, int]) -> None:
    host, port = name[:2]
    print(f"codestral-lsp: listening on {kind} {host}:{port}", file=sys.stderr, flush=True)  # noqa: T201 - said to the person who started it
