"""Every source against every setting, and attacks on the trust rules through the whole app.

What is expected here is written down by kinds of settings and not taken from ``config.trust``: a changed
row of its table fails.
"""

import asyncio
import itertools
import json
import os
import stat
import subprocess
import sys
import threading
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lsp_server.app import App
from lsp_server.config.approvals import Approvals
from lsp_server.config.editor import editor_layer
from lsp_server.config.layers import Inputs, resolve
from lsp_server.config.load import load
from lsp_server.config.sources import Layer, Source
from lsp_server.config.trust import TABLE
from lsp_server.context.staged import COMMAND, ENVIRONMENT, staged_diff, without_paths
from lsp_server.testing.canaries import watching
from lsp_server.testing.clock import ManualClock
from lsp_server.testing.configuration import write_config
from lsp_server.testing.fake_backends import FakeOpenAI
from lsp_server.testing.fixtures import cursor_at
from lsp_server.types import Request, Trigger

posix = pytest.mark.skipif(os.name != "posix", reason="needs file modes, links and pipes of POSIX")
ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
as_root = pytest.mark.skipif(not ROOT, reason="only root gives files away")

NAME = ".codestral-lsp.toml"
KEY = "Zx81kQ0vTn5Rb72MhWd4"
MISTRAL = {"MISTRAL_API_KEY": KEY, "CODESTRAL_API_KEY": KEY + "c"}
TEAM = {"name": "team", "kind": "openai", "url": "https://llm.example.org/v1"}


# 1. Every source, alone and with others, against every setting.

UNSAID = object()


@dataclass(frozen=True)
class Limit:
    """A setting whose values allow more or less: widest first. A narrowing source only ever gets less."""

    values: tuple
    editor: str = "set"
    default: Any = None

    def after(self, rules: dict[Source, str], said: dict[Source, Any]) -> Any:
        value, first = self.default, True
        for source, proposed in said.items():
            rule = rules[source]
            if rule == "fill":
                rule = "set" if first else "narrow"
            if rule == "set" or (rule == "narrow" and self._width(proposed) > self._width(value)):
                value = proposed
            first = False
        return value

    def _width(self, value: Any) -> int:
        return self.values.index(value)


@dataclass(frozen=True)
class Choice(Limit):
    """A setting whose values do not compare: who may set it sets it, nobody narrows it."""

    def _width(self, value: Any) -> int:
        raise AssertionError("nobody narrows it")


LIMITS = {
    "backends.*.minute_requests": Limit((None, 10, 3), default=None),
    "backends.*.daily_tokens": Limit((None, 1000, 30), default=None),
    "completion.enabled": Limit((True, False), default=True),
    "completion.menu": Limit(("always", "auto", "never"), default="auto"),
    "completion.max_lines": Limit((200, 16, 2), default=16),
    "completion.max_tokens": Limit((4096, 128, 8), default=128),
    "completion.languages.*": Limit((True, False), default=UNSAID),
    "completion.eagerness": Limit((1, 0.5, 0.25), default=0.5),
    "completion.candidates": Limit((8, 3, 1), default=3),
    "completion.speculation": Limit(("always", "local", "never"), default="local"),
    "context.enabled": Limit((True, False), default=True),
    "context.budget_tokens": Limit((9000, 2048, 1), default=2048),
    "context.budget_ms": Limit((2000, 50, 1), default=50),
    "context.sources": Limit((None, ("file", "edits"), ("file",)), default=None),
    "routing.order": Limit(((), ("team", "local"), ("local",)), default=()),
    "routing.hedge": Limit((True, False), default=True),
    "routing.max_wait_ms": Limit((120_000, 5000, 100), default=5000),
    "licence.production": Limit((False, True), default=False),
    "telemetry.enabled": Limit((True, False), default=True),
    "telemetry.prometheus": Limit((True, False), default=False),
    "backends.*.daily_requests": Limit((None, 10, 3), default=None),
    "backends.*.daily_cost": Limit((None, 2.5, 1), default=None),
}
"""How much is done and spent: an editor sets it, a repository gets less of it."""

PRIVACY = {
    "privacy.remote": Limit(("allow", "never"), "narrow", "never"),
    "privacy.exclude": Limit(((), ("a",), ("a", "b")), "narrow", ()),
    "privacy.local_only": Limit(((), ("a",), ("a", "b")), "narrow", ()),
    "privacy.secrets": Limit(("redact", "block"), "fill", "block"),
    "privacy.gitignored": Limit(("allow", "local_only"), "narrow", "local_only"),
}
"""How wide privacy is: only the user file widens it."""

CODE = {
    "backends.*.name": Choice(("b",), default=UNSAID),
    "backends.*.kind": Choice(("ollama", "mistral"), default="openai"),
    "backends.*.url": Choice(("https://b.example", "http://127.0.0.1:9"), default="http://127.0.0.1:8000/v1"),
    "backends.*.model": Choice(("m", "n"), default=""),
    "backends.*.family": Choice(("qwen", "starcoder2"), default=""),
    "backends.*.session_header": Choice(("x-session", "x-other"), default=""),
    "experiments.*": Choice((0.5, 2.0), default=UNSAID),
}
"""Where code goes and what is said beside it: an editor may (a new remote origin waits for a yes), a
repository never."""

KEYS = {
    "backends.*.trusted": Choice((True, False), "never", default=None),
    "backends.*.key_env": Choice(("K", "HOME"), "never", default=""),
    "backends.*.key_file": Choice(("/keys/k", "/etc/shadow"), "never", default=""),
    "backends.*.keyring": Choice(("service", "login"), "never", default=""),
}
"""Where keys go, and what counts as our own machine: the user file alone."""

