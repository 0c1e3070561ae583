"""Reading configuration files with care for what may lie in their place."""

import os
import sys
import time

import pytest

from lsp_server.config import files
from lsp_server.config.files import LARGEST_FILE_BYTES, Unreadable, parse_toml, read_small
from lsp_server.config.locations import (
    ConfigFile,
    cache_folder,
    config_file,
    data_folder,
    read_user_file,
    read_workspace_file,
    state_folder,
)

posix = pytest.mark.skipif(os.name != "posix", reason="needs file modes, links and pipes of POSIX")
NAME = ".codestral-lsp.toml"


def workspace(tmp_path, text="[completion]\nmax_lines = 3\n"):
    folder = tmp_path / "project"
    folder.mkdir()
    if text is not None:
        (folder / NAME).write_text(text, encoding="utf-8")
    return folder


def test_a_workspace_file_is_read(tmp_path):
    layer = read_workspace_file(workspace(tmp_path))
    assert layer.tree == {"completion": {"max_lines": 3}}
    assert layer.failure == ""


@pytest.mark.parametrize("folder", ["project", "missing", "file", "a\0b"])
def test_no_file_says_nothing(tmp_path, folder):
    workspace(tmp_path, None)
    (tmp_path / "file").touch()
    layer = read_workspace_file(tmp_path / folder)
    assert (layer.tree, layer.failure) == (None, "")


def test_only_that_one_file_is_read(tmp_path):
    folder = workspace(tmp_path, None)
    for name in (".env", "codestral-lsp.toml", "config.toml", ".vscode"):
        (folder / name).write_text("completion.enabled = false", encoding="utf-8")
    assert read_workspace_file(folder).tree is None


@posix
def test_a_link_must_not_lead_out_of_the_folder(tmp_path):
    folder = workspace(tmp_path, None)
    outside = tmp_path / "outside.toml"
    outside.write_text("[completion]\n", encoding="utf-8")
    (folder / NAME).symlink_to(outside)
    layer = read_workspace_file(folder)
    assert layer.tree is None
    assert "out of the folder" in layer.failure


@posix
def test_a_folder_on_the_way_must_not_lead_out_either(tmp_path):
    folder = workspace(tmp_path, None)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "x.toml").write_text("", encoding="utf-8")
    (folder / "sub").symlink_to(tmp_path / "other")
    (folder / NAME).symlink_to("sub/x.toml")
    assert "out of the folder" in read_workspace_file(folder).failure


@posix
def test_a_link_within_the_folder_is_followed(tmp_path):
    folder = workspace(tmp_path, None)
    (folder / "lsp.toml").write_text("[completion]\nmax_lines = 3\n", encoding="utf-8")
    (folder / NAME).symlink_to("lsp.toml")
    assert read_workspace_file(folder).tree == {"completion": {"max_lines": 3}}


@posix
def test_the_folder_itself_may_be_a_link(tmp_path):
    folder = workspace(tmp_path)
    (tmp_path / "alias").symlink_to(folder)
    assert read_workspace_file(tmp_path / "alias").failure == ""


@posix
@pytest.mark.parametrize("target", ["nowhere", NAME])
def test_a_link_to_nothing_or_to_itself_is_a_failure(tmp_path, target):
    folder = workspace(tmp_path, None)
    (folder / NAME).symlink_to(target)
    assert "link" in read_workspace_file(folder).failure


@posix
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_pipe_or_a_folder_in_its_place_is_a_failure_at_once(tmp_path, make):
    folder = workspace(tmp_path, None)
    make(folder / NAME)
    assert "regular file" in read_workspace_file(folder).failure


@posix
def test_a_device_is_refused(tmp_path):
    folder = workspace(tmp_path, None)
    (folder / NAME).symlink_to("/dev/zero")
    assert "out of the folder" in read_workspace_file(folder).failure
    assert "regular file" in read_user_file(ConfigFile(files.Path("/dev/zero"))).failure


