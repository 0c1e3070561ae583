"""What was asked of each backend today, in one small database that all servers of a user share.

It holds days, names, addresses and numbers: no source text and no keys. Every exchange opens it anew, so that
one that was removed or damaged meanwhile is made again.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from lsp_server.config.files import PRIVATE_FILE, PRIVATE_FOLDER, make_private_folder

FILE_NAME: Final = "used.sqlite"
FORMAT: Final = 1
KEPT_DAYS: Final = 7
"""Days that are kept beside today's, for whoever wants to look back."""
MINUTE_S: Final = 60

Key = tuple[str, str]
"""A day as ``YYYY-MM-DD``, and a backend as its address and name."""

_TABLES: Final = (
    """CREATE TABLE IF NOT EXISTS days (
        day TEXT NOT NULL, backend TEXT NOT NULL,
        requests INTEGER NOT NULL, tokens INTEGER NOT NULL, cost INTEGER NOT NULL,
        PRIMARY KEY (day, backend)) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS recent (
        second INTEGER NOT NULL, backend TEXT NOT NULL, server TEXT NOT NULL, requests INTEGER NOT NULL,
        PRIMARY KEY (second, backend, server)) WITHOUT ROWID""",
)
_ADD_DAY: Final = """
INSERT INTO days VALUES (:day, :backend, :requests, :tokens, :cost)
ON CONFLICT DO UPDATE SET requests = requests + :requests, tokens = tokens + :tokens, cost = cost + :cost
"""
_ADD_RECENT: Final = """
INSERT INTO recent VALUES (:second, :backend, :server, :requests)
ON CONFLICT DO UPDATE SET requests = requests + :requests
"""
_DAMAGED: Final = frozenset({sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT})


class Unusable(Exception):
    """The database can be neither read nor written. ``str(error)`` says why, without the path."""


class Busy(Unusable):
    """Another server was at it for too long."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Requests, tokens (read and written), and cost in billionths of the price's currency."""

    requests: int = 0
    tokens: int = 0
    cost: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.requests + other.requests, self.tokens + other.tokens, self.cost + other.cost)

    def __sub__(self, other: Counts) -> Counts:
        return Counts(self.requests - other.requests, self.tokens - other.tokens, self.cost - other.cost)

    def at_least(self, other: Counts) -> Counts:
        """The larger of each of the numbers."""
        return Counts(
            max(self.requests, other.requests), max(self.tokens, other.tokens), max(self.cost, other.cost)
        )


NOTHING: Final = Counts()