REST = {
    "completion.debounce": Choice((0, 1000), default="adaptive"),
    "backends.*.context_tokens": Choice((512, 1024), default=None),
    "backends.*.concurrency": Choice((2, 8), default=None),
    "backends.*.keep_alive": Choice(("1m", "2m"), default="30m"),
    "backends.*.use_suffix": Choice((True, False), default=False),
    "backends.*.threads": Choice((2, 8), default=None),
    "backends.*.price_in": Choice((1, 2), default=None),
    "backends.*.price_out": Choice((1, 2), default=None),
}
"""How the server works: no business of a repository's."""

PROMPTS = {"actions.*": Choice(("a", "b"), "never", default=UNSAID)}
"""What a model is told to write: the user file alone."""

SETTINGS = LIMITS | PRIVACY | CODE | KEYS | REST | PROMPTS
NAMED_WITH_OTHERS = {"backends.*.name", "experiments.*", "actions.*"}
"""Tested by themselves below: a list's entry is there or not."""


def rules_of(pattern: str) -> dict[Source, str]:
    narrows = pattern in LIMITS or pattern in PRIVACY
    return {
        Source.USER: "set",
        Source.EDITOR: SETTINGS[pattern].editor,
        Source.WORKSPACE: "narrow" if narrows else "never",
    }


def test_every_setting_has_its_kind():
    """A new setting: say above whether it is about privacy, keys, where code goes, how much, or the rest."""
    assert sorted(row.pattern for row in TABLE) == sorted(SETTINGS)


def tree_of(pattern: str, value: Any) -> dict:
    section, _, name = pattern.partition(".")
    plain = list(value) if isinstance(value, tuple) else value
    if section == "backends":
        return {"backends": [{"name": "b", name.removeprefix("*."): plain}]}
    if pattern == "completion.languages.*":
        return {"completion": {"languages": {"go": plain}}}
    return {section: {name: plain}}


def base_of(pattern: str) -> dict:
    return {
        "backends": [{"name": "b", "kind": "openai", "url": "http://127.0.0.1:8000"}]
        if pattern.startswith("backends.") and not pattern.endswith(".url")
        else [{"name": "b", "kind": "openai"}, {"name": "local", "kind": "ollama"}, TEAM]
    }


def merged(base: dict, tree: dict) -> dict:
    if "backends" not in tree:
        return base | tree
    [entry] = tree["backends"]
    return {"backends": [old | (entry if old["name"] == "b" else {}) for old in base["backends"]]}


def in_force(pattern: str, said: dict[Source, Any]) -> Any:
    base = base_of(pattern)
    trees = {source: tree_of(pattern, value) for source, value in said.items()}
    user = merged(base, trees[Source.USER]) if Source.USER in trees else base
    result = resolve(
        Inputs(
            user=Layer(Source.USER, user, "config.toml"),
            editor=editor_layer(trees.get(Source.EDITOR)),
            workspaces=(Layer(Source.WORKSPACE, trees.get(Source.WORKSPACE), NAME),),
        )
    )
    section, _, name = pattern.partition(".")
    if section == "backends":
        backend = next(b for b in result.settings.backends if b.name == "b")
        if name == "*.url":
            return backend.address
        return getattr(backend, name.removeprefix("*."))
    if pattern == "completion.languages.*":
        return result.settings.completion.languages.get("go", UNSAID)
    return getattr(getattr(result.settings, section), name)


def cases():
    sources = (Source.USER, Source.EDITOR, Source.WORKSPACE)
    for pattern, setting in SETTINGS.items():
        if pattern in NAMED_WITH_OTHERS:
            continue
        for count in (1, 2, 3):
            for chosen in itertools.combinations(sources, count):
                for values in itertools.product(setting.values, repeat=count):
                    if None not in values:  # Null says nothing.
                        yield pattern, dict(zip(chosen, values, strict=True))


def test_every_source_alone_and_together_gets_what_its_kind_of_setting_allows():
    wrong = []
    tried = 0
    for pattern, said in cases():
        if pattern == "completion.languages.*" and Source.USER not in said:
            said = {Source.USER: True, **said}  # noqa: PLW2901 - a language is on unless somebody says otherwise
        expected = SETTINGS[pattern].after(rules_of(pattern), said)
        # A backend's key and its trust hold for the address that the user file gives; see the attacks.
        got = in_force(pattern, said)
        tried += 1
        if got != expected:
            wrong.append((pattern, said, expected, got))
    assert wrong == []
    assert tried > 900


@pytest.mark.parametrize("source", [Source.EDITOR, Source.WORKSPACE])
def test_only_an_editor_adds_backends_and_experiments_to_those_of_the_user(source):
    tree = {
        "backends": [{"name": "new", "kind": "ollama"}],
        "experiments": [{"name": "x", "arms": [{"backend": "b"}]}],
        "actions": [{"name": "mine", "prompt": "{target}"}],
    }
    user = Layer(Source.USER, base_of("backends.*.name"))
    layer = Layer(source, tree)
    result = resolve(
        Inputs(user, editor=layer) if source is Source.EDITOR else Inputs(user, workspaces=(layer,))
    )
    allowed = source is Source.EDITOR
    assert ("new" in [b.name for b in result.settings.backends]) is allowed
    assert bool(result.settings.experiments) is allowed
    assert result.settings.actions == ()
    assert any(problem.path.startswith("actions.mine") for problem in result.problems)


def test_the_user_has_actions_of_their_own():
    tree = {"actions": [{"name": "mine", "prompt": "{target}"}, {"name": "fix", "prompt": "no"}]}
    result = resolve(Inputs(Layer(Source.USER, tree)))
    assert [action.name for action in result.settings.actions] == ["mine"]
    assert any("an action that there is already" in str(problem) for problem in result.problems)


