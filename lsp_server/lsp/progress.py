"""The progress of the workspace index, where the client shows such things."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lsprotocol import types
from pygls.exceptions import JsonRpcException

if TYPE_CHECKING:
    from lsp_server.lsp.server import Server

WORTH_TELLING: Final = 200
"""Files still to read; fewer are read before anybody has seen that it began."""
TITLE: Final = "Codestral: reading the workspace"


class IndexProgress:
    """One progress for each folder whose index is being made."""

    def __init__(self, ls: Server) -> None:
        self._ls = ls
        self._begun: dict[str, bool] = {}
        """By folder: whether the client has agreed to show it."""

    def take(self, folder: str, files: int, total: int) -> None:
        """``files`` of ``total`` in a folder are up to date."""
        if folder in self._begun:
            if self._begun[folder]:
                self._report(folder, files, total)
        elif self._ls.client.shows_progress and total - files >= WORTH_TELLING:
            self._begun[folder] = False
            self._ls.spawn(self._begin(folder))
        if files >= total:
            self._begun.pop(folder, None)

    async def _begin(self, folder: str) -> None:
        token = types.WorkDoneProgressCreateParams(token=_token(folder))
        try:
            await self._ls.window_work_done_progress_create_async(token)
        except JsonRpcException:
            return
        if folder in self._begun:
            self._begun[folder] = True
            self._tell(folder, types.WorkDoneProgressBegin(title=TITLE, percentage=0))

    def _report(self, folder: str, files: int, total: int) -> None:
        if files >= total:
            self._tell(folder, types.WorkDoneProgressEnd(message=f"{total} files"))
            return
        percentage = 100 * files // max(1, total)
        message = f"{files} of {total} files"
        self._tell(folder, types.WorkDoneProgressReport(message=message, percentage=percentage))

    def _tell(self, folder: str, value: object) -> None:
        self._ls.progress(types.ProgressParams(token=_token(folder), value=value))


def _token(folder: str) -> str:
    return f"codestral-index {folder}"
