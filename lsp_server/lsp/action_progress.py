"""The progress of an action, with a way to cancel it, where the client shows such things."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from lsprotocol import types
from pygls.exceptions import JsonRpcException

if TYPE_CHECKING:
    from lsp_server.lsp.server import Server

EVERY_S: Final = 0.2
"""Between two reports of one action: what is shown more often nobody can read."""
PATIENCE_S: Final = 1.0
"""For the client's word that it shows the progress: the work must not wait for it any longer."""


class ActionProgress:
    """Shows one action's progress while it runs; ``cancelled`` is called once if the user gives it up."""

    def __init__(self, ls: Server, token: int | str, title: str, task: asyncio.Task[None]) -> None:
        self._ls = ls
        self.token = token
        self._title = title
        self._task = task
        self._shown = False
        self._told_s = 0.0

    async def begin(self) -> None:
        """Ask the client for the progress; nothing is shown where it has none, or does not answer."""
        if not self._ls.client.shows_progress:
            return
        params = types.WorkDoneProgressCreateParams(token=self.token)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._ls.window_work_done_progress_create_async(params)
        except (JsonRpcException, TimeoutError):
            return
        self._shown = True
        self._tell(types.WorkDoneProgressBegin(title=self._title, cancellable=True))

    def report(self, backend: str, characters: int) -> None:
        """So many characters have come from a backend."""
        now_s = asyncio.get_running_loop().time()
        if self._shown and now_s - self._told_s >= EVERY_S:
            self._told_s = now_s
            self._tell(types.WorkDoneProgressReport(message=f"{backend}: {characters} characters"))

    def end(self, message: str) -> None:
        """It is over."""
        if self._shown:
            self._shown = False
            self._tell(types.WorkDoneProgressEnd(message=message))

    def cancel(self) -> None:
        """The user gives it up."""
        self._task.cancel()

    def _tell(self, value: object) -> None:
        self._ls.progress(types.ProgressParams(token=self.token, value=value))
