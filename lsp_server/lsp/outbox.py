"""What waits to be sent over a WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from lsp_server.lsp.lifetime import Ending
from lsp_server.lsp.transport import DRAIN_SECONDS, MAX_PENDING_BYTES, STATUS_OVERFLOW

if TYPE_CHECKING:
    from websockets.asyncio.server import ServerConnection


class Outbox:
    """The messages waiting for a WebSocket, sent by a task, since sending one waits for the client."""

    def __init__(self, end: Ending) -> None:
        self._end = end
        self._queue: asyncio.Queue[bytes] = asyncio.Queue()
        self._pending_bytes = 0
        self._task: asyncio.Task[None] | None = None

    @property
    def is_taken(self) -> bool:
        """Whether a client has connected."""
        return self._task is not None

    def connect(self, connection: ServerConnection) -> None:
        """Send everything over ``connection``."""
        self._task = asyncio.ensure_future(self._send_all(connection))

    def send(self, body: bytes) -> None:
        """Send ``body`` after those before it. Returns at once."""
        self._pending_bytes += len(body)
        self._queue.put_nowait(body)
        if self._pending_bytes > MAX_PENDING_BYTES:
            self._end(STATUS_OVERFLOW)

    async def drain(self) -> None:
        """Wait until everything is sent, ``DRAIN_SECONDS`` at most, and send nothing more."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._queue.join(), DRAIN_SECONDS)
        if self._task is not None:
            self._task.cancel()

    async def _send_all(self, connection: ServerConnection) -> None:
        from websockets.exceptions import ConnectionClosed

        while True:
            body = await self._queue.get()
            with contextlib.suppress(ConnectionClosed):
                await connection.send(body, text=True)
            self._pending_bytes -= len(body)
            self._queue.task_done()
