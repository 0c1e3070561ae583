"""Accepting ghost text in a real Neovim: exactly, as one step, by its key and in parts."""

import json
import random
import sys
from pathlib import Path

import pytest

from tests.editors.neovim_plugin_fixtures import GHOST, IN_NEOVIM, ghost, no_ghost, offer, start, told

__all__ = ["start"]

HERE = Path(__file__).parent

pytestmark = IN_NEOVIM


def test_accepting_is_one_undo_step(start):
    nvim = start()
    nvim.type("iab")
    offer(nvim, "cd\nef")
    nvim.type("x")
    ghost(nvim, "cd", "ef")
    offer(nvim)
    nvim.type("<Tab>gh<CR>i<Esc>")
    assert nvim.buffer() == "abxcd\nefgh\ni"
    steps = []
    for _ in range(3):
        nvim.type("u")
        steps.append(nvim.buffer())
    assert steps == ["abxcd\nef", "abx", ""]
    nvim.type("<C-r><C-r><C-r>")
    assert nvim.buffer() == "abxcd\nefgh\ni"


def test_repeating_an_insertion_repeats_what_was_typed(start):
    nvim = start("one\ntwo\n")
    offer(nvim, " = 1")
    nvim.type("Ax")
    ghost(nvim, " = 1")
    offer(nvim)
    nvim.type("<Tab>;<Esc>j.")
    assert nvim.buffer() == "onex = 1;\ntwox;"


