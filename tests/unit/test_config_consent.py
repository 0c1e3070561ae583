"""What allows code to leave the machine, and what holds an unknown origin back."""

import pytest

from lsp_server.config.editor import editor_layer
from lsp_server.config.environment import read_environment
from lsp_server.config.layers import Inputs, resolve
from lsp_server.config.settings import BackendSettings
from lsp_server.config.sources import Layer, Source

MISTRAL = {"name": "m", "kind": "mistral"}
TEAM = {"name": "team", "kind": "openai", "url": "https://llm.example.org/v1"}
LOCAL = {"name": "local", "kind": "ollama"}
KEY = {"MISTRAL_API_KEY": "sk-1"}
GPU = {"OLLAMA_HOST": "gpu.lan"}
GPU_ORIGIN = "http://gpu.lan:11434"
ALLOW = {"privacy": {"remote": "allow"}}
NEVER = {"privacy": {"remote": "never"}}


def resolved(user=None, *, editor=None, workspace=None, environ=None, approved=()):
    return resolve(
        Inputs(
            user=Layer(Source.USER, user, "config.toml"),
            environment=read_environment(environ or {}),
            editor=editor_layer(editor),
            workspaces=(Layer(Source.WORKSPACE, workspace, ".codestral-lsp.toml"),),
            approved=frozenset(approved),
        )
    )


def names(result):
    return [backend.name for backend in result.usable_backends]


def backend(result, name):
    return next(b for b in result.settings.backends if b.name == name)


CONSENT = [
    # what is said, whether remote is allowed
    ({}, False),
    ({"environ": KEY}, True),
    ({"environ": KEY, "user": {"backends": []}}, True),
    ({"environ": KEY, "user": {"backends": [LOCAL]}}, False),
    ({"environ": KEY, "editor": {"backends": [LOCAL]}}, False),
    ({"environ": KEY, "editor": {"backends": [MISTRAL]}}, False),
    ({"environ": KEY, "editor": {"backends": [TEAM]}}, False),
    ({"environ": KEY, "user": {"backends": {"team": TEAM}}}, False),
    ({"environ": KEY, "user": {"backends": [TEAM | {"url": "https://x y"}]}}, False),
    ({"environ": KEY, "user": NEVER}, False),
    ({"environ": KEY, "editor": NEVER}, False),
    ({"environ": KEY, "workspace": NEVER}, False),
    ({"environ": KEY, "workspace": {"backends": [LOCAL]}}, True),
    ({"environ": GPU}, False),
    ({"environ": GPU, "approved": {GPU_ORIGIN}}, True),
    ({"user": {"backends": [LOCAL]}}, False),
    ({"user": {"backends": [LOCAL]}, "environ": GPU}, False),
    ({"user": {"backends": [LOCAL]}, "environ": GPU, "approved": {GPU_ORIGIN}}, True),
    ({"user": {"backends": [MISTRAL]}}, True),
    ({"user": {"backends": [TEAM]}}, True),
    ({"user": {"backends": [TEAM | {"trusted": True}]}}, False),
    ({"user": {"backends": [LOCAL | {"trusted": False}]}}, True),
    ({"user": {"backends": [{"name": "e", "kind": "embedded"}]}}, False),
    ({"user": ALLOW}, True),
    ({"user": ALLOW, "workspace": NEVER}, False),
    ({"user": ALLOW, "editor": NEVER}, False),
    ({"user": NEVER | {"backends": [MISTRAL]}}, False),
    ({"user": NEVER, "editor": ALLOW}, False),
    ({"user": NEVER, "workspace": ALLOW}, False),
    ({"user": NEVER, "editor": {"backends": [TEAM]}, "approved": {"https://llm.example.org"}}, False),
    ({"user": {"backends": [MISTRAL]}, "workspace": NEVER}, False),
    ({"user": {"backends": [MISTRAL]}, "editor": NEVER}, False),
    ({"user": {"backends": [MISTRAL]}, "editor": {"privacy": {"remote": None}}}, True),
    ({"editor": ALLOW}, False),
    ({"workspace": ALLOW}, False),
    ({"editor": ALLOW | {"backends": [MISTRAL]}}, False),
    ({"editor": {"backends": [MISTRAL]}}, False),
    ({"editor": {"backends": [TEAM]}}, False),
    ({"editor": {"backends": [TEAM]}, "approved": {"https://llm.example.org"}}, True),
    ({"editor": {"backends": [TEAM]}, "approved": {"http://llm.example.org"}}, False),
    ({"editor": {"backends": [TEAM]}, "approved": {"https://llm.example.org:8443"}}, False),
    ({"editor": {"backends": [TEAM]}, "approved": {"https://example.org"}}, False),
    ({"approved": {"https://llm.example.org"}}, False),
    ({"user": {"backends": [LOCAL]}, "approved": {"https://llm.example.org"}}, False),
]


@pytest.mark.parametrize(("said", "allowed"), CONSENT)
def test_what_allows_remote_backends(said, allowed):
    assert resolved(**said).remote_allowed is allowed


