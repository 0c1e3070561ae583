"""Only the newest request of a stream runs; the older ones are told so and end.

Helix never cancels and Neovim 0.12 does so late, so the server has to do it by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

from lsp_server.types import Answer, Gate

SUPERSEDED: Final = Gate("superseded", "a newer request for the same document took its place")
CLOSED: Final = Gate("closed", "the document was closed")


class Streams:
    """The running request of each stream (an editor's document and method)."""

    def __init__(self) -> None:
        self._running: dict[str, asyncio.Task[Answer]] = {}
        self._ended_by: dict[asyncio.Task[Answer], Gate] = {}

    async def run(self, stream: str, work: Coroutine[Any, Any, Answer]) -> Answer:
        """Run ``work`` as the newest request of ``stream``, ending the one before.

        A request ended so answers with the gate ``superseded`` or ``closed``; cancelling the caller cancels
        ``work`` and raises ``asyncio.CancelledError``. In every case ``work`` has ended when this returns.
        """
        self._end(stream, SUPERSEDED)
        task = asyncio.ensure_future(work)
        self._running[stream] = task
        try:
            return await task
        except asyncio.CancelledError:
            gate = self._ended_by.get(task)
            if gate is None:
                await _finish(task)
                raise
            return Answer(gate=gate)
        finally:
            self._ended_by.pop(task, None)
            if self._running.get(stream) is task:
                del self._running[stream]

    def close(self, prefix: str) -> None:
        """End the running requests of all streams whose name begins with ``prefix``."""
        for stream in [name for name in self._running if name.startswith(prefix)]:
            self._end(stream, CLOSED)

    def _end(self, stream: str, gate: Gate) -> None:
        task = self._running.pop(stream, None)
        if task is not None and not task.done():
            self._ended_by[task] = gate
            task.cancel()


async def _finish(task: asyncio.Task[Answer]) -> None:
    """Cancel ``task`` and wait until its clean-up (closing the backend's connection) is done."""
    task.cancel()
    await asyncio.wait([task])
