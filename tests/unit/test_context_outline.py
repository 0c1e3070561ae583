"""Outlines: what each language's grammar makes of definitions, members, heads, documentation and imports."""

import pytest

from lsp_server.context import outline as module
from lsp_server.context.model import Kind
from lsp_server.context.outline import TooSlow, outline
from lsp_server.context.outline_tables import TABLES
from lsp_server.grammars import grammar

SOURCES = {
    "python": (
        (
            "import os.path as p, sys\nfrom .a import (\n    b as c,  # why\n    d,\n)\n\n\n@dec\n"
            "class A(B):\n"
            '    """Doc of A.\n\n    More.\n    """\n\n    x: int = 1\n\n'
            "    async def f(self, a: int,\n                b: str) -> str:\n        '''Doc of f.'''\n"
            "        self.z = a\n        self.z = b\n        return self.z == 1\n\n\n"
            "def top(n=1): pass\n\n\nK = 3\n"
        ),
        {
            ("class", "", "A", "class A(B)", "Doc of A."),
            ("variable", "A", "x", "x: int = 1", ""),
            ("method", "A", "f", "async def f(self, a: int, b: str) -> str", "Doc of f."),
            ("variable", "A", "z", "self.z = a", ""),
            ("function", "", "top", "def top(n=1)", ""),
            ("variable", "", "K", "K = 3", ""),
        },
        {("os.path", ("p",)), ("sys", ("sys",)), (".a", ("b", "c", "d"))},
    ),
    "typescript": (
        (
            "import D, { a as b, type C } from \"./x\";\nimport * as ns from 'y';\n"
            'const { q } = require("z");\n'
            "/**\n * Doc of A.\n */\nexport class A<T> extends B {\n  private x: number = 1;\n"
            "  get v(): number { return 1; }\n"
            "  f = (a: number): void => { this.x = a; };\n}\n"
            "export interface I { a?: string; m(x: number): void }\n"
            "export type O = { k: string };\nenum E { P, Q = 2 }\n"
            "export const g = async (x: number) => { };\n"
            'declare namespace N { export function inner(): void; }\nexport { z } from "./z";\n'
        ),
        {
            ("class", "", "A", "class A<T> extends B", "Doc of A."),
            ("variable", "A", "x", "private x: number = 1", ""),
            ("method", "A", "v", "get v(): number", ""),
            ("method", "A", "f", "f = (a: number): void", ""),
            ("class", "", "I", "interface I", ""),
            ("variable", "I", "a", "a?: string", ""),
            ("method", "I", "m", "m(x: number): void", ""),
            ("class", "", "O", "type O", ""),
            ("variable", "O", "k", "k: string", ""),
            ("class", "", "E", "enum E", ""),
            ("variable", "E", "P", "P", ""),
            ("variable", "E", "Q", "Q = 2", ""),
            ("function", "", "g", "g = async (x: number)", ""),
            ("function", "", "inner", "function inner(): void", ""),
        },
        {("./x", ("D", "a", "b", "C")), ("y", ("ns",)), ("z", ("q",))},
    ),
    "javascript": (
        (
            'import D from "./x";\nclass A extends B {\n  #p = 3;\n  constructor(a) {\n    this.k = a;\n  }\n'
            "  static s() {}\n}\nfunction* gen(a) {}\nconst f = function (x) { return x; };\n"
        ),
        {
            ("class", "", "A", "class A extends B", ""),
            ("variable", "A", "#p", "#p = 3", ""),
            ("method", "A", "constructor", "constructor(a)", ""),
            ("variable", "A", "k", "this.k = a;", ""),
            ("method", "A", "s", "static s()", ""),
            ("function", "", "gen", "function* gen(a)", ""),
            ("function", "", "f", "f = function (x)", ""),
        },
        {("./x", ("D",))},
    ),
    "go": (
        (
            'package main\n\nimport (\n\t"fmt"\n\tx "a/b"\n)\n\n// Doc of T.\n// More.\n'
            "type T struct {\n\tA int\n"
            "\tB, C string\n}\ntype I interface { M(a int) error }\n\n// Doc of f.\n"
            'func (t *T) f(a int) (string, error) { return "", nil }\nfunc (g G[K, V]) h() {}\n'
            "const K = 3\nvar ( v int = 1 )\n"
        ),
        {
            ("class", "", "T", "type T struct", "Doc of T."),
            ("variable", "T", "A", "A int", ""),
            ("variable", "T", "B", "B, C string", ""),
            ("variable", "T", "C", "B, C string", ""),
            ("class", "", "I", "type I interface", ""),
            ("method", "I", "M", "M(a int) error", ""),
            ("method", "T", "f", "func (t *T) f(a int) (string, error)", "Doc of f."),
            ("method", "G", "h", "func (g G[K, V]) h()", ""),
            ("variable", "", "K", "K = 3", ""),
            ("variable", "", "v", "v int = 1", ""),
        },
        {("fmt", ("fmt",)), ("a/b", ("x",))},
    ),
    "rust": (
        (
            "use crate::a::{b, c as d, e::{self, F}};\nuse std::io;\nmod m;\n\n/// Doc of S.\n"
            "#[derive(Debug)]\n"
            "pub struct S<T> { pub a: i32 }\nstruct U(i32);\nenum E { A, B(i32) }\n"
            "pub trait Tr { fn m(&self) -> i32; }\nimpl<T> Tr for S<T> { fn m(&self) -> i32 { 1 } }\n"
            "pub const K: i32 = 1;\nfn f(a: i32) -> i32 where i32: Copy { a }\nmod inner { pub fn g() {} }\n"
        ),
        {
            ("class", "", "S", "pub struct S<T>", "Doc of S."),
            ("variable", "S", "a", "pub a: i32", ""),
            ("class", "", "U", "struct U(i32)", ""),
            ("class", "", "E", "enum E", ""),
            ("variable", "E", "A", "A", ""),
            ("variable", "E", "B", "B(i32)", ""),
            ("class", "", "Tr", "pub trait Tr", ""),
            ("method", "Tr", "m", "fn m(&self) -> i32", ""),
            ("method", "S", "m", "fn m(&self) -> i32", ""),
            ("variable", "", "K", "pub const K: i32 = 1", ""),
            ("function", "", "f", "fn f(a: i32) -> i32 where i32: Copy", ""),
            ("function", "", "g", "pub fn g()", ""),
        },
        {("crate::a", ("b", "c", "d")), ("crate::a::e", ("F",)), ("std", ("io",)), ("self::m", ("m",))},
    ),
    "java": (
        (
            "package a;\nimport java.util.List;\nimport static a.B.*;\n/** Doc of A. */\n@Ann(x = 1)\n"
            "public class A<T> extends B {\n  private int x = 1, y;\n  public A(int a) {}\n"
            '  @Override public String f(int a) throws E { return ""; }\n  enum E { P; }\n}\n'
            "record R(int a) {}\n"
        ),
        {
            ("class", "", "A", "public class A<T> extends B", "Doc of A."),
            ("variable", "A", "x", "private int x = 1, y", ""),
            ("variable", "A", "y", "private int x = 1, y", ""),
            ("method", "A", "A", "public A(int a)", ""),
            ("method", "A", "f", "public String f(int a) throws E", ""),
            ("class", "A", "E", "enum E", ""),
            ("variable", "E", "P", "P", ""),
            ("class", "", "R", "record R(int a)", ""),
            ("variable", "R", "a", "int a", ""),
        },
        {("java.util.List", ("List",)), ("a.B", ())},
    ),
    "c": (
        (
            '#include <stdio.h>\n#include "a/b.h"\n#define K 3\n/* Doc of s. */\n'
            "struct s { int a; int (*cb)(int); };\n"
            "typedef struct { int q; } T;\nenum e { A };\nstatic int *f(int a, char *b)\n{ return 0; }\n"
            "#ifdef X\nint g(void);\n#endif\nint v = 3;\n"
        ),
        {
            ("variable", "", "K", "#define K 3", ""),
            ("class", "", "s", "struct s", "Doc of s."),
            ("variable", "s", "a", "int a", ""),
            ("variable", "s", "cb", "int (*cb)(int)", ""),
            ("class", "", "T", "typedef struct", ""),
            ("variable", "T", "q", "int q", ""),
            ("class", "", "e", "enum e", ""),
            ("variable", "e", "A", "A", ""),
            ("function", "", "f", "static int *f(int a, char *b)", ""),
            ("function", "", "g", "int g(void)", ""),
            ("variable", "", "v", "int v = 3", ""),
        },
        {("stdio.h", ()), ("a/b.h", ())},
    ),
    "cpp": (
        (
            "#include <vector>\nnamespace n {\n/// Doc of A.\n"
            "template <typename T> class A : public B {\npublic:\n"
            "  A(int x);\n  int f(int a) const { return a; }\n  int m_x = 1;\n};\n"
            "int A::g(int a) { return 1; }\n}\n"
            "template <class T> T tf(T a) { return a; }\n"
        ),
        {
            ("class", "", "A", "class A : public B", "Doc of A."),
            ("method", "A", "A", "A(int x)", ""),
            ("method", "A", "f", "int f(int a) const", ""),
            ("variable", "A", "m_x", "int m_x = 1", ""),
            ("method", "A", "g", "int A::g(int a)", ""),
            ("function", "", "tf", "T tf(T a)", ""),
        },
        {("vector", ())},
    ),
    "csharp": (
        (
            "using System;\nusing X = A.B;\nnamespace N.M {\n  /// <summary>Doc of A.</summary>\n  [Attr]\n"
            "  public class A<T> : B {\n    private int x = 1;\n    public string P { get; set; }\n"
            "    public int F(int a) => a;\n  }\n  public record R(int Q);\n}\n"
        ),
        {
            ("class", "", "A", "public class A<T> : B", "Doc of A."),
            ("variable", "A", "x", "private int x = 1", ""),
            ("variable", "A", "P", "public string P", ""),
            ("method", "A", "F", "public int F(int a)", ""),
            ("class", "", "R", "public record R(int Q)", ""),
            ("variable", "R", "Q", "int Q", ""),
        },
        {("System", ("System",)), ("A.B", ("B", "X"))},
    ),
    "ruby": (
        (
            'require "json"\nrequire_relative "a/b"\n# Doc of M.\nmodule M\n  class A < B\n'
            "    attr_accessor :x, :y\n"
            "    def initialize(a)\n      @z = a\n    end\n    def self.f(a) = a\n  end\nend\n"
        ),
        {
            ("class", "", "M", "module M", "Doc of M."),
            ("class", "M", "A", "class A < B", ""),
            ("variable", "A", "x", "attr_accessor :x, :y", ""),
            ("variable", "A", "y", "attr_accessor :x, :y", ""),
            ("method", "A", "initialize", "def initialize(a)", ""),
            ("variable", "A", "z", "@z = a", ""),
            ("method", "A", "f", "def self.f(a)", ""),
        },
        {("json", ()), ("./a/b", ())},
    ),
    "php": (
        (
            "<?php\nnamespace A;\nuse C\\D as E;\nuse C\\{F, G};\n/** Doc of A. */\n"
            "class A extends B {\n  const K = 1;\n"
            "  private ?int $x = 1;\n  public function f(int $a): string { return ''; }\n}\n"
            "function top(int $a) {}\n"
        ),
        {
            ("class", "", "A", "class A extends B", "Doc of A."),
            ("variable", "A", "K", "K = 1", ""),
            ("variable", "A", "x", "private ?int $x = 1", ""),
            ("method", "A", "f", "public function f(int $a): string", ""),
            ("function", "", "top", "function top(int $a)", ""),
        },
        {("C\\D", ("D", "E")), ("C\\F", ("F",)), ("C\\G", ("G",))},
    ),
    "lua": (
        (
            'local x = require("a.b")\nlocal M = {}\n-- Doc of f.\nfunction M.f(a, b) return a end\n'
            "function M:g(a) end\n"
            "M.c = 3\nlocal function h(a)\n  return a\nend\n"
        ),
        {
            ("variable", "", "M", "M = {}", ""),
            ("method", "M", "f", "function M.f(a, b)", "Doc of f."),
            ("method", "M", "g", "function M:g(a)", ""),
            ("variable", "M", "c", "M.c = 3", ""),
            ("function", "", "h", "local function h(a)", ""),
        },
        {("a.b", ("x",))},
    ),
    "shellscript": (
        "source ./lib.sh\n# Doc of f.\nf() { echo; }\nexport Q=1\n",
        {("function", "", "f", "f()", "Doc of f."), ("variable", "", "Q", "Q=1", "")},
        {("./lib.sh", ())},
    ),
    "kotlin": (
        (
            "package a\n\nimport a.b.C\nimport x.Z as W\n\n/** Doc of A. */\n"
            "data class A<T>(val x: Int) : B() {\n"
            '    val p: Int = 1\n    fun f(a: Int): String {\n        return ""\n    }\n}\n\nobject O {\n'
            "    fun o() {}\n}\n"
            "val top = 3\n"
        ),
        {
            ("class", "", "A", "data class A<T>(val x: Int) : B()", "Doc of A."),
            ("variable", "A", "x", "val x: Int", ""),
            ("variable", "A", "p", "val p: Int = 1", ""),
            ("method", "A", "f", "fun f(a: Int): String", ""),
            ("class", "", "O", "object O", ""),
            ("method", "O", "o", "fun o()", ""),
            ("variable", "", "top", "val top = 3", ""),
        },
        {("a.b.C", ("C",)), ("x.Z", ("Z", "W"))},
    ),
    "swift": (
        (
            "import Foundation\n/// Doc of A.\npublic class A<T>: B {\n    private var x: Int = 1\n"
            "    init(a: Int) {}\n"
            '    func f(_ a: Int) -> String { return "" }\n}\nextension A {\n    func e() {}\n}\n'
            "enum E { case p, q(Int) }\n"
        ),
        {
            ("class", "", "A", "public class A<T>: B", "Doc of A."),
            ("variable", "A", "x", "private var x: Int = 1", ""),
            ("method", "A", "init", "init(a: Int)", ""),
            ("method", "A", "f", "func f(_ a: Int) -> String", ""),
            ("class", "", "A", "extension A", ""),
            ("method", "A", "e", "func e()", ""),
            ("class", "", "E", "enum E", ""),
            ("variable", "E", "p", "case p, q(Int)", ""),
            ("variable", "E", "q", "case p, q(Int)", ""),
        },
        {("Foundation", ("Foundation",))},
    ),
    "scala": (
        (
            "package a\nimport a.b.{C, D => E}\nimport x.y._\n/** Doc of A. */\n"
            "case class A[T](x: Int) extends B {\n"
            '  val p: Int = 1\n  def f(a: Int): String = { "" }\n}\nobject O { def o() = 1 }\n'
        ),
        {
            ("class", "", "A", "case class A[T](x: Int) extends B", "Doc of A."),
            ("variable", "A", "x", "x: Int", ""),
            ("variable", "A", "p", "val p: Int = 1", ""),
            ("method", "A", "f", "def f(a: Int): String", ""),
            ("class", "", "O", "object O", ""),
            ("method", "O", "o", "def o()", ""),
        },
        {("a.b.C", ("C",)), ("a.b.D", ("D", "E")), ("x.y", ())},
    ),
    "sql": (
        "CREATE TABLE users (id INT PRIMARY KEY, name TEXT);\n",
        {
            ("class", "", "users", "CREATE TABLE users (id INT PRIMARY KEY, name TEXT)", ""),
            ("variable", "users", "id", "id INT PRIMARY KEY", ""),
            ("variable", "users", "name", "name TEXT", ""),
        },
        set(),
    ),
    "markdown": (
        "# A b\n\ntext\n\n## C\n",
        {("variable", "", "A b", "# A b", ""), ("variable", "", "C", "## C", "")},
        set(),
    ),
}


