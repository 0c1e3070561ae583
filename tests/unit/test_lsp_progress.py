"""The progress of the workspace index at the editor."""

import asyncio

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from lsp_server.lsp.client import Client
from lsp_server.lsp.progress import WORTH_TELLING, IndexProgress
from lsp_server.testing.clock import settle


class Editor:
    """What the progress needs of a server, with a client that agrees or refuses."""

    def __init__(self, *, shows=True, refuses=False):
        self.client = Client(shows_progress=shows)
        self.refuses = refuses
        self.told = []

    def spawn(self, awaitable):
        self.task = asyncio.ensure_future(awaitable)

    async def window_work_done_progress_create_async(self, params):
        if self.refuses:
            raise JsonRpcException("no")
        self.token = params.token

    def progress(self, params):
        assert params.token == self.token
        self.told.append(params.value)


async def run(editor, *steps):
    progress = IndexProgress(editor)
    for files, total in steps:
        progress.take("/project", files, total)
        await settle()
    return [type(value) for value in editor.told]


MANY = 10 * WORTH_TELLING


async def test_it_begins_reports_and_ends():
    editor = Editor()
    assert await run(editor, (0, MANY), (MANY // 2, MANY), (MANY, MANY)) == [
        types.WorkDoneProgressBegin,
        types.WorkDoneProgressReport,
        types.WorkDoneProgressEnd,
    ]
    assert editor.told[1].percentage == 50


async def test_little_work_is_not_told():
    assert await run(Editor(), (0, WORTH_TELLING - 1), (WORTH_TELLING - 1, WORTH_TELLING - 1)) == []


async def test_a_client_that_does_not_show_it_is_not_asked():
    assert await run(Editor(shows=False), (0, MANY), (MANY, MANY)) == []


async def test_a_client_that_refuses_is_left_alone():
    assert await run(Editor(refuses=True), (0, MANY), (MANY // 2, MANY), (MANY, MANY)) == []
