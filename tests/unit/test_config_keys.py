"""A key goes to the origin it belongs to and nowhere else, and never into a message."""

import os
import sys
from types import SimpleNamespace

import pytest

from lsp_server.config.files import Unreadable
from lsp_server.config.keys import KeyRefused, describe_key, read_system_keyring, resolve_key
from lsp_server.config.origins import MISTRAL_ORIGINS
from lsp_server.config.settings import BackendSettings

CODESTRAL = "sk-codestral"
MISTRAL = "sk-mistral"
BOTH = {"CODESTRAL_API_KEY": CODESTRAL, "MISTRAL_API_KEY": MISTRAL}


def backend(**options):
    return BackendSettings(**{"name": "x", "kind": "openai", "url": "https://llm.example.org/v1"} | options)


def unused(*args):
    raise AssertionError(f"asked for {args}")


def resolve(settings, environ=None, read_file=unused, read_keyring=unused):
    return resolve_key(settings, environ=environ or {}, read_file=read_file, read_keyring=read_keyring)


def value(settings, environ=None, **readers):
    key = resolve(settings, environ, **readers)
    return key.get_secret_value() if key else None


@pytest.mark.parametrize("kind", ["mistral", "openai", "ollama"])
@pytest.mark.parametrize("origin", sorted(MISTRAL_ORIGINS))
def test_the_variables_for_mistral_serve_its_origins(origin, kind):
    preferred = CODESTRAL if "codestral" in origin else MISTRAL
    assert value(backend(kind=kind, url=origin + "/v1"), BOTH) == preferred
    for name, key in BOTH.items():
        assert value(backend(kind=kind, url=origin), {name: key}) == key


@pytest.mark.parametrize(
    "url",
    [
        "http://codestral.mistral.ai",
        "http://api.mistral.ai:443",
        "https://codestral.mistral.ai:8443",
        "https://mistral.ai",
        "https://codestral.mistral.ai.evil.example",
        "https://codestral.mistral.ai@evil.example",
        "https://codestral.mistral.ai.",
        "https://evil.example/codestral.mistral.ai",
        "https://llm.example.org",
        "http://127.0.0.1:11434",
        "garbage",
    ],
)
@pytest.mark.parametrize("kind", ["mistral", "openai"])
def test_and_no_other_origin(url, kind):
    assert resolve(backend(kind=kind, url=url), BOTH) is None


def test_a_mistral_backend_without_url_has_the_usual_one():
    assert value(BackendSettings(name="m", kind="mistral"), BOTH) == CODESTRAL


@pytest.mark.parametrize("kind", ["ollama", "openai", "llamacpp", "embedded"])
def test_local_backends_get_no_key_that_nobody_named(kind):
    assert resolve(BackendSettings(name="x", kind=kind), BOTH) is None


def test_a_blank_key_counts_as_absent():
    environ = {"CODESTRAL_API_KEY": "  ", "MISTRAL_API_KEY": MISTRAL}
    assert value(BackendSettings(name="m", kind="mistral"), environ) == MISTRAL


def test_a_named_variable():
    assert value(backend(key_env="TEAM_KEY"), {"TEAM_KEY": " sk-team\n"}) == "sk-team"


def test_a_named_key_comes_before_mistrals_variables():
    settings = backend(url="https://api.mistral.ai", key_env="WORK_KEY")
    assert value(settings, BOTH | {"WORK_KEY": "sk-work"}) == "sk-work"
    with pytest.raises(KeyRefused):
        resolve(settings, BOTH)


def test_a_key_file_is_read_without_its_line_end(tmp_path):
    path = tmp_path / "key"
    assert (
        value(backend(key_file=str(path)), read_file=lambda asked: "sk-file\r\n" if asked == path else "")
        == "sk-file"
    )


def test_a_keyrings_account_is_the_origin():
    stored = {("codestral-lsp", "https://llm.example.org"): "sk-ring"}
    settings = backend(keyring="codestral-lsp")
    assert value(settings, read_keyring=lambda *entry: stored.get(entry)) == "sk-ring"
    moved = backend(keyring="codestral-lsp", url="https://evil.example")
    with pytest.raises(KeyRefused, match="no key"):
        resolve(moved, read_keyring=lambda *entry: stored.get(entry))


NAMED = [{"key_env": "K"}, {"key_file": "/keys/k"}, {"keyring": "service"}]


