"""What each source finds."""

import pytest

from lsp_server.context.model import Import, Located
from lsp_server.context.outline import outline
from lsp_server.context.question import ask
from lsp_server.context.sources import NAMES, SOURCES
from lsp_server.context.trim import trim
from lsp_server.context.view import Diagnostic, RecentEdit, View
from lsp_server.testing.fixtures import cursor_at
from lsp_server.testing.index import MemoryIndex

MINUTE = 60_000
STORE = '''
class Store:
    """Keeps items."""

    capacity: int

    def put(self, key: str, value: bytes) -> None: ...

    def fetch(self, key: str) -> bytes: ...


def open_store(path: str, *, mode: str = "r") -> Store:
    """Open it."""


def _private(): ...
'''


def find(name, text, files=None, visible=range(1000), path="main.py", language="python", **view):
    cursor = cursor_at(text, language, path)
    index = MemoryIndex(outline)
    for file, content in (files or {}).items():
        index.put(file, content)
    index.put(path, cursor.document.text, language)
    question = ask(cursor, visible, path, index.outline(path))
    source = next(source for source in SOURCES if source.name == name)
    found = source.find(question, View(index, **view))
    assert all(0 <= snippet.score <= 1 and snippet.origin == name and snippet.text for snippet in found)
    return found


def check(name, text, *expected, files=None, **more):
    """The texts that the source finds; with a ``-`` first, one that it must not find."""
    found = "\n".join(snippet.text for snippet in find(name, text, files, **more))
    for part in expected:
        assert (part.removeprefix("-") in found) != part.startswith("-"), found


def test_the_members_of_the_receiver_come_first():
    found = find("definitions", "from store import Store\ns = Store()\ns.‸", {"store.py": STORE})
    assert found[0].path == "store.py"
    assert found[0].score == 1
    assert "def fetch(self, key: str) -> bytes" in found[0].text


def test_the_signature_of_the_call():
    check(
        "definitions", "from store import open_store\nopen_store(‸", "*, mode: str", files={"store.py": STORE}
    )


def test_the_signature_of_a_method_that_is_called():
    text = "from store import Store\ns = Store()\ns.put(‸"
    found = find("definitions", text, {"store.py": STORE})
    assert any(s.text == "def put(self, key: str, value: bytes) -> None" for s in found)


def test_a_name_is_followed_through_a_package():
    files = {"pkg/__init__.py": "from .store import open_store\n", "pkg/store.py": STORE}
    check("definitions", "from pkg import open_store\nx = open_store(‸", "*, mode: str", files=files)


def test_own_members_outside_of_the_visible_lines():
    text = "class Mine:\n    size: int\n" + "\n" * 20 + "    def f(self):\n        self.‸"
    check("definitions", text, "size: int", "-def f", visible=range(10, 100))
    check("definitions", text, "-size: int", visible=range(100))


def test_members_of_a_base_class():
    text = "from store import Store\nclass Mine(Store):\n    def ‸"
    check("definitions", text, "def fetch", files={"store.py": STORE})


def test_a_name_with_many_meanings_is_not_guessed():
    files = {f"m{n}.py": "def common(a): ...\n" for n in range(5)}
    check("definitions", "common(‸", "-common", files=files)


def test_imports_as_skeletons():
    text = "from store import Store\nx = Store‸()"
    check("imports", text, "def open_store", "def put", files={"store.py": STORE})


def test_an_imported_module_shows_its_signatures():
    files = {"pkg/__init__.py": "", "pkg/store.py": STORE}
    check("imports", "from pkg import store\nstore.‸", "def open_store", "-def put", files=files)


def test_windows_of_other_files():
    files = {"b.py": "def weigh(parcel):\n    return scales.measure(parcel)\n", "c.py": "nothing = here\n"}
    check("windows", "parcel = scales‸\n", "scales.measure", "-nothing", files=files)


def test_similar_passages_of_open_documents_and_of_the_file_itself():
    text = "def weigh(parcel):\n    return scales.measure(parcel)\n‸"
    other = cursor_at(text, path="b.py").document
    check("similar", "parcel = scales‸\n", "scales.measure", open_documents=(other,))
    text = "def weigh(parcel):\n    return scales.measure(parcel)\n" + "\n" * 40 + "parcel = scales‸\n"
    check("similar", text, "scales.measure", visible=range(30, 100))
    assert find("similar", text, visible=range(100)) == []


def test_the_files_own_head_and_outline():
    text = "from x import (\n    one,\n    two,\n)\n\ndef first(a): ...\n" + "\n" * 40 + "‸\n"
    check("file", text, "from x import (one, two)", "def first(a)", visible=range(20, 100))
    assert find("file", text, visible=range(100)) == []


