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
    tree = _over(inside, dotted, levels=3) if WRAPPER in raw or dotted else raw
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
    match trees:
        case [Mapping() as below, Mapping() as above]:
            return _over(below, above, levels=3)
        case [*_, last]:
            return last
    return None


def _spread(tree: Mapping[Any, object], levels: int) -> dict[Any, object]:
    """Turn ``{"a.b": 1}`` into ``{"a": {"b": 1}}``, at most ``levels`` deep."""
    nested: dict[Any, object] = {}
    for name, value in tree.items():
        if _is_path(name):
            *parents, last = name.split(".", levels - 1)
            node = nested
            for parent in parents:
                node = _table(node, parent)
            if isinstance(value, Mapping):
                _table(node, last).update(value)
            else:
                node[last] = value
    return _over({name: value for name, value in tree.items() if not _is_path(name)}, nested, levels)


def _table(tree: dict[Any, object], name: str) -> dict[Any, object]:
    """The table at ``name``, which is made if there is none."""
    value = tree.get(name)
    if not isinstance(value, dict):
        value = tree[name] = {}
    return value


def _is_path(name: object) -> bool:
    return isinstance(name, str) and "." in name.strip(".")


def _over(older: object, newer: Mapping[Any, object], levels: int) -> dict[Any, object]:
    """Return the table ``older`` with ``newer`` over it; tables in both are merged, ``levels`` deep."""
    result = dict(older) if isinstance(older, Mapping) else {}
    for name, value in newer.items():
        if levels > 1 and isinstance(value, Mapping) and isinstance(result.get(name), Mapping):
            result[name] = _over(result[name], value, levels - 1)
        else:
            result[name] = value
    return result
