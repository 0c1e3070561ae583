"""The cache: what is left of a suggestion while the user types along it."""

import pytest

from lsp_server.schedule.cache import Cache, Remembered
from lsp_server.testing.fixtures import cursor_at
from lsp_server.types import Finish


def remembered(text, *ends, finish=Finish.STOP):
    return Remembered(text, (*ends, len(text)), "fake", finish)


def remember(fixture, text, *ends, finish=Finish.STOP):
    cache = Cache()
    cache.store(cursor_at(fixture), remembered(text, *ends, finish=finish))
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
    cache = remember("x = ‸", "some_function(with_a, and_b", finish=Finish.LENGTH)
    check(cache, "x = some_‸", "function(with_a, and_b")
    check(cache, "x = some_function(with_a, an‸", None)
    check(cache, "x = ‸", "some_function(with_a, and_b")


def test_the_newest_of_two_suggestions_wins_and_the_other_is_kept():
    cache = remember("x = ‸", "alpha")
    cache.store(cursor_at("x = ‸"), remembered("beta"))
    check(cache, "x = ‸", "beta")
    check(cache, "x = al‸", "pha")


def test_it_is_bounded():
    cache = Cache(max_bytes=10_000)
    for number in range(1000):
        cursor = cursor_at(f"line_{number}\nx = ‸")
        cache.store(cursor, remembered("y" * 100))
    assert len(cache) <= 25


def test_entries_are_bounded_whatever_their_size():
    cache = Cache(max_bytes=1_000_000, max_entries=10)
    for number in range(100):
        cache.store(cursor_at(f"line_{number}\nx = ‸"), remembered("y"))
    assert len(cache) == 10


def test_unit_by_unit_as_the_typing_goes_on():
    cache = remember("def f(a):\n    ‸", "b = a\n    c = b", 5)
    check(cache, "def f(a):\n    ‸", "b = a")
    check(cache, "def f(a):\n    b =‸", " a")
    check(cache, "def f(a):\n    b = a‸", "\n    c = b")
    check(cache, "def f(a):\n    b = a\n    ‸", "c = b")
    check(cache, "def f(a):\n    b = a\n    c = b‸", None)


def test_what_goes_on_from_an_entry_replaces_it():
    cache = remember("x = ‸", "one")
    cache.store(cursor_at("x = ‸"), remembered("one\ny = 2", 3))
    assert [found.text for found in cache.matches(cursor_at("x = ‸"))] == ["one"]


def test_an_alternative_is_found_behind_the_others():
    cache = remember("x = ‸", "one")
    cache.store(cursor_at("x = ‸"), remembered("two"), behind=True)
    assert [found.text for found in cache.matches(cursor_at("x = ‸"))] == ["one", "two"]


@pytest.mark.parametrize(
    ("typed", "left"),
    [("print(‸)", "total, name"), ("print(to‸)", "tal, name"), ("print(‸))", None), ("print[‸]", None)],
)
def test_closers_that_the_editor_put_behind_the_cursor(typed, left):
    check(remember("print‸", "(total, name)"), typed, left)


def test_a_block_between_braces_that_the_editor_put_there():
    cache = remember("fn f() ‸\nfn g() {}\n", "{\n    run();\n}")
    check(cache, "fn f() {‸}\nfn g() {}\n", "\n    run();\n")
    check(cache, "fn f() {\n    ‸\n}\nfn g() {}\n", "run();")


FAR = "def helper(total):\n    return total\n\n# other\n\n\n\nvalue = ‸\n"


@pytest.mark.parametrize(
    ("edited", "left"),
    [
        (FAR, "helper(total)"),
        (FAR.replace("# other", "# different"), "helper(total)"),
        ("import os\n\n" + FAR, "helper(total)"),
        (FAR.replace("def helper(total)", "def helper(total, rest)"), None),
        (FAR.replace("def helper", "def assist"), None),
        (FAR + "\n" * 5 + "helper = None\n", None),
        (FAR.replace("return total", "    return total"), "helper(total)"),
    ],
)
def test_an_edit_elsewhere_matters_if_it_touches_the_names_used(edited, left):
    check(remember(FAR, "helper(total)"), edited, left)


def test_lines_added_between_do_not_push_a_name_out_of_sight():
    cache = remember(FAR, "helper(total)")
    check(cache, FAR.replace("# other", "# other\n" + "pass\n" * 40), "helper(total)")
