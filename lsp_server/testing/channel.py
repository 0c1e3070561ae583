"""Ways from a fake editor to a server: in this process's memory, or to a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from lsp_server.lsp.application import Application
from lsp_server.lsp.framing import Framer, FramingError, frame
from lsp_server.lsp.server import Server


class Channel(Protocol):
    """A connection to one server. ``on_body`` gets the body of each message it sends.

    ``problems`` are what went wrong without anybody being told.
    """

    problems: list[str]

    async def open(self, on_body: Callable[[bytes], None]) -> None:
        """Start the server."""
        ...

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        ...

    def end_input(self) -> None:
        """End the stream to the server."""
        ...

    async def exit_status(self) -> int:
        """Wait until the server has ended and return its exit status."""
        ...

    async def close(self) -> None:
        """End the server, whatever it does."""
        ...


class MemoryChannel:
    """A server in this event loop."""

    def __init__(self, application: Application) -> None:
        self.problems: list[str] = []
        self._application = application
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._server: Server | None = None

    @property
    def server(self) -> Server:
        """The server, once the channel is open."""
        assert self._server is not None, "the channel is not open"
        return self._server

    async def open(self, on_body: Callable[[bytes], None]) -> None:
        """Make the server. Its messages arrive one turn of the loop later, as if over a wire."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._note_problem)

        def write(body: bytes) -> None:
            loop.call_soon(on_body, body)

        self._server = Server(self._application, write, self._end)

    def send(self, data: bytes) -> None:
        """Hand bytes to the server at once."""
        self.server.receive(data)

    def end_input(self) -> None:
        """Tell the server that the stream has ended."""
        self.server.end_of_stream()

    async def exit_status(self) -> int:
        """The status the server asked to end with."""
        return await asyncio.shield(self._ended)

    async def close(self) -> None:
        """Close the server."""
        await self.server.close()
        asyncio.get_running_loop().set_exception_handler(None)

    def _note_problem(self, _loop: object, context: Mapping[str, Any]) -> None:
        """Failures of tasks and callbacks that nobody awaits."""
        self.problems.append(f"{context['message']}: {context.get('exception')!r}")

    def _end(self, status: int) -> None:
        if not self._ended.done():
            self._ended.set_result(status)


class ProcessChannel:
    """A server in a process of its own, over its standard streams. ``stderr`` keeps what it prints there."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str] | None = None) -> None:
        self.problems: list[str] = []
        self._command = command
        self._environ = environ
        self._process: asyncio.subprocess.Process | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.stderr = bytearray()

    @property
    def process(self) -> asyncio.subprocess.Process:
        """The process, once the channel is open."""
        assert self._process is not None, "the channel is not open"
        return self._process

    async def open(self, on_body: Callable[[bytes], None]) -> None:
        """Start the process."""
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=pipe, stdout=pipe, stderr=pipe, env=self._environ
        )
        self._tasks = [
            asyncio.ensure_future(self._read_messages(on_body)),
            asyncio.ensure_future(self._read_stderr()),
        ]

    def send(self, data: bytes) -> None:
        """Write bytes to the process's stdin."""
        assert self.process.stdin is not None
        self.process.stdin.write(data)

    def end_input(self) -> None:
        """Close the process's stdin."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    async def exit_status(self) -> int:
        """The status the process ended with; negative if a signal killed it."""
        status = await self.process.wait()
        await asyncio.wait(self._tasks)
        return status

    async def close(self) -> None:
        """Kill the process if it still runs."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.exit_status()

    async def _read_messages(self, on_body: Callable[[bytes], None]) -> None:
        framer = Framer()
        assert self.process.stdout is not None
        while data := await self.process.stdout.read(1 << 16):
            for event in framer.feed(data):
                if isinstance(event, FramingError):
                    self.problems.append(f"a broken stream: {event.reason}")
                else:
                    on_body(event)

    async def _read_stderr(self) -> None:
        assert self.process.stderr is not None
        while data := await self.process.stderr.read(1 << 16):
            self.stderr += data


def to_wire(body: bytes) -> bytes:
    """Return ``body`` with its headers."""
    return frame(body)
