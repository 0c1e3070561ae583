"""The database of an index: its place, its tables, and how it is opened.

One SQLite file for each workspace folder. It can be made anew at any time, so whatever is wrong with it is
answered by deleting it.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from lsp_server.config.files import PRIVATE_FILE, PRIVATE_FOLDER, make_private_folder
from lsp_server.context.outline_tables import TABLES
from lsp_server.context.windows import LINES, STEP

FORMAT: Final = 1
"""Goes up when the tables, or what outlines and words are, change."""
BUSY_MS: Final = 2000
"""How long a statement waits for another process: longer than any transaction of ours but the largest."""
CACHE_KIB: Final = 32 * 1024
"""Of the worker's connection. The inner nodes and the hot leaves of the largest index fit in."""
READER_CACHE_KIB: Final = 8 * 1024

ALIVE_STEPS: Final = 500_000
"""Steps of SQLite's machine between two signs of life: some 20 ms."""

UNUSED_S: Final = 60 * 24 * 3600.0
"""Two months: a project that is opened again after that is read anew in a minute."""
JOURNAL: Final = ".reading"
"""The ending of the file in which a worker writes down what it reads."""

_PRIMARY: Final = 0xFF
"""The part of SQLite's error codes that names the kind."""
_OF_DISK: Final = frozenset(
    (
        sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN,
    )
)  # fmt: skip

