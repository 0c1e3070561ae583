"""The Neovim plugin in a real Neovim: what is on the screen, and what ends up in the buffer."""

import pytest

from tests.editors.neovim_plugin_fixtures import (
    GHOST,
    IN_NEOVIM,
    ghost,
    no_ghost,
    offer,
    screen_rows,
    start,
    told,
)

__all__ = ["start"]

pytestmark = IN_NEOVIM


def test_ghost_text_is_shown_at_the_cursor_and_inserted_exactly(start):
    nvim = start("def add(a, b):\n    \nlast\n")
    offer(nvim, "total = a + b\n\n    return total")
    nvim.type("jA")
    ghost(nvim, "total = a + b", "    return total")
    assert screen_rows(nvim, 5) == ["def add(a, b):", "    total = a + b", "", "    return total", "last"]
    assert nvim.screen_cursor() == (1, 4)
    offer(nvim)
    nvim.type("<Tab>")
    no_ghost(nvim)
    assert nvim.buffer() == "def add(a, b):\n    total = a + b\n\n    return total\nlast"
    assert nvim.cursor() == (4, 16)
    [shown] = told(nvim, "textDocument/didShowCompletion")
    assert shown["item"]["insertText"] == "total = a + b\n\n    return total"
    assert nvim.lua("return server.executed[1]") == {
        "command": "codestral.accepted",
        "arguments": ["total = a + b\n\n    return total"],
    }


@pytest.mark.parametrize(
    ("text", "suggestion", "shown"),
    [
        ('名前 = ["😀", ', '"größe", "名前"]', '名前 = ["😀", "größe", "名前"]'),
        ("e\u0301te\u0301 ", "\u0301x👩\u200d🔬", None),
        ("\tif x:", "\n\t\treturn\ty", "        if x:\n                return  y"),
        ("x =", "\ty\tz", "x =     y       z"),
    ],
)
def test_wide_characters_and_tabs(start, text, suggestion, shown):
    nvim = start(text)
    nvim.command("set noexpandtab nolist tabstop=8")
    offer(nvim, suggestion)
    nvim.type("A")
    nvim.wait(lambda: nvim.shown_in(GHOST), "ghost text")
    if shown is not None:
        lines = shown.split("\n")
        assert screen_rows(nvim, len(lines)) == lines
    offer(nvim)
    nvim.type("<Tab><Esc>")
    assert nvim.buffer() == text + suggestion


def test_a_file_with_crlf_keeps_its_line_ends(start, tmp_path):
    nvim = start("a\r\nb\r\n")
    offer(nvim, "1\n    2")
    nvim.type("A")
    ghost(nvim, "1", "    2")
    nvim.type("<Tab><Esc>")
    nvim.command("write")
    assert (tmp_path / "main.py").read_bytes() == b"a1\r\n    2\r\nb\r\n"


def test_in_the_middle_of_a_line_the_rest_stays_readable(start):
    nvim = start("call(, 2)\n")
    offer(nvim, "first")
    nvim.type("0f,i")
    ghost(nvim, "first")
    assert nvim.screen()[0] == "call(first, 2)"
    nvim.type("<Tab>")
    assert nvim.buffer() == "call(first, 2)"
    assert nvim.cursor() == (1, 10)


def test_a_closer_that_the_suggestion_has_too_stays_in_its_place(start):
    nvim = start("print(sum())\n")
    offer(nvim, ("values) + rest[0]", 1))
    nvim.type("0f)i")
    ghost(nvim, "values + rest[0]")
    assert nvim.screen()[0] == "print(sum(values) + rest[0])"
    nvim.type("<Tab>")
    assert nvim.buffer() == "print(sum(values) + rest[0])"
    assert nvim.cursor() == (1, 27)


def test_several_lines_take_what_is_behind_the_cursor_along(start):
    nvim = start("call() + 1\nlast\n")
    offer(nvim, ("\n    1,\n)", 1))
    nvim.type("0f)i")
    nvim.wait_for_text(") + 1")
    nvim.wait(lambda: screen_rows(nvim, 4) == ["call(", "    1,", ") + 1", "last"], "the rest moved")
    nvim.type("<Tab>")
    assert nvim.buffer() == "call(\n    1,\n) + 1\nlast"
    assert nvim.cursor() == (3, 1)


