"""The one way to the network: no request leaves and no byte comes in but through a ``Guard``.

httpx (which the ``ollama`` client uses) and httpx2 (the ``mistralai`` SDK, and our own client) have one seam
in common, the transport. A guard stands in its place and works for both: ``library`` is either module. What
it does, for each fault measured of these libraries:

- They wait for each read anew, so a server that trickles is never late: first-byte, idle and total deadlines.
- They unpack and keep whatever comes: identity encoding only, and a cap on bytes.
- They read proxies from the environment for localhost too: no proxy for loopback.
- SDKs take keys from the environment of their own accord: every Authorization header is removed, and the
  backend's own is set when, and only when, the request goes to the backend's origin.
- Their exceptions have several roots and some an empty message: all become ``BackendError``.
- llama.cpp closes a connection after a stream although it announced to keep it, and a pooled connection then
  fails on its next use: loopback connections are used once; on others, a request that failed on a used
  connection before anything came back is sent once more.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.request import getproxies, proxy_bypass

from lsp_server.backends.address import Endpoint, origin_of
from lsp_server.backends.attempt import Attempt
from lsp_server.backends.base import BackendError, BadResponse, TimedOut, Unreachable
from lsp_server.backends.decoders import DecodeError, json_object
from lsp_server.backends.exceptions import from_exception
from lsp_server.backends.failures import (
    WITHHELD,
    Report,
    from_object,
    from_status,
    is_error,
    quoted,
    report_of,
    secrets_of,
)
from lsp_server.backends.limits import (
    ERROR_BODY_S,
    KEEP_ALIVE_S,
    MAX_BODY_BYTES,
    MAX_ERROR_BYTES,
    MAX_STREAM_BYTES,
    Deadlines,
)

STREAM_TYPES: Final = frozenset({"text/event-stream", "application/x-ndjson"})
JSON_TYPE: Final = "application/json"

_STALE: Final = frozenset({"RemoteProtocolError", "ReadError", "WriteError"})
"""How the libraries report that a pooled connection had been closed by the server."""


class Body:
    """The bytes of one answer, within its deadlines and a cap."""

    def __init__(self, guard: Guard, response: Any, started_s: float, max_bytes: int) -> None:
        self._guard = guard
        self._stream = response.stream
        self._pieces: AsyncIterator[bytes] = aiter(response.stream)
        self._started_s = started_s
        self._left_bytes = max_bytes
        self._begun = False

    async def read(self) -> bytes:
        """Return the next bytes, empty only at the end. Raises ``BackendError``, and has closed by then."""
        piece: bytes | None = b""
        while piece == b"":
            try:
                async with asyncio.timeout_at(self._due_s()):
                    piece = await anext(self._pieces, None)
            except TimeoutError:
                await self.aclose()
                raise self._late() from None
            except Exception as error:
                await self.aclose()
                raise from_exception(self._guard.endpoint, error, answered=True) from error
        if piece is None:
            return b""
        self._begun = True
        self._left_bytes -= len(piece)
        if self._left_bytes < 0:
            await self.aclose()
            raise BadResponse(self._guard.endpoint.says("its answer does not end", "is it the right server?"))
        return piece

    async def read_all(self) -> bytes:
        """Return everything up to the end. Raises ``BackendError``."""
        pieces = []
        while piece := await self.read():
            pieces.append(piece)
        return b"".join(pieces)

    async def aclose(self) -> None:
        """Close the connection, unless the answer has ended and it can be used again."""
        await self._stream.aclose()
        close = getattr(self._pieces, "aclose", None)
        if close is not None:
            # The socket is closed by now. This ends the generators above it, which the garbage collector
            # would otherwise end some time later; one that another task reads cannot be ended from here.
            with suppress(RuntimeError):
                await close()

    def _due_s(self) -> float:
        deadlines = self._guard.deadlines
        now_s = asyncio.get_running_loop().time()
        step_s = now_s + deadlines.idle_s if self._begun else self._started_s + deadlines.first_byte_s
        return min(step_s, self._started_s + deadlines.total_s)

    def _late(self) -> TimedOut:
        deadlines = self._guard.deadlines
        elapsed_s = asyncio.get_running_loop().time() - self._started_s
        if elapsed_s >= deadlines.total_s:
            what = f"no complete answer within {deadlines.total_s:g} s"
        elif self._begun:
            what = f"nothing more came for {deadlines.idle_s:g} s"
        else:
            what = f"no answer within {deadlines.first_byte_s:g} s"
        return TimedOut(self._guard.endpoint.says(what))


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer's media type and body: bytes for JSON, which were checked, else a stream."""

    media_type: str
    body: bytes | Body
    sent: bytes
    """The request's body, for ``failures.secrets_of``."""


