"""Offers: which actions are listed where, and which part of the document each is about."""

import itertools
from dataclasses import replace

import pytest

from lsp_server.actions.custom import UserAction, When
from lsp_server.actions.model import Diagnostic, Offer, Result, Situation, Span
from lsp_server.actions.offers import NAMES, TABLE, ActionConfig, offer_for, offers
from lsp_server.actions.structure import Structure
from lsp_server.document.lines import split_lines
from lsp_server.types import Document, Position

CONFIG = ActionConfig()
PROMPTS = ActionConfig(can_prompt=True)
ALWAYS = ["toggle", "snooze", "explain-completion"]


def situation(text: str, language: str = "python", path: str | None = "/p/pkg/x.py") -> Situation:
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
    return Situation(Document("file:///x", path, language, 1, tuple(lines)), Span(places[0], places[-1]))


def text_of(document: Document, span: Span) -> str:
    start, end = (sum(map(len, document.lines[: p.line])) + p.column for p in (span.start, span.end))
    return document.text[start:end]


def listed(where: Situation, config: ActionConfig = CONFIG) -> list[str]:
    return [offer.action for offer in offers(where, config=config)]


def one(name: str, where: Situation, config: ActionConfig = PROMPTS) -> Offer:
    (found,) = (offer for offer in offers(where, config=config) if offer.action == name)
    return found


def target(name: str, text: str, language: str = "python") -> str:
    where = situation(text, language)
    return text_of(where.document, one(name, where).target)


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("def f(a):\n    ‸pass\n", "python", "complete docstring annotate simplify tests explain"),
        ("def f(a):\n    return ‸a\n", "python", "docstring annotate simplify tests explain"),
        ("def f(a: int) -> int:\n    return ‸a\n", "python", "docstring simplify tests explain"),
        (
            "def f(a):\n    «b = a\n»    return b\n",
            "python",
            "docstring annotate simplify extract tests explain",
        ),
        ("class A:\n    ‸x = 1\n", "python", "docstring tests explain"),
        ("‸x = 1\n", "python", ""),
        ("«x = 1»\n", "python", "simplify explain"),
        ("‸", "python", ""),
        ("fn f() {\n    ‸a();\n}\n", "rust", "docstring simplify tests explain"),
        ("function f() {\n  ‸a();\n}\n", "javascript", "docstring simplify tests explain"),
        ("function f() {\n  ‸a();\n}\n", "typescript", "docstring annotate simplify tests explain"),
        ("let f = ‸1 in f", "ocaml", ""),
        ("«let f = 1» in f", "ocaml", "simplify explain"),
        ("«some words»", "markdown", ""),
        ("‸\n# Please enter the commit message\n", "gitcommit", "commit-message"),
    ],
)
def test_what_is_listed_for_a_person(text: str, language: str, expected: str) -> None:
    assert listed(situation(text, language)) == expected.split() + ALWAYS


def test_what_an_editor_lists_by_itself_is_short() -> None:
    where = situation("def f(a):\n    # TODO: write it\n    ‸pass\n    # TODO: more\n")
    found = replace(
        where, automatic=True, diagnostics=(Diagnostic(Span(Position(2, 4), Position(2, 8)), "bad"),)
    )
    assert listed(found) == ["fix", "complete"]
    assert listed(replace(situation("# ‸TODO: write it\nx = 1\n"), automatic=True)) == ["todo"]
    assert listed(replace(situation("def f(a):\n    return ‸a\n"), automatic=True)) == []


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        (("refactor",), "docstring annotate simplify extract"),
        (("refactor.rewrite",), "docstring annotate simplify"),
        (("refactor.extract",), "extract"),
        (("quickfix",), ""),
        (("quickfix", "source"), "tests explain toggle snooze explain-completion"),
        (("source.organizeImports",), ""),
        (("source.fixAll",), ""),
        (("ref",), ""),
        (("",), "docstring annotate simplify extract tests explain toggle snooze explain-completion"),
    ],
)
def test_only_the_kinds_that_are_wanted_are_listed(only: tuple[str, ...], expected: str) -> None:
    where = situation("def f(a):\n    «b = a\n»    return b\n")
    assert listed(replace(where, only=only)) == expected.split()


