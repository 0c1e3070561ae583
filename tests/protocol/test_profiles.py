"""What each editor gets to see, and what stands in its buffer afterwards."""

import pytest

from lsp_server.testing.application import ScriptedApplication, suggest
from lsp_server.testing.capabilities import (
    ALE,
    EGLOT,
    EGLOT_1_9,
    HELIX,
    KAKOUNE,
    LSP4IJ,
    LSP_MODE,
    NEOVIM_0_11,
    NEOVIM_0_12,
    PROFILES,
    VSCODE,
)
from lsp_server.testing.clock import settle
from lsp_server.testing.editor import FakeEditor
from lsp_server.types import Answer, Gate, Trigger

URI = "file:///project/main.py"
every_profile = pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
inline_profiles = [profile for profile in PROFILES if profile.asks_inline]
# Of plain text, ALE inserts the first line.
whole_menu_profiles = [profile for profile in PROFILES if profile is not ALE]


@pytest.mark.parametrize(
    ("profile", "encoding"),
    [
        (NEOVIM_0_11, "utf-8"),
        (NEOVIM_0_12, "utf-8"),
        (HELIX, "utf-8"),
        (VSCODE, "utf-16"),
        (LSP4IJ, "utf-16"),
        (EGLOT_1_9, "utf-16"),
        (EGLOT, "utf-32"),
        (LSP_MODE, "utf-32"),
        (KAKOUNE, "utf-8"),
        (ALE, "utf-16"),
    ],
)
async def test_the_encoding_is_the_first_that_the_client_offers(application, profile, encoding):
    async with FakeEditor.in_memory(application, profile) as editor:
        await editor.initialize()
        assert editor.encoding == encoding


@pytest.mark.parametrize(
    ("profile", "auto"),
    [
        (NEOVIM_0_11, True),
        (NEOVIM_0_12, False),
        (HELIX, True),
        (VSCODE, False),
        (LSP4IJ, False),
        (EGLOT_1_9, True),
        (LSP_MODE, True),
        (KAKOUNE, True),
    ],
)
@pytest.mark.parametrize("menu", ["auto", "always", "never"])
async def test_the_menu_is_for_clients_without_ghost_text_unless_the_user_says_otherwise(profile, auto, menu):
    async with FakeEditor.in_memory(ScriptedApplication(menu=menu), profile) as editor:
        await editor.initialize()
        announced = "completionProvider" in editor.server_capabilities
        assert announced is {"auto": auto, "always": True, "never": False}[menu]


@every_profile
async def test_what_is_announced(profile):
    async with FakeEditor.in_memory(ScriptedApplication(menu="always"), profile) as editor:
        answer = await editor.initialize()
        assert answer["serverInfo"]["name"] == "codestral-lsp"
        assert answer["capabilities"] == {
            "positionEncoding": editor.encoding,
            "textDocumentSync": {"openClose": True, "change": 2, "save": {"includeText": False}},
            "inlineCompletionProvider": True,
            "completionProvider": {
                "triggerCharacters": [".", "(", "[", "{", ":", "=", ","],
                "resolveProvider": False,
            },
            "codeActionProvider": {
                "codeActionKinds": ["quickfix", "refactor.rewrite", "refactor.extract", "source"],
                "resolveProvider": False,
            },
            "executeCommandProvider": {
                "commands": [
                    "codestral.accepted",
                    "codestral.explain",
                    "codestral.snooze",
                    "codestral.stats",
                    "codestral.backend",
                    "codestral.status",
                    "codestral.toggle",
                    "codestral.action",
                ]
            },
            "workspace": {"workspaceFolders": {"supported": True, "changeNotifications": True}},
        }


async def test_a_menu_switched_off_later_is_empty(editor, application):
    editor.open(URI, "x = ‸")
    assert await editor.menu(URI)
    application.menu = "never"
    assert await editor.menu(URI) == []
    assert len(application.requests) == 1