@pytest.mark.parametrize("language", SOURCES)
def test_each_language(language):
    text, symbols, imports = SOURCES[language]
    found = outline(text, language)
    assert {(s.kind.value, s.container, s.name, s.signature, s.doc) for s in found.symbols} == symbols
    assert {(i.module, i.names) for i in found.imports} == imports
    lines = text.splitlines()
    for symbol in found.symbols:
        assert 0 <= symbol.line <= symbol.end_line <= len(lines)


def test_every_table_has_a_grammar_and_a_test():
    for language in TABLES:
        assert grammar(language) is not None
        assert language.removesuffix("react") in SOURCES


def test_symbols_come_in_the_order_of_the_file_with_their_lines():
    text, _, _ = SOURCES["python"]
    symbols = outline(text, "python").symbols
    assert [s.line for s in symbols] == sorted(s.line for s in symbols)
    [method] = [s for s in symbols if s.kind is Kind.METHOD]
    assert text.splitlines()[method.line].strip().startswith("async def f")
    assert text.splitlines()[method.end_line].strip() == "return self.z == 1"


@pytest.mark.parametrize("language", ["json", "yaml", "toml", "css", "html", "brainfuck", ""])
def test_a_language_without_a_table_has_an_empty_outline(language):
    assert outline("a: 1\n", language).symbols == ()


