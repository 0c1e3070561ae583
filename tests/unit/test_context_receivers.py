"""What class a name is of."""

import pytest

from lsp_server.context.memo import MemoIndex
from lsp_server.context.outline import outline
from lsp_server.context.question import ask
from lsp_server.context.receivers import classes_of
from lsp_server.testing.fixtures import cursor_at
from lsp_server.testing.index import MemoryIndex

STORE = """
class Item:
    title: str


class Store:
    first: Item

    def __init__(self, item: Item, size=1):
        self.last = item
        self.made = Item()

    def get(self, key) -> Item: ...


def open_store(path) -> Store: ...
"""
HEAD = "from shop.store import Store, Item, open_store\n"
TYPESCRIPT = "export class Store {\n  size: number;\n}\n"


def check(text, expected, language="python", extension=".py"):
    cursor = cursor_at(text, language, "shop/main" + extension)
    index = MemoryIndex(outline)
    index.put("shop/store.py", STORE)
    index.put("shop/store.ts", TYPESCRIPT, "typescript")
    index.put(cursor.document.path, cursor.document.text, language)
    question = ask(cursor, range(100), cursor.document.path, index.outline(cursor.document.path))
    assert [
        located.symbol.name for located in classes_of(question.receiver, question, MemoIndex(index))
    ] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s = Store()\ns.‸", ["Store"]),
        ("s: Store | None = None\ns.‸", ["Store"]),
        ("def f(s: Store):\n    s.‸", ["Store"]),
        ("def f(\n    s: Store,\n):\n    s.‸", ["Store"]),
        ("s = open_store('x')\ns.‸", ["Store"]),
        ("with Store() as s:\n    s.‸", ["Store"]),
        ("s = Store()\ns.first.‸", ["Item"]),
        ("s = Store()\ns.last.‸", ["Item"]),
        ("s = Store()\ns.made.‸", ["Item"]),
        ("s = Store()\ns.get(1).‸", ["Item"]),
        ("s = Store()\ni = s.get(1)\ni.‸", ["Item"]),
        ("def f(all: list[Item]):\n    for i in all:\n        i.‸", ["Item"]),
        ("class Mine:\n    def f(self):\n        self.‸", ["Mine"]),
        ("class Mine:\n    s: Store\n    def f(self):\n        self.s.‸", ["Store"]),
        ("class Mine(Store):\n    def f(self):\n        super().‸", ["Store"]),
        ("Store.‸", ["Store"]),
        ("unknown.‸", []),
        ("x = x\nx.‸", []),
    ],
)
def test_python(text, expected):
    check(HEAD + text, expected)


@pytest.mark.parametrize(
    "text",
    [
        "const s = new Store();\ns.‸",
        "function f(s: Store) {\n  s.‸",
        "let s: Store | undefined;\ns?.‸",
        "class Mine {\n  private s: Store;\n  f() {\n    this.s.‸\n  }\n}",
    ],
)
def test_typescript(text):
    expected = ["Store"]
    check('import { Store } from "./store";\n' + text, expected, "typescript", ".ts")
