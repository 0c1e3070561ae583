"""Checks: a document gets no worse, and each action changes only what it may."""

import pytest

from lsp_server.actions.checks import Change, problem, text_problem
from lsp_server.actions.comment_forms import Form, form_of, plain_lines, written
from lsp_server.actions.custom import UserAction, When
from lsp_server.actions.docstrings import quoted
from lsp_server.actions.edits import applied
from lsp_server.actions.model import NewFile, Plan, Refused, Result, Situation, Span
from lsp_server.actions.offers import ActionConfig, offer_for
from lsp_server.actions.plan import plan
from lsp_server.actions.splice import end_of, replaced
from lsp_server.document.lines import split_lines
from lsp_server.types import Document, Finish, Position

CONFIG = ActionConfig(can_prompt=True)


def situation(text: str, language: str = "python") -> Situation:
    """The situation in a text where ‸ is the cursor, or « and » are the ends of the selection."""
    lines, places = [], []
    for number, line in enumerate(split_lines(text)):
        clean = ""
        for character in line:
            if character in "‸«»":
                places.append(Position(number, len(clean)))
            else:
                clean += character
        lines.append(clean)
    return Situation(Document("file:///x", "/p/x", language, 1, tuple(lines)), Span(places[0], places[-1]))


def outcome(action, text, answer, language="python", instruction=""):
    where = situation(text, language)
    offer = offer_for(action, where, config=CONFIG, instruction=instruction)
    assert offer is not None
    found = plan(offer, where.document, answer, Finish.STOP)
    if isinstance(found, Plan):
        assert all(offer.target.contains(edit.span) for edit in found.edits)
    return found


def after(action, text, code, language="python", fence="```"):
    found = outcome(action, text, f"{fence}{language}\n{code}\n{fence}", language)
    assert isinstance(found, Plan), found
    return applied(found.document, found.edits).text


def reason(action, text, code, language="python", **more):
    found = outcome(action, text, f"```{language}\n{code}\n```", language, **more)
    assert isinstance(found, Refused), found
    return found.reason


def change(text: str, new: str, language: str) -> Change:
    """The change that puts ``new`` in the place of the selection."""
    where = situation(text, language)
    later = replaced(where.document, where.selection, new)
    return Change(
        where.document,
        where.selection,
        later,
        Span(where.selection.start, end_of(where.selection.start, new)),
    )


@pytest.mark.parametrize(
    ("language", "text", "new"),
    [
        ("python", "def f():\n    «return 1»\n", "return 2"),
        ("python", "def f(:\n    «return 1»\n", "return 2"),
        ("python", "x = (\n«y = 1»\n", "y = 2"),
        ("python", "«x = (»\n", "x = ()"),
        ("go", "package a\n\nfunc f() {\n\t«g()»\n}\n", "h()\n\tg()"),
        ("nolang", "(«a (b»\n", "c (d"),
        ("nolang", "«a (b»\n", "c (d)"),
        ("markdown", "«a (b»\n", "don't ("),
    ],
)
def test_a_change_that_makes_nothing_worse_is_sound(language, text, new):
    assert problem(change(text, new, language)) is None


@pytest.mark.parametrize(
    ("language", "text", "new", "expected"),
    [
        ("python", "def f():\n    «return 1»\n", "return (", "not correct python"),
        ("python", "def f(:\n    «return 1»\n", "return (", "not correct python"),
        # The grammar of tree-sitter forgives these, Python does not.
        ("python", "def f():\n    «return 1»\n", "", "not correct python"),
        ("python", "def f():\n    «return 1»\n\n\ng = 1\n", "x = 1\nreturn x", "not correct python"),
        ("python", "def f():\n    if a:\n«        return 1»\n", "    return 1", "not correct python"),
        (
            "python",
            "class A:\n«    def f(self):\n        return 1»\n",
            "def f(self):\n    return 1",
            "python",
        ),
        ("c", "«int a;»\nint b; /* x */\n", "int a; /*", "meaning of code around"),
        (
            "java",
            "class A {\n  void f() {\n    «g();»\n  }\n}\n",
            "g(); } void h() {",
            "meaning of code around",
        ),
        ("javascript", "«a = 1;»\n(b)\n", "a = b", "meaning of code around"),
        ("nolang", "«a (b»\n", "c ((d", "brackets or quotes"),
        ("nolang", "«a = b»\n", 'a = "b', "brackets or quotes"),
    ],
)
def test_a_change_that_makes_something_worse_is_told(language, text, new, expected):
    assert expected in (problem(change(text, new, language)) or "")


