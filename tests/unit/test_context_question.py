"""What is asked at a cursor."""

import pytest

from lsp_server.context.question import ask, call_of, receiver_of
from lsp_server.context.scope import bases_of, scope_at
from lsp_server.testing.fixtures import cursor_at
from lsp_server.testing.index import python_outline


def check(text, language="python", **expected):
    cursor = cursor_at(text, language)
    question = ask(cursor, range(100), "a.py", python_outline(cursor.document.text, language))
    for name, value in expected.items():
        assert getattr(question, name) == value
    return question


@pytest.mark.parametrize(
    ("before", "chain"),
    [
        ("x = self.items.fi", ("self", "items")),
        ("a.b().c", ("a", "b()")),
        ("rows[0].", ("rows[]",)),
        ("self->store->", ("self", "store")),
        ("Vec::ne", ("Vec",)),
        ("user?.name", ("user",)),
        ("plain", ()),
        ("1.5", ()),
    ],
)
def test_receiver(before, chain):
    assert receiver_of(before) == chain


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("make(a, ", "make"),
        ("self.store.put(key=f(1), ", "self.store.put"),
        ("x = open(\n    path,\n    ", "open"),
        ("if (a", ""),
        ("done(1)", ""),
        ("f([1, 2", "f"),
        ("g(); x = (1", ""),
    ],
)
def test_call(text, call):
    assert call_of(text) == call


def test_names_weigh_less_with_distance():
    names = check("far = 1\n" + "\n" * 9 + "near = 2\nhere(‸, after)\n").names
    assert names["here"] > names["after"] > names["near"] > names["far"] > 0


def test_the_unfinished_word_is_not_asked_for():
    assert "unfin" not in check("value = unfin‸").names


def test_keywords_and_lines_too_far_are_not_asked_for():
    names = check("distant = 1\n" + "\n" * 30 + "return value‸s\n").names
    assert "return" not in names
    assert "distant" not in names


def test_the_head_of_the_function_counts_wherever_it_is():
    names = check("def load(source):\n" + "    x = 1\n" * 40 + "    ‸\n").names
    assert "source" in names


def test_imports_used_nearby_come_first():
    question = check("from one import first\nfrom two import second\n" + "\n" * 30 + "second(‸)\n")
    assert [entry.module for entry in question.imports] == ["two", "one"]


@pytest.mark.parametrize(
    ("text", "language", "owner", "bases", "receiver"),
    [
        ("class A(B, x.C):\n    def f(self):\n        ‸", "python", "A", ("B", "C"), ""),
        ("class A:\n    def f(\n        self,\n    ) -> int:\n        ‸", "python", "A", (), ""),
        ("def f():\n    ‸", "python", "", (), ""),
        ("export class A extends B {\n  get(): X {\n    ‸\n  }\n}", "typescript", "A", ("B",), ""),
        ("public class A implements I {\n    int f() {\n        ‸", "java", "A", ("I",), ""),
        ("impl<T> Show for Item<T> {\n    fn f(&self) {\n        ‸", "rust", "Item", (), ""),
        ("func (s *Store) Get() {\n\t‸\n}", "go", "Store", (), "s"),
    ],
)
def test_scope(text, language, owner, bases, receiver):
    cursor = cursor_at(text, language)
    scope = scope_at(cursor.document.lines, cursor.position.line, cursor.position.column)
    assert (scope.owner, scope.bases, scope.receiver) == (owner, bases, receiver)


def test_bases_leave_out_keyword_arguments():
    assert bases_of("(Base, metaclass=Meta)") == ("Base",)
