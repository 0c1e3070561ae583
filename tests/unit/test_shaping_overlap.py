"""What the text around the cursor says already, and which brackets belong to whom."""

import pytest

from lsp_server.shaping.brackets import balance, ends_in_text
from lsp_server.shaping.filters import BROKEN, COMMENT_ONLY, REPEATS_ABOVE, shape
from lsp_server.shaping.indent import in_the_files_style
from lsp_server.shaping.overlap import before_covered, covered
from lsp_server.shaping.site import Site, region
from lsp_server.testing.fixtures import cursor_at


@pytest.mark.parametrize(
    ("text", "after", "count"),
    [
        ("a) -> int:", ")", 1),
        ("a)] + 1", ")]", 2),
        ("g(a)", ")", 0),
        ("g(a)) + 1", ")", 1),
        ("a) + 1", ") + 2", 0),
        ("a) + 1", "", 0),
        ("a", ")", 0),
        ("[a]) + 1", "])", 0),
    ],
)
def test_what_of_the_text_behind_is_covered(text, after, count):
    assert covered(text, after) == count


def test_what_stands_before_the_covered_closer():
    assert before_covered("g(a)) + 1") == "g(a)"
    assert before_covered("a") == "a"


@pytest.mark.parametrize(
    ("text", "language", "closers", "openers"),
    [
        ("f(a, [b", "python", "", "(["),
        ("a) + b]", "python", ")]", ""),
        ("f(\"(\", '[')  # {", "python", "", ""),
        ("x = '''\n( \n", "python", "", ""),
        ("fn f<'a>(x: &'a str) {", "rust", "", "{"),
        ("a['('] // {", "c", "", ""),
        ("`(${x}` /* [ */ {", "typescript", "", "{"),
        ("x = {} -- (", "lua", "", ""),
        ("a (b", "markdown", "", ""),
        ("f([a)", "python", "", ""),
    ],
)
def test_what_a_text_leaves_open(text, language, closers, openers):
    left = balance(text, language)
    assert ("".join(left.closers), "".join(left.characters)) == (closers, openers)


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("return {", True),
        ("x = {", True),
        ("f({", True),
        ("if (a) {", False),
        ("() => {", False),
        ("class A {", False),
    ],
)
def test_a_brace_opens_a_literal_or_a_block(text, expression):
    assert balance(text, "typescript").openers[-1].expression is expression


@pytest.mark.parametrize(
    ("text", "language", "inside"),
    [
        ("# a", "python", True),
        ("a = 'b", "python", True),
        ("a = 'b'", "python", False),
        ('"""a\n', "python", True),
        ('"""a"""', "python", False),
        ("/* a", "c", True),
        ("/* a */", "c", False),
        ("fn f<'a", "rust", False),
    ],
)
def test_whether_the_end_is_in_a_comment_or_in_quotes(text, language, inside):
    assert ends_in_text(text, language) is inside


def test_the_region_is_the_function_around_the_cursor():
    cursor = cursor_at("a = 1\n\ndef f():\n    x = 1\n    ‸\n    y = 2\n\ndef g():\n    pass\n")
    assert region(cursor) == (2, 7)


def test_what_is_owed_and_where_to_go():
    demand = Site.of(cursor_at("f(a, [\n  b‸\n)\n", "javascript")).demand
    assert (demand.owes, demand.goal, demand.kept) == (True, ("(",), 1)
    assert Site.of(cursor_at("f(‸)", "javascript")).demand.is_met


@pytest.mark.parametrize(
    ("fixture", "output", "expected"),
    [
        ("    ret‸", "return x", "urn x"),
        ("    return ‸", "return x", "x"),
        ("    x‸", "x = 1", "x = 1"),
        ("def f():\n    ‸", "    return 1", "return 1"),
        ("def f():\n‸", "    return 1", "    return 1"),
    ],
)
def test_what_the_line_has_already_is_not_said_again(fixture, output, expected):
    assert shape(output, cursor_at(fixture)) == expected


def test_a_file_keeps_its_own_indentation():
    tabbed = cursor_at("func f() {\n\tif a {‸\n\t}\n}\n", "go")
    assert in_the_files_style("\n        b()\n        c()", tabbed) == "\n\tb()\n\tc()"
    spaced = cursor_at("def f():\n    if a:‸\n    b()\n")
    assert in_the_files_style("\n\t\tc()", spaced) == "\n        c()"
    assert in_the_files_style("a\n\tb", cursor_at("a‸\n")) == "a\n\tb"


@pytest.mark.parametrize(
    ("fixture", "output", "expected"),
    [
        ("def f(a):\n    ‸\n", "# something", COMMENT_ONLY),
        ("def f(a):\n    # ‸\n", "something", "something"),
        ("def f(a):\n    x = ‸\n", "a = = 1 +\n    b", BROKEN),
        ("def f(a):\n    ‸\n", "x = a\n    y = = a\n    z = 1\n    w = 2", "x = a"),
        ("    a = 1\n    b = 2\n    ‸\n", "a = 1\n    b = 2", REPEATS_ABOVE),
        ("x = f(a‸)\n", ", b))", ", b"),
        ("x = f(a‸\n", ", b))", ", b)"),
    ],
)
def test_filters(fixture, output, expected):
    assert shape(output, cursor_at(fixture)) == expected
