"""The standard streams, read and written by two daemon threads so that the event loop never waits for a pipe.

Threads work for pipes, files and terminals on every system, and being daemons they are left behind at the
end, in whatever call they hang.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import queue
import sys
import threading
from collections.abc import Callable
from typing import Final

from lsp_server.lsp.application import Application
from lsp_server.lsp.framing import frame
from lsp_server.lsp.lifetime import Ending, ending_on_signals
from lsp_server.lsp.server import Server

logger = logging.getLogger(__name__)

READ_BYTES: Final = 1 << 16
"""The size of a pipe's buffer on Linux: one read empties it."""
MAX_UNREAD: Final = 16
"""Reads handed to the loop and not yet handled, after which the reader waits: 1 MiB."""
MAX_PENDING_BYTES: Final = 64 << 20
"""Output that a client has not read. One that is this far behind will not come back."""
DRAIN_SECONDS: Final = 0.5
"""How long the last messages may take to be written."""
STATUS_OVERFLOW: Final = 3
"""Exit status when a client stopped reading and ``MAX_PENDING_BYTES`` were waiting for it."""


class PipeReader:
    """Reads a file descriptor in a thread and hands what comes to the event loop.

    ``on_data`` gets each piece; ``on_end`` is called once, at the end of the stream or when reading fails.
    """

    def __init__(self, descriptor: int, on_data: Callable[[bytes], None], on_end: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._on_data = on_data
        self._on_end = on_end
        self._loop = asyncio.get_running_loop()
        self._room = threading.Semaphore(MAX_UNREAD)
        threading.Thread(target=self._read, name="lsp-reader", daemon=True).start()

    def _read(self) -> None:
        # The loop may be closed when a read returns: then nobody is there to be told.
        with contextlib.suppress(RuntimeError):
            while data := self._read_some():
                self._room.acquire()
                self._loop.call_soon_threadsafe(self._take, data)
            self._loop.call_soon_threadsafe(self._on_end)

    def _read_some(self) -> bytes:
        try:
            return os.read(self._descriptor, READ_BYTES)
        except OSError:
            return b""

    def _take(self, data: bytes) -> None:
        self._room.release()
        self._on_data(data)


class PipeOutbox:
    """Writes messages to a file descriptor in a thread.

    ``on_broken`` is called when writing fails, ``on_overflow`` when more than ``max_pending_bytes`` wait;
    after either nothing more is written.
    """

    def __init__(
        self,
        descriptor: int,
        on_broken: Callable[[], None],
        on_overflow: Callable[[], None],
        max_pending_bytes: int = MAX_PENDING_BYTES,
    ) -> None:
        self._descriptor = descriptor
        self._on_broken = on_broken
        self._on_overflow = on_overflow
        self._max_pending_bytes = max_pending_bytes
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._pending_bytes = 0
        self._is_open = True
        self._thread = threading.Thread(target=self._write_all, name="lsp-writer", daemon=True)
        self._thread.start()

    def send(self, body: bytes) -> None:
        """Write ``body`` as one message, after those before it. Returns at once."""
        if not self._is_open:
            return
        data = frame(body)
        with self._lock:
            self._pending_bytes += len(data)
            overflow = self._pending_bytes > self._max_pending_bytes
        if overflow:
            self._is_open = False
            self._on_overflow()
        else:
            self._queue.put(data)

    def drain(self, seconds: float = DRAIN_SECONDS) -> None:
        """Wait until everything is written, ``seconds`` at most, and write nothing more."""
        self._is_open = False
        self._queue.put(None)
        self._thread.join(seconds)

    def _write_all(self) -> None:
        try:
            while (data := self._queue.get()) is not None:
                rest = memoryview(data)
                while rest:
                    rest = rest[os.write(self._descriptor, rest) :]
                with self._lock:
                    self._pending_bytes -= len(data)
        except OSError:
            self._is_open = False
            with contextlib.suppress(RuntimeError):  # The loop may be closed.
                self._loop.call_soon_threadsafe(self._on_broken)


async def serve_stdio(application: Application) -> int:
    """Serve one client over this process's standard streams and return the exit status.

    Within, file descriptor 1 leads to stderr and 0 to nothing, so that no library and no child process can
    write into the protocol or keep the client's pipe open.
    """
    end = Ending()
    source, sink = _claim_streams()
    outbox = PipeOutbox(
        sink, on_broken=lambda: end(server.leaving_status), on_overflow=lambda: end(STATUS_OVERFLOW)
    )
    server = Server(application, outbox.send, end)
    with ending_on_signals(end):
        PipeReader(source, server.receive, server.end_of_stream)
        status = await end.wait()
        logger.info("Leaving with status %s", status)
        await server.close()
    outbox.drain(0 if status == STATUS_OVERFLOW else DRAIN_SECONDS)
    return status


def _claim_streams() -> tuple[int, int]:
    """Return our own descriptors of stdin and stdout, in binary mode."""
    source, sink = os.dup(0), os.dup(1)
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(source, os.O_BINARY)
        msvcrt.setmode(sink, os.O_BINARY)
    else:
        os.set_blocking(source, True)
        os.set_blocking(sink, True)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    with contextlib.suppress(OSError):  # Stderr may be closed.
        os.dup2(2, 1)
    return source, sink