INVALID = [
    {"privacy": {"remote": "nevr"}},
    {"privacy": {"remote": False}},
    {"privacy": {"remot": "never"}},
    {"privacy": {"exclude": "secret/**"}},
    {"privacy": {"exclude": ["ok", 3]}},
    {"privacy": {"local_only": ["[z-a]"]}},
    {"privacy": {"local_only": ["[Z-a]"]}},
    {"privacy": {"local_only": ["[[a]"]}},
    {"privacy": {"local_only": ["a\\"]}},
    {"privacy": {"local_only": [""]}},
    {"privacy": {"gitignored": "never"}},
    {"privacy": {"secrets": True}},
    {"privacy": []},
    {"privacy": "never"},
]


@pytest.mark.parametrize("source", ["user", "editor", "workspace"])
@pytest.mark.parametrize("tree", INVALID)
def test_an_invalid_word_about_privacy_refuses_everything_remote(tree, source):
    user = {"backends": [MISTRAL]} | (tree if source == "user" else {})
    result = resolved(user, **({} if source == "user" else {source: tree}))
    assert not result.policy_valid
    assert not result.remote_allowed
    assert result.remote_refused
    assert not result.may_discover_remote
    assert result.problems


@pytest.mark.parametrize(
    "tree", [{"privcy": {"remote": "never"}}, {"Privacy": {}}, {"local_only": ["x"]}, {"remote": "never"}]
)
def test_a_misspelled_privacy_section_does_too(tree):
    assert not resolved(tree | {"backends": [MISTRAL]}).remote_allowed


def test_a_wrong_trusted_in_the_user_file_does_too():
    result = resolved({"backends": [MISTRAL, LOCAL | {"trusted": "no"}]})
    assert not result.policy_valid


@pytest.mark.parametrize("source", [Source.USER, Source.WORKSPACE])
def test_a_file_that_cannot_be_read_does_too(source):
    broken = Layer(source, None, "x.toml", "it is not TOML")
    user = broken if source is Source.USER else Layer(Source.USER, {"backends": [MISTRAL]})
    inputs = Inputs(
        user=user,
        environment=read_environment(KEY),
        workspaces=(broken,) if source is Source.WORKSPACE else (),
    )
    result = resolve(inputs)
    assert not result.policy_valid
    assert not result.remote_allowed
    [problem] = result.problems
    assert "x.toml" in str(problem)


def test_an_invalid_value_elsewhere_does_not():
    result = resolved({"backends": [MISTRAL], "completion": {"max_lines": -1}})
    assert result.policy_valid
    assert result.remote_allowed


def test_an_origin_that_only_an_editor_names_waits_for_approval():
    editor = {"backends": [LOCAL, TEAM]}
    waiting = resolved(editor=editor)
    assert waiting.needs_approval == (("team", "https://llm.example.org"),)
    assert names(waiting) == ["local"]
    assert not waiting.allows(backend(waiting, "team"))
    approved = resolved(editor=editor, approved={"https://llm.example.org"})
    assert approved.needs_approval == ()
    assert names(approved) == ["local", "team"]
    assert approved.allows(backend(approved, "team"))


def test_the_users_consent_to_one_origin_is_none_to_another():
    result = resolved(
        {"backends": [TEAM]}, editor={"backends": [TEAM | {"name": "x", "url": "https://evil.example"}]}
    )
    assert result.remote_allowed
    assert result.needs_approval == (("x", "https://evil.example"),)
    assert names(result) == ["team"]


@pytest.mark.parametrize(
    "url", ["https://llm.example.org", "https://LLM.example.org:443/other", "https://llm.example.org/"]
)
def test_the_users_own_origin_needs_no_approval_in_any_spelling(url):
    result = resolved({"backends": [TEAM]}, editor={"backends": [TEAM | {"name": "x", "url": url}]})
    assert names(result) == ["team", "x"]


@pytest.mark.parametrize(
    "url",
    [
        "http://llm.example.org",
        "https://llm.example.org:8443",
        "https://llm.example.org.evil.example",
        "https://evil.example/llm.example.org",
    ],
)
def test_what_only_looks_like_the_users_origin_does(url):
    result = resolved({"backends": [TEAM]}, editor={"backends": [TEAM | {"name": "x", "url": url}]})
    assert names(result) == ["team"]
    assert [name for name, _ in result.needs_approval] == ["x"]


def test_mistral_needs_no_approval_once_remote_is_allowed():
    assert names(resolved(ALLOW, editor={"backends": [MISTRAL]})) == ["m"]
    # Without any word of the user it is asked about like any other.
    assert resolved(editor={"backends": [MISTRAL]}).needs_approval == (("m", "https://codestral.mistral.ai"),)


def test_nobody_is_asked_where_remote_is_refused():
    for said in ({"user": NEVER}, {"workspace": NEVER}, {"workspace": {"privacy": {"exclude": 1}}}):
        result = resolved(**said, editor={"backends": [TEAM]})
        assert result.needs_approval == ()
        assert names(result) == []


