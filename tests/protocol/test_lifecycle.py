import asyncio
from dataclasses import replace

import pytest

from lsp_server.document.uris import from_path
from lsp_server.status import Status
from lsp_server.testing.application import Message, ScriptedApplication
from lsp_server.testing.capabilities import EGLOT_1_9, HELIX, NEOVIM_0_11, VSCODE
from lsp_server.testing.clock import settle
from lsp_server.testing.editor import FakeEditor, ResponseError
from lsp_server.types import Answer, Suggestion

URI = "file:///project/main.py"
START = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}


@pytest.fixture
async def fresh(application):
    """An editor that has not said anything yet."""
    async with FakeEditor.in_memory(application) as editor:
        yield editor


async def code_of(request):
    with pytest.raises(ResponseError) as caught:
        await request
    return caught.value.code


async def test_a_request_before_initialize_is_refused(fresh):
    assert await code_of(fresh.request("textDocument/completion", {})) == -32002
    await fresh.initialize()


async def test_a_notification_before_initialize_is_ignored(fresh, application):
    fresh.open(URI, "x")
    await fresh.initialize()
    assert application.documents.get(URI) is None


async def test_a_second_initialize_is_refused(editor):
    assert await code_of(editor.request("initialize", {"capabilities": {}})) == -32600


@pytest.mark.parametrize("params", [None, [], 7])
async def test_initialize_with_params_that_are_no_object_can_be_repeated(fresh, params):
    assert await code_of(fresh.request("initialize", params)) == -32602
    await fresh.initialize()


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"capabilities": None},
        {"capabilities": []},
        {"capabilities": {"general": None, "textDocument": 7, "workspace": []}},
        {"capabilities": {"general": {"positionEncodings": "utf-8"}}},
        {"capabilities": {"general": {"positionEncodings": [None, "utf-7"]}}},
        {"capabilities": {"textDocument": {"completion": {"completionItem": None}}}},
        {"capabilities": {"textDocument": {"completion": {"completionItemKind": {"valueSet": [9999]}}}}},
        {"clientInfo": None, "rootUri": None, "rootPath": None, "workspaceFolders": None},
        {"clientInfo": "vi", "processId": "12", "workspaceFolders": {}, "rootUri": 7, "trace": "loud"},
        {"processId": 0, "workspaceFolders": [None, {"uri": None}, {"uri": "untitled:x"}]},
        {"processId": -1, "initializationOptions": [1, 2]},
        {"processId": 2**70},
    ],
)
async def test_odd_params_of_initialize_are_no_obstacle(fresh, params):
    answer = await fresh.request("initialize", params)
    assert answer["capabilities"]["positionEncoding"] == "utf-16"
    assert answer["capabilities"]["inlineCompletionProvider"] is True


async def test_after_shutdown_only_exit_counts(editor, application):
    assert await editor.request("shutdown") is None
    assert await code_of(editor.request("textDocument/completion", {})) == -32600
    assert await code_of(editor.request("shutdown")) == -32600
    editor.open(URI, "x")
    editor.notify("exit")
    assert await editor.exit_status() == 0
    assert application.documents.get(URI) is None


async def test_shutdown_ends_what_runs(editor, application):
    application.gate.clear()
    editor.open(URI, "x = ‸")
    request = editor.request_inline(URI)
    await settle()
    await editor.request("shutdown")
    assert await code_of(request) == -32800


async def test_shutdown_may_carry_params(editor):
    assert await editor.request("shutdown", {}) is None


async def test_exit_before_initialize_ends_with_status_1(fresh):
    fresh.notify("exit")
    assert await fresh.exit_status() == 1


async def test_no_handler_fails_at_what_it_has_nothing_to_do_for(editor, caplog):
    editor.notify("$/setTrace", {"value": "off"})
    editor.notify("textDocument/didFocus", {"textDocument": {"uri": URI}})
    await editor.request("workspace/executeCommand", {"command": "codestral.status"})
    assert "failed" not in caplog.text


async def test_unknown_requests_are_refused_and_unknown_notifications_ignored(editor):
    editor.notify("$/unknown", {"x": 1})
    editor.notify("custom/notification")
    editor.notify("$/setTrace", {"value": "verbose"})
    editor.notify("workspace/didChangeWatchedFiles", {"changes": []})
    assert await code_of(editor.request("$/unknown")) == -32601
    assert await code_of(editor.request("textDocument/hover", {})) == -32601


@pytest.mark.parametrize("id_", [12345, "1", None, [], {"id": 1}, True])
async def test_cancelling_what_does_not_run_is_ignored(editor, application, id_):
    application.gate.clear()
    editor.open(URI, "x = ‸")
    request = editor.request_inline(URI)
    editor.notify("$/cancelRequest", {"id": id_})
    editor.notify("$/cancelRequest")
    await settle()
    application.gate.set()
    assert (await request)["items"]


