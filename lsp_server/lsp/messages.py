"""JSON-RPC without I/O: the body of a message in, a request, notification or response out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, NoReturn

MessageId = int | str

_MAX_SPELT_ID: Final = 1 << 53
"""Floats up to here are exact, so ``1.0`` from a client whose JSON writer knows only floats is the id 1."""


class ErrorCode(IntEnum):
    """The error codes this server answers with (JSON-RPC 2.0, LSP 3.17)."""

    PARSE_ERROR = -32700
    INVALID_REQUEST = -32600
    METHOD_NOT_FOUND = -32601
    INVALID_PARAMS = -32602
    INTERNAL_ERROR = -32603
    NOT_INITIALIZED = -32002
    REQUEST_CANCELLED = -32800


@dataclass(frozen=True, slots=True)
class Call:
    """A request, or a notification if ``id`` is None. ``params`` is as received."""

    method: str
    params: Any
    id: MessageId | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """The client's answer to a request of ours: ``error`` is None if it succeeded."""

    id: MessageId
    result: Any = None
    error: Any = None


class ProtocolError(Exception):
    """What was asked for cannot be answered: ``code`` and a text that quotes nothing of the message.

    ``id`` is the request's where it is known.
    """

    def __init__(self, code: ErrorCode, text: str, id: MessageId | None = None) -> None:  # noqa: A002 - the protocol's word
        super().__init__(text)
        self.code = code
        self.text = text
        self.id = id


def decode(body: bytes) -> Call | Reply:
    """Return the message in ``body``. Raises ``ProtocolError`` for everything else, and nothing else."""
    return _classify(_parse(body))


def encode(message: object, default: Callable[[Any], object] | None = None) -> bytes:
    """Return ``message`` as a body. ASCII only, so lone surrogates travel too.

    ``default`` turns values that JSON does not know into ones it does. Raises ``TypeError`` or ``ValueError``
    for the rest, NaN and infinity among it.
    """
    return json.dumps(message, separators=(",", ":"), allow_nan=False, default=default).encode("ascii")


def success(id: MessageId, result: object) -> dict[str, object]:  # noqa: A002 - the protocol's word
    """The answer to a request."""
    return {"jsonrpc": "2.0", "id": id, "result": result}


def failure(id: MessageId | None, code: ErrorCode, text: str) -> dict[str, object]:  # noqa: A002 - as above
    """The error answer to a request, or to something unreadable (``id`` None)."""
    return {"jsonrpc": "2.0", "id": id, "error": {"code": int(code), "message": text}}


def _parse(body: bytes) -> object:
    try:
        return json.loads(body.decode("utf-8-sig"), parse_constant=_refuse)
    except (ValueError, RecursionError):
        # From None: the decoder's own message quotes the text.
        raise ProtocolError(ErrorCode.PARSE_ERROR, "the message is not valid JSON") from None


def _refuse(_constant: str) -> NoReturn:
    raise ValueError("NaN and infinity are not JSON")


def _classify(value: object) -> Call | Reply:
    if not isinstance(value, dict):
        raise ProtocolError(ErrorCode.INVALID_REQUEST, "a message must be one JSON object")
    id_ = _read_id(value)
    if value.get("jsonrpc") != "2.0":
        raise ProtocolError(ErrorCode.INVALID_REQUEST, 'a message must say "jsonrpc": "2.0"', id_)
    if "method" in value:
        method = value["method"]
        if not isinstance(method, str):
            raise ProtocolError(ErrorCode.INVALID_REQUEST, "a method must be a string", id_)
        if id_ is None and "id" in value:
            raise ProtocolError(ErrorCode.INVALID_REQUEST, "a request's id must be a string or an integer")
        return Call(method, value.get("params"), id_)
    if id_ is not None and ("result" in value or "error" in value):
        return Reply(id_, value.get("result"), value.get("error"))
    raise ProtocolError(ErrorCode.INVALID_REQUEST, "a message must have a method, a result or an error", id_)


def _read_id(value: dict[str, Any]) -> MessageId | None:
    """The message's id, or None if it has none that can be used."""
    id_ = value.get("id")
    if isinstance(id_, float) and id_.is_integer() and abs(id_) < _MAX_SPELT_ID:
        return int(id_)
    if isinstance(id_, bool) or not isinstance(id_, int | str):
        return None
    return id_
