"""Columns: from an editor's units to code points, and back.

LSP counts a position's ``character`` in UTF-16 units, UTF-8 bytes or code points, whichever was agreed at
``initialize``. In a line of ASCII all three are the same, and CPython knows in constant time whether a line
is. Other lines are measured by encoding the part in front of the position, in C: 2 microseconds for ordinary
lines.

Lines over ``LONG_LINE`` code points get a table: the units at about every ``CHUNK`` code points. Building one
takes 1 to 3 ms for 2,000,000 code points, a look-up in it 10 to 30 microseconds, and an edit carries it over
to the new line instead of building another. The last few are kept, found by their line's identity: hashing
such a line would cost as much as measuring it. Strings are immutable, so a table cannot go stale.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from typing import Final

from lsp_server.document.lines import text_length

LONG_LINE: Final = 8192
"""Code points from which a table pays: encoding fewer takes some 10 microseconds at most."""
CHUNK: Final = 4096
"""Code points between two entries of a table."""
KEPT_TABLES: Final = 4
"""More long lines than are edited at once. Each entry keeps its line alive."""


class Encoding(StrEnum):
    """What a position's ``character`` counts."""

    UTF8 = "utf-8"
    UTF16 = "utf-16"
    UTF32 = "utf-32"


_CODECS: Final = {Encoding.UTF8: "utf-8", Encoding.UTF16: "utf-16-le", Encoding.UTF32: "utf-32-le"}
_UNIT_BYTES: Final = {Encoding.UTF8: 1, Encoding.UTF16: 2, Encoding.UTF32: 4}


def choose_encoding(offered: Iterable[str] | None) -> Encoding:
    """Return the first of the client's ``general.positionEncodings`` that is known, else UTF-16.

    The order is the client's preference (LSP 3.17), and UTF-16 is what every client must understand.
    """
    for offer in offered or ():
        for encoding in Encoding:
            if encoding.value == offer:
                return encoding
    return Encoding.UTF16


def to_column(line: str, units: int, encoding: Encoding) -> int:
    """Return the column in code points that is ``units`` units into ``line``.

    Never behind the end of the line's text (its terminator is not part of it), never below 0. Inside a
    character that takes several units it is that character's start.
    """
    end = text_length(line)
    if units <= 0:
        return 0
    if encoding is Encoding.UTF32 or line.isascii():
        return min(units, end)
    start, start_units = 0, 0
    if end > LONG_LINE:
        table = _table(line, encoding)
        entry = bisect_right(table.units, units) - 1
        start, start_units = table.columns[entry], table.units[entry]
    units -= start_units
    # The last entry of a table may lie inside the terminator.
    return min(end, start + _whole_characters(line[start : min(end, start + units)], units, encoding))


def to_units(line: str, column: int, encoding: Encoding) -> int:
    """Return how many units of ``line`` stand before ``column`` (code points, clamped to the line's text)."""
    column = max(0, min(column, text_length(line)))
    if encoding is Encoding.UTF32 or line.isascii():
        return column
    if len(line) > LONG_LINE:
        table = _table(line, encoding)
        entry = bisect_right(table.columns, column) - 1
        return table.units[entry] + count_units(line[table.columns[entry] : column], encoding)
    return count_units(line[:column], encoding)


def count_units(text: str, encoding: Encoding) -> int:
    """The units that ``text`` takes. A lone surrogate counts as it travels: 3 bytes, or 1 unit."""
    return len(text.encode(_CODECS[encoding], "surrogatepass")) // _UNIT_BYTES[encoding]


def _whole_characters(text: str, units: int, encoding: Encoding) -> int:
    """How many characters of ``text`` fit wholly into its first ``units`` units."""
    encoded = text.encode(_CODECS[encoding], "surrogatepass")
    width = _UNIT_BYTES[encoding]
    if units * width >= len(encoded):
        return len(text)
    while units and _goes_on(encoded, units, encoding):
        units -= 1
    return len(encoded[: units * width].decode(_CODECS[encoding], "surrogatepass"))


def _goes_on(encoded: bytes, units: int, encoding: Encoding) -> bool:
    """Whether the unit at ``units`` belongs to the character before it."""
    if encoding is Encoding.UTF8:
        return encoded[units] & 0xC0 == 0x80  # noqa: PLR2004 - the two top bits of a continuation byte
    high, low = encoded[2 * units - 1], encoded[2 * units + 1]
    return 0xD8 <= high < 0xDC <= low < 0xE0  # noqa: PLR2004 - top bytes of high and low surrogates


def carry_over(old: str, new: str, column: int, end_column: int, encoding: Encoding) -> None:
    """Keep for ``new`` what is known of ``old``, which differs from it by one edit.

    The edit replaced the code points from ``column`` to ``end_column`` of ``old`` and left all others as they
    were. This changes how fast positions in ``new`` are found, not what they are.
    """
    known = _find(old, encoding)
    inserted = len(new) - len(old) + end_column - column
    if known is None or inserted > CHUNK:
        return
    kept = bisect_right(known.columns, column)
    moved = bisect_left(known.columns, end_column, lo=kept)
    more = len(new) - len(old)
    more_units = count_units(new[column : column + inserted], encoding) - (
        to_units(old, end_column, encoding) - to_units(old, column, encoding)
    )
    _keep(
        new,
        encoding,
        _Table(
            known.columns[:kept] + [place + more for place in known.columns[moved:]],
            known.units[:kept] + [place + more_units for place in known.units[moved:]],
        ),
    )


@dataclass(frozen=True, slots=True)
class _Table:
    """The units at some columns of a line, in rising order, column 0 first."""

    columns: list[int]
    units: list[int]


_tables: Final[list[tuple[str, Encoding, _Table]]] = []
"""The tables of the last few long lines, latest first."""


def _table(line: str, encoding: Encoding) -> _Table:
    table = _find(line, encoding)
    if table is None:
        starts = range(0, len(line), CHUNK)
        counts = (count_units(line[start : start + CHUNK], encoding) for start in starts)
        table = _Table(list(starts), list(accumulate(counts, initial=0))[:-1])
        _keep(line, encoding, table)
    return table


def _find(line: str, encoding: Encoding) -> _Table | None:
    return next((table for known, coding, table in _tables if known is line and coding is encoding), None)


def _keep(line: str, encoding: Encoding, table: _Table) -> None:
    _tables[:] = [(line, encoding, table), *_tables[: KEPT_TABLES - 1]]