async def test_cancelling_what_has_been_answered_is_ignored(editor):
    editor.open(URI, "x = ‸")
    request = editor.request_inline(URI)
    await request
    editor.cancel(request)
    assert await editor.inline(URI)


async def test_a_second_request_with_a_running_id_is_refused_and_the_first_answered(editor, application):
    application.gate.clear()
    editor.open(URI, "x = ‸")
    request = editor.request_inline(URI)
    await settle()
    again = {
        "jsonrpc": "2.0",
        "id": request.id,
        "method": "workspace/executeCommand",
        "params": {"command": "x"},
    }
    editor._send(again)
    assert await code_of(request) == -32600
    application.gate.set()
    await settle()
    editor._violations.clear()  # The first one's answer, which this editor has no use for any more.


async def test_a_failing_application_gives_empty_answers(editor, application):
    async def complete(_):
        raise ValueError("no")

    application.complete = complete
    editor.open(URI, "x = ‸")
    assert await editor.inline(URI) == []
    assert await editor.menu(URI) == []


async def test_a_failing_command_is_an_error_without_the_exceptions_text(editor, application):
    def explain():
        raise ValueError("canary")

    application.explain = explain
    with pytest.raises(ResponseError) as caught:
        await editor.request("workspace/executeCommand", {"command": "codestral.explain"})
    assert caught.value.code == -32603
    assert "canary" not in str(caught.value)


async def test_an_answer_that_json_cannot_hold_is_an_error(editor, application):
    application.explain = lambda: {"x": {1, 2}, "y": float("nan")}
    assert (
        await code_of(editor.request("workspace/executeCommand", {"command": "codestral.explain"})) == -32603
    )


async def test_a_failing_start_does_not_end_the_session():
    class Failing(ScriptedApplication):
        async def start(self):
            raise RuntimeError("no")

    async with FakeEditor.in_memory(Failing()) as editor:
        await editor.initialize()
        assert await editor.shutdown() == 0


# Folders.


@pytest.mark.parametrize(
    ("params", "folders"),
    [
        ({"workspaceFolders": [{"uri": "A", "name": "a"}, {"uri": "B", "name": "b"}]}, ("a", "b")),
        ({"workspaceFolders": [], "rootUri": "A"}, ("a",)),
        ({"workspaceFolders": None, "rootUri": "A", "rootPath": "/other"}, ("a",)),
        ({"rootUri": None, "rootPath": "P"}, ("a",)),
        ({"rootUri": None}, ()),
    ],
)
async def test_the_workspaces_folders_are_native_paths(fresh, application, tmp_path, params, folders):
    names = {
        "A": from_path(str(tmp_path / "a")),
        "B": from_path(str(tmp_path / "b")),
        "P": str(tmp_path / "a"),
    }

    def real(value):
        if isinstance(value, list):
            return [real(item) for item in value]
        return {**value, "uri": names[value["uri"]]} if isinstance(value, dict) else names.get(value, value)

    await fresh.initialize(**{name: real(value) for name, value in params.items()})
    assert application.noted("set_workspace") == [(tuple(str(tmp_path / name) for name in folders),)]


async def test_folders_come_and_go(fresh, application, tmp_path):
    a, b = ({"uri": from_path(str(tmp_path / name)), "name": name} for name in "ab")
    await fresh.initialize(workspaceFolders=[a])
    fresh.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [b], "removed": [a]}})
    fresh.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [b, a], "removed": []}})
    await fresh.request("shutdown")
    sets = [tuple(path[-1] for path in folders) for (folders,) in application.noted("set_workspace")]
    assert sets == [("a",), ("b",), ("b", "a")]


# Settings.


async def configured(editor, application):
    await editor.request("workspace/executeCommand", {"command": "codestral.status"})
    await settle()
    return [tree for (tree,) in application.noted("configure")]


async def test_settings_of_initialize_are_passed_on_as_they_came(fresh, application):
    await fresh.initialize(options={"codestral": {"completion": {"menu": "never"}}})
    assert await configured(fresh, application) == [{"codestral": {"completion": {"menu": "never"}}}]


@pytest.mark.parametrize("nothing", [None, {}, [], "", 0])
async def test_empty_settings_are_no_change(application, nothing):
    async with FakeEditor.in_memory(application, EGLOT_1_9) as editor:
        await editor.initialize(initializationOptions=nothing)
        editor.notify("workspace/didChangeConfiguration", {"settings": nothing})
        assert await configured(editor, application) == []


