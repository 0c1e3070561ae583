"""The index's database: what is written is found again, and only that."""

import math
import os
import random
import sqlite3
import stat
import sys

import pytest

from lsp_server.context import schema, search
from lsp_server.context.languages import group_of, language_of
from lsp_server.context.model import Import, Kind
from lsp_server.context.outline import outline
from lsp_server.context.postings import K1, TYPICAL_WORDS, B
from lsp_server.context.store import StoredIndex
from lsp_server.context.windows import windows_of
from lsp_server.context.words import words_in
from lsp_server.context.writer import Entry, IndexWriter
from lsp_server.policy.reading import digest_of


def entry(path, text):
    language = language_of(path)
    return Entry(path, language, 1, len(text), digest_of(text.encode()), text, outline(text, language))


class Workspace:
    def __init__(self, folder):
        self.path = folder / "cache" / "index" / "a.sqlite"
        connection, _ = schema.open_for_writing(self.path)
        self.writer = IndexWriter(connection)
        self.index = StoredIndex(self.path)
        self.db = connection

    def put(self, **files):
        self.put_all({name.replace("__", "."): text for name, text in files.items()})

    def put_all(self, files):
        entries = [entry(path, text) for path, text in files.items()]
        for group in {group_of(e.language) for e in entries}:
            self.writer.replace_all([e for e in entries if group_of(e.language) == group])

    def found(self, words, language="python", limit=10, without=""):
        hits = self.index.search(words, limit, language, without)
        return [(window.path, window.start) for window, _ in hits]


@pytest.fixture
def workspace(tmp_path):
    made = Workspace(tmp_path)
    yield made
    made.index.close()
    made.writer.close()


def code(seed, lines):
    names = [f"{a}_{b}" for a in ("alpha", "beta", "gamma", "delta") for b in ("one", "two", "three", "four")]
    chance = random.Random(seed)
    return "\n".join(
        f"{chance.choice(names)} = {chance.choice(names)}({chance.choice(names)})" for _ in range(lines)
    )


def test_outlines_come_back_as_they_were(workspace):
    text = "import a.b as c\n\n\nclass A:\n    '''Doc.'''\n    def f(self): pass\n"
    workspace.put_all({"x/a.py": text})
    assert workspace.index.outline("x/a.py") == outline(text, "python")
    assert workspace.index.outline("x/b.py") is None
    assert workspace.index.outline("x/a.py").imports == (Import("a.b", ("c",), 0),)
    assert workspace.index.size() == (1, 2)


def test_definitions_come_with_the_likeliest_first(workspace):
    workspace.put_all(
        {
            "tests/test_a.py": "class thing: pass\n",
            "a.py": "class Other:\n    def thing(self): pass\n",
            "deep/er/b.py": "thing = 1\n",
            "deep/c.py": "def thing(): pass\n",
        }
    )
    found = workspace.index.symbols_named("thing")
    assert [place.path for place in found] == ["deep/c.py", "deep/er/b.py", "a.py", "tests/test_a.py"]
    assert found[0].symbol.kind is Kind.FUNCTION
    assert len(workspace.index.symbols_named("thing", limit=2)) == 2
    assert workspace.index.symbols_named("nothing") == []


def test_search_ranks_as_bm25_does(workspace):
    files = {f"f{n}.py": code(n, 90) for n in range(12)}
    workspace.put_all(files)
    query = {"alpha_one": 1.0, "beta": 0.5, "gamma_three": 2.0, "delta_four": 1.5}
    windows = [w for path, text in files.items() for w in windows_of(path, text.split("\n"))]
    counts = [words_in(window.text) for window in windows]
    scores = {}
    for window, count in zip(windows, counts, strict=True):
        norm = K1 * (1 - B + B * sum(count.values()) / TYPICAL_WORDS)
        score = 0.0
        for word, weight in query.items():
            frequency = sum(word in c for c in counts)
            if frequency <= len(windows) * search.COMMONEST or len(windows) <= search.MOST_CANDIDATES:
                rarity = math.log(1 + (len(windows) - frequency + 0.5) / (frequency + 0.5))
                score += weight * rarity * count[word] * (K1 + 1) / (count[word] + norm)
        scores[window.path, window.start] = score
    hits = workspace.index.search(query, 10, "python")
    best = sorted(scores.values(), reverse=True)[:10]
    for (window, score), wanted in zip(hits, best, strict=True):
        assert score == pytest.approx(wanted, rel=0.03)
        assert scores[window.path, window.start] == pytest.approx(score, rel=0.03)
        assert window in windows


