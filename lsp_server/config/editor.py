"""The shapes in which editors send settings, brought to the one tree that the user file has too.

Some wrap it under ``codestral`` and some do not, and some write the way to a value as one name with dots.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lsp_server.config.settings import Settings
from lsp_server.config.sources import Layer, Source

WRAPPER: Final = "codestral"
_SECTIONS: Final = frozenset(Settings.model_fields)


def editor_layer(raw: object) -> Layer:
    """Return what an editor says. ``None`` and ``{}`` say nothing; what is no table at all is a failure."""
    if raw is None:
        return Layer(Source.EDITOR)
    if not isinstance(raw, Mapping):
        return Layer(Source.EDITOR, failure="the settings are no table of names and values")
    return Layer(Source.EDITOR, unwrapped(raw))


def unwrapped(raw: Mapping[Any, object]) -> object:
    """Return the tree in an editor's settings: what is under ``codestral``, or all of it.

    With the wrapper, what lies beside it belongs to others. Names with dots are taken apart down to the
    settings' own depth, so that a language's name may have dots.
    """
    inside = raw.get(WRAPPER)
    if inside is not None and not isinstance(inside, Mapping):
        return inside
    prefix = f"{WRAPPER}."
    dotted = {
        name.removeprefix(prefix): value
        for name, value in raw.items()
        if isinstance(name, str) and name.startswith(prefix)
    }
    tree = {**(inside or {}), **dotted} if WRAPPER in raw or dotted else raw
    return {
        name: _spread(value, levels=2) if name in _SECTIONS and isinstance(value, Mapping) else value
        for name, value in _spread(tree, levels=3).items()
    }


def combined(older: object, newer: object) -> object:
    """Return ``older`` settings with ``newer`` ones over them, value by value, lists as a whole.

    ``None`` and ``{}`` change nothing, so that an editor that answers a question about its settings with
    nothing keeps those it sent at the start.
    """
    trees = [
        unwrapped(tree) if isinstance(tree, Mapping) else tree
        for tree in (older, newer)
        if tree not in (None, {})
    ]
    if len(trees) < 2 or not all(isinstance(tree, Mapping) for tree in trees):  # noqa: PLR2004 - a pair
        return trees[-1] if trees else None
    return _merged(trees[0], trees[1], levels=3)


def _spread(tree: Mapping[Any, object], levels: int) -> dict[Any, object]:
    """Turn ``{"a.b": 1}`` into ``{"a": {"b": 1}}``, at most ``levels`` deep."""
    result: dict[Any, object] = {name: value for name, value in tree.items() if not _is_path(name)}
    for name, value in tree.items():
        if _is_path(name):
            first, *rest = name.split(".", levels - 1)
            nested = value
            for part in reversed(rest):
                nested = {part: nested}
            result[first] = _merged(result.get(first), nested, levels)
    return result


def _is_path(name: object) -> bool:
    return isinstance(name, str) and "." in name.strip(".")


def _merged(older: object, newer: object, levels: int) -> object:
    if levels == 0 or not (isinstance(older, Mapping) and isinstance(newer, Mapping)):
        return newer
    return {**older, **{name: _merged(older.get(name), value, levels - 1) for name, value in newer.items()}}