async def test_settings_are_fetched_where_the_client_offers_them(application):
    async with FakeEditor.in_memory(application, VSCODE) as editor:
        editor.settings["codestral"] = {"completion": {"max_lines": 3}}
        await editor.initialize()
        assert await editor.asked("workspace/configuration") == {"items": [{"section": "codestral"}]}
        registration = await editor.asked("client/registerCapability")
        assert registration["registrations"][0]["method"] == "workspace/didChangeConfiguration"
        assert await configured(editor, application) == [{"completion": {"max_lines": 3}}]
        editor.settings["codestral"] = {"completion": {"max_lines": 4}}
        editor.notify("workspace/didChangeConfiguration", {"settings": None})
        await editor.asked("workspace/configuration")
        assert (await configured(editor, application))[-1] == {"completion": {"max_lines": 4}}


async def test_settings_are_not_fetched_where_the_client_does_not_offer_them(application):
    async with FakeEditor.in_memory(application, EGLOT_1_9) as editor:
        await editor.initialize()
        editor.notify("workspace/didChangeConfiguration", {"settings": None})
        await configured(editor, application)
        assert [line for line in editor.transcript if "workspace/configuration" in line] == []


async def test_settings_that_helix_sends_twice_are_passed_on(application):
    async with FakeEditor.in_memory(application, HELIX) as editor:
        editor.settings = {"codestral": {"completion": {"enabled": False}}}
        await editor.initialize(options=editor.settings)
        found = await configured(editor, application)
    wrapped = {"codestral": {"completion": {"enabled": False}}}
    assert found == [wrapped, wrapped, wrapped["codestral"]]


async def test_a_client_that_never_answers_is_served_all_the_same(application):
    async with FakeEditor.in_memory(application, VSCODE) as editor:
        editor.mute = {"workspace/configuration", "client/registerCapability"}
        await editor.initialize()
        await editor.asked("workspace/configuration")
        editor.open(URI, "x = ‸")
        assert await editor.inline(URI)
        assert await editor.shutdown() == 0


async def test_answers_to_no_question_and_error_answers_are_survived(editor):
    editor._send({"jsonrpc": "2.0", "id": "unknown", "result": 1})
    editor._send({"jsonrpc": "2.0", "id": 4, "error": {"code": 1, "message": "?"}})
    editor._send({"jsonrpc": "2.0", "id": 5, "error": None})
    assert await editor.shutdown() == 0


async def test_a_client_that_refuses_our_requests_is_served_all_the_same(application):
    async with FakeEditor.in_memory(application, VSCODE) as editor:
        methods = {"workspace/configuration", "client/registerCapability"}
        editor.mute = methods
        refused = []

        def refuse(message):
            refused.append(message["method"])
            error = {"code": -32601, "message": "no"}
            editor._send({"jsonrpc": "2.0", "id": message["id"], "error": error})

        editor._answer = refuse
        await editor.initialize()
        await settle()
        assert set(refused) == methods
        assert await editor.shutdown() == 0


# The user.


async def test_notices_wait_until_the_client_is_ready(fresh, application):
    application.notify(Message("warning", "first"))
    answer = asyncio.ensure_future(fresh.initialize())
    await answer
    application.notify(Message("error", "second"))
    assert await fresh.notification("window/showMessage") == {"type": 2, "message": "first"}
    assert await fresh.notification("window/showMessage") == {"type": 1, "message": "second"}
    initialized = next(n for n, line in enumerate(fresh.transcript) if '"initialized"' in line)
    assert not any("showMessage" in line for line in fresh.transcript[:initialized])


@pytest.mark.parametrize(("choice", "allowed"), [(["Allow"], True), (["Not now"], False), ([], False)])
async def test_an_origin_is_allowed_by_a_clear_yes_only(editor, application, choice, allowed):
    editor.choices = choice
    assert await application.approve("https://example.org", "The editor's settings name it.") is allowed
    question = await editor.asked("window/showMessageRequest")
    assert "https://example.org" in question["message"]
    assert [action["title"] for action in question["actions"]] == ["Allow", "Not now"]


# Commands and feedback.


async def run(editor, command, *arguments, **params):
    message = {"command": command, **({"arguments": list(arguments)} if arguments else {}), **params}
    return await editor.request("workspace/executeCommand", message)


async def test_commands(editor, application):
    assert await run(editor, "codestral.explain") == {"requests": 0}
    assert await run(editor, "codestral.accepted", "s1") is None
    assert await run(editor, "codestral.accepted", "s2", 5) is None
    assert await run(editor, "codestral.snooze", 10) is None
    assert await run(editor, "codestral.snooze") is None
    status = await run(editor, "codestral.status", arguments=None)
    assert (status["client"], status["positionEncoding"]) == ("Visual Studio Code", "utf-16")
    assert application.noted("accepted") == [("s1", None), ("s2", 5)]
    assert application.noted("snooze") == [(10,), (None,)]