def diagnosed(text: str, *messages: tuple[int, int, str]) -> Situation:
    """A situation with a diagnostic on each (line, severity, message)."""
    where = situation(text)
    found = (
        Diagnostic(Span(Position(line, 4), Position(line, 5)), message, severity)
        for line, severity, message in messages
    )
    return replace(where, diagnostics=tuple(found))


def test_each_diagnostic_on_the_selected_lines_has_a_fix_errors_first() -> None:
    where = diagnosed(
        "def f(a):\n    «b = a\n    c» = b\n    d\n",
        (1, 3, "hint"), (2, 1, "an\nerror"), (2, 2, "warning"), (3, 1, "elsewhere"), (2, 1, "an\nerror"),
    )  # fmt: skip
    found = [offer for offer in offers(where, config=CONFIG) if offer.action == "fix"]
    assert [offer.title for offer in found] == ["Fix: an error", "Fix: warning", "Fix: hint"]
    assert [offer.preferred for offer in found] == [True, False, False]
    assert [len(offer.diagnostics) for offer in found] == [1, 1, 1]
    assert found[0].kind == "quickfix"


def test_a_list_has_four_fixes_at_most_and_prefers_no_warning() -> None:
    where = diagnosed("def f(a):\n    ‸b\n", *((1, 2, f"m{number}") for number in range(9)))
    found = [offer for offer in offers(where, config=CONFIG) if offer.action == "fix"]
    assert len(found) == 4
    assert not any(offer.preferred for offer in found)


def test_a_long_message_is_cut_in_the_title() -> None:
    where = diagnosed("‸x = 1\n", (0, 1, "long " * 40))
    assert len(one("fix", where).title) <= 70


def test_a_fix_changes_a_short_function_as_a_whole() -> None:
    where = diagnosed("x\n\n@d\ndef f(a):\n    ‸b\n    return b\n\ny\n", (4, 1, "m"))
    assert text_of(where.document, one("fix", where).target) == "@d\ndef f(a):\n    b\n    return b"
    definition = one("fix", where).definition
    assert definition is not None
    assert definition.name == "f"


def test_a_fix_changes_statements_near_by_in_a_long_function() -> None:
    body = "".join(f"    a{number}\n" for number in range(100))
    where = diagnosed(f"def f():\n{body}    ‸b\n{body}", (101, 1, "m"))
    found = one("fix", where).target
    assert (found.start.line, found.end.line) == (93, 109)


def test_a_fix_outside_of_functions_leaves_out_a_neighbour_that_it_would_cut() -> None:
    after = "".join(f"    a{number}\n" for number in range(70))
    where = diagnosed(f"import a\n‸import b\n\ndef f():\n{after}", (1, 1, "m"))
    assert text_of(where.document, one("fix", where).target) == "import a\nimport b"


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("python", 'def f(a):\n    """D."""\n    ‸pass\n', "pass"),
        ("python", 'def f(a):\n    """D."""‸\n', ""),
        ("python", "def f(a):\n    # how\n    ‸...\n", "# how\n    ..."),
        ("typescript", "function f(a: number) {‸}\n", ""),
        ("go", 'package p\n\nfunc f() {\n\tpanic("TODO")‸\n}\n', 'panic("TODO")'),
    ],
)
def test_completing_changes_the_body_behind_the_docstring(language: str, text: str, expected: str) -> None:
    assert target("complete", text, language) == expected


def test_only_the_innermost_function_is_completed() -> None:
    assert "complete" not in listed(situation("def f(a):\n    pass\n    def g():\n        return‸ 1\n"))


