"""Places in a package whose answer needs a name that the window lacks and the package has."""

from __future__ import annotations

import builtins
import io
import keyword
import random
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from benchmarks.context.packages import Package
from lsp_server.types import Cursor, Document, Position

PREFIX: Final = 3000
SUFFIX: Final = 1000
"""Characters around the cursor that a model is shown anyway."""
BLOCK: Final = 5
"""Lines of an answer at most."""
SMALLEST: Final = 40
"""Lines of a file that is worth a place."""
LEAST_ABOVE: Final = 10
"""Lines above a place."""
PER_FILE: Final = 6
TRIES: Final = 40
"""Places tried per file before it is left."""
_BINDING: Final = re.compile(
    r"^[ \t]*([\w, ]+?)[ \t]*(?::[^=\n]+)?=(?!=)|^[ \t]*(\w+)[ \t]*:[ \t]+\w"
    r"|\bfor[ \t]+([\w, ()]+?)[ \t]+in\b|\bas[ \t]+(\w+)|\b(?:def|class)[ \t]+(\w+)|(\w+)[ \t]*:=",
    re.MULTILINE,
)
COMMON: Final = frozenset({*dir(builtins), *keyword.kwlist, *keyword.softkwlist, "self", "cls"})


@dataclass(frozen=True, slots=True)
class Place:
    """A cursor in a file without its answer, and the names that the answer needs and the window lacks.

    ``wanted`` are all of them that the rest of the package has anywhere; ``defined`` those of them that some
    file of it defines.
    """

    package: str
    path: str
    kind: str
    cursor: Cursor
    visible: range
    window: str
    answer: str
    wanted: frozenset[str]
    defined: frozenset[str]


def names_by_line(text: str) -> dict[int, list[tuple[int, str]]]:
    """Column and text of each name, by 0-based line; comments and strings have none."""
    found: dict[int, list[tuple[int, str]]] = {}
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.NAME:
                found.setdefault(token.start[0] - 1, []).append((token.start[1], token.string))
    except (tokenize.TokenError, SyntaxError):
        return {}
    return found


def mine(package: Package, count: int, defined: frozenset[str]) -> list[Place]:
    """So many places or fewer, always the same: a third each of rests of lines, lines and blocks."""
    chance = random.Random(package.name)
    names = {path: names_by_line(text) for path, text in package.files.items()}
    holders: Counter[str] = Counter()
    for lines in names.values():
        holders.update({name for line in lines.values() for _, name in line})
    paths = [
        p for p, t in package.files.items() if t.count("\n") >= SMALLEST and names[p] and "/tests/" not in p
    ]
    chance.shuffle(paths)
    rounds = {path: _places(package, path, names[path], holders, defined, chance) for path in paths}
    found: list[Place] = []
    for _ in range(PER_FILE):
        for path in paths:
            place = next(rounds[path], None)
            if place and len(found) < count:
                found.append(place)
    return found


def _places(
    package: Package,
    path: str,
    names: dict[int, list[tuple[int, str]]],
    holders: Counter[str],
    defined: frozenset[str],
    chance: random.Random,
) -> Iterator[Place]:
    lines = package.files[path].splitlines(keepends=True)
    code = [n for n in sorted(names) if n >= LEAST_ABOVE and _is_body(lines[n])]
    for _ in range(min(TRIES, len(code))):
        row = chance.choice(code)
        kind = chance.choice(("rest", "line", "block"))
        column = len(lines[row]) - len(lines[row].lstrip())
        end = row + 1
        if kind == "rest":
            column = chance.choice([c for c, _ in names[row]] + [c + len(n) for c, n in names[row]])
        elif kind == "block":
            while end < min(row + BLOCK, len(lines)) and _continues(lines[end], column):
                end += 1
        place = _place(package, path, names, holders, defined, (row, column, end), kind)
        if place:
            yield place


def _is_body(line: str) -> bool:
    return not line.lstrip().startswith(("import ", "from ", "@", "def ", "class ", "async def ", "#", ")"))


def _continues(line: str, column: int) -> bool:
    return bool(line.strip()) and len(line) - len(line.lstrip()) >= column


def _place(
    package: Package,
    path: str,
    names: dict[int, list[tuple[int, str]]],
    holders: Counter[str],
    defined: frozenset[str],
    hole: tuple[int, int, int],
    kind: str,
) -> Place | None:
    row, column, end = hole
    lines = package.files[path].splitlines(keepends=True)
    answer = (lines[row][column:] + "".join(lines[row + 1 : end])).rstrip("\n")
    prefix = ("".join(lines[:row]) + lines[row][:column])[-PREFIX:]
    suffix = ("\n" + "".join(lines[end:]))[:SUFFIX]
    needed = {n for c, n in names.get(row, ()) if c >= column}
    needed |= {n for number in range(row + 1, end) for _, n in names.get(number, ())}
    needed -= bound_in(answer)
    shown = set(_words(prefix + suffix))
    rest = {n for number, line in names.items() if not row <= number < end for _, n in line}
    novel = {n for n in needed if len(n) > 2 and n not in shown and n not in COMMON}
    wanted = frozenset(n for n in novel if n in rest or holders[n] > 1)
    if not wanted or not answer.strip():
        return None
    text = [*lines[:row], lines[row][:column] + "\n", *lines[end:]]
    document = Document(f"file:///{path}", path, "python", 1, (*text, ""))
    first = row - prefix.count("\n")
    visible = range(first + (first > 0), row + 1 + suffix.count("\n"))
    return Place(
        package.name, path, kind, Cursor(document, Position(row, column)), visible, prefix + suffix, answer,
        wanted, wanted & defined,
    )  # fmt: skip


def bound_in(answer: str) -> set[str]:
    """The names that the answer makes itself: it introduces them, so it does not need them from elsewhere."""
    return {name for part in _BINDING.findall(answer) for text in part for name in _words(text)}


def _words(text: str) -> list[str]:
    word, found = "", []
    for char in text:
        if char == "_" or char.isalnum():
            word += char
        elif word:
            found.append(word)
            word = ""
    return [*found, word] if word else found
