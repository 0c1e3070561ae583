"""The fenced blocks and the search and replace blocks of a model's answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from lsp_server.shaping.lines import indentation

_OPENING: Final = re.compile(r"[ \t]*(`{3,}|~{3,})[ \t]*(.*)")
_SEARCH: Final = re.compile(r"\s*<{5,9} ?SEARCH\b")
_MIDDLE: Final = re.compile(r"\s*={5,9}\s*")
_REPLACE: Final = re.compile(r"\s*>{5,9} ?REPLACE\b")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its lines without the fence's own indentation, and the first word behind the fence.

    ``closed`` is False where the answer ended before the fence did.
    """

    label: str
    lines: tuple[str, ...]
    closed: bool = True


@dataclass(frozen=True, slots=True)
class Exchange:
    """The lines that are to be found, and those to be put in their place."""

    search: tuple[str, ...]
    replace: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fenced:
    """An answer as its blocks and the prose around them."""

    blocks: tuple[Block, ...]
    prose: tuple[str, ...]


def fenced(lines: list[str]) -> Fenced:
    """Read the fenced blocks of an answer.

    A fence is closed by a line of the same character, at least as long; within a longer fence a shorter one
    is text.
    """
    blocks: list[Block] = []
    prose: list[str] = []
    number = 0
    while number < len(lines):
        opening = _OPENING.fullmatch(lines[number])
        if opening is None or (opening[1][0] == "`" and "`" in opening[2]):
            prose.append(lines[number])
            number += 1
            continue
        end = _closing(lines, number + 1, opening[1])
        margin = len(indentation(lines[number]))
        inside = tuple(_without(line, margin) for line in lines[number + 1 : end])
        label = opening[2].strip().split(maxsplit=1)
        word = label[0].strip("{}.").lower() if label else ""
        blocks.append(Block(word, inside, closed=end < len(lines)))
        number = end + 1
    return Fenced(tuple(blocks), tuple(prose))


def has_exchanges(lines: list[str]) -> bool:
    """Whether an answer is in the form of search and replace blocks."""
    return any(_SEARCH.match(line) for line in lines)


def exchanges(lines: list[str]) -> tuple[Exchange, ...] | None:
    """The search and replace blocks of an answer in their order, or None if one is not complete."""
    found: list[Exchange] = []
    search: list[str] | None = None
    replace: list[str] | None = None
    for line in lines:
        if _SEARCH.match(line):
            if search is not None:
                return None
            search = []
        elif _REPLACE.match(line):
            if search is None or replace is None:
                return None
            found.append(Exchange(tuple(search), tuple(replace)))
            search = replace = None
        elif search is not None and replace is None and _MIDDLE.fullmatch(line):
            replace = []
        elif replace is not None:
            replace.append(line)
        elif search is not None:
            search.append(line)
    return None if search is not None else tuple(found)


def _closing(lines: list[str], start: int, fence: str) -> int:
    """The line that closes ``fence``, or the number of lines."""
    for number in range(start, len(lines)):
        text = lines[number].strip()
        if len(text) >= len(fence) and text == fence[0] * len(text):
            return number
    return len(lines)


def _without(line: str, margin: int) -> str:
    """The line without at most ``margin`` blanks at its begin."""
    return line[min(margin, len(indentation(line))) :]
