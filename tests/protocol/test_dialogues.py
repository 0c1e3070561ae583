"""Clients that cannot be run here: their dialogues, and what they leave of a suggestion in a file."""

from pathlib import Path

import pytest

from lsp_server.app import App
from lsp_server.testing.accept_cases import accept_cases
from lsp_server.testing.application import ScriptedApplication
from lsp_server.testing.capabilities import HELIX, LSP4IJ
from lsp_server.testing.clock import ManualClock, settle
from lsp_server.testing.configuration import backend_of, write_config
from lsp_server.testing.dialogue import DialogueError, Stage, play, read_dialogue
from lsp_server.testing.dialogue_clients import Helix, Lsp4ij
from lsp_server.testing.editor import FakeEditor
from lsp_server.testing.fake_backends import FakeLlamaCpp
from lsp_server.testing.fixtures import MARK
from lsp_server.types import Answer, Suggestion

FOLDER = Path(__file__).parent / "dialogues"
CLIENTS = ["helix", "lsp4ij"]
DIALOGUES = [path for client in CLIENTS for path in sorted((FOLDER / client).glob("*.dialogue"))]
COUNT = 200


@pytest.mark.parametrize("path", DIALOGUES, ids=lambda path: f"{path.parent.name}-{path.stem}")
async def test_a_dialogue_goes_as_it_is_written(path):
    await play(read_dialogue(path))


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_dialogue_with_the_whole_product_asks_the_model_once(client, tmp_path):
    async with FakeLlamaCpp("turn sum(values)\n") as fake:
        backends, completion = [backend_of("llamacpp", fake)], {"speculation": "never"}
        config = write_config(tmp_path / "config.toml", backends, completion=completion)
        clock = ManualClock()
        app = App(config, {"CODESTRAL_LSP_DATA_DIR": str(tmp_path / "data")}, clock)
        await play(read_dialogue(FOLDER / "whole" / f"{client}.dialogue"), Stage(app, clock))
        asked = [request for request in fake.requests if request.path in {"/completion", "/infill"}]
        assert len(asked) == 1


@pytest.mark.parametrize("client", [*CLIENTS, "whole"])
def test_each_dialogue_names_the_source_it_was_read_from(client):
    for path in (FOLDER / client).iterdir():
        if path.suffix in {".dialogue", ".part"}:
            head = path.read_text(encoding="utf-8")
            assert any(ending in head for ending in (".rs", ".java", ".kt")), path.name


@pytest.fixture
def fails(tmp_path):
    """Plays what follows the opening of a session with LSP4IJ; returns what the failure says."""

    async def run(text):
        for name in ("opening.part", "initialize.json"):
            (tmp_path / name).write_text((FOLDER / "lsp4ij" / name).read_text())
        path = tmp_path / "failing.dialogue"
        path.write_text(f"include opening.part\n{text}\n")
        with pytest.raises(DialogueError) as caught:
            await play(read_dialogue(path))
        return str(caught.value)

    return run


OPEN = """notify textDocument/didOpen {
    "textDocument": {"uri": "file:///a.py", "languageId": "python", "version": 1, "text": "x = "}
  }
cursor "file:///a.py" 0 4
suggest "1"
"""
ASK = """request "2" textDocument/inlineCompletion {
    "textDocument": {"uri": "file:///a.py"},
    "position": {"line": 0, "character": 4},
    "context": {"triggerKind": 2}
  }
"""


async def test_a_message_that_differs_is_told_with_its_place_and_the_difference(fails):
    said = await fails(OPEN + ASK + 'answer "2" {"items": [{"insertText": "2", "...": true}]}')
    assert said.startswith("failing.dialogue:12: answer: --- expected\n+++ the server said\n")
    assert '-        "insertText": "2",' in said
    assert '+        "insertText": "1",' in said
    assert '"command"' in said, "what may be there beside it is no difference"
    assert '--> {"jsonrpc": "2.0", "id": "2", "method": "textDocument/inlineCompletion"' in said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (OPEN + ASK, "the server said"),
        (OPEN + ASK + "quiet", "failing.dialogue:12: nothing was expected"),
        (OPEN + ASK.replace("4}", "3}"), "the cursor is at {'line': 0, 'character': 4}: 'x = ‸'"),
        (OPEN + 'buffer "x = 1‸"', '-  "x = 1‸"'),
        (OPEN + ASK + 'answer "2" "<any>"\naccept "2" 1', "has 1 items"),
        (OPEN + ASK + 'answer "2" {"items": ["<any>"]}\ntype "7"\naccept "2"', "cancels a request"),
        ('noted shown [["s0"]]', '-    "s0"'),
        ('reply "<$unheard>" null', "nothing was named 'unheard' yet"),
        ('type "a"', "no document is not open"),
        ("shout", "no such step: shout"),
        ("notify", "notify takes word json?"),
        ('suggest "a" b', "this is no JSON"),
        ('hold "a"', "hold has more behind it than it takes"),
    ],
)
async def test_what_goes_wrong_is_told(fails, text, expected):
    assert expected in await fails(text)


async def test_silence_is_told(fails, monkeypatch):
    monkeypatch.setattr("lsp_server.testing.dialogue.PATIENCE_SECONDS", 0.05)
    assert "the server says nothing" in await fails("told window/showMessage {}")


def test_a_dialogue_begins_with_its_client(tmp_path):
    path = tmp_path / "a.dialogue"
    path.write_text("quiet\n")
    with pytest.raises(DialogueError, match="the first step must be client"):
        read_dialogue(path)


# What is left in the file.


async def left(cases, profile, ask, insertion_of):
    """The text of each case once its suggestion has been taken, in one session."""
    named = {case.name: case for case in cases}

    def reply(request):
        case = named[request.cursor.document.uri.rpartition("/")[2]]
        suggestion = Suggestion(
            text=case.suggestion,
            position=request.cursor.position,
            replaces=case.replaces,
            backend="scripted",
            origin="backend",
        )
        return Answer(suggestions=(suggestion,), backend="scripted")

    application = ScriptedApplication(reply)
    async with FakeEditor.in_memory(application, profile) as editor:
        await editor.initialize()
        for case in cases:
            text = case.text.replace("\r\n", "\n") if profile is LSP4IJ else case.text
            at = sum(len(line) + 1 for line in text.split("\n")[: case.line]) + case.column
            uri = f"file:///project/{case.name}"
            buffer = editor.open(uri, f"{text[:at]}{MARK}{text[at:]}")
            [item] = await ask(editor, uri)
            insertion = insertion_of(case, buffer, item, editor.encoding)
            editor.change(uri, insertion.start, insertion.end, insertion.text)
            await settle()
            assert application.documents.get(uri).text == editor.text(uri)
            yield case, editor.text(uri)
            editor.close(uri)


async def test_lsp4ij_leaves_exactly_what_was_suggested():
    """The editor holds the text with line feeds alone, and writes the file with its own line ends."""
    wrong = []

    def insertion(_, *place):
        return Lsp4ij().insertion(*place)

    async for case, text in left(accept_cases(COUNT), LSP4IJ, FakeEditor.inline, insertion):
        ends = "\r\n" if "\r\n" in case.text else "\n"
        if text.replace("\n", ends) != case.expected_inserted:
            wrong.append(case.name)
    assert not wrong


async def test_helix_leaves_exactly_what_was_suggested():
    def insertion(_, *place):
        return Helix().insertion(*place)

    async for case, text in left(accept_cases(COUNT), HELIX, FakeEditor.menu, insertion):
        assert text == case.expected_inserted, case.name
