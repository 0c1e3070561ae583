"""A small HTTP/1.1 server on loopback that does as told, down to the byte, and remembers everything.

It runs in the caller's event loop and shares its clock, so that a test can compare instants on both sides.
Nothing is checked that the fakes do not need: requests with a Content-Length, one at a time on a connection.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
import sys
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from types import TracebackType
from typing import Any, Final, Self

WAIT_S: Final = 5.0
"""How long a test waits for something that should happen at once, in seconds."""

ACCEPTING_STEPS: Final = 3
"""Steps of the event loop from an accepted socket to ``connection_made``: task, transport, protocol."""

LINGER_FORMAT: Final = "hh" if sys.platform == "win32" else "ii"
"""``struct linger``: two shorts in Winsock, two ints elsewhere."""


@dataclass
class Recorded:
    """One request, and what became of its answer. Instants are of the event loop's clock, in seconds.

    ``closed_s`` is when its connection ended, ``finished_s`` when its answer had been written whole.
    ``notes`` holds what a fake has to tell about its handling.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    received_s: float
    tokens_sent: int = 0
    first_token_s: float | None = None
    finished_s: float | None = None
    closed_s: float | None = None
    closed_by_client: bool = False
    notes: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def json(self) -> Any:
        """The body as JSON, or None."""
        return json.loads(self.body) if self.body else None

    @property
    def cancelled(self) -> bool:
        """Whether the client went away before the answer was complete."""
        return self.closed_by_client and self.finished_s is None


