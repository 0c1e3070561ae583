"""Sources over one another: what wins, where it came from, and what is said about wrong values."""

import pytest

from lsp_server.config.editor import editor_layer
from lsp_server.config.layers import Inputs, Resolved, resolve
from lsp_server.config.merging import MOST_PROBLEMS
from lsp_server.config.settings import Settings
from lsp_server.config.sources import Layer, Problem, Source

TEAM = {"name": "team", "kind": "openai", "url": "https://llm.example.org/v1", "model": "a"}
LOCAL = {"name": "local", "kind": "ollama"}


def resolved(user=None, editor=None, *workspaces) -> Resolved:
    return resolve(
        Inputs(
            user=Layer(Source.USER, user, "config.toml"),
            editor=editor_layer(editor),
            workspaces=tuple(Layer(Source.WORKSPACE, tree, f"{i}.toml") for i, tree in enumerate(workspaces)),
        )
    )


def test_without_sources_the_defaults_hold():
    result = resolved()
    assert result.settings == Settings()
    assert result.problems == ()
    assert result.policy_valid
    assert set(result.origins.values()) == {Source.DEFAULT}


def test_later_sources_win_and_are_remembered():
    result = resolved(
        {"completion": {"max_lines": 9, "max_tokens": 90, "eagerness": 0.25}},
        {"completion": {"max_lines": 8, "max_tokens": 80}},
        {"completion": {"max_lines": 7}},
    )
    completion = result.settings.completion
    assert (completion.max_lines, completion.max_tokens, completion.eagerness) == (7, 80, 0.25)
    assert result.origins["completion.max_lines"] is Source.WORKSPACE
    assert result.origins["completion.max_tokens"] is Source.EDITOR
    assert result.origins["completion.eagerness"] is Source.USER
    assert result.origins["completion.menu"] is Source.DEFAULT


def test_a_cap_that_does_not_bind_is_not_where_the_value_comes_from():
    assert (
        resolved({}, {}, {"completion": {"max_lines": 99}}).origins["completion.max_lines"] is Source.DEFAULT
    )


def test_saying_the_default_is_more_than_the_default():
    assert resolved({"privacy": {"remote": "never"}}).origins["privacy.remote"] is Source.USER
    assert resolved({}, {}, {"privacy": {"remote": "never"}}).origins["privacy.remote"] is Source.WORKSPACE


def test_every_workspace_folder_narrows():
    result = resolved(
        {},
        {},
        {"privacy": {"exclude": ["a"]}},
        {"privacy": {"exclude": ["b"]}, "completion": {"enabled": False}},
    )
    assert result.settings.privacy.exclude == ("a", "b")
    assert result.settings.completion.enabled is False


def test_backends_merge_by_name_in_the_order_of_their_definition():
    result = resolved(
        {"backends": [TEAM, LOCAL]}, {"backends": [LOCAL | {"model": "q"}, {"name": "team", "model": "b"}]}
    )
    assert [(b.name, b.model, b.url) for b in result.settings.backends] == [
        ("team", "b", TEAM["url"]),
        ("local", "q", ""),
    ]
    assert result.origins["backends.team.model"] is Source.EDITOR
    assert result.origins["backends.team.url"] is Source.USER
    assert result.origins["backends.team.kind"] is Source.USER
    assert result.origins["backends.team.family"] is Source.DEFAULT


def test_a_backends_name_may_have_dots():
    result = resolved(
        {"backends": [TEAM | {"name": "team.v2"}]}, {"backends": [{"name": "team.v2", "model": "b"}]}
    )
    assert result.settings.backends[0].model == "b"
    assert result.origins["backends.team.v2.model"] is Source.EDITOR


def test_origins_have_a_path_for_every_value():
    result = resolved({"backends": [TEAM], "completion": {"languages": {"go": False}}})
    paths = set(result.origins)
    assert {f"backends.team.{name}" for name, _ in result.settings.backends[0]} <= paths
    for section, value in result.settings:
        if section not in {"backends", "experiments", "actions"}:
            assert {f"{section}.{name}" for name, _ in value} <= paths
    assert result.origins["completion.languages.go"] is Source.USER


def test_experiments_replace_one_another_by_name():
    arms = [{"backend": "team"}, {"backend": "local", "weight": 2}]
    result = resolved(
        {"backends": [TEAM, LOCAL], "experiments": [{"name": "x", "arms": arms[:1]}]},
        {"experiments": [{"name": "x", "arms": arms}]},
    )
    [experiment] = result.settings.experiments
    assert [(arm.backend, arm.weight) for arm in experiment.arms] == [("team", 1.0), ("local", 2.0)]
    assert result.origins["experiments.x"] is Source.EDITOR


