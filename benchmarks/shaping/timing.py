"""What the rules cost for each piece of a stream, in the middle of a long file."""

from __future__ import annotations

import time
from itertools import accumulate
from typing import Final

from benchmarks.shaping.data import LANGUAGES, Place
from benchmarks.shaping.stream import Reading
from benchmarks.table import Row, percentiles
from lsp_server.testing.fake_backends.script import cut_pieces
from lsp_server.types import Finish

FILE_LINES: Final = 2000
DRAFT_LINES: Final = 20
BAR_MS: Final = 2.0
_METHODS: Final = 6
"""Of each class of the file."""


def timing_rows(*, quick: bool = False) -> list[Row]:
    """A row for each language; ``quick`` replays fewer streams."""
    return [_row(language, rounds=1 if quick else 5) for language in LANGUAGES]


def long_place(language: str) -> tuple[Place, str]:
    """A file of 2,000 lines with the cursor in an empty function in its middle, and 20 lines to put there."""
    lines: list[str] = []
    number = 0
    while len(lines) < FILE_LINES:
        lines += _class(language, number)
        number += 1
    heads = [i for i, line in enumerate(lines) if line.lstrip().startswith(_SIGNATURES[language])]
    head = min(heads, key=lambda i: abs(i - FILE_LINES // 2))
    end = next(i for i in range(head + 1, len(lines)) if lines[i] in {"", "  }"})
    indentation = " " * (8 if language == "python" else 4)
    before = "\n".join(lines[: head + 1]) + "\n" + indentation
    body = _body(language, number, DRAFT_LINES)
    return Place(before, "\n" + "\n".join(lines[end:FILE_LINES]) + "\n", language), "\n".join(body).lstrip()


def _row(language: str, rounds: int) -> Row:
    place, draft = long_place(language)
    started = time.perf_counter()
    reading = Reading.at(place)
    once_ms = (time.perf_counter() - started) * 1000
    times = []
    for _ in range(rounds):
        for text in accumulate(cut_pieces(draft)):
            started = time.perf_counter()
            if reading.look(text) is None:
                reading.look(text, Finish.STOP)
            times.append((time.perf_counter() - started) * 1000)
    found = percentiles(times)
    values = {"p50": found["p50"], "p95": found["p95"]}
    what = f"{language}, a piece of {DRAFT_LINES} lines in a file of {FILE_LINES:,}: find the end and shape"
    note = f"{len(times)} pieces; {once_ms:.1f} ms once for each stream, its prompt included"
    return Row(what, "ms", values, {"p95": BAR_MS}, note=note)


_SIGNATURES: Final = {"python": "def step_", "typescript": "step"}


def _class(language: str, number: int) -> list[str]:
    lines = [f"class Stage{number}:" if language == "python" else f"export class Stage{number} {{"]
    for method in range(_METHODS):
        name = number * _METHODS + method
        size = 4 + name % 5
        if language == "python":
            lines += [f"    def step_{name}(self, items, limit):", *_body(language, name, size), ""]
        else:
            lines += [f"  step{name}(items: Item[], limit: number): number {{", *_body(language, name, size)]
            lines += ["  }", ""]
    return [*lines[:-1], "", ""] if language == "python" else [*lines[:-1], "}", ""]


def _body(language: str, name: int, size: int) -> list[str]:
    """So many lines of a function's body: loops with two lines in them, and one line that returns."""
    lines = []
    for index in range((size - 1) // 3):
        key = f"value{name + index}"
        if language == "python":
            lines += [
                f"        for {key} in items[{index}:limit]:",
                f'            self.total += {key}.weight * (limit - {name})  # "{key}" counts',
                f"            self.seen[{key}.name] = [{key}.weight, limit]",
            ]
        else:
            lines += [
                f"    for (const {key} of items.slice({index}, limit)) {{",
                f"      this.total += {key}.weight * (limit - {name}); // '{key}' counts",
                "    }",
            ]
    filler = "        self.count += limit" if language == "python" else "    this.count += limit;"
    lines += [filler] * ((size - 1) % 3)
    return [*lines, "        return self.total" if language == "python" else "    return this.total;"]
