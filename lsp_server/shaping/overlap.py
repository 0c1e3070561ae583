"""Filters that drop what the text around the cursor says already."""

from __future__ import annotations

import re
from typing import Final

from lsp_server.shaping.brackets import CLOSER_OF, OPENER_OF, balance
from lsp_server.shaping.lines import closes_own, next_text_line, only_closers, unmatched_closers
from lsp_server.shaping.site import Site
from lsp_server.types import Cursor

SHORTEST_TYPED: Final = 3
"""Code points of the line, or of the word in it, that count as said again: ``x`` and ``if`` are not."""

_WORD: Final = re.compile(r"\w+$")
_TAIL: Final = re.compile(r"[)\]};,\s]+$")


def drop_doubled_blank(text: str, cursor: Cursor) -> str:
    """Drop one leading blank where the text before the cursor already ends in one after code."""
    if text.startswith(" ") and cursor.before.strip() and cursor.before.endswith((" ", "\t")):
        return text.lstrip(" ")
    return text


def drop_typed(text: str, cursor: Cursor) -> str:
    """Drop the line up to the cursor, or the word the cursor is in, where ``text`` begins with it again.

    Models do so whose prompt ends in the middle of a token.
    """
    line = cursor.before.strip()
    word = _WORD.search(cursor.before)
    for typed in (line, word[0] if word else ""):
        if len(typed) >= SHORTEST_TYPED and text.startswith(typed) and not typed.isdigit():
            return text[len(typed) :]
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


def trim_surplus_closers(text: str, site: Site) -> str:
    """Cut closing brackets at the end of ``text`` that close nothing, or that stand on a line behind.

    Those on the cursor's own line are left where something follows them: see ``covered``.
    """
    if covered(text, site.cursor.after) and text[len(before_covered(text)) :].strip(")]}"):
        return text
    language, openers = site.cursor.document.language, site.demand.openers
    tail = _TAIL.search(text.rstrip())
    if tail is None:
        return text
    head, run = text[: tail.start()], tail[0]
    left = balance(head, language, openers)
    kept = site.demand.kept
    stack = list(left.characters)
    result = []
    for character in run:
        if character in OPENER_OF:
            if not stack or stack[-1] != OPENER_OF[character] or len(stack) <= kept:
                continue
            stack.pop()
        result.append(character)
    return head + "".join(result)


def covered(text: str, after: str) -> int:
    """How many code points of ``after``, the rest of the cursor's line, ``text`` says itself.

    These are closers that an editor has put there, of which ``text`` brings its own further to the left:
    ``f(‸)`` and ``a) -> int:``. Accepting ``text`` has to replace them.
    """
    if not after.strip() or not only_closers(after):
        return 0
    first = text.partition("\n")[0]
    surplus = [first[place] for place in _surplus(first)]
    return next(
        (n for n, closer in enumerate(after) if n == len(surplus) or closer != surplus[n]), len(after)
    )


def before_covered(text: str) -> str:
    """``text`` up to its first closer that it has not opened itself: what stands before ``covered`` text."""
    return text[: next(iter(_surplus(text.partition("\n")[0])), len(text))]


def _surplus(line: str) -> list[int]:
    """The places in ``line`` of closers that it has not opened."""
    places = []
    stack: list[str] = []
    for place, character in enumerate(line):
        if character in CLOSER_OF:
            stack.append(character)
        elif character in OPENER_OF:
            if stack and stack[-1] == OPENER_OF[character]:
                stack.pop()
            else:
                places.append(place)
    return places


def repeats_above(text: str, cursor: Cursor) -> bool:
    """Whether the lines this would make are the last lines of text above it once more."""
    made = [line.strip() for line in (cursor.before + text).strip().split("\n")]
    first = cursor.position.line - len(made)
    if first < 0 or all(only_closers(line) for line in made):
        return False
    above = cursor.document.lines[first : cursor.position.line]
    return made == [line.strip() for line in above]


def _closes_own_block(lines: list[str], index: int) -> bool:
    """Whether the line is a lone closer of a bracket that the suggestion itself opened."""
    if not only_closers(lines[index]):
        return False
    return unmatched_closers("\n".join(lines[: index + 1])) == unmatched_closers("\n".join(lines[:index]))
