"""The edge: files, environment, editor and workspaces together; and what importing it costs."""

import os
import subprocess
import sys

import pytest

from lsp_server.config.approvals import Approvals
from lsp_server.config.load import load
from lsp_server.config.settings import Settings
from lsp_server.config.sources import Source

HEAVY = {
    "httpx",
    "httpx2",
    "ollama",
    "mistralai",
    "rich",
    "tree_sitter",
    "keyring",
    "pathspec",
    "pygls",
    "lsprotocol",
}
TEAM = """
[[backends]]
name = "team"
kind = "openai"
url = "https://llm.example.org/v1"
key_env = "TEAM_KEY"
"""


@pytest.fixture
def environ(tmp_path):
    return {
        "CODESTRAL_LSP_DATA_DIR": str(tmp_path / "data"),
        "CODESTRAL_LSP_CONFIG": str(tmp_path / "config.toml"),
    }


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_all_sources_together(tmp_path, environ):
    write(tmp_path / "config.toml", TEAM + "[completion]\nmax_lines = 10\nmax_tokens = 100\n")
    write(tmp_path / "a" / ".codestral-lsp.toml", "[completion]\nmax_lines = 5\n")
    write(tmp_path / "b" / ".codestral-lsp.toml", "[completion]\nmax_lines = 4\n")
    editor = {"codestral.completion.max_tokens": 90}
    result = load(None, environ, editor, [str(tmp_path / "a"), str(tmp_path / "b")])
    assert result.problems == ()
    assert (result.settings.completion.max_lines, result.settings.completion.max_tokens) == (4, 90)
    assert result.remote_allowed


def test_nothing_at_all_gives_the_defaults_and_writes_nothing(tmp_path, environ):
    environ["CODESTRAL_LSP_CONFIG"] = str(write(tmp_path / "config.toml", ""))
    result = load(None, environ, None, [str(tmp_path / "missing")])
    assert result.settings == Settings()
    assert result.problems == ()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["config.toml"]


def test_the_argument_wins(tmp_path, environ):
    path = write(tmp_path / "other.toml", "[completion]\nmax_lines = 2\n")
    assert load(path, environ, None, []).settings.completion.max_lines == 2


@pytest.mark.parametrize("content", [None, b"[privacy\n", b"\xff", b"#" * 100_000])
def test_a_named_user_file_that_cannot_be_read_refuses_everything_remote(tmp_path, environ, content):
    if content is not None:
        (tmp_path / "config.toml").write_bytes(content)
    result = load(None, environ | {"MISTRAL_API_KEY": "sk-1"}, None, [])
    assert not result.policy_valid
    assert not result.remote_allowed
    assert not result.may_discover_remote
    [problem] = result.problems
    assert problem.source is Source.USER
    assert "config.toml" in str(problem)


def test_a_workspace_file_that_cannot_be_read_does_too(tmp_path, environ):
    write(tmp_path / "config.toml", TEAM)
    write(tmp_path / "a" / ".codestral-lsp.toml", "[privacy]\nremote = never\n")
    result = load(None, environ, None, [str(tmp_path / "a")])
    assert not result.remote_allowed
    assert [problem.source for problem in result.problems] == [Source.WORKSPACE]


def test_approvals_count_and_damaged_ones_are_a_problem(tmp_path, environ):
    write(tmp_path / "config.toml", "")
    editor = {"backends": [{"name": "x", "kind": "openai", "url": "https://llm.example.org"}]}
    assert load(None, environ, editor, []).needs_approval == (("x", "https://llm.example.org"),)
    approvals = Approvals(tmp_path / "data")
    approvals.approve("https://llm.example.org")
    result = load(None, environ, editor, [])
    assert [backend.name for backend in result.usable_backends] == ["x"]
    assert result.remote_allowed
    approvals.file.write_text("{", encoding="utf-8")
    result = load(None, environ, editor, [])
    assert result.usable_backends == ()
    assert "approved-origins.json" in str(result.problems[0])


def test_no_env_file_is_read(tmp_path, environ, monkeypatch):
    write(tmp_path / "config.toml", "")
    folder = tmp_path / "project"
    for name in (".env", ".envrc", ".env.local"):
        write(folder / name, "MISTRAL_API_KEY=sk-1\nOLLAMA_HOST=evil.example\nCODESTRAL_LSP_CONFIG=/x\n")
    monkeypatch.chdir(folder)
    before = dict(os.environ)
    assert load(None, environ, None, [str(folder)]) == load(None, environ, None, [])
    assert dict(os.environ) == before


def test_a_workspaces_approvals_and_configuration_are_never_ours(tmp_path, environ, monkeypatch):
    write(tmp_path / "config.toml", "")
    folder = tmp_path / "project"
    write(folder / "approved-origins.json", '{"origins": ["https://evil.example"]}')
    write(folder / "config.toml", '[privacy]\nremote = "allow"\n')
    monkeypatch.chdir(folder)
    hostile = environ | {"CODESTRAL_LSP_DATA_DIR": ".", "CODESTRAL_LSP_CONFIG": "config.toml"}
    editor = {"backends": [{"name": "x", "kind": "openai", "url": "https://evil.example"}]}
    result = load(None, hostile, editor, [str(folder)])
    assert not result.remote_allowed
    assert result.usable_backends == ()


def test_importing_configuration_is_light():
    modules = [
        f"lsp_server.config.{name}" for name in ("load", "keys", "approvals", "trust", "layers", "editor")
    ]
    script = f"import sys, {', '.join(modules)}\nprint(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert loaded.isdisjoint(HEAVY)