def readers(text):
    return {"environ": {"K": text}, "read_file": lambda _: text, "read_keyring": lambda *_: text}


@pytest.mark.parametrize("reference", NAMED)
@pytest.mark.parametrize(
    "url", ["http://llm.example.org", "http://10.0.0.5:8000/v1", "http://127.0.0.1.evil.example"]
)
@pytest.mark.parametrize("trusted", [None, True, False])
def test_no_key_travels_over_plain_http_to_another_machine(url, reference, trusted):
    with pytest.raises(KeyRefused, match="plain http"):
        # The key is not even read.
        resolve(backend(url=url, trusted=trusted, **reference), {"K": "sk-1"})


@pytest.mark.parametrize("reference", NAMED)
@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/v1", "http://localhost", "http://[::1]:8000"])
def test_over_loopback_it_may(url, reference):
    assert value(backend(url=url, **reference), **readers("sk-1")) == "sk-1"


@pytest.mark.parametrize("reference", NAMED)
@pytest.mark.parametrize("text", ["", " \n", "sk-1\nX-Evil: 1", "sk 1", "sk-\x00", "sk-é", "sk-\r\nx"])
def test_what_is_no_key_is_refused_without_being_shown(text, reference):
    with pytest.raises(KeyRefused) as refusal:
        resolve(backend(**reference), **readers(text))
    message = str(refusal.value)
    assert message.startswith("backend x: ")
    assert "sk" not in message.replace("backend x", "")
    assert message.isprintable()


def test_two_references_are_one_too_many():
    with pytest.raises(KeyRefused, match="key_env and keyring"):
        resolve(backend(key_env="K", keyring="s"), {"K": "sk-1"})


@pytest.mark.parametrize("path", ["key", "./key", "../key", "~nobody-has-this-name/key"])
def test_a_relative_key_file_would_be_read_in_the_repository(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "key").write_text("sk-1", encoding="utf-8")
    with pytest.raises(KeyRefused):
        resolve(backend(key_file=path))


def test_a_missing_or_unusable_key_file_is_said_in_one_line(tmp_path):
    def unusable(_):
        raise Unreadable("it is not UTF-8 (byte 3)")

    with pytest.raises(KeyRefused, match="not UTF-8"):
        resolve(backend(key_file=str(tmp_path / "key")), read_file=unusable)
    with pytest.raises(KeyRefused, match="not there"):
        resolve_key(backend(key_file=str(tmp_path / "key")), environ={})


@pytest.mark.skipif(os.name != "posix", reason="needs file modes")
def test_a_key_file_that_others_may_read_is_refused(tmp_path):
    path = tmp_path / "key"
    path.write_text("sk-file\n", encoding="utf-8")
    path.chmod(0o644)
    with pytest.raises(KeyRefused, match="chmod 600"):
        resolve_key(backend(key_file=str(path)), environ={})
    path.chmod(0o600)
    key = resolve_key(backend(key_file=str(path)), environ={})
    assert key is not None
    assert key.get_secret_value() == "sk-file"


def test_a_locked_keyring_is_said_in_one_line_without_its_output(monkeypatch):
    def locked(service, account):
        raise RuntimeError(f"sk-secret for {account}\nmore")

    monkeypatch.setitem(sys.modules, "keyring", SimpleNamespace(get_password=locked))
    with pytest.raises(KeyRefused, match=r"cannot be used \(RuntimeError\)"):
        read_system_keyring("service", "https://llm.example.org")


def test_a_key_hides_itself():
    key = resolve(backend(key_env="K"), {"K": "sk-secret"})
    assert "sk-secret" not in f"{key} {key!r}"


@pytest.mark.parametrize(
    ("settings", "environ", "told"),
    [
        (backend(key_env="K"), {}, "environment variable K"),
        (backend(key_file="~/key"), {}, "file ~/key"),
        (backend(keyring="s"), {}, "keyring s for https://llm.example.org"),
        (BackendSettings(name="m", kind="mistral"), {}, "environment variable CODESTRAL_API_KEY"),
        (
            BackendSettings(name="m", kind="mistral"),
            {"MISTRAL_API_KEY": "k"},
            "environment variable MISTRAL_API_KEY",
        ),
        (backend(), BOTH, ""),
        (BackendSettings(name="e", kind="embedded"), BOTH, ""),
    ],
)
def test_where_a_key_comes_from_can_be_told(settings, environ, told):
    assert describe_key(settings, environ) == told