def test_a_large_file_is_refused(tmp_path):
    folder = workspace(tmp_path, "#" * (LARGEST_FILE_BYTES + 1))
    assert "32 KiB" in read_workspace_file(folder).failure
    (folder / NAME).write_text("#\n" * (LARGEST_FILE_BYTES // 2), encoding="utf-8", newline="\n")
    assert read_workspace_file(folder).failure == ""


@pytest.mark.parametrize("data", [b"\xff\xfe[\x00", b"a = '\xc3'", b"a = '\xed\xa0\x80'"])
def test_other_encodings_are_refused(tmp_path, data):
    folder = workspace(tmp_path, None)
    (folder / NAME).write_bytes(data)
    assert "UTF-8" in read_workspace_file(folder).failure


def test_a_mark_at_the_start_and_windows_line_ends_are_fine(tmp_path):
    folder = workspace(tmp_path, None)
    (folder / NAME).write_bytes(b"\xef\xbb\xbf[completion]\r\nmax_lines = 3\r\n")
    assert read_workspace_file(folder).tree == {"completion": {"max_lines": 3}}


MOST = LARGEST_FILE_BYTES
HOSTILE = {
    "nested arrays": "a = " + "[" * (MOST - 10),
    "nested arrays over lines": "a = " + "[\n" * 10_000,
    "nested tables over lines": "a = " + "[{a = \n" * 4000,
    "nested tables": "a = " + "{a = " * (MOST // 6),
    "one long name": "a." * (MOST // 2 - 2) + "a = 1",
    "long names": "\n".join(f"b{number}" + ".a" * 490 + " = 1" for number in range(33)),
    "long headers": "\n".join(f"[b{number}" + ".a" * 490 + "]" for number in range(33)),
    "line separators within a name": '"\u2028".' * 5000 + "a = 1",
    "a long number": "a = " + "9" * (MOST - 10),
    "many tables": "[[a]]\n" * (MOST // 6),
    "many names": "\n".join(f"a{number} = 1" for number in range(3000)),
    "a long string": 'a = "' + "\\u0041" * (MOST // 6 - 10) + '"',
    "a date": "a = 1979-05-27T07:32:00." + "9" * 1000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_file_takes_long_to_parse(tmp_path, text):
    folder = workspace(tmp_path, text)
    started = time.process_time()
    layer = read_workspace_file(folder)
    assert time.process_time() - started < 1.0
    assert layer.failure or layer.tree
    assert len(layer.failure.splitlines()) <= 1


def test_a_line_is_what_the_parser_takes_for_one():
    # Within quotes the parser passes over separators at which Python splits lines.
    with pytest.raises(Unreadable, match="line 1 is longer"):
        parse_toml('"\u2028\x85".' * 300 + "a = 1")


@pytest.mark.parametrize(
    "text", ["a", "a = ", "= 1", "[a", "a = 1\na = 2", "\x00", "a = nul\nb = 'sk-secret'"]
)
def test_what_is_no_toml_is_said_in_one_line(text):
    with pytest.raises(Unreadable) as failure:
        parse_toml(text)
    assert str(failure.value).isprintable()
    assert "secret" not in str(failure.value)


def test_the_user_file_may_be_missing_unless_somebody_named_it(tmp_path):
    path = tmp_path / "config.toml"
    assert read_user_file(ConfigFile(path)).failure == ""
    assert "not there" in read_user_file(ConfigFile(path, named=True)).failure


def test_the_argument_comes_before_the_environment_and_that_before_the_usual_place(tmp_path):
    environ = {"CODESTRAL_LSP_CONFIG": str(tmp_path / "environment.toml")}
    assert config_file(environ, tmp_path / "argument.toml").path.name == "argument.toml"
    assert config_file(environ).path.name == "environment.toml"
    usual = config_file({})
    assert (usual.path.parent.name, usual.path.name, usual.named) == ("codestral-lsp", "config.toml", False)
    assert config_file({"CODESTRAL_LSP_CONFIG": " "}) == usual


def test_a_relative_path_in_the_environment_would_be_read_in_the_repository(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "evil.toml").write_text('[privacy]\nremote = "allow"\n', encoding="utf-8")
    layer = read_user_file(config_file({"CODESTRAL_LSP_CONFIG": "evil.toml"}))
    assert layer.tree is None
    assert "absolute" in layer.failure
    assert data_folder({"CODESTRAL_LSP_DATA_DIR": "evil"}) == data_folder({})


def test_one_folder_for_everything_we_keep(tmp_path):
    environ = {"CODESTRAL_LSP_DATA_DIR": str(tmp_path)}
    assert data_folder(environ) == tmp_path
    assert state_folder(environ).is_relative_to(tmp_path)
    assert cache_folder(environ).is_relative_to(tmp_path)
    for folder in (data_folder, state_folder, cache_folder):
        assert folder({}).is_absolute()
        assert "codestral-lsp" in str(folder({}))


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666, 0o610])
def test_a_private_file_is_its_owners_alone(tmp_path, mode):
    path = tmp_path / "key"
    path.write_text("k", encoding="utf-8")
    path.chmod(0o600)
    assert read_small(path, private=True) == "k"
    path.chmod(mode)
    with pytest.raises(Unreadable, match="chmod 600"):
        read_small(path, private=True)


@posix
def test_a_new_folder_and_a_new_file_are_private(tmp_path):
    old = os.umask(0)
    try:
        files.make_private_folder(tmp_path / "a" / "b")
        files.replace_private(tmp_path / "a" / "b" / "c", "text")
    finally:
        os.umask(old)
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "a" / "b" / "c").stat().st_mode & 0o777 == 0o600


def test_a_folder_that_is_a_file_is_an_error(tmp_path):
    (tmp_path / "a").touch()
    with pytest.raises(OSError, match="a"):
        files.make_private_folder(tmp_path / "a")


def test_a_failed_replacement_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "file"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(UnicodeEncodeError):
        files.replace_private(path, "\ud800")
    assert path.read_text(encoding="utf-8") == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


@posix
@pytest.mark.skipif(
    sys.platform == "win32" or (hasattr(os, "geteuid") and os.geteuid() == 0), reason="root reads all"
)
def test_a_file_that_may_not_be_read_is_a_failure(tmp_path):
    folder = workspace(tmp_path)
    (folder / NAME).chmod(0)
    assert "cannot be read" in read_workspace_file(folder).failure
