"""Our own HTTP client, for the backends that no SDK serves: httpx2 behind a ``Guard``.

Nothing here imports an HTTP library until it is first used, and then off the event loop.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, Generic, TypeVar

from lsp_server import __version__
from lsp_server.backends.address import Endpoint, Hints, is_loopback, origin_of
from lsp_server.backends.base import BadResponse
from lsp_server.backends.decoders import json_object
from lsp_server.backends.events import Events
from lsp_server.backends.guard import Answer, Guard
from lsp_server.backends.limits import DEFAULT_DEADLINES, Deadlines

__all__ = [
    "DEFAULT_DEADLINES",
    "Deadlines",
    "Endpoint",
    "Hints",
    "HttpClient",
    "Lazy",
    "is_loopback",
    "origin_of",
]

USER_AGENT: Final = f"codestral-lsp/{__version__}"

ValueT = TypeVar("ValueT")


class Lazy(Generic[ValueT]):
    """A value that is made once, in a thread, when it is first asked for.

    ``make`` runs off the event loop, since it imports a library; ``discard`` closes the value.
    """

    def __init__(self, make: Callable[[], ValueT], discard: Callable[[ValueT], Awaitable[None]]) -> None:
        self._make = make
        self._discard = discard
        self._making: asyncio.Task[ValueT] | None = None

    async def get(self) -> ValueT:
        """Return the value. A caller that is cancelled does not undo the work for the others."""
        if self._making is None or (self._making.done() and _failed(self._making)):
            self._making = asyncio.create_task(asyncio.to_thread(self._make))
            self._making.add_done_callback(_failed)  # Its error counts as seen even if nobody waits any more.
        return await asyncio.shield(self._making)

    async def close(self) -> None:
        """Close the value if there is one. ``get`` then makes another."""
        making, self._making = self._making, None
        if making is not None:
            await asyncio.wait({making})
            if not _failed(making):
                await self._discard(making.result())


def _failed(task: asyncio.Task[Any]) -> bool:
    return task.cancelled() or task.exception() is not None


class HttpClient:
    """Speaks JSON with one endpoint, and nothing with any other.

    All methods raise ``BackendError`` and nothing else.
    """

    def __init__(self, endpoint: Endpoint, deadlines: Deadlines = DEFAULT_DEADLINES) -> None:
        self.endpoint = endpoint
        self._guard = Lazy(lambda: _guard(endpoint, deadlines), Guard.close)

    async def warm_up(self) -> None:
        """Import the library and read the certificates, off the event loop."""
        await self._guard.get()

    async def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the JSON object that answers a request to ``url`` + ``path``."""
        answer = await self._send(method, path, body)
        if isinstance(answer.body, bytes):
            return json_object(answer.body.decode("utf-8", "replace"))
        await answer.body.aclose()
        raise BadResponse(self.endpoint.says(f"a stream came where one answer is due ({path})"))

    @asynccontextmanager
    async def events(
        self, path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[Events]:
        """Post a body and give the streamed answer's events. Leaving the context closes the connection."""
        answer = await self._send("POST", path, body, headers)
        if isinstance(answer.body, bytes):
            raise BadResponse(self.endpoint.says(f"one answer came where a stream is due ({path})"))
        try:
            yield Events(self.endpoint, answer.body, answer)
        finally:
            await answer.body.aclose()

    async def close(self) -> None:
        """Close all connections."""
        await self._guard.close()

    async def _send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        guard = await self._guard.get()
        import httpx2

        fields = {
            "User-Agent": USER_AGENT,
            "Accept": "text/event-stream, application/json",
            **(headers or {}),
        }
        content = None
        if body is not None:
            fields["Content-Type"] = "application/json"
            content = json.dumps(body, separators=(",", ":")).encode("ascii")
        url = self.endpoint.url + path
        return await guard.send(httpx2.Request(method, url, headers=fields, content=content))


def _guard(endpoint: Endpoint, deadlines: Deadlines) -> Guard:
    import httpx2

    return Guard(endpoint, deadlines, httpx2)
