"""A relay in front of a fake server, for the troubles that no server that answers can have.

async with FakeOllama("1\\n") as fake, Relay(lambda: fake.port) as relay:
    relay.url                           # answers as the fake does
    await relay.become(Trouble.HANGS)   # takes connections and says nothing
    await relay.become(Trouble.NONE)
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from types import TracebackType
from typing import Final, Self

from lsp_server.testing.fake_backends.server import LINGER_FORMAT

TLS_ALERT: Final = bytes.fromhex("15030300020228")
"""What a TLS server says to one that does not begin a handshake: a fatal alert, handshake failure."""
PIECE_BYTES: Final = 65536


class Trouble(StrEnum):
    """What a relay does in place of relaying."""

    NONE = "none"
    REFUSES = "refuses"
    """Nothing listens."""
    HANGS = "hangs"
    """Connections are taken, and nothing is said."""
    CLOSES = "closes"
    """Connections are taken and closed at once."""
    RESETS = "resets"
    """Connections are taken and broken off at once."""
    GARBAGE = "garbage"
    """Random bytes come for an answer."""
    TLS = "tls"
    """A server for TLS answers."""


class Relay:
    """Listens on a port of its own, which it keeps. ``port`` gives the server behind it."""

    def __init__(self, port: Callable[[], int]) -> None:
        self._behind = port
        self._trouble = Trouble.NONE
        self._listener: asyncio.Server | None = None
        self._connections: dict[asyncio.StreamWriter, asyncio.Task[None]] = {}
        self.port = 0

    @property
    def url(self) -> str:
        """The address to talk to."""
        return f"http://127.0.0.1:{self.port}"

    async def become(self, trouble: Trouble) -> None:
        """Be in this trouble from now on; connections from before are broken off."""
        self._trouble = trouble
        await self._drop()
        if trouble is Trouble.REFUSES:
            await self._close()
        elif self._listener is None:
            await self._listen()

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._drop()
        await self._close()

    async def _listen(self) -> None:
        self._listener = await asyncio.start_server(self._take, "127.0.0.1", self.port)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    async def _drop(self) -> None:
        for writer, task in list(self._connections.items()):
            task.cancel()
            _reset(writer)
        if self._connections:
            await asyncio.wait(self._connections.values())

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections[writer] = task
        try:
            with suppress(OSError, asyncio.CancelledError):
                await self._serve(reader, writer)
        finally:
            del self._connections[writer]
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        trouble = self._trouble
        if trouble is Trouble.NONE:
            await self._relay(reader, writer)
        elif trouble is Trouble.RESETS:
            _reset(writer)
        elif trouble is not Trouble.CLOSES:
            await reader.read(PIECE_BYTES)
            if trouble is not Trouble.HANGS:
                writer.write(TLS_ALERT if trouble is Trouble.TLS else bytes(range(128, 256)) * 4)
                await writer.drain()
                return
            while await reader.read(PIECE_BYTES):
                pass

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass bytes on in both directions until either side ends."""
        from_behind, to_behind = await asyncio.open_connection("127.0.0.1", self._behind())
        ways = [
            asyncio.ensure_future(_pass_on(reader, to_behind)),
            asyncio.ensure_future(_pass_on(from_behind, writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            to_behind.close()
            await asyncio.gather(*ways, return_exceptions=True)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(PIECE_BYTES):
        writer.write(piece)
        await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Break a connection off (RST): a socket that lingers for no time."""
    raw = writer.get_extra_info("socket")
    with suppress(OSError):
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(LINGER_FORMAT, 1, 0))
    writer.transport.abort()
