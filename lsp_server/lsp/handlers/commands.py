"""``workspace/executeCommand``. Every command returns at once: Eglot and Helix wait for the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from lsprotocol import types

from lsp_server.lsp.actions import ACTION
from lsp_server.lsp.capabilities import serves_menu
from lsp_server.lsp.convert import ACCEPTED
from lsp_server.lsp.handlers.actions import run_action
from lsp_server.lsp.messages import ErrorCode, ProtocolError
from lsp_server.notices import Notice

if TYPE_CHECKING:
    from lsp_server.lsp.server import Server

EXPLAIN: Final = "codestral.explain"
SNOOZE: Final = "codestral.snooze"
STATS: Final = "codestral.stats"
STATUS: Final = "codestral.status"
BACKEND: Final = "codestral.backend"
TOGGLE: Final = "codestral.toggle"
MAX_SNOOZE_MINUTES: Final = 366 * 24 * 60
"""Longer than a year is a setting (``completion.enabled``)."""


def execute_command(ls: Server, params: types.ExecuteCommandParams) -> object:
    """Run a command. Its arguments may be absent or null."""
    command = COMMANDS.get(params.command)
    if command is None:
        names = ", ".join(COMMANDS)
        raise ProtocolError(ErrorCode.INVALID_PARAMS, f"no such command; there are: {names}")
    return command(ls, params.arguments or ())


def accepted(ls: Server, arguments: Sequence[Any]) -> None:
    """``[id]`` or ``[id, length in UTF-16 units]``: the user took a suggestion, or its beginning."""
    suggestion_id, length, *_ = (*arguments, None, None)
    if isinstance(suggestion_id, str) and suggestion_id:
        ls.application.accepted(suggestion_id, _count(length))


def explain(ls: Server, _arguments: Sequence[Any]) -> dict[str, object]:
    """The last requests and what became of them."""
    return ls.application.explain()


def snooze(ls: Server, arguments: Sequence[Any]) -> None:
    """``[minutes]``: no automatic suggestions for that long. Without minutes, or null: that is over."""
    minutes = arguments[0] if arguments else None
    is_number = isinstance(minutes, int | float) and not isinstance(minutes, bool)
    if minutes is not None and not (is_number and 0 < minutes <= MAX_SNOOZE_MINUTES):
        raise ProtocolError(
            ErrorCode.INVALID_PARAMS, f"{SNOOZE} takes a positive number of minutes, or nothing"
        )
    ls.application.snooze(minutes)


def stats(ls: Server, _arguments: Sequence[Any]) -> dict[str, object]:
    """The counts of this session."""
    return ls.application.stats()


def status(ls: Server, _arguments: Sequence[Any]) -> dict[str, object]:
    """What this session is: the client, what was agreed, what is served, and by which backends."""
    now, backends = ls.application.status(), ls.application.backends()
    return {
        "server": ls.name,
        "version": ls.version,
        "client": ls.client.name,
        "positionEncoding": ls.client.encoding.value,
        "menu": serves_menu(ls.application.menu, ls.client),
        "inline": True,
        "state": now.state,
        "message": now.message,
        "backend": next((backend for backend in backends if backend["name"] == now.backend), None),
        "backends": list(backends),
        "documents": len(ls.application.documents.documents()),
    }


def backend(ls: Server, arguments: Sequence[Any]) -> dict[str, object]:
    """``[name]``: ask that backend first in this session. Without a name, or null: as the settings say."""
    name = arguments[0] if arguments else None
    if not (name is None or isinstance(name, str)) or not ls.application.choose_backend(name):
        names = ", ".join(str(each["name"]) for each in ls.application.backends()) or "none in use"
        raise ProtocolError(
            ErrorCode.INVALID_PARAMS, f"{BACKEND} takes the name of a backend ({names}), or nothing"
        )
    return status(ls, ())


def toggle(ls: Server, _arguments: Sequence[Any]) -> bool:
    """Switch automatic suggestions off or on; returns whether they are on, which the user is told too."""
    on = ls.application.toggle()
    ls.user.show(Notice("info", f"Codestral: automatic suggestions are {'on' if on else 'off'}."))
    return on


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


COMMANDS: Final[Mapping[str, Callable[[Server, Sequence[Any]], object]]] = {
    ACCEPTED: accepted,
    EXPLAIN: explain,
    SNOOZE: snooze,
    STATS: stats,
    BACKEND: backend,
    STATUS: status,
    TOGGLE: toggle,
    ACTION: run_action,
}

HANDLERS: Final[Mapping[str, Callable[..., Any]]] = {types.WORKSPACE_EXECUTE_COMMAND: execute_command}