def test_search_keeps_to_the_language_and_leaves_out_a_file(workspace):
    workspace.put(a__py="needle()", b__py="needle()", c__ts="needle()", d__js="needle()", e__c="needle()")
    assert {path for path, _ in workspace.found({"needle": 1.0})} == {"a.py", "b.py"}
    assert {path for path, _ in workspace.found({"needle": 1.0}, without="a.py")} == {"b.py"}
    assert {path for path, _ in workspace.found({"needle": 1.0}, "javascript")} == {"c.ts", "d.js"}
    assert {path for path, _ in workspace.found({"needle": 1.0}, "cpp")} == {"e.c"}
    assert workspace.found({"needle": 1.0}, "go") == []
    assert workspace.found({}) == []
    assert workspace.found({"needle": -1.0}) == []


def test_a_changed_file_is_found_by_its_new_words_alone(workspace):
    workspace.put(a__py="first()", b__py="other()")
    for number in range(5):
        workspace.writer.replace(entry("a.py", f"word{number}()\n" * (30 - 5 * number)))
        assert {path for path, _ in workspace.found({f"word{number}": 1.0})} == {"a.py"}
        assert workspace.found({"first": 1.0, f"word{number - 1}": 1.0}) == []
    assert [path for path, _ in workspace.found({"other": 1.0})] == ["b.py"]
    assert workspace.index.size()[0] == 2


def test_a_removed_file_is_found_no_more(workspace):
    workspace.put(a__py="def gone(): needle()", b__py="needle()")
    workspace.writer.remove(["a.py", "never.py"])
    assert workspace.found({"needle": 1.0}) == [("b.py", 0)]
    assert workspace.index.symbols_named("gone") == []
    assert workspace.index.outline("a.py") is None


def test_tidying_changes_no_answer(workspace):
    for number in range(40):
        workspace.writer.replace(entry(f"f{number}.py", code(number, 30)))
    workspace.writer.remove([f"f{number}.py" for number in range(0, 40, 2)])
    query = {"alpha_one": 1.0, "beta_two": 1.0}
    before = workspace.found(query, limit=1000)
    assert before
    assert workspace.writer.tidy()
    assert sorted(workspace.found(query, limit=1000)) == sorted(before)
    assert not workspace.writer.tidy()
    [segments] = workspace.db.execute("SELECT count(*) FROM segments").fetchone()
    assert segments == 1
    orphans = workspace.db.execute(
        "SELECT count(*) FROM postings WHERE segment NOT IN (SELECT id FROM segments)"
    )
    assert orphans.fetchone() == (0,)


def test_the_same_content_is_known(workspace):
    made = entry("a.py", "x = 1")
    workspace.writer.replace(made)
    assert workspace.writer.is_same("a.py", made.digest, 7, 5)
    assert workspace.writer.known() == {"a.py": (7, 5)}
    assert not workspace.writer.is_same("a.py", b"other", 7, 5)


FILES = [
    "pkg/__init__.py", "pkg/a.py", "pkg/sub/__init__.py", "pkg/sub/b.py", "src/other/c.py",
    "web/x.ts", "web/lib/index.tsx", "web/lib/y.js", "src/app/z.ts",
    "cmd/main.go", "internal/store/store.go", "internal/store/a.go", "internal/store/a_test.go",
    "src/lib.rs", "src/m.rs", "src/n/mod.rs", "src/n/deep.rs",
    "java/com/acme/Thing.java", "java/com/acme/Other.java", "cs/Acme/Widget.cs",
    "inc/acme/api.h", "inc/acme/impl.c", "lib/acme/base.rb", "lib/acme/top.rb", "lua/a/b.lua",
    "bin_/lib.sh", "bin_/x.sh",
]  # fmt: skip


