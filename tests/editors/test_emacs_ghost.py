"""A real Emacs with codestral.el and a real server: on a terminal's screen, and in 200 files."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from lsp_server.testing.accept_cases import accept_cases, write_cases
from tests.editors.terminal import HAS_TMUX, terminal

HERE = Path(__file__).parent
PACKAGE = HERE.parents[1] / "editors" / "emacs"
EMACS = shutil.which("emacs")
UNDO, KILL_BUFFER = "C-_", "F8"
ASK, ACTIONS, PROCESS = "F5", "F6", "F7"


def run_batch(*arguments, folder, timeout=120, **environment):
    """What Emacs prints in batch mode."""
    done = subprocess.run(
        [EMACS, "--batch", "-q", "-L", str(PACKAGE), *arguments],
        env={**os.environ, "HOME": str(folder), **environment},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def emacs_can(expression):
    command = [EMACS, "--batch", "-q", "--eval", f"(kill-emacs (if {expression} 0 1))"]
    return EMACS is not None and subprocess.run(command, capture_output=True, check=False).returncode == 0


pytestmark = [
    pytest.mark.editor,
    pytest.mark.skipif(
        not emacs_can("(and (>= emacs-major-version 28) (json-available-p))"),
        reason="Emacs 28 or newer with JSON is not installed (emacs-nox)",
    ),
]
on_screen = pytest.mark.skipif(not HAS_TMUX, reason="tmux is not installed")


def case_server(cases_file, *options):
    command = [sys.executable, str(HERE / "case_server.py"), "--cases", str(cases_file)]
    return json.dumps([*command, "--journal", str(cases_file.with_name("journal")), *options])


def wrong_files(cases, folder, wanted):
    """The names of the files that do not hold what they should, byte for byte."""
    return [case.name for case in cases if (folder / case.name).read_bytes() != wanted(case).encode()]


def test_the_package_compiles_without_warnings_and_its_documentation_is_in_order(tmp_path):
    sources = sorted(path.name for path in PACKAGE.glob("*.el"))
    assert "codestral.el" in sources
    for name in sources:
        shutil.copy(PACKAGE / name, tmp_path / name)
    files = [str(tmp_path / name) for name in sources]
    strict = "(setq byte-compile-error-on-warn t load-path (cons default-directory load-path))"
    run_batch("--chdir", str(tmp_path), "--eval", strict, "-f", "batch-byte-compile", *files, folder=tmp_path)
    check = "(dolist (file command-line-args-left) (checkdoc-file file))"
    told = run_batch("-l", "checkdoc", "--eval", check, *files, folder=tmp_path)
    assert "Warning" not in told, told


def test_the_server_has_the_same_text_after_any_changes(tmp_path):
    told = run_batch("-l", str(HERE / "emacs_document.el"), folder=tmp_path)
    parts, whole = re.search(r"(\d+) changes, (\d+) times the whole text", told).groups()
    assert int(parts) > 10 * int(whole)


def test_buffers_that_share_their_text_and_servers_that_hang(tmp_path):
    told = run_batch("-l", str(HERE / "emacs_buffers.el"), folder=tmp_path)
    expected, total = re.search(r"(\d+) of (\d+) as expected", told).groups()
    assert int(total) == 9
    assert expected == total, told


def test_accepting_leaves_the_intended_text_in_200_files_and_can_be_undone(tmp_path):
    cases = accept_cases(200)
    cases_file = write_cases(cases, tmp_path / "cases")
    script = str(HERE / "emacs_accept.el")
    run_batch("-l", script, folder=tmp_path, CASES=str(cases_file), SERVER=case_server(cases_file))
    assert wrong_files(cases, cases_file.parent, lambda case: case.expected) == []
    entries = [json.loads(line) for line in (cases_file.parent / "journal").read_text().splitlines()]
    told = {event: {e["id"] for e in entries if e["event"] == event} for event in ("shown", "accepted")}
    assert told["shown"] == told["accepted"] == {case.name for case in cases}


@pytest.mark.skipif(
    not emacs_can("(progn (package-initialize) (require 'eglot nil t))"),
    reason="Eglot is not installed (elpa-eglot)",
)
def test_menu_items_of_eglot_leave_the_intended_text_in_200_files(tmp_path):
    cases = accept_cases(200)
    cases_file = write_cases(cases, tmp_path / "cases")
    server = case_server(cases_file, "--menu", "always")
    run_batch("-l", str(HERE / "emacs_menu.el"), folder=tmp_path, CASES=str(cases_file), SERVER=server)
    assert wrong_files(cases, cases_file.parent, lambda case: case.expected_inserted) == []


@pytest.fixture
def emacs(tmp_path, server_command):
    """Open Emacs in a terminal with one file, the cursor behind ``mark``."""

    @contextmanager
    def run(text, mark="", *, name="main.py", server=server_command):
        (tmp_path / ".git").mkdir()
        file = tmp_path / name
        file.write_bytes(text.encode())
        environment = {
            "HOME": str(tmp_path),
            "SERVER": json.dumps(server),
            "LC_ALL": "C.UTF-8",
            "TERM": "tmux-256color",
        }
        command = [EMACS, "-nw", "-q", "-L", str(PACKAGE), "-l", str(HERE / "emacs_init.el"), str(file)]
        with terminal(tmp_path, command, environment) as screen:
            screen.wait_for(f"{name} ", "Codestral")
            screen.wait_while("Codestral...")
            if mark:
                screen.keys("C-s")
                screen.text(mark)
                screen.wait_for("I-search")
                screen.keys("Enter")
                screen.wait_while("I-search")
            yield screen

    return run


def save(screen, path):
    screen.keys("C-x", "C-s")
    screen.wait_for("Wrote")
    return path.read_text(encoding="utf-8")


GHOST = "\x1b[38;5;249m"
"""What a terminal with 256 colours is sent for the face `shadow'."""


@on_screen
def test_ghost_text_appears_while_typing_and_tab_accepts_it(emacs, fake_model, tmp_path):
    fake_model.answer = "tal = a + b\n"
    with emacs("def add(a, b):\n    \n\nprint(add(1, 2))\n", "b):\n    ") as screen:
        screen.text("to")
        screen.wait_for("    total = a + b")
        assert f"to{GHOST}tal = a + b" in screen.screen(colours=True)
        assert screen.cursor() == (6, 1)
        screen.keys("Tab")
        screen.wait_until(lambda _: screen.cursor() == (17, 1), "the cursor behind the inserted text")
        expected = "def add(a, b):\n    total = a + b\n\nprint(add(1, 2))\n"
        assert save(screen, tmp_path / "main.py") == expected


@on_screen
def test_several_lines_are_shown_and_accepted_in_one_undo_step(emacs, fake_model, tmp_path):
    fake_model.answer = "total = a + b\n    return total\n"
    text = "def add(a, b):\n    \n\nprint(add(1, 2))\n"
    with emacs(text, "b):\n    ") as screen:
        for _ in range(2):
            screen.keys(ASK)
            screen.wait_for("    total = a + b\n    return total\n\nprint(")
            assert screen.cursor() == (4, 1)
            screen.keys("Tab")
            screen.wait_until(lambda _: screen.cursor() == (16, 2), "the cursor behind the inserted text")
            screen.keys(UNDO)
            screen.wait_until(lambda _: screen.cursor() == (4, 1), "the cursor after undo")
            screen.wait_while("return")
            screen.keys("C-f", "C-b")
        screen.keys(ASK)
        screen.wait_for("return total")
        screen.keys("Tab")
        screen.wait_until(lambda _: screen.cursor() == (16, 2), "the cursor behind the inserted text")
        expected = "def add(a, b):\n    total = a + b\n    return total\n\nprint(add(1, 2))\n"
        assert save(screen, tmp_path / "main.py") == expected


@on_screen
def test_typing_along_shrinks_what_is_shown_and_anything_else_removes_it(emacs, fake_model):
    fake_model.answer = "lue = compute()\n"
    with emacs("def run():\n    \n", "():\n    ") as screen:
        screen.text("va")
        screen.wait_for("value = compute()")
        fake_model.answer = "nothing_like_it\n"
        screen.text("lue ")
        screen.wait_until(lambda _: screen.cursor() == (10, 1), "the typed text")
        assert f"value {GHOST}= compute()" in screen.screen(colours=True)
        screen.text("x")
        screen.wait_while("= compute()")


@on_screen
def test_words_and_lines_are_taken_by_moving_over_them(emacs, fake_model, tmp_path):
    fake_model.answer = "first, *rest = größe(a)\n    return first\n"
    with emacs("def run(a):\n    \n", "(a):\n    ") as screen:
        screen.keys(ASK)
        screen.wait_for("first, *rest = größe(a)", "    return first")
        for column in (9, 10, 12, 16):
            screen.keys("M-f")
            screen.wait_until(lambda _, column=column: screen.cursor() == (column, 1), "the next word")
        screen.keys("C-e")
        screen.wait_until(lambda _: screen.cursor() == (27, 1), "the end of the line")
        screen.keys("C-g")
        screen.wait_while("return first")
        assert save(screen, tmp_path / "main.py") == "def run(a):\n    first, *rest = größe(a)\n"


@on_screen
def test_wide_characters_and_text_behind_the_cursor(emacs, fake_model, tmp_path):
    fake_model.answer = "'größe', 名前"
    with emacs("x = call('😀', y, 1)\n", "'😀', ") as screen:
        screen.text("z, ")
        screen.wait_for("x = call('😀', z, 'größe', 名前y, 1)")
        assert screen.cursor() == (18, 0)
        screen.keys("Tab")
        screen.wait_until(lambda _: screen.cursor() == (31, 0), "the cursor behind the inserted text")
        assert save(screen, tmp_path / "main.py") == "x = call('😀', z, 'größe', 名前y, 1)\n"


@on_screen
def test_a_closer_that_the_editor_has_put_there_is_not_doubled(emacs, fake_model, tmp_path):
    fake_model.answer = "[key](a, b) + 1\n"
    with emacs("table = {}\nx = \n", "x = ") as screen:
        screen.text("table")
        screen.wait_for("x = table[key](a, b) + 1")
        screen.text("[key](")
        screen.wait_until(lambda _: screen.cursor() == (15, 1), "the typed text")
        screen.wait_for("x = table[key](a, b) + 1")
        screen.keys("Tab")
        screen.wait_until(lambda _: screen.cursor() == (24, 1), "the cursor behind the inserted text")
        assert save(screen, tmp_path / "main.py") == "table = {}\nx = table[key](a, b) + 1\n"


@on_screen
def test_the_cursor_stays_before_text_that_begins_with_a_new_line(emacs, fake_model):
    fake_model.answer = "\n    return a\n"
    with emacs("def run(a):", "(a):") as screen:
        screen.keys(ASK)
        screen.wait_for("    return a")
        assert screen.cursor() == (11, 0)


@on_screen
def test_other_suggestions_are_shown_in_turn(emacs, fake_model):
    fake_model.answer = "lue = compute()\n"
    with emacs("def run():\n    \n", "():\n    ") as screen:
        screen.text("va")
        screen.wait_for("value = compute()")
        fake_model.answer = "r = other()\n"
        screen.keys("M-n")
        screen.wait_for("var = other()")
        screen.keys("M-p")
        screen.wait_for("value = compute()")


@on_screen
def test_a_completion_menu_hides_it(emacs, fake_model):
    fake_model.answer = "nter = 1\n"
    with emacs("country = 1\ncounty = 2\n\n", "county = 2\n") as screen:
        screen.text("cou")
        screen.wait_for("counter = 1")
        screen.keys("C-M-i", "C-M-i")
        screen.wait_for("*Completions*")
        screen.wait_while("counter = 1")


@on_screen
def test_a_code_action_is_chosen_and_undone_in_one_step(emacs, fake_model):
    fake_model.answer = 'Return the sum of two numbers."""\n'
    with emacs("größe = '😀'\n\n\ndef add(a, b):\n    return a + b\n", "def ad") as screen:
        screen.keys(ACTIONS)
        screen.wait_for("Action:")
        screen.text("Write the doc")
        screen.keys("Tab", "Enter")
        screen.wait_for('    """Return the sum of two numbers."""\n    return a + b')
        screen.keys(UNDO)
        screen.wait_for("def add(a, b):\n    return a + b")


@on_screen
def test_a_missing_server_is_told_once_and_nothing_else_happens(emacs):
    program = "no-such-codestral-lsp"
    with emacs("x = 1\n", server=[program]) as screen:
        screen.wait_for(f"{program} is not found")
        screen.keys("C-e")
        screen.text("23")
        screen.wait_for("x = 123")
        screen.wait_while(f"{program} is not found")
        screen.text("4")
        screen.wait_for("x = 1234", "Codestral!")
        assert f"{program} is not found" not in screen.screen()


@on_screen
def test_a_server_that_is_killed_is_started_again(emacs, fake_model):
    fake_model.answer = "lue = compute()\n"
    with emacs("def run():\n    \n", "():\n    ") as screen:
        screen.keys(PROCESS)
        os.kill(int(screen.wait_for_match(r"^process (\d+)")[1]), signal.SIGKILL)
        screen.wait_for("the server has ended")
        screen.wait_while("Codestral!")
        screen.wait_while("Codestral...")
        screen.text("va")
        screen.wait_for("value = compute()")


@on_screen
def test_a_buffer_can_be_killed_while_it_is_waited_for(emacs, fake_model):
    fake_model.answer = "lue = compute()\n"
    with emacs("def run():\n    \n", "():\n    ") as screen:
        screen.text("va")
        screen.keys("C-x", "C-s")
        screen.keys(KILL_BUFFER)
        screen.wait_for("*scratch*")
        screen.keys("C-x", "C-f")
        screen.text("main.py")
        screen.keys("Enter")
        screen.wait_for("main.py ", "Codestral")
        screen.wait_while("Codestral...")
        screen.keys("C-n", "C-e")
        screen.keys(ASK)
        screen.wait_for("value = compute()")


@on_screen
def test_what_is_typed_at_once_arrives_and_the_server_has_the_same_text(emacs, fake_model, tmp_path):
    fake_model.answer = "lue = compute()\n"
    with emacs("", name="main.py") as screen:
        for line in range(12):
            screen.text(f"name_{line} = '😀' * {line}  # größe")
            screen.keys("Enter")
        screen.text("va")
        screen.wait_for("name_11 = '😀' * 11  # größe", "value = compute()")
        screen.keys("Tab")
        text = save(screen, tmp_path / "main.py")
        assert text == "".join(f"name_{n} = '😀' * {n}  # größe\n" for n in range(12)) + "value = compute()\n"
        seen = text[: text.index("value")]
        assert any(seen in request.json["prompt"] for request in fake_model.requests if request.body)