@dataclass(frozen=True, slots=True)
class Told:
    """What one server brings: what it has ``added`` since the last exchange, and what it ``knew`` before.

    ``recent`` has its requests by second since the epoch and backend. Totals of today that are lower than
    what was known, because the database was lost, are raised to that.
    """

    added: Mapping[Key, Counts] = field(default_factory=dict)
    knew: Mapping[Key, Counts] = field(default_factory=dict)
    recent: Mapping[tuple[int, str], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """What there is afterwards: today's totals, and the other servers' requests in the last minute.

    ``recent`` has them by backend, each as the second since the epoch and how many. ``damaged`` tells that
    the database had to be made anew.
    """

    totals: Mapping[Key, Counts]
    recent: Mapping[str, tuple[tuple[int, int], ...]]
    damaged: bool = False


class Ledger:
    """The database in ``folder``, which is made when it is first needed. ``server`` names who writes."""

    def __init__(self, folder: Path, server: str) -> None:
        self._folder = folder
        self._path = folder / FILE_NAME
        self._server = server

    def exchange(self, told: Told, today: date, now_s: float, timeout_s: float) -> Found:
        """Add what one server brings, in one step, and return what there is then.

        ``now_s`` is seconds since the epoch. Waits for other servers for at most ``timeout_s``.

        Raises:
            Unusable: Nothing was added. ``Busy``, where it may be later.
        """
        try:
            self._make_private()
            try:
                return self._exchange(told, today, now_s, timeout_s)
            except sqlite3.DatabaseError as error:
                if _code(error) not in _DAMAGED:
                    raise
            self._put_aside()
            return replace(self._exchange(told, today, now_s, timeout_s), damaged=True)
        except OSError as error:
            raise Unusable(error.strerror or type(error).__name__) from None
        except sqlite3.Error as error:
            kind = Busy if _code(error) == sqlite3.SQLITE_BUSY else Unusable
            raise kind(str(error)) from None

    def _exchange(self, told: Told, today: date, now_s: float, timeout_s: float) -> Found:
        with closing(sqlite3.connect(self._path, isolation_level=None, timeout=timeout_s)) as db:
            # A write-ahead log would need memory that machines with one home folder do not share.
            db.execute("PRAGMA journal_mode=TRUNCATE")
            db.execute("PRAGMA synchronous=NORMAL")
            db.execute("BEGIN IMMEDIATE")
            _prepare(db)
            totals = _totals(db, today)
            for key, knew in told.knew.items():
                there = totals.get(key, NOTHING)
                if key[0] == str(today) and there.at_least(knew) != there:
                    _add(db, key, there.at_least(knew) - there)
            for key, added in told.added.items():
                _add(db, key, added)
            for (second, backend), requests in told.recent.items():
                row = {"second": second, "backend": backend, "server": self._server, "requests": requests}
                db.execute(_ADD_RECENT, row)
            _forget(db, today, now_s)
            found = Found(_totals(db, today), _others(db, self._server, now_s))
            db.execute("COMMIT")
            return found

    def _make_private(self) -> None:
        """Make the folder and the file if they are not there; both are for their owner alone."""
        make_private_folder(self._folder)
        with suppress(FileExistsError):
            # SQLite gives its journal the mode of this file.
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR, PRIVATE_FILE))
        status = self._path.lstat()
        if not stat.S_ISREG(status.st_mode):
            raise Unusable("something else is in its place")
        if os.name != "posix":
            return
        if status.st_uid != os.geteuid():
            raise Unusable("somebody else owns it")
        for path, mode in ((self._folder, PRIVATE_FOLDER), (self._path, PRIVATE_FILE)):
            if stat.S_IMODE(path.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO):
                path.chmod(mode)

    def _put_aside(self) -> None:
        """Make room for a new database; the damaged one is kept, without a journal that would change it."""
        self._path.replace(self._path.with_suffix(".damaged"))
        self._path.with_name(f"{FILE_NAME}-journal").unlink(missing_ok=True)
        self._make_private()


def _code(error: sqlite3.Error) -> int:
    """SQLite's plain code, without what extends it; 0 where Python raised the error."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _prepare(db: sqlite3.Connection) -> None:
    [found] = db.execute("PRAGMA user_version").fetchone()
    if found not in {0, FORMAT}:
        raise Unusable("another version of this program has written it")
    for statement in _TABLES:
        db.execute(statement)
    if not found:
        db.execute(f"PRAGMA user_version={FORMAT}")


def _add(db: sqlite3.Connection, key: Key, counts: Counts) -> None:
    day, backend = key
    db.execute(_ADD_DAY, {"day": day, "backend": backend, **asdict(counts)})


def _totals(db: sqlite3.Connection, today: date) -> dict[Key, Counts]:
    rows = db.execute("SELECT backend, requests, tokens, cost FROM days WHERE day = ?", (str(today),))
    return {(str(today), backend): Counts(*numbers) for backend, *numbers in rows}


def _others(db: sqlite3.Connection, server: str, now_s: float) -> dict[str, tuple[tuple[int, int], ...]]:
    rows = db.execute(
        "SELECT backend, second, sum(requests) FROM recent WHERE server <> ? AND second > ? "
        "GROUP BY backend, second ORDER BY second",
        (server, now_s - MINUTE_S),
    )
    found: dict[str, tuple[tuple[int, int], ...]] = {}
    for backend, second, requests in rows:
        found[backend] = (*found.get(backend, ()), (second, requests))
    return found


def _forget(db: sqlite3.Connection, today: date, now_s: float) -> None:
    """Delete what is too old, and what a clock that was wrong has put into the future."""
    oldest = today - timedelta(days=KEPT_DAYS)
    db.execute("DELETE FROM days WHERE day < ?", (str(oldest),))
    db.execute("DELETE FROM recent WHERE second <= ? OR second > ?", (now_s - MINUTE_S, now_s + MINUTE_S))
