"""One try at a request, which can be given up at any moment without leaving a connection behind.

Neither anyio, which both HTTP libraries connect through, nor the libraries themselves close a socket when
they are cancelled in the instant between its connecting and their taking hold of it, or during a TLS
handshake. It then stays open for as long as the process runs. So the try has a task of its own, which is not
cancelled while it connects but directly afterwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any


class Attempt:
    """Sends one request through a library's transport. ``fresh`` tells that it opened a connection."""

    def __init__(self, transport: Any, request: Any) -> None:
        self.fresh = False
        self._connecting = False
        self._given_up = False
        self._socket: Any = None
        request.extensions = {**request.extensions, "trace": self._trace}
        self.task = asyncio.create_task(self._run(transport, request))

    async def response(self) -> Any:
        """Return the response's head. A caller that is cancelled leaves no connection behind."""
        try:
            return await asyncio.shield(self.task)
        except asyncio.CancelledError:
            await self._give_up()
            raise

    async def _give_up(self) -> None:
        """Cancel the try and wait for its end; while it connects, leave that to ``_trace``."""
        self._given_up = True
        if self._connecting:
            return
        self.task.cancel()
        await asyncio.wait({self.task})
        if not self.task.cancelled() and self.task.exception() is None:
            await self.task.result().stream.aclose()

    async def _run(self, transport: Any, request: Any) -> Any:
        try:
            response = await transport.handle_async_request(request)
        except BaseException:
            if self._socket is not None:
                await self._socket.aclose()
            raise
        if self._given_up:
            await response.stream.aclose()
        return response

    async def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Follow the library's events (the ``trace`` extension of httpx)."""
        if event == "connection.connect_tcp.started":
            self.fresh = self._connecting = True
        elif event.startswith("connection.connect_tcp."):
            self._connecting = False
            self._socket = info.get("return_value")
            if self._given_up:
                self.task.cancel()