@pytest.mark.parametrize(
    ("language", "text", "title", "place"),
    [
        ("python", "def f(a):\n    ‸return a\n", "Write the docstring", Position(1, 4)),
        ("python", "class A:\n    # c\n    ‸x = 1\n", "Write the docstring", Position(1, 4)),
        ("javascript", "class A {\n  f() {‸}\n}\n", "Write the JSDoc comment", Position(1, 2)),
        ("rust", "#[inline]\nfn f() {‸}\n", "Write the doc comment", Position(0, 0)),
        ("java", "class A {\n  @B\n  int f() {‸}\n}\n", "Write the Javadoc comment", Position(1, 2)),
        ("typescript", "class A {\n  @b\n  f() {‸}\n}\n", "Write the JSDoc comment", Position(1, 2)),
        ("shellscript", "f() {\n  ‸a\n}\n", "Write the comment", Position(0, 0)),
    ],
)
def test_documentation_is_written_where_it_belongs(
    language: str, text: str, title: str, place: Position
) -> None:
    found = one("docstring", situation(text, language))
    assert (found.title, found.target) == (title, Span(place, place))


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        (
            "python",
            'def f(a):\n    """D.\n\n    More.\n    """\n    ‸return a\n',
            '"""D.\n\n    More.\n    """',
        ),
        ("kotlin", "/**\n * D.\n */\nfun f() {‸}\n", "/**\n * D.\n */"),
        ("csharp", "class A {\n  /// <a/>\n  /// <b/>\n  void F() {‸}\n}\n", "/// <a/>\n  /// <b/>"),
    ],
)
def test_documentation_is_updated(language: str, text: str, expected: str) -> None:
    where = situation(text, language)
    found = one("docstring", where)
    assert found.title.startswith("Update the ")
    assert text_of(where.document, found.target) == expected


@pytest.mark.parametrize(
    ("language", "text"), [("python", "f = lambda x: ‸x\n"), ("javascript", "a(); function f() {‸}\n")]
)
def test_where_documentation_has_no_place_none_is_offered(language: str, text: str) -> None:
    assert "docstring" not in listed(situation(text, language))


def test_types_are_added_to_the_head() -> None:
    text = "@d\nasync def f(\n    a,\n):\n    return ‸a\n"
    assert target("annotate", text) == "async def f(\n    a,\n)"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("class A:\n    def f(self):\n        ‸x\n", "f"),
        ("class A:\n    ‸x = 1\n", "A"),
        ("def f():\n    def g():\n        ‸x\n", "f"),
    ],
)
def test_tests_are_for_what_can_be_called_from_outside(text: str, name: str) -> None:
    found = one("tests", situation(text))
    assert found.title == f"Write tests for {name}"
    assert found.result is Result.NEW_FILE
    assert found.definition is not None
    assert found.definition.name == name


@pytest.mark.parametrize("path", [None, "/p/tests/x.py", "/p/test_x.py", "C:\\p\\tests\\x.py"])
def test_tests_are_not_offered_in_tests_or_without_a_file(path: str | None) -> None:
    assert "tests" not in listed(situation("def f():\n    ‸x\n", path=path))


def test_tests_are_not_offered_for_what_has_no_name() -> None:
    where = situation("export default function () {\n  ‸x\n}\n", "javascript")
    assert "tests" not in listed(where)
    assert "docstring" in listed(where)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("explain", "def f():\n    a\n    «b\n    c»\n", "    b\n    c"),
        ("explain", "def f():\n    a‸\n", "def f():\n    a"),
        ("simplify", "class A:\n    def f():\n        a\n        b«b\n        c\n   »     d\n",
         "        bb\n        c"),
        ("simplify", "class A:\n    def f():\n        a‸\n", "    def f():\n        a"),
        ("extract", "class A:\n    @d\n    def f():\n        «a\n        b»\n        c\n",
         "    @d\n    def f():\n        a\n        b\n        c"),
        ("edit", "def f():\n    a‸\n", "def f():\n    a"),
        ("edit", "a\nb‸\n", "b"),
        ("edit", "a\n«b\nc\n»d", "b\nc"),
    ],
)  # fmt: skip
def test_what_is_rewritten_is_of_whole_lines(name: str, text: str, expected: str) -> None:
    assert target(name, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "def f():\n    a = «b + c»\n",
        "«a\nb»\n",
        "def f(«a, b»):\n    c\n",
        "«def f():\n    c»\n",
        "def f():\n    if a:\n        «b\n    c»\n",
    ],
)
def test_what_is_no_run_of_statements_in_a_function_is_not_extracted(text: str) -> None:
    assert "extract" not in listed(situation(text))


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("python", "def f():\n    # größer als null\n    ‸a\n", True),
        ("python", "def f():\n    # das ist nicht gut\n    ‸a\n", True),
        ("python", "def f():\n    a  # 値を返す\n    ‸b\n", True),
        ("python", "def f():\n    # this is not the case → see λ and µ, ±1\n    ‸a\n", False),
        ("python", "def f():\n    ‸a = 'größer'\n", False),
        ("python", "def f():\n    ‸a = '# das ist nicht gut'\n", False),
        ("javascript", "/**\n * Gibt zurück.\n */\nfunction f() {‸}\n", True),
        ("javascript", "function f() {\n  /* Un choix\n   * est dans les choses. */\n  ‸a\n}\n", True),
        ("python", "# größer\n\n«a = 1»\n", False),
        ("python", "«# größer»\n", True),
        ("go", "package p\n\n// F está aquí.\nfunc F() {‸}\n", True),
    ],
)  # fmt: skip
def test_comments_in_other_languages_can_be_translated(language: str, text: str, expected: bool) -> None:
    assert ("translate-comments" in listed(situation(text, language))) is expected


