"""Much at once: every request is answered exactly once, and the documents stay right."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from lsp_server.testing.application import ScriptedApplication, suggest
from lsp_server.testing.capabilities import VSCODE
from lsp_server.testing.clock import settle
from lsp_server.testing.editor import FakeEditor, ResponseError

URIS = ("file:///project/a.py", "file:///project/b.py", "untitled:c")

steps = st.one_of(
    st.tuples(st.sampled_from(["open", "close", "type", "inline", "menu"]), st.sampled_from(URIS)),
    st.tuples(st.sampled_from(["cancel", "hold", "release", "settle", "configure"]), st.integers(0, 50)),
)


class Hand:
    """Carries out steps, and keeps the requests that were sent."""

    def __init__(self, editor, application):
        self.editor = editor
        self.application = application
        self.requests = []

    async def do(self, step, subject):
        if step in {"close", "type", "inline", "menu"} and subject not in self.editor._buffers:
            return
        if step == "settle":
            await settle()
        else:
            getattr(self, step)(subject)

    def open(self, uri):
        self.editor.open(uri, "x = 😀‸\ny")

    def close(self, uri):
        self.editor.close(uri)

    def type(self, uri):
        self.editor.type(uri, "ab\n😀")

    def inline(self, uri):
        self.requests.append(self.editor.request_inline(uri))

    def menu(self, uri):
        self.requests.append(self.editor.request_menu(uri))

    def cancel(self, number):
        if self.requests:
            self.editor.cancel(self.requests[number % len(self.requests)])

    def hold(self, _):
        self.application.gate.clear()

    def release(self, _):
        self.application.gate.set()

    def configure(self, number):
        self.editor.notify("workspace/didChangeConfiguration", {"settings": {"a": number}})


@settings(max_examples=100, deadline=None)
@given(st.lists(steps, max_size=40))
async def test_every_request_is_answered_once_whatever_happens(plan):
    application = ScriptedApplication(suggest("answer"), menu="always")
    async with FakeEditor.in_memory(application, VSCODE) as editor:  # It counts the answers.
        await editor.initialize()
        hand = Hand(editor, application)
        for step, subject in plan:
            await hand.do(step, subject)
        application.gate.set()
        for result in await asyncio.gather(*hand.requests, return_exceptions=True):
            if isinstance(result, Exception):
                assert isinstance(result, ResponseError)
                assert result.code == -32800
        for uri, buffer in editor._buffers.items():
            assert application.documents.get(uri).text == buffer.text
        assert not editor.unsolicited


async def test_a_hundred_documents_at_once(editor, application):
    uris = [f"file:///project/{number}.py" for number in range(100)]
    for uri in uris:
        editor.open(uri, "x = ‸")
    requests = []
    for key in "abc":
        for uri in uris:
            editor.type(uri, key)
            requests.append(editor.request_inline(uri))
    answers = await asyncio.gather(*requests)
    assert answers[:200] == [None] * 200
    assert all(answer["items"] for answer in answers[200:])


async def test_big_documents(editor, application):
    many, long = "file:///many.py", "file:///long.js"
    editor.open(many, "x = 1  # 漢字\n" * 400_000 + "y = ‸")
    editor.open(long, "a😀" * 700_000 + "‸")
    assert (await editor.inline(many))[0]["range"]["end"] == {"line": 400_000, "character": 4}
    assert (await editor.inline(long))[0]["range"]["end"] == {"line": 0, "character": 2_100_000}


async def test_nothing_is_left_over_after_a_session(application):
    async with FakeEditor.in_memory(application, VSCODE) as editor:
        await editor.initialize()
        application.gate.clear()
        editor.open(URIS[0], "x = ‸")
        for _ in range(20):
            editor.request_inline(URIS[0])
            await settle()
        protocol = editor.channel.server.protocol
        assert len(protocol._running) == 1
        await editor.shutdown()
    await settle()
    assert not protocol._running
    assert not protocol._tasks
    assert asyncio.all_tasks() == {asyncio.current_task()}
