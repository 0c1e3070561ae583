"""Actions as blanks: which blanks there are, and what comes of what is filled in."""

import pytest

from lsp_server.actions.edits import applied
from lsp_server.actions.filling import filling
from lsp_server.actions.model import Plan, Situation, Span
from lsp_server.actions.offers import ActionConfig, offer_for
from lsp_server.actions.plan import plan
from lsp_server.document.lines import split_lines
from lsp_server.testing.fixtures import MARK
from lsp_server.types import Document, Finish, Position


def fill(marked, action, answers, language="python"):
    """The document with ``MARK`` at the cursor, after ``action`` was filled in with ``answers`` in turn.

    Returns the text afterwards (None where nothing came of it) and each blank as text with ``MARK`` in it.
    """
    before, _, after = marked.partition(MARK)
    document = Document("file:///p/main", "/p/main", language, 1, split_lines(before + after))
    lines = before.split("\n")
    place = Position(len(lines) - 1, len(lines[-1]))
    offer = offer_for(action, Situation(document, Span(place, place)), config=ActionConfig())
    assert offer is not None
    blanks = filling(offer, document)
    if blanks is None:
        return None, None
    seen, given = [], iter(answers)
    blank = next(blanks)
    while True:
        cursor = blank.cursor
        text, at = cursor.document.lines, cursor.position
        above = "".join(text[: at.line]) + text[at.line][: at.column]
        seen.append(f"{above}{MARK}{cursor.document.text[len(above) :]}")
        try:
            blank = blanks.send(next(given))
        except StopIteration as end:
            answer = end.value
            break
    outcome = plan(offer, document, answer, Finish.STOP) if answer else None
    return (applied(document, outcome.edits).text if isinstance(outcome, Plan) else None), seen


F = "def f(a, b=1):\n    return a + b\n"


def test_a_docstring_is_a_blank_between_quotes():
    text, [blank] = fill(f"{MARK}{F}", "docstring", ['Return the sum."""\n    x'])
    assert blank == f'def f(a, b=1):\n    """{MARK}"""\n    return a + b\n'
    assert text == 'def f(a, b=1):\n    """Return the sum."""\n    return a + b\n'


def test_a_docstring_that_is_there_is_written_anew():
    marked = f'class A:\n    def {MARK}f(self):\n        """Old."""\n        return 1\n'
    text, [blank] = fill(marked, "docstring", ["New.\n\n        More.\n        "])
    assert blank == f'class A:\n    def f(self):\n        """{MARK}"""\n        return 1\n'
    assert (
        text
        == 'class A:\n    def f(self):\n        """New.\n\n        More.\n        """\n        return 1\n'
    )


def test_code_is_no_documentation():
    code = "import os\n\n    def f(a):\n        self.a = a\n"
    assert fill(f"{MARK}{F}", "docstring", [code])[0] is None


@pytest.mark.parametrize("answer", ["", "   \n  ", '"""'])
def test_a_blank_that_stays_blank_changes_nothing(answer):
    text, _ = fill(f"{MARK}{F}", "docstring", [answer])
    assert text is None


@pytest.mark.parametrize(
    ("language", "code", "blank", "answer", "expected"),
    [
        (
            "typescript",
            "function f(a) {\n  return a;\n}\n",
            f"/**\n * {MARK}\n */\nfunction f(a) {{\n  return a;\n}}\n",
            "Returns it.\n * @param a - what\n */\nfunction g() {}",
            "/**\n * Returns it.\n * @param a - what\n */\nfunction f(a) {\n  return a;\n}\n",
        ),
        (
            "go",
            "package p\n\nfunc F(a int) int {\n\treturn a\n}\n",
            f"package p\n\n// {MARK}\nfunc F(a int) int {{\n\treturn a\n}}\n",
            "F returns it.\n// It is fast.\nfunc F(a int) int {",
            "package p\n\n// F returns it.\n// It is fast.\nfunc F(a int) int {\n\treturn a\n}\n",
        ),
        (
            "rust",
            "fn f(a: u8) -> u8 {\n    a\n}\n",
            f"/// {MARK}\nfn f(a: u8) -> u8 {{\n    a\n}}\n",
            "Returns it.",
            "/// Returns it.\nfn f(a: u8) -> u8 {\n    a\n}\n",
        ),
    ],
)
def test_comments_of_other_languages(language, code, blank, answer, expected):
    name = code.index("f(") if "f(" in code else code.index("F(")
    text, [seen] = fill(f"{code[:name]}{MARK}{code[name:]}", "docstring", [answer], language)
    assert seen == blank
    assert text == expected


