"""Rules over the finished draft: what of it fits the place, or the gate that says why nothing does."""

from __future__ import annotations

from typing import Final

from lsp_server.shaping.lines import closes_own, next_text_line, only_closers, unmatched_closers
from lsp_server.types import Cursor, Finish, Gate

EMPTY: Final = Gate("empty", "the model had nothing to add")
REPEATS_ABOVE: Final = Gate("repeats_above", "the model repeated the line above")
REPEATS_BELOW: Final = Gate("repeats_below", "the model repeated the text behind the cursor")


def shape(text: str, cursor: Cursor, finish: Finish = Finish.STOP) -> str | Gate:
    """Return the part of ``text`` that may be shown at ``cursor``, or the gate that nothing passed.

    The result uses ``\\n``, has no trailing blanks, and does not end with text that already stands behind the
    cursor.
    """
    shaped = text.replace("\r\n", "\n").replace("\r", "\n")
    if finish is Finish.LENGTH:
        shaped = drop_unfinished_line(shaped)
    shaped = drop_doubled_blank(shaped, cursor)
    if not shaped.strip():
        return EMPTY
    shaped = trim_overlap(shaped, cursor.after)
    shaped = trim_following_lines(shaped, cursor)
    shaped = shaped.rstrip()
    if not shaped.strip():
        return REPEATS_BELOW
    if repeats_above(shaped, cursor):
        return REPEATS_ABOVE
    return shaped


def drop_unfinished_line(text: str) -> str:
    """Drop the last of several lines: a model that was cut off stopped in the middle of it."""
    whole, newline, _ = text.rstrip().rpartition("\n")
    return whole if newline and whole.strip() else text


def drop_doubled_blank(text: str, cursor: Cursor) -> str:
    """Drop one leading blank where the text before the cursor already ends in one after code."""
    if text.startswith(" ") and cursor.before.strip() and cursor.before.endswith((" ", "\t")):
        return text.lstrip(" ")
    return text


def trim_overlap(text: str, after: str) -> str:
    """Cut the end of ``text`` where it repeats the beginning of ``after``, the rest of the cursor's line.

    A closing bracket or quote that ``text`` opened itself is its own and stays.
    """
    after = after.rstrip()
    if not after.strip():
        return text
    body = text.rstrip()
    for length in range(min(len(body), len(after)), 0, -1):
        head = after[:length]
        if not head.strip() or not body.endswith(head):
            continue
        kept = body[:-length]
        if not closes_own(kept, head):
            return kept
    return text


def trim_following_lines(text: str, cursor: Cursor) -> str:
    """Cut the lines at the end of ``text`` that stand below the cursor already."""
    following = next_text_line(cursor.document.lines, cursor.position.line + 1)
    lines = text.rstrip().split("\n")
    if not following or len(lines) < 2:  # noqa: PLR2004 - the first line continues the cursor's own
        return text
    for index in range(1, len(lines)):
        if lines[index].strip() == following and not _closes_own_block(lines, index):
            return "\n".join(lines[:index])
    return text


def repeats_above(text: str, cursor: Cursor) -> bool:
    """Whether the line this would make is the last line of text above it once more."""
    if "\n" in text.strip() or not cursor.position.line:
        return False
    made = (cursor.before + text).strip()
    above = cursor.document.lines[cursor.position.line - 1].strip()
    return made == above and not only_closers(made)


def _closes_own_block(lines: list[str], index: int) -> bool:
    """Whether the line is a lone closer of a bracket that the suggestion itself opened."""
    if not only_closers(lines[index]):
        return False
    return unmatched_closers("\n".join(lines[: index + 1])) == unmatched_closers("\n".join(lines[:index]))