async def test_a_backend_is_chosen(editor, application):
    application.names = ("here", "there")
    status = await run(editor, "codestral.backend", "there")
    assert [(each["name"], each["chosen"]) for each in status["backends"]] == [
        ("here", False),
        ("there", True),
    ]
    assert (await run(editor, "codestral.backend", None))["backends"][1]["chosen"] is False
    for wrong in ("nowhere", 7, ["there"]):
        assert await code_of(run(editor, "codestral.backend", wrong)) == -32602


async def test_the_status_is_told_to_clients_that_want_it(application):
    capabilities = {**VSCODE.capabilities, "experimental": {"codestral": {"status": True}}}
    async with FakeEditor.in_memory(application, replace(VSCODE, capabilities=capabilities)) as editor:
        await editor.initialize()
        ready = {"state": "ready", "backend": "scripted", "model": None, "remote": False, "message": ""}
        assert await editor.notification("codestral/status") == ready
        application.tell_status(Status("unavailable", message="nobody is there"))
        told = await editor.notification("codestral/status")
        assert (told["state"], told["message"]) == ("unavailable", "nobody is there")


async def test_the_status_is_not_told_to_others(editor, application):
    await run(editor, "codestral.status")
    assert "codestral/status" not in editor.notified


async def test_a_client_may_say_that_it_replaces_closers_and_asks_again(application):
    ours = {"codestral": {"replacesAfterCursor": True, "asksAgain": True}}
    capabilities = {**NEOVIM_0_11.capabilities, "experimental": ours}
    application.reply = lambda request: Answer((Suggestion("a) + b", request.cursor.position, "x", "y", 1),))
    async with FakeEditor.in_memory(application, replace(NEOVIM_0_11, capabilities=capabilities)) as editor:
        await editor.initialize()
        editor.open(URI, "f(‸)")
        [item] = await editor.inline(URI)
        editor.accept_inline(URI, item)
        assert editor.text(URI) == "f(a) + b"
        assert application.requests[0].asks_again


@pytest.mark.parametrize(
    "arguments", [None, [], [None], [7], [{}], [""], ["s1", "x"], ["s1", -1], ["s1", True, 3]]
)
async def test_odd_arguments_of_accepted_are_taken_as_far_as_they_go(editor, application, arguments):
    assert await run(editor, "codestral.accepted", arguments=arguments) is None
    expected = [("s1", None)] if arguments and arguments[0] == "s1" else []
    assert application.noted("accepted") == expected


async def test_wrong_commands_are_refused(editor):
    assert await code_of(editor.request("workspace/executeCommand", {"command": "rm"})) == -32602
    assert await code_of(editor.request("workspace/executeCommand")) == -32602
    for minutes in (0, -1, "x", True, 1e9):
        params = {"command": "codestral.snooze", "arguments": [minutes]}
        assert await code_of(editor.request("workspace/executeCommand", params)) == -32602


async def test_every_announced_command_exists(editor):
    for command in editor.server_capabilities["executeCommandProvider"]["commands"]:
        assert command.startswith("codestral.")
        arguments = [{"action": "fix", "uri": URI, "range": START}] if command == "codestral.action" else []
        await run(editor, command, *arguments)


async def test_copilots_notifications_are_understood(editor, application):
    editor.open(URI, "x = ‸")
    [item] = await editor.inline(URI)
    editor.notify("textDocument/didShowCompletion", {"item": item})
    editor.notify("textDocument/didPartiallyAcceptCompletion", {"item": item, "acceptedLength": 3})
    editor.notify("textDocument/didFocus", {"textDocument": {"uri": URI}})
    await editor.request("shutdown")
    assert application.noted("shown") == [("s0",)]
    assert application.noted("accepted") == [("s0", 3)]


@pytest.mark.parametrize(
    "params",
    [
        None,
        [],
        {"item": None},
        {"item": {"command": {"command": "codestral.accepted", "arguments": []}}},
        {"item": {"command": {"command": "codestral.accepted", "arguments": [7]}}, "acceptedLength": 3},
        {"item": {"command": {"command": "other.accepted", "arguments": ["s0"]}}, "acceptedLength": 3},
    ],
)
async def test_copilots_notifications_about_other_items_are_ignored(editor, application, params):
    for name in ("didShowCompletion", "didPartiallyAcceptCompletion", "didFocus"):
        editor.notify(f"textDocument/{name}", params)
    await editor.request("shutdown")
    assert application.noted("shown") == application.noted("accepted") == []
