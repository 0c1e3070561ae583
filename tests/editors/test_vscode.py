"""A real VS Code with a real server: what is on the screen, and what ends up in files."""

import json
import shlex
import subprocess
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

import lsp_server
from lsp_server.config.sources import Source
from lsp_server.config.trust import TABLE, Rule
from lsp_server.testing.accept_cases import accept_cases, write_cases
from tests.editors.vscode.window import EXTENSION, Window, missing

HERE = Path(__file__).parent
MISSING = missing()
ADD = "def add(a, b):\n    return a + b\n"
STUB = "def add(a, b):\n    \n"


def in_real_vscode(test):
    """Marks a test that starts VS Code."""
    return pytest.mark.editor(pytest.mark.skipif(bool(MISSING), reason=MISSING)(test))


def in_vscode(test):
    """Marks a test in the window that most of them share."""
    return in_real_vscode(pytest.mark.usefixtures("clean")(test))


@pytest.fixture(scope="module")
def window(tmp_path_factory):
    """The one window of most tests."""
    folder = tmp_path_factory.mktemp("vscode")
    window = Window(folder / "home", folder / "project", settings={"codestral.server.path": "/nowhere"})
    # VS Code makes its part for ghost text when it has nothing else to do, or when it is asked for it.
    window.open("first.py", "", 0, 0)
    window.run("editor.action.inlineSuggest.trigger")
    yield window
    window.close()


@pytest.fixture
def clean(window, fake_model):
    """Nothing of a test is left on the screen for the next one.

    It ends before its model does: a model that is gone is told to the user.
    """
    yield
    window.hands("closeAll")
    window.call("dismissNotifications")


def servers_with(config):
    """The running servers with this configuration file."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            line = process.cmdline()
            if config in line and "lsp_server" in line:
                found.append(process)
    return found


@pytest.fixture
def command(server_command, tmp_path):
    """The real server's command line, over the fake model, with a data folder of its own."""
    return ["/usr/bin/env", f"CODESTRAL_LSP_DATA_DIR={tmp_path / 'data'}", *server_command]


def test_the_settings_are_in_step_with_the_servers():
    script = EXTENSION / "scripts" / "settings.py"
    done = subprocess.run([sys.executable, script, "--check"], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def manifest():
    return json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))


def properties():
    sections = manifest()["contributes"]["configuration"]
    return {name: value for section in sections for name, value in section["properties"].items()}


def test_every_setting_that_an_editor_may_set_is_there_and_no_other():
    found = set()
    for name, value in properties().items():
        path = name.removeprefix("codestral.")
        if path.startswith("server."):
            continue
        if path == "backends":
            found |= {f"backends.*.{field}" for field in value["items"]["properties"]}
        else:
            found.add(f"{path}.*" if path in {"completion.languages", "experiments"} else path)
    assert found == {row.pattern for row in TABLE if row.of(Source.EDITOR) is not Rule.NEVER}


def test_only_switching_off_is_not_of_machine_scope():
    open_to_workspaces = {name for name, value in properties().items() if value["scope"] != "machine"}
    assert open_to_workspaces == {"codestral.completion.enabled", "codestral.completion.languages"}
    restricted = manifest()["capabilities"]["untrustedWorkspaces"]["restrictedConfigurations"]
    assert set(restricted) == open_to_workspaces


def test_what_is_not_set_is_not_shown_as_if_it_were():
    only = [
        value for value in properties().values() if len(value.get("enum", [])) == 2 and None in value["enum"]
    ]
    assert len(only) == 2
    assert all(value["default"] is None and value["enum"][0] is None for value in only)
    assert not [name for name, value in properties().items() if len(value.get("enum", [1, 2])) < 2]


def test_the_extensions_commands_are_not_the_servers():
    ours = {command["command"] for command in manifest()["contributes"]["commands"]}
    assert ours
    assert all(name.startswith("codestral-lsp.") for name in ours)


def test_the_version_is_the_servers():
    assert manifest()["version"] == lsp_server.__version__


def test_no_file_names_a_registry():
    lock = json.loads((EXTENSION / "package-lock.json").read_text(encoding="utf-8"))
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]


@in_vscode
@pytest.mark.parametrize(("first", "end"), [(0, 50), (50, 100), (100, 150), (150, 200)])
def test_accepting_leaves_the_intended_text_in_every_file(window, tmp_path, first, end):
    file = write_cases(accept_cases(200), tmp_path / "cases")
    journal = tmp_path / "journal"
    script = str(HERE / "case_server.py")
    window.server([sys.executable, script, "--cases", str(file), "--journal", str(journal)])
    done = window.call("acceptCases", file=str(file), first=first, end=end)
    assert done == {"cases": 50, "wrong": []}
    events = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    assert len({event["id"] for event in events if event["event"] == "accepted"}) == 50