def test_a_method_that_would_leave_its_class_is_refused():
    text = "class A:\n«    def f(self):\n        return 1»\n\nx = 1\n"
    assert problem(change(text, "def f(self):\n    return 1", "python")) is not None


@pytest.mark.parametrize(
    ("language", "text", "sound"),
    [
        ("python", "a = 1\n", True),
        ("python", "return 1\n", False),
        ("go", "package a\n", True),
        ("go", "(\n", False),
        ("nolang", "(a)", True),
        ("nolang", "(a", False),
    ],
)
def test_a_text_of_its_own(language, text, sound):
    assert (text_problem(Document("", None, language, 1, split_lines(text))) is None) == sound


# Documentation


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["A."], '"""A."""'),
        (["A.", "", "B."], '"""A.\n\n    B.\n    """'),
        (['Say "a"'], '"""Say "a"\n    """'),
        (['"A" is'], '""" "A" is"""'),
        (["A \\d"], 'r"""A \\d"""'),
        (['A """ b'], '"""A \\"\\"\\" b"""'),
        (['A """ \\d'], '"""A \\"\\"\\" \\\\d"""'),
        (["A \\"], 'r"""A \\\n    """'),
    ],
)
def test_docstrings_of_python_are_quoted(lines, expected):
    assert quoted(lines, "    ", "\n") == expected
    compile(quoted(lines, "    ", "\n"), "x", "eval")


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        (
            "python",
            "def f(a):\n    ‸return a\n",
            'def f(a):\n    """Do it.\n\n    More.\n    """\n    return a\n',
        ),
        ("javascript", "‸function f(a) {}\n", "/**\n * Do it.\n *\n * More.\n */\nfunction f(a) {}\n"),
        (
            "typescript",
            "class A {\n  f‸(a) {}\n}\n",
            "class A {\n  /**\n   * Do it.\n   *\n   * More.\n   */\n  f(a) {}\n}\n",
        ),
        ("rust", "fn f‸() {}\n", "/// Do it.\n///\n/// More.\nfn f() {}\n"),
        ("go", "package a\n\nfunc f‸() {}\n", "package a\n\n// Do it.\n//\n// More.\nfunc f() {}\n"),
        (
            "csharp",
            "class A‸ {}\n",
            "/// <summary>\n/// Do it.\n///\n/// More.\n/// </summary>\nclass A {}\n",
        ),
        ("java", "class A‸ {}\n", "/**\n * Do it.\n *\n * More.\n */\nclass A {}\n"),
        ("kotlin", "fun f‸() {}\n", "/**\n * Do it.\n *\n * More.\n */\nfun f() {}\n"),
        ("php", "<?php\nfunction f‸() {}\n", "<?php\n/**\n * Do it.\n *\n * More.\n */\nfunction f() {}\n"),
        ("scala", "def f‸() = 1\n", "/**\n * Do it.\n *\n * More.\n */\ndef f() = 1\n"),
        ("swift", "func f‸() {}\n", "/// Do it.\n///\n/// More.\nfunc f() {}\n"),
        (
            "c",
            "int f‸(void) { return 1; }\n",
            "/**\n * Do it.\n *\n * More.\n */\nint f(void) { return 1; }\n",
        ),
        ("cpp", "int f‸() { return 1; }\n", "/**\n * Do it.\n *\n * More.\n */\nint f() { return 1; }\n"),
        ("ruby", "def f‸\nend\n", "# Do it.\n#\n# More.\ndef f\nend\n"),
        ("lua", "function f‸()\nend\n", "--- Do it.\n---\n--- More.\nfunction f()\nend\n"),
        ("shellscript", "f‸() {\n  a\n}\n", "# Do it.\n#\n# More.\nf() {\n  a\n}\n"),
    ],
)
def test_documentation_goes_where_the_language_has_it(language, text, expected):
    assert after("docstring", text, "Do it.\n\nMore.", language) == expected


