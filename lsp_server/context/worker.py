"""The program that reads the workspace: ``python -P -m lsp_server.context.worker``.

Commands come as JSON lines on standard input: ``index`` (folders with their databases, patterns, files to
skip), ``read`` and ``edit`` (files that changed), ``scan`` (a folder), ``stop``. Events go out as JSON lines
on standard output: ``ready`` (a database can be opened), ``progress``, ``alive``, ``problem``, and ``done``
after each command; work of its own begins with ``busy`` and ends with ``done``. When standard input ends, so
does the program, whatever it does: each file is replaced in one transaction.

It is a process of its own because a grammar can crash or hang, and because it would hold Python's lock.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from lsp_server.context.folder import FolderIndex
from lsp_server.context.schema import drop_unused
from lsp_server.policy.paths import PathRules

POLL_S: Final = 2.0
"""How often git's checkout is looked at: a branch is looked around in for longer before anything is typed."""
QUIET_S: Final = 5.0
"""A pause after which the index is tidied, which holds up the next command by a second at most."""
EVENT_S: Final = 0.2
"""The shortest time between two events of progress."""
NICENESS: Final = 10
"""Whatever the user runs goes first."""
MOST_MEMORY_BYTES: Final = 3 * 1024**3
"""Of address space, where the system keeps such limits: a grammar that runs wild ends here and not with the
machine. The largest index takes some 0.6 GB."""

_STOP: Final = "stop"


class Worker:
    """Takes commands, one after the other."""

    def __init__(self, output: int) -> None:
        self._output = output
        self._folders: dict[str, FolderIndex] = {}
        self._told: set[str] = set()
        self._told_s = 0.0

    def run(self, commands: queue.SimpleQueue[dict[str, Any]]) -> None:
        """Do what is asked until ``stop``."""
        untidy, since = False, time.monotonic()
        while True:
            try:
                command = commands.get(timeout=POLL_S)
            except queue.Empty:
                moved = [folder for folder in self._folders.values() if folder.is_elsewhere()]
                if moved:
                    self._unasked(FolderIndex.scan, moved)
                    untidy, since = True, time.monotonic()
                elif untidy and time.monotonic() - since > QUIET_S:
                    untidy = self._unasked(FolderIndex.tidy, self._folders.values())
                continue
            if command.get("do") == _STOP:
                return
            self._do(command)
            self.tell("done", {})
            untidy, since = True, time.monotonic()

    def tell(self, event: str, values: dict[str, object]) -> None:
        """Send an event; progress not too often, problems once."""
        now = time.monotonic()
        if event in {"progress", "alive"}:
            if now - self._told_s < EVENT_S and values.get("files") != values.get("total", -1):
                return
            self._told_s = now
        if event == "problem":
            text = str(values["text"])
            if text in self._told:
                return
            self._told.add(text)
        data = json.dumps({"event": event, **values}).encode("ascii") + b"\n"
        while data:
            data = data[os.write(self._output, data) :]

    def close(self) -> None:
        """Close the databases."""
        for folder in self._folders.values():
            folder.close()

    def _unasked(self, work: Callable[[FolderIndex], object], folders: Iterable[FolderIndex]) -> bool:
        """Do some work of our own; whether it says of a folder that there is more."""
        self.tell("busy", {})
        more = False
        try:
            for folder in folders:
                more = bool(work(folder)) or more
        except Exception as error:  # noqa: BLE001 - the next command may fare better
            self.tell("problem", {"text": f"{type(error).__name__}: {error}"})
        self.tell("done", {})
        return more

    def _do(self, command: dict[str, Any]) -> None:
        try:
            match command.get("do"):
                case "index":
                    self._index(command)
                case "scan":
                    self._folders[command["folder"]].scan()
                case "read":
                    self._folders[command["folder"]].read(command["paths"])
                case "edit":
                    self._folders[command["folder"]].edit(command["path"], command["text"])
        except Exception as error:  # noqa: BLE001 - as above
            self.tell("problem", {"text": f"{type(error).__name__}: {error}"})

    def _index(self, command: dict[str, Any]) -> None:
        self.close()
        rules = PathRules(command.get("exclude", ()))
        skip = command.get("skip", {})
        self._folders = {
            name: FolderIndex(Path(name), Path(database), rules, self.tell, skip.get(name, ()))
            for name, database in command["folders"].items()
        }
        for folder in self._folders.values():
            folder.scan()
        for place in {Path(database).parent for database in command["folders"].values()}:
            drop_unused(place, time.time())


def main() -> int:
    """Work until standard input ends or ``stop`` comes."""
    # An interrupt from the terminal is for the parent, which then ends this program.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _give_way()
    output = os.dup(1)
    os.dup2(2, 1)
    commands: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(commands,), daemon=True).start()
    worker = Worker(output)
    try:
        worker.run(commands)
        worker.close()
    except BrokenPipeError:
        return 1
    return 0


def _listen(commands: queue.SimpleQueue[dict[str, Any]]) -> None:
    for line in sys.stdin.buffer:
        try:
            command = json.loads(line)
        except ValueError:
            continue
        if isinstance(command, dict):
            commands.put(command)
    os._exit(0)


def _give_way() -> None:
    if sys.platform == "win32":
        import ctypes

        below_normal = 0x4000  # BELOW_NORMAL_PRIORITY_CLASS of the Windows SDK.
        ctypes.windll.kernel32.SetPriorityClass(ctypes.windll.kernel32.GetCurrentProcess(), below_normal)
        return
    os.nice(NICENESS)
    if sys.platform == "linux":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        most = MOST_MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(hard, MOST_MEMORY_BYTES)
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))


if __name__ == "__main__":
    sys.exit(main())
