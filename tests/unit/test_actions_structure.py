"""Structure: definitions and their parts in every language, as the text is while it is typed."""

import itertools
from dataclasses import dataclass

import pytest

from lsp_server.actions import tree as tree_module
from lsp_server.actions.model import Definition, Span
from lsp_server.actions.selections import trimmed
from lsp_server.actions.structure import Structure, definitions_at
from lsp_server.actions.structure_tables import SYNTAX
from lsp_server.actions.tree import WHOLE, parse
from lsp_server.document.lines import split_lines
from lsp_server.types import Document, Position


def marked(text: str, language: str = "python", path: str | None = None) -> tuple[Document, Span]:
    """The document without ‸ (a cursor) or «» (a selection), and the span that they mark."""
    lines, places = [], []
    for number, line in enumerate(split_lines(text)):
        clean = ""
        for character in line:
            if character in "‸«»":
                places.append(Position(number, len(clean)))
            else:
                clean += character
        lines.append(clean)
    return Document("file:///x", path, language, 1, tuple(lines)), Span(places[0], places[-1])


def text_of(document: Document, span: Span | None) -> str | None:
    """What stands in a span, line endings as the document has them."""
    if span is None:
        return None
    start, end = (sum(map(len, document.lines[: p.line])) + p.column for p in (span.start, span.end))
    return document.text[start:end]


def inner(text: str, language: str = "python", path: str | None = None) -> tuple[Document, Definition]:
    document, span = marked(text, language, path)
    return document, definitions_at(document, span)[0]


def names(text: str, language: str = "python") -> list[str]:
    return [definition.name for definition in definitions_at(*marked(text, language))]


@dataclass(frozen=True)
class Case:
    language: str
    text: str
    name: str
    head: str
    body: str | None
    documentation: str | None = None
    whole: str | None = None
    empty: bool = False
    annotated: bool = False
    is_class: bool = False