METHOD = "class A:\n    def f(self, a):\n        ‸return a\n"


@pytest.mark.parametrize(
    "code",
    [
        "Do it.",
        '"""Do it."""',
        "'''\nDo it.\n'''",
        'r"Do it."',
        'def f(self, a):\n    """Do it."""\n    return a',
    ],
)
def test_a_docstring_is_found_in_each_form_of_answer(code):
    assert (
        after("docstring", METHOD, code)
        == 'class A:\n    def f(self, a):\n        """Do it."""\n        return a\n'
    )


@pytest.mark.parametrize(
    "code",
    [
        "/** Do it. */",
        "/**\n * Do it.\n */",
        "// Do it.",
        "/// Do it.",
        "/** Do it. */\nint f() { return 1; }",
    ],
)
def test_a_comment_is_found_in_each_form_of_answer(code):
    text = "class A {\n  int f‸() { return 1; }\n}\n"
    assert (
        after("docstring", text, code, "java") == "class A {\n  /** Do it. */\n  int f() { return 1; }\n}\n"
    )


def test_documentation_that_is_there_is_replaced_in_its_own_form():
    assert (
        after("docstring", "// Old.\nint f‸() { return 1; }\n", "New.", "c")
        == "// New.\nint f() { return 1; }\n"
    )
    text = 'def f():\n    """Old.\n\n    More.\n    """\n    ‸return 1\n'
    assert after("docstring", text, "New.") == 'def f():\n    """New."""\n    return 1\n'


def test_a_docstring_of_one_line_functions_gets_its_own_line():
    assert (
        after("docstring", "def f(a): ‸return a\n", "Do it.")
        == 'def f(a): \n    """Do it."""\n    return a\n'
    )


@pytest.mark.parametrize(
    ("language", "text", "code", "expected"),
    [
        ("python", METHOD, "def f(self, a):\n    return a", "without a documentation"),
        ("python", METHOD, "b = a\nreturn b", "is code and not a documentation"),
        ("python", METHOD, '"""', "quotes around the documentation do not match"),
        ("python", METHOD, '""" """', "is empty"),
        ("python", METHOD, "Do it.\x00", "invisible character U+0000"),
        ("java", "class A‸ {}\n", "Ends */ here", "end of a comment"),
        ("java", "class A‸ {}\n", "In C:\\users", "Java reads even in comments"),
        ("c", "// Old.\nint f‸() { return 1; }\n", "Back \\", "meaning of code around"),
    ],
)
def test_what_cannot_be_a_documentation_is_refused(language, text, code, expected):
    assert expected in reason("docstring", text, code, language)


def test_prose_without_a_block_is_no_documentation():
    found = outcome("docstring", METHOD, "Sure! It returns what it is given.")
    assert found == Refused("the answer holds no code block: try again")
    assert isinstance(outcome("docstring", METHOD, '"""Do it."""'), Plan)


def test_comment_marks_are_taken_off_and_put_on():
    assert plain_lines(["/**", " * A", " *   b", " */"]) == ["", "A", "  b", " "]
    assert plain_lines(["# A", "#", "# b"]) == ["A", "", "b"]
    assert plain_lines(["# A", "b"]) == ["# A", "b"]
    assert form_of("c", "/* x */") is Form.PLAIN_BLOCK
    assert written(Form.BLOCK, ["A", "", "b"], "java") == ["/**", " * A", " *", " * b", " */"]
    assert written(Form.THREE_SLASHES, ["<summary>a</summary>"], "csharp") == ["/// <summary>a</summary>"]