def test_the_environment_sets_nothing_but_ollamas_usual_address(tmp_path):
    """Not by any way of spelling a setting as a variable."""
    config = write_config(tmp_path / "c.toml", [{"name": "b", "kind": "openai"}])
    own = {"CODESTRAL_LSP_DATA_DIR": str(tmp_path / "data")}
    environ = dict(own)
    for pattern, setting in SETTINGS.items():
        name = pattern.replace("*", "b").upper()
        for value in setting.values:
            for spelled in (name.replace(".", "_"), name.replace(".", "__"), name, name.lower()):
                for prefix in ("", "CODESTRAL_", "CODESTRAL_LSP_", "CODESTRAL_LSP__"):
                    environ[prefix + spelled] = json.dumps(value)
    assert load(config, environ, None, []) == load(config, own, None, [])


# 2. As an attacker would.


@pytest.fixture
def environ(tmp_path):
    return {"CODESTRAL_LSP_DATA_DIR": str(tmp_path / "data"), "OLLAMA_HOST": "127.0.0.1:9", **MISTRAL}


@pytest.fixture(autouse=True)
def _no_embedded_engine(monkeypatch):
    monkeypatch.setattr("lsp_server.startup.find_spec", lambda name: None)


@dataclass
class Attack:
    """What came of a session: what was asked, said and shown, and where it connected to."""

    asked: list
    said: list
    places: list
    elsewhere: list
    settings: Any
    text: str | None
    gate: str | None
    explained: str


@pytest.fixture
def attack(tmp_path, environ):
    """A session of the whole app, in which one completion is asked for by hand."""
    folder, empty = tmp_path / "project", tmp_path / "empty.toml"
    folder.mkdir()
    empty.touch()

    async def run(config=None, *, editor=None, workspace=None, yes=False, path="/elsewhere/main.py"):
        if workspace is not None:
            (folder / NAME).write_text(workspace, encoding="utf-8")
        asked, said = [], []

        async def approve(origin, reason):
            asked.append(origin)
            return yes

        with watching() as watch:
            app = App(config or empty, environ, ManualClock())
            app.subscribe(lambda notice: said.append(notice.text), approve)
            app.set_workspace([str(folder)])
            if editor is not None:
                app.configure(editor)
            await app.start()
            answer = await app.complete(Request(cursor_at("x = ‸", path=path), Trigger.INVOKED, "t"))
            explained = json.dumps(app.explain())
            await app.close()
        text = answer.suggestion.text if answer.suggestion else None
        gate = answer.gate.name if answer.gate else None
        places = [place for place in watch.places if place != "127.0.0.1:9"]
        done = Attack(asked, said, places, watch.elsewhere, app.settings, text, gate, explained)
        for line in (*said, explained):
            assert KEY not in line
            assert "\n" not in line
        return done

    run.folder = folder
    return run


@asynccontextmanager
async def listener(answer="stolen\n"):
    """An attacker's server. It would answer, and must never be asked."""
    async with FakeOpenAI(answer) as fake:
        yield fake


@asynccontextmanager
async def users_own(tmp_path, **more):
    """A user file with one backend that answers, and needs a key."""
    async with FakeOpenAI("mine\n", key=KEY) as fake:
        own = {"name": "own", "kind": "openai", "url": fake.url, "key_env": "MISTRAL_API_KEY"}
        yield fake, write_config(tmp_path / "config.toml", [own], **more)


async def test_where_the_user_says_so_a_key_and_code_do_go(attack, tmp_path):
    """Else the tests below would show nothing."""
    async with users_own(tmp_path) as (fake, config):
        done = await attack(config)
        assert done.text == "mine"
        assert fake.requests[-1].headers["authorization"] == f"Bearer {KEY}"
        assert set(done.places) == {f"127.0.0.1:{fake.port}"}
    done = await attack(write_config(tmp_path / "config.toml", [TEAM]))
    assert "llm.example.org" in done.elsewhere[0]


WORKSPACE_ATTACKS = {
    "a backend of its own": '[[backends]]\nname = "evil"\nkind = "openai"\nurl = "{evil}"\n',
    "a backend of its own, first": (
        '[routing]\norder = ["evil"]\n[[backends]]\nname = "evil"\nkind = "openai"\nurl = "{evil}"\n'
    ),
    "another url": '[[backends]]\nname = "own"\nurl = "{evil}"\n',
    "another url, the same kind": '[[backends]]\nname = "own"\nkind = "openai"\nurl = "{evil}"\n',
    "another kind": '[[backends]]\nname = "own"\nkind = "mistral"\n',
    "no url": '[[backends]]\nname = "own"\nurl = ""\n',
    "a key's variable": '[[backends]]\nname = "own"\nkey_env = "HOME"\n',
    "a key's file": '[[backends]]\nname = "own"\nkey_file = "/etc/passwd"\n',
    "a keyring": '[[backends]]\nname = "own"\nkeyring = "login"\n',
    "a header for the key": '[[backends]]\nname = "own"\nsession_header = "Authorization"\n',
    "a header in two lines": '[[backends]]\nname = "own"\nsession_header = "x\\r\\nHost: evil"\n',
    "a reference in the model": '[[backends]]\nname = "own"\nmodel = "${{MISTRAL_API_KEY}}"\n',
    "a reference in the url": '[[backends]]\nname = "own"\nurl = "{evil}/${{MISTRAL_API_KEY}}"\n',
    "trust": '[[backends]]\nname = "own"\ntrusted = true\n',
    "headers": '[[backends]]\nname = "own"\nheaders = {{ Host = "{evil}" }}\n',
    "a proxy": 'proxy = "{evil}"\n[[backends]]\nname = "own"\nproxy = "{evil}"\n',
    "an experiment": (
        '[[experiments]]\nname = "x"\narms = [{{ backend = "evil" }}]\n'
        '[[backends]]\nname = "evil"\nkind = "openai"\nurl = "{evil}"\n'
    ),
    "the same name twice": (
        '[[backends]]\nname = "own"\n[[backends]]\nname = "own"\nurl = "{evil}"\nkind = "openai"\n'
    ),
    "names with dots": 'backends = [{{ "name" = "own", "url" = "{evil}", "x.url" = "{evil}" }}]\n',
    "under the editors' name": '[codestral]\nbackends = [{{ name = "own", url = "{evil}" }}]\n',
    "a table for the list": '[backends.own]\nurl = "{evil}"\n',
    "another user file": 'config = "/elsewhere/config.toml"\n[include]\npath = "/elsewhere/config.toml"\n',
}


