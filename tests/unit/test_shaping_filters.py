"""Filters: for a fixture with a cursor and a finished draft, what may be shown?"""

import pytest

from lsp_server.shaping.filters import EMPTY, REPEATS_ABOVE, REPEATS_BELOW, shape
from lsp_server.testing.fixtures import cursor_at
from lsp_server.types import Finish


def check(fixture, output, expected, finish=Finish.STOP, *, language="python"):
    assert shape(output, cursor_at(fixture, language), finish) == expected


@pytest.mark.parametrize(
    ("fixture", "output", "expected"),
    [
        ("print(‸)", "name)", "name"),
        ("print(‸)", "len(name))", "len(name)"),
        ("print(‸)", "len(name)", "len(name)"),
        ('print("‸")', 'hello")', "hello"),
        ("x = foo(‸) + 1", "a) + 1", "a"),
        ("return ‸", "a + b  \n", "a + b"),
        ("a = [‸]", "1, 2]", "1, 2"),
        ("if x ‸:", "in y:", "in y"),
        ("x = [‸'", "'a'", "'a'"),
        ("f('‸')", "a', 'b')", "a', 'b"),
        ("x = ‸", "1\r\n", "1"),
    ],
)
def test_what_stands_behind_the_cursor_is_not_said_again(fixture, output, expected):
    check(fixture, output, expected)


def test_following_lines_are_not_said_again():
    check("def f():\n    a = 1\n    ‸\n    return a\n", "a += 1\n    return a", "a += 1")


def test_a_closing_brace_of_the_suggestion_itself_stays():
    check("f(() => ‸);\n", "{\n  g();\n}", "{\n  g();\n}", language="javascript")


def test_blanks_are_not_doubled():
    check("return ‸", " a + b", "a + b")


def test_indentation_of_an_empty_line_is_left_alone():
    check("def f():\n‸", "    return 1", "    return 1")


def test_nothing_is_a_gate():
    check("x = ‸", "  \n ", EMPTY)
    check("print(‸)", ")", REPEATS_BELOW)


def test_the_line_above_once_more_is_a_gate():
    check("    total += 1\n    ‸", "total += 1", REPEATS_ABOVE)
    check("a = {\n  b: {\n  }\n‸", "}", "}", language="javascript")


def test_an_unfinished_last_line_is_dropped_after_a_length_stop():
    check("def f():\n    ‸", "a = 1\n    b = so", "a = 1", Finish.LENGTH)
    check("x = ‸", "some_long_na", "some_long_na", Finish.LENGTH)
