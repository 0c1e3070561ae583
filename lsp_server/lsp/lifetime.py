"""How long the server lives: until its client leaves, dies, or someone tells it to go."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

from lsp_server.lsp.logging_setup import report_loop_problem

POLL_SECONDS: Final = 1.0
"""How often the client's process is looked at. Gone within 2 seconds of it is the promise."""
SIGNALS: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)
)
_SIGNALLED: Final = 128
"""Added to a signal's number, it is the exit status that shells know."""


class Ending:
    """The exit status of the process. The first call decides it."""

    def __init__(self) -> None:
        self._status: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def __call__(self, status: int) -> None:
        """End with ``status``, unless the end has come already."""
        if not self._status.done():
            self._status.set_result(status)

    @property
    def has_come(self) -> bool:
        """Whether the end has come."""
        return self._status.done()

    async def wait(self) -> int:
        """Return the status once the end has come."""
        return await asyncio.shield(self._status)


def run(main: Coroutine[Any, Any, int]) -> int:
    """Run ``main`` on an event loop of its own and return its result.

    ``asyncio.run`` would wait for the threads of the loop's executor; this leaves them behind.
    """
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(report_loop_problem)
    try:
        return loop.run_until_complete(main)
    finally:
        _cancel_tasks(loop)
        loop.close()


def _cancel_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel what still runs and let it see that, once round the loop; nobody is waited for."""
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))


@contextmanager
def ending_on_signals(end: Callable[[int], None]) -> Iterator[None]:
    """Within, a signal to go calls ``end`` with 128 + its number. Only the main thread can set this up."""
    loop = asyncio.get_running_loop()

    def leave(number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(end, _SIGNALLED + number)

    old = {number: signal.signal(number, leave) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


async def watch_process(
    process_id: int, gone: Callable[[], None], poll_seconds: float = POLL_SECONDS
) -> None:
    """Call ``gone`` once the process has ended."""
    is_parent = os.getppid() == process_id
    while is_alive(process_id) and (not is_parent or os.getppid() == process_id):  # noqa: ASYNC110 - processes send no event
        await asyncio.sleep(poll_seconds)
    gone()


if sys.platform == "win32":

    def is_alive(process_id: int) -> bool:
        """Whether a process with this positive number exists."""
        import ctypes

        synchronize, timed_out = 0x0010_0000, 0x102  # Names and values from the Windows SDK.
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.OpenProcess.restype = ctypes.c_void_p
        kernel.WaitForSingleObject.argtypes = (ctypes.c_void_p, ctypes.c_uint32)
        kernel.CloseHandle.argtypes = (ctypes.c_void_p,)
        handle = kernel.OpenProcess(synchronize, False, process_id)
        if not handle:
            denied = 5
            return ctypes.get_last_error() == denied
        try:
            return bool(kernel.WaitForSingleObject(handle, 0) == timed_out)
        finally:
            kernel.CloseHandle(handle)

else:

    def is_alive(process_id: int) -> bool:
        """Whether a process with this positive number exists."""
        try:
            os.kill(process_id, 0)
        except (ProcessLookupError, OverflowError):
            return False
        except PermissionError:
            return True
        return True