@pytest.mark.parametrize("name", WORKSPACE_ATTACKS)
@pytest.mark.parametrize("address", ["listener", "elsewhere"])
async def test_a_repository_decides_nothing_about_where_code_or_keys_go(attack, tmp_path, name, address):
    async with listener() as evil, users_own(tmp_path) as (fake, config):
        url = evil.url if address == "listener" else "https://evil.example/v1"
        before = load(config, {**MISTRAL}, None, []).settings
        done = await attack(config, workspace=WORKSPACE_ATTACKS[name].format(evil=url))
        assert evil.requests == []
        assert set(done.places) == {f"127.0.0.1:{fake.port}"}
        assert done.text == "mine"
        assert all(request.headers["authorization"] == f"Bearer {KEY}" for request in fake.requests)
        assert all(request.headers["host"] == f"127.0.0.1:{fake.port}" for request in fake.requests)
        assert done.settings.backends == before.backends
        assert done.asked == []
        # It is told, in few words.
        assert 1 <= len(done.said) <= 4


async def test_a_repository_alone_starts_nothing(attack):
    async with listener() as evil:
        text = f'[[backends]]\nname = "x"\nkind = "openai"\nurl = "{evil.url}"\n[privacy]\nremote = "never"\n'
        done = await attack(workspace=text)
        assert (evil.requests, done.places) == ([], [])
        assert done.gate == "no_backend"


WIDER = {
    "remote": 'remote = "allow"',
    "secrets": 'secrets = "redact"',
    "an exclusion taken back": 'exclude = ["!private/**", "!*.pem"]',
    "a local path taken back": 'local_only = ["!**"]',
    "an empty list": "exclude = []\nlocal_only = []",
    "not said": "",
}


@pytest.mark.parametrize("source", ["workspace", "editor"])
@pytest.mark.parametrize("name", WIDER)
async def test_nobody_else_widens_privacy(attack, tmp_path, name, source):
    privacy = {"remote": "never", "exclude": ["private/**"], "local_only": ["inner/**"], "secrets": "block"}
    remote = {**TEAM, "key_env": "MISTRAL_API_KEY"}
    config = write_config(tmp_path / "config.toml", [remote], privacy=privacy)
    text = f"[privacy]\n{WIDER[name]}\n"
    import tomllib

    given = {"workspace": text} if source == "workspace" else {"editor": tomllib.loads(text)}
    done = await attack(config, yes=True, **given)
    assert done.elsewhere == []
    assert done.settings.privacy.model_dump() == {
        "remote": "never",
        "exclude": ("private/**",),
        "local_only": ("inner/**",),
        "secrets": "block",
    } | {k: v for k, v in done.settings.privacy.model_dump().items() if k not in privacy}
    done = await attack(config, path=str(attack.folder / "private" / "x.py"), **given)
    assert done.gate == "excluded_path"


LOOKALIKES = [
    "https://codestral.mistral.ai@evil.example",
    "https://codestral.mistral.ai:443@evil.example",
    "https://codestral.mistral.ai%40evil.example",
    "https://codestral.mistral.ai.evil.example",
    "https://codestral.mistral.ai.",
    "https://codestral.mistral.ai\\.evil.example",
    "https://codestral.mistral.ai#@evil.example",
    "https://codestral.mistral.ai?@evil.example",
    "https://codestral.mistral.ai:444",
    "https://codestral.mistral.ai:00443@evil.example",
    "https://c\u043edestral.mistral.ai",
    "https://codestral。mistral。ai",
    "https://\uff43odestral.mistral.ai",
    "https://xn--cdestral-d9i.mistral.ai",
    "https://codestra1.mistral.ai",
    "https://api-mistral.ai",
    "https://mistral.ai",
    "http://codestral.mistral.ai",
    "http://codestral.mistral.ai:443",
    "//codestral.mistral.ai",
    "https:codestral.mistral.ai",
    "https:///codestral.mistral.ai",
    "ftp://codestral.mistral.ai",
    "file:///etc/passwd",
    "unix:///run/evil.sock",
    "https://codestral.mistral.ai\n.evil.example",
    "https://codestral.mistral.ai\t.evil.example",
    " https://evil.example",
]
LOCAL_LOOKALIKES = [
    "http://127.0.0.1.nip.io",
    "http://localhost.evil.example",
    "http://localhost.",
    "http://localhost@evil.example",
    "http://127.0.0.1@evil.example",
    "http://[::1]@evil.example",
    "http://[::1].evil.example",
    "http://0.0.0.0",
    "http://[::]",
    "http://2130706433",
    "http://017700000001",
    "http://0x7f000001",
    "http://0177.0.0.1",
    "http://0x7f.0.0.1",
    "http://127.1",
    "http://127.0.1",
    "http://①②⑦.0.0.1",
    "http://128.0.0.1",
    "http://[::ffff:10.0.0.5]",
    "http://[::ffff:0:127.0.0.1]",
    "http://[64:ff9b::7f00:1]",
    "http://[fe80::1%25lo]",
    "http://169.254.169.254",
    "http://10.0.0.5",
    "http://metadata.google.internal",
    "http://127.0.0.1 .evil.example",
    "http://127.0.0.1%2eevil.example",
    "http://loopback",
    "http://ip6-localhost",
]


