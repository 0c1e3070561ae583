"""How sure the model is of a suggestion, and what is shown of that."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.shaping.confidence import UNSURE, confidence, confidence_gate, first_line, floor

HALF, TENTH = math.log(0.5), math.log(0.1)


def sure(pieces, text=None, forced=""):
    """The confidence of pieces (text, log-probability) that begin with what is forced."""
    whole, starts = "", []
    for piece, _ in pieces:
        starts.append(len(whole) - len(forced))
        whole += piece
    assert whole.startswith(forced)
    draft = whole[len(forced) :]
    return confidence(draft if text is None else text, starts, [logprob for _, logprob in pieces], forced)


def test_it_is_the_probability_of_the_whole_line():
    assert sure([("return", HALF), (" a", HALF), (" + b", 0.0)]) == pytest.approx(0.25)
    assert sure([("return", 0.0)]) == 1.0


def test_only_the_first_line_with_text_counts():
    assert sure([("a", HALF), ("\n", TENTH), ("b", TENTH)]) == pytest.approx(0.5)
    assert sure([("\n    ", HALF), ("a", HALF), ("\n", TENTH)]) == pytest.approx(0.25)


def test_a_piece_counts_if_it_begins_in_the_line():
    assert sure([("a", HALF), (")\n    b", HALF), ("c", TENTH)]) == pytest.approx(0.25)


def test_pieces_behind_the_unit_do_not_count():
    assert sure([("a", HALF), ("b", TENTH), ("c", TENTH)], text="a") == pytest.approx(0.5)


def test_what_was_forced_does_not_count():
    assert sure([(" it", TENTH), ("ems", HALF)], forced=" it") == pytest.approx(0.5)
    assert sure([(" ", TENTH), ("it", TENTH), ("ems", HALF)], forced=" it") == pytest.approx(0.5)


def test_a_word_counts_as_a_whole_where_only_its_blanks_were_forced():
    # The vocabulary parts an indentation of four into three blanks and a word with one.
    assert sure([("   ", TENTH), (" return", HALF), (" a", HALF)], forced="    ") == pytest.approx(0.25)


def test_a_word_whose_beginning_was_typed_does_not_count():
    assert sure([(" items", TENTH), ("[0]", HALF)], forced=" it") == pytest.approx(0.5)
    assert sure([(" items", TENTH), ("\n", HALF)], forced=" it") is None


def test_without_every_probability_there_is_none():
    assert sure([("a", HALF), ("b", None)]) is None
    assert sure([("a", HALF), ("\n", None), ("b", None)]) == pytest.approx(0.5)
    assert sure([(" ", None), ("a", HALF)], forced=" ") == pytest.approx(0.5)
    assert sure([]) is None


@pytest.mark.parametrize("text", ["", "  \n\t\n"])
def test_of_nothing_there_is_none(text):
    assert sure([("x", HALF), (text, HALF)], forced="x") is None
    assert sure([("  ", HALF), (text, HALF)], forced="  ") is None


def test_the_least_probability_that_a_server_tells():
    assert sure([("a", -3.4028234663852886e38), ("b", -3.4028234663852886e38)]) == 0.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", (0, 0)), ("a", (0, 1)), ("a\nb", (0, 1)), ("\n  \n  a\n", (4, 7)), (" \n", (0, 0))],
)
def test_the_first_line_with_text(text, expected):
    assert first_line(text) == expected


@given(st.lists(st.tuples(st.text("ab \n", min_size=1, max_size=4), st.floats(-50, 0)), max_size=12))
def test_any_pieces_give_a_probability_or_none(pieces):
    value = sure(pieces)
    assert value is None or 0.0 <= value <= 1.0


@pytest.mark.parametrize(
    ("eagerness", "least"), [(0.0, 0.75), (0.25, 0.5), (0.5, 0.25), (0.75, 0.125), (0.9, 0.05), (1.0, 0.0)]
)
def test_the_floor(eagerness, least):
    assert floor(eagerness) == pytest.approx(least)


@given(st.floats(0, 1), st.floats(0, 1))
def test_more_eagerness_never_hides_more(one, other):
    assert floor(min(one, other)) >= floor(max(one, other))


def test_what_is_unsure_is_gated():
    gate = confidence_gate(0.2, 0.5)
    assert gate is not None
    assert gate.name == UNSURE
    assert gate.detail == "the model is 20% sure, completion.eagerness asks for 25%"
    assert confidence_gate(0.25, 0.5) is None


def test_full_eagerness_and_unknown_confidence_show_everything():
    assert confidence_gate(0.0, 1.0) is None
    assert confidence_gate(None, 0.0) is None
