"""Who may have the page and a session: whoever knows the token, at this very address.

Any program and any web page on this machine can reach the port. A page of another site is told by its Origin,
a name that was made to resolve to loopback (DNS rebinding) by its Host, and everybody else does not know the
token.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

from lsp_server.lsp.addresses import may_connect
from lsp_server.playground.assets import NONCE, PAGE, Asset

if TYPE_CHECKING:
    from websockets.asyncio.server import ServerConnection
    from websockets.http11 import Request, Response

SOCKET: Final = "/lsp"
START: Final = "/start.json"
_METHODS: Final = ("GET", "HEAD")
_TOKEN_BYTES: Final = 32
_NONCE_BYTES: Final = 16
_LONGEST_QUERY: Final = 1024
_HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_TURNED_AWAY: Final = (
    "Open the address that codestral-lsp playground has printed; its token is this page's password.\n"
)


class Doorkeeper:
    """Answers every HTTP request to one address, ``authority`` (host and port as URLs spell them)."""

    def __init__(self, authority: str, assets: Mapping[str, Asset]) -> None:
        self._authority = authority
        self._origin = f"http://{authority}"
        self._token = secrets.token_urlsafe(_TOKEN_BYTES)
        self._assets = assets
        self._start = Asset("application/json", b"{}")

    @property
    def url(self) -> str:
        """The address of the page, token included."""
        return f"{self._origin}/?token={self._token}"

    def wants_start(self, request: Request) -> bool:
        """Whether ``request`` will be answered with what the page starts with."""
        path, query = _parts(request.path)
        return path == START and self._refusal(request, path, query) is None

    def start_with(self, start: Mapping[str, Any]) -> None:
        """Let pages start with ``start``, as JSON."""
        self._start = Asset("application/json", json.dumps(start).encode())

    def answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """Return the response to ``request``, or None for a WebSocket handshake that may go on."""
        path, query = _parts(request.path)
        refused = self._refusal(request, path, query)
        if refused is None and path == SOCKET:
            return None
        nonce = ""
        if refused is not None:
            status, text = refused
            asset = Asset("text/plain; charset=utf-8", text.encode())
        elif path == "/":
            status, nonce = HTTPStatus.OK, secrets.token_urlsafe(_NONCE_BYTES)
            page = self._assets[PAGE]
            asset = Asset(page.kind, page.body.replace(NONCE, nonce.encode()))
        else:
            status, asset = HTTPStatus.OK, self._start if path == START else self._assets[path[1:]]
        return self._response(connection, status, asset, nonce, with_body=request.method != "HEAD")

    def _refusal(self, request: Request, path: str, query: str) -> tuple[HTTPStatus, str] | None:
        """Why ``request`` gets nothing, or None."""
        if not self._is_ours(request, needs_origin=path == SOCKET):
            return HTTPStatus.FORBIDDEN, "Not from here.\n"
        if request.method not in _METHODS or (path == SOCKET and request.method != "GET"):
            return HTTPStatus.METHOD_NOT_ALLOWED, "Only GET and HEAD.\n"
        if path in {"/", START, SOCKET}:
            return None if self._knows_token(query) else (HTTPStatus.FORBIDDEN, _TURNED_AWAY)
        if path[1:] == PAGE or path[1:] not in self._assets:
            return HTTPStatus.NOT_FOUND, "There is no such page.\n"
        return None

    def _is_ours(self, request: Request, *, needs_origin: bool) -> bool:
        hosts, origins = request.headers.get_all("Host"), request.headers.get_all("Origin")
        return (
            may_connect(hosts, origins)
            and hosts == [self._authority]
            and all(origin == self._origin for origin in origins)
            and (bool(origins) or not needs_origin)
        )

    def _knows_token(self, query: str) -> bool:
        if len(query) > _LONGEST_QUERY:
            return False
        given = parse_qs(query).get("token", [])
        return len(given) == 1 and secrets.compare_digest(given[0].encode(), self._token.encode())

    def _response(
        self, connection: ServerConnection, status: HTTPStatus, asset: Asset, nonce: str, *, with_body: bool
    ) -> Response:
        response = connection.respond(status, "")
        del response.headers["Content-Type"], response.headers["Content-Length"]
        response.headers["Content-Type"] = asset.kind
        response.headers["Content-Length"] = str(len(asset.body))
        response.headers["Content-Security-Policy"] = self._policy(nonce)
        for name, value in _HEADERS.items():
            response.headers[name] = value
        response.body = asset.body if with_body else b""
        return response

    def _policy(self, nonce: str) -> str:
        """Scripts and styles from here alone, the editor's own by this page's nonce; no HTML of strings."""
        styles = f"'self' 'nonce-{nonce}'" if nonce else "'self'"
        return (
            "default-src 'none'; script-src 'self'; img-src 'self'; "
            f"style-src {styles}; connect-src 'self' ws://{self._authority}; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
            "require-trusted-types-for 'script'; trusted-types 'none'"
        )


def _parts(target: str) -> tuple[str, str]:
    """The path and the query of a request's target; what cannot be read is no path of ours."""
    try:
        parts = urlsplit(target)
    except ValueError:
        return "", ""
    return ("", "") if parts.scheme or parts.netloc else (parts.path, parts.query)
