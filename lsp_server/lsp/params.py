"""Params as lsprotocol's types, read with the tolerance that real clients need."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from cattrs import Converter
from lsprotocol import types
from pygls.protocol import default_converter

_LARGEST: Final = (1 << 31) - 1
"""LSP's largest uinteger. Some clients say "the end of the line" with a larger number."""

_CHANGE: Final = types.TextDocumentContentChangePartial | types.TextDocumentContentChangeWholeDocument
"""What ``types.TextDocumentContentChangeEvent`` means: its own parts are names yet to be resolved."""


def make_converter() -> Converter:
    """Return pygls' converter, made tolerant where clients are known to differ from the specification."""
    converter: Converter = default_converter()  # type: ignore[no-untyped-call]  # pygls left it out
    converter.register_structure_hook(types.Position, _position)
    converter.register_structure_hook(types.InlineCompletionTriggerKind, _inline_trigger)
    converter.register_structure_hook(types.CompletionTriggerKind, _menu_trigger)

    def change(value: Any, _: object) -> types.TextDocumentContentChangeEvent:
        if not isinstance(value["text"], str):
            raise TypeError("the text of a change must be a string")
        if value.get("range") is None:
            return types.TextDocumentContentChangeWholeDocument(text=value["text"])
        return types.TextDocumentContentChangePartial(
            range=converter.structure(value["range"], types.Range), text=value["text"]
        )

    converter.register_structure_hook(_CHANGE, change)
    return converter


def read_params(converter: Converter, method: str, value: object) -> Any:
    """Return the params of ``method`` as its lsprotocol type, or as received where it has none.

    Raises some exception, cattrs' choice, if they do not fit.
    """
    message_type = _message_type(method)
    if message_type is None:
        return value
    if method == types.TEXT_DOCUMENT_INLINE_COMPLETION and isinstance(value, dict):
        value = {"context": {"triggerKind": types.InlineCompletionTriggerKind.Automatic}, **value}
    message = {"jsonrpc": "2.0", "id": 0, "method": method, "params": value}
    return converter.structure(message, message_type).params


_AS_RECEIVED: Final = frozenset({types.INITIALIZE, types.INITIALIZED, types.SHUTDOWN})
"""``initialize`` is read by ``client``; the others need nothing of what clients send with them."""


@lru_cache(256)
def _message_type(method: str) -> Any:
    return None if method in _AS_RECEIVED else types.METHOD_TO_TYPES.get(method, (None,))[0]


def _position(value: Any, _: object) -> types.Position:
    return types.Position(line=_uinteger(value["line"]), character=_uinteger(value["character"]))


def _uinteger(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise ValueError("a position must be made of numbers from 0")
    return int(min(value, _LARGEST))


def _inline_trigger(value: object, _: object) -> types.InlineCompletionTriggerKind:
    """Drafts of LSP 3.18 counted from 0; an unknown number must not cost the user the suggestion."""
    if value in (0, types.InlineCompletionTriggerKind.Invoked):
        return types.InlineCompletionTriggerKind.Invoked
    return types.InlineCompletionTriggerKind.Automatic


def _menu_trigger(value: object, _: object) -> types.CompletionTriggerKind:
    if value == types.CompletionTriggerKind.Invoked:
        return types.CompletionTriggerKind.Invoked
    return types.CompletionTriggerKind.TriggerCharacter
