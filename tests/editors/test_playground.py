"""The playground in a headless browser: what its page shows, and what becomes of the text."""

import json
from importlib.util import find_spec

import pytest

from lsp_server.playground.assets import MissingAssets, load_assets
from lsp_server.playground.serving import MOST_SESSIONS
from lsp_server.testing.accept_cases import accept_cases, write_cases
from tests.editors.playground.driver import (
    CHROMIUM,
    FLAGS,
    HERE,
    LINE,
    VIEW,
    WORD,
    Page,
    Script,
    serving,
    wait_until,
)


def _missing():
    if find_spec("playwright") is None:
        return "Playwright is not installed (dependency group `editors`)"
    if CHROMIUM is None:
        return "no Chromium is installed"
    try:
        load_assets()
    except MissingAssets as error:
        return str(error)
    return ""


MISSING = _missing()
pytestmark = [pytest.mark.editor, pytest.mark.skipif(bool(MISSING), reason=MISSING)]

BODY = "first(1)\n    second(2)\n    return third"


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def context(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(20_000)
    yield context
    context.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """One process for all tests: each page has a session of its own."""
    script = Script(tmp_path_factory.mktemp("playground"))
    with serving(*script.command) as (_, url):
        yield script, url


@pytest.fixture
def script(served):
    """The process's script, with nothing in it, once the pages of earlier tests have left."""
    script, _ = served
    wait_until(lambda: len(script.told("began")) == len(script.told("ended")))
    script.journal.write_text("")
    script.set()
    return script


@pytest.fixture
def playground(served, script):
    return served[1]


@pytest.fixture
def page(playground, context):
    page = Page(context.new_page()).open(playground)
    yield page
    assert page.problems == []


@pytest.fixture
def own(tmp_path):
    """The script of a process that a test starts for itself."""
    return Script(tmp_path)


def ask_in(page, text, cursor=None):
    page.set_text(text, cursor)
    page.suggest()


def test_ghost_text_of_several_lines_is_shown_and_taken_by_tab(page, script):
    script.set({"before": "    ", "text": BODY})
    page.set_text("def f():\n", None)
    page.press("Tab")
    page.wait_for_ghost(BODY)
    # It takes lines of its own, as the line's number next to it does.
    heights = [page.page.locator(".cm-line").nth(number).bounding_box()["height"] for number in (0, 1)]
    assert heights[1] == pytest.approx(3 * heights[0], abs=1)
    assert page.text == "def f():\n    "
    page.press("Tab")
    page.wait_for_no_ghost()
    assert page.text == f"def f():\n    {BODY}"
    assert page.cursor == len(page.text)
    wait_until(lambda: script.told("accepted"))
    assert script.told("text")[-1]["text"] == page.text
    assert [entry["id"] for entry in script.told("accepted")] == [script.told("shown")[0]["id"]]


def test_taking_is_one_step_for_undo(page, script):
    script.set({"before": "x = ", "text": "f(\n    1,\n)"})
    page.set_text("x =")
    page.type(" ")
    page.wait_for_ghost("f(\n    1,\n)")
    page.press("Tab")
    assert page.text == "x = f(\n    1,\n)"
    page.press("ControlOrMeta+z")
    assert page.text == "x = "
    page.press("ControlOrMeta+y")
    assert page.text == "x = f(\n    1,\n)"
    wait_until(lambda: script.told("text")[-1]["text"] == page.text)


def test_in_the_middle_of_a_line_among_wide_characters(page, script):
    before, after = "größe['名前😀'] = ", " + '👩\u200d🔬'  # e\u0301"
    script.set({"before": before, "text": "join('Ωμ😀',\n\t'é')"})
    ask_in(page, f"{before}{after}\n", len(before.encode("utf-16-le")) // 2)
    page.wait_for_ghost("join('Ωμ😀',\n\t'é')")
    page.press("Tab")
    assert page.text == f"{before}join('Ωμ😀',\n\t'é'){after}\n"
    wait_until(lambda: script.told("text")[-1]["text"] == page.text)


def test_what_is_behind_the_cursor_and_replaced_stays_in_sight(page, script):
    script.set({"before": "x = sum(", "text": "values) + rest[0]"}, replaces=1)
    ask_in(page, "x = sum();", len("x = sum("))
    page.wait_for_ghost("values + rest[0]")
    line = page.page.locator(".cm-line").first
    assert line.inner_text().replace("\u200b", "") == "x = sum(values) + rest[0];"
    page.press("Tab")
    assert page.text == "x = sum(values) + rest[0];"


def test_typing_along_shortens_it_without_a_gap(page, script):
    script.set({"before": "x = ", "text": "total(1)\nnext"})
    ask_in(page, "x = ")
    page.wait_for_ghost("total(1)\nnext")
    script.set()
    seen = page.page.evaluate(
        f"""() => {{
            const seen = [];
            const view = {VIEW};
            for (const letter of "tot") {{
                const {{ head }} = view.state.selection.main;
                view.dispatch({{ changes: {{ from: head, insert: letter }}, selection: {{ anchor: head + 1 }},
                                 userEvent: "input.type" }});
                seen.push(document.querySelector(".cm-ghost")?.textContent ?? null);
            }}
            return seen;
        }}"""
    )
    assert seen == ["otal(1)\nnext", "tal(1)\nnext", "al(1)\nnext"]
    page.wait_for_no_ghost()  # The server has nothing there any more.


def test_a_bracket_that_the_editor_closes_belongs_to_what_is_replaced(page, script):
    script.set({"before": "f", "text": "(a, b) + 1"})
    ask_in(page, "f")
    page.wait_for_ghost("(a, b) + 1")
    script.set({"before": "nowhere", "text": "x"})
    page.page.evaluate(  # Slower answers: what is drawn is what the page works out by itself.
        "() => { WebSocket.prototype.send = () => undefined; }"
    )
    page.type("(")
    assert page.text == "f()"
    assert page.ghost == "a, b + 1"
    page.press("Tab")
    assert page.text == "f(a, b) + 1"


def test_words_and_lines_are_taken_one_by_one(page, script):
    script.set({"before": "", "text": "go_on(größe)\nlast line"})
    ask_in(page, "")
    page.wait_for_ghost("go_on(größe)\nlast line")
    script.set(
        {"before": "go_on", "text": "(größe)\nlast line"}, {"before": "go_on(größe)", "text": "\nlast line"}
    )
    page.press(WORD)
    assert page.text == "go_on"
    page.wait_for_ghost("(größe)\nlast line")
    # The rest of the first suggestion looks like the second one, which is what is to be taken.
    wait_until(lambda: len(script.told("shown")) == 2)
    page.press(LINE)
    assert page.text == "go_on(größe)"
    page.wait_for_ghost("\nlast line")
    wait_until(lambda: len(script.told("shown")) == 3)
    page.press(LINE)
    assert page.text == "go_on(größe)\nlast line"
    wait_until(lambda: len(script.told("accepted")) == 3)
    assert [entry["length"] for entry in script.told("accepted")] == [5, 7, None]


@pytest.mark.parametrize(
    ("suggestion", "key", "taken", "ghost"),
    [
        ("values) + rest[0]", WORD, ["values);", "values);", "values) +;"], " rest[0]"),
        ("values)\nprint(x)", LINE, ["values);"], "\nprint(x)"),
    ],
)
def test_a_part_takes_the_place_of_the_closer_that_it_has(page, script, suggestion, key, taken, ghost):
    script.set({"before": "x = sum(", "text": suggestion}, replaces=1)
    ask_in(page, "x = sum();", len("x = sum("))
    page.wait_for_ghost(suggestion.replace(")", "", 1))
    page.page.evaluate("() => { WebSocket.prototype.send = () => undefined; }")
    for part in taken:
        page.press(key)
        assert page.text == f"x = sum({part}"
    assert page.ghost == ghost


def test_cycling_asks_for_others_once(page, script):
    script.set("one()", "two()", "three()")
    page.set_text("x")
    page.type(" ")
    page.wait_for_ghost("one()")
    for expected in ("two()", "three()", "one()"):
        page.press("Alt+]")
        page.wait_for_ghost(expected)
    page.press("Alt+[")
    page.wait_for_ghost("three()")
    assert "3 of 3" in page.page.locator("#editor-keys").inner_text()
    page.press("Tab")
    assert page.text == "x three()"


def test_escape_dismisses_and_escape_then_tab_leaves_the_editor(page, script):
    script.set({"before": "a", "text": "bc"})
    ask_in(page, "a")
    page.wait_for_ghost("bc")
    page.press("Escape")
    page.wait_for_no_ghost()
    page.press("Tab")
    assert page.text == "a    "
    page.press("Escape", "Tab")
    assert page.text == "a    "
    assert not page.page.evaluate("document.querySelector('.cm-content').contains(document.activeElement)")


def test_the_caret_that_moves_away_takes_the_ghost_along(page, script):
    script.set({"before": "a = ", "text": "b\nc\nd"})
    ask_in(page, "a = \nnext", 4)
    page.wait_for_ghost("b\nc\nd")
    page.press("ArrowDown")
    page.wait_for_no_ghost()
    assert page.cursor == len("a = \nnext")


def test_an_input_method_is_left_alone(page, script):
    script.set({"before": "名前", "text": " = 1"}, {"before": "x", "text": "yz"})
    ask_in(page, "x")
    page.wait_for_ghost("yz")
    client = page.page.context.new_cdp_session(page.page)
    page.set_text("")
    client.send("Input.imeSetComposition", {"text": "なま", "selectionStart": 2, "selectionEnd": 2})
    assert not page.ghost
    client.send("Input.imeSetComposition", {"text": "名前", "selectionStart": 2, "selectionEnd": 2})
    client.send("Input.insertText", {"text": "名前"})
    page.wait_for_ghost(" = 1")
    page.press("Tab")
    assert page.text == "名前 = 1"
    wait_until(lambda: script.told("text")[-1]["text"] == page.text)


def test_the_line_ends_of_a_file_stay_its_own(context, own, tmp_path):
    file = tmp_path / "dos.py"
    file.write_bytes("a = 1\r\nb = \r\nc = 'ä'\r\n".encode())
    own.set({"before": "b = ", "text": "f(\n    2,\n)"})
    with serving(*own.command, file) as (_, url):
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = Page(context.new_page()).open(url)
        page.go(1, 4)
        page.suggest()
        page.wait_for_ghost("f(\n    2,\n)")
        page.press("Tab")
        expected = "a = 1\r\nb = f(\r\n    2,\r\n)\r\nc = 'ä'\r\n"
        wait_until(lambda: own.told("text") and own.told("text")[-1]["text"] == expected)
        assert page.saved() == expected.encode()
        page.page.locator(".cm-content").focus()
        page.press("ControlOrMeta+a", "ControlOrMeta+c")
        assert page.page.evaluate("navigator.clipboard.readText()") == expected
        page.press("ControlOrMeta+v")
        assert page.saved() == expected.encode()
        assert "CRLF" in page.page.locator("#place").inner_text()
        assert str(file) in page.page.locator("#memory").inner_text()
        page.pick("Rust: ledger.rs")
        assert page.page.locator("#memory").inner_text() == "In this page only"
        page.pick(file.name)
        assert str(file) in page.page.locator("#memory").inner_text()
        assert file.read_bytes() == "a = 1\r\nb = \r\nc = 'ä'\r\n".encode()
        assert page.problems == []


def test_after_random_edits_the_server_has_the_same_text(context, own, tmp_path):
    """Several places at once, undo, wide characters and line ends, faster than anybody types."""
    file = tmp_path / "dos.py"
    file.write_bytes(b"one\r\ntwo\r\nthree\r\n")
    own.set("ghost\n  text")
    with serving(*own.command, file) as (_, url):
        page = Page(context.new_page()).open(url)
        page.page.evaluate(
            f"""() => {{
                const view = {VIEW};
                let seed = 7;
                const next = (below) => (seed = (seed * 1103515245 + 12345) % 2147483648) % below;
                const texts = ["", "x", "é😀", "\\n", "a\\nb\\n", "  ", "\\r\\n"];
                for (let round = 0; round < 300; round++) {{
                    const size = view.state.doc.length;
                    const ends = Array.from({{ length: 4 }}, () => next(size + 1)).sort((a, b) => a - b);
                    const changes = [[0, 1], [2, 3]].slice(0, 1 + next(2)).map(([from, to]) => ({{
                        from: ends[from],
                        to: Math.min(ends[to], ends[from] + 9),
                        insert: view.state.toText(texts[next(texts.length)]),
                    }}));
                    view.dispatch({{ changes, userEvent: "input" }});
                }}
            }}"""
        )
        page.page.locator(".cm-content").focus()
        for _ in range(5):
            page.press("ControlOrMeta+z", "ControlOrMeta+z", "ControlOrMeta+y", "Enter", "Tab")
        expected = page.saved().decode()
        assert expected.count("\n") == expected.count("\r\n")
        wait_until(lambda: own.told("text")[-1]["text"] == expected)
        assert page.problems == []


def test_a_file_is_shown_as_it_is_whatever_it_holds(context, own, tmp_path):
    file = tmp_path / "caret.ts"
    file.write_text('const CURSOR = "\u2038";\n', encoding="utf-8")
    with serving(*own.command, file) as (_, url):
        page = Page(context.new_page()).open(url)
        assert page.saved() == file.read_bytes()
        file.write_text("const later = 1;\n", encoding="utf-8")
        assert page.open(url).saved() == file.read_bytes()
        file.unlink()
        assert page.open(url).saved() == b"const later = 1;\n"


def test_who_leaves_a_page_with_edits_is_asked(page, playground, script):
    questions = []
    page.page.on("dialog", lambda dialog: (questions.append(dialog.type), dialog.accept()))
    page.open(playground)
    assert questions == []
    page.page.locator(".cm-content").focus()
    page.type("x")
    page.open(playground)
    assert questions == ["beforeunload"]
    assert len(script.told("began")) == 3


def choose_action(page, title):
    page.press("ControlOrMeta+.")
    page.page.get_by_role("menuitem", name=title).click()


def test_an_action_edits_in_one_step(page, script):
    script.set(offers=["simplify"], outcome={"replace": "better = '😀'"})
    page.set_text("worse\nlast")
    choose_action(page, "Do simplify")
    wait_until(lambda: page.text == "better = '😀'\nlast")
    wait_until(lambda: script.told("text")[-1]["text"] == page.text)
    page.page.locator(".cm-content").focus()
    page.press("ControlOrMeta+z")
    assert page.text == "worse\nlast"


def test_an_action_by_instruction_asks_for_words(page, script):
    script.set(offers=["edit"], outcome={"refused": "no such thing"})
    page.set_text("line")
    choose_action(page, "Do edit")
    page.page.get_by_label("What shall become of it?").fill("use <b>pathlib</b>")
    page.press("Control+Enter")
    wait_until(lambda: script.told("act"))
    assert script.told("act")[0]["instruction"] == "use <b>pathlib</b>"
    page.page.locator(".toast.warning", has_text="no such thing").wait_for()


def test_a_large_edit_is_made_only_if_confirmed(page, script):
    script.set(offers=["simplify"], outcome={"replace": "changed", "large": True})
    page.set_text("line")
    choose_action(page, "Do simplify")
    page.page.get_by_role("button", name="Leave it").click()
    page.page.locator(".toast.warning").wait_for()
    assert page.text == "line"
    choose_action(page, "Do simplify")
    page.page.get_by_role("button", name="Make it").click()
    wait_until(lambda: page.text == "changed")


def test_a_page_is_text_whatever_a_model_wrote(page, script):
    evil = "# Title\n\nHello <img src=x onerror=alert(1)> **bold** `code`\n\n```\n<script>x</script>\n```\n"
    script.set(offers=["explain"], outcome={"page": evil})
    choose_action(page, "Do explain")
    dialog = page.page.get_by_role("dialog")
    dialog.wait_for()
    assert dialog.locator("h2").inner_text() == "Title"
    assert "<img src=x onerror=alert(1)> bold code" in dialog.inner_text()
    assert dialog.locator("pre").inner_text() == "<script>x</script>"
    assert dialog.locator("img, script, a").count() == 0
    page.press("Escape")
    dialog.wait_for(state="detached")


def test_a_new_file_is_made_in_the_page_alone(page, script):
    script.set(offers=["tests"], outcome={"new_file": "def test_it():\n    assert 1\n"})
    choose_action(page, "Do tests")
    wait_until(lambda: page.text == "def test_it():\n    assert 1\n")
    assert page.page.locator("#document option:checked").inner_text() == "test_new.py"
    assert not (script.path.parent / "test_new.py").exists()


def test_the_panel_shows_times_gate_snippets_and_outcome(page, script):
    script.set({"before": "x = ", "text": "1\n2\n3"})
    ask_in(page, "x = ")
    page.wait_for_ghost("1\n2\n3")
    page.press("Tab")
    gated = page.page.locator(".request.gated").first
    gated.wait_for()
    assert "The script has nothing here" in gated.inner_text()
    answered = page.page.locator(".request.answered").first
    assert "3 lines, 5 characters" in answered.inner_text()
    assert "scripted · script-1b" in answered.inner_text()
    assert "140 ms" in answered.inner_text()
    label = answered.locator(".bar").get_attribute("aria-label")
    assert (
        label == "waits for a pause 12 ms, context and prompt 3.5 ms, model reads 80 ms, model writes 41 ms, "
        "checks and the rest 3.5 ms"
    )
    answered.locator("summary").click()
    assert "321 tokens, laid out for scripted" in answered.inner_text()
    assert answered.locator(".snippets li").inner_text().split() == ["lib/units.py", "imports", "0.87"]
    page.page.locator("#stats", has_text="1 of 1").wait_for()


def test_another_document_is_another_session_of_typing(page, script):
    script.set({"before": "k", "text": "ept"})
    page.set_text("mine")
    page.pick("Go: limiter.go")
    assert page.text.startswith("// Package limiter")
    assert "limiter.go" in page.page.title()
    page.set_text("k")
    page.suggest()
    page.wait_for_ghost("ept")
    page.press("Tab")
    page.pick("Python: account.py")
    assert page.text == "mine"
    page.pick("Go: limiter.go")
    assert page.text == "kept"
    page.press("ControlOrMeta+z")
    assert page.text == "k"


def test_suggestions_are_announced_to_screen_readers(page, script):
    script.set({"before": "x", "text": "y\nz"})
    ask_in(page, "x")
    page.wait_for_ghost("y\nz")
    assert page.page.locator("#spoken").inner_text() == "Suggestion: y, 2 lines. Tab takes it."


def test_messages_of_the_server_are_shown(page):
    page.page.locator("#pause").click()
    page.page.get_by_role("menuitem", name="Switch off").click()
    page.page.locator(".toast", has_text="automatic suggestions are off").wait_for()


def test_a_page_that_reloads_has_a_new_session_and_the_old_one_ends(page, playground, script):
    wait_until(lambda: len(script.told("began")) == 1)
    page.open(playground)
    wait_until(lambda: len(script.told("began")) == 2 and len(script.told("ended")) == 1)


def test_two_pages_have_sessions_of_their_own(page, context, playground, script):
    other = Page(context.new_page()).open(playground)
    script.set({"before": "mine", "text": " A"}, {"before": "yours", "text": " B"})
    ask_in(page, "mine")
    ask_in(other, "yours")
    page.wait_for_ghost(" A")
    other.wait_for_ghost(" B")
    other.page.close()
    wait_until(lambda: len(script.told("ended")) == 1)
    page.press("Tab")
    assert page.text == "mine A"


def test_a_page_without_the_token_says_what_to_do(context, playground):
    page = context.new_page()
    answer = page.goto(playground.partition("?")[0])
    assert answer.status == 403
    assert "codestral-lsp playground has printed" in page.locator("body").inner_text()


def test_a_server_that_is_gone_is_told_and_the_text_stays(context, own):
    with serving(*own.command) as (process, url):
        page = Page(context.new_page()).open(url)
        page.set_text("my text")
        process.kill()
        page.page.locator("#lost").wait_for()
        assert page.page.locator("#state").inner_text() == "Disconnected"
        page.page.locator(".cm-content").focus()
        page.type("!")
        assert page.saved() == b"my text!"


def test_the_page_comes_back_to_a_server_at_its_address(context, own):
    """A session can end while its server lives on, such as on a machine that has slept."""
    own.set({"before": "kept", "text": " on"})
    with serving(*own.command) as (_, url):
        page = Page(context.new_page())
        page.page.add_init_script(
            "const Real = WebSocket; window.sockets = []; window.WebSocket = class extends Real {"
            " constructor(...all) { super(...all); window.sockets.push(this); } }"
        )
        page.open(url)
        page.set_text("kept")
        page.page.locator("#pause").click()
        page.page.get_by_role("menuitem", name="Switch off").click()
        wait_until(lambda: len(own.told("toggled")) == 1)
        page.page.locator(".toast", has_text="automatic suggestions are off").wait_for()
        page.page.evaluate("window.sockets[0].close()")
        page.page.locator("#lost").wait_for()
        page.page.locator("#again").dblclick()
        page.page.locator("#lost").wait_for(state="hidden")
        wait_until(lambda: len(own.told("toggled")) == 2)
        assert len(own.told("began")) == 2
        page.page.locator(".cm-content").focus()
        page.suggest()
        page.wait_for_ghost(" on")


def test_a_page_too_many_is_told_why_it_gets_nothing(context, own):
    with serving(*own.command) as (_, url):
        for _ in range(MOST_SESSIONS):
            Page(context.new_page()).open(url)
        page = context.new_page()
        page.goto(url)
        page.locator("#lost-reason", has_text="pages are open already: close one").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [380, 1280])
def test_everything_is_within_the_window(browser, playground, scheme, width):
    context = browser.new_context(viewport={"width": width, "height": 720}, color_scheme=scheme)
    page = Page(context.new_page()).open(playground)
    assert page.page.evaluate("document.documentElement.scrollWidth") <= width
    for name in ("#document", "#backend", "#actions", "#pause", ".cm-content", "#requests", "#download"):
        box = page.page.locator(name).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + min(box["width"], width) <= width + 1 or name == ".cm-content"
    context.close()


def test_accepting_leaves_exactly_the_intended_text_in_200_cases(context, tmp_path):
    cases = accept_cases()
    path = write_cases(cases, tmp_path / "cases")
    files = [path.parent / case.name for case in cases]
    journal = tmp_path / "journal.jsonl"
    command = (HERE / "case_playground.py", "--cases", path, "--journal", journal, *files)
    wrong = {}
    with serving(*command) as (_, url):
        page = Page(context.new_page()).open(url)
        for case, facts in zip(cases, json.loads(path.read_text(encoding="utf-8")), strict=True):
            page.pick(case.name)
            page.go(facts["line"], facts["column_utf16"])
            page.suggest()
            page.page.wait_for_selector(".cm-ghost")
            page.press("Tab")
            # A file without any line end says nothing about which ones it has.
            expected = case.expected if "\n" in case.text else case.expected.replace("\r\n", "\n")
            if (saved := page.saved()) != expected.encode():
                wrong[case.name] = saved
        assert page.problems == []
    assert wrong == {}
    told = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    assert {entry["id"] for entry in told if entry["event"] == "accepted"} == {case.name for case in cases}