def test_what_wraps_behind_the_cursor_stays_where_it_is(start):
    nvim = start("call() # " + "word " * 20 + "\nlast\n", columns=60)
    offer(nvim, ("\n    1,\n)", 1))
    nvim.type("0f)i")
    nvim.wait_for_text("    1,")
    assert screen_rows(nvim, 5)[0].startswith("call() # word")
    assert screen_rows(nvim, 5)[2:] == ["    1,", ")", "last"]
    nvim.type("<Tab>")
    assert nvim.buffer().startswith("call(\n    1,\n) # word word")


def test_lines_below_the_window_are_counted(start):
    nvim = start("x\n", rows=6)
    offer(nvim, "1\n2\n3\n4\n5\n6")
    nvim.type("A")
    ghost(nvim, "1", "2", "3", "4")
    assert nvim.shown_in("CodestralHint") == [" +2"]


def test_in_a_window_that_is_scrolled_sideways(start):
    tabs = "\t" * 5
    nvim = start(f"{tabs}deep({'y' * 30}\n", columns=60)
    nvim.command("set nowrap sidescroll=1 sidescrolloff=0 tabstop=8")
    offer(nvim, f"\n{tabs}\tfirst_argument,\n{tabs})")
    nvim.type("Ax")
    nvim.wait(lambda: len(nvim.shown_in(GHOST)) == 2, "ghost text")
    line, first, last = screen_rows(nvim, 3)
    assert 0 < line.index("deep") == last.index(")") < 40  # Scrolled, or it were 40.
    assert first.index("first") == last.index(")") + 8


def test_typing_along_keeps_the_ghost_text_in_every_frame(start):
    nvim = start()
    offer(nvim, "return first + second")
    nvim.type("i")
    ghost(nvim, "return first + second")
    nvim.lua("server.holding = true")
    while not nvim.frames.empty():
        nvim.frames.get()
    for letter in "return first":
        nvim.type("<Space>" if letter == " " else letter)
    ghost(nvim, " + second")
    frames = [nvim.frames.get()[0] for _ in range(nvim.frames.qsize())]
    assert len(frames) > 5
    assert set(frames) == {"return first + second"}
    nvim.type("<BS><BS>")
    ghost(nvim, "st + second")
    assert len(told(nvim, "textDocument/didShowCompletion")) == 1
    nvim.type("<Tab>")
    assert nvim.buffer() == "return first + second"


def test_typing_along_over_a_line_break_and_a_closer_of_autopairs(start):
    nvim = start(before="vim.keymap.set('i', '(', '()<Left>')")
    offer(nvim, "\n    call(1)")
    nvim.type("iif x:")
    ghost(nvim, "    call(1)")
    nvim.lua("server.holding = true")
    nvim.type("<CR>call")  # The editor indents.
    ghost(nvim, "(1)")
    nvim.type("(")
    nvim.wait(lambda: nvim.screen()[1] == "    call(1)", "ghost text between the brackets")
    assert nvim.shown_in(GHOST)[0] == "1"
    nvim.type("<Tab>")
    assert nvim.buffer() == "if x:\n    call(1)"


def test_other_typing_and_leaving_remove_the_ghost_text(start):
    nvim = start("abc\n")
    offer(nvim, "DEF")
    for leave in ("x", "<Left>", "<Esc>", "<C-o>:new<CR>"):
        nvim.type("A")
        ghost(nvim, "DEF")
        offer(nvim)
        nvim.type(leave)
        no_ghost(nvim)
        nvim.type("<Esc>u")
        offer(nvim, "DEF")


def test_dismissing_lasts_until_something_is_typed(start):
    nvim = start()
    offer(nvim, "one")
    nvim.type("ix")
    ghost(nvim, "one")
    nvim.type("<C-]>")
    no_ghost(nvim)
    assert nvim.lua("return require('codestral').visible()") is False
    nvim.type("y")
    ghost(nvim, "one")
    assert nvim.buffer() == "xy"


def test_only_the_answer_for_the_text_that_is_there_is_shown(start):
    nvim = start()
    nvim.lua("server.holding = true")
    offer(nvim, "old")
    nvim.type("ia")
    nvim.wait(lambda: nvim.lua("return #server.asked") >= 1, "the first request")
    first = nvim.lua("return #server.asked")
    offer(nvim, "new")
    nvim.type("b")
    nvim.wait(lambda: nvim.lua("return #server.asked") > first, "the second request")
    assert nvim.lua("return vim.tbl_count(server.cancelled)") == first
    nvim.lua("server.release()")
    ghost(nvim, "new")


