"""One edit and one position look-up in a 5 MB document."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from benchmarks.table import Row
from lsp_server.document.edits import Change
from lsp_server.document.positions import Encoding
from lsp_server.document.store import DocumentStore

SIZE_BYTES = 5_000_000
BARS_MS = {"edit": 10.0, "look-up": 1.0}
URI = "file:///project/big.py"


def texts() -> dict[str, str]:
    """5 MB of ordinary lines, of lines with wide characters, and of a single line."""
    line = "    value = compute(first, second)  # line\n"
    wide = '    name = "größe 名前 😀"  # Zeile\n'
    return {
        "lines": line * (SIZE_BYTES // len(line)),
        "wide lines": wide * (SIZE_BYTES // len(wide.encode())),
        "one line": "x = [" + "1234567, " * (SIZE_BYTES // 9),
    }


def median_ms(action: Callable[[int], object], rounds: int = 50) -> float:
    """Median time of ``action(round)`` in milliseconds."""
    times = []
    for number in range(rounds):
        started = time.perf_counter()
        action(number)
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def measure(text: str) -> dict[str, float]:
    """Edit and look up in the middle of ``text``."""
    store = DocumentStore()
    store.encoding = Encoding.UTF16
    lines = store.open(URI, "python", 0, text).lines
    line = len(lines) // 2 if len(lines) > 2 else 0
    column = len(lines[line]) // 2

    def edit(number: int) -> None:
        place = (line, column)
        assert store.change(URI, number + 1, [Change(place, place, "x")]) is not None

    def lookup(_: int) -> None:
        assert store.cursor(URI, line, column) is not None

    return {"edit": median_ms(edit), "look-up": median_ms(lookup)}


def document() -> list[Row]:
    """A row for each kind of text."""
    return [Row(f"5 MB, {name}", "ms", measure(text), BARS_MS) for name, text in texts().items()]
