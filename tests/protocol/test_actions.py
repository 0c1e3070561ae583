"""Code actions over the wire: what is listed, what a command does, and everything that can come between."""

import asyncio
from dataclasses import replace

import pytest

from lsp_server.actions.model import (
    NewFile,
    Offer,
    Page,
    Plan,
    Refused,
    Result,
    Span,
    TextEdit,
)
from lsp_server.testing.application import ScriptedApplication
from lsp_server.testing.capabilities import ALE, EGLOT, HELIX, KAKOUNE, LSP4IJ, NEOVIM_0_11, PROFILES, VSCODE
from lsp_server.testing.clock import settle
from lsp_server.testing.editor import FakeEditor, ResponseError
from lsp_server.types import Position

URI = "file:///project/main.py"
TEXT = "def f(a):\n    return 'ä𐐀', a\n"
WHOLE = Span(Position(0, 0), Position(1, 18))
OFFER = Offer("simplify", "Simplify this function", "refactor.rewrite", Result.REPLACEMENT, WHOLE)
PLACE = {"start": {"line": 0, "character": 4}, "end": {"line": 0, "character": 4}}
EDIT = TextEdit(Span(Position(1, 17), Position(1, 18)), "a + 1")


def plan(situation, **changes):
    return replace(Plan(situation.document, (EDIT,), "Simplify this function"), **changes)


@pytest.fixture
def application():
    return ScriptedApplication(offered=[OFFER], perform=plan)


@pytest.fixture(params=[VSCODE, HELIX, NEOVIM_0_11, EGLOT, KAKOUNE, ALE], ids=lambda profile: profile.name)
async def editor(request, application):
    async with FakeEditor.in_memory(application, request.param) as editor:
        await editor.initialize()
        editor.open(URI, TEXT)
        yield editor


async def listed(editor, **context):
    params = {"textDocument": {"uri": URI}, "range": PLACE, "context": {"diagnostics": [], **context}}
    return await editor.request("textDocument/codeAction", params)


def execute(editor, action):
    command = action["command"]
    assert command["command"] in editor.server_capabilities["executeCommandProvider"]["commands"]
    return editor.request("workspace/executeCommand", {k: command[k] for k in ("command", "arguments")})


async def chosen(editor):
    """The first action, chosen as Helix does: a command, nothing to resolve."""
    [action] = await listed(editor)
    assert "edit" not in action
    assert await execute(editor, action) is None


async def told(editor):
    """The one message that the user sees."""
    params = await editor.notification("window/showMessage")
    await settle()
    assert editor.notified.count("window/showMessage") == 1
    return params["message"]


async def test_an_action_is_listed_with_a_command_and_edits_the_version_it_was_chosen_for(editor):
    await chosen(editor)
    edit = (await editor.asked("workspace/applyEdit"))["edit"]
    if editor.profile is ALE:
        assert list(edit) == ["changes"]
    else:
        [change] = edit["documentChanges"]
        assert change["textDocument"] == {
            "uri": URI,
            "version": editor.buffer(URI).version - editor.profile.version_step,
        }
    await settle()
    assert editor.text(URI) == TEXT.replace(", a", ", a + 1")
    assert "window/showMessage" not in editor.notified


async def test_the_command_returns_before_the_work_begins(editor, application):
    application.gate.clear()
    await chosen(editor)
    assert "workspace/applyEdit" not in str(editor.transcript)
    application.gate.set()
    await editor.asked("workspace/applyEdit")


async def test_a_text_that_was_changed_since_the_list_is_left_alone(editor, application):
    [action] = await listed(editor)
    editor.type(URI, "x")
    before = editor.text(URI)
    await execute(editor, action)
    assert "changed meanwhile" in await told(editor)
    assert editor.text(URI) == before
    assert application.noted("act") == []


async def test_a_text_that_is_changed_while_the_model_works_is_left_alone(editor, application):
    application.gate.clear()
    await chosen(editor)
    editor.type(URI, "x")
    await settle()
    application.gate.set()
    assert "changed meanwhile" in await told(editor)
    assert editor.text(URI) == "x" + TEXT


