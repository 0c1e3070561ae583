"""An answer's body as JSON events, for our own client and, written anew, for the SDKs."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextvars import ContextVar
from functools import cache
from typing import Any, Final, Self

from lsp_server.backends.address import Endpoint
from lsp_server.backends.base import BackendError, StreamBroken
from lsp_server.backends.decoders import (
    DecodeError,
    NdjsonDecoder,
    SseDecoder,
    SseEvent,
    json_object,
    well_formed,
)
from lsp_server.backends.exceptions import from_exception
from lsp_server.backends.failures import from_object, is_error, secrets_of
from lsp_server.backends.guard import Answer, Body, Guard
from lsp_server.backends.limits import DRAIN_S

SSE_TYPE: Final = "text/event-stream"
_DONE: Final = "[DONE]"

_opened: ContextVar[list[Body] | None] = ContextVar("opened", default=None)


class Events:
    """The JSON objects of a streamed answer, in order; one task at a time may iterate.

    Raises ``BackendError``; an error object in the stream is raised and not given. ``done`` tells that the
    stream ended with its end marker and not merely with its connection.
    """

    def __init__(self, endpoint: Endpoint, body: Body, answer: Answer) -> None:
        self._endpoint = endpoint
        self._body = body
        self._sent = answer.sent
        sse = answer.media_type == SSE_TYPE
        self._decoder: SseDecoder | NdjsonDecoder = SseDecoder() if sse else NdjsonDecoder()
        self._ready: deque[SseEvent | dict[str, Any]] = deque()
        self._ended = False
        self.done = False

    def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        return self

    async def __anext__(self) -> dict[str, Any]:
        while not self._ready and not self._ended:
            await self._fill()
        if not self._ready:
            raise StopAsyncIteration
        event = self._ready.popleft()
        if isinstance(event, SseEvent) and event.data.strip() == _DONE:
            await self._drain()
            raise StopAsyncIteration
        content = self._parse(event)
        if is_error(content) or (isinstance(event, SseEvent) and event.event == "error"):
            raise from_object(self._endpoint, content, secrets_of(self._endpoint, self._sent))
        return content

    async def _fill(self) -> None:
        piece = await self._body.read()
        try:
            self._ready.extend(self._decoder.feed(piece) if piece else self._decoder.finish())
        except DecodeError as error:
            raise self._cut() if not piece else from_exception(self._endpoint, error, answered=True) from None
        self._ended = not piece

    def _parse(self, event: SseEvent | dict[str, Any]) -> dict[str, Any]:
        if not isinstance(event, SseEvent):
            return event
        try:
            return json_object(event.data)
        except DecodeError as error:
            raise (
                self._cut() if self._ended else from_exception(self._endpoint, error, answered=True)
            ) from None

    def _cut(self) -> StreamBroken:
        return StreamBroken(self._endpoint.says("its answer breaks off in the middle"))

    async def _drain(self) -> None:
        """Read on to the end of the body, which usually is there, so that its connection stays usable."""
        self.done = self._ended = True
        self._ready.clear()
        if self._endpoint.loopback:
            return
        try:
            async with asyncio.timeout(DRAIN_S):
                while await self._body.read():
                    pass
        except (TimeoutError, BackendError):
            await self._body.aclose()


class SdkStreams:
    """A context: leaving it closes the connections of all streams that SDKs have opened inside it.

    The SDKs close theirs only when their own iterator is closed, and the ``mistralai`` SDK not at all when it
    is cancelled between the answer's head and the return of its stream: its hooks run in threads there.
    """

    def __init__(self) -> None:
        self._bodies: list[Body] = []

    async def __aenter__(self) -> Self:
        _opened.set(self._bodies)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close them now."""
        for body in self._bodies:
            await body.aclose()


class SdkTransport:
    """A guard in the place of an SDK's transport.

    Streams are decoded and written anew, one plain ASCII event at a time. So the SDKs' readers meet nothing
    that they trip over: the ``ollama`` client splits its lines at U+0085, U+2028 and U+2029 and then fails on
    the halves, and neither reader bounds a line. Errors of any kind are raised here, as ``BackendError``, and
    pass through the SDKs untouched.
    """

    def __init__(self, guard: Guard, library: Any) -> None:
        self._guard = guard
        self._library = library

    async def handle_async_request(self, request: Any) -> Any:
        """Return the library's response to its request. Raises ``BackendError``."""
        answer = await self._guard.send(request)
        headers = {"content-type": answer.media_type}
        if isinstance(answer.body, bytes):
            return self._library.Response(200, headers=headers, content=answer.body)
        opened = _opened.get()
        if opened is not None:
            opened.append(answer.body)
        events = Events(self._guard.endpoint, answer.body, answer)
        rewritten = _stream_class(self._library)(events, answer.body, sse=answer.media_type == SSE_TYPE)
        return self._library.Response(200, headers=headers, stream=rewritten)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._guard.close()


class _Rewritten:
    def __init__(self, events: Events, body: Body, *, sse: bool) -> None:
        self._events = events
        self._body = body
        self._sse = sse

    async def __aiter__(self) -> AsyncIterator[bytes]:
        start, end = ("data: ", "\n\n") if self._sse else ("", "\n")
        async for event in self._events:
            text = json.dumps(event)
            if self._sse and "\\ud" in text:
                text = json.dumps(_sound(event))
            yield f"{start}{text}{end}".encode("ascii")
        if self._events.done:
            yield f"{start}{_DONE}{end}".encode("ascii")

    async def aclose(self) -> None:
        await self._body.aclose()


def _sound(value: Any) -> Any:
    """Return JSON whose texts hold no half of a surrogate pair, which the ``mistralai`` SDK cannot read."""
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, list):
        return [_sound(item) for item in value]
    return {name: _sound(item) for name, item in value.items()} if isinstance(value, dict) else value


@cache
def _stream_class(library: Any) -> Any:
    """Return ``_Rewritten`` as a stream of the library, which insists on its own base class."""
    return type("RewrittenStream", (_Rewritten, library.AsyncByteStream), {})
