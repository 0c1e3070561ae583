"""Comments that say what is still to be done."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from lsp_server.actions.model import Span
from lsp_server.actions.structure import Structure
from lsp_server.document.lines import text_length
from lsp_server.types import Position

MOST_TASKS: Final = 3
"""In one list of actions."""
MOST_LINES: Final = 200
"""Of a selection that are looked at."""
MOST_CONTINUED: Final = 5
"""Lines of one comment that say what is to be done."""

LONGEST_LINE: Final = 1000
"""Code points of a line that are looked at: longer ones are data."""

_TASK: Final = re.compile(r"\b(?:TODO|FIXME)\b(?:\s{0,9}\([^()]{0,80}\))?\s{0,9}[:\-]?")
_MARKS: Final = re.compile(r"\s*(?://+|#+|--+|/?\*+|;+|<!--)\s*")
_END: Final = re.compile(r"\s*(?:\*+/|-->|--?\]\])\s*$")


@dataclass(frozen=True, slots=True)
class Task:
    """A TODO: its lines' place and its text on one line, which may be empty."""

    span: Span
    text: str


def tasks(structure: Structure, first: int, last: int) -> tuple[Task, ...]:
    """The TODO and FIXME comments on the lines from ``first`` to ``last``."""
    lines = structure.tree.document.lines
    found: list[Task] = []
    for number in range(first, min(last, first + MOST_LINES) + 1):
        for match in _TASK.finditer(lines[number][:LONGEST_LINE]):
            if structure.is_comment(Position(number, match.start())):
                found.append(_task(lines, number, match))
                break
        if len(found) == MOST_TASKS:
            break
    return tuple(found)


def _task(lines: tuple[str, ...], number: int, match: re.Match[str]) -> Task:
    said = match.string[match.end() :].rstrip()
    texts, last = [_END.sub("", said).strip()], number
    ends = _END.search(said) is not None
    if not ends and _MARKS.fullmatch(lines[number][: match.start()]):
        for line in lines[number + 1 : number + 1 + MOST_CONTINUED]:
            text = line[:LONGEST_LINE].rstrip()
            mark = _MARKS.match(text)
            words = _END.sub("", text[mark.end() :]).strip() if mark else ""
            if not words or _TASK.search(text):
                break
            texts.append(words)
            last += 1
    start = len(lines[number]) - len(lines[number].lstrip())
    return Task(
        Span(Position(number, start), Position(last, text_length(lines[last]))), " ".join(filter(None, texts))
    )
