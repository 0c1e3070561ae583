"""Server-sent events and newline-delimited JSON, decoded without I/O.

Bytes go in as they come off the wire, in pieces of any size; events come out. However the bytes are cut, the
same events come out in the same order. Whatever the bytes are, the outcome is events or ``DecodeError`` and
nothing else.

Lines end at ``\\n`` or ``\\r\\n`` only. ``str.splitlines``, and with it the line readers of HTTP libraries,
also splits at U+0085, U+2028 and U+2029, which stand unescaped inside JSON texts.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Generic, NoReturn, TypeVar

MAX_LINE_BYTES: Final = 1 << 20
"""The longest line. One token's event takes some hundred bytes; a server that reports its whole prompt in the
last event stays below this too."""

MAX_EVENT_BYTES: Final = 1 << 20
"""The most data of one server-sent event, which may span lines; as a line, for the same reason."""

MAX_LINES: Final = 100_000
"""The most lines of one stream: the longest completion that can be asked for (4096 tokens, two lines each)
twelve times over. It bounds the work that a flood of empty lines can cause."""

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"

EventT = TypeVar("EventT")


class DecodeError(Exception):
    """The bytes are not what the format allows. The message is one line without any of their text."""


@dataclass(frozen=True, slots=True)
class SseEvent:
    """One server-sent event: its data lines joined by ``\\n``, and its type, empty when it has none."""

    data: str
    event: str = ""


class _Lines:
    """Cuts a stream of bytes into lines without their endings."""

    def __init__(self) -> None:
        self._partial = bytearray()
        self._count = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Give the lines that ``data`` completes; raises ``DecodeError`` in front of one that is too long."""
        pieces = data.split(b"\n")
        for piece in pieces[:-1]:
            self._partial += piece
            yield self._take()
        self._partial += pieces[-1]
        if len(self._partial) > MAX_LINE_BYTES:
            raise DecodeError(f"a line is longer than {MAX_LINE_BYTES} bytes")

    def finish(self) -> Iterator[bytes]:
        """Give the last line if it has no ending."""
        if self._partial:
            yield self._take()

    def _take(self) -> bytes:
        line = bytes(self._partial)
        self._partial.clear()
        self._count += 1
        if len(line) > MAX_LINE_BYTES:
            raise DecodeError(f"a line is longer than {MAX_LINE_BYTES} bytes")
        if self._count > MAX_LINES:
            raise DecodeError(f"more than {MAX_LINES} lines")
        if self._count == 1:
            line = line.removeprefix(_BYTE_ORDER_MARK)
        return line.removesuffix(b"\r")


class _Decoder(ABC, Generic[EventT]):
    """What both formats share: an error is kept back until the events before it have been given."""

    def __init__(self) -> None:
        self._lines = _Lines()
        self._error: DecodeError | None = None

    def feed(self, data: bytes) -> list[EventT]:
        """Return the events that ``data`` completes.

        Raises:
            DecodeError: The format is broken. Events in front of the fault are returned first; the error
                comes with the next call, and with every call after it.
        """
        return self._run(self._lines.feed(data), last=False)

    def finish(self) -> list[EventT]:
        """Return what the end of the stream completes. Raises ``DecodeError`` as ``feed`` does."""
        return self._run(self._lines.finish(), last=True)

    def _run(self, lines: Iterator[bytes], *, last: bool) -> list[EventT]:
        if self._error is not None:
            raise self._error
        events: list[EventT] = []
        try:
            for line in lines:
                events.extend(self._line(line))
            if last:
                events.extend(self._end())
        except DecodeError as error:
            self._error = error
            if not events:
                raise
        return events

    @abstractmethod
    def _line(self, line: bytes) -> Iterator[EventT]:
        """Give the events that a line completes."""

    def _end(self) -> Iterator[EventT]:
        """Give the event that the end of the stream completes."""
        return iter(())


class SseDecoder(_Decoder[SseEvent]):
    """Decodes ``text/event-stream`` (the WHATWG HTML standard's "Server-sent events").

    Two deviations, both for real servers: an event whose closing blank line is missing at the end of the
    stream is given all the same, and a field named ``error``, which older llama.cpp servers send, makes an
    event of that type.
    """

    def __init__(self) -> None:
        super().__init__()
        self._data: list[str] = []
        self._size_bytes = 0
        self._type = ""

    def _line(self, line: bytes) -> Iterator[SseEvent]:
        if not line:
            yield from self._end()
            return
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name in {b"data", b"error"}:
            self._size_bytes += len(value)
            if self._size_bytes > MAX_EVENT_BYTES:
                raise DecodeError(f"an event is longer than {MAX_EVENT_BYTES} bytes")
            self._data.append(value.decode("utf-8", "replace"))
        if name == b"error":
            self._type = "error"
        elif name == b"event":
            self._type = value.decode("utf-8", "replace")

    def _end(self) -> Iterator[SseEvent]:
        event = SseEvent("\n".join(self._data), self._type) if self._data else None
        self._data, self._size_bytes, self._type = [], 0, ""
        if event is not None:
            yield event


class NdjsonDecoder(_Decoder[dict[str, Any]]):
    """Decodes newline-delimited JSON whose lines are objects. Blank lines mean nothing."""

    def _line(self, line: bytes) -> Iterator[dict[str, Any]]:
        if line.strip():
            yield json_object(line.decode("utf-8", "replace"))


def json_object(text: str) -> dict[str, Any]:
    """Return the JSON object in ``text``; raises ``DecodeError`` for anything else."""
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        # RecursionError: the standard parser follows nested brackets with the interpreter's own stack.
        raise DecodeError("not JSON where JSON is due") from None
    if not isinstance(value, dict):
        raise DecodeError("JSON of another kind where an object is due")
    return value


def well_formed(text: str) -> str:
    """Return the text with lone surrogates replaced: an editor can send them, but no encoding can carry them.

    Pairs of surrogates become the character they stand for.
    """
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