class Guard:
    """Sends requests to one endpoint and nowhere else. ``library`` is the module httpx or httpx2.

    Making one may read certificates and system settings: do it off the event loop.
    """

    def __init__(
        self, endpoint: Endpoint, deadlines: Deadlines, library: Any, transport: Any | None = None
    ) -> None:
        self.endpoint = endpoint
        self.deadlines = deadlines
        self._transport = transport if transport is not None else _connect(endpoint, library)
        self._attempts: set[asyncio.Task[Any]] = set()

    async def send(self, request: Any) -> Answer:
        """Return the answer to a request whose status and media type are good.

        Raises:
            BackendError: Anything else. The connection is closed by then.
        """
        started_s = asyncio.get_running_loop().time()
        self._prepare(request)
        try:
            async with asyncio.timeout_at(
                started_s + min(self.deadlines.first_byte_s, self.deadlines.total_s)
            ):
                response = await self._exchange(request)
        except TimeoutError:
            within_s = min(self.deadlines.first_byte_s, self.deadlines.total_s)
            raise TimedOut(self.endpoint.says(f"no answer within {within_s:g} s")) from None
        except Exception as error:
            raise from_exception(self.endpoint, error, answered=False) from error
        try:
            return await self._judge(request, response, started_s)
        except BaseException:
            await response.stream.aclose()
            raise

    async def close(self) -> None:
        """Close all connections."""
        for task in self._attempts:
            task.cancel()
        if self._attempts:
            await asyncio.wait(self._attempts)
        await self._transport.aclose()

    def _prepare(self, request: Any) -> None:
        origin = origin_of(f"{request.url.scheme}://{request.url.netloc.decode('ascii')}")
        if origin != self.endpoint.origin:
            raise Unreachable(self.endpoint.says(f"a request to {origin} is refused"))
        for name in ("authorization", "cookie"):
            request.headers.pop(name, None)
        authorization = self.endpoint.authorization(origin)
        if authorization is not None:
            request.headers["Authorization"] = authorization
        request.headers["Accept-Encoding"] = "identity"
        if self.endpoint.loopback:
            request.headers["Connection"] = "close"
        connect_s = self.deadlines.connect_s
        request.extensions = {**request.extensions, "timeout": {"connect": connect_s, "pool": connect_s}}

    async def _exchange(self, request: Any) -> Any:
        attempt = self._attempt(request)
        try:
            return await attempt.response()
        except Exception as error:
            if attempt.fresh or type(error).__name__ not in _STALE:
                raise
        return await self._attempt(request).response()

    def _attempt(self, request: Any) -> Attempt:
        attempt = Attempt(self._transport, request)
        self._attempts.add(attempt.task)
        attempt.task.add_done_callback(self._attempts.discard)
        attempt.task.add_done_callback(_seen)
        return attempt

    async def _judge(self, request: Any, response: Any, started_s: float) -> Answer:
        media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        plain = response.headers.get("content-encoding", "identity").strip().lower() in {"identity", ""}
        sent: bytes = request.content
        if not 200 <= response.status_code < 300:  # noqa: PLR2004 - the class of good statuses
            report = await self._report(response, started_s) if plain else Report()
            secrets = secrets_of(self.endpoint, sent)
            retry = response.headers.get("retry-after")
            raise from_status(self.endpoint, response.status_code, report, secrets, retry)
        if not plain:
            raise BadResponse(self.endpoint.says("its answer is compressed although it was asked not to be"))
        if media_type in STREAM_TYPES:
            return Answer(media_type, Body(self, response, started_s, MAX_STREAM_BYTES), sent)
        if media_type != JSON_TYPE:
            told = quoted(self.endpoint, media_type, sent)
            named = told if told != WITHHELD else "something"
            kind = "a web page" if media_type == "text/html" else named or "something without a type"
            hint = "check its url, and whether a proxy or a login page stands in between"
            raise BadResponse(self.endpoint.says(f"{kind} came instead of an answer", hint))
        return Answer(media_type, await self._json(response, started_s, sent), sent)

    async def _report(self, response: Any, started_s: float) -> Report:
        try:
            async with asyncio.timeout(ERROR_BODY_S):
                return report_of(await Body(self, response, started_s, MAX_ERROR_BYTES).read_all())
        except (BackendError, TimeoutError):
            # The status says enough; a body that never ends must not hide it.
            return Report()

    async def _json(self, response: Any, started_s: float, sent: bytes) -> bytes:
        body = await Body(self, response, started_s, MAX_BODY_BYTES).read_all()
        try:
            content = json_object(body.decode("utf-8", "replace"))
        except DecodeError as error:
            raise from_exception(self.endpoint, error, answered=True) from None
        if is_error(content):
            raise from_object(self.endpoint, content, secrets_of(self.endpoint, sent))
        return body


def _seen(task: asyncio.Task[Any]) -> None:
    """Take note of an error that nobody waits for any more."""
    if not task.cancelled():
        task.exception()


def _connect(endpoint: Endpoint, library: Any) -> Any:
    """Return the library's own transport, set up for an endpoint."""
    limits = library.Limits(keepalive_expiry=0.0 if endpoint.loopback else KEEP_ALIVE_S)
    try:
        return library.AsyncHTTPTransport(
            verify=_tls(endpoint), trust_env=False, limits=limits, proxy=_proxy(endpoint)
        )
    except (ImportError, ValueError) as error:
        # httpx speaks http and https proxies, and SOCKS only with a package that need not be there.
        hint = "check HTTP_PROXY, HTTPS_PROXY and NO_PROXY"
        raise Unreachable(endpoint.says("the proxy setting cannot be used", hint)) from error


def _tls(endpoint: Endpoint) -> ssl.SSLContext:
    """Return a context that verifies. ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` name other authorities."""
    if not endpoint.origin.startswith("https://"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # Knows no authority, so it would accept nobody.
    import httpx2

    return httpx2.create_ssl_context()


def _proxy(endpoint: Endpoint) -> str | None:
    """Return the proxy that the environment or the system sets for an endpoint; None for loopback."""
    if endpoint.loopback:
        return None
    scheme, _, host = endpoint.origin.partition("://")
    if proxy_bypass(host):
        return None
    proxies = getproxies()
    found = proxies.get(scheme) or proxies.get("all")
    return (found if "://" in found else f"http://{found}") if found else None