# Bodies


@pytest.mark.parametrize(
    ("language", "text", "code", "expected"),
    [
        ("python", "def f(a):\n    ‸pass\n", "return a", "def f(a):\n    return a\n"),
        (
            "python",
            "def f(a):\n    ‸pass\n",
            "def f(a):\n  if a:\n    return 1\n  return 2",
            "def f(a):\n    if a:\n        return 1\n    return 2\n",
        ),
        (
            "python",
            'def f(a):\n    """D."""\n    ‸...\n',
            'def f(a):\n    """E."""\n    return a',
            'def f(a):\n    """D."""\n    return a\n',
        ),
        ("python", "def f(a): ‸...\n", "return a", "def f(a): return a\n"),
        (
            "python",
            'def f(a):\n    """D."""‸\n',
            "b = a\nreturn b",
            'def f(a):\n    """D."""\n    b = a\n    return b\n',
        ),
        ("javascript", "function f(a) {‸}\n", "return a;", "function f(a) {\n  return a;\n}\n"),
        ("javascript", "function f(a) {\n‸}\n", "{\n  return a;\n}", "function f(a) {\n  return a;\n}\n"),
        (
            "go",
            'func f() int {\n\t‸panic("todo")\n}\n',
            "func f() int {\n    return 1\n}",
            "func f() int {\n\treturn 1\n}\n",
        ),
        (
            "rust",
            "fn f() -> u8 {\n    ‸todo!()\n}\n",
            "let a = 1;\na",
            "fn f() -> u8 {\n    let a = 1;\n    a\n}\n",
        ),
        (
            "java",
            "class A {\n    int f() {‸\n    }\n}\n",
            "int f() {\n    return 1;\n}",
            "class A {\n    int f() {\n        return 1;\n    }\n}\n",
        ),
        ("c", "int f() {\n}‸\n", "return 1;", "int f() {\n    return 1;\n}\n"),
        ("ruby", "def f(a)‸\nend\n", "def f(a)\n  a\nend", "def f(a)\n  a\nend\n"),
        ("lua", "function f(a)‸\nend\n", "return a", "function f(a)\n  return a\nend\n"),
        ("kotlin", "fun f(): Int = ‸TODO()\n", "fun f(): Int = 1", "fun f(): Int = 1\n"),
        (
            "php",
            "<?php\nfunction f($a) {‸\n}\n",
            "return $a;",
            "<?php\nfunction f($a) {\n    return $a;\n}\n",
        ),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_body_is_put_in(language, text, code, expected, newline):
    assert after("complete", text.replace("\n", newline), code, language) == expected.replace("\n", newline)


@pytest.mark.parametrize(
    ("language", "text", "code", "expected"),
    [
        ("python", "def f(a):\n    ‸pass\n", "...", "leaves the function empty"),
        ("python", "def f(a):\n    ‸pass\n", "def f(a):\n    ...", "leaves the function empty"),
        ("python", "def f(a):\n    ‸pass\n", "def f(a, b):\n    return a", "changes the function's head"),
        ("python", "def f(a):\n    ‸pass\n", "def f(a):\n    return a\n\nf(1)", "more than the function"),
        (
            "python",
            "def f(a):\n    ‸pass\n",
            "def f(a):\n    return a\n\ndef g():\n    pass",
            "more than the function",
        ),
        ("python", "def f(a):\n    ‸pass\n", "return a)", "not correct python"),
        ("python", "def f(a):\n    ‸pass\n", "# ... rest of the code", "leaves out parts"),
        ("java", "class A {\n    int f() {‸}\n}\n", "return 1; } int g() { return 2;", "the answer"),
        ("kotlin", "fun f(): Int = ‸TODO()\n", "fun f(): Int {\n  return 1\n}", "another form"),
    ],
)
def test_other_bodies_are_refused(language, text, code, expected):
    assert expected in reason("complete", text, code, language)


def test_a_bare_answer_is_a_body_only_if_it_is_plainly_code():
    text = "def f(a):\n    ‸pass\n"
    assert isinstance(outcome("complete", text, "return a"), Plan)
    assert isinstance(outcome("complete", text, "def f(a):\n    return a\n"), Plan)
    assert isinstance(outcome("complete", text, "Sorry"), Refused)
    assert isinstance(outcome("complete", text, "Sorry (no)"), Refused)


# Heads


HEAD = (
    "from typing import Any\n\n\nclass A:\n    @dec\n"
    "    async def f(self, a, b=1, *c, d: int = 2, **e):  # x\n        ‸return a\n"
)


def test_types_are_put_into_the_head_that_is_there():
    code = "async def f(self, a: int, b: str=1, *c: Any, d: int=2, **e: dict[str, A]) -> None:"
    assert after("annotate", HEAD, code) == HEAD.replace("‸", "").replace(
        "(self, a, b=1, *c, d: int = 2, **e)",
        '(self, a: int, b: str = 1, *c: Any, d: int = 2, **e: "dict[str, A]") -> None',
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("int", "int"),
        ("List[int]", "list[int]"),
        ("Dict[str, List[int]]", "dict[str, list[int]]"),
        ("Optional[int]", '"int | None"'),
        ("Union[int, str]", '"int | str"'),
        ("int | None", "int | None"),
        ("'Later'", '"Later"'),
        ("Later", '"Later"'),
        ("os.PathLike", "os.PathLike"),
        ("np.ndarray", None),
        ("Iterable[int]", None),
        ("any", None),
        ("print('x')", None),
        ("lambda: 1", None),
        ("f'{x}'", None),
        ("x := int", None),
    ],
)
def test_types_of_python_are_such_as_the_file_knows(given, expected):
    text = "import os\n\n\ndef f(a):\n    ‸return a\n\n\nclass Later:\n    pass\n"
    found = outcome("annotate", text, f"```python\ndef f(a: {given}):\n```")
    if expected is None:
        assert isinstance(found, Refused)
        return
    assert isinstance(found, Plan), found
    assert applied(found.document, found.edits).text == text.replace("‸", "").replace(
        "f(a)", f"f(a: {expected})"
    )
    exec(compile(applied(found.document, found.edits).text, "x", "exec"), {})


def test_postponed_annotations_need_no_quotes():
    text = "from __future__ import annotations\n\n\ndef f(a):\n    ‸return a\n"
    assert "f(a: int | None)" in after("annotate", text, "def f(a: Optional[int]):")


def test_what_only_type_checkers_import_is_quoted():
    text = "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from a import B\n\n\n"
    text += "def f(a):\n    ‸return a\n"
    assert 'f(a: "B")' in after("annotate", text, "def f(a: B):")


@pytest.mark.parametrize(
    "code",
    [
        "async def f(self, a: int, b=2, *c, d: int = 2, **e):",
        "async def f(self, b: int, a=1, *c, d: int = 2, **e):",
        "async def f(self, a: int, b=1, *c, d: str = 2, **e):",
        "async def f(self, a: int, b=1, *c, d=2, **e):",
        "def f(self, a: int, b=1, *c, d: int = 2, **e):",
        "async def g(self, a: int, b=1, *c, d: int = 2, **e):",
        "async def f[T](self, a: int, b=1, *c, d: int = 2, **e):",
        "async def f(self, a: int, b=1, *c, d: int = 2, **e, x: int):",
    ],
)
def test_a_head_with_anything_else_changed_is_refused(code):
    assert "more of the signature than its types" in reason("annotate", HEAD, code)


def test_a_head_without_new_types_changes_nothing():
    assert "adds no types" in reason("annotate", HEAD, "async def f(self, a, b=1, *c, d: int = 2, **e):")


@pytest.mark.parametrize(
    ("language", "text", "code", "expected"),
    [
        (
            "typescript",
            "function f(a, b = 1) {\n  ‸return a;\n}\n",
            "function f(a: number, b: number = 1): number {",
            "function f(a: number, b: number = 1): number {\n  return a;\n}\n",
        ),
        (
            "typescript",
            "const f = (a?, ...b) => {\n  ‸return a;\n};\n",
            "const f = (a?: string, ...b: string[]) => {\n  return a;\n};",
            "const f = (a?: string, ...b: string[]) => {\n  return a;\n};\n",
        ),
        (
            "php",
            "<?php\nfunction f(&$a, $b = null) { ‸return 1; }\n",
            "function f(int &$a, ?string $b = null): int",
            "<?php\nfunction f(int &$a, ?string $b = null): int { return 1; }\n",
        ),
    ],
)
def test_types_of_other_languages(language, text, code, expected):
    assert after("annotate", text, code, language) == expected


# Replacements of whole functions, files


def test_a_function_is_extracted_beside_the_one_that_stays():
    text = "def f(a):\n    «b = a\n    c = b»\n    return c\n"
    new = "def g(a):\n    return a\n\n\ndef f(a):\n    return g(a)"
    assert after("extract", text, new) == new + "\n"
    assert "has f no more" in reason("extract", text, "def g(a):\n    return a")
    assert "makes no new function" in reason("extract", text, "def f(a):\n    return a")


def test_translating_comments_changes_no_code():
    text = "def f(a):\n    ‸# wird nicht mehr und das\n    return a  # für\n"
    assert (
        after("translate-comments", text, "def f(a):\n    # no longer\n    return a  # for")
        == "def f(a):\n    # no longer\n    return a  # for\n"
    )
    assert "changes code" in reason(
        "translate-comments", text, "def f(a):\n    # no longer\n    return b  # for"
    )


def test_a_function_keeps_its_name_when_it_is_made_simpler():
    text = "def f(a):\n    ‸return a\n"
    assert "has f no more" in reason("simplify", text, "def g(a):\n    return a")
    assert isinstance(
        outcome("edit", text, "```python\ndef g(a):\n    return a\n```", instruction="Rename"), Plan
    )


def test_a_new_file_has_to_be_whole_and_right():
    text = "def f(a):\n    ‸return a\n"
    found = outcome("tests", text, "```python\nfrom x import f\n\n\ndef test_f():\n    assert f(1)\n```")
    assert found == NewFile("", "from x import f\n\n\ndef test_f():\n    assert f(1)\n", "Write tests for f")
    assert "not correct python" in reason("tests", text, "def test_f(:")
    assert "leaves out parts" in reason("tests", text, "a = 1\n# ... other methods")
    assert isinstance(outcome("tests", text, "def test_f(): pass"), Refused)


@pytest.mark.parametrize(
    ("result", "text", "code", "expected"),
    [
        (
            Result.DOCUMENTATION,
            "def f(a):\n    ‸return a\n",
            "Do it.",
            'def f(a):\n    """Do it."""\n    return a\n',
        ),
        (Result.HEAD, "def f(a):\n    ‸return a\n", "def f(a: int):", "def f(a: int):\n    return a\n"),
        (
            Result.BODY,
            'def f(a):\n    """D."""\n    ‸...\n',
            "return a",
            'def f(a):\n    """D."""\n    return a\n',
        ),
        (Result.BODY, "def f(a):\n    ‸return a\n", "return 1", None),
        (Result.COMMIT_MESSAGE, "def f(a):\n    ‸return a\n", "Add it", None),
        (Result.NONE, "def f(a):\n    ‸return a\n", "Add it", None),
    ],
)
def test_an_action_of_a_users_own_changes_only_what_its_result_is_for(result, text, code, expected):
    own = UserAction("own", "Own", "{target}", when=When.FUNCTION, result=result)
    where = situation(text)
    offer = offer_for("own", where, config=ActionConfig(own=(own,)))
    assert offer is not None
    found = plan(offer, where.document, f"```\n{code}\n```", Finish.STOP)
    if expected is None:
        assert isinstance(found, Refused)
    else:
        assert isinstance(found, Plan), found
        assert applied(found.document, found.edits).text == expected
