"""Comparing what a server says with a pattern, and the difference in a form for people.

A pattern is JSON. In it ``"<any>"`` fits everything, ``"<string>"`` and ``"<number>"`` what they say, and
``"<$name>"`` whatever comes first under that name and the same afterwards. An object with the member
``"..."`` may have members that are not named, a list that ends with ``"..."`` more elements.
"""

from __future__ import annotations

import difflib
import json
import re
from typing import Any, Final

OPEN: Final = "..."
"""The member of an object, or the last element of a list, that lets others in."""
_NAME: Final = re.compile(r"<\$(\w+)>")


def filled(pattern: Any, actual: Any, names: dict[str, Any]) -> Any:
    """Return ``pattern`` with what ``actual`` has in the place of everything that fits it.

    It equals ``actual`` if, and only if, the pattern fits. ``names`` gets what the pattern names.
    """
    if isinstance(pattern, str):
        return _filled_text(pattern, actual, names)
    if isinstance(pattern, dict) and isinstance(actual, dict):
        named = {key: filled(value, actual.get(key), names) for key, value in pattern.items() if key != OPEN}
        return {**actual, **named} if OPEN in pattern else named
    if isinstance(pattern, list) and isinstance(actual, list):
        is_open = pattern[-1:] == [OPEN]
        elements = pattern[:-1] if is_open else pattern
        known = [
            filled(value, actual[number], names) if number < len(actual) else value
            for number, value in enumerate(elements)
        ]
        return known + actual[len(elements) :] if is_open else known
    return pattern


def difference(wanted: Any, actual: Any) -> str:
    """Return what distinguishes two pieces of JSON, line by line, or nothing if they are equal."""
    if _same(wanted, actual):
        return ""
    lines = difflib.unified_diff(_lines(wanted), _lines(actual), "expected", "the server said", lineterm="")
    return "\n".join(lines)


def named(value: Any, names: dict[str, Any]) -> Any:
    """Return ``value`` with the names in it replaced by what they stand for. Raises ``KeyError``."""
    if isinstance(value, str):
        found = _NAME.fullmatch(value)
        return names[found[1]] if found else value
    if isinstance(value, dict):
        return {key: named(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [named(inner, names) for inner in value]
    return value


def _filled_text(pattern: str, actual: Any, names: dict[str, Any]) -> Any:
    if found := _NAME.fullmatch(pattern):
        return names.setdefault(found[1], actual)
    is_number = isinstance(actual, int | float) and not isinstance(actual, bool)
    fits = {"<any>": True, "<string>": isinstance(actual, str), "<number>": is_number}
    return actual if fits.get(pattern, False) else pattern


def _same(wanted: Any, actual: Any) -> bool:
    """Whether they are the same JSON: ``1`` is not ``true``, and a missing member is not null."""
    return _lines(wanted) == _lines(actual)


def _lines(value: Any) -> list[str]:
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False).split("\n")