@pytest.mark.parametrize(
    ("language", "text", "title", "instruction"),
    [
        ("python", "def f():\n    ‸a  # TODO(me): sort it\n", "Implement: sort it", "sort it"),
        ("python", "‸x = 1  # FIXME\n", "Implement what is to be done here", ""),
        ("javascript", "function f() {\n  /* TODO: a ‸b */\n}\n", "Implement: a b", "a b"),
        ("go", "package p\n\nfunc f() {\n\t// TODO‸: read it,\n\t// then write it.\n\t//\n\t// Note.\n}\n",
         "Implement: read it, then write it.", "read it, then write it."),
        ("python", "‸a = 'TODO: no'  # TODO: yes\n", "Implement: yes", "yes"),
        ("python", "‸a  # TODO: one\n# not of it\n", "Implement: one", "one"),
    ],
)  # fmt: skip
def test_a_todo_can_be_implemented(language: str, text: str, title: str, instruction: str) -> None:
    found = one("todo", situation(text, language))
    assert (found.title, found.instruction) == (title, instruction)


@pytest.mark.parametrize(
    "text", ["‸x = 'TODO: it'\n", "x = 1  # TODO: it\n‸y = 1\n", "‸# TODOS\n", "‸todo = 1\n"]
)
def test_what_is_no_todo_on_the_line_is_none(text: str) -> None:
    assert "todo" not in listed(situation(text))


def test_each_of_the_selected_todos_is_offered_up_to_three() -> None:
    where = situation("«# TODO: a\n# FIXME: b\n# TODO: c\n# TODO: d\n»")
    found = [offer.title for offer in offers(where, config=CONFIG) if offer.action == "todo"]
    assert found == ["Implement: a", "Implement: b", "Implement: c"]


def test_edits_are_listed_only_where_the_client_asks_for_the_instruction() -> None:
    where = situation("‸x = 1\n")
    assert "edit" not in listed(where)
    assert "edit" in listed(where, PROMPTS)
    assert "edit" not in listed(situation("x\n‸\n"), PROMPTS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("‸\n# Please\n", ""),
        ("wip: ‸a\n\nb\n\n# Please\n", "wip: a\n\nb"),
        ("‸", ""),
    ],
)
def test_a_commit_message_takes_the_place_of_what_was_written(text: str, expected: str) -> None:
    assert target("commit-message", text, "git-commit") == expected


def test_completions_are_switched_on_where_they_are_off() -> None:
    where = situation("‸x = 1\n")
    config = ActionConfig(completions_on=False)
    assert [offer.title for offer in offers(where, config=config)] == [
        "Switch completions on",
        "Explain the last completion",
    ]


@pytest.mark.parametrize(
    ("when", "text", "expected"),
    [
        (When.ANY, "a\nb‸\n", "b"),
        (When.SELECTION, "a\n«b»\n", "b"),
        (When.SELECTION, "a\nb‸\n", None),
        (When.FUNCTION, "class A:\n    def f():\n        ‸x\n", "    def f():\n        x"),
        (When.FUNCTION, "class A:\n    ‸x = 1\n", None),
        (When.CLASS, "class A:\n    def f():\n        ‸x\n", "class A:\n    def f():\n        x"),
        (When.DIAGNOSTIC, "a\nb‸\n", None),
    ],
)
def test_a_users_own_action_is_offered_where_what_it_needs_is(
    when: When, text: str, expected: str | None
) -> None:
    action = UserAction("mine", "Do mine", "prompt", when=when)
    where = situation(text)
    found = [o for o in offers(where, config=ActionConfig(own=(action,))) if o.action == "mine"]
    assert [text_of(where.document, offer.target) for offer in found] == ([expected] if expected else [])
    assert all(offer.title == "Do mine" for offer in found)


