"""A real Vim with the plugin and a real server, in a terminal; and the menu of ALE."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from lsp_server.testing.accept_cases import accept_cases, write_cases
from tests.editors.terminal import HAS_TMUX, terminal

HERE = Path(__file__).parent
PLUGIN = HERE.parents[1] / "editors" / "vim"
VIM = shutil.which("vim")
ALE = Path("/usr/share/vim-ale")
PATIENCE_S = 120.0


def vim_can(expression):
    if VIM is None:
        return False
    command = [VIM, "-N", "-u", "NONE", "-es", "-c", f"if {expression} | qall! | else | cquit | endif"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False)
    return done.returncode == 0


pytestmark = [
    pytest.mark.editor,
    pytest.mark.skipif(not HAS_TMUX, reason="tmux is not installed"),
    pytest.mark.skipif(
        not vim_can(
            "has('patch-9.0.196') && has('job') && has('channel') && has('textprop') && has('timers')"
        ),
        reason="Vim 9.0.0196 with job, channel, textprop and timers is not installed (vim-nox)",
    ),
]


def exists_in_vim(case):
    """Vim has no empty line behind the last end of line: the cursor cannot be there."""
    return case.line < len(case.text.splitlines()) or not case.text.endswith("\n")


def environment(home, **others):
    return {"HOME": str(home), "LC_ALL": "C.UTF-8", "TERM": "tmux-256color", **others}


def case_server(cases_file):
    return [sys.executable, str(HERE / "case_server.py"), "--cases", str(cases_file)]


def test_the_server_has_the_same_text_after_any_changes(tmp_path):
    report = tmp_path / "report"
    given = os.environ | environment(tmp_path, PLUGIN=str(PLUGIN), REPORT=str(report))
    command = [VIM, "-N", "-u", "NONE", "-es", "-S", str(HERE / "vim_difference.vim")]
    subprocess.run(command, env=given, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    assert report.read_text() == ""


def test_projects_and_servers_that_hang(tmp_path):
    report = tmp_path / "report"
    folder = tmp_path / "folder"
    folder.mkdir()
    given = os.environ | environment(tmp_path, PLUGIN=str(PLUGIN), FOLDER=str(folder), REPORT=str(report))
    command = [VIM, "-N", "-u", "NONE", "-es", "-S", str(HERE / "vim_units.vim")]
    subprocess.run(command, env=given, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    assert report.read_text() == ""


def test_accepting_leaves_the_intended_text_in_200_files_and_can_be_undone(tmp_path):
    cases = [case for case in accept_cases(220) if exists_in_vim(case)][:200]
    cases_file = write_cases(cases, tmp_path / "cases")
    report, journal = tmp_path / "report", tmp_path / "journal"
    given = environment(
        tmp_path,
        SERVER=json.dumps([*case_server(cases_file), "--journal", str(journal)]),
        CASES=str(cases_file),
        PLUGIN=str(PLUGIN),
        REPORT=str(report),
    )
    with terminal(tmp_path, [VIM, "-N", "-u", "NONE", "-S", str(HERE / "vim_accept.vim")], given) as screen:
        end = time.monotonic() + PATIENCE_S
        while not report.exists():
            assert time.monotonic() < end, screen.screen()
            time.sleep(0.1)  # The only sign of the end is a file.
    assert report.read_text() == ""
    wrong = [c.name for c in cases if (cases_file.parent / c.name).read_bytes() != c.expected.encode()]
    assert wrong == []
    entries = [json.loads(line) for line in journal.read_text().splitlines()]
    told = {event: {e["id"] for e in entries if e["event"] == event} for event in ("shown", "accepted")}
    assert len(cases) == 200
    assert told["shown"] == told["accepted"] == {case.name for case in cases}


@pytest.fixture
def vim(tmp_path, server_command):
    """Open Vim in a terminal with one file, in insert mode behind ``mark``."""

    @contextmanager
    def run(text, mark="", *, server=server_command):
        (tmp_path / ".git").mkdir()
        file = tmp_path / "main.py"
        file.write_bytes(text.encode())
        rc = tmp_path / "vimrc"
        rc.write_text(
            f"set nocompatible noswapfile encoding=utf-8 laststatus=2\n"
            "set statusline=%f\\ %{codestral#commands#StatusLine()}\\ %p%%\n"
            f"filetype plugin on\nlet g:codestral_command = {json.dumps(server)}\n"
            f"set runtimepath^={PLUGIN}\n"
            "imap <F5> <Plug>(codestral-complete)\nimap <F6> <Plug>(codestral-next)\n"
            "function Ask(timer)\n"
            "let g:answer = codestral#question#Ask('May code be sent?', ['Allow', 'Not now'])\n"
            "endfunction\n"
            "function AskSoon()\ncall timer_start(300, 'Ask')\nendfunction\n"
            "nmap <F7> :echo 'process' job_info(codestral#server#Of(bufnr()).job).process<CR>\n"
        )
        with terminal(tmp_path, [VIM, "-u", str(rc), str(file)], environment(tmp_path)) as screen:
            screen.wait_for("main.py Codestral" if server is server_command else "main.py ")
            if mark:
                screen.text(f":call search('\\V{mark}', 'e') | startinsert!")
                screen.keys("Enter")
                screen.wait_for("-- INSERT --")
            yield screen

    return run


def save(screen, path):
    screen.keys("Escape")
    screen.wait_while("-- INSERT --")
    screen.text(":w")
    screen.keys("Enter")
    screen.wait_for("written")
    return path.read_bytes().decode()


def test_ghost_text_appears_while_typing_and_tab_accepts_it(vim, fake_model, tmp_path):
    fake_model.answer = "tal = a + b\n"
    with vim("def add(a, b):\n    \n\nprint(add(1, 2))\n", "    ") as screen:
        screen.text("to")
        screen.wait_for("    total = a + b\n\nprint")
        assert screen.cursor() == (6, 1)
        screen.keys("Tab")
        screen.wait_until(lambda _: screen.cursor() == (17, 1), "the cursor behind the inserted text")
        expected = "def add(a, b):\n    total = a + b\n\nprint(add(1, 2))\n"
        assert save(screen, tmp_path / "main.py") == expected


def test_several_lines_are_shown_and_accepted_in_one_undo_step(vim, fake_model, tmp_path):
    fake_model.answer = "total = a + b\n    return total\n"
    with vim("def add(a, b):\r\n    \r\n\r\nprint(add(1, 2))\r\n", "    ") as screen:
        screen.keys("F5")
        screen.wait_for("    total = a + b\n    return total\n\nprint(")
        assert screen.cursor() == (4, 1)
        screen.keys("Tab")
        screen.wait_until(lambda _: screen.cursor() == (16, 2), "the cursor behind the inserted text")
        screen.keys("Escape", "u")
        screen.wait_while("return")
        screen.keys("C-r")
        screen.wait_for("return total")
        text = save(screen, tmp_path / "main.py")
        assert text == "def add(a, b):\r\n    total = a + b\r\n    return total\r\n\r\nprint(add(1, 2))\r\n"


def test_typing_along_shrinks_what_is_shown_and_anything_else_removes_it(vim, fake_model):
    fake_model.answer = "lue = compute()\n"
    with vim("def run():\n    \n", "    ") as screen:
        screen.text("va")
        screen.wait_for("value = compute()")
        fake_model.answer = "nothing_like_it\n"
        screen.text("lue ")
        screen.wait_until(lambda _: screen.cursor() == (10, 1), "the typed text")
        assert "value = compute()" in screen.screen()
        screen.text("x")
        screen.wait_while("= compute()")


def test_words_and_lines_are_taken_one_by_one(vim, fake_model, tmp_path):
    fake_model.answer = "first, *rest = größe(a)\n    return first\n"
    with vim("def run(a):\n    \n", "    ") as screen:
        screen.keys("F5")
        screen.wait_for("first, *rest = größe(a)", "    return first")
        for column in (9, 10, 12, 16):
            screen.keys("C-Right")
            screen.wait_until(lambda _, column=column: screen.cursor() == (column, 1), "the next word")
        screen.keys("C-Down")
        screen.wait_until(lambda _: screen.cursor() == (27, 1), "the end of the line")
        screen.keys("C-]")
        screen.wait_while("return first")
        assert save(screen, tmp_path / "main.py") == "def run(a):\n    first, *rest = größe(a)\n"


def test_wide_characters_and_text_behind_the_cursor(vim, fake_model, tmp_path):
    fake_model.answer = "'größe', 名前"
    with vim("x = call('😀', y, 1)\n") as screen:
        screen.text("fyi")
        screen.wait_for("-- INSERT --")
        screen.text("z, ")
        screen.wait_for("x = call('😀', z, 'größe', 名前y, 1)")
        assert screen.cursor() == (18, 0)
        screen.keys("Tab")
        screen.wait_until(lambda _: screen.cursor() == (31, 0), "the cursor behind the inserted text")
        assert save(screen, tmp_path / "main.py") == "x = call('😀', z, 'größe', 名前y, 1)\n"


def test_tab_is_a_tab_while_nothing_is_shown(vim, fake_model, tmp_path):
    with vim("x = 1\n", "x = 1") as screen:
        screen.keys("C-]")
        screen.keys("Tab")
        screen.text("#")
        assert save(screen, tmp_path / "main.py") in ("x = 1\t#\n", "x = 1   #\n")


def test_what_is_typed_ahead_of_the_screen_is_not_lost(vim, fake_model, tmp_path):
    fake_model.answer = "lue = compute()\n"
    with vim("def run():\n    \n", "    ") as screen:
        screen.text("va")
        screen.wait_for("value = compute()")
        screen.keys("x", "Tab", "#")
        assert save(screen, tmp_path / "main.py").split("\n")[1].replace(" ", "\t") == "\t\t\t\tvax\t#"


def test_however_insert_mode_ends_so_does_ghost_text(vim, fake_model):
    fake_model.answer = "value = compute()\n"
    with vim("def run():\n    \n", "    ") as screen:
        screen.keys("F5")
        screen.wait_for("value = compute()")
        screen.keys("C-c")
        screen.wait_while("value = compute()")


def test_a_question_is_not_answered_by_what_is_typed_into_the_text(vim):
    with vim("x = 1\n") as screen:
        for typed, answer in (("and all", "''"), ("allow", "'Allow'")):
            screen.text(":call AskSoon()")
            screen.keys("Enter")
            screen.text("A")
            screen.wait_for("May code be sent? (Allow / Not now):")
            screen.text(typed)
            screen.wait_for(f"(Allow / Not now): {typed}")
            screen.keys("Enter")
            screen.wait_while("May code be sent?")
            screen.keys("Escape")
            screen.text(":echo 'answer' string(g:answer)")
            screen.keys("Enter")
            screen.wait_for(f"answer {answer}")


def test_a_file_type_that_is_not_wanted_ends_it_and_another_one_is_told(vim, fake_model):
    with vim("x = 1\n") as screen:
        screen.text(":set filetype=mail")
        screen.keys("Enter")
        screen.wait_while("main.py Codestral")
        screen.text(":set filetype=ruby")
        screen.keys("Enter")
        screen.wait_for("main.py Codestral")
        screen.keys("A", "F5")
        screen.wait_until(lambda _: fake_model.requests, "a request")


def test_a_page_that_is_open_is_shown_again_in_its_window(vim):
    with vim("x = 1\n") as screen:
        for _ in range(2):
            screen.text(":CodestralStats")
            screen.keys("Enter")
            screen.wait_for("codestral://stats")
        screen.text(":echo 'windows' winnr('$')")
        screen.keys("Enter")
        screen.wait_for("windows 2")


def test_other_suggestions_are_shown_in_turn(vim, fake_model):
    fake_model.answer = "lue = compute()\n"
    with vim("def run():\n    \n", "    ") as screen:
        screen.text("va")
        screen.wait_for("value = compute()")
        fake_model.answer = "r = other()\n"
        screen.keys("F6")
        screen.wait_for("var = other()")


def test_a_completion_menu_hides_it(vim, fake_model):
    fake_model.answer = "nter = 1\n"
    with vim("country = 1\ncounty = 2\n\n", "county = 2") as screen:
        screen.keys("Enter")
        screen.text("cou")
        screen.wait_for("counter = 1")
        screen.keys("C-n")
        screen.wait_for("match 1 of 2")
        screen.wait_while("nter = 1")


def test_a_code_action_is_chosen_and_undone_in_one_step(vim, fake_model):
    fake_model.answer = 'Return the sum of two numbers."""\n'
    with vim("größe = '😀'\n\n\ndef add(a, b):\n    return a + b\n") as screen:
        screen.text(":4")
        screen.keys("Enter")
        screen.text(":CodestralActions")
        screen.keys("Enter")
        screen.wait_for("Write the docstring")
        screen.keys("Enter")
        screen.wait_for('    """Return the sum of two numbers."""\n    return a + b')
        screen.text("u")
        screen.wait_for("def add(a, b):\n    return a + b")


