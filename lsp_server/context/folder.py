"""One workspace folder in the worker: kept in its database, read again where it has changed."""

from __future__ import annotations

import os
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from lsp_server.config.files import PRIVATE_FILE
from lsp_server.context.languages import group_of, language_of
from lsp_server.context.model import Outline
from lsp_server.context.outline import TooSlow, outline
from lsp_server.context.postings import window_count
from lsp_server.context.schema import JOURNAL, Unusable, delete, is_of_disk, open_for_writing
from lsp_server.context.walk import MOST_FILES, Found, Walk
from lsp_server.context.writer import Entry, IndexWriter
from lsp_server.policy.ignores import IGNORE_NAMES
from lsp_server.policy.paths import PathRules
from lsp_server.policy.reading import LARGEST_BYTES, FileText, checkout_of, digest_of, read_workspace_file

SEGMENT_WINDOWS: Final = 16_000
"""Windows that are written at once: a second of work, and some 60 MB while they are put together."""
COMMIT_S: Final = 3.0
"""The most work in seconds that a kill can undo."""
FEW_FILES: Final = 8
"""So many changed files get a segment each, which the next edit of one of them changes in its place."""

_SKIPPED: Final = b"skipped"


class FolderIndex:
    """The index of one folder. ``tell`` takes events for the server (``worker.py``).

    ``skip`` are files that ended a worker: they are taken as empty until they change.
    """

    def __init__(
        self,
        folder: Path,
        database: Path,
        rules: PathRules,
        tell: Callable[[str, dict[str, object]], None],
        skip: Iterable[str] = (),
    ) -> None:
        self.folder = folder
        self._database = database
        self._rules = rules
        self._tell = tell
        self._skip = frozenset(skip)
        self._writer: IndexWriter | None = None
        self._journal = -1
        self._checkout = 0
        self._rebuilt = False
        self._is_ready = False

    def scan(self) -> None:
        """Bring the whole folder up to date."""
        self._guarded(self._scan)

    def read(self, paths: Iterable[str]) -> None:
        """Bring some files up to date, whatever has become of them; all, if one is an ignore file."""
        paths = tuple(paths)
        if any(path.rpartition("/")[2] in IGNORE_NAMES for path in paths):
            self.scan()
        self._guarded(lambda writer: self._read_again(writer, paths))

    def edit(self, path: str, text: str) -> None:
        """Take a file as an editor has it. The next scan reads it from the disk again."""
        self._guarded(lambda writer: self._edit(writer, path, text))

    def is_elsewhere(self) -> bool:
        """Whether git has checked out something else since the last scan, or nobody writes the index yet."""
        return self._writer is None or checkout_of(self.folder) != self._checkout

    def tidy(self) -> bool:
        """Do some of what can wait until nobody waits for us; whether there may be more."""
        more = False

        def work(writer: IndexWriter) -> None:
            nonlocal more
            more = writer.tidy()
            writer.checkpoint()

        self._guarded(work)
        return more

    def close(self) -> None:
        """Close the database and let another worker have it."""
        if self._writer is not None:
            with suppress(sqlite3.Error):
                self._writer.close()
            self._writer = None
        if self._journal >= 0:
            os.close(self._journal)
            self._journal = -1

    def _guarded(self, work: Callable[[IndexWriter], None]) -> None:
        """Do some work; a damaged database is made again once, other faults are told."""
        try:
            opened = self._opened()
            if opened is None:
                return
            writer, is_new = opened
            if is_new and work != self._scan:
                self._scan(writer)
            work(writer)
        except Unusable as error:
            self._problem(str(error))
        except sqlite3.DatabaseError as error:
            if is_of_disk(error):
                self._problem(f"the index cannot be written: {error}")
            elif self._rebuilt:
                self._problem(f"the index is damaged again and again: {error}")
            else:
                self._rebuild()

    def _rebuild(self) -> None:
        self._rebuilt = True
        self.close()
        self._is_ready = False
        self._problem("it was damaged and is made again")
        with suppress(OSError):
            delete(self._database)
        self.scan()

    def _opened(self) -> tuple[IndexWriter, bool] | None:
        """The writer and whether it was opened just now; None while another worker writes this index."""
        if self._writer is not None:
            return self._writer, False
        if not self._locked():
            if not self._is_ready and self._database.exists():
                self._ready()
            return None
        connection, reason = open_for_writing(self._database, self._alive)
        if reason:
            self._problem(f"{reason} and is made again")
        self._writer = IndexWriter(connection)
        self._ready()
        return self._writer, True

    def _ready(self) -> None:
        self._is_ready = True
        self._tell("ready", {"folder": str(self.folder)})

    def _locked(self) -> bool:
        """Whether this worker alone may write; the journal's lock goes with the process."""
        if self._journal < 0:
            try:
                self._database.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                self._journal = os.open(
                    journal_path(self._database),
                    os.O_CREAT | os.O_RDWR | getattr(os, "O_CLOEXEC", 0),
                    PRIVATE_FILE,
                )
            except OSError as error:
                raise Unusable(
                    f"the index cannot be kept in {self._database.parent}: {error.strerror}"
                ) from None
        try:
            import fcntl
        except ImportError:
            return True
        try:
            fcntl.flock(self._journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        self._note("")
        return True

    def _note(self, path: str) -> None:
        """Write down what is read now, for whoever finds this process dead."""
        os.lseek(self._journal, 0, os.SEEK_SET)
        os.write(self._journal, path.encode("utf-8", "replace") + b"\n")

    def _scan(self, writer: IndexWriter) -> None:
        self._checkout = checkout_of(self.folder)
        walk = Walk(self.folder, self._rules, MOST_FILES, self._alive)
        known = writer.known()
        found = list(walk.files())
        if walk.cut:
            self._problem(f"{self.folder}: {walk.cut}; the rest is left out")
        changed = [file for file in found if known.get(file.path) != (file.mtime_ns, file.size)]
        gone = known.keys() - {file.path for file in found}
        writer.remove(sorted(gone))
        self._read_all(writer, changed, len(found))
        if changed:
            writer.checkpoint()

    def _read_again(self, writer: IndexWriter, paths: Iterable[str]) -> None:
        walk = Walk(self.folder, self._rules)
        changed, gone = [], []
        for path in dict.fromkeys(paths):
            language = language_of(path)
            if language is not None and walk.takes(path):
                changed.append(Found(path, language, 0, 0))
            else:
                gone.append(path)
        if gone:
            writer.remove(gone)
        self._read_all(writer, changed, len(changed))

    def _read_all(self, writer: IndexWriter, files: list[Found], total: int) -> None:
        pending: dict[str, list[Entry]] = defaultdict(list)
        windows: dict[str, int] = defaultdict(int)
        since = time.monotonic()
        done = total - len(files)
        self._progress(done, total)
        for file in files:
            entry = self._entry(writer, file)
            # All of them are told of when they have been written.
            self._progress(done, total)
            done += 1
            if entry is None:
                continue
            if len(files) <= FEW_FILES:
                writer.replace(entry)
                continue
            group = group_of(entry.language)
            pending[group].append(entry)
            windows[group] += window_count(entry.text.count("\n"))
            if time.monotonic() - since > COMMIT_S:
                since = time.monotonic()
                ripe = list(pending)
            else:
                ripe = [group] if windows[group] >= SEGMENT_WINDOWS else []
            for name in ripe:
                writer.replace_all(pending.pop(name))
                windows[name] = 0
                self._alive()
        for entries in pending.values():
            writer.replace_all(entries)
            self._alive()
        self._progress(total, total)

    def _entry(self, writer: IndexWriter, file: Found) -> Entry | None:
        """A file as it goes into the index; None if it is in it already, or must not be."""
        self._note(file.path)
        read = read_workspace_file(self.folder, file.path, self._rules)
        if read is None:
            writer.remove([file.path])
            return None
        if file.path in self._skip:
            read = FileText("", read.mtime_ns, read.size, _SKIPPED + read.digest)
        if writer.is_same(file.path, read.digest, read.mtime_ns, read.size):
            return None
        return self._entry_of(file.path, file.language, read)

    def _edit(self, writer: IndexWriter, path: str, text: str) -> None:
        language = language_of(path)
        size = len(text)
        if language is None or size > LARGEST_BYTES or path in self._skip:
            return
        if not Walk(self.folder, self._rules).takes(path):
            return
        self._note(path)
        digest = digest_of(text.encode("utf-8", "surrogatepass"))
        if not writer.is_same(path, digest, 0, size):
            text = text.replace("\r\n", "\n").replace("\r", "\n")
            writer.replace(self._entry_of(path, language, FileText(text, 0, size, digest)))
        self._note("")

    def _entry_of(self, path: str, language: str, read: FileText) -> Entry:
        try:
            found = outline(read.text, language)
        except (TooSlow, RecursionError, ValueError) as error:
            found = Outline()
            self._problem(f"{path} has no outline ({type(error).__name__})")
        self._note("")
        return Entry(path, language, read.mtime_ns, read.size, read.digest, read.text, found)

    def _alive(self) -> None:
        self._tell("alive", {})

    def _progress(self, done: int, total: int) -> None:
        self._tell("progress", {"folder": str(self.folder), "files": done, "total": total})

    def _problem(self, text: str) -> None:
        self._tell("problem", {"text": text})


def journal_path(database: Path) -> Path:
    """Where the worker of a database writes down what it reads."""
    return database.with_suffix(JOURNAL)


def culprit(database: Path) -> str:
    """The file that was being read when the worker of ``database`` ended; empty if none was."""
    try:
        with journal_path(database).open("rb") as file:
            return file.readline().rstrip(b"\n").decode("utf-8", "replace")
    except OSError:
        return ""