CASES = [
    Case(
        "python",
        "@dec\n@dec2(1)\nasync def f(a, *, b: int = 1, **k) -> str:  # noqa\n"
        '    # c\n    """Doc‸."""\n    pass\n',
        "f",
        "async def f(a, *, b: int = 1, **k) -> str",
        '# c\n    """Doc."""\n    pass',
        '"""Doc."""',
        "@dec\n@dec2(1)\nasync def f(a, *, b: int = 1, **k) -> str:  # noqa\n"
        '    # c\n    """Doc."""\n    pass',
        empty=True,
    ),
    Case(
        "python",
        "class ‸A(B):\n    '''D.'''\n    x = 1\n",
        "A",
        "class A(B)",
        "'''D.'''\n    x = 1",
        "'''D.'''",
        is_class=True,
    ),
    Case(
        "python",
        "class A:\n    def f(self, b: int) -> int:\n        return‸ b\n",
        "f",
        "def f(self, b: int) -> int",
        "return b",
        annotated=True,
    ),
    Case("python", "f = lambda x: x‸\n", "f", "f = lambda x", "x", annotated=True),
    Case(
        "python",
        "def f[T](\n    a: T,\n    b: list[T],‸\n) -> T:\n    return a\n",
        "f",
        "def f[T](\n    a: T,\n    b: list[T],\n) -> T",
        "return a",
        annotated=True,
    ),
    Case(
        "typescript",
        "/** d */\n@dec()\nexport class A<T> {\n  ‸x = 1;\n}\n",
        "A",
        "export class A<T>",
        "x = 1;",
        "/** d */",
        is_class=True,
    ),
    Case(
        "typescript",
        "class A {\n  /** d */\n  @dec\n"
        "  private async m<T extends {a: 1}>(a: T,\n      b?: number): Promise<T> {‸}\n}\n",
        "m",
        "private async m<T extends {a: 1}>(a: T,\n      b?: number): Promise<T>",
        "",
        "/** d */",
        "/** d */\n  @dec\n  private async m<T extends {a: 1}>(a: T,\n      b?: number): Promise<T> {}",
        empty=True,
        annotated=True,
    ),
    Case(
        "typescript",
        "function f(x: string): void;\n‸function f(x: number): void;\nfunction f(x) {}\n",
        "f",
        "function f(x: number): void",
        None,
        annotated=True,
    ),
    Case(
        "typescriptreact",
        "export const C = (p) => {\n  return <a>{‸p}</a>;\n};\n",
        "C",
        "export const C = (p)",
        "return <a>{p}</a>;",
    ),
    Case(
        "javascript",
        "/**\n * D.\n */\nexport const f = async (x) => {‸\n};\n",
        "f",
        "export const f = async (x)",
        "",
        "/**\n * D.\n */",
        empty=True,
    ),
    Case(
        "javascript",
        "a.b.f = function (x) { return ‸x; };\n",
        "f",
        "a.b.f = function (x)",
        "return x;",
        whole="a.b.f = function (x) { return x; };",
    ),
    Case("javascript", "const o = {\n  k: function () { ‸g() },\n};\n", "k", "k: function ()", "g()"),
    Case(
        "javascriptreact",
        "function* g() {\n  throw new Error('not implemented');‸\n}\n",
        "g",
        "function* g()",
        "throw new Error('not implemented');",
        empty=True,
    ),
    Case(
        "go",
        "package p\n\n// D does.\n// More.\n"
        'func (t *T[K]) D(a int) (string, error) {\n\tpanic(‸"not implemented")\n}\n',
        "D",
        "func (t *T[K]) D(a int) (string, error)",
        'panic("not implemented")',
        "// D does.\n// More.",
        empty=True,
        annotated=True,
    ),
    Case("go", "package p\n\ntype S struct {\n\tA ‸int\n}\n", "S", "type S struct", "A int", is_class=True),
    Case(
        "go",
        "package p\n\ntype I interface {\n\tM(‸) error\n}\n",
        "I",
        "type I interface",
        "M() error",
        is_class=True,
    ),
    Case(
        "go",
        "package p\n\nvar h = func(a int) {‸}\n",
        "h",
        "var h = func(a int)",
        "",
        empty=True,
        annotated=True,
    ),
    Case(
        "rust",
        "/// D.\n#[inline]\n#[must_use]\npub fn f<T>(a: T) -> T\nwhere\n    T: Copy,\n{\n    todo!()‸\n}\n",
        "f",
        "pub fn f<T>(a: T) -> T\nwhere\n    T: Copy,",
        "todo!()",
        "/// D.",
        "/// D.\n#[inline]\n#[must_use]\npub fn f<T>(a: T) -> T\nwhere\n    T: Copy,\n{\n    todo!()\n}",
        empty=True,
        annotated=True,
    ),
    Case("rust", "pub struct S {\n    a: ‸i32,\n}\n", "S", "pub struct S", "a: i32,", is_class=True),
    Case("rust", "trait T {\n    fn q(‸&self);\n}\n", "q", "fn q(&self)", None, annotated=True),
    Case(
        "java",
        "class A {\n  /** D. */\n  @Override\n"
        "  public int f(int a)\n      throws E {\n    return‸ a;\n  }\n}\n",
        "f",
        "public int f(int a)\n      throws E",
        "return a;",
        "/** D. */",
        annotated=True,
    ),
    Case("java", "record P(int x) {‸}\n", "P", "record P(int x)", "", is_class=True),
    Case(
        "kotlin",
        "/** D. */\n@Ann\nclass A(val x: Int) {\n  val y = ‸1\n}\n",
        "A",
        "class A(val x: Int)",
        "val y = 1",
        "/** D. */",
        is_class=True,
    ),
    Case(
        "kotlin",
        "override fun f(a: Int): Int = a‸\n",
        "f",
        "override fun f(a: Int): Int",
        "a",
        annotated=True,
    ),
    Case("kotlin", "fun f() {\n  TODO(‸)\n}\n", "f", "fun f()", "TODO()", empty=True, annotated=True),
    Case(
        "csharp",
        "class A {\n    /// <summary>D.</summary>\n    [Attr]\n    public int F(int a) => a‸;\n}\n",
        "F",
        "public int F(int a)",
        "a",
        "/// <summary>D.</summary>",
        annotated=True,
    ),
    Case(
        "csharp",
        "class A {\n  void G() { throw new NotImplementedException()‸; }\n}\n",
        "G",
        "void G()",
        "throw new NotImplementedException();",
        empty=True,
        annotated=True,
    ),
    Case(
        "c",
        "/* D. */\nstatic int *f(int a)\n{‸\n}\n",
        "f",
        "static int *f(int a)",
        "",
        "/* D. */",
        empty=True,
        annotated=True,
    ),
    Case("c", "typedef struct {\n  int ‸a;\n} T;\n", "T", "typedef struct", "int a;", is_class=True),
    Case("c", "// D.\nint p(int‸);\n", "p", "int p(int)", None, "// D.", annotated=True),
    Case(
        "cpp",
        "/// D.\ntemplate <typename T>\nT A::f(T a) const {\n  return‸ a;\n}\n",
        "f",
        "template <typename T>\nT A::f(T a) const",
        "return a;",
        "/// D.",
        annotated=True,
    ),
    Case(
        "cpp",
        "class C {\n public:\n  C() : x(1) {‸}\n};\n",
        "C",
        "C() : x(1)",
        "",
        empty=True,
        annotated=True,
    ),
    Case(
        "cpp",
        "void g() {\n  auto l = [](int x) { return ‸x; };\n}\n",
        "l",
        "auto l = [](int x)",
        "return x;",
        annotated=True,
    ),
    Case(
        "ruby",
        "class A\n  # D.\n  def f(a)\n    raise NotImplementedError‸\n  end\nend\n",
        "f",
        "def f(a)",
        "raise NotImplementedError",
        "# D.",
        "# D.\n  def f(a)\n    raise NotImplementedError\n  end",
        empty=True,
    ),
    Case("ruby", "def self.g‸\nend\n", "g", "def self.g", "", empty=True),
    Case("ruby", "h = ->(x) { x‸ }\n", "h", "h = ->(x)", "x"),
    Case(
        "php",
        "<?php\n/** D. */\n#[A]\nfunction f($a, int $b): int {‸ }\n",
        "f",
        "function f($a, int $b): int",
        "",
        "/** D. */",
        empty=True,
    ),
    Case(
        "php",
        "<?php\nclass C {\n  public function m(?int $a): int { return‸ 1; }\n}\n",
        "m",
        "public function m(?int $a): int",
        "return 1;",
        annotated=True,
    ),
    Case("php", "<?php\n$g = function ($x) { return‸ $x; };\n", "g", "$g = function ($x)", "return $x;"),
    Case(
        "lua",
        "--- D.\n---@param a string\nlocal function f(a)‸\nend\n",
        "f",
        "local function f(a)",
        "",
        "--- D.\n---@param a string",
        empty=True,
    ),
    Case("lua", "M.h = function(a)\n  return‸ a\nend\n", "h", "M.h = function(a)", "return a"),
    Case(
        "swift",
        "/// D.\n@objc public class A {\n  var x = ‸1\n}\n",
        "A",
        "public class A",
        "var x = 1",
        "/// D.",
        is_class=True,
    ),
    Case(
        "swift",
        "func f<T>(_ a: T) -> T where T: P {\n  fatalError(‸)\n}\n",
        "f",
        "func f<T>(_ a: T) -> T where T: P",
        "fatalError()",
        empty=True,
        annotated=True,
    ),
    Case(
        "scala",
        "trait T {\n  /** D. */\n  def f(a: Int): Int = ‸???\n}\n",
        "f",
        "def f(a: Int): Int",
        "???",
        "/** D. */",
        empty=True,
        annotated=True,
    ),
    Case("scala", "def g(a: Int): Int =\n  a + ‸1\n", "g", "def g(a: Int): Int", "a + 1", annotated=True),
    Case("shellscript", "# D.\nf() {\n  :‸\n}\n", "f", "f()", ":", "# D.", empty=True),
    Case("bash", "function g {\n  echo ‸1\n}\n", "g", "function g", "echo 1"),
]