@pytest.mark.parametrize("url", LOOKALIKES + LOCAL_LOOKALIKES, ids=ascii)
@pytest.mark.parametrize("name", ["own", "new"])
async def test_an_address_that_looks_like_a_known_one_is_another(attack, tmp_path, environ, url, name):
    """As a new backend and in place of the user's own: nothing goes there, no key comes along with a yes."""
    async with users_own(tmp_path) as (_, config):
        editor = {"backends": [{"name": name, "kind": "openai", "url": url}], "routing": {"order": [name]}}
        done = await attack(config, editor=editor)
        assert done.elsewhere == []
        assert (
            set(done.asked) & {"https://codestral.mistral.ai", "http://127.0.0.1", "http://localhost"}
            == set()
        )
    result = load(config, environ, editor, [])
    for backend in result.settings.backends:
        if backend.url == url:
            assert result.allows(backend) is False
            assert backend.key_env == ""


@pytest.mark.parametrize(
    "url",
    ["http://[::ffff:127.0.0.1]:9", "http://[::ffff:7f00:1]:9", "http://127.5.5.5:9", "http://[0:0::1]:9"],
)
def test_loopback_in_full_is_loopback_however_it_is_written(environ, url):
    result = load(None, environ, {"backends": [{"name": "x", "kind": "openai", "url": url}]}, [])
    assert result.allows(result.settings.backends[0])


EDITOR_ATTACKS = {
    "url": {"url": "https://evil.example/v1"},
    "kind": {"kind": "mistral", "url": "https://evil.example"},
    "no url": {"kind": "mistral", "url": ""},
    "key_env": {"key_env": "CODESTRAL_API_KEY", "url": "https://evil.example"},
    "HOME": {"key_env": "HOME", "url": "https://evil.example"},
    "key_file": {"key_file": "/etc/passwd", "url": "https://evil.example"},
    "keyring": {"keyring": "login", "url": "https://evil.example"},
    "trusted": {"trusted": True, "url": "https://evil.example"},
    "headers": {"headers": {"Authorization": "x"}, "url": "https://evil.example"},
    "url with a reference": {"url": "https://evil.example/${MISTRAL_API_KEY}"},
    "a user name": {"url": "https://${MISTRAL_API_KEY}@evil.example"},
}


@pytest.mark.parametrize("yes", [False, True])
@pytest.mark.parametrize("name", EDITOR_ATTACKS)
async def test_an_editor_that_repeats_a_repositorys_settings_is_asked_about_and_gets_no_key(
    attack, tmp_path, environ, name, yes
):
    async with users_own(tmp_path) as (_, config):
        editor = {"codestral": {"backends": [{"name": "own", **EDITOR_ATTACKS[name]}]}}
        done = await attack(config, editor=editor, yes=yes)
        # Mistral's own address is known, and still nothing goes there without a yes: no file named it.
        asked = "https://codestral.mistral.ai" if name == "no url" else "https://evil.example"
        assert done.asked in ([], [asked])
        assert yes or done.elsewhere == []
        assert not [place for place in done.elsewhere if place.rpartition(":")[0] not in asked]
        result = load(config, environ, editor, [])
        from lsp_server.config.keys import resolve_key

        for backend in result.usable_backends:
            if backend.address.startswith("https://evil"):
                assert resolve_key(backend, environ=environ) is None


@pytest.mark.parametrize(
    "header", ["Authorization", "authorization", "x\r\nAuthorization: y", "Cookie", "Host", "a b"]
)
async def test_no_header_that_carries_a_key_is_the_session_header(attack, tmp_path, header):
    async with users_own(tmp_path) as (fake, config):
        done = await attack(config, editor={"backends": [{"name": "own", "session_header": header}]})
        assert done.text == "mine"
        assert len(done.said) == 1
        for request in fake.requests:
            assert request.headers["authorization"] == f"Bearer {KEY}"
            assert request.headers["host"] == f"127.0.0.1:{fake.port}"


async def test_references_to_the_environment_are_text(attack, tmp_path):
    """Nothing is put in their place: not in a model's name, and not in an address."""
    async with listener() as evil, users_own(tmp_path):
        config = write_config(tmp_path / "config.toml", [{"name": "own", "kind": "openai", "url": evil.url}])
        for reference in (
            "${MISTRAL_API_KEY}",
            "$MISTRAL_API_KEY",
            "%MISTRAL_API_KEY%",
            "{env:MISTRAL_API_KEY}",
        ):
            editor = {"backends": [{"name": "own", "model": reference, "url": f"{evil.url}/{reference}"}]}
            await attack(config, editor=editor)
        assert evil.requests
        for request in evil.requests:
            received = request.body + json.dumps(dict(request.headers)).encode() + request.path.encode()
            assert KEY.encode() not in received


async def test_a_loopback_address_of_an_editor_gets_code_and_no_key(attack, tmp_path):
    async with listener() as other, users_own(tmp_path) as (_, config):
        await attack(config, editor={"backends": [{"name": "own", "url": other.url}]})
        await attack(config, editor={"backends": [{"name": "own", "kind": "mistral", "url": other.url}]})
        await attack(editor={"backends": [{"name": "m", "kind": "mistral", "url": other.url}]})
        assert other.requests
        assert all(KEY not in json.dumps(dict(request.headers)) for request in other.requests)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(attack, tmp_path, status):
    class Redirecting(FakeOpenAI):
        target = ""

        async def answer_request(self, exchange):
            exchange.reply(status, b"{}", headers={"Location": self.target + "/completions"})

    async with listener() as evil, Redirecting() as fake:
        fake.target = evil.url
        own = {"name": "own", "kind": "openai", "url": fake.url, "key_env": "MISTRAL_API_KEY"}
        done = await attack(write_config(tmp_path / "config.toml", [own]))
        assert fake.requests
        assert evil.requests == []
        assert done.text is None
        assert set(done.places) == {f"127.0.0.1:{fake.port}"}


