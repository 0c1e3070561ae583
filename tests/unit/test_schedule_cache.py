"""The cache: what is left of a suggestion while the user types along it."""

import pytest

from lsp_server.schedule.cache import Cache
from lsp_server.testing.fixtures import cursor_at
from lsp_server.types import Finish, Suggestion


def remember(fixture, text, finish=Finish.STOP):
    cache = Cache()
    cursor = cursor_at(fixture)
    cache.store(cursor, Suggestion(text, cursor.position, "fake", "backend", finish=finish))
    return cache


def check(cache, fixture, expected):
    found = cache.lookup(cursor_at(fixture))
    assert (found.text if found else None) == expected
    if found:
        assert found.origin == "cache"
        assert found.position == cursor_at(fixture).position


@pytest.mark.parametrize(
    ("typed", "left"),
    [
        ("", "a + b"),
        ("a", " + b"),
        ("a +", " b"),
        ("a + b", None),
        ("a - ", None),
        ("b", None),
    ],
)
def test_typing_along_a_line(typed, left):
    cache = remember("def f(a, b):\n    return ‸", "a + b")
    check(cache, f"def f(a, b):\n    return {typed}‸", left)


def test_typing_along_several_lines():
    cache = remember("import x\n\ndef f(a):‸\n\nf(1)", "\n    b = a\n    c = b\n    return c")
    check(cache, "import x\n\ndef f(a):\n    b‸\n\nf(1)", " = a\n    c = b\n    return c")
    check(cache, "import x\n\ndef f(a):\n    b = a\n    c = ‸\n\nf(1)", "b\n    return c")
    check(cache, "import x\n\ndef f(a):\n    b = 2\n    c = ‸\n\nf(1)", None)


def test_lines_added_far_above_do_not_matter():
    cache = remember("a = 1\nb = 2\nc = 3\nd = ‸\n", "4")
    check(cache, "import os\n\n\na = 1\nb = 2\nc = 3\nd = ‸\n", "4")


def test_a_change_above_or_below_the_place_does_matter():
    cache = remember("a = 1\nb = 2\nc = ‸\nprint(c)", "3")
    check(cache, "a = 1\nb = 9\nc = ‸\nprint(c)", None)
    check(cache, "a = 1\nb = 2\nc = ‸\nprint(b)", None)
    check(cache, "a = 1\nb = 2\nc = ‸)\nprint(c)", None)


def test_the_end_of_a_suggestion_cut_by_length_is_not_trusted():
    cache = remember("x = ‸", "some_function(with_a, and_b", Finish.LENGTH)
    check(cache, "x = some_‸", "function(with_a, and_b")
    check(cache, "x = some_function(with_a, an‸", None)
    check(cache, "x = ‸", "some_function(with_a, and_b")


def test_the_newest_of_two_suggestions_wins_and_the_other_is_kept():
    cache = remember("x = ‸", "alpha")
    cursor = cursor_at("x = ‸")
    cache.store(cursor, Suggestion("beta", cursor.position, "fake", "backend"))
    check(cache, "x = ‸", "beta")
    check(cache, "x = al‸", "pha")


def test_it_is_bounded():
    cache = Cache(max_bytes=10_000)
    for number in range(1000):
        cursor = cursor_at(f"line_{number}\nx = ‸")
        cache.store(cursor, Suggestion("y" * 100, cursor.position, "fake", "backend"))
    assert len(cache) <= 25
