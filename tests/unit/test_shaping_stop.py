"""Stop rules: for a fixture with a cursor and a draft, where does the suggestion end and by which rule?"""

import pytest

from lsp_server.shaping.draft import Draft
from lsp_server.shaping.mode import Mode, choose_mode
from lsp_server.shaping.site import Site
from lsp_server.shaping.stop import find_stop
from lsp_server.testing.fixtures import cursor_at


def check(fixture: str, output: str, expected: str, rule: str | None, *, language="python", max_lines=16):
    cursor = cursor_at(fixture, language)
    draft = Draft(output, Site.of(cursor), max_lines, ("<|endoftext|>", "<|fim_prefix|>"))
    stop = find_stop(draft)
    assert (stop.rule if stop else None) == rule
    assert output[: stop.end if stop else None] == expected


@pytest.mark.parametrize(
    ("fixture", "mode"),
    [
        ("x = ‸", Mode.LINE),
        ("foo(‸)", Mode.LINE),
        ("def f(a):‸", Mode.BLOCK),
        ("def f(a):\n    ‸", Mode.BLOCK),
        ("‸", Mode.BLOCK),
        ("if (a) {‸", Mode.BLOCK),
        ("if (a) {‸}", Mode.LINE),
        ("a ‸+ b", Mode.LINE),
    ],
)
def test_mode(fixture, mode):
    assert choose_mode(cursor_at(fixture)) is mode


def test_a_line_ends_at_its_newline():
    check("def add(a, b):\n    return ‸", "a + b\n\nprint(add(1, 2))", "a + b", "line_end")


def test_a_line_may_go_on_while_it_is_not_complete():
    check("def add(a, b):\n    return ‸", "a + b", "a + b", None)


def test_a_line_that_opens_a_block_brings_the_block():
    check(
        "count = 0\nfor x in ‸",
        "items:\n    print(x)\n    count += 1\nprint(count)\n",
        "items:\n    print(x)\n    count += 1",
        "block_end",
    )


def test_with_code_behind_the_cursor_only_the_line_is_taken():
    check("call(‸) + other", "a, [\n    1,\n]", "a, [", "line_end")


def test_an_expression_is_taken_to_its_end():
    check("call(‸)", "a, [\n    1,\n]\n", "a, [\n    1,\n]", "line_end")
    check("x = ‸\n", "[\n  1,\n]\ny", "[\n  1,\n]", "line_end")
    check("x = f(‸\n", "a,\n  b)\ny", "a,\n  b)", "statement_end")


def test_the_text_behind_the_cursor_tells_where_a_header_ends():
    check(
        "class A {\n  path(path:‸\n    return path;\n  }\n}\n",
        " Path[], close: boolean,\n  ): string {\n    const x = 1;\n",
        " Path[], close: boolean,\n  ): string {",
        "line_end",
        language="typescript",
    )
    check("def f(‸\n    return a\n", "a, b):\n    c = 1\n", "a, b):", "statement_end")


def test_what_the_text_behind_the_cursor_does_not_close_is_closed():
    check(
        "function f() {\n  return [a, {\n    player‸\n}\n",
        ": b,\n    c,\n  }];\n  d();\n",
        ": b,\n    c,\n  }];",
        "line_end",
        language="javascript",
    )


def test_what_the_text_behind_the_cursor_closes_is_not_closed_again():
    check("function f() {\n  ‸\n}\n", "a();\n}\n", "a();", "outer_end", language="javascript")


@pytest.mark.parametrize(
    ("opener", "closer"), [("function f() {", "}"), ("f(() => {", "});"), ("x = [", "]")]
)
def test_a_line_that_closes_the_block_around_the_cursor_ends_the_suggestion(opener, closer):
    check(f"{opener}\n  ‸\n", f"{closer}\n", closer, "statement_end", language="javascript")


def test_a_line_that_ends_the_block_around_the_cursor_ends_the_suggestion():
    check("def f\n  ‸\n", "end\n", "end", "block_end", language="ruby")


def test_a_closing_line_that_opens_another_block_goes_on():
    check("if (a) {\n  b();\n  ‸\n", "} else {\n    c", "} else {\n    c", None, language="javascript")


def test_a_block_ends_where_the_indentation_falls_back():
    check(
        "def f(a):‸",
        "\n    b = a\n    return b\ndef g():\n    pass",
        "\n    b = a\n    return b",
        "block_end",
    )