def test_each_missing_type_is_a_blank_in_turn():
    text, seen = fill(f"{MARK}{F}", "annotate", ["int, c: str", " int = 1)", "int:\n"])
    assert [blank.partition("\n")[0] for blank in seen] == [
        f"def f(a: {MARK}, b=1):",
        f"def f(a: int, b: {MARK}=1):",
        f"def f(a: int, b: int=1) -> {MARK}:",
    ]
    assert text == "def f(a: int, b: int = 1) -> int:\n    return a + b\n"


def test_a_type_that_cannot_be_used_stays_out_and_the_others_are_kept():
    text, seen = fill(f"{MARK}{F}", "annotate", ["NotImported", "int", "dict[str, list[int]]"])
    assert [blank.partition("\n")[0] for blank in seen][1:] == [
        f"def f(a, b: {MARK}=1):",
        f"def f(a, b: int=1) -> {MARK}:",
    ]
    assert text == "def f(a, b: int = 1) -> dict[str, list[int]]:\n    return a + b\n"


def test_neither_self_nor_the_result_of_init_is_a_blank():
    marked = f"class A:\n    def {MARK}__init__(self, a, *rest, b: int, **more):\n        self.a = a\n"
    text, seen = fill(marked, "annotate", ["int", "str", "float"])
    assert len(seen) == 3
    assert "def __init__(self, a: int, *rest: str, b: int, **more: float):" in text


def test_types_of_typescript():
    code = "function f(a, b = 1, ...c) {\n  return a;\n}\n"
    text, seen = fill(MARK + code, "annotate", ["string", "number", "string[]", "string {"], "typescript")
    assert seen[0].startswith(f"function f(a: {MARK}, b = 1")
    assert text.startswith("function f(a: string, b: number = 1, ...c: string[]): string {\n")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("{ a: number } = x", "{ a: number }"),
        ("Map<string, number>, b", "Map<string, number>"),
        ("(a: string) => void, b", "(a: string) => void"),
    ],
)
def test_types_with_brackets(answer, expected):
    text, _ = fill(f"function {MARK}f(a) {{\n}}\n", "annotate", [answer, ""], "typescript")
    assert f"f(a: {expected}) {{" in text


def test_nothing_usable_makes_no_answer():
    text, seen = fill(f"{MARK}{F}", "annotate", ["", "1 + ", "((("])
    assert text is None
    assert len(seen) == 3


@pytest.mark.parametrize(
    ("language", "code", "answer", "expected"),
    [
        (
            "python",
            f'def {MARK}f(a):\n    """Double it."""\n    pass\n\n\nx = 1\n',
            "b = 2 * a\n    return b\n\n\ny = 3\n",
            'def f(a):\n    """Double it."""\n    b = 2 * a\n    return b\n\n\nx = 1\n',
        ),
        (
            "typescript",
            f"function {MARK}f(a: number): number {{\n}}\n",
            "const b = 2 * a;\n  return b;\n}\nfoo();",
            "function f(a: number): number {\n  const b = 2 * a;\n  return b;\n}\n",
        ),
    ],
)
def test_a_body_is_a_blank_up_to_the_functions_end(language, code, answer, expected):
    text, seen = fill(code, "complete", [answer], language)
    assert len(seen) == 1
    assert text == expected


def test_line_ends_and_indentation_are_the_documents_own():
    text, _ = fill(f"{MARK}def f(a):\r\n\treturn a\r\n", "docstring", ["One.\n\n\tTwo.\n\t"])
    assert text == 'def f(a):\r\n\t"""One.\r\n\r\n\tTwo.\r\n\t"""\r\n\treturn a\r\n'


def test_what_has_to_be_told_in_words_has_no_blanks():
    assert fill(f"{MARK}{F}", "simplify", []) == (None, None)