@pytest.mark.parametrize("case", CASES, ids=[f"{case.language}-{case.name}" for case in CASES])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
def test_the_parts_of_a_definition(case: Case, ending: str) -> None:
    document, found = inner(case.text.replace("\n", ending), case.language)
    assert (found.name, found.is_class) == (case.name, case.is_class)

    def parts(span: Span | None) -> str | None:
        text = text_of(document, span)
        return None if text is None else text.replace(ending, "\n")

    assert parts(found.head) == case.head
    assert parts(found.body) == case.body
    assert parts(found.documentation) == case.documentation
    if case.whole is not None:
        assert parts(found.whole) == case.whole
    assert (found.empty, found.annotated) == (case.empty, case.annotated)


def test_every_language_of_the_table_has_a_case() -> None:
    assert {case.language for case in CASES} >= set(SYNTAX) - {"shellscript"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "class A:\n    class B:\n        def f(self):\n            def g():\n                ‸x\n",
            list("gfBA"),
        ),
        ("class A:\n    class B:\n        def f(self):\n            x\n\n    ‸y = 1\n", ["A"]),
        ("def f():\n    x\n\n‸\n\ndef g():\n    y\n", []),
        ("def f():\n    x\n\n# bet‸ween\n\ndef g():\n    y\n", []),
        ("‸def f():\n    x\n", ["f"]),
        ("  ‸", []),
        ("‸", []),
        ("class A:\n‸    def f(self): ...\n", ["f", "A"]),
        ("class A:\n    @pro‸perty\n    def f(self): ...\n", ["f", "A"]),
        ("«def f():\n    x\n»\ndef g():\n    y\n", ["f"]),
        ("«def f():\n    x\n\ndef g»():\n    y\n", []),
        ("class A:\n    «def f(self):\n        x\n\n    def g(self):\n        y\n»", ["A"]),
        ("def f(a):\n    x = 1\n    ‸", ["f"]),
        ("def f(a):\n    x = 1\n‸", []),
        ("def f(a):\n    ‸\n\ndef g():\n    y\n", ["f"]),
        ("class A:\n    def f(self):\n        ‸\n\n    def g(self):\n        y\n", ["f", "A"]),
    ],
)
def test_which_definitions_hold_a_selection_in_python(text: str, expected: list[str]) -> None:
    assert names(text) == expected


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("rust", "/// D‸.\n#[a]\nfn f() {}\n", ["f"]),
        ("rust", "/// D.\n#[‸a]\nfn f() {}\n", ["f"]),
        ("rust", "// ‸D.\n\nfn f() {}\n", []),
        ("rust", "// ‸plain\nfn f() {}\n", []),
        ("ruby", "class A\n  # ‸D.\n  def f\n  end\nend\n", ["f", "A"]),
        ("typescript", "class A {\n  /**\n   * D‸.\n   */\n  @dec\n  m() {}\n}\n", ["m", "A"]),
        ("typescript", "class A {\n  @d‸ec\n  m() {}\n}\n", ["m", "A"]),
        ("go", "package p\n\n// D‸.\n//go:noinline\nfunc f() {}\n", []),
        ("c", "int f() {\n  g(); // ‸c\n}\n", ["f"]),
        ("javascript", "function f() {\n  a();\n  // ‸last\n}\nfunction g() {}\n", ["f"]),
        ("unknown", "function f() { ‸ }", []),
        ("plaintext", "wo‸rds", []),
    ],
)
def test_which_definitions_hold_a_comment(language: str, text: str, expected: list[str]) -> None:
    assert names(text, language) == expected


