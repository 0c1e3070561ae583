"""Document sync as clients really do it: our copy must equal the editor's."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsp_server.testing.application import ScriptedApplication
from lsp_server.testing.capabilities import ALE, EGLOT, NEOVIM_0_11, PROFILES, VSCODE
from lsp_server.testing.editor import FakeEditor
from lsp_server.types import Position

URI = "file:///project/main.py"


def ours(application, uri=URI):
    return application.documents.get(uri).text


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
async def test_every_profiles_edits_give_its_text(application, profile):
    async with FakeEditor.in_memory(application, profile) as editor:
        await editor.initialize()
        editor.open(URI, "😀 one\r\n漢字 two‸\rthree\n")
        editor.type(URI, " 😀\n")
        editor.change(URI, (0, 1), (1, 2), "x\u2028y\r\n")
        editor.change(URI, (0, 0), (0, 0), "")
        editor.change(URI, (2, 0), (4, 0), "")
        assert ours(application) == editor.text(URI)
        assert application.noted("document_changed") == [(URI,)] * 4


def change(editor, version, *changes, uri=URI):
    identifier = {"uri": uri, "version": version}
    editor.notify("textDocument/didChange", {"textDocument": identifier, "contentChanges": list(changes)})


def replaced(start, end, text):
    span = {
        "start": dict(zip(("line", "character"), start, strict=True)),
        "end": dict(zip(("line", "character"), end, strict=True)),
    }
    return {"range": span, "text": text}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ([{"text": "whole"}], "whole"),
        ([{"range": None, "text": "whole"}], "whole"),
        ([replaced((0, 0), (0, 1), "A"), replaced((0, 3), (0, 3), "!")], "Abc!\ndef"),
        ([replaced((0, 3), (0, 1), "-")], "a-\ndef"),
        ([replaced((0, 1), (0, 2**31 - 1), "")], "a\ndef"),
        ([replaced((0, 1), (0, 2**32), "")], "a\ndef"),
        ([replaced((0, 1), (99, 0), "")], "a"),
        ([replaced((0, 0), (0, 1), ""), {"text": "reset"}, replaced((0, 0), (0, 0), ">")], ">reset"),
        ([replaced((0, 0), (0, 0), "\0")], "\0abc\ndef"),
        ([], "abc\ndef"),
    ],
)
async def test_changes(editor, application, changes, text):
    editor.open(URI, "abc\ndef")
    change(editor, 2, *changes)
    await editor.menu(URI)
    assert ours(application) == text


@pytest.mark.parametrize(("version", "taken"), [(1, True), (2, True), (500, True), (0, False), (-1, False)])
async def test_versions(editor, application, version, taken):
    editor.open(URI, "old")
    change(editor, version, {"text": "new"})
    await editor.menu(URI)
    assert ours(application) == ("new" if taken else "old")


@pytest.mark.parametrize(
    "params",
    [
        {"textDocument": {"uri": URI, "version": 2}},
        {"textDocument": {"uri": URI, "version": 2}, "contentChanges": [{}]},
        {"textDocument": {"uri": URI, "version": 2}, "contentChanges": [{"text": None}]},
        {"textDocument": {"uri": URI, "version": 2}, "contentChanges": [replaced((-1, 0), (0, 0), "x")]},
        {"textDocument": {"uri": URI, "version": 2}, "contentChanges": "x"},
    ],
)
async def test_a_document_that_lost_a_change_is_not_completed_until_it_is_opened_again(
    editor, application, params
):
    editor.open(URI, "old‸")
    editor.notify("textDocument/didChange", params)
    assert await editor.menu(URI) == []
    assert application.noted("document_closed") == [(URI,)]
    editor.open(URI, "new‸")
    assert await editor.menu(URI) != []


async def test_opening_an_open_document_replaces_it(editor, application):
    editor.open(URI, "old")
    editor.open(URI, "new")
    await editor.menu(URI)
    assert ours(application) == "new"
    assert application.noted("document_changed") == [(URI,)]


async def test_a_closed_document_is_closed(editor, application):
    buffer = editor.open(URI, "old‸")
    editor.close(URI)
    change(editor, 7, {"text": "new"})
    editor.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    editor.notify("textDocument/didSave", {"textDocument": {"uri": URI}, "text": "new"})
    editor._buffers[URI] = buffer
    assert await editor.menu(URI) == []
    assert application.noted("document_closed") == [(URI,)]


async def test_a_document_is_one_under_all_its_spellings(editor, application):
    editor.open("file:///c%3A/a%20b.py", "x‸")
    change(editor, 2, {"text": "y"}, uri="file:///C:/a%20b.py")
    editor.notify("textDocument/didClose", {"textDocument": {"uri": "file:///C%3a/a b.py"}})
    assert await editor.menu("file:///c%3A/a%20b.py") == []
    assert application.noted("document_changed") == [("file:///c%3A/a%20b.py",)]
    assert application.noted("document_closed") == [("file:///c%3A/a%20b.py",)]


@pytest.mark.parametrize(
    "uri", ["untitled:Untitled-1", "vscode-notebook-cell:/a.ipynb#C1", "git:/a.py?%7B%7D", "x", ""]
)
async def test_documents_without_a_file_are_served(editor, application, uri):
    editor.open(uri, "x = ‸")
    assert await editor.inline(uri)
    assert application.requests[-1].cursor.document.path is None


async def test_the_language_and_the_version_are_kept(editor, application):
    editor.open(URI, "x = ‸", language="some-new-language")
    await editor.inline(URI)
    document = application.requests[-1].cursor.document
    assert (document.language, document.version) == ("some-new-language", 1)


async def test_a_request_is_for_the_text_as_it_was_when_it_was_sent(editor, application):
    """Everything below arrives in one read."""
    editor.open(URI, "one‸")
    editor.request_menu(URI)
    editor.type(URI, " two")
    last = editor.request_menu(URI)
    await last
    assert [request.cursor.before for request in application.requests] == ["one", "one two"]


@pytest.mark.parametrize(
    ("profile", "units", "column"),
    [
        (VSCODE, 1, 0),
        (VSCODE, 2, 1),
        (NEOVIM_0_11, 3, 0),
        (NEOVIM_0_11, 4, 1),
        (EGLOT, 1, 1),
        (ALE, 1, 0),
        (VSCODE, 2**31 - 1, 2),
    ],
)
async def test_a_position_inside_a_character_is_its_start(application, profile, units, column):
    async with FakeEditor.in_memory(application, profile) as editor:
        await editor.initialize()
        editor.open(URI, "😀x\n")
        place = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": units}}
        await editor.request("textDocument/completion", place)
        assert application.requests[-1].cursor.position == Position(0, column)


texts = st.text(alphabet="ab \t\r\n😀漢é\u2028\x85\f", max_size=30)
edits = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), texts), max_size=12)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(PROFILES), texts, edits)
async def test_any_edits_in_any_encoding_keep_both_texts_equal(profile, text, edits):
    application = ScriptedApplication()
    async with FakeEditor.in_memory(application, profile) as editor:
        await editor.initialize()
        buffer = editor.open(URI, text)
        for start, end, new in edits:
            first, last = sorted(min(offset, len(buffer.text)) for offset in (start, end))
            # An edit between the halves of a line's end is none that an editor makes.
            if not any(buffer.text[at - 1 : at + 1] == "\r\n" for at in (first, last)):
                editor.change(URI, buffer.place(first), buffer.place(last), new)
        assert ours(application) == buffer.text
