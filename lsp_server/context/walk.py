"""Which files of a workspace folder are read: found without opening any but its ignore files."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lsp_server.context.languages import language_of
from lsp_server.policy.ignores import Level, level_of
from lsp_server.policy.paths import PathRules
from lsp_server.policy.reading import LARGEST_BYTES, FolderIgnores, read_folder

MOST_FILES: Final = 200_000
"""More than the largest open repositories have source files (Linux: 60,000, Chromium: 200,000)."""
LONGEST_PATH: Final = 400
"""Characters of a path inside the folder, with which the time for matching patterns grows."""
LONGEST_WALK_S: Final = 120.0
"""A folder that takes longer has patterns or a disk that will not let it come to an end."""
DEEPEST: Final = 40
"""Folders within folders: the deepest real ones are Java's packages with some 15."""

SKIPPED: Final = frozenset(
    """node_modules bower_components jspm_packages venv env virtualenv site-packages __pycache__ target dist
    build out bin obj vendor third_party Pods DerivedData coverage htmlcov bazel-bin bazel-out
    cmake-build-debug cmake-build-release _build deps elm-stuff .git""".split()  # noqa: SIM905 - a list of them would be a page long
)
"""Folders of what was installed or made. Hidden folders are skipped too."""
_GENERATED: Final = (".min.js", ".min.css", ".bundle.js", "-lock.json", ".lock", "_pb2.py", ".pb.go")


@dataclass(frozen=True, slots=True)
class Found:
    """A file to read: its path in the folder with ``/``, its language, and what tells its versions apart."""

    path: str
    language: str
    mtime_ns: int
    size: int


@dataclass(slots=True)
class Walk:
    """A walk of one folder. ``cut`` says afterwards why it was not finished, if it was not.

    The folder's own ignore files are read once. ``alive`` is called now and then; ``now_s`` is a clock in
    seconds.
    """

    folder: Path
    rules: PathRules
    most_files: int = MOST_FILES
    alive: Callable[[], None] = lambda: None
    now_s: Callable[[], float] = time.monotonic
    cut: str = ""
    _taken: int = field(default=0)
    _top: Level | None = None

    def files(self) -> Iterator[Found]:
        """The files, folder by folder, each folder's in the order of their names."""
        deadline = self.now_s() + LONGEST_WALK_S
        stack: list[tuple[str, Level, str]] = [("", self._outermost(), "")]
        while stack:
            if self.now_s() > deadline:
                self.cut = f"listing it took over {LONGEST_WALK_S:.0f} s"
                return
            self.alive()
            relative, above, name = stack.pop()
            entries = self._entries(relative)
            level = above
            if name:
                level = above.entered(name, self._ignores(relative, {entry.name for entry in entries}))
            folders = []
            for entry in entries:
                path = relative + entry.name
                if _is_folder(entry):
                    if self._enters(entry.name, path) and not _left_out(level, entry.name, is_folder=True):
                        folders.append((f"{path}/", level, entry.name))
                    continue
                found = self._file(entry, path, level)
                if found is None:
                    continue
                if self._taken >= self.most_files:
                    self.cut = f"it has more than {self.most_files} files"
                    return
                self._taken += 1
                yield found
            stack.extend(reversed(folders))

    def takes(self, relative: str) -> bool:
        """Whether the walk would come to the file at ``relative``."""
        parts = relative.split("/")
        if any(part in {"", ".", ".."} for part in parts) or not self._may_take(relative):
            return False
        level = self._outermost()
        for depth, name in enumerate(parts[:-1], 1):
            folder = "/".join(parts[:depth])
            if not self._enters(name, folder) or _left_out(level, name, is_folder=True):
                return False
            level = level.entered(name, self._ignores(f"{folder}/", None))
        return not _left_out(level, parts[-1], is_folder=False)

    def _outermost(self) -> Level:
        self._top = self._top or level_of(self.folder)
        return self._top

    def _ignores(self, relative: str, names: set[str] | None) -> FolderIgnores:
        return read_folder(str(self.folder / relative), str(self.folder), relative, names)

    def _entries(self, relative: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self.folder / relative) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except OSError:
            return []

    def _enters(self, name: str, path: str) -> bool:
        too_deep = len(path) > LONGEST_PATH or path.count("/") >= DEEPEST
        return not (name.startswith(".") or name in SKIPPED or too_deep)

    def _may_take(self, path: str) -> bool:
        return (
            len(path) <= LONGEST_PATH
            and _is_text(path)
            and language_of(path) is not None
            and not path.endswith(_GENERATED)
            and not self.rules.is_excluded(path)
        )

    def _file(self, entry: os.DirEntry[str], path: str, level: Level) -> Found | None:
        language = language_of(entry.name)
        if language is None or not self._may_take(path) or _left_out(level, entry.name, is_folder=False):
            return None
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:
            return None
        if not stat.S_ISREG(status.st_mode) or not 0 < status.st_size <= LARGEST_BYTES:
            return None
        return Found(path, language, status.st_mtime_ns, status.st_size)


def _is_text(path: str) -> bool:
    """Whether a database and JSON can hold the name: one that is no UTF-8 has lone surrogates."""
    return path.isascii() or not any("\ud800" <= sign <= "\udfff" for sign in path)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _left_out(level: Level, name: str, *, is_folder: bool) -> bool:
    """What is excluded must not be read, and from what git ignores nobody learns: it was made or built."""
    found = level.judge(name, is_folder=is_folder)
    return found.excluded is not None or found.ignored is not None