def test_columns_count_code_points_behind_wide_characters_and_tabs() -> None:
    document, found = inner('class Ä:\n\tﾀ = "🙂🙂é"; f = lambda ﾀ: "é🙂"‸\n')
    assert found.name == "f"
    assert text_of(document, found.whole) == 'f = lambda ﾀ: "é🙂"'
    assert text_of(document, found.body) == '"é🙂"'
    assert found.indent == "\t"


def test_a_lone_surrogate_is_a_character_like_others() -> None:
    document, found = inner("def f():\n    return '\ud800é', ‸1\n")
    assert text_of(document, found.body) == "return '\ud800é', 1"


@pytest.mark.parametrize(
    ("language", "text", "name", "whole"),
    [
        ("python", "x = (1,\n\ndef f():\n    return ‸1\n", "f", "def f():\n    return 1"),
        ("python", "def f(a):\n    return (‸a\n\ndef g():\n    y\n", "f", "def f(a):\n    return (a"),
        ("python", "def f(a):\n    return (a\n\ndef g():\n    return ‸2\n", "g", "def g():\n    return 2"),
        ("go", "package p\n\nfunc f() {\n\treturn ‸a +\n\nfunc g() {}\n", "f", "func f() {\n\treturn a +"),
        ("go", "package p\n\nfunc f() {\n\treturn a +\n\nfunc g() { x(‸) }\n", "g", "func g() { x() }"),
        ("c", "int f(int a)\n{\n  if (a\n\nint g(int b)\n{\n  h(‸);\n}\n", "g", "int g(int b)\n{\n  h();\n}"),
        (
            "python",
            "def f(a):\n    return (a\n\nclass A:\n    def g():\n        ‸y\n",
            "g",
            "def g():\n        y",
        ),
        ("python", "x = (1,\n\n@d\ndef f():\n    return ‸1\n\ny)\n", "f", "@d\ndef f():\n    return 1"),
        (
            "javascript",
            "function f() {\n  if (\n\nfunction g() {\n  h(‸);\n}\n",
            "g",
            "function g() {\n  h();\n}",
        ),
    ],
)
def test_an_error_before_or_behind_does_not_merge_definitions(
    language: str, text: str, name: str, whole: str
) -> None:
    document, found = inner(text, language)
    assert found.name == name
    assert text_of(document, found.whole) == whole


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("@overload\ndef f(a: int) -> int: ‸...\n", None, False),
        ("class A:\n    @abc.abstractmethod\n    def f(self): ‸...\n", None, False),
        ("class P(Protocol):\n    def f(self): ‸...\n", None, False),
        ("def f(a): ‸...\n", "/p/x.pyi", False),
        ("def f(a): ‸...\n", "/p/x.py", True),
        ("def f(a):\n    # TODO: write‸\n    ...\n", None, True),
        ('def f(a):\n    """D."""‸\n', None, True),
        ('def f(a):\n    """D."""\n    raise NotImplementedError("later")‸\n', None, True),
        ("def f(a):\n    return‸ None\n", None, False),
        ("def f(a):\n    pass\n    g()‸\n", None, False),
        ("def f(a):\n    # c\n    g()‸\n", None, False),
        ("def f(a):\n    ‸pass  # c\n    # d\n", None, True),
        ("class A:\n    pass‸\n", None, False),
    ],
)
def test_which_functions_are_still_to_be_written(text: str, path: str | None, expected: bool) -> None:
    assert inner(text, "python", path)[1].empty is expected


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("javascript", "function f() {\n  // c\n  g()‸;\n}\n", False),
        ("javascript", "function f() {\n  // c\n  /* d */ ‸\n}\n", True),
        ("javascript", "function f() {\n  return a‸;\n}\n", False),
        ("javascript", "const f = () => ‸true;\n", False),
        ("javascript", "function f() {\n  throw new Error('no such user')‸;\n}\n", False),
        ("ruby", "def f\n  # c\n  g‸\nend\n", False),
        ("lua", "function f()\n  -- c‸\nend\n", True),
        ("lua", "function f()\n  -- c\n  g(‸)\nend\n", False),
        ("shellscript", "f() {\n  # c\n  true‸\n}\n", True),
        ("c", "void f(void)\n{\n  /* c */ g(‸);\n}\n", False),
        ("kotlin", 'fun f(): Int {\n  TODO("later"‸)\n}\n', True),
        ("rust", 'fn f() -> u8 {\n    unimplemented!("{}", ‸1)\n}\n', True),
        ("rust", "fn f() -> bool { ‸true }\n", False),
    ],
)
def test_which_functions_of_other_languages_are_still_to_be_written(
    language: str, text: str, expected: bool
) -> None:
    assert inner(text, language)[1].empty is expected


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("python", "def f(a: int): ‸x\n", False),
        ("python", "def f(a: int, b) -> int: ‸x\n", False),
        ("python", "def f(*a, b: int) -> int: ‸x\n", False),
        ("python", "def f(*a: str, **b: int) -> int: ‸x\n", True),
        ("python", "def f(self) -> int: ‸x\n", False),
        ("python", "class A:\n    def __init__(self, a: int): ‸x\n", True),
        ("python", "class A:\n    @classmethod\n    def f(cls) -> int: ‸x\n", True),
        ("typescript", "const f = x => ‸x;\n", False),
        ("typescript", "function f(a = 1): void {‸}\n", True),
        ("typescript", "class A { constructor(private a: number) {‸} }\n", True),
        ("typescript", "class A { set a(v: number) {‸} }\n", True),
        ("javascript", "function f() {‸}\n", False),
        ("php", "<?php\nclass A { function __construct(private int $a) {‸} }\n", True),
        ("php", "<?php\nfunction f(int $a) {‸}\n", False),
    ],
)
def test_which_functions_have_types(language: str, text: str, expected: bool) -> None:
    assert inner(text, language)[1].annotated is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def f():\n    «a = 1\n    b = 2\n»    c = 3\n", "a = 1\n    b = 2"),
        ("def f():\n    «a = 1»; b = 2\n", "a = 1"),
        ("def f():\n    a = «1\n    b» = 2\n", None),
        ("def f():\n    «if a:\n        b\n»    c\n", "if a:\n        b"),
        ("def f():\n    «if a:\n        b\n    else»:\n        c\n", None),
        ("def f():\n    ‸a\n", None),
        ("«a = 1\nb = 2»\n", "a = 1\nb = 2"),
    ],
)
def test_a_selection_is_of_whole_statements_or_not(text: str, expected: str | None) -> None:
    document, span = marked(text)
    assert text_of(document, Structure.of(document).statements(span)) == expected


