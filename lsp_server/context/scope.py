"""The definitions a line is in, found by indentation: right for formatted code of any language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

HIGHEST: Final = 2000
"""Lines that are looked through upwards; a class that began above them is not found."""

_CLASS: Final = re.compile(
    r"^\s*(?:[\w@()\[\],.]+\s+)*?"
    r"(?:class|struct|interface|trait|enum|object|record|protocol|extension|module|type)\s+([^\W\d]\w*)(.*)"
)
_IMPL: Final = re.compile(r"^\s*(?:unsafe\s+)?impl\b(?:<[^{]*?>)?\s+(?:[\w:<>, ]+\s+for\s+)?([^\W\d]\w*)()")
_FUNCTION: Final = re.compile(
    r"^\s*(?:[\w@]+\s+)*?(?:def|func|function|fn|fun|sub)\b\s*(?:\((\w+)\s+\*?(\w+)[^)]*\)\s*)?"
)
_METHOD: Final = re.compile(
    r"^\s*(?!(?:if|for|foreach|while|switch|catch|else|return|with|using|lock|match|do|try|elif|await|throw)\b)"
    r"(?:[\w<>\[\],.?&*:]+\s+)*\*?[^\W\d]\w*\s*(?:<[^<>]*>)?\([^;]*$"
)
_BASES: Final = re.compile(
    r"\(([^)]*)\)|\b(?:extends|implements|with)\s+([^{]+)|^\s*:\s*([^{]+)|<\s*(\w[^{]*)"
)
_BASE: Final = re.compile(r"(?<![\w=.])(?:\w+\.)*([^\W\d]\w*)(?!\w|\s*=)")
_NO_BASES: Final = frozenset(
    [
        "object",
        "ABC",
        "Protocol",
        "Generic",
        "Exception",
        "Enum",
        "str",
        "int",
        "dict",
        "list",
        "extends",
        "implements",
        "public",
        "private",
        "where",
    ]
)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a line is in. ``function`` and ``owner_line`` are the 0-based lines of their heads, or None.

    ``owner`` names the innermost class (struct, trait and so on), ``bases`` what its head says it is made
    from. ``receiver`` is the name of the instance where the language lets it be chosen (Go).
    """

    function: int | None = None
    owner: str = ""
    owner_line: int | None = None
    bases: tuple[str, ...] = ()
    receiver: str = ""


def indentation(line: str) -> int:
    """Columns before the first text of ``line``, where a tab counts as four."""
    text = line.lstrip()
    return len(line[: len(line) - len(text)].expandtabs(4))


def scope_at(lines: Sequence[str], line: int, column: int) -> Scope:
    """What the place is in."""
    text = lines[line] if line < len(lines) else ""
    limit = indentation(text) if text.strip() else len(text[:column].expandtabs(4))
    function: int | None = None
    for number in range(line - 1, max(-1, line - HIGHEST), -1):
        above = lines[number]
        start = above.lstrip()
        if not start or limit == 0:
            if limit == 0:
                break
            continue
        depth = indentation(above)
        if depth >= limit:
            continue
        # A head over several lines ends where it began: its first line has the depth of its last.
        limit = depth + 1 if start[0] in ")]}" else depth
        owner = _owner(above)
        if owner is not None:
            return Scope(function, owner[0], number, owner[1])
        if function is None and start[0] not in ")]}" and _heads_function(above):
            function = number
            if (found := _FUNCTION.match(above)) and found[2]:
                return Scope(function, found[2], None, (), found[1])
    return Scope(function)


@lru_cache(maxsize=4096)
def _owner(line: str) -> tuple[str, tuple[str, ...]] | None:
    """Name and bases of the class whose head ``line`` is, or None."""
    found = _IMPL.match(line) or _CLASS.match(line)
    return (found[1], bases_of(found[2])) if found else None


@lru_cache(maxsize=4096)
def _heads_function(line: str) -> bool:
    return bool(_FUNCTION.match(line) or _METHOD.match(line))


def bases_of(rest: str) -> tuple[str, ...]:
    """The names of the classes in the rest of a head behind the class's own name."""
    names: dict[str, None] = {}
    for groups in _BASES.findall(rest[:400]):
        for text in groups:
            names.update(dict.fromkeys(name for name in _BASE.findall(text) if name not in _NO_BASES))
    return tuple(names)
