"""Reaching the user: messages, and the one question that must be answered by a person."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from lsp_server.lsp.application import Notice
from lsp_server.lsp.client import dig

if TYPE_CHECKING:
    from lsp_server.lsp.server import Server

ALLOW: Final = "Allow"
REFUSE: Final = "Not now"
_TYPES: Final = {
    "info": types.MessageType.Info,
    "warning": types.MessageType.Warning,
    "error": types.MessageType.Error,
}


class User:
    """The person at the editor. Nothing reaches them before ``initialized``; until then it waits."""

    def __init__(self, ls: Server) -> None:
        self._ls = ls
        self._waiting: list[Notice] = []
        self._reachable = asyncio.Event()

    def reachable(self) -> None:
        """The client is ready: show what has waited."""
        self._reachable.set()
        for notice in self._waiting:
            self.show(notice)
        self._waiting.clear()

    def show(self, notice: Notice) -> None:
        """Show one line."""
        if not self._reachable.is_set():
            self._waiting.append(notice)
            return
        self._ls.window_show_message(types.ShowMessageParams(type=_TYPES[notice.level], message=notice.text))

    async def ask_about_origin(self, origin: str, reason: str) -> bool:
        """Whether source text may go to ``origin``. Anything but a clear yes is a no."""
        await self._reachable.wait()
        question = types.ShowMessageRequestParams(
            type=types.MessageType.Warning,
            message=f"Codestral: may source code be sent to {origin}? {reason}",
            actions=[types.MessageActionItem(ALLOW), types.MessageActionItem(REFUSE)],
        )
        try:
            answer = await self._ls.window_show_message_request_async(question)
        except JsonRpcException:
            return False
        return bool(dig(answer, "title") == ALLOW)
