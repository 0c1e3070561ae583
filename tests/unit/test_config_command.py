"""``codestral-lsp config``: what it prints, and its exit status."""

import json

import pytest

from lsp_server.cli import main
from lsp_server.config.approvals import Approvals
from lsp_server.config.merging import SECTIONS
from lsp_server.config.settings import BackendSettings

GOOD = """
[completion]
max_lines = 9
languages = { markdown = false }

[[backends]]
name = "codestral"
kind = "mistral"
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in ("MISTRAL_API_KEY", "CODESTRAL_API_KEY", "OLLAMA_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CODESTRAL_LSP_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("CODESTRAL_LSP_CONFIG", str(tmp_path / "config.toml"))
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    (tmp_path / "config.toml").write_text(GOOD, encoding="utf-8")
    return tmp_path


def shown(capsys, *arguments):
    status = main(["config", "show", "--json", *arguments])
    out, err = capsys.readouterr()
    assert err == ""
    return status, json.loads(out)


def test_each_value_with_its_source(home, capsys):
    (home / "project" / ".codestral-lsp.toml").write_text("[privacy]\nexclude = ['x']\n", encoding="utf-8")
    status, document = shown(capsys)
    assert status == 0
    assert document["config_file"] == str(home / "config.toml")
    assert document["settings"]["completion.max_lines"] == {"value": 9, "source": "user file"}
    assert document["settings"]["completion.languages.markdown"] == {"value": False, "source": "user file"}
    assert document["settings"]["privacy.exclude"] == {"value": ["x"], "source": "workspace"}
    assert document["settings"]["completion.menu"]["source"] == "default"
    [backend] = document["backends"]
    assert set(backend["settings"]) == set(BackendSettings.model_fields)
    assert backend["settings"]["kind"] == {"value": "mistral", "source": "user file"}
    assert (backend["origin"], backend["remote"], backend["usable"], backend["allowed"]) == (
        "https://codestral.mistral.ai",
        True,
        True,
        True,
    )


def test_every_setting_is_shown(home, capsys):
    _, document = shown(capsys)
    expected = {f"{section}.{name}" for section, model in SECTIONS.items() for name in model.model_fields}
    assert expected - {"completion.languages"} <= set(document["settings"])


def test_a_key_is_never_shown_only_where_it_comes_from(home, capsys, monkeypatch):
    assert shown(capsys)[1]["backends"][0]["key"] == {
        "from": "environment variable CODESTRAL_API_KEY",
        "present": False,
        "problem": None,
    }
    monkeypatch.setenv("MISTRAL_API_KEY", "sk-canary")
    status = main(["config", "show"])
    text = capsys.readouterr().out
    assert status == 0
    assert "key from environment variable MISTRAL_API_KEY" in text
    _, document = shown(capsys)
    assert document["backends"][0]["key"]["present"] is True
    assert "canary" not in text + json.dumps(document)


def test_a_key_that_cannot_be_used_is_a_problem(home, capsys):
    (home / "config.toml").write_text(GOOD + 'key_env = "NOT_SET_ANYWHERE"\n', encoding="utf-8")
    status, document = shown(capsys)
    assert status == 2
    assert "NOT_SET_ANYWHERE" in document["problems"][0]["message"]


def test_an_invalid_configuration_is_exit_status_2(home, capsys):
    (home / "config.toml").write_text("[privacy]\nremote = 'nevr'\n", encoding="utf-8")
    status, document = shown(capsys)
    assert status == 2
    assert document["policy_valid"] is False
    assert document["problems"][0]["path"] == "privacy.remote"
    assert main(["config", "show"]) == 2
    assert "problem: user file" in capsys.readouterr().out


def test_the_workspace_can_be_named(home, capsys):
    (home / "other").mkdir()
    (home / "other" / ".codestral-lsp.toml").write_text("[completion]\nmax_lines = 2\n", encoding="utf-8")
    _, document = shown(capsys, "--workspace", str(home / "other"))
    assert document["settings"]["completion.max_lines"] == {"value": 2, "source": "workspace"}


def test_the_user_file_can_be_named(home, capsys):
    status, document = shown(capsys, "--config", str(home / "missing.toml"))
    assert status == 2
    assert document["config_file_exists"] is False


def test_the_schema_is_one_json_document_with_every_setting(home, capsys):
    assert main(["config", "schema"]) == 0
    document = json.loads(capsys.readouterr().out)
    backend = document["$defs"]["BackendSettings"]
    assert set(backend["properties"]) == set(BackendSettings.model_fields)
    assert backend["additionalProperties"] is False
    assert backend["properties"]["session_header"]["type"] == "string"
    assert "user file only" in backend["properties"]["trusted"]["description"]
    assert set(document["properties"]) >= {"completion", "privacy", "backends"}


def test_trust_remembers_an_origin(home, capsys):
    assert main(["config", "trust", "HTTPS://LLM.example.org:443/"]) == 0
    assert "https://llm.example.org " in capsys.readouterr().out
    assert Approvals(home / "data").origins() == {"https://llm.example.org"}


def test_trust_says_so_where_code_would_go_unencrypted(home, capsys):
    assert main(["config", "trust", "http://gpu.lan:11434"]) == 0
    assert "unencrypted" in capsys.readouterr().out


@pytest.mark.parametrize(
    "origin", ["llm.example.org", "https://llm.example.org/v1", "https://a:b@llm.example.org", ""]
)
def test_trust_refuses_what_is_no_origin(home, capsys, origin):
    assert main(["config", "trust", origin]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert not (home / "data").exists()


def test_trust_that_cannot_be_written_is_one_line(home, capsys, monkeypatch):
    (home / "file").touch()
    monkeypatch.setenv("CODESTRAL_LSP_DATA_DIR", str(home / "file" / "data"))
    assert main(["config", "trust", "https://llm.example.org"]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