class Exchange:
    """One request and the means to answer it."""

    def __init__(self, connection: Connection, recorded: Recorded) -> None:
        self._connection = connection
        self.recorded = recorded

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._connection.write(data)

    async def drain(self) -> None:
        """Return when the client has taken most of what was sent."""
        await self._connection.drain()

    def head(self, status: int, headers: Mapping[str, str]) -> None:
        """Send a status line and headers."""
        try:
            phrase = HTTPStatus(status).phrase
        except ValueError:
            phrase = "Unknown"
        lines = [
            f"HTTP/1.1 {status} {phrase}",
            *(f"{name}: {value}" for name, value in headers.items()),
            "",
            "",
        ]
        self.write("\r\n".join(lines).encode("latin-1"))

    def reply(
        self,
        status: int,
        body: bytes,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Send a whole answer."""
        fields = {"Content-Type": content_type, "Content-Length": str(len(body)), **(headers or {})}
        self.head(status, fields)
        self.write(body)
        self.finished()

    def start(self, content_type: str, headers: Mapping[str, str] | None = None) -> None:
        """Begin a streamed answer."""
        self.head(200, {"Content-Type": content_type, "Transfer-Encoding": "chunked", **(headers or {})})

    def chunk(self, data: bytes) -> None:
        """Send a piece of a streamed answer."""
        self.write(b"%x\r\n%b\r\n" % (len(data), data))

    def end(self) -> None:
        """End a streamed answer."""
        self.write(b"0\r\n\r\n")
        self.finished()

    def finished(self) -> None:
        """Note that the answer is complete."""
        self.recorded.finished_s = asyncio.get_running_loop().time()

    def close(self) -> None:
        """Close the connection in good order (FIN)."""
        self._connection.close()

    def reset(self) -> None:
        """Break the connection off (RST)."""
        self._connection.reset()


class Connection(asyncio.Protocol):
    """One connection: reads requests, has each answered by ``handle``, notes its own end."""

    def __init__(self, server: FakeServer) -> None:
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._task: asyncio.Task[None] | None = None
        self._recorded: list[Recorded] = []
        self._writable = asyncio.Event()
        self._writable.set()
        self._ours = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server.connections.add(self)

    def data_received(self, data: bytes) -> None:
        """Start answering when a request is complete."""
        self._buffer += data
        if not self._buffer[:1].isalpha():  # No method begins so: a TLS handshake, for one.
            self.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            self.close()
            return
        self._next()

    def eof_received(self) -> bool:
        """Note that the client is gone: HTTP clients close both directions together."""
        self._ended(by_client=True)
        return False

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's signature
        """Note that the connection is gone, and stop answering."""
        self._server.connections.discard(self)
        self._ended(by_client=not self._ours)
        self._writable.set()
        if self._task is not None:
            self._task.cancel()

    def pause_writing(self) -> None:
        """Hold ``drain`` back."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Let ``drain`` go on."""
        self._writable.set()

    def write(self, data: bytes) -> None:
        """Send bytes, if there is still somebody to take them."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    async def drain(self) -> None:
        """Return when there is room to write; the empty step lets other tasks run."""
        await self._writable.wait()
        await asyncio.sleep(0)

    def close(self) -> None:
        """Close after what was written."""
        self._ours = True
        if self._transport is not None:
            self._transport.close()

    def reset(self) -> None:
        """Close at once with RST: a socket that lingers for no time."""
        self._ours = True
        assert self._transport is not None
        raw = self._transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(LINGER_FORMAT, 1, 0))
        self._transport.abort()

    def _ended(self, *, by_client: bool) -> None:
        now_s = asyncio.get_running_loop().time()
        for recorded in self._recorded:
            if recorded.closed_s is None:
                recorded.closed_s = now_s
                recorded.closed_by_client = by_client
        self._server.changed()

    def _next(self) -> None:
        if self._task is not None and not self._task.done():
            return
        recorded = self._parse()
        if recorded is not None:
            self._recorded.append(recorded)
            self._server.requests.append(recorded)
            self._server.changed()
            self._task = asyncio.get_running_loop().create_task(self._answer(recorded))

    def _parse(self) -> Recorded | None:
        head, found, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        if not found:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", "0"))
        if len(rest) < length:
            return None
        self._buffer = bytearray(rest[length:])
        method, path, _ = first.split(" ")
        return Recorded(method, path, headers, rest[:length], asyncio.get_running_loop().time())

    async def _answer(self, recorded: Recorded) -> None:
        try:
            await self._server.answer_request(Exchange(self, recorded))
        except Exception as error:  # noqa: BLE001 - it is shown when the server stops
            self._server.errors.append(error)
            self.reset()
        self._server.changed()
        if recorded.headers.get("connection", "").lower() == "close":
            self.close()
        self._task = None
        self._next()


class FakeServer(ABC):
    """The listening side. Use as an asynchronous context manager, or ``start`` and ``stop``."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Recorded] = []
        self.connections: set[Connection] = set()
        self.errors: list[Exception] = []
        self._tls = tls
        self._listener: asyncio.Server | None = None
        self._change = asyncio.Event()
        self.port = 0

    @property
    def origin(self) -> str:
        """``http://127.0.0.1:port``, or ``https`` with TLS."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listen on a free port of loopback."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(lambda: Connection(self), "127.0.0.1", 0, ssl=self._tls)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the listener and every connection. Raises what a handler has raised."""
        if self._listener is not None:
            await self._end_accepting(self._listener)
        for connection in list(self.connections):
            connection.close()
        with suppress(TimeoutError):
            await self.until(lambda: not self.connections)
        if self.errors:
            raise self.errors[0]

    async def _end_accepting(self, listener: asyncio.Server) -> None:
        # One that is closed loses the sockets that it has just accepted: first it takes no more.
        loop = asyncio.get_running_loop()
        for listening in listener.sockets:
            with suppress(NotImplementedError):  # The event loop of Windows has no readers.
                loop.remove_reader(listening.fileno())
        for _ in range(ACCEPTING_STEPS):
            await asyncio.sleep(0)
        listener.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @abstractmethod
    async def answer_request(self, exchange: Exchange) -> None:
        """Answer one request."""

    def changed(self) -> None:
        """Wake those who wait for something to happen."""
        change, self._change = self._change, asyncio.Event()
        change.set()

    async def until(self, happened: Callable[[], bool], timeout_s: float = WAIT_S) -> None:
        """Return when ``happened`` is true. Raises ``TimeoutError`` when it is not in time."""
        async with asyncio.timeout(timeout_s):
            while not happened():
                await self._change.wait()


Handler = Callable[[Exchange], Awaitable[None]]