async def test_a_document_that_is_closed_is_left_alone(editor, application):
    application.gate.clear()
    await chosen(editor)
    editor.close(URI)
    await settle()
    application.gate.set()
    assert "not open" in await told(editor)


async def test_a_change_that_the_editor_knows_first_is_found_out_by_the_version(application):
    async with FakeEditor.in_memory(application, HELIX) as editor:
        await editor.initialize()
        editor.open(URI, TEXT)
        application.gate.clear()
        await chosen(editor)
        editor.buffer(URI).version += 1  # A change whose notification is still on its way.
        application.gate.set()
        assert "did not apply" in await told(editor)
        assert editor.text(URI) == TEXT


async def test_an_edit_that_is_refused_is_told_once(editor):
    editor.applies_edits = False
    await chosen(editor)
    assert "did not apply" in await told(editor)
    assert editor.text(URI) == TEXT


async def test_a_refusal_of_ours_is_told_once(editor, application):
    application.perform = lambda _: Refused("the answer is empty: try again")
    await chosen(editor)
    assert await told(editor) == "Codestral: the answer is empty: try again."
    assert editor.text(URI) == TEXT


async def test_a_failure_in_the_server_is_told_once_and_the_session_goes_on(editor, application):
    application.perform = lambda _: 1 // 0
    await chosen(editor)
    assert "failed inside the server" in await told(editor)
    assert await listed(editor)


async def test_a_cancelled_progress_changes_nothing(editor, application):
    application.gate.clear()
    await chosen(editor)
    created = await editor.asked("window/workDoneProgress/create")
    begin = await editor.notification("$/progress")
    assert begin["value"]["kind"] == "begin"
    assert begin["value"]["cancellable"] is True
    editor.notify("window/workDoneProgress/cancel", {"token": created["token"]})
    await settle()
    application.gate.set()
    end = await editor.notification("$/progress")
    while end["value"]["kind"] != "end":
        end = await editor.notification("$/progress")
    assert "nothing is changed" in end["value"]["message"]
    assert editor.text(URI) == TEXT
    assert "window/showMessage" not in editor.notified


async def test_a_client_that_never_answers_about_progress_gets_its_edit(application, monkeypatch):
    monkeypatch.setattr("lsp_server.lsp.action_progress.PATIENCE_S", 0.05)
    async with FakeEditor.in_memory(application, VSCODE) as editor:
        editor.mute.add("window/workDoneProgress/create")
        await editor.initialize()
        editor.open(URI, TEXT)
        await chosen(editor)
        await editor.asked("workspace/applyEdit")


async def test_a_large_edit_asks_where_the_client_can(application):
    application.perform = lambda situation: plan(situation, large=True)
    async with FakeEditor.in_memory(application, VSCODE) as editor:
        await editor.initialize()
        editor.open(URI, TEXT)
        editor.confirms = False
        await chosen(editor)
        edit = (await editor.asked("workspace/applyEdit"))["edit"]
        [annotation] = edit["changeAnnotations"].values()
        assert annotation == {"label": "Simplify this function", "needsConfirmation": True}
        assert "did not apply" in await told(editor)
        assert editor.text(URI) == TEXT


async def test_a_new_file_is_made_where_the_client_can_and_shown_as_a_page_elsewhere(
    editor, application, tmp_path
):
    path = tmp_path / "test_main.py"
    application.page_path = tmp_path / "page.md"
    application.perform = lambda _: NewFile(str(path), "def test_f():\n    pass\n", "Write tests for f")
    await chosen(editor)
    if editor.profile in (VSCODE, HELIX, NEOVIM_0_11):
        await editor.asked("workspace/applyEdit")
        await settle()
        assert editor.files == {path.as_uri(): "def test_f():\n    pass\n"}
    else:
        await _page_is_shown(editor, application)
        [[page]] = application.noted("keep_page")
        assert "def test_f()" in page.markdown
        assert str(path) in page.markdown


async def test_a_new_file_does_not_take_the_place_of_one_that_is_there(application, tmp_path):
    path = tmp_path / "test_main.py"
    application.perform = lambda _: NewFile(str(path), "new", "Write tests for f")
    async with FakeEditor.in_memory(application, VSCODE) as editor:
        await editor.initialize()
        editor.open(URI, TEXT)
        editor.files[path.as_uri()] = "old"
        await chosen(editor)
        assert "did not apply" in await told(editor)
        assert editor.files == {path.as_uri(): "old"}


