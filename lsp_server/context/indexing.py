"""The server's side of the workspace index: starts the worker, feeds it, watches it, opens what it wrote."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lsp_server.context.folder import culprit
from lsp_server.context.model import Index
from lsp_server.context.schema import database_path
from lsp_server.context.store import StoredIndex

logger = logging.getLogger(__name__)

MODULE: Final = "lsp_server.context.worker"
PAUSE_S: Final = 0.5
"""After an edit, before the file is read again: shorter pauses are part of typing."""
HANG_S: Final = 10.0
"""Without a sign of life, a worker that has work hangs: the slowest file takes two seconds."""
END_S: Final = 1.0
"""For a worker whose input has ended: it ends at once unless a grammar holds it. To kill one that has ended
already would confuse asyncio's account of its children."""
MOST_CRASHES: Final = 3
"""Ends of the worker in a row, after which the index is left as it is."""
MOST_PATHS: Final = 500
"""Of more changed files than that at once, the whole folder is looked through instead."""
LONGEST_LINE: Final = 64 * 1024
"""Bytes of an event."""
_EVERYTHING: Final = frozenset({""})
"""Among changed paths, for all that there are: no file has this one."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the index of a folder is: ``files`` of ``total`` are up to date."""

    folder: str
    files: int
    total: int