CASES = {
    "one line": ("x = ‸\n", "f(1)", "x = f(1)‸\n"),
    "inside brackets": ("f(‸)\n", "a, b", "f(a, b‸)\n"),
    "several lines": (
        "def f(a):\n    return ‸\n",
        "g(\n        a,\n    )",
        "def f(a):\n    return g(\n        a,\n    )‸\n",
    ),
    "after a typed word": ("    ret‸", "urn a\n\n    b = 1", "    return a\n\n    b = 1‸"),
    "on a blank indented line": (
        "if x:\n    ‸\nelse:",
        "for a in b:\n        c(a)",
        "if x:\n    for a in b:\n        c(a)‸\nelse:",
    ),
    "tabs": ("func f() {\n\t‸\n}", "if a {\n\t\tb()\n\t}", "func f() {\n\tif a {\n\t\tb()\n\t}‸\n}"),
    "on the next line": ("if x:‸", "\n    return 1\n    # done", "if x:\n    return 1\n    # done‸"),
    "snippet characters": (
        "    a = ‸",
        '"${1:x} $b \\\\n }"\n    $c}',
        '    a = "${1:x} $b \\\\n }"\n    $c}‸',
    ),
    "emoji and CJK around": ('    😀 = "漢字‸" 😀', " 😀漢\n    é", '    😀 = "漢字 😀漢\n    é‸" 😀'),
    "emoji in the word's line": ("    '😀' + 漢‸", "字(1)\n    x", "    '😀' + 漢字(1)\n    x‸"),
}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@every_case
@pytest.mark.parametrize("profile", inline_profiles, ids=lambda profile: profile.name)
async def test_ghost_text_ends_up_in_the_buffer_as_it_was_suggested(profile, case):
    marked, text, expected = case
    application = ScriptedApplication(suggest(text))
    async with FakeEditor.in_memory(application, profile) as editor:
        await editor.initialize()
        editor.open(URI, marked)
        [item] = await editor.inline(URI)
        assert set(item) == {"insertText", "range", "command"}
        editor.accept_inline(URI, item)
        await editor.request("shutdown")
        assert editor.marked(URI) == expected
        assert application.documents.get(URI).text == editor.text(URI)
        assert application.noted("accepted") == ([("s0", None)] if profile.runs_inline_command else [])


@every_case
@pytest.mark.parametrize("profile", whole_menu_profiles, ids=lambda profile: profile.name)
async def test_a_menu_item_ends_up_in_the_buffer_as_it_was_suggested(profile, case):
    marked, text, expected = case
    application = ScriptedApplication(suggest(text), menu="always")
    async with FakeEditor.in_memory(application, profile) as editor:
        await editor.initialize()
        editor.open(URI, marked)
        [item] = await editor.menu(URI)
        assert item["kind"] == 1
        assert "\n" not in item["label"]
        editor.accept_menu(URI, item)
        await editor.request("shutdown")
        assert editor.marked(URI) == expected
        assert application.documents.get(URI).text == editor.text(URI)
        assert application.noted("accepted") == ([("s0", None)] if profile.runs_menu_command else [])


async def test_the_first_line_is_what_ale_inserts():
    async with FakeEditor.in_memory(ScriptedApplication(suggest("f(\n    1)")), ALE) as editor:
        await editor.initialize()
        editor.open(URI, "x = ‸")
        [item] = await editor.menu(URI)
        editor.accept_menu(URI, item)
        assert editor.text(URI) == "x = f("


async def test_several_suggestions_come_best_first(application):
    application.reply = suggest("one", "two", "three")
    async with FakeEditor.in_memory(application, LSP_MODE) as editor:
        await editor.initialize()
        editor.open(URI, "x = ‸")
        assert [item["insertText"] for item in await editor.inline(URI)] == ["one", "two", "three"]
        items = await editor.menu(URI)
        assert [item["label"] for item in sorted(items, key=lambda item: item["sortText"])] == [
            "one",
            "two",
            "three",
        ]