@pytest.mark.parametrize(
    ("key", "suggestion", "behind", "steps"),
    [
        ("<M-w>", "foo(a, b)", "", ["foo", "foo(a", "foo(a, b", "foo(a, b)"]),
        (
            "<M-w>",
            "größe = 名前かな😀x",
            "",
            ["größe", "größe = 名前", "größe = 名前かな", "größe = 名前かな😀"],
        ),
        ("<M-w>", "):\n    go()", "", ["):", "):\n    go", "):\n    go()"]),
        ("<M-w>", "a) + b", ")", ["a", "a) + b"]),
        ("<M-l>", "one\n\n  two\nthree", "", ["one", "one\n\n  two", "one\n\n  two\nthree"]),
    ],
)
def test_words_and_lines(start, key, suggestion, behind, steps):
    nvim = start(f"({behind}\n")
    offer(nvim, (suggestion, len(behind)))
    nvim.type("0a")
    nvim.wait(lambda: nvim.shown_in(GHOST), "ghost text")
    nvim.lua("server.holding = true")
    for number, step in enumerate(steps):
        nvim.type(key)
        rest = behind if number < len(steps) - 1 else ""
        assert nvim.buffer() == f"({step}{rest}"
    whole = steps[-1] == suggestion
    assert bool(nvim.shown_in(GHOST)) is not whole
    lengths = [part["acceptedLength"] for part in told(nvim, "textDocument/didPartiallyAcceptCompletion")]
    partial = steps[:-1] if whole else steps
    assert lengths == [len(step.encode("utf-16-le")) // 2 for step in partial]
    assert nvim.lua("return #server.executed") == int(whole)
    nvim.type("<Esc>u")
    assert nvim.buffer() == f"({['', *steps][len(steps) - 1]}{behind}"


def test_tab_without_ghost_text_does_what_it_did(start):
    nvim = start(before="vim.keymap.set('i', '<C-]>', 'mapped')")
    nvim.type("ia<Tab>b<C-]><Esc>")
    assert nvim.buffer() == "a   bmapped"


@pytest.mark.parametrize(
    "mapping",
    [
        "vim.cmd('inoremap <Tab> [tab]')",
        "vim.cmd('imap <Tab> <Plug>(mine)') vim.cmd('inoremap <Plug>(mine) [tab]')",
        "vim.cmd([[inoremap <expr> <Tab> '[tab]']])",
        "vim.keymap.set('i', '<Tab>', function() return '[tab]' end, { expr = true })",
        "vim.keymap.set('i', '<Tab>', function() vim.api.nvim_put({ '[tab]' }, 'c', false, true) end)",
    ],
)
def test_tab_falls_back_to_its_earlier_mapping(start, mapping):
    nvim = start(before=mapping)
    nvim.type("ia<Tab>")
    assert nvim.buffer() == "a[tab]"
    offer(nvim, "ghost")
    nvim.type("b")
    ghost(nvim, "ghost")
    nvim.type("<Tab>")
    assert nvim.buffer() == "a[tab]bghost"
    nvim.lua("require('codestral').setup({ keys = false, cmd = require('codestral.config').options.cmd })")
    nvim.type("<Tab>")
    assert nvim.buffer() == "a[tab]bghost[tab]"


def test_accepting_from_an_expression_mapping(start):
    nvim = start()
    nvim.lua(
        "vim.keymap.set('i', '<C-j>', function() return require('codestral').accept() and '' or 'none' end,"
        " { expr = true })"
    )
    nvim.type("i<C-j>")
    assert nvim.buffer() == "none"
    offer(nvim, "one\ntwo")
    nvim.type("x")
    ghost(nvim, "one", "two")
    offer(nvim)
    nvim.type("<C-j>y")
    assert nvim.buffer() == "nonexone\ntwoy"


ANSWERS_AT_RANDOM = r"""
math.randomseed(8)
local texts = { 'abc(x)', 'x\n    y', '\n  z)', '名前😀(a, b)', 'return', ')\n', '\tq' }
server.answer = function(params)
  local which = math.random(#texts + 2)
  if which > #texts then return which == #texts + 1 and vim.NIL or { items = {} } end
  local line = vim.api.nvim_buf_get_lines(0, params.position.line, params.position.line + 1, false)[1] or ''
  local closers = line:sub(params.position.character + 1):match('^[%)%]}]*')
  local behind = math.random(2) == 1 and closers or ''
  return { items = { server.item(params, texts[which] .. behind, #behind) } }
end
"""
KEYS = [
    *"aabbc()()[]{}:;'xyz.",
    *(
        "<CR>",
        "<BS>",
        "<C-w>",
        "<C-u>",
        "<Left>",
        "<Right>",
        "<Up>",
        "<C-n>",
        "<C-p>",
        "<C-e>",
        "<C-y>",
        "<C-x><C-n>",
    ),
    *(
        "<C-d>",
        "<C-t>",
        "<C-o>D",
        "<Esc>ui",
        "<Esc>A",
        "<Esc>o",
        "<Esc>dda",
        "<Esc>.i",
        "<Esc>ggi",
        "<Esc>Gi",
        "😀",
    ),
]


def test_ghost_text_never_changes_what_typing_does(start):
    """Brackets that close themselves, menus, undo, repetition: as in a Neovim without suggestions."""
    pairs = "vim.keymap.set('i', '(', '()<Left>')"
    nvim = start("def f(a):\n    return 1\n", setup="{ delay_ms = 0 }", before=pairs)
    plain = start("def f(a):\n    return 1\n", setup="{ filetypes = {} }", before=pairs, server=None)
    nvim.lua(ANSWERS_AT_RANDOM)
    chance = random.Random(8)
    shown = 0
    for editor in (nvim, plain):
        editor.type("i")
    for _ in range(400):
        keys = "".join(chance.choices(KEYS, k=chance.choice([1, 1, 1, 2, 5])))
        for editor in (nvim, plain):
            editor.type(keys)
        assert (nvim.buffer(), nvim.cursor()) == (plain.buffer(), plain.cursor()), keys
        shown += bool(nvim.shown_in(GHOST))
    assert shown > 50
    nvim.type("<Esc>")
    no_ghost(nvim)
    assert "codestral" not in nvim.evaluate("execute('messages')").lower()


def test_two_hundred_cases_are_accepted_exactly(start, tmp_path):
    from lsp_server.testing.accept_cases import accept_cases, write_cases

    cases = accept_cases(200)
    folder = tmp_path / "cases"
    table = write_cases(cases, folder)
    journal = tmp_path / "journal"
    command = [sys.executable, str(HERE / "case_server.py"), "--cases", str(table), "--journal", str(journal)]
    quoted = ", ".join(f"[[{part}]]" for part in command)
    nvim = start(None, setup=f"{{ cmd = {{ {quoted} }} }}", server=None, file=f"cases/{cases[0].name}")
    nvim.wait(lambda: nvim.lua("return require('codestral').is_attached()"), "the server")
    nvim.command("set nofixendofline")  # Or Neovim gives the last line an end that the file has not.
    wrong = []
    for case, counted in zip(cases, json.loads(table.read_text(encoding="utf-8")), strict=True):
        file, column = folder / case.name, counted["column_bytes"]
        # A file of one line does not tell its line ends.
        line_ends = "dos" if "\r" in case.expected else "unix"
        nvim.command(f"edit ++fileformat={line_ends} {file}")
        if nvim.evaluate("line('$')") == case.line:
            # Behind the last line end Neovim has no line: there is one only if the text ends without.
            nvim.command("bwipeout | noautocmd edit " + f"++fileformat={line_ends} {file}")
            nvim.command("call append('$', '') | setlocal noendofline | filetype detect")
        nvim.lua("local line, column = ... vim.fn.cursor(line, column)", case.line + 1, column + 1)
        nvim.type("a" if nvim.evaluate("col('.') - 1") < column else "i")
        assert nvim.cursor() == (case.line + 1, column), case
        nvim.wait(lambda: nvim.lua("return require('codestral').visible()"), f"ghost text of {case}")
        nvim.type("<Tab><Esc>")
        nvim.command("write")
        if file.read_bytes() != case.expected.encode():
            wrong.append((case, file.read_bytes()))
    assert wrong == []
    nvim.wait(lambda: journal.read_text(encoding="utf-8").count('"accepted"') == len(cases), "the journal")
