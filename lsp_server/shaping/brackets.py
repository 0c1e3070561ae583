"""Brackets in code: which are open at a place, and what each of them holds.

Texts are read by one regular expression per kind of language, which steps over comments and quoted text. It
need not be right everywhere (a regular expression literal, a here-document): a wrong count costs a line more
or less of a suggestion.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from lsp_server.shaping.lines import is_prose

OPENER_OF: Final = {")": "(", "]": "[", "}": "{"}
CLOSER_OF: Final = {opener: closer for closer, opener in OPENER_OF.items()}

_BRACKET: Final = r"[()\[\]{}]"
_DOUBLE: Final = r'"(?:[^"\\\n]|\\.)*"'
_SINGLE: Final = r"'(?:[^'\\\n]|\\.)*'"
_CHARACTER: Final = r"'(?:[^'\\\n]|\\[^\n]{1,8}?)'"
"""Where a lone apostrophe means something else: a lifetime in Rust, a digit separator in C++."""
_BACKTICKS: Final = r"`(?:[^`\\]|\\.)*`"
_TRIPLE: Final = r"\"\"\".*?(?:\"\"\"|\Z)|'''.*?(?:'''|\Z)"
_TRIPLES: Final = ('"""', "'''")
_SLASHES: Final = r"//[^\n]*|/\*.*?(?:\*/|\Z)"
_HASH: Final = r"(?:(?<=\s)|^)#[^\n]*"
_DASHES: Final = r"--[^\n]*"


def _reader(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join((*patterns, _BRACKET)), re.DOTALL | re.MULTILINE)


_SLASHED: Final = _reader(_SLASHES, _DOUBLE, _SINGLE, _BACKTICKS)
_CHARACTERS: Final = _reader(_SLASHES, _DOUBLE, _CHARACTER, _BACKTICKS)
_PYTHON: Final = _reader(r"#[^\n]*", _TRIPLE, _DOUBLE, _SINGLE)
_HASHED: Final = _reader(_HASH, _DOUBLE, _SINGLE)
_DASHED: Final = _reader(_DASHES, _DOUBLE, _SINGLE)
_READERS: Final = {
    "python": _PYTHON,
    **dict.fromkeys(("rust", "c", "cpp", "java", "go", "csharp", "kotlin", "swift", "scala"), _CHARACTERS),
    **dict.fromkeys(("ruby", "shellscript", "yaml", "toml", "perl", "r", "makefile", "dockerfile"), _HASHED),
    **dict.fromkeys(("lua", "sql", "haskell"), _DASHED),
}
"""By LSP's language identifiers; the others are read like C without its character literals."""

_QUOTES_OF: Final = dict.fromkeys(
    ("rust", "c", "cpp", "java", "go", "csharp", "kotlin", "swift", "scala"), '"`'
)
"""Quotes that open a text; where an apostrophe may stand alone, it is none of them."""

_EXPRESSION_BEFORE: Final = re.compile(
    r"(?:\b(?:return|yield|in|of|typeof|await|default|throw)|[=(,\[:?&|])\s*$"
)
_BLOCK_BEFORE: Final = re.compile(r"(?:[\w)\]>]\s+|\)|=>\s*|->\s*|^\s*)$")


@dataclass(frozen=True, slots=True)
class Opener:
    """An open bracket. One of an ``expression`` (arguments, a list, a literal) has to be closed before the
    statement is complete; a block's may stay open while its lines are written.
    """

    character: str
    expression: bool


@dataclass(frozen=True, slots=True)
class Balance:
    """What a text leaves: brackets closed that it did not open, in order, and those open at its end."""

    closers: tuple[str, ...]
    openers: tuple[Opener, ...]

    @property
    def characters(self) -> tuple[str, ...]:
        """The characters of ``openers``."""
        return tuple(opener.character for opener in self.openers)


def balance(text: str, language: str, openers: Iterable[Opener] = ()) -> Balance:
    """Read ``text``, which follows a place where ``openers`` are open.

    A closer of another kind than the innermost opener closes the nearest one of its kind, with all inside it.
    Brackets in prose mean nothing.
    """
    if is_prose(language):
        return Balance((), tuple(openers))
    stack = list(openers)
    closers = []
    for place, character in brackets(text, language):
        if character in CLOSER_OF:
            stack.append(Opener(character, character != "{" or _holds_expression(text, place)))
            continue
        wanted = OPENER_OF[character]
        depth = next((d for d in range(len(stack) - 1, -1, -1) if stack[d].character == wanted), None)
        if depth is None:
            closers.append(character)
        else:
            del stack[depth:]
    return Balance(tuple(closers), tuple(stack))


def brackets(text: str, language: str) -> Iterator[tuple[int, str]]:
    """The place and the character of each bracket in ``text`` that is code."""
    for match in _READERS.get(language, _SLASHED).finditer(text):
        if match[0] in CLOSER_OF or match[0] in OPENER_OF:
            yield match.start(), match[0]


def ends_in_text(text: str, language: str) -> bool:
    """Whether the end of ``text`` is in a comment or in quoted text."""
    end = 0
    for match in _READERS.get(language, _SLASHED).finditer(text):
        end = match.end()
        if end == len(text) and _is_open(match[0]):
            return True
    left = text[max(end, text.rfind("\n") + 1) :]
    return any(quote in left for quote in _QUOTES_OF.get(language, "\"'`"))


def comment_marks(language: str) -> tuple[str, ...]:
    """What a comment begins with, by LSP's identifier of the language."""
    reader = _READERS.get(language, _SLASHED)
    if reader in (_PYTHON, _HASHED):
        return ("#",)
    return ("--",) if reader is _DASHED else ("//", "/*", "*/")


def _is_open(match: str) -> bool:
    """Whether what matched up to the text's end is a comment or a quotation that goes on there."""
    if match.startswith("/*"):
        return not match.endswith("*/")
    if match.startswith(_TRIPLES):
        return not match.endswith(_TRIPLES) or match in _TRIPLES
    return match.startswith(("//", "#", "--"))


def _holds_expression(text: str, place: int) -> bool:
    """Whether the brace at ``place`` begins a literal rather than a block."""
    before = text[text.rfind("\n", 0, place) + 1 : place]
    return bool(_EXPRESSION_BEFORE.search(before)) or not _BLOCK_BEFORE.search(before)