@every_profile
async def test_nothing_to_suggest_is_an_empty_list_object(profile):
    application = ScriptedApplication(lambda _: Answer(gate=Gate("no_backend")), menu="always")
    async with FakeEditor.in_memory(application, profile) as editor:
        await editor.initialize()
        editor.open(URI, "x = ‸")
        assert await editor.request_inline(URI) == {"items": []}
        assert await editor.request_menu(URI) == {"isIncomplete": True, "items": []}


async def test_a_superseded_ghost_text_is_null_and_a_superseded_menu_an_empty_list(editor, application):
    application.gate.clear()
    editor.open(URI, "x = ‸")
    inline, menu = editor.request_inline(URI), editor.request_menu(URI)
    await settle()
    newer_inline, newer_menu = editor.request_inline(URI), editor.request_menu(URI)
    assert await inline is None
    assert await menu == {"isIncomplete": True, "items": []}
    application.gate.set()
    assert (await newer_inline)["items"]
    assert (await newer_menu)["items"]


async def test_ghost_text_for_a_text_that_has_changed_is_null(editor, application):
    application.gate.clear()
    editor.open(URI, "x = ‸")
    late = editor.request_inline(URI)
    await settle()
    editor.type(URI, "1")
    application.gate.set()
    assert await late is None


async def test_a_menu_for_a_text_that_has_grown_is_still_shown(editor, application):
    """Neovim asks once and filters the late answer by what was typed meanwhile."""
    application.gate.clear()
    editor.open(URI, "x = ‸")
    late = editor.request_menu(URI)
    await settle()
    editor.type(URI, "a")
    application.gate.set()
    [item] = (await late)["items"]
    assert item["textEdit"]["range"]["end"] == {"line": 0, "character": 4}


@pytest.mark.parametrize(
    ("kind", "trigger"),
    [(1, Trigger.INVOKED), (2, Trigger.AUTOMATIC), (0, Trigger.INVOKED), (9, Trigger.AUTOMATIC)],
)
async def test_triggers_of_ghost_text(editor, application, kind, trigger):
    editor.open(URI, "x = ‸")
    params = {**editor._at_cursor(URI), "context": {"triggerKind": kind}}
    await editor.request("textDocument/inlineCompletion", params)
    assert application.requests[-1].trigger is trigger


@pytest.mark.parametrize(
    "context",
    [
        {"context": {"triggerKind": 1}},
        {"context": {"triggerKind": 2, "triggerCharacter": "."}},
        {"context": {"triggerKind": 3}},
        {"context": {"triggerKind": 9}},
        {"context": None},
        {},
    ],
)
async def test_a_menu_cannot_tell_that_it_was_asked_for_by_hand(editor, application, context):
    editor.open(URI, "x = ‸")
    await editor.request("textDocument/completion", {**editor._at_cursor(URI), **context})
    assert application.requests[-1].trigger is Trigger.AUTOMATIC


async def test_params_of_copilots_clients_are_understood(editor):
    editor.open(URI, "x = ‸")
    place = editor._at_cursor(URI)
    params = {
        "textDocument": {**place["textDocument"], "version": 1},
        "position": place["position"],
        "context": {"triggerKind": 2},
        "formattingOptions": {"tabSize": 4, "insertSpaces": True},
        "workDoneToken": "t",
    }
    assert (await editor.request("textDocument/inlineCompletion", params))["items"]
    del params["context"]
    assert (await editor.request("textDocument/inlineCompletion", params))["items"]


async def test_ghost_text_has_to_extend_what_is_chosen_in_the_clients_menu(editor, application):
    application.reply = suggest("ole.log(1)", "t x = 1")
    editor.open(URI, "cons‸")
    chosen = {
        "range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 4}},
        "text": "console",
    }
    assert [item["insertText"] for item in await editor.inline(URI, selected=chosen)] == ["ole.log(1)"]
