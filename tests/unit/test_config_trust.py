"""What each source may set: every source against every setting, as an attacker would try it."""

import pytest

from lsp_server.config.editor import editor_layer
from lsp_server.config.layers import Inputs, resolve
from lsp_server.config.settings import BackendSettings, Section, Settings
from lsp_server.config.sources import Layer, Source
from lsp_server.config.trust import TABLE, Rule, is_remote, pattern_of, rule_for

TEAM = {"name": "team", "kind": "openai", "url": "https://llm.example.org/v1", "key_env": "TEAM_KEY"}
LOCAL = {"name": "local", "kind": "ollama"}
EVIL = "https://evil.example"

SENSITIVE = {
    "url": EVIL,
    "kind": "mistral",
    "key_env": "HOME",
    "key_file": "/etc/shadow",
    "keyring": "login",
    "trusted": True,
    "session_header": "x-session-id",
}
"""Settings of a backend with which code or a key could be sent elsewhere."""

ONLY_USER = {"key_env", "key_file", "keyring", "trusted"}


def resolved(user=None, *, editor=None, workspace=None, approved=()):
    return resolve(
        Inputs(
            user=Layer(Source.USER, user, "config.toml"),
            editor=editor_layer(editor),
            workspaces=(Layer(Source.WORKSPACE, workspace, ".codestral-lsp.toml"),),
            approved=frozenset(approved),
        )
    )


def backend(result, name):
    return next(b for b in result.settings.backends if b.name == name)


def test_the_table_has_every_setting_once_and_nothing_else():
    expected = {
        "experiments.*",
        "actions.*",
        *(f"backends.*.{name}" for name in BackendSettings.model_fields),
    }
    defaults = Settings()
    for section in Settings.model_fields:
        value = getattr(defaults, section)
        if isinstance(value, Section):
            expected |= {f"{section}.{name}" for name in type(value).model_fields}
    expected = (expected - {"completion.languages"}) | {"completion.languages.*"}
    assert sorted(row.pattern for row in TABLE) == sorted(expected)


def test_what_may_narrow_can_be_narrowed():
    for row in TABLE:
        narrows = {Rule.NARROW, Rule.FILL} & {row.of(source) for source in Source}
        assert bool(narrows) == (row.narrow is not None), row.pattern


def test_a_workspace_never_sets_and_the_environment_sets_one_thing():
    for row in TABLE:
        assert row.workspace in {Rule.NARROW, Rule.NEVER}
        assert row.environment is (Rule.SET if row.pattern == "backends.*.url" else Rule.NEVER)


@pytest.mark.parametrize("source", list(Source))
@pytest.mark.parametrize(
    "path", ["backends.x.headers", "backends.x.proxy", "shell.command", "x", "", "privacy"]
)
def test_what_is_not_in_the_table_may_be_set_by_nobody(path, source):
    assert rule_for(path, source) is Rule.NEVER


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("backends.my.team.v2.url", "backends.*.url"),
        ("completion.languages.c.x", "completion.languages.*"),
        ("experiments.a.b", "experiments.*"),
        ("privacy.remote", "privacy.remote"),
    ],
)
def test_names_may_have_dots(path, pattern):
    assert pattern_of(path) == pattern


@pytest.mark.parametrize("name", SENSITIVE)
def test_the_user_file_sets_everything_sensitive(name):
    entry = {"name": "x", "kind": "openai", "url": "https://x.example"} | {name: SENSITIVE[name]}
    result = resolved({"backends": [entry]})
    assert result.problems == ()
    assert getattr(backend(result, "x"), name) == SENSITIVE[name]
    assert result.origins[f"backends.x.{name}"] is Source.USER


@pytest.mark.parametrize("base", [TEAM, LOCAL], ids=["hosted", "local"])
@pytest.mark.parametrize("name", SENSITIVE)
def test_a_workspace_sets_nothing_sensitive(name, base):
    user = {"backends": [base]}
    result = resolved(user, workspace={"backends": [{"name": base["name"], name: SENSITIVE[name]}]})
    assert result.settings == resolved(user).settings
    assert [problem.source for problem in result.problems] == [Source.WORKSPACE]
    assert result.problems[0].path == f"backends.{base['name']}.{name}"


@pytest.mark.parametrize(
    "entry", [TEAM, LOCAL, {"name": "m", "kind": "mistral"}, {"name": "e", "kind": "embedded"}]
)
def test_a_workspace_names_no_backend(entry):
    result = resolved(workspace={"backends": [entry]})
    assert result.settings.backends == ()
    assert result.needs_approval == ()
    assert len(result.problems) == 1


