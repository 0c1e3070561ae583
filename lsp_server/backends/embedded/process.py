"""The engine's process: started, watched, ended."""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from lsp_server.backends.embedded.child import HOST, Order, Report, report_from, to_line

MODULE: Final = "lsp_server.backends.embedded.child"

SPIN_COUNT: Final = "1000"
"""How often a thread of libgomp looks for work before it sleeps (GOMP_SPINCOUNT in the libgomp manual). Its
own 300,000 burn the cores that others need. Measured with the 0.5B model on two cores, tokens a second when
it was alone and beside three busy loops: 0 gives 24 and 12, 1,000 gives 40 and 11, 10,000 gives 37 and 10,
but at times less than 2."""

KEY_BYTES: Final = 32
REASON_CHARS: Final = 200


class EngineFailed(Exception):
    """The engine did not start. ``str(error)`` is a phrase for people."""


class EngineProcess:
    """An engine that has loaded its model and listens on ``port`` for those who know ``key``."""

    def __init__(self, process: asyncio.subprocess.Process, port: int, key: str) -> None:
        self._process = process
        self.port = port
        self.key = key

    @classmethod
    async def start(cls, model: Path, *, context_tokens: int, threads: int, load_s: float) -> EngineProcess:
        """Return a new engine with ``model``, once it is loaded.

        Raises:
            EngineFailed: It ended, or was not ready within ``load_s`` seconds. No process is left behind,
            also
                when the caller is cancelled.
        """
        key = secrets.token_urlsafe(KEY_BYTES)
        order = Order(str(model), key, context_tokens, threads)
        with tempfile.TemporaryFile() as log:
            process = await _spawn(model.parent, log)
            try:
                async with asyncio.timeout(load_s):
                    port = await _load(process, order, log)
            except BaseException as error:
                await _end(process)
                if isinstance(error, TimeoutError):
                    raise EngineFailed(f"it was not ready within {load_s:g} s") from None
                raise
        return cls(process, port, key)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self.port}"

    @property
    def pid(self) -> int:
        """The process identifier."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process runs, as far as is known."""
        return self._process.returncode is None

    async def died(self, within_s: float) -> bool:
        """Whether the process has ended, or does so within ``within_s`` seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._process.wait()
        return not self.alive

    async def close(self) -> None:
        """End the process, whatever it does. It holds nothing that would be lost."""
        await _end(self._process)


def command() -> list[str]:
    """The child's command line. ``-P`` keeps Python from importing what lies in the current folder."""
    return [sys.executable, "-P", "-m", MODULE]


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The child's environment: libgomp reads it when it is loaded, so it must be set from outside. What the
    user chose for OpenMP stays.
    """
    chosen = {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"} & set(environ)
    return {**environ, **({} if chosen else {"GOMP_SPINCOUNT": SPIN_COUNT})}


async def _spawn(folder: Path, log: IO[bytes]) -> asyncio.subprocess.Process:
    """Start the child in ``folder``: the editor's own folder may belong to others."""
    try:
        return await asyncio.create_subprocess_exec(
            *command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=folder,
            env=environment(os.environ),
            # On Windows a console program would otherwise open a window.
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError as error:
        raise EngineFailed(f"its process cannot be started ({error.strerror})") from error


async def _load(process: asyncio.subprocess.Process, order: Order, log: IO[bytes]) -> int:
    """Return the port of the engine once its model is loaded. Raises ``EngineFailed``."""
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(OSError):
        process.stdin.write(to_line(order))
        await process.stdin.drain()
    line = await process.stdout.readline()
    report = report_from(line) if line else Report(error=f"its process ended ({await process.wait()})")
    if not report.port:
        raise EngineFailed(_reason(report.error, log))
    return report.port


async def _end(process: asyncio.subprocess.Process) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(ProcessLookupError):
        process.kill()
    process.stdin.close()
    with suppress(OSError):
        await process.stdin.wait_closed()
    await process.stdout.read()
    await process.wait()


def _reason(error: str, log: IO[bytes]) -> str:
    """What went wrong: the child's words and the last error that llama.cpp logged while it loaded."""
    log.seek(0)
    lines = [" ".join(line.split()) for line in log.read().decode("utf-8", "replace").splitlines()]
    logged = next((line for line in reversed(lines) if line and not line.startswith("Traceback")), "")
    words = f"{error} ({logged})" if logged else error
    return words if len(words) <= REASON_CHARS else f"{words[:REASON_CHARS]}..."
