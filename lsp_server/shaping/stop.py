"""Rules that end a stream while it is still arriving.

Each rule looks at the draft so far and says where the suggestion ends, or that it may go on. They are asked
after every chunk; the earliest end wins. A draft is at most a few hundred code points, so each look reads it
whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from lsp_server.shaping.lines import (
    continues_block,
    indentation,
    is_closing,
    next_text_line,
    opens_block,
    width,
)
from lsp_server.shaping.mode import Mode
from lsp_server.types import Cursor

REPEATED_LINES: Final = 3
"""As many equal lines in a row are a loop, not code (Continue's figure)."""
SHORTEST_COMPARED: Final = 3
"""A suffix line shorter than this (a lone bracket) ends many blocks rightly and does not end the draft."""


@dataclass(frozen=True, slots=True)
class Stop:
    """The rule that ended a draft, and the code points of the draft that are kept."""

    rule: str
    end: int


@dataclass(frozen=True, slots=True)
class Draft:
    """What the rules look at: the output so far, the place, and the limits."""

    text: str
    cursor: Cursor
    mode: Mode
    max_lines: int
    control_texts: tuple[str, ...] = ()

    @property
    def complete_lines(self) -> list[tuple[int, str]]:
        """(start, text) of each line of the draft that has its line ending."""
        lines = []
        start = 0
        while (end := self.text.find("\n", start)) != -1:
            lines.append((start, self.text[start:end]))
            start = end + 1
        return lines


def find_stop(draft: Draft) -> Stop | None:
    """Return the earliest end that a rule sees in the draft, or None while it may go on."""
    stops = [stop for rule in RULES if (stop := rule(draft)) is not None]
    return min(stops, key=lambda stop: stop.end, default=None)


def control_text(draft: Draft) -> Stop | None:
    """A control token of the model leaked into its text."""
    ends = [end for text in draft.control_texts if (end := draft.text.find(text)) != -1]
    return Stop("control_text", min(ends)) if ends else None


def fence(draft: Draft) -> Stop | None:
    """A Markdown fence: an instruct model begins to chat. Left alone in Markdown itself."""
    if draft.cursor.document.language == "markdown":
        return None
    if draft.text.startswith("```"):
        return Stop("fence", 0)
    end = draft.text.find("\n```")
    return Stop("fence", end) if end != -1 else None


def line_end(draft: Draft) -> Stop | None:
    """In LINE mode the draft ends with its first line of text, unless that line opens a block."""
    if draft.mode is not Mode.LINE:
        return None
    for start, line in draft.complete_lines:
        if not line.strip():
            continue
        if draft.cursor.after.strip() or not opens_block(line):
            return Stop("line_end", start + len(line))
        return None
    return None


def block_end(draft: Draft) -> Stop | None:
    """The block ends where a line stands further left than its body, or at its closing bracket.

    Where the first line closes the block around the cursor, nothing more is needed to see that it ends.
    """
    lines = _with_current_line(draft)
    opener = next((i for i, (_, text) in enumerate(lines) if text.strip()), None)
    if opener is None:
        return None
    start, first = lines[opener]
    if draft.mode is Mode.BLOCK and is_closing(first) and not opens_block(first) and opener + 1 < len(lines):
        return Stop("block_end", start + len(first) - (len(draft.cursor.before) if opener == 0 else 0))
    base = width(indentation(first))
    opened = opens_block(first) or _opens_inside(draft)
    for start, text in lines[opener + 1 :]:
        if not text.strip():
            continue
        column = width(indentation(text))
        if opened and column == base and continues_block(text):
            continue
        if opened and column == base and is_closing(text):
            return Stop("block_end", start + len(text)) if start + len(text) < len(draft.text) else None
        if column < base or (opened and column == base):
            return Stop("block_end", max(0, start - 1))
    return None


def paragraph_end(draft: Draft) -> Stop | None:
    """A blank line after text ends the suggestion, unless the line before it opens a block."""
    previous = draft.cursor.before
    for start, line in draft.complete_lines:
        whole = (draft.cursor.before + line) if start == 0 else line
        if not whole.strip() and previous.strip() and start > 0 and not opens_block(previous):
            return Stop("paragraph_end", start - 1)
        previous = whole if whole.strip() else previous
    return None


def suffix_line(draft: Draft) -> Stop | None:
    """The draft repeats the next line of text behind the cursor."""
    cursor = draft.cursor
    following = next_text_line(cursor.document.lines, cursor.position.line + 1)
    if len(following) < SHORTEST_COMPARED:
        return None
    for start, line in draft.complete_lines:
        if start > 0 and line.strip() == following:
            return Stop("suffix_line", start - 1)
    return None


def repetition(draft: Draft) -> Stop | None:
    """The same line several times in a row."""
    run = 1
    lines = draft.complete_lines
    for (_, previous), (start, line) in pairwise(lines):
        run = run + 1 if line.strip() and line == previous else 1
        if run == REPEATED_LINES:
            return Stop("repetition", start - (REPEATED_LINES - 1) * (len(line) + 1) + len(line))
    return None


def line_limit(draft: Draft) -> Stop | None:
    """The setting ``completion.max_lines`` is reached."""
    lines = draft.complete_lines
    if len(lines) < draft.max_lines:
        return None
    start, text = lines[draft.max_lines - 1]
    return Stop("line_limit", start + len(text))


def _with_current_line(draft: Draft) -> list[tuple[int, str]]:
    """The draft's lines, the unfinished one included, the first with what stands before the cursor."""
    lines = draft.complete_lines
    last = lines[-1][0] + len(lines[-1][1]) + 1 if lines else 0
    lines.append((last, draft.text[last:]))
    start, text = lines[0]
    lines[0] = (start, draft.cursor.before + text)
    return lines


def _opens_inside(draft: Draft) -> bool:
    """Whether the draft goes on below a line that already ended in an opener."""
    return opens_block(draft.cursor.before) and draft.text.lstrip(" \t").startswith("\n")


RULES: Final[tuple[Callable[[Draft], Stop | None], ...]] = (
    control_text,
    fence,
    line_end,
    block_end,
    paragraph_end,
    suffix_line,
    repetition,
    line_limit,
)