@pytest.mark.parametrize("language", TABLES)
def test_broken_text_is_no_error(language):
    for text in (
        "",
        "\n",
        "(((((",
        "class",
        "class {" * 500,
        "def f(" * 500,
        "\udcff\0",
        "é" * 3,
        "{" * 5000,
    ):
        outline(text, language)


def test_what_follows_a_fault_is_still_found():
    found = outline("def f(:\n    pass\n\n\ndef g():\n    pass\n", "python")
    assert "g" in {s.name for s in found.symbols}


def test_a_file_over_a_megabyte_is_not_parsed():
    assert outline("x = 1\n" * 200_000, "python").symbols == ()


def test_the_number_of_symbols_is_bounded():
    text = "".join(f"x{n} = {n}\n" for n in range(6000))
    assert len(outline(text, "python").symbols) == module.MOST_SYMBOLS


def test_a_parse_that_takes_too_long_is_given_up(monkeypatch):
    monkeypatch.setattr(module, "LONGEST_PARSE_S", -1.0)
    with pytest.raises(TooSlow):
        outline("x = [1, 2, 3]\n" * 20_000, "python")


def test_long_heads_are_cut():
    found = outline(f"def f({', '.join(f'argument{n}' for n in range(200))}): pass\n", "python")
    assert len(found.symbols[0].signature) == module.LONGEST_SIGNATURE
