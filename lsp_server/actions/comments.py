"""Whether comments are in another language than English, by a cheap look."""

from __future__ import annotations

import re
from typing import Final

from lsp_server.actions.structure import Structure
from lsp_server.actions.structure_tables import words
from lsp_server.types import Position

MOST_LINES: Final = 400
"""That are looked at: more would be too long to translate."""
LEAST_WORDS: Final = 2
"""Different words of one other language that tell it: one alone may be a name."""

LONGEST_LINE: Final = 1000
"""Code points of a line that are looked at: longer ones are data."""

_FOREIGN_LETTER: Final = re.compile(r"[\u00C0-\u024F\u0370-\u1FFF\u2E80-\uA4CF\uAC00-\uD7FF\uF900-\uFAFF]")
"""A letter that English has not."""
_COMMENT: Final = re.compile(r"(?:^|(?<=\s))(?://+|#+|--+|/\*+)\s?(.+)|^\s*\*\s(.+)")
_WORD: Final = re.compile(r"[^\W\d_]+")
_COMMON: Final = (
    words("und der das nicht wird ist eine einen wenn oder für auf wir sind werden nur auch hier"),
    words("les une est pas pour dans que avec sur cette sont nous doit ici aussi"),
    words("el los una para por que con del esta este como pero cuando aqui"),
    words("il della che una per con questo sono nella quando qui anche gli"),
    words("uma para não com que são esta quando aqui dos das pelo"),
    words("het een niet wordt zijn voor naar deze hier ook maar"),
)
"""Frequent words of German, French, Spanish, Italian, Portuguese and Dutch that are none in English."""
_IDEOGRAPH: Final = re.compile(r"[\u2E80-\uA4CF\uAC00-\uD7FF\uF900-\uFAFF]")


def has_foreign_comment(structure: Structure, first: int, last: int) -> bool:
    """Whether a comment on the lines from ``first`` to ``last`` seems not to be in English."""
    tree = structure.tree
    lines = tree.document.lines
    seen: list[set[str]] = [set() for _ in _COMMON]
    for number in range(first, min(last, first + MOST_LINES) + 1):
        text = lines[number][:LONGEST_LINE]
        comment = _COMMENT.search(text)
        if comment is None and (text.isascii() or tree.root is None):
            continue
        if not text.isascii() and _has_foreign_word(structure, number, text, comment):
            return True
        if comment is not None and structure.is_comment(
            Position(number, comment.start(comment.lastindex or 0))
        ):
            said = {word.lower() for word in _WORD.findall(comment[comment.lastindex or 0])}
            seen = [known | (said & common) for known, common in zip(seen, _COMMON, strict=True)]
    return any(len(known) >= LEAST_WORDS for known in seen)


def _has_foreign_word(structure: Structure, number: int, text: str, comment: re.Match[str] | None) -> bool:
    start = comment.start() if comment is not None and structure.tree.root is None else 0
    for word in _WORD.finditer(text, start):
        # A single Greek letter is mathematics; a single ideograph is a word.
        is_word = len(word[0]) > 1 or _IDEOGRAPH.match(word[0])
        if (
            is_word
            and _FOREIGN_LETTER.search(word[0])
            and structure.is_comment(Position(number, word.start()))
        ):
            return True
    return False
