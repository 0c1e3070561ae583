"""What is shown of a stream, language by language: a line, a block, and a model that goes on too long."""

from itertools import accumulate

import pytest

from lsp_server.grammars import grammar
from lsp_server.shaping.draft import Draft
from lsp_server.shaping.filters import shape
from lsp_server.shaping.site import Site
from lsp_server.shaping.stop import find_stop
from lsp_server.testing.fake_backends.script import cut_pieces
from lsp_server.testing.fixtures import cursor_at
from lsp_server.types import Gate

CASES = [
    ("python", "def f(a):\n    return ‸\n", "a + 1\n\n\ndef g():\n", "a + 1"),
    (
        "python",
        "def f(a):‸\n",
        "\n    if a:\n        return 1\n    return 2\n\n\ndef g",
        "\n    if a:\n        return 1\n    return 2",
    ),
    ("python", "x = [\n    a,\n    ‸\n]\n", "b,\n    c,\n]\n", "b,\n    c,"),
    ("typescript", "const x = f(‸)\n", "a, b);\nconst y", "a, b);"),
    (
        "typescript",
        "class A {\n  get(‸\n    return 1;\n  }\n}\n",
        "key: string): number {\n    const a",
        "key: string): number {",
    ),
    ("typescript", "function f() {\n  ‸\n}\n", "return 1;\n}\n\nfunction g() {", "return 1;"),
    (
        "typescriptreact",
        "function A() {\n  return (\n    ‸\n  );\n}\n",
        "<div>\n      <B />\n    </div>\n  );\n}",
        "<div>\n      <B />\n    </div>",
    ),
    ("javascript", "items.forEach((item) => {‸\n", "\n  use(item);\n});\nrest();\n", "\n  use(item);\n});"),
    ("javascript", "const x = {\n  a: 1,\n  ‸\n};\n", "b: 2,\n  c: 3,\n};\n", "b: 2,\n  c: 3,"),
    ("go", "func f() error {\n\t‸\n}\n", "return nil\n}\n\nfunc g() {", "return nil"),
    (
        "go",
        "\tif err := f(); ‸\n",
        "err != nil {\n\t\treturn err\n\t}\n\tg()\n",
        "err != nil {\n\t\treturn err\n\t}",
    ),
    ("rust", "fn f<'a>(x: &'a str) -> usize {\n    ‸\n}\n", "x.len()\n}\n\nfn g() {", "x.len()"),
    (
        "rust",
        "    let x = match y ‸\n",
        "{\n        Some(v) => v,\n        None => 0,\n    };\n    z();\n",
        "{\n        Some(v) => v,\n        None => 0,\n    };",
    ),
    ("java", "class A {\n    int f() {\n        return ‸\n    }\n}\n", "1;\n    }\n\n    int g() {", "1;"),
    (
        "java",
        "class A {\n    void f() {\n        for (int i = 0; ‸\n    }\n}\n",
        "i < 3; i++) {\n            g(i);\n        }\n        h();\n",
        "i < 3; i++) {\n            g(i);\n        }",
    ),
    ("c", "int f(void)\n{\n    ‸\n}\n", "return 0;\n}\n\nint g(void)", "return 0;"),
    (
        "c",
        "    struct point p = ‸\n",
        "{\n        .x = 1,\n    };\n    use(p);\n",
        "{\n        .x = 1,\n    };",
    ),
    (
        "cpp",
        "class A {\npublic:\n    int size() const ‸\n};\n",
        "{ return 1; }\n\nprivate:\n",
        "{ return 1; }",
    ),
    (
        "csharp",
        "class A\n{\n    public int F()\n    {\n        ‸\n    }\n}\n",
        "return 1;\n    }\n\n    public",
        "return 1;",
    ),
    (
        "csharp",
        "class A\n{\n    public int X ‸\n}\n",
        "{ get; set; }\n    public int Y { get; set; }\n",
        "{ get; set; }",
    ),
    ("ruby", "def f(a)\n  ‸\nend\n", "a + 1\nend\n\ndef g", "a + 1"),
    ("ruby", "items.each ‸\n", "do |item|\n  puts item\nend\nputs 1\n", "do |item|\n  puts item\nend"),
    ("php", "<?php\nfunction f($a) {\n    return ‸\n}\n", "$a + 1;\n}\n\nfunction g", "$a + 1;"),
    (
        "php",
        "<?php\nfunction f($a) {\n    ‸\n}\n",
        "if ($a) {\n        g();\n    }\n}\n",
        "if ($a) {\n        g();\n    }",
    ),
    ("lua", "local function f(a)\n  ‸\nend\n", "return a + 1\nend\n\nlocal", "return a + 1"),
    ("lua", "if a ‸\n", "then\n  b()\nend\nc()\n", "then\n  b()\nend"),
    ("shellscript", "for f in *.txt; ‸\n", 'do\n  echo "$f"\ndone\necho x\n', 'do\n  echo "$f"\ndone'),
    ("shellscript", "f() {\n  ‸\n}\n", 'echo "$1"\n}\n\ng() {', 'echo "$1"'),
    ("sql", "SELECT name\nFROM ‸\n", "users\nWHERE id = 1;\n\nSELECT", "users"),
    ("sql", "CREATE TABLE a (\n  id INT,\n  ‸\n);\n", "name TEXT\n);\n\nCREATE", "name TEXT"),
    (
        "html",
        "<ul>\n  ‸\n</ul>\n",
        "<li>one</li>\n  <li>two</li>\n</ul>\n<p>",
        "<li>one</li>\n  <li>two</li>",
    ),
    ("css", "a {\n  color: ‸\n}\n", "red;\n}\n\nb {", "red;"),
    ("css", "a {\n  ‸\n}\n", "color: red;\n  margin: 0;\n}\n", "color: red;\n  margin: 0;"),
    ("json", '{\n  "a": ‸\n}\n', "[\n    1,\n    2\n  ]\n}\n", "[\n    1,\n    2\n  ]"),
    ("json", '{\n  "a": 1,\n  ‸\n}\n', '"b": 2\n}\n{', '"b": 2'),
    ("yaml", "on:\n  push:\n    ‸\njobs:\n", "branches: [main]\njobs:\n  test:", "branches: [main]"),
    ("yaml", "name: ‸\n", "test\non: push\n", "test"),
    ("toml", "[project]\nname = ‸\n", '"a"\nversion = "1"\n', '"a"'),
    ("toml", "[project]\nkeywords = ‸\n", '[\n  "a",\n  "b",\n]\nname = "x"\n', '[\n  "a",\n  "b",\n]'),
    ("markdown", "# Title\n\nThe quick ‸\n", "brown fox jumps.\n\nAnother paragraph.\n", "brown fox jumps."),
    ("markdown", "# Title\n\n‸\n", "First line\nsecond line.\n\nNext.\n", "First line\nsecond line."),
    ("markdown", "Run:\n\n‸\n", "```sh\nmake test\n```\n", "```sh\nmake test\n```"),
    ("git-commit", "Fix the ‸\n", "cache (again\n\nIt was wrong.\n", "cache (again"),
]


def shown(fixture, output, language):
    cursor = cursor_at(fixture, language)
    site, draft = Site.of(cursor), None
    for text in accumulate(cut_pieces(output)):
        draft = Draft(text, site, 16, previous=draft)
        stop = find_stop(draft)
        if stop is not None:
            output = text[: stop.end]
            break
    found = shape(output, cursor, site=site)
    return found.name if isinstance(found, Gate) else found


@pytest.mark.parametrize(("language", "fixture", "output", "expected"), CASES)
def test_what_is_shown(language, fixture, output, expected):
    assert shown(fixture, output, language) == expected


@pytest.mark.parametrize(("language", "fixture", "output", "expected"), CASES)
def test_a_right_draft_is_shown_as_it_is(language, fixture, output, expected):
    assert shown(fixture, expected, language) == expected


@pytest.mark.parametrize("language", sorted({case[0] for case in CASES} - {"git-commit"}))
def test_the_language_has_a_grammar(language):
    assert grammar(language) is not None


def test_a_language_without_a_grammar_goes_by_indentation():
    assert grammar("cobol-of-tomorrow") is None
    assert shown("begin\n  ‸\nend\n", "a();\n  b();\nend\n", "cobol-of-tomorrow") == "a();\n  b();"