@pytest.mark.parametrize("name", sorted(ONLY_USER))
@pytest.mark.parametrize("user", [None, {"backends": [TEAM]}], ids=["own backend", "the user's backend"])
def test_an_editor_sets_no_key_and_no_trust(name, user):
    entry = {"name": "team", "kind": "openai", "url": TEAM["url"], name: SENSITIVE[name]}
    result = resolved(user, editor={"backends": [entry]}, approved={"https://llm.example.org"})
    before = resolved(user).settings.backends
    assert getattr(backend(result, "team"), name) == (
        getattr(before[0], name) if before else BackendSettings.model_fields[name].default
    )
    [problem] = result.problems
    assert (problem.source, problem.path) == (Source.EDITOR, f"backends.team.{name}")
    assert str(SENSITIVE[name]) not in str(problem)


@pytest.mark.parametrize("name", sorted(set(SENSITIVE) - ONLY_USER))
def test_an_editor_sets_the_rest(name):
    entry = {"name": "x", "kind": "openai", "url": "http://127.0.0.1:8000"} | {name: SENSITIVE[name]}
    result = resolved(editor={"backends": [entry]})
    assert result.problems == ()
    assert getattr(backend(result, "x"), name) == SENSITIVE[name]


@pytest.mark.parametrize("place", ["user", "editor", "workspace"])
@pytest.mark.parametrize("name", ["api_key", "headers", "proxy", "command", "verify", "env"])
def test_settings_that_do_not_exist_on_purpose(name, place):
    entry = {"name": "local", "kind": "ollama", name: "sk-secret"}
    result = resolved(**{"user": {"backends": [LOCAL]}} | {place: {"backends": [entry]}})
    [problem] = result.problems
    assert problem.path == f"backends.local.{name}"
    assert "secret" not in str(problem)


NARROWING = [
    # path, the user's value, the workspace's value, the value in force, whether the user is told
    ("completion.enabled", True, False, False, False),
    ("completion.enabled", False, True, False, True),
    ("completion.menu", "always", "auto", "auto", False),
    ("completion.menu", "auto", "never", "never", False),
    ("completion.menu", "never", "always", "never", True),
    ("completion.debounce", 100, 0, 100, True),
    ("completion.debounce", 100, 1000, 100, True),
    ("completion.max_lines", 10, 3, 3, False),
    ("completion.max_lines", 10, 200, 10, False),
    ("completion.max_tokens", 100, 4096, 100, False),
    ("completion.eagerness", 0.5, 1.0, 0.5, False),
    ("completion.eagerness", 0.5, 0.1, 0.1, False),
    ("completion.candidates", 3, 8, 3, False),
    ("completion.languages", {"c": False}, {"c": True, "go": False}, {"c": False, "go": False}, True),
    ("context.enabled", False, True, False, True),
    ("context.budget_tokens", 100, 9000, 100, False),
    ("context.budget_ms", 10, 0, 0, False),
    ("context.sources", ["file", "edits"], ["edits", "imports"], ("edits",), False),
    ("privacy.remote", "allow", "never", "never", False),
    ("privacy.remote", "never", "allow", "never", True),
    ("privacy.exclude", ["a"], ["b", "a"], ("a", "b"), False),
    ("privacy.exclude", ["a"], [], ("a",), False),
    ("privacy.exclude", ["a"], ["!a", "b"], ("a", "b"), True),
    ("privacy.local_only", ["a"], ["!**", "b"], ("a", "b"), True),
    ("privacy.gitignored", "allow", "local_only", "local_only", False),
    ("privacy.gitignored", "local_only", "allow", "local_only", True),
    ("privacy.secrets", "redact", "block", "block", False),
    ("privacy.secrets", "block", "redact", "block", True),
    ("routing.order", [], ["local"], ("local",), False),
    ("routing.order", ["local", "team"], ["team", "local"], ("team", "local"), False),
    ("routing.order", ["local"], ["team"], ("local",), True),
    ("routing.order", ["local"], [], ("local",), True),
    ("routing.order", [], ["evil", "local"], ("local",), False),
    ("routing.order", [], ["evil"], (), True),
    ("routing.order", ["local", "nowhere"], ["nowhere"], ("local",), True),
    ("routing.hedge", False, True, False, True),
    ("routing.hedge", True, False, False, False),
    ("routing.max_wait_ms", 500, 120_000, 500, False),
    ("licence.production", True, False, True, True),
    ("licence.production", False, True, True, False),
    ("telemetry.enabled", False, True, False, True),
    ("telemetry.prometheus", False, True, False, True),
    ("telemetry.prometheus", True, False, False, False),
]


