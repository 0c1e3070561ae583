"""What an HTTP library, the system or a decoder raised, as an error of the tree in ``base``. Pure."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator
from typing import Final

from lsp_server.backends.address import Endpoint
from lsp_server.backends.base import (
    BackendError,
    BadResponse,
    StreamBroken,
    TimedOut,
    Unreachable,
)
from lsp_server.backends.decoders import DecodeError

_PROXY_HINT: Final = "check HTTP_PROXY, HTTPS_PROXY and NO_PROXY"


def from_exception(endpoint: Endpoint, error: Exception, *, answered: bool) -> BackendError:
    """Return the error for an exception. ``answered`` tells that the answer had begun.

    The libraries' exceptions are known by their names, which httpx and httpx2 share; their own words are not
    quoted, as some are empty and some hold addresses.
    """
    if isinstance(error, BackendError):
        return error
    names = {kind.__name__ for kind in type(error).__mro__}
    if isinstance(error, DecodeError):
        return BadResponse(endpoint.says(f"its answer cannot be read: {error}"))
    if "TimeoutException" in names or isinstance(error, TimeoutError):
        return TimedOut(endpoint.says("no connection in time", endpoint.hints.unreachable))
    if "TransportError" in names or isinstance(error, OSError):
        if answered:
            return StreamBroken(endpoint.says("the connection was lost in the middle of an answer"))
        return Unreachable(endpoint.says(*_connection(endpoint, error, names)))
    # UnicodeDecodeError and DecodingError lie outside the libraries' own trees of transport errors.
    return BadResponse(endpoint.says(f"its answer is not what its protocol says ({type(error).__name__})"))


def _connection(endpoint: Endpoint, error: BaseException, names: set[str]) -> tuple[str, str]:
    """Return what kept us from connecting, and what to do."""
    for cause in _causes(error):
        known = _cause(cause)
        if known is not None:
            return known
    if "ProxyError" in names:
        return "the proxy refuses the connection", _PROXY_HINT
    if "ConnectError" in names:
        return "nothing answers there", endpoint.hints.unreachable
    if "UnsupportedProtocol" in names:
        return "its url cannot be used", "check the setting url"
    return "what answers there does not speak HTTP", "check the port in the setting url"


def _cause(cause: BaseException) -> tuple[str, str] | None:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted ({cause.verify_message})", "check its url and the clock"
    if isinstance(cause, ssl.SSLError):
        return "no TLS there", "check whether its url should start with http:// instead of https://"
    if isinstance(cause, socket.gaierror):
        return "its host name is not known", "check the setting url and the network"
    if isinstance(cause, OSError) and cause.errno in {errno.EMFILE, errno.ENFILE}:
        return "too many open files on this machine", "raise the limit (ulimit -n)"
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Give an exception and everything that led to it, groups included."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [current.__cause__, current.__context__]
        if isinstance(current, BaseExceptionGroup):
            waiting += current.exceptions