def test_a_hosted_backend_stays_in_use_where_remote_is_refused_so_that_its_gate_can_say_so():
    result = resolved({"backends": [TEAM]}, workspace=NEVER)
    assert names(result) == ["team"]
    assert not result.allows(backend(result, "team"))


def test_an_editor_that_moves_the_users_backend_gets_neither_its_key_nor_its_trust():
    own = TEAM | {"key_env": "TEAM_KEY", "trusted": True}
    result = resolved(
        {"backends": [own]}, editor={"backends": [{"name": "team", "url": "https://evil.example"}]}
    )
    moved = backend(result, "team")
    assert (moved.url, moved.key_env, moved.trusted) == ("https://evil.example", "", None)
    assert result.needs_approval == (("team", "https://evil.example"),)
    assert names(result) == []
    assert {problem.source for problem in result.problems} == {Source.EDITOR}


@pytest.mark.parametrize(
    "change", [{"url": "https://llm.example.org/v2"}, {"model": "x"}, {"kind": "mistral"}]
)
def test_on_its_own_origin_the_backend_keeps_them(change):
    own = TEAM | {"key_env": "TEAM_KEY", "trusted": True}
    result = resolved({"backends": [own]}, editor={"backends": [{"name": "team", **change}]})
    assert (backend(result, "team").key_env, backend(result, "team").trusted) == ("TEAM_KEY", True)
    assert result.problems == ()


def test_a_kind_moves_a_backend_too():
    own = {"name": "x", "kind": "ollama", "key_env": "K", "trusted": True}
    result = resolved({"backends": [own]}, editor={"backends": [{"name": "x", "kind": "mistral"}]})
    assert (backend(result, "x").key_env, backend(result, "x").trusted) == ("", None)
    assert names(result) == []


def test_distrust_of_a_tunnel_holds_for_every_backend_at_its_port():
    own = LOCAL | {"url": "http://127.0.0.1:11434", "trusted": False}
    editor = [
        LOCAL | {"name": "x", "url": "http://localhost:11434"},
        LOCAL | {"name": "y", "url": "http://[::1]:1"},
    ]
    result = resolved({"backends": [own]}, editor={"backends": editor})
    assert [(b.name, b.trusted) for b in result.settings.backends] == [
        ("local", False),
        ("x", False),
        ("y", None),
    ]


def test_ollama_host_stands_in_where_no_url_is_given():
    given = LOCAL | {"name": "given", "url": "http://127.0.0.1:5000"}
    result = resolved({"backends": [LOCAL, given, MISTRAL]}, environ={"OLLAMA_HOST": ":5001"})
    assert [b.address for b in result.settings.backends] == [
        "http://127.0.0.1:5001",
        "http://127.0.0.1:5000",
        "https://codestral.mistral.ai",
    ]
    assert result.origins["backends.local.url"] is Source.ENVIRONMENT
    assert result.origins["backends.given.url"] is Source.USER


def test_ollama_host_at_another_machine_is_approved_like_any_other_origin():
    result = resolved({"backends": [LOCAL | {"trusted": True, "key_env": "K"}]}, environ=GPU)
    assert result.needs_approval == (("local", GPU_ORIGIN),)
    assert (backend(result, "local").trusted, backend(result, "local").key_env) == (None, "")
    named = resolved({"backends": [LOCAL | {"url": GPU_ORIGIN, "trusted": True}]}, environ=GPU)
    assert names(named) == ["local"]
    assert named.problems == ()


def test_a_discovered_ollama_at_another_machine_is_too():
    found = BackendSettings(name="ollama", kind="ollama", url=GPU_ORIGIN)
    result = resolved(environ=GPU | KEY)
    assert result.remote_allowed  # for Mistral, with a notice
    assert result.needs_approval == (("ollama", GPU_ORIGIN),)
    assert not result.allows(found)
    assert result.allows(BackendSettings(name="mistral", kind="mistral"))
    assert resolved(environ=GPU, approved={GPU_ORIGIN}).allows(found)


@pytest.mark.parametrize(
    ("said", "may"),
    [
        ({}, True),
        ({"user": {"backends": [LOCAL]}}, False),
        ({"editor": {"backends": [TEAM]}}, False),
        ({"user": NEVER}, False),
        ({"workspace": NEVER}, False),
        ({"workspace": {"backends": [LOCAL]}}, True),
    ],
)
def test_a_hosted_backend_is_discovered_only_where_nobody_configured_any(said, may):
    assert resolved(**said).may_discover_remote is may


def test_a_backend_whose_address_is_wrong_is_left_out_rather_than_sent_to_the_usual_one():
    result = resolved({"backends": [MISTRAL | {"url": "https://proxy example"}]})
    assert result.settings.backends == ()
    assert not result.remote_allowed
    assert all("proxy" not in str(problem) for problem in result.problems)


def test_a_wrong_address_from_an_editor_leaves_the_users():
    result = resolved(
        {"backends": [TEAM]}, editor={"backends": [{"name": "team", "url": "https://a@evil.example"}]}
    )
    assert backend(result, "team").url == TEAM["url"]
    assert names(result) == ["team"]
