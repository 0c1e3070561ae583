"""Which file a model setting means, and what is told about files that cannot be used."""

import dataclasses
from pathlib import Path

import pytest

from lsp_server.backends.embedded import catalogue, folder
from lsp_server.backends.embedded.catalogue import DEFAULT_MODEL, MODELS
from lsp_server.backends.embedded.folder import ModelFileError, model_path, models_folder, open_model
from lsp_server.testing.models import tiny_gguf

WHOLE = tiny_gguf()


@pytest.fixture
def tiny_model(monkeypatch):
    """The catalogue's first model, at the size of a tiny file."""
    tiny = dataclasses.replace(DEFAULT_MODEL, size_bytes=len(WHOLE))
    monkeypatch.setattr(catalogue, "MODELS", (tiny, *MODELS[1:]))
    monkeypatch.setattr(folder, "MODELS", (tiny, *MODELS[1:]))
    monkeypatch.setattr(folder, "DEFAULT_MODEL", tiny)
    return tiny


def test_the_folder_can_be_chosen(tmp_path):
    assert models_folder({"CODESTRAL_LSP_DATA_DIR": str(tmp_path)}) == tmp_path / "models"


def test_the_folder_is_the_users_own_by_default():
    chosen = models_folder({"CODESTRAL_LSP_DATA_DIR": ""})
    assert chosen.is_absolute()
    assert chosen.parts[-2:] == ("codestral-lsp", "models")


def test_a_name_means_a_file_in_the_folder():
    assert model_path("qwen2.5-coder-1.5b", Path("m")) == (Path("m/qwen2.5-coder-1.5b.gguf"), MODELS[1])


@pytest.mark.parametrize("wanted", ["some/where/My Model.gguf", "x.GGUF"])
def test_a_gguf_file_is_a_path(wanted, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert model_path(wanted, Path("m")) == (tmp_path / wanted, None)


def test_a_path_may_begin_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert model_path("~/x.gguf", Path("m")) == (tmp_path / "x.gguf", None)


def test_nothing_means_the_default_model(tmp_path):
    assert model_path("", tmp_path) == (tmp_path / DEFAULT_MODEL.file_name, DEFAULT_MODEL)


def test_nothing_means_the_one_that_is_there(tmp_path):
    (tmp_path / MODELS[1].file_name).touch()
    assert model_path("", tmp_path)[1] is MODELS[1]
    (tmp_path / DEFAULT_MODEL.file_name).touch()
    assert model_path("", tmp_path)[1] is DEFAULT_MODEL


def test_an_unknown_name():
    with pytest.raises(
        ModelFileError, match=r"no model is called 'codestral'; use one of qwen2\.5-coder-0\.5b, "
    ):
        model_path("codestral", Path("m"))


def test_a_whole_file_of_the_catalogue(tmp_path, tiny_model):
    (tmp_path / tiny_model.file_name).write_bytes(WHOLE)
    file = open_model("", tmp_path)
    assert (file.name, file.model, file.size_bytes) == (tiny_model.name, tiny_model, len(WHOLE))
    assert file.header.architecture == "qwen2"


def test_a_file_of_the_users_own(tmp_path):
    path = tmp_path / "my-coder-7b.gguf"
    path.write_bytes(WHOLE)
    file = open_model(str(path), tmp_path / "nowhere")
    assert (file.name, file.model) == ("my-coder-7b (Tiny Coder)", None)
    path.write_bytes(tiny_gguf({"general.name": "a/b\\c\n" + "x" * 200}))
    assert open_model(str(path), tmp_path).name == f"my-coder-7b ({('abc' + 'x' * 200)[:80]})"
    path.write_bytes(tiny_gguf({}))
    assert open_model(str(path), tmp_path).name == "my-coder-7b"


def says(wanted, where):
    with pytest.raises(ModelFileError) as caught:
        open_model(wanted, where)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_model_that_is_not_there(tmp_path):
    pull = "run `codestral-lsp model pull qwen2.5-coder-0.5b`"
    assert says("", tmp_path) == f"the model qwen2.5-coder-0.5b is not on this machine; {pull}"
    own = str(tmp_path / "x.gguf")
    assert says(own, tmp_path) == f"there is no model file {own}; check the setting model"


def test_a_truncated_file(tmp_path, tiny_model):
    path = tmp_path / tiny_model.file_name
    path.write_bytes(WHOLE[:-40])
    message = says("", tmp_path)
    assert message.startswith(f"the model file {path} cannot be used: it is truncated: ")
    assert message.endswith("; run `codestral-lsp model pull qwen2.5-coder-0.5b`")
    own = tmp_path / "own.gguf"
    own.write_bytes(WHOLE[:30])
    assert says(str(own), tmp_path).endswith("it is truncated: it ends within its header; fetch it again")


def test_a_file_of_another_size_than_the_catalogue_says(tmp_path, tiny_model):
    path = tmp_path / tiny_model.file_name
    path.write_bytes(WHOLE + b"x")
    size = len(WHOLE)
    assert f"is damaged: {size + 1} bytes instead of {size}; run" in says("", tmp_path)


def test_a_file_that_is_something_else(tmp_path):
    path = tmp_path / "page.gguf"
    path.write_text("<html>not found</html>")
    assert says(str(path), tmp_path) == (
        f"the model file {path} cannot be used: it is not a GGUF file; fetch it again"
    )


def test_a_folder_instead_of_a_file(tmp_path):
    (tmp_path / "x.gguf").mkdir()
    assert f"the model file {tmp_path / 'x.gguf'} cannot be read" in says(str(tmp_path / "x.gguf"), tmp_path)