_TABLES: Final = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE files(
    id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, stem TEXT NOT NULL, parent TEXT NOT NULL,
    language TEXT NOT NULL, mtime_ns INTEGER NOT NULL, size INTEGER NOT NULL, digest BLOB NOT NULL,
    segment INTEGER NOT NULL, first INTEGER NOT NULL, windows INTEGER NOT NULL
);
CREATE INDEX files_by_stem ON files(stem);
CREATE INDEX files_by_parent ON files(parent);
CREATE INDEX files_by_window ON files(segment, first);
CREATE TABLE texts(file INTEGER PRIMARY KEY, text BLOB NOT NULL);
CREATE TABLE symbols(
    file INTEGER NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,
    container TEXT NOT NULL, signature TEXT NOT NULL, doc TEXT NOT NULL, line INTEGER NOT NULL,
    end_line INTEGER NOT NULL, PRIMARY KEY(file, number)
) WITHOUT ROWID;
CREATE INDEX symbols_by_name ON symbols(name);
CREATE TABLE imports(
    file INTEGER NOT NULL, number INTEGER NOT NULL, module TEXT NOT NULL, names TEXT NOT NULL,
    line INTEGER NOT NULL, PRIMARY KEY(file, number)
) WITHOUT ROWID;
CREATE TABLE segments(
    id INTEGER PRIMARY KEY AUTOINCREMENT, language TEXT NOT NULL, files INTEGER NOT NULL,
    windows INTEGER NOT NULL, dead INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE postings(
    language TEXT NOT NULL, word TEXT NOT NULL, segment INTEGER NOT NULL, entries BLOB NOT NULL,
    PRIMARY KEY(language, word, segment)
) WITHOUT ROWID;
"""
"""A segment has the windows of some files of one group of languages, counted through: a file's own start at
``first``. Postings are the windows of a segment that have a word (``postings.py``)."""


class Unusable(Exception):
    """No index can be kept there. ``str(error)`` is one line for people."""


def database_path(cache: Path, folder: str) -> Path:
    """Where the index of a workspace folder lies; its name tells nothing of the folder."""
    name = hashlib.sha256(os.path.normcase(os.path.realpath(folder)).encode("utf-8", "surrogateescape"))
    return cache / "index" / f"{name.hexdigest()[:32]}.sqlite"


def signature() -> str:
    """What an index was made with: another signature means that it has to be made again."""
    packages = ["tree-sitter", *(f"tree-sitter-{name}" for name in sorted(TABLES))]
    return f"{FORMAT} {LINES}/{STEP} " + " ".join(_version(package) for package in packages)


def open_for_writing(path: Path, alive: Callable[[], None] = lambda: None) -> tuple[sqlite3.Connection, str]:
    """The database for the one process that writes it, and why it had to be made anew, if it had to.

    ``alive`` is called now and then while a statement runs, here and later.

    Raises:
        Unusable: The folder or the file cannot be written.
    """
    try:
        make_private_folder(path.parent.parent)
        make_private_folder(path.parent)
        with suppress(OSError):
            path.parent.chmod(PRIVATE_FOLDER)
        reason = ""
        if path.exists():
            connection, reason = _existing(path, alive)
            if connection is not None:
                os.utime(path)
                return connection, ""
            delete(path)
        return _new(path, alive), reason
    except (OSError, sqlite3.Error) as error:
        raise Unusable(f"the index cannot be kept in {path.parent}: {_words(error)}") from None


def open_for_reading(path: Path) -> sqlite3.Connection:
    """The database for those who ask, in any thread, one at a time.

    Raises:
        sqlite3.Error: It is not there, or has another format.
    """
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode=ro", uri=True, check_same_thread=False, isolation_level=None, timeout=0.05
    )
    try:
        connection.execute(f"PRAGMA cache_size=-{READER_CACHE_KIB}")
        [found] = connection.execute("PRAGMA user_version").fetchone()
    except BaseException:
        connection.close()
        raise
    if found != FORMAT:
        connection.close()
        raise sqlite3.DatabaseError("the index has another format")
    return connection


def delete(path: Path) -> None:
    """Remove a database with all that SQLite keeps beside it.

    Raises:
        OSError: It cannot be removed.
    """
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def drop_unused(folder: Path, now_s: float) -> None:
    """Delete the databases in ``folder`` that no worker has opened for ``UNUSED_S`` before ``now_s``."""
    with suppress(OSError):
        for path in folder.glob("*.sqlite"):
            if path.stat().st_mtime < now_s - UNUSED_S:
                delete(path)
                path.with_suffix(JOURNAL).unlink(missing_ok=True)


def _existing(path: Path, alive: Callable[[], None]) -> tuple[sqlite3.Connection | None, str]:
    """The database if it is whole and of today's format, else None and why."""
    try:
        connection = _connect(path, alive)
    except sqlite3.DatabaseError as error:
        if is_of_disk(error):
            raise
        return None, "it was damaged"
    reason = "it was damaged"
    try:
        [found] = connection.execute("PRAGMA quick_check(1)").fetchone()
        if found == "ok":
            row = connection.execute("SELECT value FROM meta WHERE key = 'signature'").fetchone()
            if row is not None and row[0] == signature():
                return connection, ""
            reason = "its format or a grammar changed"
    except sqlite3.DatabaseError as error:
        if is_of_disk(error):
            connection.close()
            raise
    connection.close()
    return None, reason


def _new(path: Path, alive: Callable[[], None]) -> sqlite3.Connection:
    # SQLite gives its other files the mode of this one.
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0), PRIVATE_FILE))
    connection = _connect(path, alive)
    connection.executescript(f"BEGIN; {_TABLES} PRAGMA user_version={FORMAT}; COMMIT;")
    connection.execute("INSERT INTO meta VALUES('signature', ?)", (signature(),))
    return connection


def _connect(path: Path, alive: Callable[[], None]) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_MS / 1000)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        # What was excluded from the index should not stay in the file.
        connection.execute("PRAGMA secure_delete=FAST")
        connection.set_progress_handler(alive, ALIVE_STEPS)
        # A power cut may lose the last files read, which the next walk then reads again.
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
        # Checkpoints are made when nobody waits for a file (``IndexWriter.checkpoint``); this is for a log
        # that grows to 64 MiB before that.
        connection.execute("PRAGMA wal_autocheckpoint=16384")
    except BaseException:
        connection.close()
        raise
    return connection


def is_of_disk(error: sqlite3.Error) -> bool:
    """Whether it tells of the disk or of another process, not of the file's content."""
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY in _OF_DISK


def _words(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "-"