@pytest.mark.parametrize(
    ("module", "importer", "wanted"),
    [
        ("pkg.a", "src/other/c.py", "pkg/a.py"),
        ("pkg", "src/other/c.py", "pkg/__init__.py"),
        ("other.c", "pkg/a.py", "src/other/c.py"),
        (".b", "pkg/sub/__init__.py", "pkg/sub/b.py"),
        ("..a", "pkg/sub/b.py", "pkg/a.py"),
        (".", "pkg/sub/b.py", "pkg/sub/__init__.py"),
        ("....x", "pkg/sub/b.py", None),
        ("os", "pkg/a.py", None),
        ("./x", "web/main.ts", "web/x.ts"),
        ("./x.js", "web/main.ts", "web/x.ts"),
        ("./lib", "web/x.ts", "web/lib/index.tsx"),
        ("../x", "web/lib/y.js", "web/x.ts"),
        ("@/app/z", "web/x.ts", "src/app/z.ts"),
        ("react", "web/x.ts", None),
        ("../../../../etc/passwd", "web/x.ts", None),
        ("example.org/me/proj/internal/store", "cmd/main.go", "internal/store/store.go"),
        ("fmt", "cmd/main.go", None),
        ("self::m", "src/lib.rs", "src/m.rs"),
        ("crate::n::deep", "src/m.rs", "src/n/deep.rs"),
        ("crate::m::Item", "src/n/deep.rs", "src/m.rs"),
        ("super::deep", "src/n/mod.rs", None),
        ("self::deep", "src/n/mod.rs", "src/n/deep.rs"),
        ("com.acme.Other", "java/com/acme/Thing.java", "java/com/acme/Other.java"),
        ("com.acme.Other.Inner", "java/com/acme/Thing.java", "java/com/acme/Other.java"),
        ("Acme.Widget", "cs/Acme/X.cs", "cs/Acme/Widget.cs"),
        ("acme/api.h", "src/x.c", "inc/acme/api.h"),
        ("api.h", "inc/acme/impl.c", "inc/acme/api.h"),
        ("acme/base", "lib/acme/top.rb", "lib/acme/base.rb"),
        ("./base", "lib/acme/top.rb", "lib/acme/base.rb"),
        ("a.b", "x.lua", "lua/a/b.lua"),
        ("./lib.sh", "bin_/x.sh", "bin_/lib.sh"),
        ("", "pkg/a.py", None),
        ("x" * 1000, "pkg/a.py", None),
    ],
)
def test_imports_are_resolved(workspace, module, importer, wanted):
    workspace.put_all(dict.fromkeys(FILES, "x"))
    if wanted is None and module == "super::deep":
        wanted = "src/lib.rs"  # The item would be in the crate's root.
    assert workspace.index.resolve(module, importer) == wanted


@pytest.mark.skipif(sys.platform == "win32", reason="modes of files need POSIX")
def test_only_the_user_can_read_it(workspace):
    workspace.put(a__py="x")
    assert stat.S_IMODE(workspace.path.parent.stat().st_mode) == 0o700
    for file in workspace.path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def reopened(workspace):
    workspace.index.close()
    workspace.writer.close()
    connection, reason = schema.open_for_writing(workspace.path)
    workspace.writer = IndexWriter(connection)
    workspace.index = StoredIndex(workspace.path)
    return reason


def test_it_is_kept(workspace):
    workspace.put(a__py="needle()")
    assert reopened(workspace) == ""
    assert workspace.found({"needle": 1.0}) == [("a.py", 0)]


@pytest.mark.parametrize("damage", [b"", b"garbage" * 1000, None])
def test_a_damaged_database_is_made_again(workspace, damage):
    workspace.put_all({f"f{n}.py": code(n, 50) for n in range(30)})
    workspace.writer.checkpoint()
    workspace.index.close()
    workspace.writer.close()
    data = workspace.path.read_bytes()
    if damage is None:
        damage = data[:8192] + os.urandom(8192) + data[16384:]
    workspace.path.write_bytes(damage)
    connection, reason = schema.open_for_writing(workspace.path)
    workspace.writer = IndexWriter(connection)
    assert workspace.writer.known() == {}
    assert "damaged" in reason


def test_another_grammar_makes_it_again(workspace, monkeypatch):
    workspace.put(a__py="needle()")
    monkeypatch.setattr(schema, "signature", lambda: "other")
    assert "format or a grammar" in reopened(workspace)
    assert workspace.writer.known() == {}


def test_another_format_is_not_read(workspace):
    workspace.db.execute("PRAGMA user_version=999")
    with pytest.raises(sqlite3.DatabaseError):
        StoredIndex(workspace.path)


def test_an_index_that_is_closed_or_damaged_answers_with_nothing(workspace, caplog):
    workspace.put(a__py="def f(): needle()")
    workspace.db.execute("DROP TABLE texts")
    workspace.db.execute("DROP TABLE symbols")
    assert workspace.found({"needle": 1.0}) == []
    assert workspace.index.symbols_named("f") == []
    assert len(caplog.records) == 1
    workspace.index.close()
    assert workspace.index.symbols_named("f") == []
    assert workspace.index.outline("a.py") is None
    assert workspace.found({"needle": 1.0}) == []


def test_a_folder_that_cannot_be_written_is_told_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(schema.Unusable, match="cannot be kept"):
        schema.open_for_writing(tmp_path / "file" / "index" / "a.sqlite")


def test_databases_that_nobody_opens_are_deleted_in_the_end(workspace):
    workspace.put(a__py="x")
    folder, now = workspace.path.parent, workspace.path.stat().st_mtime
    schema.drop_unused(folder, now + schema.UNUSED_S - 60)
    assert workspace.path.exists()
    schema.drop_unused(folder, now + schema.UNUSED_S + 60)
    assert list(folder.iterdir()) == []
    schema.drop_unused(folder / "none", now)


def test_folders_have_databases_of_their_own(tmp_path):
    one, other = (schema.database_path(tmp_path, str(tmp_path / name)) for name in "ab")
    assert one != other
    assert one == schema.database_path(tmp_path, str(tmp_path / "x" / ".." / "a"))
    assert "a" + os.sep not in str(one.name)
