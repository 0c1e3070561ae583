"""The shapes in which editors send settings."""

import pytest

from lsp_server.config.editor import combined, editor_layer
from lsp_server.config.layers import Inputs, resolve
from lsp_server.config.sources import Source

OFF = {"completion": {"enabled": False, "max_lines": 3}}

SHAPES = [
    OFF,
    {"codestral": OFF},
    {"codestral": OFF, "python": {"x": 1}, "completion": {"enabled": True}},
    {"completion.enabled": False, "completion.max_lines": 3},
    {"completion.enabled": False, "completion": {"max_lines": 3}},
    {"codestral": {"completion.enabled": False, "completion.max_lines": 3}},
    {"codestral": {"completion": {"max_lines": 3}, "completion.enabled": False}},
    {"codestral.completion.enabled": False, "codestral.completion.max_lines": 3},
    {"codestral.completion": {"enabled": False, "max_lines": 3}},
    {"codestral.completion": {"enabled": False}, "codestral": {"completion": {"max_lines": 3}}},
    {"codestral.completion.enabled": False, "codestral.completion.max_lines": 3.0, "editor.tabSize": 4},
    {"codestral": {"completion": {"enabled": False, "max_lines": 3, "menu": None}, "routing": None}},
]


def resolved(tree):
    return resolve(Inputs(editor=editor_layer(tree)))


@pytest.mark.parametrize("tree", SHAPES)
def test_every_shape_means_the_same(tree):
    result = resolved(tree)
    assert result.problems == ()
    assert result.settings.completion.enabled is False
    assert result.settings.completion.max_lines == 3
    assert result.origins["completion.max_lines"] is Source.EDITOR


@pytest.mark.parametrize(
    "tree", [None, {}, {"codestral": None}, {"codestral": {}}, {"codestral": {}, "x": 1}]
)
def test_nothing_changes_nothing(tree):
    assert resolved(tree) == resolved(None)


@pytest.mark.parametrize("tree", [[], "x", 1, True, {"codestral": []}, {"codestral": "x"}])
def test_what_is_no_table_is_one_problem(tree):
    result = resolved(tree)
    assert len(result.problems) == 1
    assert result.settings == resolved(None).settings


@pytest.mark.parametrize(
    "tree",
    [
        {"completion": {"languages": {"c.x": False}}},
        {"completion.languages.c.x": False},
        {"codestral.completion.languages.c.x": False},
        {"codestral": {"completion": {"languages.c.x": False}}},
        {"completion.languages": {"c.x": False}},
    ],
)
def test_a_languages_name_may_have_dots(tree):
    assert resolved(tree).settings.completion.languages == {"c.x": False}


@pytest.mark.parametrize(
    "tree", [{".": 1}, {"..": 1}, {"codestral.": 1}, {".completion": 1}, {"a.b.c.d.e": 1}]
)
def test_odd_names_are_problems_and_no_more(tree):
    result = resolved(tree)
    assert result.problems
    assert result.settings == resolved(None).settings


@pytest.mark.parametrize("newer", [None, {}])
def test_an_empty_answer_keeps_what_was_sent_at_the_start(newer):
    assert resolved(combined(OFF, newer)).settings == resolved(OFF).settings


def test_newer_settings_lie_over_older_ones_in_whatever_shape():
    tree = combined({"codestral": OFF}, {"codestral.completion.max_lines": 5, "codestral.routing.order": []})
    assert resolved(tree).settings.completion.max_lines == 5
    assert resolved(tree).settings.completion.enabled is False


def test_a_newer_null_takes_the_older_value_back():
    assert resolved(combined(OFF, {"completion": {"enabled": None}})).settings.completion.enabled is True
