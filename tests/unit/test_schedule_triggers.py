"""After what an automatic suggestion is noise."""

import pytest

from lsp_server.schedule.triggers import EditHistory, trigger_gate
from lsp_server.testing.fixtures import cursor_at
from lsp_server.types import Edit, Position


def edit(column, removed="", inserted=""):
    return Edit(Position(0, column), removed, inserted)


def typed(text, column=0):
    return [edit(column + index, inserted=letter) for index, letter in enumerate(text)]


def deleted(text, column=0):
    """``text``, which stands at ``column``, deleted from its end, a letter at a time."""
    return [edit(column + index, removed=text[index]) for index in reversed(range(len(text)))]


def gate_after(*edits, fixture="x = ‸"):
    history = EditHistory()
    for each in edits:
        history.note([each])
    gate = trigger_gate(cursor_at(fixture), history)
    return gate.name if gate else None


@pytest.mark.parametrize(
    ("fixture", "gate"),
    [
        ("pri‸nt", "inside_word"),
        ("_‸x", "inside_word"),
        ("x‸_", "inside_word"),
        ("дом‸ик", "inside_word"),
        ("変‸数", "inside_word"),
        ("a1‸2", "inside_word"),
        ("print‸", None),
        ("print(‸x)", None),
        ("x ‸y", None),
        ("x‸.y", None),
        ("‸x", None),
    ],
)
def test_inside_a_word(fixture, gate):
    assert gate_after(fixture=fixture) == gate


@pytest.mark.parametrize(
    ("edits", "gate"),
    [
        ([], None),
        (typed("abc"), None),
        ([*typed("abc"), *deleted("c", 2)], "single_deletion"),
        ([*typed("abc"), *deleted("bc", 1)], "single_deletion"),
        ([*typed("abc"), *deleted("abc")], None),
        ([*typed("abc"), *deleted("c", 2), *typed("d", 2)], None),
        ([edit(1, removed="()")], "single_deletion"),
        ([edit(0, removed="    ")], "single_deletion"),
        ([edit(0, removed="\r\n")], "single_deletion"),
        ([edit(0, removed="old line\n")], None),
        ([edit(0, removed="old")], None),
        ([edit(0, removed="a", inserted="b")], None),
    ],
)
def test_after_deletions(edits, gate):
    assert gate_after(*edits) == gate


PASTED = edit(3, inserted="several words")


@pytest.mark.parametrize(
    ("edits", "gate"),
    [
        ([PASTED, edit(3, removed="several words")], "undo"),
        ([PASTED, *typed("x", 16), *deleted("x", 16), edit(3, removed="several words")], "undo"),
        ([edit(3, removed="several words"), PASTED], "undo"),
        ([PASTED, edit(3, removed="several words"), PASTED], "undo"),
        ([edit(3, "old", "new"), edit(3, "new", "old")], "undo"),
        ([*typed("some words"), edit(4, removed=" words")], "undo"),
        ([*typed("some words"), edit(0, removed="some")], None),
        ([*typed("ab"), *deleted("b", 1), *typed("b", 1)], None),
        ([PASTED, edit(40, inserted="several words")], None),
        ([PASTED, edit(3, removed="several")], None),
    ],
)
def test_after_taking_back(edits, gate):
    assert gate_after(*edits) == gate


def test_an_undo_is_forgotten_with_the_next_key():
    assert gate_after(PASTED, edit(3, removed="several words"), *typed("x", 3)) is None


def test_only_the_last_edits_are_kept():
    others = [edit(100 + 2 * number, "a", "b") for number in range(50)]
    assert gate_after(PASTED, *others, edit(3, removed="several words")) is None


def test_a_change_of_several_edits_is_no_single_deletion():
    history = EditHistory()
    history.note([edit(0, removed="a"), edit(5, removed="a")])
    assert trigger_gate(cursor_at("x = ‸"), history) is None
