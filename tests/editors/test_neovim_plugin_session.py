"""The Neovim plugin around its ghost text: server, settings, commands, status, health, other plugins."""

import re
import shutil

import pytest

import lsp_server
from tests.editors.neovim_plugin_fixtures import IN_NEOVIM, PLUGIN, ghost, no_ghost, offer, start, told
from tests.editors.neovim_stand_in import INLINE_COMPLETION

__all__ = ["start"]

pytestmark = IN_NEOVIM


def messages(nvim):
    return nvim.evaluate("execute('messages')")


def quoted(command):
    return "{ " + ", ".join(f"[[{part}]]" for part in command) + " }"


@pytest.fixture
def start_real(start, server_command):
    """Neovim with the real server over the fake model."""

    def run(text="", **options):
        nvim = start(text, **options, setup=f"{{ cmd = {quoted(server_command)} }}", server=None)
        nvim.wait(lambda: nvim.lua("return require('codestral').is_attached()"), "the server")
        return nvim

    return run


def test_the_real_server_completes_while_one_types(start_real, fake_model):
    fake_model.answer = "total = a + b\n    return total\n"
    nvim = start_real("def add(a, b):\n\n\nprint(add(1, 2))\n")
    nvim.type("jS")
    nvim.wait(lambda: nvim.lua("return require('codestral').visible()"), "ghost text")
    nvim.type("<Tab><Esc>")
    assert nvim.buffer() == "def add(a, b):\n    total = a + b\n    return total\n\nprint(add(1, 2))"
    nvim.type("u")
    assert nvim.buffer() == "def add(a, b):\n    \n\nprint(add(1, 2))"


def test_the_pages_and_lines_of_the_commands(start_real):
    nvim = start_real("x = 1\n")
    nvim.command("Codestral status")
    nvim.wait(lambda: "Codestral: ready, " in messages(nvim), "the status")
    for page in ("explain", "stats"):
        nvim.command(f"Codestral {page}")
        nvim.wait(lambda page=page: nvim.evaluate("bufname()") == f"codestral://{page}", "the page")
        assert nvim.evaluate("&filetype") == "markdown"
        assert nvim.evaluate("&modifiable") == 0
        assert nvim.evaluate("line('$')") > 1
        nvim.type("q")
        assert nvim.evaluate("expand('%:t')") == "main.py"
    assert nvim.evaluate("winnr('$')") == 1


def test_a_backend_is_chosen_by_name_or_from_a_list(start_real):
    nvim = start_real("x = 1\n", columns=200)
    [name] = nvim.wait(lambda: nvim.evaluate("getcompletion('Codestral backend ', 'cmdline')"), "the names")
    nvim.lua("vim.ui.select = function(all, options, choose) _G.listed = #all choose(all[1]) end")
    nvim.command("Codestral backend")
    nvim.wait(lambda: f"{name} (" in messages(nvim), "the answer")
    assert nvim.lua("return listed") == 2
    nvim.command("Codestral backend nonsense")
    nvim.wait(lambda: "takes the name of a backend" in messages(nvim), "the refusal")


def test_the_status_text_follows_the_server(start_real):
    nvim = start_real("x = 1\n")
    nvim.command("autocmd User CodestralStatus let g:told = get(g:, 'told', 0) + 1")
    nvim.wait(lambda: nvim.lua("return require('codestral').status()") == "Codestral", "readiness")
    nvim.command("Codestral snooze 5")
    nvim.wait(lambda: nvim.lua("return require('codestral').status()") == "Codestral snoozed", "the snooze")
    nvim.command("Codestral snooze 0")
    nvim.wait(lambda: nvim.lua("return require('codestral').status()") == "Codestral", "its end")
    nvim.command("Codestral toggle")
    nvim.wait(lambda: nvim.lua("return require('codestral').status()") == "Codestral off", "the switch")
    assert nvim.evaluate("g:told") >= 3
    nvim.command("help")
    assert nvim.lua("return require('codestral').status()") == ""


def test_health_tells_of_server_client_keys_and_model(start_real):
    nvim = start_real("x = 1\n")
    nvim.command("checkhealth codestral")
    page = nvim.wait(lambda: "doctor" in nvim.buffer() and nvim.buffer(), "the report")
    own = f"codestral-lsp {lsp_server.__version__}"
    client = "Running for 1 buffer(s), positions in utf-8"
    for text in ("the plugin's own", own, client, "accept: <Tab>", "(llamacpp, local)"):
        assert text in page
    assert "mapped again" not in page


