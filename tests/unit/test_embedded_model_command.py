"""``codestral-lsp model``: what it prints where, and how it exits."""

import json
import sys

import pytest

from lsp_server.backends.embedded import download
from lsp_server.backends.embedded.catalogue import MODELS
from lsp_server.backends.embedded.download import DownloadFailed
from lsp_server.backends.embedded.sources import Phase
from lsp_server.cli import main
from lsp_server.cli.model import plain_progress

SMALL = MODELS[0]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("CODESTRAL_LSP_DATA_DIR", str(tmp_path))
    return tmp_path / "models"


@pytest.fixture
def present(folder):
    """A file of the size of the small model, without any blocks on the disk."""
    folder.mkdir()
    path = folder / SMALL.file_name
    with path.open("wb") as file:
        file.truncate(SMALL.size_bytes)
    return path


def test_list_is_one_json_document(folder, present, capsys):
    assert main(["model", "list", "--json"]) == 0
    out, err = capsys.readouterr()
    listed = json.loads(out)
    assert err == ""
    assert listed["folder"] == str(folder)
    first, second = listed["models"]
    assert first["name"] == SMALL.name
    assert first["path"] == str(present)
    assert first["default"] is True
    assert first["licence"] == "Apache-2.0"
    assert second["path"] is None
    assert second["size_bytes"] == MODELS[1].size_bytes


def test_list_for_people(folder, present, capsys):
    assert main(["model", "list"]) == 0
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split() == ["NAME", "SIZE", "MEMORY", "CONTEXT", "LICENCE", "ON", "THIS", "MACHINE"]
    assert first.startswith(SMALL.name)
    assert "491 MB" in first
    assert first.endswith(str(present))
    assert second.endswith(" no")


def test_path_is_printed_alone(present, capsys):
    assert main(["model", "path", SMALL.name]) == 0
    assert capsys.readouterr() == (f"{present}\n", "")


@pytest.mark.usefixtures("folder")
def test_path_of_a_model_that_is_not_there(capsys):
    assert main(["model", "path", SMALL.name]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    pull = f"run `codestral-lsp model pull {SMALL.name}`"
    assert err == f"codestral-lsp model: {SMALL.name} is not on this machine; {pull}\n"


def test_a_truncated_file_is_not_there(present, capsys):
    present.write_bytes(b"GGUF")
    assert main(["model", "path", SMALL.name]) == 1
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("action", ["pull", "path"])
def test_a_name_that_is_not_in_the_catalogue(folder, action, capsys):
    assert main(["model", action, "codestral"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "no model is called 'codestral'; use one of qwen2.5-coder-0.5b, " in err


@pytest.mark.parametrize("words", [["model"], ["model", "push"], ["model", "pull"]])
def test_wrong_usage(words, capsys):
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    assert capsys.readouterr().out == ""


def test_pull_shows_progress_on_standard_error_and_prints_the_path(folder, monkeypatch, capsys):
    def pull(model, where, progress):
        progress(Phase.DOWNLOADING, model.size_bytes, model.size_bytes)
        return where / model.file_name

    monkeypatch.setattr(download, "pull", pull)
    assert main(["model", "pull", SMALL.name]) == 0
    out, err = capsys.readouterr()
    assert out == f"{folder / SMALL.file_name}\n"
    assert err == f"{SMALL.name}: downloading, 491 of 491 MB\n"


@pytest.mark.usefixtures("folder")
def test_pull_on_a_terminal_shows_a_bar(monkeypatch, capsys):
    def pull(model, where, progress):
        progress(Phase.CHECKING, model.size_bytes, model.size_bytes)
        return where / model.file_name

    monkeypatch.setattr(download, "pull", pull)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["model", "pull", SMALL.name]) == 0
    assert f"{SMALL.name}: checking" in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("error", "words"),
    [
        (DownloadFailed("the disk is full; make room"), "the disk is full; make room"),
        (KeyboardInterrupt(), f"stopped; run `codestral-lsp model pull {SMALL.name}` again to go on"),
    ],
)
def test_pull_that_ends_early(error, words, monkeypatch, capsys):
    def pull(*_):
        raise error

    monkeypatch.setattr(download, "pull", pull)
    assert main(["model", "pull", SMALL.name]) == 1
    assert capsys.readouterr() == ("", f"codestral-lsp model: {words}\n")


def test_plain_progress_is_short():
    lines = []
    progress = plain_progress("m", lines.append)
    progress(Phase.WAITING, 0, 1000)
    for done in range(1001):
        progress(Phase.DOWNLOADING, done, 1000)
    for done in range(1001):
        progress(Phase.CHECKING, done, 1000)
    assert len(lines) == 1 + 11 + 1
    assert lines[0] == "m: waiting for another download of it\n"
    assert lines[-1] == "m: checking\n"
