"""LSP's base protocol without I/O: bytes in, message bodies and errors out.

A message is a block of header lines, an empty line, and a body of ``Content-Length`` bytes. Editors are not
the only writers of this stream: wrapper scripts, proxies and half-written plugins put other bytes in it. So
nothing here is fatal. After a block that cannot be used, the bytes up to the next ``Content-Length`` line are
dropped and reading goes on there; a JSON body cannot hold such a line, because JSON escapes line ends.

What comes out depends on the bytes alone, not on how they were cut into chunks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

MAX_HEADER_BYTES: Final = 8192
"""One block of headers: two are defined and they take under 100 bytes. HTTP servers' usual cap."""
MAX_BODY_BYTES: Final = 64 << 20
"""One body: room for a document of 10 MB in which every character is a six-byte JSON escape."""

_NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_DIGITS: Final = re.compile(rb"[0-9]{1,20}")
_NEXT_MESSAGE: Final = re.compile(
    rb"content-length[ \t]{0,8}:[ \t]{0,8}[0-9]{1,20}[ \t]{0,8}\r?\n", re.IGNORECASE
)
_LONGEST_MATCH: Final = 64
"""Bytes of the longest text ``_NEXT_MESSAGE`` can match: 14 + 8 + 1 + 8 + 20 + 8 + 2, rounded up."""


@dataclass(frozen=True, slots=True)
class FramingError:
    """Bytes that were no message; ``reason`` is one line and quotes none of them."""

    reason: str


Event = bytes | FramingError


class _State(Enum):
    HEADERS = auto()
    BODY = auto()
    LOST = auto()


def frame(body: bytes) -> bytes:
    """Return ``body`` as it travels, headers in front."""
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


class Framer:
    """Reads one stream. ``feed`` takes what arrived and returns what it completes."""

    def __init__(self, max_body_bytes: int = MAX_BODY_BYTES) -> None:
        self._max_body_bytes = max_body_bytes
        self._buffer = bytearray()
        self._state = _State.HEADERS
        self._header_bytes = 0
        self._fields = 0
        self._lengths: list[bytes] = []
        self._body_bytes = 0

    def feed(self, data: bytes) -> list[Event]:
        """Return the bodies and errors that ``data`` completes, in the order of the stream. Never raises."""
        self._buffer += data
        events: list[Event] = []
        while self._step(events):
            pass
        return events

    def finish(self) -> list[Event]:
        """Return the error of a stream that ends here, or nothing if it ends between two messages."""
        if self._state is _State.BODY:
            return [FramingError("the stream ended inside a message")]
        if self._state is _State.HEADERS and (self._buffer.strip() or self._fields):
            return [FramingError("the stream ended inside a block of headers")]
        return []

    def _step(self, events: list[Event]) -> bool:
        """Take one part off the buffer. False when more bytes are needed for the next."""
        if self._state is _State.BODY:
            return self._read_body(events)
        if self._state is _State.LOST:
            return self._search()
        return self._read_line(events)

    def _read_body(self, events: list[Event]) -> bool:
        if len(self._buffer) < self._body_bytes:
            return False
        with memoryview(self._buffer) as view:
            events.append(bytes(view[: self._body_bytes]))
        del self._buffer[: self._body_bytes]
        self._expect_headers()
        return True

    def _search(self) -> bool:
        """Drop bytes up to the next line that can begin a message."""
        found = _NEXT_MESSAGE.search(self._buffer)
        if found is None:
            del self._buffer[: max(0, len(self._buffer) - _LONGEST_MATCH)]
            return False
        del self._buffer[: found.start()]
        self._expect_headers()
        return True

    def _read_line(self, events: list[Event]) -> bool:
        room = MAX_HEADER_BYTES - self._header_bytes
        end = self._buffer.find(b"\n", 0, room)
        if end < 0:
            if len(self._buffer) < room:
                return False
            return self._lose(events, f"a block of headers exceeds {MAX_HEADER_BYTES} bytes")
        line = bytes(self._buffer[:end]).removesuffix(b"\r")
        if not line:
            del self._buffer[: end + 1]
            self._end_headers(events)
            return True
        name, colon, value = line.partition(b":")
        name = name.rstrip(b" \t")
        if not colon or not _NAME.fullmatch(name):
            return self._lose(events, "a line among the headers is not a header")
        self._header_bytes += end + 1
        self._fields += 1
        if name.lower() == b"content-length":
            self._lengths.append(value.strip(b" \t"))
        del self._buffer[: end + 1]
        return True

    def _end_headers(self, events: list[Event]) -> None:
        fields, lengths = self._fields, set(self._lengths)
        self._expect_headers()
        if not fields:
            return  # An empty line between messages does no harm.
        if not lengths:
            self._lose(events, "a block of headers has no Content-Length")
        elif len(lengths) > 1:
            self._lose(events, "a block of headers has several different Content-Length values")
        elif not _DIGITS.fullmatch(length := lengths.pop()):
            self._lose(events, "a Content-Length is not a number of bytes")
        elif int(length) > self._max_body_bytes:
            self._lose(events, f"a message exceeds {self._max_body_bytes} bytes")
        elif int(length) == 0:
            events.append(FramingError("a message is empty"))
        else:
            self._body_bytes = int(length)
            self._state = _State.BODY

    def _expect_headers(self) -> None:
        self._state = _State.HEADERS
        self._header_bytes = self._fields = self._body_bytes = 0
        self._lengths.clear()

    def _lose(self, events: list[Event], reason: str) -> bool:
        events.append(FramingError(reason))
        self._state = _State.LOST
        return True