async def test_a_page_is_shown_or_its_place_is_told(editor, application, tmp_path):
    application.page_path = tmp_path / "page.md"
    application.perform = lambda _: Page("Explain this code", "# f\n")
    await chosen(editor)
    await _page_is_shown(editor, application)


async def _page_is_shown(editor, application):
    if editor.profile.capabilities.get("window", {}).get("showDocument"):
        await editor.asked("window/showDocument")
        await settle()
        assert editor.shown == [application.page_path.as_uri()]
    else:
        assert str(application.page_path) in await told(editor)


async def test_what_the_editor_asks_for_reaches_the_application(editor, application):
    found = {"range": PLACE, "message": "undefined name a", "severity": 1}
    await listed(editor, diagnostics=[found], only=["quickfix"], triggerKind=2)
    [[situation, can_prompt]] = application.noted("offers")
    assert [(d.message, d.severity) for d in situation.diagnostics] == [("undefined name a", 1)]
    assert (situation.only, situation.automatic, can_prompt) == (("quickfix",), True, False)


async def test_the_command_takes_an_instruction(editor, application):
    argument = {"action": "edit", "uri": URI, "range": PLACE, "instruction": "add a check"}
    params = {"command": "codestral.action", "arguments": [argument]}
    assert await editor.request("workspace/executeCommand", params) is None
    await settle()
    [[name, situation, instruction]] = application.noted("act")
    assert (name, instruction) == ("edit", "add a check")
    assert situation.selection == Span(Position(0, 4), Position(0, 4))


@pytest.mark.parametrize(
    "arguments",
    [None, [], [None], [7], [{}], [{"action": "fix"}], [{"action": 1, "uri": URI, "range": PLACE}],
     [{"action": "fix", "uri": URI, "range": {"start": {"line": -1, "character": 0}, "end": PLACE["end"]}}]],
)  # fmt: skip
async def test_arguments_that_cannot_be_read_are_refused(arguments, application):
    async with FakeEditor.in_memory(application, VSCODE) as editor:
        await editor.initialize()
        editor.open(URI, TEXT)
        params = {"command": "codestral.action", "arguments": arguments}
        with pytest.raises(ResponseError, match=r"codestral\.action takes"):
            await editor.request("workspace/executeCommand", params)


async def test_a_document_that_was_never_open_has_no_actions(editor):
    editor.close(URI)
    assert await listed(editor) == []


async def test_many_actions_can_run_and_end_with_the_session(application):
    application.gate.clear()
    async with FakeEditor.in_memory(application, VSCODE) as editor:
        await editor.initialize()
        editor.open(URI, TEXT)
        for _ in range(5):
            await chosen(editor)
        await asyncio.wait_for(editor.shutdown(), 5)


async def test_jetbrains_ides_ask_just_once_and_leave_out_quick_fixes(application):
    application.offered = [replace(OFFER, action="fix", title="Fix", kind="quickfix"), OFFER]
    async with FakeEditor.in_memory(application, LSP4IJ) as editor:
        await editor.initialize()
        editor.open(URI, TEXT)
        actions = await listed(editor, triggerKind=2)
        assert [action["kind"] for action in actions] == ["refactor.rewrite", "refactor.rewrite"]
        [[situation, _]] = application.noted("offers")
        assert not situation.automatic


async def test_toggling_is_told(application):
    async with FakeEditor.in_memory(application, VSCODE) as editor:
        await editor.initialize()
        params = {"command": "codestral.toggle"}
        assert await editor.request("workspace/executeCommand", params) is False
        assert "are off" in await told(editor)


def test_every_profile_is_covered_by_one_with_the_same_abilities():
    kinds = {str(profile.capabilities["workspace"].get("workspaceEdit")) for profile in PROFILES}
    here = (VSCODE, HELIX, NEOVIM_0_11, EGLOT, ALE)
    assert kinds == {str(profile.capabilities["workspace"].get("workspaceEdit")) for profile in here}
