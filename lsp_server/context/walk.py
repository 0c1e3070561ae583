"""Which files of a workspace folder are read: found without opening any but ``.gitignore``."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pathspec import GitIgnoreSpec

from lsp_server.config.patterns import cost_fault, syntax_fault
from lsp_server.context.languages import language_of
from lsp_server.policy.paths import PathRules
from lsp_server.policy.reading import LARGEST_BYTES, read_patterns

MOST_FILES: Final = 200_000
"""More than the largest open repositories have source files (Linux: 60,000, Chromium: 200,000)."""
MOST_PATTERNS: Final = 300
"""Of one .gitignore file: three times the longest template in github/gitignore. Each costs time per file."""
LONGEST_PATH: Final = 400
"""Characters of a path inside the folder. Matching time grows with a power of it."""
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

    ``alive`` is called now and then; ``now_s`` is a clock in seconds.
    """

    folder: Path
    rules: PathRules
    most_files: int = MOST_FILES
    alive: Callable[[], None] = lambda: None
    now_s: Callable[[], float] = time.monotonic
    cut: str = ""
    _taken: int = field(default=0)

    def files(self) -> Iterator[Found]:
        """The files, folder by folder, each folder's in the order of their names."""
        deadline = self.now_s() + LONGEST_WALK_S
        stack: list[tuple[str, tuple[tuple[str, GitIgnoreSpec], ...]]] = [("", self._outermost())]
        while stack:
            if self.now_s() > deadline:
                self.cut = f"listing it took over {LONGEST_WALK_S:.0f} s"
                return
            self.alive()
            relative, specs = stack.pop()
            entries = self._entries(relative)
            if any(entry.name == ".gitignore" for entry in entries):
                spec = _spec(read_patterns(self.folder, f"{relative}.gitignore"))
                specs = ((relative, spec), *specs) if spec else specs
            folders = []
            for entry in entries:
                path = relative + entry.name
                if _is_folder(entry):
                    if self._enters(entry.name, path, specs):
                        folders.append((f"{path}/", specs))
                    continue
                found = self._file(entry, path, specs)
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
        specs = self._outermost()
        for depth in range(len(parts)):
            folder = "".join(f"{part}/" for part in parts[:depth])
            if depth and not self._enters(parts[depth - 1], folder[:-1], specs):
                return False
            spec = _spec(read_patterns(self.folder, f"{folder}.gitignore"))
            specs = ((folder, spec), *specs) if spec else specs
        return not _ignored(relative, specs)

    def _outermost(self) -> tuple[tuple[str, GitIgnoreSpec], ...]:
        spec = _spec(read_patterns(self.folder, ".git/info/exclude"))
        return (("", spec),) if spec else ()

    def _entries(self, relative: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self.folder / relative) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except OSError:
            return []

    def _enters(self, name: str, path: str, specs: tuple[tuple[str, GitIgnoreSpec], ...]) -> bool:
        if name.startswith(".") or name in SKIPPED or len(path) > LONGEST_PATH or path.count("/") >= DEEPEST:
            return False
        return not _ignored(f"{path}/", specs)

    def _may_take(self, path: str) -> bool:
        return (
            len(path) <= LONGEST_PATH
            and _is_text(path)
            and language_of(path) is not None
            and not path.endswith(_GENERATED)
            and not self.rules.is_excluded(path)
        )

    def _file(
        self, entry: os.DirEntry[str], path: str, specs: tuple[tuple[str, GitIgnoreSpec], ...]
    ) -> Found | None:
        language = language_of(entry.name)
        if language is None or not self._may_take(path) or _ignored(path, specs):
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


def _ignored(path: str, specs: tuple[tuple[str, GitIgnoreSpec], ...]) -> bool:
    """As git decides: the last pattern that matches in the innermost file that has one."""
    for base, spec in specs:
        verdict = spec.check_file(path[len(base) :]).include
        if verdict is not None:
            return verdict
    return False


def _spec(lines: list[str]) -> GitIgnoreSpec | None:
    """The patterns that can be used: a repository's may be faulty, or made to take minutes to match."""
    patterns = [line for line in lines if line.strip() and not line.startswith("#")][:MOST_PATTERNS]
    usable = [pattern for pattern in patterns if not cost_fault(pattern) and not syntax_fault(pattern)]
    return GitIgnoreSpec.from_lines(usable) if usable else None
