"""``codestral-lsp editor``: where an editor's files are."""

from pathlib import Path

import pytest

from lsp_server.cli import editor, main


def test_the_folder_of_an_editor_is_printed(capsys):
    assert main(["editor", "path", "neovim"]) == 0
    folder = Path(capsys.readouterr().out.strip())
    assert (folder / "README.md").is_file()
    assert (folder / "lua" / "codestral").is_dir()


def test_every_editor_is_listed_with_its_folder(capsys):
    assert main(["editor", "list"]) == 0
    listed = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert {"neovim", "helix", "jetbrains", "vscode", "emacs", "vim"} <= listed.keys()
    assert all(Path(folder).is_dir() for folder in listed.values())


def test_an_editor_that_is_not_there_is_wrong_usage(capsys):
    assert main(["editor", "path", "notepad"]) == 2
    assert "no editor is called 'notepad'; use one of" in capsys.readouterr().err


@pytest.mark.parametrize("action", [["list"], ["path", "neovim"]])
def test_an_installation_without_the_files_says_so(monkeypatch, tmp_path, capsys, action):
    monkeypatch.setattr(editor, "_root", lambda: tmp_path / "editors")
    assert main(["editor", *action]) == 1
    assert "install codestral-lsp from its wheel" in capsys.readouterr().err
