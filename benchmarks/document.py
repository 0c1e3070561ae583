"""One edit and one position look-up in a 5 MB document.

python benchmarks/document.py [--json] [--check]
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable

from lsp_server.document.edits import Change
from lsp_server.document.positions import Encoding
from lsp_server.document.store import DocumentStore

SIZE_BYTES = 5_000_000
BARS_MS = {"edit_ms": 10.0, "lookup_ms": 1.0}
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
    document = store.open(URI, "python", 0, text)
    line = len(document.lines) // 2 if len(document.lines) > 2 else 0
    column = len(document.lines[line]) // 2

    def edit(number: int) -> None:
        place = (line, column)
        assert store.change(URI, number + 1, [Change(place, place, "x")]) is not None

    def lookup(_: int) -> None:
        assert store.cursor(URI, line, column) is not None

    return {"edit_ms": median_ms(edit), "lookup_ms": median_ms(lookup)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true", help="exit 1 if a bar is missed")
    args = parser.parse_args()
    results = {name: measure(text) for name, text in texts().items()}
    if args.json:
        print(json.dumps(results))
    else:
        for name, result in results.items():
            print(
                f"5 MB, {name}: edit {result['edit_ms']:.2f} ms (bar {BARS_MS['edit_ms']:.0f}), "
                f"look-up {result['lookup_ms']:.4f} ms (bar {BARS_MS['lookup_ms']:.0f})"
            )
    missed = any(result[key] > bar for result in results.values() for key, bar in BARS_MS.items())
    return int(args.check and missed)


if __name__ == "__main__":
    sys.exit(main())
