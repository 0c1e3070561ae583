"""One file over HTTP into a partial file, going on where that ends."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from lsp_server.backends.embedded.sources import SourceFailed

if TYPE_CHECKING:
    from collections.abc import Callable

CONNECT_S: Final = 5.0
"""A host that does not answer by then is taken for unreachable."""
STALL_S: Final = 30.0
"""Content networks pause for some seconds when a file has to be fetched from further behind."""
ATTEMPTS: Final = 4
"""How often a connection may break without a single byte having come."""

_OK: Final = 200
_PARTIAL: Final = 206
_UNSATISFIABLE: Final = 416
_CONTENT_RANGE: Final = re.compile(r"bytes (\d+)-")


def resume(
    locate: Callable[[], str], partial: Path, size_bytes: int, on_bytes: Callable[[int], None]
) -> None:
    """Complete ``partial`` from the URL that ``locate`` gives, which is asked at each attempt.

    ``on_bytes`` is called with the file's size, often.

    Raises:
        SourceFailed: The server refuses, or the connection broke too often.
        OSError: ``partial`` cannot be written.
    """
    failures = 0
    while True:
        before = _size(partial)
        if before == size_bytes:
            return
        try:
            _attempt(locate(), partial, size_bytes, on_bytes)
        except _Broken as error:
            failures = 0 if _size(partial) > before else failures + 1
            if failures >= ATTEMPTS:
                raise SourceFailed(str(error)) from error


class _Broken(Exception):
    """The connection failed; another attempt may succeed."""


def _size(partial: Path) -> int:
    return partial.stat().st_size if partial.exists() else 0


def _attempt(url: str, partial: Path, size_bytes: int, on_bytes: Callable[[int], None]) -> None:
    import httpx2

    with partial.open("ab") as file:
        if file.tell() > size_bytes:
            _empty(file)
        headers = {"Accept-Encoding": "identity", "Range": f"bytes={file.tell()}-"}
        timeout = httpx2.Timeout(STALL_S, connect=CONNECT_S)
        try:
            with (
                httpx2.Client(follow_redirects=True, timeout=timeout) as client,
                client.stream("GET", url, headers=headers) as response,
            ):
                _place(file, response)
                # As it comes: gathered into larger pieces, the last one would be lost with the connection.
                for piece in response.iter_raw():
                    if file.tell() + len(piece) > size_bytes:
                        raise SourceFailed("it has a longer file than the one wanted")
                    file.write(piece)
                    on_bytes(file.tell())
        except httpx2.TransportError as error:
            raise _Broken(f"the connection failed ({type(error).__name__})") from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise SourceFailed(f"the download failed ({type(error).__name__})") from error
        if file.tell() < size_bytes:
            raise _Broken("the connection ended early")


def _place(file: BinaryIO, response: Any) -> None:
    """Put ``file``'s end where the response begins."""
    status = response.status_code
    if status == _UNSATISFIABLE:
        raise SourceFailed("the server has a shorter file")
    if status == _OK:
        _empty(file)
    elif status == _PARTIAL:
        start = _CONTENT_RANGE.match(response.headers.get("content-range", ""))
        if start is None or int(start[1]) != file.tell():
            raise SourceFailed("the server sent another part than the one asked for")
    else:
        raise SourceFailed(f"the server answered with status {status}")


def _empty(file: BinaryIO) -> None:
    file.truncate(0)
    file.seek(0)