def test_a_missing_server_is_told_once_and_nothing_else_happens(vim, tmp_path):
    with vim("x = 1\n", server=["no-such-codestral-lsp"]) as screen:
        screen.wait_for("no-such-codestral-lsp is not found")
        screen.text("A23")
        screen.wait_for("x = 123", "-- INSERT --")
        assert "not found" not in screen.screen()
        assert save(screen, tmp_path / "main.py") == "x = 123\n"


def test_a_server_that_is_killed_is_started_again(vim, fake_model):
    fake_model.answer = "lue = compute()\n"
    with vim("def run():\n    \n") as screen:
        screen.keys("F7")
        os.kill(int(screen.wait_for_match(r"^process (\d+)$")[1]), signal.SIGKILL)
        screen.wait_for("the server has ended")
        screen.wait_for("main.py Codestral")
        screen.text("jA")
        screen.wait_for("-- INSERT --")
        screen.text("va")
        screen.wait_for("value = compute()")


def test_what_is_typed_at_once_arrives_and_the_server_has_the_same_text(vim, fake_model, tmp_path):
    fake_model.answer = "lue = compute()\n"
    with vim("\n") as screen:
        screen.text("i")
        screen.wait_for("-- INSERT --")
        for line in range(12):
            screen.text(f"name_{line} = '😀' * {line}  # größe")
            screen.keys("Enter")
            if line % 4 == 0:  # Lines that come, go and change at once, in the middle of the text.
                screen.keys("Escape", "y", "y", "k", "p", "d", "d", "j", "A")
        screen.text("va")
        screen.wait_for("name_11 = '😀' * 11  # größe", "value = compute()")
        screen.keys("Tab")
        text = save(screen, tmp_path / "main.py")
        assert text.endswith("name_11 = '😀' * 11  # größe\nvalue = compute()\n")
        seen = text[: text.index("value")]
        assert any(seen in request.json["prompt"] for request in fake_model.requests if request.body)


