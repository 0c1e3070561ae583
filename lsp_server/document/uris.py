"""Document URIs: native paths from them and back, and one spelling to find a document by.

Editors spell the same file differently: ``file:///c%3A/x`` and ``file:///C:/x``, ``%c3%a9`` and ``%C3%A9``,
``é`` as it is. Everything here is text: nothing asks the file system, and Windows paths work on any platform.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote

_FILE: Final = re.compile(
    r"file:(?!//[^/]*\Z)(?://(?P<host>[^/\\]*))?(?P<path>/.*)", re.IGNORECASE | re.DOTALL
)
"""Queries and fragments mean nothing for files, so ``?`` and ``#`` are read as part of the name: clients that
forget to escape them (a folder named ``C#``) are understood."""
_DRIVE: Final = re.compile(r"/(?P<letter>[A-Za-z]):(?=/|$)")
_ESCAPE: Final = re.compile("%[0-9a-fA-F]{2}")
_SAFE: Final = "!$&'()*+,:;=@"
"""What RFC 3986 allows in a path segment besides letters, digits and ``-._~``."""


def to_path(uri: str, *, windows: bool | None = None) -> str | None:
    """Return the native path that a ``file:`` URI names, or None where there is none.

    None is the answer for every other scheme (``untitled:``, ``vscode-notebook-cell:``, ``git:``), for a path
    that holds NUL, and on POSIX for a file on another host. Drive letters come out in upper case; bytes that
    are not UTF-8 come out as ``os.fsdecode`` would give them. ``windows`` None means this platform.
    """
    match = _FILE.fullmatch(uri)
    if match is None:
        return None
    host = match["host"] or ""
    path = unquote(match["path"], errors="surrogateescape")
    if "\0" in path:
        return None
    local = host.lower() in {"", "localhost"}
    if not (os.name == "nt" if windows is None else windows):
        return path if local else None
    if not local:
        return f"\\\\{unquote(host)}{path}".replace("/", "\\")
    drive = _DRIVE.match(path)
    if drive is not None:
        path = f"{drive['letter'].upper()}:{path[drive.end() :] or '/'}"
    return path.replace("/", "\\")


def from_path(path: str, *, windows: bool | None = None) -> str:
    """Return the ``file:`` URI of an absolute native path. ``to_path`` leads back to it."""
    host = ""
    if os.name == "nt" if windows is None else windows:
        path = path.replace("\\", "/")
        if path.startswith("//"):
            host, _, path = path[2:].partition("/")
        path = path if path.startswith("/") else f"/{path}"
        path = _DRIVE.sub(lambda drive: drive[0].upper(), path, count=1)
    return f"file://{host}{quote(path, safe='/' + _SAFE, errors='surrogateescape')}"


@lru_cache(1024)
def canonical(uri: str) -> str:
    """Return the one spelling of ``uri`` that documents are kept under.

    Equal for all spellings that differ in percent-escapes, their case, the case of a drive letter, or
    ``file:/x``, ``file:///x`` and ``file://localhost/x``. Of other schemes only the case of the escapes is
    evened out. The result is a key, not an address.
    """
    match = _FILE.fullmatch(uri)
    if match is None:
        return _ESCAPE.sub(lambda escape: escape[0].upper(), uri)
    host = (match["host"] or "").lower()
    segments = (unquote(segment, errors="surrogateescape") for segment in match["path"].split("/"))
    path = "/".join(quote(segment, safe=_SAFE, errors="surrogateescape") for segment in segments)
    path = _DRIVE.sub(lambda drive: drive[0].upper(), path, count=1)
    return f"file://{'' if host == 'localhost' else host}{path}"
