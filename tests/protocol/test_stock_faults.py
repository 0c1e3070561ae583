"""What a stock pygls 2.1.1 server does wrong, one test each, on ours. ``test_process`` has those that need a
process: the slow reader, the dead client, threads at the exit, signals and the log.
"""

import asyncio
import json

import pytest

from lsp_server.document.uris import from_path
from lsp_server.testing.channel import to_wire
from lsp_server.testing.clock import settle
from lsp_server.testing.editor import ResponseError
from lsp_server.types import Position

URI = "file:///project/main.py"


def at(line, character, uri=URI):
    return {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}


async def cursor_of(editor, application, line, character):
    await editor.request("textDocument/completion", at(line, character))
    return application.requests[-1].cursor


@pytest.mark.parametrize("odd", ["\f", "\v", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"])
async def test_01_only_real_line_ends_end_a_line(editor, application, odd):
    editor.open(URI, f"one{odd}still one\ntwo")
    cursor = await cursor_of(editor, application, 1, 3)
    assert cursor.before == "two"


async def test_02_a_position_behind_the_last_line_is_its_end(editor, application):
    editor.open(URI, "one\ntwo")
    assert (await cursor_of(editor, application, 1, 99)).position == Position(1, 3)


async def test_03_a_line_behind_the_last_one_is_the_end_in_code_points(editor, application):
    editor.open(URI, "one\n😀😀abc")
    assert (await cursor_of(editor, application, 99, 0)).position == Position(1, 5)


@pytest.mark.parametrize("method", ["textDocument/completion", "textDocument/inlineCompletion"])
@pytest.mark.parametrize(
    "params",
    [
        None,
        [],
        {},
        "text",
        {"textDocument": {"uri": URI}},
        {"textDocument": {}, "position": {"line": 0, "character": 0}},
        at(-1, 0),
        at(0, -1),
        at(0, "x"),
        at(0, None),
        at(True, 0),
    ],
)
async def test_04_wrong_params_are_answered_with_the_requests_id(editor, method, params):
    with pytest.raises(ResponseError) as caught:
        await editor.request(method, params)
    assert caught.value.code == -32602


async def quiet(editor, application):
    """Nothing was shown to the user and nothing reached the application."""
    await editor.request("workspace/executeCommand", {"command": "codestral.status"})
    await settle()
    shown = [line for line in editor.transcript if line.startswith("<--") and "window/" in line]
    return (shown, application.noted("document_changed")) == ([], [])


async def test_05_a_change_of_a_document_that_is_not_open_is_ignored(editor, application):
    change = {"textDocument": {"uri": URI, "version": 2}, "contentChanges": [{"text": "x"}]}
    editor.notify("textDocument/didChange", change)
    assert await quiet(editor, application)
    assert application.documents.get(URI) is None


async def test_06_a_change_with_an_older_version_is_dropped(editor, application):
    editor.open(URI, "new")
    change = {"textDocument": {"uri": URI, "version": 0}, "contentChanges": [{"text": "old"}]}
    editor.notify("textDocument/didChange", change)
    assert await quiet(editor, application)
    assert application.documents.get(URI).text == "new"


async def test_07_a_file_that_is_not_open_is_not_read(editor, application, tmp_path):
    secret = tmp_path / "secret.py"
    secret.write_text("canary")
    uri = from_path(str(secret))
    assert await editor.request("textDocument/completion", at(0, 3, uri)) == {
        "isIncomplete": True,
        "items": [],
    }
    inline = {**at(0, 3, uri), "context": {"triggerKind": 1}}
    assert await editor.request("textDocument/inlineCompletion", inline) == {"items": []}
    assert application.requests == []


async def test_08_bad_json_is_answered_without_an_id_and_not_shown(editor, application):
    editor.send_raw(to_wire(b'{"jsonrpc": "2.0", "id": 77, "method'))
    assert await quiet(editor, application)
    [error] = editor.unsolicited
    assert (error["id"], error["error"]["code"]) == (None, -32700)


async def test_09_headers_may_be_written_in_lower_case(editor):
    body = json.dumps({"jsonrpc": "2.0", "id": "raw", "method": "shutdown"}).encode()
    editor.send_raw(b"content-length: %d\r\n\r\n%b" % (len(body), body))
    await settle()
    assert editor.transcript[-1] == '<-- {"jsonrpc":"2.0","id":"raw","result":null}'
    editor._violations.clear()  # The editor did not know of this request.


async def test_10_a_huge_content_length_costs_one_message(editor, application):
    editor.send_raw(b"Content-Length: 99999999999\r\n\r\n{}")
    assert await quiet(editor, application)
    [error] = editor.unsolicited
    assert error["error"]["code"] == -32700


async def test_16_a_storm_of_cancels_leaves_no_request_unanswered(editor, application):
    application.gate.clear()
    editor.open(URI, "x = ‸")
    requests = []
    for _ in range(2000):
        requests.append(editor.request_inline(URI))
        editor.cancel(requests[-1])
    results = await asyncio.gather(*requests, return_exceptions=True)
    assert {result.code for result in results} == {-32800}


async def test_16_a_storm_without_cancels_is_answered_by_superseding(editor, application):
    application.gate.clear()
    editor.open(URI, "x = ‸")
    requests = [editor.request_inline(URI) for _ in range(500)]
    await settle()
    application.gate.set()
    results = await asyncio.gather(*requests)
    assert results[:-1] == [None] * 499
    assert results[-1]["items"][0]["insertText"] == "answer"


@pytest.mark.parametrize(
    ("raw", "codes"),
    [
        (to_wire(b"[" * 100_000 + b"]" * 100_000), [-32700]),
        (to_wire(b"null"), [-32600]),
        (to_wire(b'[{"jsonrpc":"2.0","id":1,"method":"shutdown"}]'), [-32600]),
        (b"Content-Length: 0\r\n\r\n", [-32700]),
        (b"garbage\r\n\r\n", [-32700]),
        (to_wire(b'{"a":\xff}'), [-32700]),
        (to_wire(b'{"jsonrpc":"2.0","id":null,"method":"shutdown"}'), [-32600]),
    ],
)
async def test_17_garbage_is_survived(editor, application, raw, codes):
    editor.send_raw(raw)
    assert await quiet(editor, application)
    assert [message["error"]["code"] for message in editor.unsolicited] == codes


async def test_18_a_running_request_is_cancelled_at_once(editor, application):
    application.gate.clear()
    editor.open(URI, "x = ‸")
    request = editor.request_inline(URI)
    await settle()
    editor.cancel(request)
    with pytest.raises(ResponseError) as caught:
        await asyncio.wait_for(request, 1)
    assert caught.value.code == -32800


async def test_18_cancelling_ends_the_work(editor, application):
    ended = asyncio.Event()

    async def complete(_):
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    application.complete = complete
    editor.open(URI, "x = ‸")
    request = editor.request_inline(URI)
    await settle()
    editor.cancel(request)
    await asyncio.wait_for(ended.wait(), 1)


async def test_18_a_handler_that_is_slow_to_stop_is_not_waited_for(editor, application):
    released = asyncio.Event()

    async def complete(_):
        try:
            await asyncio.Event().wait()
        finally:
            await released.wait()

    application.complete = complete
    editor.open(URI, "x = ‸")
    request = editor.request_inline(URI)
    await settle()
    editor.cancel(request)
    with pytest.raises(ResponseError, match="-32800"):
        await asyncio.wait_for(request, 1)
    released.set()


async def test_19_half_a_surrogate_pair_in_a_document_does_no_harm(editor, application):
    editor.open(URI, "x = '\ud83d'‸")
    [item] = await editor.inline(URI)
    assert item["range"]["start"] == {"line": 0, "character": 7}
    assert application.requests[-1].cursor.position == Position(0, 7)


@pytest.mark.parametrize(
    ("ask", "empty"),
    [("request_inline", {"items": []}), ("request_menu", {"isIncomplete": True, "items": []})],
)
async def test_20_closing_a_document_answers_its_requests(editor, application, ask, empty):
    application.gate.clear()
    editor.open(URI, "x = ‸")
    request = getattr(editor, ask)(URI)
    await settle()
    editor.close(URI)
    assert await asyncio.wait_for(request, 1) == empty
