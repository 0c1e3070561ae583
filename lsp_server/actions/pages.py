"""A model's Markdown made safe to be shown: it loads nothing, leads nowhere and runs nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from lsp_server.actions.answer import EMPTY, LONGEST, Unusable, lines_of
from lsp_server.actions.blocks import Block, fenced
from lsp_server.actions.strange import cleaned
from lsp_server.types import Finish

CUT: Final = "(The answer broke off at its length limit.)"
_OPENING: Final = re.compile(r"[ \t]*(`{3,}|~{3,})[ \t]*([^`]*)")
_RUN: Final = re.compile(r"(?<!\\)(\\*)(`+)")
_LIVE: Final = re.compile(r"(?<!\\)(\\*)([\[\]])")
_ADDRESS: Final = re.compile(
    r"(?i)(?:\b[a-z][a-z0-9+.-]{1,20}://|\bwww\.|\b(?:mailto|javascript|command|data|file):)[^\s`<>\[\]()\\]+"
)
_WHOLE: Final = frozenset(("markdown", "md"))


def page_text(answer: str, finish: Finish) -> str:
    """The Markdown to show: images and links as their text, HTML as it is written.

    Raises ``answer.Unusable`` for an answer without text.
    """
    lines = lines_of(cleaned(answer[:LONGEST]))
    only = fenced(lines)
    if len(only.blocks) == 1 and only.blocks[0].label in _WHOLE and not "".join(only.prose).strip():
        lines = list(only.blocks[0].lines)
    text = "\n".join(_written(lines)).strip("\n")
    if not text.strip():
        raise Unusable(EMPTY)
    return f"{text}\n\n{CUT}\n" if finish is Finish.LENGTH else f"{text}\n"


def _written(lines: Sequence[str]) -> Iterator[str]:
    """The lines of a page. Code is fenced anew, so that it ends where we think it does."""
    number = 0
    while number < len(lines):
        if _OPENING.fullmatch(lines[number]) is None:
            yield _inert(lines[number])
            number += 1
            continue
        end = _end(lines, number)
        yield from _code(fenced(list(lines[number:end])).blocks[0])
        number = end


def _end(lines: Sequence[str], start: int) -> int:
    """The line behind the block that begins at ``start``."""
    opening = _OPENING.fullmatch(lines[start])
    assert opening is not None
    fence = opening[1]
    for number in range(start + 1, len(lines)):
        text = lines[number].strip()
        if len(text) >= len(fence) and text == fence[0] * len(text):
            return number + 1
    return len(lines)


def _code(block: Block) -> list[str]:
    longest = max((len(run) for line in block.lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    label = re.sub(r"[^\w+#-]", "", block.label)
    return ["", f"{fence}{label}", *block.lines, fence, ""]


def _inert(line: str) -> str:
    """A line in which nothing but emphasis and code means something."""
    text, end = "", 0
    for start, stop in _spans(line):
        text = _joined(_joined(text, _plain(line[end:start])), line[start:stop])
        end = stop
    return _joined(text, _plain(line[end:]))


def _joined(one: str, other: str) -> str:
    """Two texts, apart where their backticks would become one run."""
    return f"{one} {other}" if one.endswith("`") and other.startswith("`") else one + other


def _spans(line: str) -> Iterator[tuple[int, int]]:
    """Where code is within a line, from its first backtick to behind its last."""
    runs = list(_RUN.finditer(line))
    number = 0
    while number < len(runs):
        opening = runs[number]
        ticks, start = opening[2], opening.start(2)
        if len(opening[1]) % 2:
            number += 1
            continue
        closing = next((n for n in range(number + 1, len(runs)) if runs[n][2] == ticks), None)
        if closing is None:
            number += 1
            continue
        yield start, runs[closing].end(2)
        number = closing + 1


def _plain(text: str) -> str:
    """Text without code: brackets, tags and lone backticks are escaped, addresses made code."""
    parts: list[str] = []
    end = 0
    for found in _ADDRESS.finditer(text):
        before = _escaped(text[end : found.start()])
        slashes = len(before) - len(before.rstrip("\\"))
        parts += [before, "\\" * (slashes % 2), f"`{found[0]}`"]
        end = found.end()
    return "".join([*parts, _escaped(text[end:])])


def _escaped(text: str) -> str:
    text = _RUN.sub(lambda run: run[0] if len(run[1]) % 2 and len(run[2]) == 1 else _ticks(run), text)
    text = _LIVE.sub(lambda found: found[0] if len(found[1]) % 2 else f"{found[1]}\\{found[2]}", text)
    return text.replace("<", "&lt;").replace("~~~", "\\~\\~\\~")


def _ticks(run: re.Match[str]) -> str:
    first = "`" if len(run[1]) % 2 else "\\`"
    return run[1] + first + "\\`" * (len(run[2]) - 1)