@pytest.mark.parametrize(
    "host", ["http://evil.example:11434", "evil.example", "10.0.0.5", "2130706433", "127.0.0.1.nip.io"]
)
@pytest.mark.parametrize("configured", [True, False])
async def test_ollama_on_another_machine_is_asked_about_first(attack, tmp_path, environ, host, configured):
    environ["OLLAMA_HOST"] = host
    del environ["MISTRAL_API_KEY"], environ["CODESTRAL_API_KEY"]
    config = write_config(tmp_path / "c.toml", [{"name": "o", "kind": "ollama"}]) if configured else None
    done = await attack(config)
    assert done.elsewhere == []
    assert len(done.asked) == 1


async def test_the_users_proxy_serves_other_machines_and_never_loopback(attack, tmp_path, monkeypatch):
    async with listener() as proxy, users_own(tmp_path) as (_, config):
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.origin)
            monkeypatch.setenv(name.lower(), proxy.origin)
        monkeypatch.setenv("NO_PROXY", "")
        done = await attack(config)
        assert done.text == "mine"
        assert proxy.requests == []
        done = await attack(write_config(tmp_path / "config.toml", [TEAM]))
        assert f"127.0.0.1:{proxy.port}" in done.places
        assert done.elsewhere == []


# Files.

HUGE = b"[completion]\nmax_lines = 3\n# " + b"x" * 10 * 1024 * 1024
MALFORMED = {
    "huge": HUGE,
    "deep lists": b"x = " + b"[" * 5000,
    "deep tables": b"[" + b".".join([b"a"] * 400) + b"]\n",
    "deep inline": b"x = " + b"{a=" * 5000,
    "truncated": b"[privacy]\nremote = ",
    "binary": bytes(range(256)) * 10,
    "nul": b"[completion]\nmax_lines = 3\n\0",
    "utf-16": "[completion]\nmax_lines = 3\n".encode("utf-16"),
    "utf-32": "[completion]\nmax_lines = 3\n".encode("utf-32"),
    "latin-1": "[completion]\n# é\n".encode("latin-1"),
    "escapes": b'[privacy]\nremote = "\x1b[2J\xe2\x80\xae"\n',
    "json": b'{"privacy": {"remote": "allow"}}',
    "many keys": b"\n".join(b"k%d = 1" % n for n in range(3000)),
    "a huge number": b"[completion]\nmax_lines = " + b"9" * 900,
    "twice": b"[privacy]\nremote = 'never'\n[privacy]\nremote = 'allow'\n",
}


@pytest.mark.parametrize("place", ["user file", "workspace"])
@pytest.mark.parametrize("name", MALFORMED)
async def test_a_malformed_file_is_said_once_and_nothing_leaves_the_machine(attack, tmp_path, name, place):
    """A file that cannot be read may have forbidden it."""
    config = write_config(tmp_path / "config.toml", [TEAM])
    (config if place == "user file" else attack.folder / NAME).write_bytes(MALFORMED[name])
    done = await attack(config)
    assert done.said
    assert len(done.said) <= 25
    assert all(line.isprintable() and len(line) < 1000 for line in done.said)
    if name not in {"many keys", "a huge number", "deep tables"}:
        assert done.elsewhere == []
        assert done.text is None


@posix
@pytest.mark.parametrize(
    "kind", ["link out", "link to a device", "fifo", "folder", "device", "socket", "loop"]
)
async def test_what_is_no_file_is_not_waited_for_and_not_read(attack, tmp_path, kind):
    target = attack.folder / NAME
    secret = tmp_path / "secret.toml"
    secret.write_text(f'[completion]\nmax_lines = 2\n{KEY} = "{KEY}"\n')
    if kind == "link out":
        target.symlink_to(secret)
    elif kind == "link to a device":
        target.symlink_to("/dev/zero")
    elif kind == "fifo":
        os.mkfifo(target)
    elif kind == "folder":
        target.mkdir()
    elif kind == "device":
        try:
            os.mknod(target, stat.S_IFCHR | 0o666, os.makedev(1, 5))
        except PermissionError:
            pytest.skip("may make no device")
    elif kind == "socket":
        import socket

        with socket.socket(socket.AF_UNIX) as bound:
            os.chdir(attack.folder)
            bound.bind(NAME)
    else:
        target.symlink_to(NAME)
    config = write_config(tmp_path / "config.toml", [TEAM])
    async with asyncio.timeout(5):
        done = await attack(config)
    assert done.settings.completion.max_lines == 16
    assert done.elsewhere == []
    assert len(done.said) == 1


@posix
def test_a_file_that_changes_while_it_is_read_is_one_or_the_other_or_refused(tmp_path):
    """Never a mixture that says more than either, and never an exception."""
    folder = tmp_path / "w"
    folder.mkdir()
    texts = ["[completion]\nmax_lines = 3\n" + "#" * 900 + "\n", "[completion]\nmax_lines = 5\n"]
    stop = threading.Event()

    def change():
        for text in itertools.cycle(texts):
            (folder / NAME).write_text(text)
            other = folder / "other"
            other.write_text(text)
            with suppress(OSError):
                other.rename(folder / NAME)
                (folder / NAME).unlink()
                (folder / NAME).symlink_to("/etc/passwd")
                (folder / NAME).unlink()
            if stop.is_set():
                return

    thread = threading.Thread(target=change)
    thread.start()
    seen = set()
    try:
        for _ in range(400):
            result = load(tmp_path / "none.toml", {}, None, [folder])
            seen.add(result.settings.completion.max_lines)
            assert "root:" not in str([str(problem) for problem in result.problems])
    finally:
        stop.set()
        thread.join()
    assert seen <= {3, 5, 16}


