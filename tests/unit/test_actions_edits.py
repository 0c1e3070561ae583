"""Edits: the smallest that make a model's answer of what is there, in the file's own form."""

from dataclasses import replace

import pytest

from lsp_server.actions.edits import applied, changed_lines, line_edits
from lsp_server.actions.fitting import Style, fitted, style_of
from lsp_server.actions.model import REWRITE, Offer, Plan, Refused, Result, Span, TextEdit
from lsp_server.actions.plan import plan
from lsp_server.actions.splice import end_of, replaced
from lsp_server.document.lines import split_lines
from lsp_server.types import Document, Finish, Position


def marked(text: str, language: str = "python") -> tuple[Document, Span]:
    """The document without « and », and the whole lines that they are on."""
    lines = split_lines(text)
    first = next(number for number, line in enumerate(lines) if "«" in line)
    last = next(number for number, line in enumerate(lines) if "»" in line)
    clean = tuple(line.replace("«", "").replace("»", "") for line in lines)
    document = Document("file:///x", "/x", language, 7, clean)
    return document, Span(Position(first, 0), Position(last, len(clean[last].rstrip("\r\n"))))


def outcome(text, answer, language="python", action="edit", instruction="Change it", finish=Finish.STOP):
    document, target = marked(text, language)
    offer = Offer(action, "Do it", REWRITE, Result.REPLACEMENT, target, instruction=instruction)
    return plan(offer, document, answer, finish)


def after(text, code, language="python", **more):
    """The text that comes of an answer with this code in its one block."""
    found = outcome(text, f"```{language}\n{code}\n```\n", language, **more)
    assert isinstance(found, Plan), found
    assert found.document.version == 7
    return applied(found.document, found.edits).text


def reason(text, answer, language="python", **more):
    found = outcome(text, answer, language, **more)
    assert isinstance(found, Refused), found
    return found.reason


@pytest.mark.parametrize(
    ("text", "code", "expected"),
    [
        # As it is shown, dedented, with the first line alone dedented.
        ("class A:\n«    def f(self):\n        pass»\n", "    def f(self):\n        return 1", None),
        ("class A:\n«    def f(self):\n        pass»\n", "def f(self):\n    return 1", None),
        ("class A:\n«    def f(self):\n        pass»\n", "def f(self):\n        return 1", None),
        # Tabs, other levels.
        ("class A:\n«    def f(self):\n        pass»\n", "\tdef f(self):\n\t\treturn 1", None),
        ("class A:\n«    def f(self):\n        pass»\n", "def f(self):\n  return 1", None),
    ],
)
def test_the_answers_indentation_becomes_the_files(text, code, expected):
    assert after(text, code) == "class A:\n    def f(self):\n        return 1\n"


def test_tabs_are_kept_where_the_file_has_them():
    text = "func f() {\n«\tif a {\n\t\tb()\n\t}»\n}\n"
    assert after(text, "    if a {\n        c()\n    }", "go") == "func f() {\n\tif a {\n\t\tc()\n\t}\n}\n"
    assert after(text, "if a {\n  c()\n}", "go") == "func f() {\n\tif a {\n\t\tc()\n\t}\n}\n"


def test_continuation_lines_keep_their_place_relative_to_the_first():
    code = "x = f(a,\n      b)\ny = g(\n  c)"
    assert after("if a:\n«    x = 1»\n", code) == "if a:\n    x = f(a,\n          b)\n    y = g(\n      c)\n"


def test_what_is_quoted_keeps_its_indentation():
    text = 'def f():\n«    a = """\n  sql\n"""»\n    return a\n'
    assert after(text, '    a = """\n  sql\n"""\n    b = 1') == text.replace("«", "").replace(
        "»", "\n    b = 1"
    )
    assert after(text, 'a = """\n  sql\n"""\nb = 1') == text.replace("«", "").replace("»", "\n    b = 1")


def test_a_docstring_moves_with_the_code():
    code = 'def f():\n    """A.\n\n    B.\n    """\n    return 1'
    assert after("class A:\n«    def f():\n        pass»\n", code) == (
        'class A:\n    def f():\n        """A.\n\n        B.\n        """\n        return 1\n'
    )


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_ends_are_the_documents(newline):
    text = "a = 1\n«b = 2\nc = 3»\nd = 4\n".replace("\n", newline)
    assert after(text, "b = 2\nb2 = 2\nc = 4") == "a = 1\nb = 2\nb2 = 2\nc = 4\nd = 4\n".replace(
        "\n", newline
    )