class WorkspaceIndex:
    """The indexes of the workspace's folders. All methods belong to the event loop and return at once.

    ``cache`` is our folder for what can be made anew. ``on_progress`` is told five times a second at most
    while a folder is read, and with ``files == total`` at its end. ``command`` is the worker's command line.
    """

    def __init__(
        self,
        cache: Path,
        on_progress: Callable[[Progress], None] | None = None,
        command: Sequence[str] = (sys.executable, "-P", "-m", MODULE),
        hang_s: float = HANG_S,
    ) -> None:
        self._cache = cache
        self._on_progress = on_progress
        self._command = command
        self._hang_s = hang_s
        self._folders: dict[str, Path] = {}
        self._exclude: tuple[str, ...] = ()
        self._skip: dict[str, set[str]] = {}
        self._open: dict[str, StoredIndex] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._pause: asyncio.TimerHandle | None = None
        self._paths: dict[str, set[str]] = {}
        self._edits: dict[tuple[str, str], str] = {}
        self._waiting = 0
        self._due = False
        self._crashes = 0
        self._said: set[str] = set()
        self._closed = False

    def start(self, folders: Sequence[str], exclude: Sequence[str]) -> None:
        """Index ``folders`` (native paths) but for what the patterns ``exclude``. Called again, it replaces
        both.
        """
        wanted = {os.path.normpath(folder): database_path(self._cache, folder) for folder in folders}
        if self._closed or (wanted == self._folders and tuple(exclude) == self._exclude and self._keeper):
            return
        self._folders, self._exclude = wanted, tuple(exclude)
        for folder in self._open.keys() - wanted.keys():
            self._open.pop(folder).close()
        if self._keeper is None or self._keeper.done():
            self._crashes = 0
            self._keeper = asyncio.ensure_future(self._keep())
        else:
            self._order_all()

    def index_for(self, path: str) -> Index | None:
        """The index of the folder that the file at ``path`` is in, or None while there is none."""
        place = self._place(path)
        return self._open.get(place[0]) if place else None

    def changed(self, paths: Iterable[str]) -> None:
        """Read files again (native paths; new, changed or gone) when none has changed for half a second."""
        for path in paths:
            place = self._place(path)
            if place:
                self._paths.setdefault(place[0], set()).add(place[1])
                self._edits.pop(place, None)
        self._flush_in(PAUSE_S)

    def saved(self, path: str) -> None:
        """Read a file again now."""
        self.changed([path])
        self._flush_in(0.0)

    def edited(self, path: str, text: str) -> None:
        """Take the text of a file that is open and not saved, when nothing was edited for half a second."""
        place = self._place(path)
        if place:
            self._edits[place] = text
            self._flush_in(PAUSE_S)

    def rescan(self) -> None:
        """Look through the folders again: a branch was switched, or many files have changed at once."""
        for folder in self._folders:
            self._paths.setdefault(folder, set()).update(_EVERYTHING)
        self._flush_in(PAUSE_S)

    async def close(self) -> None:
        """End the worker and close the databases."""
        self._closed = True
        for handle in (self._alarm, self._pause):
            if handle is not None:
                handle.cancel()
        self._kill()
        if self._keeper is not None:
            await asyncio.wait([self._keeper])
        for index in self._open.values():
            index.close()
        self._open.clear()

    # The worker's life.

    async def _keep(self) -> None:
        """Keep a worker running until ``close``, or until it has ended too often."""
        while not self._closed and self._crashes < MOST_CRASHES:
            try:
                process = await self._spawn()
            except OSError as error:
                self._say(f"The workspace index has no worker: {error.strerror}")
                return
            try:
                # It may have been closed while the process was started, when there was none to end.
                if not self._closed:
                    self._process = process
                    self._waiting = 0
                    self._order_all()
                    await self._listen(process)
            finally:
                self._process = None
                await _ended(process)
            if not self._closed:
                self._crashes += 1
                self._blame()
        if not self._closed:
            self._say(f"The workspace index is left as it is: its worker ended {MOST_CRASHES} times in a row")

    async def _spawn(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # The editor's own folder may belong to others.
            cwd=Path(sys.executable).parent,
            limit=LONGEST_LINE,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:
                continue
            if not line:
                return
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict) and not self._closed:
                await self._take(event)

    async def _take(self, event: Mapping[str, Any]) -> None:
        match event.get("event"):
            case "busy":
                self._waiting += 1
            case "done":
                self._waiting = max(0, self._waiting - 1)
                self._crashes = 0
                if self._due:
                    self._flush()
            case "ready":
                await self._reopen(str(event.get("folder")))
            case "progress" if self._on_progress is not None:
                self._on_progress(Progress(str(event["folder"]), int(event["files"]), int(event["total"])))
            case "problem":
                self._say(f"Workspace index: {event.get('text')}")
        self._watch()

    async def _reopen(self, folder: str) -> None:
        database = self._folders.get(folder)
        if database is None:
            return
        try:
            opened = await asyncio.to_thread(StoredIndex, database)
        except sqlite3.Error as error:
            self._say(f"The workspace index cannot be opened: {error}")
            return
        former = self._open.pop(folder, None)
        if former is not None:
            former.close()
        if self._closed or folder not in self._folders:
            opened.close()
        else:
            self._open[folder] = opened

    def _watch(self) -> None:
        """End the worker if it has work and gives no sign of life for ``hang_s``."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._waiting and not self._closed:
            self._alarm = asyncio.get_running_loop().call_later(self._hang_s, self._kill)

    def _kill(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()

    def _blame(self) -> None:
        """Let the next worker pass over what the last one was reading."""
        if self._alarm is not None:
            self._alarm.cancel()
        for folder, database in self._folders.items():
            path = culprit(database)
            if path and path not in self._skip.setdefault(folder, set()):
                self._skip[folder].add(path)
                self._say(f"Workspace index: {path} ended its worker and is left out")

    # What it is told.

    def _order_all(self) -> None:
        skip = {folder: sorted(paths) for folder, paths in self._skip.items()}
        folders = {folder: str(database) for folder, database in self._folders.items()}
        self._send({"do": "index", "folders": folders, "exclude": self._exclude, "skip": skip})

    def _flush_in(self, seconds: float) -> None:
        if self._pause is not None:
            self._pause.cancel()
        if not self._closed:
            self._pause = asyncio.get_running_loop().call_later(seconds, self._flush)

    def _flush(self) -> None:
        """Send what has changed, if the worker is free; else it is sent when it is."""
        self._due = True
        if self._process is None or self._waiting:
            return
        self._due = False
        for folder, paths in self._paths.items():
            if len(paths) > MOST_PATHS or paths >= _EVERYTHING:
                self._send({"do": "scan", "folder": folder})
            else:
                self._send({"do": "read", "folder": folder, "paths": sorted(paths)})
        for (folder, path), text in self._edits.items():
            self._send({"do": "edit", "folder": folder, "path": path, "text": text})
        self._paths.clear()
        self._edits.clear()

    def _send(self, command: Mapping[str, object]) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(json.dumps(command).encode("ascii") + b"\n")
            self._waiting += 1
            self._watch()

    def _place(self, path: str) -> tuple[str, str] | None:
        """The innermost folder that has ``path``, and the path in it with ``/``."""
        full = os.path.normpath(path)
        holders = [folder for folder in self._folders if full.startswith(folder.rstrip(os.sep) + os.sep)]
        if not holders:
            return None
        folder = max(holders, key=len)
        return folder, full[len(folder.rstrip(os.sep)) + 1 :].replace(os.sep, "/")

    def _say(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            logger.warning("%s", text)


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Make sure that a process has ended and nothing of it is left."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    try:
        async with asyncio.timeout(END_S):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    with suppress(OSError):
        await process.stdin.wait_closed()
    await process.stdout.read()