@in_vscode
def test_ghost_text_comes_while_typing_and_tab_inserts_it(window, command, fake_model):
    fake_model.answer = "eturn a + b\n"
    window.server(command)
    path = window.open("typed.py", STUB, 1, 4)
    window.call("type", text="r")
    window.call("ghost", text="eturn a + b")
    window.call("press", key="Tab")
    window.hands("awaitText", text=ADD)
    window.hands("save")
    assert path.read_bytes() == ADD.encode()
    window.run("undo")
    window.hands("awaitText", text=STUB.replace("    \n", "    r\n"))


@in_vscode
def test_the_status_bar_names_the_backend_and_its_menu_switches_off(window, command):
    status = window.server(command)
    assert "llamacpp" in status["text"]
    assert "this machine" in status["label"]
    window.hands("begin", command="codestral-lsp.menu")
    window.call("pick", label="Switch Suggestions Off")
    assert window.call("status", pattern="Suggestions are off")["text"].endswith("Codestral: off")
    window.hands("begin", command="codestral-lsp.menu")
    window.call("pick", label="Switch Suggestions On")
    window.call("status", pattern="Ready")
    window.hands("begin", command="codestral-lsp.snooze")
    window.call("fill", text="3")
    window.call("status", pattern="Snoozed")
    window.run("codestral-lsp.restart")
    window.call("status", pattern="Snoozed")
    window.run("codestral-lsp.wake")
    window.call("status", pattern="Ready")


@in_vscode
def test_pages_about_the_last_suggestions_and_the_session(window, command, fake_model):
    fake_model.answer = "return a + b\n"
    window.server(command)
    window.open("pages.py", STUB, 1, 4)
    window.run("editor.action.inlineSuggest.trigger")
    window.call("ghost", text="return a + b")
    window.run("codestral-lsp.explain")
    window.call("preview", pattern="llamacpp")
    window.run("codestral-lsp.stats")
    window.call("preview", pattern="This session.*requests")


@in_vscode
def test_a_word_accepted_is_told_as_a_part(window, command, fake_model):
    fake_model.answer = "return first + second\n"
    window.server(command)
    window.open("words.py", "def add(first, second):\n    \n", 1, 4)
    window.run("editor.action.inlineSuggest.trigger")
    window.call("ghost", text="return first + second")
    window.run("editor.action.inlineSuggest.acceptNextWord")
    window.hands("awaitText", text="def add(first, second):\n    return\n")
    stats = window.run("codestral.stats")
    assert (stats["shown"], stats["accepted"], stats["accepted_in_part"]) == (1, 0, 1)


@in_vscode
def test_an_action_is_one_undo_step(window, command, fake_model):
    fake_model.answer = 'Return the sum of two numbers."""\n'
    window.server(command)
    window.open("documented.py", ADD, 0, 6)
    window.hands("begin", command="codestral-lsp.action")
    window.call("pick", label="Write the docstring")
    head, body, _ = ADD.split("\n")
    window.hands("awaitText", text=f'{head}\n    """Return the sum of two numbers."""\n{body}\n')
    window.run("undo")
    window.hands("awaitText", text=ADD)


@in_vscode
def test_an_action_by_instruction_asks_for_the_words(window, command, fake_model):
    wanted = ADD.replace("a + b", "sum((a, b))")
    fake_model.answer = f"```python\n{wanted}```\n"
    window.server(command)
    window.open("told.py", ADD, 1, 6)
    window.hands("begin", command="codestral-lsp.action")
    window.call("pick", label="Edit")
    window.call("fill", text="use the function sum")
    window.hands("awaitText", text=wanted)
    assert any("use the function sum" in str(request.body) for request in fake_model.requests)


@in_vscode
def test_a_server_that_is_not_there_is_told_with_a_way_to_the_settings(window, command):
    window.settings({"codestral.server.path": "/nowhere/codestral-lsp"})
    told = window.call("notification", pattern="not found: there is no program /nowhere/codestral-lsp")
    assert told["buttons"] == ["Open Settings", "How to Install"]
    window.call("status", pattern="The server does not run")
    window.call("click", label="Open Settings")
    window.call("press", key="Escape")
    window.server(command)


@in_vscode
def test_a_server_that_dies_is_started_again(window, command, fake_model):
    fake_model.answer = "return a + b\n"
    window.server(command)
    config = command[-1]
    assert window.run("codestral.toggle") is False
    window.call("status", pattern="Suggestions are off")
    [server] = servers_with(config)
    server.kill()
    window.call("status", pattern="The server starts")
    window.call("status", pattern="Suggestions are off")
    assert servers_with(config) not in ([], [server])
    assert set(window.call("notifications")) <= {"Codestral: automatic suggestions are off."}
    window.run("codestral.toggle")
    window.call("status", pattern="Ready")
    window.open("again.py", STUB, 1, 4)
    window.run("editor.action.inlineSuggest.trigger")
    window.call("ghost", text="return a + b")