@pytest.mark.skipif(not ALE.is_dir(), reason="ALE is not installed (vim-ale)")
def test_the_menu_of_ale_has_an_item_and_inserts_its_first_line(tmp_path):
    case = {"name": "main.py", "text": "x.al\n", "line": 0, "column": 4, "replaces": 0}
    cases_file = tmp_path / "cases.json"
    cases_file.write_text(json.dumps([case | {"suggestion": "pha + größe\n    beta(1)"}]))
    (tmp_path / "main.py").write_text("x.a\n")
    program = tmp_path / "bin" / "codestral-lsp"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nexec {' '.join(case_server(cases_file))} --menu always\n")
    program.chmod(0o755)
    rc = tmp_path / "vimrc"
    config = (PLUGIN / "clients" / "ale.vim").read_text()
    rc.write_text(f"set nocompatible noswapfile encoding=utf-8\nfiletype plugin on\n{config}")
    given = environment(tmp_path, PATH=f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    with terminal(tmp_path, [VIM, "-u", str(rc), "main.py"], given) as screen:
        screen.text("Al")
        screen.wait_for("Codestral (scripted)")
        screen.keys("C-n", "C-y")
        screen.wait_for("x.alpha + größe")
        assert save(screen, tmp_path / "main.py") == "x.alpha + größe\n"