@posix
def test_the_user_file_may_lie_behind_linked_folders(tmp_path):
    """Dotfiles are kept so; what counts is who may write the file at the end."""
    (tmp_path / "dotfiles").mkdir()
    write_config(tmp_path / "dotfiles" / "config.toml", [TEAM])
    (tmp_path / "linked").symlink_to(tmp_path / "dotfiles")
    result = load(tmp_path / "linked" / "config.toml", {}, None, [])
    assert (result.problems, result.remote_allowed) == ((), True)
    (tmp_path / "dotfiles" / "config.toml").chmod(0o666)
    assert not load(tmp_path / "linked" / "config.toml", {}, None, []).remote_allowed


@posix
@pytest.mark.parametrize("mode", [0o666, 0o602, 0o777])
async def test_a_user_file_that_anybody_may_write_says_nothing(attack, tmp_path, mode):
    config = write_config(tmp_path / "config.toml", [TEAM])
    config.chmod(mode)
    done = await attack(config)
    assert done.elsewhere == []
    assert any("others may write it" in line and "chmod 600" in line for line in done.said)


@posix
@pytest.mark.parametrize("mode", [0o600, 0o400, 0o644, 0o664])
def test_a_user_file_that_others_only_read_counts(tmp_path, mode):
    config = write_config(tmp_path / "config.toml", [TEAM])
    config.chmod(mode)
    assert load(config, {}, None, []).remote_allowed


@as_root
def test_a_user_file_of_somebody_else_says_nothing(tmp_path):
    config = write_config(tmp_path / "config.toml", [TEAM])
    os.chown(config, 12345, 12345)
    result = load(config, {}, None, [])
    assert (result.remote_allowed, result.settings.backends) == (False, ())
    assert "chown" in str(result.problems[0])


@posix
@pytest.mark.parametrize("how", ["writable by all", "writable by a group", "a link", "a folder", "another's"])
async def test_approvals_that_others_could_have_written_do_not_count(attack, tmp_path, how):
    approvals = Approvals(tmp_path / "data")
    approvals.approve("https://evil.example")
    if how == "writable by all":
        approvals.file.chmod(0o666)
    elif how == "writable by a group":
        approvals.file.chmod(0o660)
    elif how == "a link":
        approvals.file.rename(tmp_path / "planted.json")
        approvals.file.symlink_to(tmp_path / "planted.json")
    elif how == "a folder":
        approvals.file.unlink()
        approvals.file.mkdir()
    elif ROOT:
        os.chown(approvals.file, 12345, 12345)
    else:
        pytest.skip("only root gives files away")
    done = await attack(editor={"backends": [{"name": "x", "kind": "openai", "url": "https://evil.example"}]})
    assert done.elsewhere == []
    assert done.asked == ["https://evil.example"]


@pytest.mark.parametrize("relative", ["data", "./data", "../data", "."])
def test_approvals_in_the_open_folder_do_not_count(tmp_path, monkeypatch, relative):
    (tmp_path / "repository").mkdir()
    monkeypatch.chdir(tmp_path / "repository")
    Approvals(Path(relative)).approve("https://evil.example")
    environ = {"CODESTRAL_LSP_DATA_DIR": relative, "HOME": str(tmp_path / "home")}
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home" / "share"))
    editor = {"backends": [{"name": "x", "kind": "openai", "url": "https://evil.example"}]}
    result = load(None, environ, editor, [])
    assert result.needs_approval == (("x", "https://evil.example"),)


@pytest.mark.parametrize("path", ["../../etc", "/etc/passwd", "~/.ssh/id_rsa", "..\\..\\x", "C:\\keys"])
def test_a_repositorys_paths_are_patterns_and_nothing_else(tmp_path, path):
    """They add to what is left out; none of them is opened."""
    folder = tmp_path / "w"
    folder.mkdir()
    (folder / NAME).write_text(f"[privacy]\nexclude = [{json.dumps(path)}]\n")
    opened = []
    hook = [True]

    def audit(event, arguments):
        if hook and event == "open":
            opened.append(str(arguments[0]))

    sys.addaudithook(audit)
    result = load(tmp_path / "none.toml", {"CODESTRAL_LSP_DATA_DIR": str(tmp_path / "d")}, None, [folder])
    hook.clear()
    assert set(result.settings.privacy.exclude) <= {path}
    assert not [name for name in opened if "passwd" in name or "id_rsa" in name or "keys" in name]


@pytest.mark.parametrize(
    "shape", [lambda n: {"a": n}, lambda n: [n], lambda n: {"backends": [n]}, lambda n: {"codestral": n}]
)
async def test_an_editors_tree_may_be_as_deep_as_it_likes(attack, shape):
    tree = {}
    for _ in range(900):
        tree = shape(tree)
    done = await attack(editor=tree)
    assert done.elsewhere == [] or all("mistral" in place for place in done.elsewhere)


# Programs that are run.