def test_a_server_that_is_not_installed_is_told_of_once(start, tmp_path):
    nvim = start(setup="{ cmd = { 'no-such-server' } }", server=None, columns=80)
    nvim.wait(lambda: "no-such-server not found (:help codestral-install)" in messages(nvim), "the line")
    nvim.command(f"edit {tmp_path / 'other.py'}")
    nvim.type("ia<Tab>b<Esc>")
    assert nvim.buffer() == "a   b"
    assert messages(nvim).count("no-such-server") == 1
    assert len(max(messages(nvim).splitlines(), key=len)) < 80


def test_a_server_that_dies_is_told_of_once_and_comes_back_by_command(start, tmp_path):
    nvim = start("x\n")
    offer(nvim, "GHOST")
    nvim.type("A")
    ghost(nvim, "GHOST")
    nvim.lua("server.dispatchers.on_exit(3, 0)")
    nvim.wait(lambda: "the server ended (exit 3)" in messages(nvim), "the line")
    no_ghost(nvim)
    nvim.type("y<Tab><Esc>")
    nvim.command(f"write | edit {tmp_path / 'other.py'}")
    assert nvim.lua("return require('codestral').is_attached()") is False
    assert messages(nvim).count("exit 3") == 1
    nvim.command("Codestral restart")
    nvim.wait(lambda: nvim.lua("return require('codestral').is_attached()"), "the new server")
    nvim.type("A")
    ghost(nvim, "GHOST")


def test_restarting_a_running_server(start):
    nvim = start("x\n")
    before = nvim.lua("return vim.lsp.get_clients({ name = 'codestral' })[1].id")
    nvim.command("Codestral restart")
    nvim.wait(
        lambda: (
            nvim.lua("local c = vim.lsp.get_clients({ name = 'codestral' })[1] return c and c.id")
            not in {None, before}
        ),
        "another client",
    )
    nvim.wait(lambda: nvim.lua("return require('codestral').is_attached()"), "its buffer")
    assert nvim.lua("return #vim.lsp.get_clients({ name = 'codestral' })") == 1
    assert "ended" not in messages(nvim)


def test_one_server_for_all_folders(start, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name / ".git").mkdir(parents=True)
    nvim = start("x\n", file="one/a.py")
    nvim.command(f"edit {tmp_path / 'two' / 'b.py'}")
    nvim.wait(lambda: nvim.lua("return #server.folders") == 1, "the second folder")
    assert nvim.lua("return server.folders[1].name") == str(tmp_path / "two")
    assert nvim.lua("return #vim.lsp.get_clients({ name = 'codestral' })") == 1
    assert nvim.lua("return server.initialized_with.capabilities.experimental.codestral") == {
        "instructions": True,
        "status": True,
        "replacesAfterCursor": True,
        "asksAgain": True,
    }
    assert nvim.lua("return server.initialized_with.capabilities.textDocument.inlineCompletion") is not None


def test_neovim_0_10_starts_the_server_by_itself(start):
    older = "local has = vim.fn.has vim.fn.has = function(f) return f == 'nvim-0.11' and 0 or has(f) end"
    nvim = start("x = '名前😀'\n", before=older)
    offer(nvim, "one two")
    nvim.type("A")
    ghost(nvim, "one two")
    offer(nvim)
    nvim.type("<M-w>")
    assert [part["acceptedLength"] for part in told(nvim, "textDocument/didPartiallyAcceptCompletion")] == [3]
    nvim.command("Codestral restart")
    nvim.wait(lambda: nvim.lua("return #vim.lsp.get_clients({ name = 'codestral' })") == 1, "one server")


def test_wrong_settings_are_told_once_and_the_rest_counts(start):
    nvim = start(
        setup="{ delay = 3, menu = 'never', keys = { accept = 7, next = false }, filetypes = { 'python' } }"
    )
    assert messages(nvim).strip() == "Codestral: delay is no setting, and 2 more (:checkhealth codestral)"
    options = nvim.lua("local o = require('codestral.config').options return { o.menu, o.keys, o.filetypes }")
    assert options[0] == "selected"
    assert options[1]["accept"] == "<Tab>"
    assert options[1]["next"] is False
    assert options[2] == ["python"]
    nvim.command("checkhealth codestral")
    for problem in (
        "delay is no setting",
        "menu must be one of 'selected', 'open', 'ignore'",
        "keys.accept must be a key or false",
    ):
        assert problem in nvim.buffer()


