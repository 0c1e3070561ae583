"""Places: told by the text around them, found again while the user types along."""

import pytest

from lsp_server.schedule.place import Anchor, left_of, rest_of_unit, typed_since
from lsp_server.testing.fixtures import cursor_at

HEAD = "import x\n\n"


@pytest.mark.parametrize(
    ("anchor", "now", "expected"),
    [
        ("f‸\n", "f‸\n", ("", "")),
        ("f‸\n", "foo‸\n", ("oo", "")),
        ("f‸\n", "f(‸)\n", ("(", ")")),
        ("f‸\n", "f([‸])\n", ("([", "])")),
        ("x = ‸\n", "x = '‸'\n", ("'", "'")),
        ("f(‸)\n", "f(a‸)\n", ("a", "")),
        ("f(‸)\n", "f(g(‸))\n", ("g(", ")")),
        ("if a:‸\ny = 1\n", "if a:\n    b‸\ny = 1\n", ("\n    b", "")),
        ("fn a() ‸\nfn b()\n", "fn a() {\n    ‸\n}\nfn b()\n", ("{\n    ", "\n}")),
        ("f‸\n", "g‸\n", None),
        ("foo‸\n", "f‸\n", None),
        ("f‸\n", "f‸)\n", None),
        ("f‸\n", "f‸ + 1\n", None),
        ("f‸\ny = 1\n", "f‸\ny = 2\n", None),
    ],
)
def test_what_was_typed_since_an_anchor(anchor, now, expected):
    found = typed_since(Anchor.of(cursor_at(HEAD + anchor)), cursor_at(HEAD + now))
    assert found == expected


def test_lines_added_above_move_no_place():
    assert typed_since(Anchor.of(cursor_at("a\nb\nc\nd‸")), cursor_at("new\n\na\nb\nc\ndef‸")) == ("ef", "")


def test_another_line_above_is_another_place():
    assert typed_since(Anchor.of(cursor_at("a\nb\nc\nd‸")), cursor_at("a\nX\nc\nd‸")) is None


@pytest.mark.parametrize(
    ("text", "typed", "closers", "expected"),
    [
        ("(a, b)", "", "", "(a, b)"),
        ("(a, b)", "(a", "", ", b)"),
        ("(a, b)", "(", ")", "a, b"),
        ("([a])", "([", "])", "a"),
        ("(a).b()", "(", ")", "a).b("),
        ("(a).b", "(", ")", None),
        ("{\n    x\n}", "{\n    ", "\n}", "x"),
        ("{\n    x\n}\ny", "{\n    ", "\n}", None),
        ("abc", "abd", "", None),
    ],
)
def test_what_is_left_of_a_text(text, typed, closers, expected):
    assert left_of(text, typed, closers) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("", "one"), ("on", "e"), ("one", "\ntwo"), ("one\ntw", "o"), ("one\ntwo", None), ("two", None)],
)
def test_the_rest_of_a_unit(typed, expected):
    assert rest_of_unit("one\ntwo", (3, 7), typed) == expected
