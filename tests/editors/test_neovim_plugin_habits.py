"""The Neovim plugin beside what people do all day: other ways out, macros, restarts, new settings."""

import pytest

from tests.editors.neovim_plugin_fixtures import IN_NEOVIM, ghost, no_ghost, offer, start
from tests.editors.neovim_stand_in import INLINE_COMPLETION, LUA

__all__ = ["start"]

pytestmark = IN_NEOVIM


def mode(nvim):
    return nvim.call("nvim_get_mode")["mode"]


def messages(nvim):
    return nvim.evaluate("execute('messages')")


@pytest.mark.parametrize(("key", "then"), [("<C-c>", "n"), ("<Esc>", "n"), ("<Insert>", "R")])
def test_however_insert_mode_ends_so_does_ghost_text(start, key, then):
    nvim = start("abc\n")
    offer(nvim, "GHOST\nmore")
    nvim.type("A")
    ghost(nvim, "GHOST", "more")
    nvim.type(key)
    no_ghost(nvim)
    assert mode(nvim) == then


@pytest.mark.parametrize("key", ["<M-w>", "<M-l>"])
def test_an_alt_key_without_ghost_text_does_what_it_does_without_the_plugin(start, key):
    after = []
    for setup in ("{}", "{ keys = false }"):
        nvim = start("abc def ghi\n", setup=setup)
        nvim.type(f"0i{key}")
        after.append((mode(nvim), nvim.buffer(), nvim.cursor()))
    assert after[0] == after[1] != ("i", "abc def ghi", (1, 0))


def test_alt_keys_ask_for_nothing_in_a_buffer_that_is_switched_off(start):
    nvim = start("x\n")
    nvim.command("Codestral disable")
    nvim.command("inoremap <M-]> [mine]")
    nvim.lua("require('codestral').setup({ cmd = require('codestral.config').options.cmd })")
    nvim.type("A<M-]>")
    assert nvim.buffer() == "x[mine]"


def test_nothing_is_asked_while_a_macro_is_recorded(start):
    nvim = start("a\nb\n")
    offer(nvim, " = 1")
    nvim.type("qqA")
    nvim.type("x")
    assert nvim.lua("return vim.wait(200, function() return #server.asked > 0 end)") is False
    nvim.type("<Tab>;<Esc>q")
    assert nvim.evaluate("@q") == "Ax\t;\x1b"
    assert nvim.buffer() == "ax  ;\nb"
    nvim.type("j0@q")
    assert nvim.buffer() == "ax  ;\nbx  ;"
    assert nvim.lua("return #server.asked") == 0
    nvim.type("A")
    ghost(nvim, " = 1")


def test_a_selection_ends_behind_its_last_character(start):
    nvim = start("x = 名前\n")
    nvim.lua("server.actions = {}")
    nvim.type("$viw:Codestral action<CR>")
    found = nvim.wait(lambda: nvim.lua("return server.action_range"), "the list")
    assert found == {"start": {"line": 0, "character": 4}, "end": {"line": 0, "character": 10}}


# nvim-cmp's own functions wait for its filter, in which Neovim runs what was scheduled.
WAITING_MENU = """
local function wait() vim.wait(30, function() return false end) end
package.loaded.cmp = { visible = function() wait() return false end, get_selected_entry = wait }
"""
VIEW = """
_G.view = { visible = function() return menu ~= nil end, get_selected_entry = function() return menu end }
local function waits() error('it waits') end
package.loaded.cmp = { core = { view = view }, visible = waits, get_selected_entry = waits }
"""


def test_a_menu_that_lets_others_work_meanwhile_does_no_harm(start):
    nvim = start("abc\n", before=WAITING_MENU)
    offer(nvim, "GHOSTLY")
    nvim.type("A")
    ghost(nvim, "GHOSTLY")
    offer(nvim)
    for key in "GHOST":
        nvim.type(key)
    nvim.wait(lambda: nvim.buffer() == "abcGHOST", "the text")
    assert "Error" not in messages(nvim)


def test_nvim_cmp_is_asked_without_waiting_for_it(start):
    nvim = start(before=VIEW)
    offer(nvim, "GHOST")
    nvim.type("ix")
    ghost(nvim, "GHOST")
    nvim.lua("_G.menu = {}")
    nvim.type("y")
    no_ghost(nvim)
    assert "Error" not in messages(nvim)


def test_a_server_that_never_answers_is_replaced(start):
    hangs = "{ 'sh', '-c', [[trap 'exit 143' TERM; while :; do sleep 0.1; done]] }"
    nvim = start("x\n", setup=f"{{ cmd = {hangs} }}", server=None)
    everyone = "return #vim.lsp.get_clients({ name = 'codestral', _uninitialized = true })"
    nvim.wait(lambda: nvim.lua(everyone) == 1, "the first server")
    stand_in = f"require('codestral').setup({{ cmd = assert(loadstring([==[{LUA}]==]))() }})"
    nvim.lua(stand_in)
    nvim.command("Codestral restart")
    nvim.wait(lambda: nvim.lua("return require('codestral').is_attached()"), "the new server")
    nvim.wait(lambda: nvim.lua(everyone) == 1, "the first server's end")
    assert "ended" not in messages(nvim)
    offer(nvim, "GHOST")
    nvim.type("A")
    ghost(nvim, "GHOST")


def test_the_server_starts_with_the_environment_that_the_user_gives_it(start, tmp_path):
    given = f"{{ cmd_env = {{ OURS = 'given' }}, cmd_cwd = [[{tmp_path}]] }}"
    tells = "{ 'sh', '-c', 'echo $OURS > told; sleep 100' }"
    setup = f"{{ cmd = {tells} }}"
    start("x\n", setup=setup, server=None, before=f"vim.lsp.config('codestral', {given})").wait(
        lambda: (tmp_path / "told").exists() and (tmp_path / "told").read_text() == "given\n", "its word"
    )


def test_settings_that_are_sourced_again_leave_neovim_s_own_ghost_text_on(start, tmp_path):
    nvim = start("", before=INLINE_COMPLETION)
    nvim.lua("require('codestral').setup({ cmd = require('codestral.config').options.cmd })")
    assert nvim.lua("return native.enabled") == {str(tmp_path / "main.py"): True}