def test_mixed_line_ends_of_lines_that_stay_are_kept():
    assert (
        after("«a = 1\r\nb = 2\nc = 3\r\nd = 4»\r\n", "a = 1\nb = 2\nc = 4\nd = 4")
        == "a = 1\r\nb = 2\nc = 4\r\nd = 4\r\n"
    )


def test_a_last_line_without_an_end_stays_without():
    assert after("a = 1\n«b = 2»", "b = 3") == "a = 1\nb = 3"


def test_blank_lines_around_the_code_stay():
    document, _ = marked("«»\na = 1\n\n")
    offer = Offer(
        "edit", "E", REWRITE, Result.REPLACEMENT, Span(Position(0, 0), Position(2, 0)), instruction="x"
    )
    found = plan(offer, document, "```\na = 2\n```", Finish.STOP)
    assert isinstance(found, Plan)
    assert applied(document, found.edits).text == "\na = 2\n\n"


def test_only_what_differs_is_edited():
    found = outcome("«a = 1\nb = 2\nc = 3\nd = 4»\n", "```python\na = 1\nb = 5\nc = 3\nd = 4\ne = 5\n```")
    assert isinstance(found, Plan)
    assert found.edits == (
        TextEdit(Span(Position(1, 0), Position(1, 5)), "b = 5"),
        TextEdit(Span(Position(3, 5), Position(3, 5)), "\ne = 5"),
    )


@pytest.mark.parametrize(
    "code", ["a = 1\nb = 2", "a = 1  \nb = 2", "    a = 1\n    b = 2", "\n\na = 1\nb = 2\n\n"]
)
def test_an_answer_that_is_there_already_edits_nothing(code):
    said = reason("«a = 1\nb = 2»\n", f"```python\n{code}\n```")
    assert said == "the answer is what is there already, so there is nothing to change"


def test_blanks_at_line_ends_are_edited_only_by_an_answer_that_does_nothing_else():
    assert after("«a = 1  \nb = 2»\n", "a = 1\nb = 2") == "a = 1\nb = 2\n"
    assert after("«a = 1  \nb = 2»\n", "a = 1\nb = 3") == "a = 1  \nb = 3\n"


@pytest.mark.parametrize(
    ("search", "replace_by", "expected"),
    [
        ("b = 2", "b = 3", "if x:\n    a = 1\n    b = 3\n    c = 2\n"),
        ("    b = 2  ", "    b = 3", "if x:\n    a = 1\n    b = 3\n    c = 2\n"),
        (
            "a = 1\nb = 2",
            "a = 2\nif a:\n    b = 1",
            "if x:\n    a = 2\n    if a:\n        b = 1\n    c = 2\n",
        ),
        ("    b = 2\n", "", "if x:\n    a = 1\n    c = 2\n"),
    ],
)
def test_search_and_replace(search, replace_by, expected):
    text = "if x:\n«    a = 1\n    b = 2\n    c = 2»\n"
    found = outcome(text, f"So:\n<<<<<<< SEARCH\n{search}\n=======\n{replace_by}\n>>>>>>> REPLACE\n")
    assert isinstance(found, Plan), found
    assert applied(found.document, found.edits).text == expected


def exchange(search: str, by: str) -> str:
    return f"<<<<<<< SEARCH\n{search}\n=======\n{by}\n>>>>>>> REPLACE\n"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            exchange("a = 1", "a = 2") + exchange("z = 2", "b"),
            "the second search block looks for stands nowhere",
        ),
        (exchange("a = 1", "a = 2"), "the first search block looks for stands at 2 places"),
        (exchange("b = 2\na = 1", "b") + exchange("b = 2", "c"), "about the same lines"),
        (exchange("", "b"), "the first search block of the answer is empty"),
        (exchange("d = 4", "d = 5"), "stands nowhere"),
    ],
)
def test_a_search_that_does_not_fit_once_is_refused(answer, expected):
    text = "«a = 1\nb = 2\na = 1»\nd = 4\n"
    if "z = 2" in answer:
        text = "«a = 1\nb = 2»\nd = 4\n"
    assert expected in reason(text, answer)