def test_a_statement_may_be_selected_without_its_semicolon() -> None:
    document, span = marked("function f() {\n  a();\n  «b();\n  c()»;\n}\n", "javascript")
    assert Structure.of(document).statements(span) == span


@pytest.mark.parametrize(
    ("text", "reach", "expected"),
    [
        ("def f():\n    a = (1,\n      ‸2)\n    b\n", 0, "    a = (1,\n      2)"),
        ("a\nb\n‸c\nd\ne\n", 1, "b\nc\nd"),
        ("def f():\n    x\n    y\n    z\n‸c\nd\n", 2, "c\nd"),
        ("", 3, ""),
    ],
)
def test_lines_around_a_place_are_whole_statements(text: str, reach: int, expected: str) -> None:
    document, span = marked(text or "‸")
    assert text_of(document, Structure.of(document).lines_around(span, reach)) == expected


def test_lines_around_a_place_without_a_grammar_are_lines() -> None:
    document, span = marked("a\nb\n‸c\nd\ne\n", "unknown")
    assert text_of(document, Structure.of(document).lines_around(span, 1)) == "b\nc\nd"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  « a\n\n  b \n »c", "a\n\n  b"),
        ("« \n »", ""),
        ("a «\n» b", ""),
        ("«a»", "a"),
    ],
)
def test_a_selection_is_trimmed(text: str, expected: str) -> None:
    document, span = marked(text)
    assert text_of(document, trimmed(document, span)) == expected


