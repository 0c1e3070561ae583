"""Where documentation stands by the convention of each language, and what it is called there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from lsp_server.actions.model import Definition, Span
from lsp_server.actions.structure_tables import words
from lsp_server.types import Document, Position

MOST_LINES: Final = 400
"""Of one comment: longer ones are licences and generated tables."""

WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "python": "docstring",
        "javascript": "JSDoc comment",
        "javascriptreact": "JSDoc comment",
        "typescript": "JSDoc comment",
        "typescriptreact": "JSDoc comment",
        "java": "Javadoc comment",
        "kotlin": "KDoc comment",
        "php": "PHPDoc comment",
        "scala": "Scaladoc comment",
        "shellscript": "comment",
    }
)
"""What people who write a language call its documentation. Of others it is the doc comment."""

_BLOCK: Final = re.compile(r"\s*/\*\*(?!/)")
_ANY_BLOCK: Final = re.compile(r"\s*/\*")
_SLASHES: Final = re.compile(r"\s*///(?!/)")
_LINE_MARKS: Final[Mapping[str, re.Pattern[str]]] = MappingProxyType(
    {
        "go": re.compile(r"\s*//(?!go:|\s*\+build|export |line |nolint)"),
        "rust": _SLASHES,
        "csharp": _SLASHES,
        "swift": _SLASHES,
        "c": re.compile(r"\s*//"),
        "cpp": re.compile(r"\s*//"),
        "ruby": re.compile(r"\s*#(?!!|\s*(?:frozen_string_literal|encoding|rubocop|typed):)"),
        "lua": re.compile(r"\s*--(?!\[=*\[)"),
        "shellscript": re.compile(r"\s*#(?!!|\s*shellcheck )"),
    }
)
"""Lines that document what follows. What only a tool reads is left out."""
_BLOCKS: Final[Mapping[str, re.Pattern[str]]] = MappingProxyType(
    {
        **dict.fromkeys(
            words(
                "javascript javascriptreact typescript typescriptreact java kotlin php scala rust swift "
                "csharp"
            ),
            _BLOCK,
        ),
        "c": _ANY_BLOCK,
        "cpp": _ANY_BLOCK,
        "go": _ANY_BLOCK,
    }
)
_TASK: Final = re.compile(r"\W*(?:TODO|FIXME|XXX|HACK)\b")


def word_for(language: str) -> str:
    """What documentation is called in a language."""
    return WORDS.get(language, "doc comment")


def comment_above(lines: Sequence[str], line: int, language: str) -> Span | None:
    """The comment that documents what begins on ``line`` and ends on the line above it, or None."""
    last = line - 1
    if last < 0:
        return None
    first = _first_of_block(lines, last, language)
    if first is None:
        mark = _LINE_MARKS.get(language)
        first = line
        while mark is not None and first > max(0, line - MOST_LINES) and mark.match(lines[first - 1]):
            first -= 1
        if first == line or all(_TASK.match(text) for text in lines[first:line]):
            return None
    return Span(
        Position(first, len(lines[first]) - len(lines[first].lstrip())),
        Position(last, len(lines[last].rstrip())),
    )


def _first_of_block(lines: Sequence[str], last: int, language: str) -> int | None:
    """Where the block comment begins that ends on the line ``last`` and has its lines for itself."""
    opening = _BLOCKS.get(language)
    if opening is None or not lines[last].rstrip().endswith("*/"):
        return None
    for number in range(last, max(-1, last - MOST_LINES), -1):
        at = lines[number].rfind("/*")
        if at >= 0:
            return number if opening.match(lines[number]) and not lines[number][:at].strip() else None
        if number != last and "*/" in lines[number]:
            return None
    return None


def place_of(document: Document, definition: Definition, language: str) -> Span | None:
    """Where a definition's documentation is or belongs: an empty place if there is none yet.

    In Python that is before the body's first token, in other languages before the first token of the
    definition with its decorators, on whose line it has to leave the indentation. None where a definition
    can have no documentation (a lambda).
    """
    if definition.documentation is not None:
        return definition.documentation
    if language != "python":
        return Span(definition.whole.start, definition.whole.start)
    head = definition.head
    first = document.lines[head.start.line][head.start.column :]
    if definition.body is None or not re.match(r"(?:async\s+)?def\b|class\b", first):
        return None
    return Span(definition.body.start, definition.body.start)