def edit(line, removed, inserted, at_ms=0, path="b.py"):
    return RecentEdit(f"file:///{path}", path, line, removed, inserted, at_ms)


def test_edits_are_a_diff_with_the_newest_last():
    edits = (edit(4, "old", "new", 1000), edit(9, "", "later", 2000))
    (snippet,) = find("edits", "‸", recent_edits=edits, now_ms=3000)
    assert snippet.text == "@@ b.py:5\n-old\n+new\n@@ b.py:10\n+later"


@pytest.mark.parametrize(
    ("recent", "now_ms"),
    [
        (edit(4, "old", "new"), 6 * MINUTE),
        (edit(4, "a", "b", path="main.py"), 0),
        (edit(4, "  ", ""), 0),
    ],
    ids=["old", "visible", "blank"],
)
def test_edits_that_are_not_shown(recent, now_ms):
    assert find("edits", "‸", recent_edits=(recent,), now_ms=now_ms) == []


def test_many_edits_are_cut_to_the_newest():
    edits = tuple(edit(n, "", f"line {n}", n) for n in range(50))
    (snippet,) = find("edits", "‸", recent_edits=edits, now_ms=60)
    assert len(snippet.text.splitlines()) <= 15
    assert snippet.text.endswith("line 49")


def test_diagnostics_near_the_cursor_but_not_on_its_line():
    reports = (Diagnostic(0, "far"), Diagnostic(19, "unknown name\nmore"), Diagnostic(20, "unfinished"))
    check(
        "diagnostics",
        "\n" * 20 + "‸",
        "20: unknown name",
        "-far",
        "-unfinished",
        "-more",
        diagnostics=reports,
    )


def test_a_commit_message_sees_every_file_of_the_staged_diff():
    big = "diff --git a/big b/big\nindex 1..2\n" + "+line\n" * 5000
    diff = big + "diff --git a/small b/small\n--- a/small\n+++ b/small\n+x = 1\n"
    (snippet,) = find("commit", "‸", language="gitcommit", staged_diff=diff)
    assert "+x = 1" in snippet.text
    assert "index 1..2" not in snippet.text
    assert len(snippet.text) <= 4000
    assert find("commit", "‸", staged_diff=diff) == []


def test_trim_takes_the_telling_lines():
    text = "    a = 1\n    wanted = 2\n    b = 3\n"
    assert trim(text, {"wanted": 1.0}, 12) == "wanted = 2"
    assert trim("x" * 100, {}, 50) == ""


def test_without_an_index_nothing_fails():
    question = ask(cursor_at("x.‸"), range(1), "a.py")
    for source in SOURCES:
        assert source.find(question, View()) == []


def test_names():
    assert NAMES == ("commit", "definitions", "file", "imports", "windows", "similar", "edits", "diagnostics")


class TestMemoryIndex:
    def index(self, **files):
        index = MemoryIndex()
        for path, text in files.items():
            index.put(path.replace("__", "/") + ".py", text)
        return index

    def test_search_prefers_rare_words_and_short_windows(self):
        index = self.index(a="common rare\n", b="common\n", c="common\n", d="common " * 30 + "rare\n")
        found = index.search({"rare": 1.0, "common": 1.0}, 9, "python", "b.py")
        assert [window.path for window, _ in found][:2] == ["a.py", "d.py"]
        assert "b.py" not in [window.path for window, _ in found]
        assert index.search({"rare": 1.0}, 9, "go") == []

    def test_a_replaced_file_leaves_nothing_behind(self):
        index = self.index(a="def old(): ...\n")
        index.put("a.py", "def new(): ...\n")
        assert index.symbols_named("old") == []
        assert index.search({"old": 1.0}, 9, "python") == []
        assert [(n.path, n.symbol.name) for n in index.symbols_named("new")] == [("a.py", "new")]

    def test_resolve(self):
        index = self.index(pkg____init__="", pkg__a="", pkg__sub__b="")
        assert index.resolve("pkg.a", "main.py") == "pkg/a.py"
        assert index.resolve(".a", "pkg/c.py") == "pkg/a.py"
        assert index.resolve("..a", "pkg/sub/b.py") == "pkg/a.py"
        assert index.resolve("os", "main.py") is None

    def test_the_small_outline_of_python(self):
        text = "import os.path as p\nclass A:\n    x: int = 1\n    def f(self,\n          a): ...\n"
        outline_ = self.index(a=text).outline("a.py")
        assert [(s.name, s.container) for s in outline_.symbols] == [("A", ""), ("x", "A"), ("f", "A")]
        assert outline_.imports == (Import("os.path", ("p",), 0),)
        assert isinstance(self.index(a=text).symbols_named("f")[0], Located)