def test_a_block_does_not_end_at_the_unfinished_blanks_of_its_next_line():
    check("def f(a):‸", "\n    b = a\n  ", "\n    b = a\n  ", None)


def test_a_block_keeps_its_else():
    check(
        "def f(a):\n    ‸",
        "if a:\n        b()\n    else:\n        c()\n    d()\nprint(1)",
        "if a:\n        b()\n    else:\n        c()\n    d()",
        "block_end",
    )


def test_a_block_keeps_its_closing_brace():
    check(
        "function f(a) {‸",
        "\n  return a;\n}\n\nf(1);\n",
        "\n  return a;\n}",
        "statement_end",
        language="javascript",
    )


def test_a_body_stops_before_its_dedent():
    check("def f(a):\n    ‸\n", "b = a\n    return b\nx = 1", "b = a\n    return b", "block_end")


def test_a_blank_line_ends_a_paragraph():
    check("‸", "import os\nimport sys\n\nx = 1", "import os\nimport sys", "paragraph_end")


def test_a_leaked_control_token_ends_it():
    check("x = ‸", "1<|endoftext|>def", "1", "control_text")


def test_a_fence_ends_it():
    check("def f():\n    ‸", "return 1\n```\nThis function", "return 1", "fence")


def test_a_fence_is_text_in_markdown():
    check("# Title\n\n‸", "```sh\nls", "```sh\nls", None, language="markdown")


def test_the_next_line_of_the_suffix_ends_it():
    check(
        "def f():\n    ‸\n    return total\n",
        "total = 0\n    total += 1\n    return total\n",
        "total = 0\n    total += 1",
        "suffix_line",
    )


def test_a_loop_ends_at_its_first_line():
    check("def f():\n    ‸", "a()\n    b()\n    b()\n    b()\n", "a()\n    b()", "repeated_lines")


def test_a_text_in_a_circle_ends_behind_its_first_round():
    check("x = [‸", "1, 2, 3, " * 5, "1, 2, 3, ", "repeated_text")


def test_a_ruler_is_no_circle():
    check("# ‸", "-" * 70, "-" * 70, None)


@pytest.mark.parametrize(
    "said", ["Here is the code:\n", "Sure, I can help.\n", "To complete this function, "]
)
def test_talk_to_the_user_ends_it(said):
    check("def f():\n‸", said, "", "chatter")


def test_code_that_begins_like_talk_is_code():
    check("def f():\n    ‸", "Here = is_here(1)", "Here = is_here(1)", None)


def test_what_nothing_would_reach_is_left_out():
    check("def f(a):\n    ‸", "return a\n    b = 1\n", "return a", "dead_code")
    check("switch (a) {\n  ‸", "return a;\n  case 1:", "return a;\n  case 1:", None, language="c")


def test_a_further_line_about_unknown_variables_is_left_out():
    check("def f(a):\n    ‸", "b = a\n    c = b\n    depth += 1\n", "b = a\n    c = b", "unknown_name")
    check("def f(a):\n    ‸", "for i in a:\n        g(i)\n", "for i in a:\n        g(i)\n", None)


def test_lines_at_impossible_depths_are_left_out():
    check("def f(a):\n    ‸", "b = a\n        c = a\n", "b = a", "broken_indentation")
    check("def f(a):\n    ‸", "if a:\n    c = a\n", "if a:", "broken_indentation")


def test_a_line_that_cannot_be_read_is_left_out():
    check("def f(a):\n    ‸", "b = a\n    c = = a\n", "b = a", "broken_syntax")


def test_the_line_limit():
    check("def f():\n    ‸", "a()\n    b()\n    c()\n    d()", "a()\n    b()", "line_limit", max_lines=2)


@pytest.mark.parametrize("fixture", ["x = ‸", "def f():‸\n", "‸", "foo(‸)\nbar()"])
def test_a_stream_ends_no_later_than_looking_once_tells(fixture):
    output = "items:\n    one()\n    two()\n\ndef other():\n    pass\n"
    site = Site.of(cursor_at(fixture))

    def end_of(text):
        stop = find_stop(Draft(text, site, 16))
        return stop.end if stop else None

    streamed = next((end for n in range(1, len(output) + 1) if (end := end_of(output[:n])) is not None), None)
    assert streamed is not None
    assert streamed <= end_of(output)
