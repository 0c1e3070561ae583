"""Writes an index: the worker's side of the database."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from lsp_server.context.languages import group_of
from lsp_server.context.model import Outline
from lsp_server.context.postings import Postings, words_of_file

MOST_SMALL: Final = 32
"""Small segments, after which they are joined: every one is another row of each common word."""
SMALL_WINDOWS: Final = 2000
"""A smaller segment is made again in a quarter of a second."""
MOST_TIDIED: Final = 20_000
"""Windows that are moved at once: two seconds in which nothing else is read."""
MOST_DEAD: Final = 0.4
"""The part of a segment's windows that may be of files since changed, before the others are moved out."""
_INDEX_FILES: Final = frozenset(("__init__", "index", "mod"))
"""Files that are imported by the name of their folder."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file that was read. ``text`` has ``\\n`` for line ends."""

    path: str
    language: str
    mtime_ns: int
    size: int
    digest: bytes
    text: str
    outline: Outline


class IndexWriter:
    """The database as the one process that writes it sees it. Each method is one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def known(self) -> dict[str, tuple[int, int]]:
        """The files of the index: path to (time of change in ns, size in bytes)."""
        rows = self._db.execute("SELECT path, mtime_ns, size FROM files")
        return {path: (mtime_ns, size) for path, mtime_ns, size in rows}

    def is_same(self, path: str, digest: bytes, mtime_ns: int, size: int) -> bool:
        """Whether the index has this content of the file already; if so, it takes note of the new time."""
        changed = self._db.execute(
            "UPDATE files SET mtime_ns = ?, size = ? WHERE path = ? AND digest = ?",
            (mtime_ns, size, path, digest),
        )
        return changed.rowcount > 0

    def replace_all(self, entries: Sequence[Entry]) -> None:
        """Put in files of one group of languages as one segment."""
        if not entries:
            return
        postings = Postings()
        places = [postings.add(entry.text.split("\n")) for entry in entries]
        group = group_of(entries[0].language)
        with self._transaction():
            segment = self._add_segment(group, len(entries), postings)
            for entry, place in zip(entries, places, strict=True):
                self._put(entry, segment, *place)

    def replace(self, entry: Entry) -> None:
        """Put in one file. The words of its former text make room where it has a segment of its own."""
        row = self._db.execute(
            "SELECT segments.id, segments.files, texts.text, segments.language FROM files "
            "JOIN segments ON segments.id = files.segment JOIN texts ON texts.file = files.id WHERE path = ?",
            (entry.path,),
        ).fetchone()
        group = group_of(entry.language)
        if row is None or row[1] != 1 or row[3] != group:
            self.replace_all([entry])
            return
        segment = row[0]
        postings = Postings()
        first, count = postings.add(entry.text.split("\n"))
        former = words_of_file(unpacked(row[2]).split("\n"))
        with self._transaction():
            gone = ((group, word, segment) for word in former if word not in postings.entries)
            self._db.executemany("DELETE FROM postings WHERE language = ? AND word = ? AND segment = ?", gone)
            self._add_postings(group, segment, postings)
            self._db.execute("UPDATE segments SET windows = ?, dead = 0 WHERE id = ?", (count, segment))
            self._put(entry, segment, first, count, own=True)

    def remove(self, paths: Iterable[str]) -> None:
        """Take out files."""
        with self._transaction():
            for path in paths:
                row = self._db.execute(
                    "SELECT id, segment, windows FROM files WHERE path = ?", (path,)
                ).fetchone()
                if row is not None:
                    self._forget(*row)
                    self._db.execute("DELETE FROM files WHERE id = ?", (row[0],))

    def tidy(self) -> bool:
        """Join some small segments or leave behind the dead windows of others; whether there was need to."""
        chosen = self._untidy()
        if not chosen:
            return False
        marks = ",".join("?" * len(chosen))
        rows = self._db.execute(
            f"SELECT files.id, files.language, texts.text FROM files JOIN texts ON texts.file = files.id "  # noqa: S608
            f"WHERE segment IN ({marks})",
            chosen,
        )
        groups: dict[str, tuple[Postings, list[tuple[int, int, int]]]] = {}
        for file, language, text in rows:
            postings, places = groups.setdefault(group_of(language), (Postings(), []))
            places.append((*postings.add(unpacked(text).split("\n")), file))
        with self._transaction():
            self._db.execute(f"DELETE FROM postings WHERE segment IN ({marks})", chosen)  # noqa: S608
            self._db.execute(f"DELETE FROM segments WHERE id IN ({marks})", chosen)  # noqa: S608
            for group, (postings, places) in groups.items():
                segment = self._add_segment(group, len(places), postings)
                self._db.executemany(
                    f"UPDATE files SET segment = {segment}, first = ?, windows = ? WHERE id = ?",  # noqa: S608
                    places,
                )
        return True

    def checkpoint(self) -> None:
        """Move what was written into the database's own file, as far as readers let it."""
        self._db.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def _untidy(self) -> list[int]:
        rows = self._db.execute("SELECT id, windows, dead FROM segments ORDER BY windows").fetchall()
        small = [segment for segment, windows, _ in rows if windows < SMALL_WINDOWS]
        chosen = {segment for segment, windows, dead in rows if dead > windows * MOST_DEAD}
        if len(small) > MOST_SMALL:
            chosen.update(small)
        some: list[int] = []
        left = MOST_TIDIED
        for segment, windows, dead in rows:
            if segment in chosen and (not some or left >= windows - dead):
                some.append(segment)
                left -= windows - dead
        return some

    def _add_segment(self, group: str, files: int, postings: Postings) -> int:
        added = self._db.execute(
            "INSERT INTO segments(language, files, windows) VALUES(?, ?, ?)", (group, files, postings.windows)
        )
        segment = added.lastrowid or 0
        self._add_postings(group, segment, postings)
        return segment

    def _add_postings(self, group: str, segment: int, postings: Postings) -> None:
        rows = ((group, word, segment, entries) for word, entries in postings.rows())
        self._db.executemany("INSERT OR REPLACE INTO postings VALUES(?, ?, ?, ?)", rows)

    def _put(self, entry: Entry, segment: int, first: int, count: int, *, own: bool = False) -> None:
        """Write all of a file but its postings. ``own``: its former windows were in this segment."""
        row = self._db.execute(
            "SELECT id, segment, windows FROM files WHERE path = ?", (entry.path,)
        ).fetchone()
        if row is not None:
            self._forget(row[0], 0 if own else row[1], row[2])
        pure = PurePosixPath(entry.path)
        stem = pure.name.partition(".")[0]
        values = (
            pure.parent.name if stem in _INDEX_FILES else stem, pure.parent.name, entry.language,
            entry.mtime_ns, entry.size, entry.digest, segment, first, count,
        )  # fmt: skip
        if row is not None:
            file = row[0]
            self._db.execute(
                "UPDATE files SET stem = ?, parent = ?, language = ?, mtime_ns = ?, size = ?, digest = ?, "
                "segment = ?, first = ?, windows = ? WHERE id = ?",
                (*values, file),
            )
        else:
            file = self._db.execute(
                "INSERT INTO files(stem, parent, language, mtime_ns, size, digest, segment, first, windows, "
                "path) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*values, entry.path),
            ).lastrowid
        self._db.execute("INSERT INTO texts VALUES(?, ?)", (file, packed(entry.text)))
        self._db.executemany(
            "INSERT INTO symbols VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (file, number, s.name, s.kind.value, s.container, s.signature, s.doc, s.line, s.end_line)
                for number, s in enumerate(entry.outline.symbols)
            ),
        )
        self._db.executemany(
            "INSERT INTO imports VALUES(?, ?, ?, ?, ?)",
            (
                (file, number, found.module, json.dumps(found.names), found.line)
                for number, found in enumerate(entry.outline.imports)
            ),
        )

    def _forget(self, file: int, segment: int, windows: int) -> None:
        for table in ("texts", "symbols", "imports"):
            self._db.execute(f"DELETE FROM {table} WHERE file = ?", (file,))  # noqa: S608
        self._db.execute("UPDATE segments SET dead = dead + ? WHERE id = ?", (windows, segment))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")


def packed(text: str) -> bytes:
    """A text as it is kept: a fourth of its size, at the price of the cheapest compression."""
    return zlib.compress(text.encode("utf-8", "replace"), 1)


def unpacked(data: bytes) -> str:
    """The text that was kept."""
    return zlib.decompress(data).decode("utf-8")