@pytest.mark.parametrize(("path", "before", "asked", "after", "told"), NARROWING)
def test_a_workspace_may_only_narrow(path, before, asked, after, told):
    section, name = path.split(".")
    user = {"backends": [LOCAL, TEAM]} | {section: {name: before}}
    result = resolved(user, workspace={section: {name: asked}})
    assert getattr(getattr(result.settings, section), name) == after
    assert bool(result.problems) is told
    assert result.policy_valid


@pytest.mark.parametrize("name", ["daily_requests", "daily_cost"])
def test_a_workspace_may_lower_a_backends_budget(name):
    user = {"backends": [TEAM | {name: 10}]}
    for asked, after in ((3, 3), (30, 10)):
        result = resolved(user, workspace={"backends": [{"name": "team", name: asked}]})
        assert result.problems == ()
        assert getattr(backend(result, "team"), name) == after
    result = resolved({"backends": [TEAM]}, workspace={"backends": [{"name": "team", name: 5}]})
    assert getattr(backend(result, "team"), name) == 5


def test_a_workspace_starts_no_experiment():
    arms = [{"backend": "team"}, {"backend": "local"}]
    result = resolved({"backends": [LOCAL, TEAM]}, workspace={"experiments": [{"name": "x", "arms": arms}]})
    assert result.settings.experiments == ()
    assert len(result.problems) == 1


def test_an_editor_narrows_what_the_user_says_about_privacy():
    user = {"privacy": {"remote": "never", "exclude": ["a"], "local_only": ["b"], "secrets": "block"}}
    wide = {"remote": "allow", "exclude": ["!a"], "local_only": [], "secrets": "redact"}
    result = resolved(user, editor={"privacy": wide})
    assert result.settings.privacy == resolved(user).settings.privacy
    assert {problem.path for problem in result.problems} == {
        "privacy.remote",
        "privacy.exclude",
        "privacy.secrets",
    }


def test_an_editor_never_has_ignored_files_sent():
    wide = {"privacy": {"gitignored": "allow"}}
    for user in ({}, {"privacy": {"gitignored": "local_only"}}):
        result = resolved(user, editor=wide)
        assert result.settings.privacy.gitignored == "local_only"
        assert [problem.path for problem in result.problems] == ["privacy.gitignored"]
    assert resolved(wide).settings.privacy.gitignored == "allow"
    narrow = {"privacy": {"gitignored": "local_only"}}
    assert resolved(wide, editor=narrow).settings.privacy.gitignored == "local_only"


def test_an_editor_may_say_how_to_treat_secrets_where_the_user_file_does_not():
    result = resolved(editor={"privacy": {"secrets": "redact"}})
    assert result.settings.privacy.secrets == "redact"
    result = resolved(editor={"privacy": {"secrets": "redact"}}, workspace={"privacy": {"secrets": "block"}})
    assert result.settings.privacy.secrets == "block"


@pytest.mark.parametrize("pattern", ["**/a/**/b/**", "*a*a*a*b", "a**b", "a/" * 200])
def test_a_repositorys_pattern_must_not_take_long_to_match(pattern):
    result = resolved(workspace={"privacy": {"exclude": [pattern, "b"]}})
    assert result.settings.privacy.exclude == ("b",)
    # It cannot be honoured, so nothing goes to another machine.
    assert not result.policy_valid
    assert resolved({"privacy": {"exclude": [pattern]}}).settings.privacy.exclude == (pattern,)


@pytest.mark.parametrize(
    ("options", "remote"),
    [
        ({"kind": "ollama"}, False),
        ({"kind": "openai"}, False),
        ({"kind": "llamacpp"}, False),
        ({"kind": "embedded"}, False),
        ({"kind": "mistral"}, True),
        ({"kind": "ollama", "url": "http://localhost:11434"}, False),
        ({"kind": "ollama", "url": "http://LOCALHOST"}, False),
        ({"kind": "ollama", "url": "http://[::1]:1"}, False),
        ({"kind": "ollama", "url": "http://localhost.evil.example"}, True),
        ({"kind": "ollama", "url": "http://127.0.0.1.evil.example"}, True),
        ({"kind": "ollama", "url": "http://127.0.0.1@evil.example"}, True),
        ({"kind": "ollama", "url": "http://[::1].evil.example"}, True),
        ({"kind": "ollama", "url": "http://localhost."}, True),
        ({"kind": "ollama", "url": "http://0.0.0.0"}, True),
        ({"kind": "ollama", "url": "garbage"}, True),
        ({"kind": "mistral", "trusted": True}, False),
        ({"kind": "ollama", "trusted": False}, True),
        ({"kind": "embedded", "trusted": False}, True),
    ],
)
def test_remote_is_what_is_not_loopback_unless_the_user_says_otherwise(options, remote):
    assert is_remote(BackendSettings(name="x", **options)) is remote