@pytest.mark.parametrize(
    ("filetypes", "served"),
    [
        ("true", ["python", "lua"]),
        ("{ 'lua' }", ["lua"]),
        ("{ python = false }", ["lua"]),
        ("{ ['*'] = false, python = true }", ["python"]),
    ],
)
def test_filetypes(start, filetypes, served):
    nvim = start()
    nvim.lua(f"require('codestral.config').set({{ filetypes = {filetypes} }})")
    wanted = []
    for filetype in ("python", "lua"):
        nvim.command(f"enew! | setlocal filetype={filetype}")
        if nvim.lua("return require('codestral.config').wants(0)"):
            wanted.append(filetype)
    assert wanted == served
    nvim.command("help")
    assert nvim.lua("return require('codestral.config').wants(0)") is False


def test_a_buffer_is_switched_off_and_on(start):
    nvim = start("x\n")
    offer(nvim, "GHOST")
    nvim.type("A")
    ghost(nvim, "GHOST")
    nvim.command("Codestral disable")
    no_ghost(nvim)
    asked = nvim.lua("return #server.asked")
    nvim.type("yz")
    assert nvim.lua("return require('codestral').status()") == "Codestral off"
    assert nvim.lua("return #server.asked") == asked
    nvim.command("Codestral enable")
    nvim.type("!")
    ghost(nvim, "GHOST")


def test_a_buffer_whose_filetype_is_not_wanted_can_be_switched_on(start, tmp_path):
    nvim = start("x\n", setup="{ filetypes = { 'python' } }")
    nvim.command(f"edit {tmp_path / 'a.lua'}")
    assert nvim.lua("return require('codestral').is_attached()") is False
    nvim.command("Codestral enable")
    nvim.wait(lambda: nvim.lua("return require('codestral').is_attached()"), "the client")
    assert nvim.lua("return #vim.lsp.get_clients()") == 1
    offer(nvim, "GHOST")
    nvim.type("ix")
    ghost(nvim, "GHOST")


def test_only_this_server_s_actions_are_listed_and_words_are_asked_for(start):
    nvim = start("one\ntwo words\n")
    nvim.lua(
        "server.actions = {\n"
        "  { title = 'Other', command = { title = '', command = 'other.thing' } },\n"
        "  { title = 'Edit', command = { title = '', command = 'codestral.action',\n"
        "    arguments = { { action = 'edit', uri = 'file:///x', version = 3 } } } },\n"
        "}\n"
        "vim.ui.select = function(all, options, choose) _G.listed = #all choose(all[1]) end\n"
        "vim.ui.input = function(options, answer) answer('make it short') end"
    )
    nvim.type("j0wviw")
    nvim.type(":Codestral action<CR>")
    nvim.wait(lambda: nvim.lua("return #server.executed"), "the command")
    assert nvim.lua("return listed") == 1
    assert nvim.lua("return server.action_range") == {
        "start": {"line": 1, "character": 4},
        "end": {"line": 1, "character": 9},
    }
    assert nvim.lua("return server.executed[1].arguments") == [
        {"action": "edit", "uri": "file:///x", "version": 3, "instruction": "make it short"}
    ]
    nvim.lua("vim.ui.input = function(options, answer) answer(nil) end")
    nvim.command("1,2Codestral action")
    nvim.wait(lambda: nvim.lua("return server.action_range.start.line") == 0, "the second list")
    assert nvim.lua("return server.action_range['end']") == {"line": 1, "character": 9}
    assert nvim.lua("return #server.executed") == 1


def test_the_command_line_is_completed(start):
    nvim = start()
    assert nvim.evaluate("getcompletion('Codestral ', 'cmdline')") == [
        "action",
        "backend",
        "disable",
        "enable",
        "explain",
        "log",
        "restart",
        "snooze",
        "stats",
        "status",
        "toggle",
    ]
    assert nvim.evaluate("getcompletion('Codestral s', 'cmdline')") == ["snooze", "stats", "status"]
    assert nvim.evaluate("getcompletion(\"'<,'>Codestral snooze 1\", 'cmdline')") == ["10"]
    nvim.command("Codestral nonsense")
    assert "no such sub-command: nonsense" in messages(nvim)


@pytest.mark.parametrize(
    ("module", "functions", "event"),
    [
        (
            "cmp",
            (
                "visible = function() return menu ~= nil end,"
                " get_selected_entry = function() return menu end,"
                " event = { on = function(_, name, call) _G[name] = call end }"
            ),
            "menu_closed()",
        ),
        (
            "blink.cmp",
            (
                "is_menu_visible = function() return menu ~= nil end,"
                " get_selected_item = function() return menu end"
            ),
            "vim.api.nvim_exec_autocmds('User', { pattern = 'BlinkCmpMenuClose' })",
        ),
    ],
)
def test_menus_of_plugins_hide_ghost_text_while_an_item_is_selected(start, module, functions, event):
    """Stand-ins with the plugins' public functions and events; the plugins themselves are not run here."""
    nvim = start(before=f"package.loaded['{module}'] = {{ {functions} }}")
    offer(nvim, "GHOST")
    nvim.lua("_G.menu = false")
    nvim.type("ix")
    ghost(nvim, "GHOST")
    nvim.lua("_G.menu = {}")
    nvim.type("y")
    no_ghost(nvim)
    nvim.type("<Tab>")
    assert nvim.buffer() == "xy  "
    nvim.lua(f"_G.menu = nil {event}")
    ghost(nvim, "GHOST")