def test_a_users_own_action_gets_the_diagnostic_that_it_needs() -> None:
    action = UserAction("mine", "Do mine", "prompt", kind="quickfix", when=When.DIAGNOSTIC)
    where = diagnosed("a\n‸b\n", (1, 1, "m"), (1, 2, "n"))
    found = one("mine", where, ActionConfig(own=(action,)))
    assert [diagnostic.message for diagnostic in found.diagnostics] == ["m"]
    assert found.kind == "quickfix"


def test_a_users_own_action_is_for_its_languages_and_hides_none_of_ours() -> None:
    own = (
        UserAction("mine", "Do mine", "p", languages=("go",)),
        UserAction("explain", "Not this", "p"),
    )
    found = offers(situation("def f(): ‸x\n"), config=ActionConfig(own=own))
    assert "mine" not in {offer.action for offer in found}
    assert [offer.title for offer in found if offer.action == "explain"] == ["Explain this code"]


def test_an_action_that_is_asked_for_by_name_brings_the_persons_words() -> None:
    where = situation("‸x = 1\n")
    found = offer_for(
        "edit", replace(where, automatic=True, only=("quickfix",)), config=CONFIG, instruction="do"
    )
    assert found is not None
    assert found.instruction == "do"
    assert offer_for("complete", where, config=CONFIG) is None
    assert offer_for("nothing like it", where, config=CONFIG) is None


@pytest.mark.parametrize("unit", ["é", " ", "*", "#", "/", "-", "a", "(", "TODO ", "<", "{", '"', "\\", "@"])
@pytest.mark.parametrize("language", ["python", "javascript", "unknown"])
def test_a_line_of_one_character_does_not_hold_anything_up(unit: str, language: str) -> None:
    text = f"# TODO é{unit * 50_000}\n// TODO{unit * 50_000}"
    document = Document("file:///x", "/p/x", language, 1, split_lines(text))
    whole = Span(Position(0, 0), Position(1, 9))
    assert offers(Situation(document, whole, (Diagnostic(whole, unit * 50_000),)), config=PROMPTS)


def test_every_action_that_asks_a_model_has_its_prompt() -> None:
    templates = pytest.importorskip("lsp_server.actions.templates")
    for row in TABLE:
        if row.result is not Result.NONE:
            assert templates.builtin(row.name).name == row.name
    assert len(NAMES) == len(TABLE)


def test_no_cursor_in_a_text_that_is_being_typed_raises() -> None:
    text = (
        'class A(B):\n    """D."""\n\n'
        '    def f(self, a: int) -> int:  # TODO: é\n        return {"a": [a, ()]}\n'
    )
    for cut in range(len(text)):
        document = Document("file:///x", "/p/x.py", "python", 1, split_lines(text[:cut]))
        end = Position(len(document.lines) - 1, len(document.lines[-1]))
        for start in (Position(0, 0), end):
            found = offers(Situation(document, Span(start, end)), config=PROMPTS)
            assert {"toggle", "snooze"} <= {offer.action for offer in found}


def test_offers_in_a_long_document_that_was_parsed_look_at_a_part_of_it_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "".join(f"def f{n}(a):\n    b = a\n    return b\n\n\n" for n in range(2000))
    document = Document("file:///x", "/p/x.py", "python", 1, split_lines(text))
    structure = Structure.of(document, 5000)
    read = itertools.count()
    position = type(structure.tree).position
    monkeypatch.setattr(
        type(structure.tree), "position", lambda tree, offset: (next(read), position(tree, offset))[1]
    )
    place = Span(Position(5001, 4), Position(5002, 4))
    assert offers(Situation(document, place), config=PROMPTS, structure=structure)
    assert next(read) < 400