def test_a_superseded_request_is_sent_again(start):
    nvim = start()
    offer(nvim, "there")
    nvim.lua(
        "local answer, refused = server.answer, false\n"
        "server.answer = function(params)\n"
        "  if not refused then refused = true return vim.NIL end\n"
        "  return answer(params)\n"
        "end"
    )
    nvim.type("ix")
    ghost(nvim, "there")


def test_cycling_asks_for_several_and_goes_round(start):
    nvim = start()
    offer(nvim, "one")
    nvim.type("ix")
    ghost(nvim, "one")
    offer(nvim, "one", "two\n2", "three")
    nvim.type("<M-]>")
    ghost(nvim, "two", "2")
    assert nvim.lua("return server.asked[#server.asked].context.triggerKind") == 1
    assert any("2/3" in text for text in nvim.shown_in("CodestralHint"))
    asked = nvim.lua("return #server.asked")
    nvim.type("<M-]>")
    ghost(nvim, "three")
    nvim.type("<M-]>")
    ghost(nvim, "one")
    nvim.type("<M-[>")
    ghost(nvim, "three")
    assert nvim.lua("return #server.asked") == asked
    offer(nvim, "one")
    for letter in "th":
        asked = nvim.lua("return #server.asked")
        nvim.type(letter)
        nvim.wait(lambda asked=asked: nvim.lua("return #server.asked") > asked, "the request")
        ghost(nvim, "hree" if letter == "t" else "ree")
    offer(nvim)
    nvim.type("<Tab>")
    assert nvim.buffer() == "xthree"


def test_without_automatic_suggestions_one_can_ask(start):
    nvim = start(setup="{ automatic = false }")
    offer(nvim, "asked")
    nvim.type("ix")
    assert nvim.lua("return #server.asked") == 0
    nvim.type("<M-]>")
    ghost(nvim, "asked")
    nvim.type("<Tab>")
    assert nvim.buffer() == "xasked"


def test_the_native_menu_hides_ghost_text_while_an_item_is_selected(start):
    nvim = start("word_one word_two\n")
    nvim.command("set completeopt=menuone,noselect")
    offer(nvim, "GHOST")
    nvim.type("oword_<C-n>")
    nvim.wait(lambda: nvim.evaluate("pumvisible()"), "the menu")
    ghost(nvim, "GHOST")
    nvim.type("<C-n>")
    no_ghost(nvim)
    nvim.type("<C-p>")
    nvim.wait(lambda: nvim.evaluate("complete_info().selected") == -1, "no selection")
    ghost(nvim, "GHOST")
    nvim.type("<Tab>")
    nvim.wait(lambda: not nvim.evaluate("pumvisible()"), "the menu's end")
    assert nvim.buffer() == "word_one word_two\nword_GHOST"
    nvim.type("<Esc>u")
    assert nvim.buffer() == "word_one word_two\nword_"


def test_only_the_window_that_is_typed_in_shows_it(start):
    nvim = start("x\n")
    nvim.command("split")
    offer(nvim, "GHOST")
    nvim.type("A")
    ghost(nvim, "GHOST")


def test_a_buffer_that_is_deleted_while_a_request_runs(start):
    nvim = start("x\n")
    nvim.lua("server.holding = true")
    offer(nvim, "GHOST")
    nvim.type("A")
    nvim.wait(lambda: nvim.lua("return #server.asked") > 0, "the request")
    nvim.command("bwipeout!")
    nvim.lua("server.release()")
    nvim.type("<Esc>iy")
    no_ghost(nvim)
    assert nvim.evaluate("v:errmsg") == ""


def test_typing_may_begin_before_the_server_is_there(start):
    nvim = start("x\n")
    offer(nvim, "GHOST")
    nvim.lua("vim.lsp.enable('codestral', false)")
    nvim.wait(lambda: nvim.lua("return #vim.lsp.get_clients()") == 0, "the end of the server")
    nvim.type("Ay")
    nvim.lua("vim.lsp.enable('codestral')")
    ghost(nvim, "GHOST")


def test_a_page_of_the_server_opens_beside_the_file(start, tmp_path):
    nvim = start("x\n")
    page = tmp_path / "page of it.md"
    page.write_text("# Explained\n", encoding="utf-8")
    answer = nvim.lua(
        "return server.dispatchers.server_request('window/showDocument', { uri = ... })", page.as_uri()
    )
    assert answer == {"success": True}
    assert nvim.buffer() == "# Explained"
    assert nvim.evaluate("winnr('$')") == 2
    nvim.type("q")
    assert nvim.evaluate("expand('%:t')") == "main.py"
