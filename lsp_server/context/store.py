"""An index as it is asked: from its database, by the server. Nothing here writes."""

from __future__ import annotations

import json
import logging
import re
import sqlite3
import threading
import zlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from lsp_server.context.languages import group_of
from lsp_server.context.model import Import, Kind, Located, Outline, Symbol, Window
from lsp_server.context.resolve import resolved
from lsp_server.context.schema import open_for_reading
from lsp_server.context.search import best_windows
from lsp_server.context.windows import LINES, STEP
from lsp_server.context.writer import unpacked

logger = logging.getLogger(__name__)

MOST_NAMESAKES: Final = 400
"""Definitions of one name that are compared: sorting them takes a millisecond."""
MOST_PATHS: Final = 400
"""Files of one name that are compared."""
KEPT_TEXTS: Final = 48
"""Texts kept unpacked for the next keystroke's search, some 30 KB each."""

_RANK: Final = {Kind.CLASS: 0, Kind.FUNCTION: 1, Kind.METHOD: 2, Kind.VARIABLE: 3}
_TEST: Final = re.compile(r"(?:^|[/_.-])(?:tests?|specs?|mocks?)(?=[/_.-])|Tests?\.", re.IGNORECASE)
_COLUMNS: Final = "name, kind, container, signature, doc, line, end_line"


class StoredIndex:
    """The index of one workspace folder (``model.Index``). Any thread may ask; they take turns.

    What goes wrong with the database is logged once and answered with nothing.
    """

    def __init__(self, path: Path) -> None:
        """Open the database.

        Raises:
            sqlite3.Error: There is none that can be used.
        """
        self._db = open_for_reading(path)
        self._lock = threading.Lock()
        self._failed = False
        self._version = -1
        self._totals: dict[str, int] = {}
        self._texts: OrderedDict[tuple[int, bytes], list[str]] = OrderedDict()

    def symbols_named(self, name: str, limit: int = 20) -> Sequence[Located]:
        """The definitions of ``name``: top level before members, classes before functions before variables,
        tests last.
        """
        rows = self._rows(
            f"SELECT path, {_COLUMNS} FROM symbols JOIN files ON files.id = symbols.file "  # noqa: S608
            "WHERE name = ? LIMIT ?",
            (name, MOST_NAMESAKES),
        )
        found = [Located(path, _symbol(row)) for path, *row in rows]
        found.sort(key=_likelihood)
        return found[:limit]

    def outline(self, path: str) -> Outline | None:
        """The outline of the file at ``path``, or None if the index has no such file."""
        files = self._rows("SELECT id FROM files WHERE path = ?", (path,))
        if not files:
            return None
        symbols = self._rows(f"SELECT {_COLUMNS} FROM symbols WHERE file = ? ORDER BY number", files[0])  # noqa: S608
        imports = self._rows(
            "SELECT module, names, line FROM imports WHERE file = ? ORDER BY number", files[0]
        )
        return Outline(
            tuple(map(_symbol, symbols)),
            tuple(Import(module, tuple(json.loads(names)), line) for module, names, line in imports),
        )

    def resolve(self, module: str, importer: str) -> str | None:
        """The file that ``module`` means in an import of ``importer``, by the language of the latter."""
        return resolved(module, importer, self)

    def search(
        self, words: Mapping[str, float], limit: int, language: str, without: str = ""
    ) -> Sequence[tuple[Window, float]]:
        """The windows that BM25 ranks highest. Neighbours overlap by half and may both be among them."""
        with self._lock:
            try:
                return self._search(words, limit, group_of(language), without)
            except (sqlite3.Error, zlib.error, ValueError) as error:
                self._note(error)
                return []

    def has(self, path: str) -> bool:
        """Whether the index has the file at ``path``."""
        return bool(self._rows("SELECT 1 FROM files WHERE path = ?", (path,)))

    def by_stem(self, stem: str) -> Sequence[str]:
        """The files of that name (see ``resolve.Files``)."""
        rows = self._rows("SELECT path FROM files WHERE stem = ? LIMIT ?", (stem, MOST_PATHS))
        return [path for (path,) in rows]

    def in_folder(self, name: str) -> Sequence[str]:
        """The files that lie in folders of that name."""
        rows = self._rows("SELECT path FROM files WHERE parent = ? LIMIT ?", (name, MOST_PATHS))
        return [path for (path,) in rows]

    def size(self) -> tuple[int, int]:
        """How many files and symbols it has."""
        rows = self._rows("SELECT (SELECT count(*) FROM files), (SELECT count(*) FROM symbols)", ())
        return rows[0] if rows else (0, 0)

    def close(self) -> None:
        """Close the database; what is asked afterwards is answered with nothing."""
        with self._lock, suppress(sqlite3.Error):
            self._failed = True
            self._db.close()

    def _search(
        self, words: Mapping[str, float], limit: int, group: str, without: str
    ) -> list[tuple[Window, float]]:
        # One snapshot, whatever the worker writes meanwhile.
        self._db.execute("BEGIN")
        try:
            found: list[tuple[Window, float]] = []
            for segment, number, score in best_windows(self._db, group, words, self._total(group)):
                if len(found) == limit:
                    break
                window = self._window(segment, number, without)
                if window is not None:
                    found.append((window, score))
            return found
        finally:
            self._db.execute("COMMIT")

    def _total(self, group: str) -> int:
        [version] = self._db.execute("PRAGMA data_version").fetchone()
        if version != self._version:
            rows = self._db.execute("SELECT language, sum(windows - dead) FROM segments GROUP BY language")
            self._version, self._totals = version, dict(rows.fetchall())
        return self._totals.get(group, 0)

    def _window(self, segment: int, number: int, without: str) -> Window | None:
        """The window, or None if its file has changed since, or is ``without``."""
        row = self._db.execute(
            "SELECT id, path, first, windows, digest FROM files WHERE segment = ? AND first <= ? "
            "ORDER BY first DESC LIMIT 1",
            (segment, number),
        ).fetchone()
        if row is None or row[1] == without or number >= row[2] + row[3]:
            return None
        file, path, first, _, digest = row
        start = (number - first) * STEP
        lines = self._lines(file, digest)[start : start + LINES]
        return Window(path, start, "\n".join(lines)) if lines else None

    def _lines(self, file: int, digest: bytes) -> list[str]:
        key = (file, digest)
        lines = self._texts.get(key)
        if lines is None:
            row = self._db.execute("SELECT text FROM texts WHERE file = ?", (file,)).fetchone()
            lines = self._texts[key] = unpacked(row[0]).split("\n") if row else []
            if len(self._texts) > KEPT_TEXTS:
                self._texts.popitem(last=False)
        else:
            self._texts.move_to_end(key)
        return lines

    def _rows(self, statement: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        with self._lock:
            try:
                return self._db.execute(statement, values).fetchall()
            except sqlite3.Error as error:
                self._note(error)
                return []

    def _note(self, error: Exception) -> None:
        if not self._failed:
            self._failed = True
            logger.warning("The workspace index cannot be read: %s", error)


def _symbol(row: Sequence[Any]) -> Symbol:
    name, kind, container, signature, doc, line, end_line = row
    return Symbol(name, Kind(kind), container, signature, doc, line, end_line)


def _likelihood(found: Located) -> tuple[bool, bool, int, int, str]:
    symbol = found.symbol
    is_test = _TEST.search(found.path)
    return is_test is not None, bool(symbol.container), _RANK[symbol.kind], found.path.count("/"), found.path
