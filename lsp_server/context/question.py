"""What is asked at a cursor: the names around it and what it is in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from lsp_server.context.model import Import, Outline
from lsp_server.context.scope import Scope, scope_at
from lsp_server.context.words import identifiers_in, words_of
from lsp_server.types import Cursor, Document

ABOVE: Final = 20
"""Lines above the cursor whose names count: as long as an indexed window."""
BELOW: Final = 5
"""Lines below; what follows is less often about the same than what goes before."""
HALF: Final = 5.0
"""Lines above the cursor at which a name counts half as much as on its line."""
BELOW_WEIGHT: Final = 0.5
HEADER_WEIGHT: Final = 0.6
"""The head of the enclosing function, wherever it is: its parameters are what the body works on."""
CALL_WEIGHT: Final = 1.5
"""The function whose arguments are written, and the names of the receiver."""
WORD_MOST: Final = 2.0
"""A word that is on every line counts at most like one that is twice on the cursor's."""
CALL_REACH: Final = 1000
"""Characters before the cursor in which the open bracket of a call is looked for."""

_CHAIN: Final = re.compile(r"((?:[^\W\d]\w*(?:\([^()]*\)|\[[^\[\]]*\])?\s*(?:\?\.|!\.|->|::|\.)\s*)+)\w*$")
_LINK: Final = re.compile(r"([^\W\d]\w*)(\([^()]*\)|\[[^\[\]]*\])?\s*(?:\?\.|!\.|->|::|\.)")
_CALLEE: Final = re.compile(r"((?:[^\W\d]\w*\s*(?:\.|::|->)\s*)*[^\W\d]\w*)\s*(?:<[^<>()]*>)?$")
_PARTIAL: Final = re.compile(r"[^\W\d]\w*$")
_NO_CALL: Final = frozenset(
    [
        "if",
        "for",
        "while",
        "switch",
        "match",
        "return",
        "and",
        "or",
        "not",
        "in",
        "is",
        "def",
        "class",
        "function",
        "fn",
        "func",
        "catch",
        "await",
        "yield",
    ]
)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked at a cursor.

    ``names`` are the identifiers around it with a weight each, the heaviest first, without the unfinished one
    before the cursor; ``words`` their words as retrieval compares them. ``receiver`` is the dotted chain
    before the cursor (``a.b().`` is ``a`` and ``b()``). ``call`` is the dotted name of the function whose
    argument is written, empty if none is. ``imports`` are the file's imports, those used nearby first.
    ``visible`` are the 0-based lines that the prompt shows anyway.
    """

    document: Document
    path: str
    line: int
    before: str
    visible: range
    names: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    words: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    receiver: tuple[str, ...] = ()
    call: str = ""
    scope: Scope = field(default_factory=Scope)
    imports: tuple[Import, ...] = ()


def ask(cursor: Cursor, visible: range, path: str, outline: Outline | None = None) -> Question:
    """The question at ``cursor`` of the file ``path``, as the index spells it, whose outline may be known."""
    document, at = cursor.document, cursor.position
    lines = document.lines
    before = cursor.before
    scope = scope_at(lines, at.line, at.column)
    receiver = receiver_of(before)
    call = call_of("".join(lines[max(0, at.line - ABOVE) : at.line]) + before)
    names: dict[str, float] = {}
    words: dict[str, float] = {}
    for line, weight in _weighted(lines, at.line, before, cursor.after, scope):
        for name in names_of(line):
            names[name] = max(weight, names.get(name, 0.0))
            for word in words_of(name):
                words[word] = min(WORD_MOST, words.get(word, 0.0) + weight)
    for name in (*re.findall(r"\w+", call), *(link.rstrip("()[]") for link in receiver)):
        if words_of(name):
            names[name] = CALL_WEIGHT
            for word in words_of(name):
                words[word] = min(WORD_MOST, words.get(word, 0.0) + CALL_WEIGHT)
    ordered = dict(sorted(names.items(), key=lambda item: -item[1]))
    imports = outline.imports if outline else ()
    return Question(
        document=document,
        path=path,
        line=at.line,
        before=before,
        visible=visible,
        names=MappingProxyType(ordered),
        words=MappingProxyType(words),
        receiver=receiver,
        call=call,
        scope=scope,
        imports=tuple(sorted(imports, key=lambda i: -max((names.get(n, 0.0) for n in i.names), default=0.0))),
    )


def _weighted(
    lines: tuple[str, ...], at: int, before: str, after: str, scope: Scope
) -> list[tuple[str, float]]:
    """The lines around the cursor and how much each counts."""
    found = [(_PARTIAL.sub("", before), 1.0), (after, 1.0)]
    found += [(lines[at - d], HALF / (HALF + d)) for d in range(1, min(ABOVE, at) + 1)]
    found += [
        (lines[at + d], BELOW_WEIGHT * HALF / (HALF + d))
        for d in range(1, min(BELOW, len(lines) - 1 - at) + 1)
    ]
    if scope.function is not None and scope.function < at - ABOVE:
        found.append((lines[scope.function], HEADER_WEIGHT))
    if scope.owner_line is not None and scope.owner_line < at - ABOVE:
        found.append((lines[scope.owner_line], HEADER_WEIGHT))
    return found


@lru_cache(maxsize=65536)
def names_of(line: str) -> tuple[str, ...]:
    """The identifiers of a line that may mean something: no keywords, none too short to tell."""
    return tuple(name for name in identifiers_in(line) if words_of(name))


@lru_cache(maxsize=65536)
def words_of_line(line: str) -> frozenset[str]:
    """The words of a line's identifiers."""
    return frozenset(word for name in names_of(line) for word in words_of(name))


def words_of_lines(lines: Iterable[str]) -> frozenset[str]:
    """The words of some lines; each line is read once as long as it is in use."""
    return frozenset().union(*map(words_of_line, lines))


def receiver_of(before: str) -> tuple[str, ...]:
    """The chain that ``before`` ends with: ``self.items.fi`` gives ``self`` and ``items``."""
    found = _CHAIN.search(before[-200:])
    if not found:
        return ()
    return tuple(
        name + ("()" if args[:1] == "(" else "[]" if args else "") for name, args in _LINK.findall(found[1])
    )


def call_of(text: str) -> str:
    """The dotted name of the call whose bracket is still open at the end of ``text``, or empty."""
    text = text[-CALL_REACH:]
    depth = 0
    for place in range(len(text) - 1, -1, -1):
        char = text[place]
        if char in ")]}":
            depth += 1
        elif char in "([{":
            depth -= 1
            if depth < 0:
                if char == "(":
                    found = _CALLEE.search(text[max(0, place - 120) : place])
                    if found and found[1] not in _NO_CALL:
                        return re.sub(r"\s", "", found[1]).replace("::", ".").replace("->", ".")
                    return ""
                depth = 0
        elif char == ";" and depth <= 0:
            return ""
    return ""