def git(folder, *arguments, **environ):
    quiet = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "HOME": str(folder), **environ}
    who = ("-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "init.defaultBranch=main")
    command = ["git", *who, "-c", "protocol.file.allow=always", *arguments]
    return subprocess.run(
        command,
        cwd=folder,
        check=True,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=20,
        env={**os.environ, **quiet},
    )


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with a staged change, and a program that leaves a mark when it is run."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "a.py").write_text("one = 1\n")
    git(folder, "add", "a.py")
    git(folder, "commit", "-q", "-m", "first")
    (folder / "a.py").write_text("two = 2\n")
    git(folder, "add", "a.py")
    return folder


@pytest.fixture
def trap(tmp_path):
    program = tmp_path / "trap.sh"
    mark = tmp_path / "sprung"
    program.write_text(f"#!/bin/sh\necho run >> '{mark}'\n")
    program.chmod(0o755)
    return program, mark


def whole_diff(folder):
    """What the server's command says, run to its end: the server leaves it earlier, perhaps before a trap."""
    environ = {**os.environ, **ENVIRONMENT}
    done = subprocess.run(COMMAND, cwd=folder, env=environ, capture_output=True, timeout=20, check=False)
    return done.stdout.decode()


def message_of(folder):
    return str(folder / ".git" / "COMMIT_EDITMSG")


CONFIGURED = {
    "core.fsmonitor": {"core.fsmonitor": "{trap}"},
    "core.pager": {"core.pager": "{trap}", "pager.diff": "{trap}"},
    "diff.external": {"diff.external": "{trap}"},
    "diff driver": {
        "diff.evil.command": "{trap}",
        "diff.evil.textconv": "{trap}",
        "diff.evil.cachetextconv": "true",
    },
    "filter": {
        "filter.evil.clean": "{trap}",
        "filter.evil.smudge": "{trap}",
        "filter.evil.process": "{trap}",
    },
    "hooks": {"core.hooksPath": "{folder}"},
    "alias": {"alias.diff": "!{trap}"},
    "ssh, editor, askpass": {"core.sshCommand": "{trap}", "core.editor": "{trap}", "core.askPass": "{trap}"},
    "include": {"include.path": "/dev/zero"},
}


@posix
@pytest.mark.parametrize("name", CONFIGURED)
async def test_a_repositorys_git_configuration_runs_nothing(repository, trap, name):
    program, mark = trap
    (repository / ".gitattributes").write_text("* diff=evil filter=evil\n")
    git(repository, "add", ".gitattributes")
    (repository / "post-index-change").write_text(program.read_text())
    (repository / "post-index-change").chmod(0o755)
    for key, value in CONFIGURED[name].items():
        git(repository, "config", key, value.format(trap=program, folder=repository))
    diff = await staged_diff(message_of(repository)) and await asyncio.to_thread(whole_diff, repository)
    assert not mark.exists()
    assert "two = 2" in diff or name == "include"


@posix
async def test_a_submodules_configuration_runs_nothing(repository, trap, tmp_path):
    """``diff.submodule = diff`` has git start another git there, which knows nothing of our options."""
    program, mark = trap
    inner = tmp_path / "inner"
    inner.mkdir()
    git(inner, "init", "-q")
    (inner / "b.py").write_text("b = 1\n")
    git(inner, "add", "b.py")
    git(inner, "commit", "-q", "-m", "first")
    git(repository, "submodule", "add", "-q", str(inner), "sub")
    git(repository, "commit", "-q", "-m", "with it")
    (repository / "sub" / "b.py").write_text("b = 2\n")
    git(repository / "sub", "commit", "-q", "-a", "-m", "second")
    git(repository, "add", "sub")
    git(repository, "config", "diff.submodule", "diff")
    git(repository / "sub", "config", "diff.external", str(program))
    await staged_diff(message_of(repository))
    await asyncio.to_thread(whole_diff, repository)
    assert not mark.exists()


@posix
async def test_a_missing_object_is_not_fetched(repository, trap):
    """A repository that claims to be a partial clone names the program that brings the rest."""
    program, mark = trap
    listed = git(repository, "ls-files", "-s", "a.py").stdout.decode().split()[1]
    (repository / ".git" / "objects" / listed[:2] / listed[2:]).unlink()
    for key, value in {
        "core.repositoryFormatVersion": "1",
        "extensions.partialClone": "origin",
        "remote.origin.url": f"ext::{program}",
        "remote.origin.promisor": "true",
        "protocol.ext.allow": "always",
        "remote.origin.uploadpack": str(program),
    }.items():
        git(repository, "config", key, value)
    await staged_diff(message_of(repository))
    await asyncio.to_thread(whole_diff, repository)
    git(repository, "config", "remote.origin.url", str(repository))
    await staged_diff(message_of(repository))
    await asyncio.to_thread(whole_diff, repository)
    assert not mark.exists()


HOSTILE_NAMES = [
    "-o",
    "--exec=x",
    "--output=x",
    "$(touch x)",
    "`touch x`",
    "a;touch x",
    "a\nb",
    "a|b",
    '"',
    "\\",
]


@posix
async def test_hostile_file_names_are_names(repository):
    for name in HOSTILE_NAMES:
        (repository / f"{name}.py").write_text("x = 1\n")
    git(repository, "add", "-A")
    before = sorted(repository.iterdir())
    diff = await staged_diff(message_of(repository))
    assert diff.count("+x = 1") == len(HOSTILE_NAMES)
    assert sorted(repository.iterdir()) == before


@posix
@pytest.mark.parametrize(
    "setting", ["diff.noprefix", "diff.mnemonicPrefix", "core.quotePath", "diff.renames", "none"]
)
@pytest.mark.parametrize(
    "name", [".env", 'quoted"/.env', "new\nline/.env", "a b/.env", "ä/.env", "x b/y/.env", "tab\t/.env"]
)
async def test_an_excluded_file_leaves_a_staged_diff_however_git_spells_it(repository, setting, name):
    from lsp_server.policy.paths import PathRules

    path = repository / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("TOKEN=canary\n")
    if setting != "none":
        git(repository, "config", setting, "true")
    git(repository, "add", "-A")
    kept = without_paths(await staged_diff(message_of(repository)), PathRules().is_excluded)
    assert "canary" not in kept
    assert "two = 2" in kept


@posix
async def test_a_renamed_excluded_file_leaves_it_too(repository):
    from lsp_server.policy.paths import PathRules

    (repository / ".env").write_text("".join(f"line{n}=canary\n" for n in range(30)))
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "second")
    git(repository, "mv", ".env", "settings.txt")
    (repository / "settings.txt").write_text("".join(f"line{n}=canary\n" for n in range(31)))
    git(repository, "add", "-A")
    assert "canary" not in without_paths(await staged_diff(message_of(repository)), PathRules().is_excluded)