def test_with_neovim_s_own_ghost_text(start, tmp_path):
    """A stand-in for the module of Neovim 0.12: that version is not run here."""
    nvim = start("", before=INLINE_COMPLETION)
    announced = nvim.lua("return server.initialized_with.capabilities.experimental.codestral")
    assert announced == {
        "instructions": True,
        "status": True,
        "replacesAfterCursor": False,
        "asksAgain": False,
    }
    assert nvim.lua("return native.enabled") == {str(tmp_path / "main.py"): True}
    nvim.type("ix<Tab>")
    assert nvim.buffer() == "x   "
    nvim.lua("native.show('one two\\nthree four\\nfive')")
    nvim.type("<M-]><M-]><M-[>")
    assert nvim.lua("return native.selected") == 1
    nvim.type("<M-w>")
    nvim.wait(lambda: nvim.buffer() == "x   one", "the word")
    nvim.lua("native.show(' two\\nthree four\\nfive')")
    nvim.type("<M-l>")
    nvim.wait(lambda: nvim.buffer() == "x   one two", "the line")
    nvim.lua("native.show('\\nthree')")
    nvim.type("<Tab>")
    nvim.wait(lambda: nvim.buffer() == "x   one two\nthree", "the rest")
    nvim.lua("native.show('GHOST')")
    nvim.type("<C-]>")
    nvim.wait(lambda: not nvim.lua("return require('codestral').visible()"), "its end")
    nvim.command("Codestral disable")
    assert nvim.lua("return native.enabled") == {str(tmp_path / "main.py"): False}


def test_the_help_file_has_its_tags_and_the_defaults(start, tmp_path):
    nvim = start()
    shutil.copytree(PLUGIN / "doc", tmp_path / "doc")
    nvim.command(f"helptags {tmp_path / 'doc'}")
    made = (tmp_path / "doc" / "tags").read_text(encoding="utf-8")
    assert made == (PLUGIN / "doc" / "tags").read_text(encoding="utf-8"), (
        "run :helptags on editors/neovim/doc"
    )
    tags = {line.split("\t")[0] for line in made.splitlines()}
    text = (PLUGIN / "doc" / "codestral.txt").read_text(encoding="utf-8")
    assert set(re.findall(r"\|([^|\s]*codestral[^|\s]*)\|", text, re.IGNORECASE)) <= tags
    commands = nvim.evaluate("getcompletion('Codestral ', 'cmdline')")
    functions = nvim.lua("return vim.tbl_keys(require('codestral'))")
    settings = nvim.lua("return vim.tbl_keys(require('codestral.config').options)")
    wanted = {f":Codestral-{name}" for name in commands}
    wanted |= {f"codestral.{name}()" for name in functions} | {f"codestral-{name}" for name in settings}
    assert wanted <= tags
    example = re.search(r">lua\n(    require\('codestral'\)\.setup\(\{\n.*?\n    \}\))\n<", text, re.DOTALL)
    defaults = nvim.lua("require('codestral').setup({}) return require('codestral.config').options")
    assert nvim.lua(f"{example[1]} return require('codestral.config').options") == defaults


def test_highlights_are_the_colour_scheme_s_unless_the_user_says_otherwise(start):
    nvim = start(before="vim.api.nvim_set_hl(0, 'CodestralHint', { fg = '#123456' })")
    ghost_look = "return vim.api.nvim_get_hl(0, { name = 'CodestralGhost' })"
    nvim.command("colorscheme habamax")
    assert nvim.lua(ghost_look)["link"] == "Comment"
    nvim.command("colorscheme default")
    comment = nvim.lua("return vim.api.nvim_get_hl(0, { name = 'Comment' })")
    assert nvim.lua(ghost_look) == {**comment, "default": True, "ctermfg": 8}
    nvim.command("highlight CodestralGhost guifg=#abcdef")
    nvim.command("doautocmd ColorScheme")
    assert nvim.lua(ghost_look)["fg"] == 0xABCDEF