def test_a_huge_document_is_parsed_around_the_cursor_only() -> None:
    function = 'def f{}(a):\n    """Doc."""\n    return a\n\n\n'
    text = "".join(function.format(number) for number in range(WHOLE // 30))
    lines = split_lines(text)
    document = Document("file:///x", None, "python", 1, lines)
    line = len(lines) // 2 // 5 * 5 + 2
    structure = Structure.of(document, line)
    assert len(structure.tree.data) < WHOLE // 2
    (found,) = structure.definitions(Span(Position(line, 4), Position(line, 4)))
    assert found.whole == Span(Position(line - 2, 0), Position(line, 12))
    assert structure.covers(document, line + 100)
    assert not structure.covers(document, 10)
    assert structure.definitions(Span(Position(2, 4), Position(2, 4))) == ()


def test_a_line_longer_than_a_file_should_be_is_not_parsed() -> None:
    document = Document("file:///x", None, "javascript", 1, ("function f() {};" * (WHOLE // 8),))
    place = Span(Position(0, 10), Position(0, 10))
    assert definitions_at(document, place) == ()
    assert Structure.of(document).lines_around(place) == Span(
        Position(0, 0), Position(0, len(document.lines[0]))
    )


def test_a_parse_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_module, "LONGEST_PARSE_S", 0.5)
    times = itertools.count()
    document = Document("file:///x", None, "python", 1, split_lines("x = [1, 2, 3]\n" * 9000))
    assert parse(document, 0, clock_s=lambda: float(next(times))).root is None


def test_another_version_is_not_covered() -> None:
    document, _ = marked("def f(): ‸x\n")
    same = Document(document.uri, document.path, document.language, 2, document.lines)
    assert Structure.of(document).covers(document, 0)
    assert not Structure.of(document).covers(same, 0)


@pytest.mark.parametrize("case", CASES, ids=[f"{case.language}-{case.name}" for case in CASES])
def test_no_beginning_and_no_end_of_a_text_raises(case: Case) -> None:
    text = case.text.replace("‸", "")
    for cut in range(len(text)):
        for part in (text[:cut], text[cut:]):
            lines = split_lines(part)
            document = Document("file:///x", None, case.language, 1, lines)
            structure = Structure.of(document)
            for place in (Position(0, 0), Position(len(lines) - 1, len(lines[-1]))):
                span = Span(place, place)
                for found in structure.definitions(span):
                    assert found.whole.contains(found.head)
                    assert found.body is None or found.whole.contains(found.body)
                structure.lines_around(span, 3)
                structure.statements(Span(Position(0, 0), place))