@pytest.mark.parametrize(
    ("tree", "path", "expected"),
    [
        ({"completion": {"max_lines": 0}}, "completion.max_lines", "greater than or equal to 1"),
        ({"completion": {"max_lines": "9"}}, "completion.max_lines", "integer"),
        ({"completion": {"max_lines": True}}, "completion.max_lines", "integer"),
        ({"completion": {"enabled": "no"}}, "completion.enabled", "boolean"),
        ({"completion": {"enabled": 0}}, "completion.enabled", "boolean"),
        ({"completion": {"menu": "sometimes"}}, "completion.menu", "'auto', 'always' or 'never'"),
        ({"completion": {"debounce": "soon"}}, "completion.debounce", "'adaptive' or"),
        ({"completion": {"debounce": {"a": 1}}}, "completion.debounce", "'adaptive' or"),
        ({"completion": {"eagerness": float("nan")}}, "completion.eagerness", ""),
        ({"completion": {"languages": {"c": 1}}}, "completion.languages.c", "boolean"),
        ({"completion": {"languages": ["c"]}}, "completion.languages", "dictionary"),
        ({"completion": {"max_linse": 9}}, "completion.max_linse", "did you mean max_lines?"),
        ({"completion": 3}, "completion", "table"),
        ({"complete": {}}, "complete", "did you mean completion?"),
        ({"xyz": 1}, "xyz", "known here: completion, context"),
        ({"context": {"budget_tokens": 10**400}}, "context.budget_tokens", "too large"),
        ({"context": {"budget_tokens": 1e300}}, "context.budget_tokens", "too large"),
        ({"context": {"sources": ["file", "b"]}}, "context.sources[1]", "definitions"),
        ({"routing": {"order": ["nowhere"]}}, "routing.order", "[[backends]]"),
        ({"backends": {"team": {}}}, "backends", "[[backends]]"),
        ({"backends": [3]}, "backends[0]", "table"),
        ({"backends": [{"kind": "ollama"}]}, "backends[0].name", ""),
        ({"backends": [{"name": "x"}]}, "backends.x.kind", ""),
        ({"backends": [{"name": "x", "kind": "gpt"}]}, "backends.x.kind", "'ollama'"),
        ({"backends": [{"name": "a b", "kind": "ollama"}]}, "backends.a b.name", "pattern"),
        ({"backends": [LOCAL, LOCAL]}, "backends[1].name", ""),
        ({"backends": [LOCAL | {"price_in": float("inf")}]}, "backends.local.price_in", "finite"),
        ({"backends": [LOCAL | {"url": "localhost"}]}, "backends.local.url", "http://"),
        ({"backends": [LOCAL | {"key_env": "sk-1234"}]}, "backends.local.key_env", "not the key itself"),
        (
            {"backends": [LOCAL | {"session_header": "Authorization"}]},
            "backends.local.session_header",
            "x-session-id",
        ),
        (
            {"backends": [LOCAL | {"session_header": "x:\r\ny"}]},
            "backends.local.session_header",
            "x-session-id",
        ),
        (
            {"backends": [{"name": "e", "kind": "embedded", "url": "http://a"}]},
            "backends.e.url",
            "no address",
        ),
        ({"experiments": [{"name": "x", "arms": [{"backend": "b"}]}]}, "experiments.x", "[[backends]]"),
        ({"experiments": [{"name": "x"}]}, "experiments[0].arms", ""),
        ({"experiments": [{"name": "x", "arms": [{"weight": 0}]}]}, "experiments[0].arms[0]", "greater"),
        ({3: 4}, "3", ""),
        ({"completion": {3: 4}}, "completion.3", ""),
        ({"completion": {"\ud800": 4}}, "completion.\\ud800", ""),
    ],
)
def test_a_wrong_value_is_one_problem_with_its_place_and_what_is_expected(tree, path, expected):
    result = resolved(tree)
    problem = result.problems[0]
    assert problem.source is Source.USER
    assert problem.path == path
    assert expected in problem.expected
    assert len(str(problem).splitlines()) == 1
    assert str(problem).startswith("user file config.toml: ")


def test_only_the_wrong_value_is_left_out():
    result = resolved(
        {
            "completion": {"max_lines": 0, "max_tokens": 50, "languages": {"c": 1, "go": False}},
            "backends": [LOCAL | {"concurrency": 0, "model": "m"}, {"kind": "x"}, TEAM],
        }
    )
    assert result.settings.completion.max_lines == Settings().completion.max_lines
    assert result.settings.completion.max_tokens == 50
    assert result.settings.completion.languages == {"go": False}
    assert [(b.name, b.model, b.concurrency) for b in result.settings.backends] == [
        ("local", "m", None),
        ("team", "a", None),
    ]


@pytest.mark.parametrize(
    "value", [{"constrained-int": 1}, {"literal['adaptive']": {}}, [0], [[]], {"a": {"a": {}}}]
)
def test_a_value_made_to_look_like_the_validators_own_names_is_left_out(value):
    result = resolved({"completion": {"debounce": value, "menu": value, "languages": {"c": value}}})
    assert result.settings == Settings()
    assert result.problems


def test_a_message_is_one_short_line_whatever_the_name():
    result = resolved({"completion": {"\n\x1b[31m" + "x" * 5000: 1}})
    text = str(result.problems[0])
    assert text.isprintable()
    assert len(text) < 500


def test_values_are_never_repeated():
    secret = "sk-do-not-show"
    trees = [
        {"backends": [LOCAL | {"api_key": secret}]},
        {"backends": [LOCAL | {"url": f"https://x:{secret}@example.org"}]},
        {"backends": [LOCAL | {"key_env": secret}]},
        {"backends": [LOCAL | {"key_file": [secret]}]},
        {"backends": [LOCAL | {"kind": secret}]},
        {"backends": secret},
        {"completion": {"menu": secret, "max_lines": secret}},
        {"privacy": {"remote": secret, "secrets": secret}},
    ]
    for tree in trees:
        result = resolved(tree, tree, tree)
        assert result.problems
        assert secret not in " ".join(map(str, result.problems))
        assert secret not in repr(result.problems)


def test_a_source_cannot_flood_the_user_with_problems():
    result = resolved({}, {}, {f"x{number}": 1 for number in range(5000)})
    assert len(result.problems) == MOST_PROBLEMS + 1
    assert "4980 more" in str(result.problems[-1])


def test_a_problem_without_a_file_names_its_source():
    assert (
        str(Problem(Source.EDITOR, "completion.menu", "is not valid"))
        == "editor: completion.menu is not valid"
    )