def test_two_exchanges_are_both_made():
    found = outcome("«a = 1\nb = 2\nc = 3»\n", exchange("a = 1", "a = 2") + exchange("c = 3", "c = 4"))
    assert isinstance(found, Plan)
    assert len(found.edits) == 2
    assert applied(found.document, found.edits).text == "a = 2\nb = 2\nc = 4\n"


def test_deleting_everything_has_to_be_asked_for():
    answer = exchange("a = 1\nb = 2", "")
    assert "delete everything" in reason("«a = 1\nb = 2»\nc = 3\n", answer)
    found = outcome("«a = 1\nb = 2»\nc = 3\n", answer, instruction="Remove these")
    assert isinstance(found, Plan)
    assert applied(found.document, found.edits).text == "\nc = 3\n"


def test_large_changes_say_so():
    lines = "\n".join(f"a{number} = 1" for number in range(200))
    text = f"«{lines}»\n"
    few, many = (lines.replace("= 1", "= 2", count) for count in (40, 41))
    assert not outcome(text, f"```\n{few}\n```").large
    assert outcome(text, f"```\n{many}\n```").large
    assert outcome("«a = 1\nb = 2»\n", "```\na = 2\nb = 3\n```").large
    assert not outcome("«a = 1»\nb = 2\nc = 3\n", "```\na = 2\n```").large


def test_changed_lines_count_what_a_person_sees():
    document, target = marked("«a\nb\nc\nd»\n", "plaintext")
    for new, expected in (
        (["a", "x", "c", "d"], 1),
        (["a", "b", "x", "y", "c", "d"], 2),
        (["a", "d"], 2),
        (["b", "c", "d", "e"], 2),
    ):
        assert changed_lines(line_edits(document, target, new)) == expected, new


def test_a_target_behind_its_indentation():
    document = Document("", None, "plaintext", 1, ("    a\n", "    b\n", "    c"))
    target = Span(Position(0, 4), Position(2, 5))
    for new in (["    b", "    c"], ["    x", "    a", "    b", "    c"], ["    x", "    b", "    c"]):
        edits = line_edits(document, target, new)
        assert applied(document, edits).text == "\n".join(new)
        assert all(target.contains(edit.span) for edit in edits)


def test_the_style_of_a_file():
    document, _ = marked("«if a:\n  b\n  if c:\n    d»\n")
    assert style_of(document, 0) == Style(tabs=False, width=2)
    assert style_of(replace(document, lines=("a\n", "\tb\n", "")), 0).tabs
    assert style_of(replace(document, lines=("",), language="go"), 0).tabs
    assert style_of(replace(document, lines=("",)), 0) == Style(tabs=False, width=4)


def test_ways_to_fit_begin_with_the_one_that_has_most_in_common():
    ways = fitted(["a", "    b"], "    ", Style(tabs=False, width=4), "plaintext", ["    a", "    b"])
    assert ways[0] == ["    a", "    b"]
    assert ["    a", "        b"] in ways


@pytest.mark.parametrize(
    ("lines", "span", "text", "expected"),
    [
        (("a\n", "b\n", "c"), Span(Position(0, 1), Position(1, 0)), "", ("ab\n", "c")),
        (("a\r", "b"), Span(Position(1, 0), Position(1, 0)), "\n", ("a\r\n", "b")),
        (("a",), Span(Position(0, 0), Position(0, 1)), "x\r\ny\n", ("x\r\n", "y\n", "")),
    ],
)
def test_documents_are_spliced(lines, span, text, expected):
    document = Document("", None, "x", 1, lines)
    assert replaced(document, span, text).lines == expected


def test_the_end_of_what_was_put_in():
    assert end_of(Position(3, 4), "ab") == Position(3, 6)
    assert end_of(Position(3, 4), "ab\r\nc") == Position(4, 1)


def test_wide_characters_count_as_one_column():
    found = outcome("«x = '🙂é'; y = 1»\n", "```python\nx = '🙂é'; y = 2\n```")
    assert isinstance(found, Plan)
    assert found.edits[0].span.end == Position(0, 15)
    assert applied(found.document, found.edits).text == "x = '🙂é'; y = 2\n"