@in_vscode
def test_a_restart_while_the_server_starts_again_leaves_one(window, command):
    window.server(command)
    config = command[-1]
    [server] = servers_with(config)
    server.kill()
    window.call("status", pattern="The server starts")
    window.run("codestral-lsp.restart")
    window.call("status", pattern="Ready")
    assert len(servers_with(config)) == 1
    assert window.call("notifications") == []


@in_vscode
def test_a_server_whose_program_has_gone_is_told_once(window, command, tmp_path):
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\nexec {shlex.join(command)}\n")
    program.chmod(0o755)
    window.server([str(program)])
    program.unlink()
    [server] = servers_with(command[-1])
    server.kill()
    window.call("status", pattern="The server has stopped")
    assert window.call("notification", pattern="the server is not running")["buttons"] == [
        "Restart the Server"
    ]
    assert len(window.call("notifications")) == 1
    window.server(command)


@in_vscode
def test_a_program_that_never_answers_is_replaced(window, command):
    window.server(command)
    window.settings({"codestral.server.path": "/bin/sleep", "codestral.server.arguments": ["1000"]})
    window.call("status", pattern="The server starts")
    window.server(command)
    assert window.call("notifications") == []


@in_vscode
def test_a_server_that_does_not_start_is_told_once(window, command):
    window.server(command)
    first, *others = command
    window.settings(
        {"codestral.server.path": first, "codestral.server.arguments": [*others, "--no-such-argument"]}
    )
    window.call("notification", pattern="the server does not start")
    window.call("status", pattern="The server does not run")
    assert len(window.call("notifications")) == 1
    window.server(command)


@in_vscode
def test_settings_take_effect_and_are_taken_back(window, command, fake_model):
    window.server(command)
    server = {"codestral.server.path": command[0], "codestral.server.arguments": command[1:]}
    second = {"name": "second", "kind": "llamacpp", "url": fake_model.url}
    window.settings({**server, "codestral.backends": [second], "codestral.routing.order": ["second"]})
    window.call("status", pattern="Ready.*second")
    window.settings(server)
    window.call("status", pattern="Ready.*llamacpp")


@pytest.fixture
def stranger():
    """An address to which no code should go, and what it was asked for."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def parse_request(self):
            asked.append(self.raw_requestline)
            return False

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


@in_vscode
def test_files_of_a_repository_redirect_nothing(window, command, fake_model, stranger, tmp_path):
    fake_model.answer = "return a + b\n"
    window.server(command)
    url, asked = stranger
    program = tmp_path / "program"
    program.write_text('#!/bin/sh\ntouch "$0.ran"\n', encoding="utf-8")
    program.chmod(0o755)
    settings = window.folder / ".vscode" / "settings.json"
    settings.parent.mkdir()
    backend = {"name": "llamacpp", "kind": "llamacpp", "url": url}
    settings.write_text(
        json.dumps(
            {
                "codestral.server.path": str(program),
                "codestral.server.arguments": [],
                "codestral.backends": [backend, {**backend, "name": "stranger"}],
                "codestral.routing.order": ["stranger"],
                # What a workspace may say shows that the file has been read.
                "codestral.completion.languages": {"cobol": False},
            }
        ),
        encoding="utf-8",
    )
    try:
        expected = {"completion.languages": {"cobol": False}}
        window.hands("awaitSettings", of="workspaceValue", expected=expected)
        window.run("codestral-lsp.restart")
        window.call("status", pattern="Ready")
        window.open("here.py", STUB, 1, 4)
        window.run("editor.action.inlineSuggest.trigger")
        window.call("ghost", text="return a + b")
        [backend] = window.run("codestral.status")["backends"]
        assert backend["name"] == "llamacpp"
    finally:
        settings.unlink()
    assert asked == []
    assert not program.with_suffix(".ran").exists()


@in_real_vscode
def test_a_workspace_that_is_not_trusted_does_not_even_switch_off(tmp_path, command):
    folder = tmp_path / "project"
    (folder / ".vscode").mkdir(parents=True)
    off = {"codestral.completion.enabled": False}
    (folder / ".vscode" / "settings.json").write_text(json.dumps(off), encoding="utf-8")
    settings = {
        "codestral.server.path": command[0],
        "codestral.server.arguments": command[1:],
        "security.workspace.trust.enabled": True,
        "security.workspace.trust.startupPrompt": "never",
    }
    window = Window(tmp_path / "home", folder, trust=True, settings=settings)
    try:
        window.call("status", pattern="Ready")
        assert window.hands("isTrusted") is False
    finally:
        window.close()
