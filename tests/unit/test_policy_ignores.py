"""Ignore files: what they exclude, what git ignores, and what happens where they cannot be used."""

import os
import sqlite3
import sys
import unicodedata
from contextlib import closing

import pytest

from lsp_server.context.folder import FolderIndex
from lsp_server.context.walk import Walk
from lsp_server.policy import ignores as module
from lsp_server.policy.ignores import RECHECK_MS, IgnoreTree, Level, PathPolicy, Verdict, level_of
from lsp_server.policy.paths import PathRules
from lsp_server.policy.reading import LARGEST_PATTERNS
from lsp_server.testing.clock import ManualClock

posix = pytest.mark.skipif(sys.platform == "win32", reason="links and pipes need POSIX")
RULES = PathRules(("/secret/",), ("/inside/",))
REPOSITORY = {".git/HEAD": "ref: refs/heads/main\n"}


def fill(folder, files):
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")


def policy(*folders, clock=None, **options):
    now_ms = (clock or ManualClock()).now_ms
    return PathPolicy(
        options.pop("rules", RULES), [str(folder) for folder in folders], now_ms=now_ms, **options
    )


def kind(verdict):
    return "excluded" if verdict.excluded else "local" if verdict.local_only else "free"


def check(judge, folder, expected):
    found = {path: kind(judge.verdict(str(folder / path))) for path in expected}
    assert found == expected


def test_ignore_files_hold_where_they_lie_and_the_nearest_wins(tmp_path):
    fill(
        tmp_path,
        {
            ".codestralignore": "# notes\n*.gen.py\n/top.py\ndata/\n",
            "sub/.codestralignore": "!kept.gen.py\nz.py\n/only.py\n",
            "sub/data/.codestralignore": "!x.py\n",
        },
    )
    check(
        policy(tmp_path),
        tmp_path,
        {
            "a.gen.py": "excluded",
            "top.py": "excluded",
            "sub/top.py": "free",
            "data/x.py": "excluded",
            "data": "free",
            "sub/data/x.py": "excluded",
            "sub/a.gen.py": "excluded",
            "sub/kept.gen.py": "free",
            "sub/deep/kept.gen.py": "free",
            "kept.gen.py": "excluded",
            "sub/deep/z.py": "excluded",
            "z.py": "free",
            "sub/only.py": "excluded",
            "sub/deep/only.py": "free",
            "main.py": "free",
        },
    )


@pytest.mark.parametrize("name", [".codestralignore", ".aiignore", ".cursorignore", ".copilotignore"])
def test_other_tools_ignore_files_count_each_for_itself(tmp_path, name):
    fill(tmp_path, {name: "a.py\n!b.py\n!.env\n!secret/\n", ".gitignore": "!a.py\nb.py\nc.py\n!c.py\n"})
    others = {".codestralignore", ".aiignore"} - {name}
    fill(tmp_path, dict.fromkeys(others, "!a.py\n"))
    excluded = dict.fromkeys(["a.py", "A.PY", ".env", "secret/x"], "excluded")
    check(policy(tmp_path), tmp_path, excluded | {"b.py": "local", "c.py": "free"})


def test_what_git_ignores_is_local_unless_allowed(tmp_path):
    fill(
        tmp_path, REPOSITORY | {".gitignore": "build/\n*.log\n!keep.log\n", ".git/info/exclude": "notes.py\n"}
    )
    names = ["build/x.py", "a.log", "notes.py"]
    check(policy(tmp_path), tmp_path, dict.fromkeys(names, "local") | {"keep.log": "free", "main.py": "free"})
    check(policy(tmp_path, gitignored="allow"), tmp_path, dict.fromkeys(names, "free"))


def test_the_repository_counts_above_the_workspace_and_outside_of_it(tmp_path):
    fill(tmp_path, {"a.py": "", ".gitignore": "*\n", ".codestralignore": "*\n"})
    fill(tmp_path / "r", REPOSITORY | {".gitignore": "*.gen.py\n", ".codestralignore": "x.py\n"})
    judge = policy(tmp_path / "r" / "w")
    inside = {"w/a.gen.py": "local", "w/x.py": "excluded", "w/a.py": "free"}
    beside = {"b/a.gen.py": "local", "b/x.py": "excluded", "b/a.py": "free"}
    check(judge, tmp_path / "r", inside | beside)
    check(judge, tmp_path, {"a.py": "free", "other/a.py": "free"})
    check(judge, tmp_path, {"other/.env": "excluded"})


def test_a_repository_in_another_is_for_itself(tmp_path):
    fill(tmp_path, REPOSITORY | {".gitignore": "*.o\nvendor/\n", ".codestralignore": "*.key.py\n"})
    for inner in ("lib", "vendor/lib"):
        fill(tmp_path / inner, REPOSITORY | {".gitignore": "*.so\n"})
    fill(tmp_path / "fake", {".git/config": "", ".git/info/exclude": "b.py"})
    check(
        policy(tmp_path),
        tmp_path,
        {
            "lib/a.o": "free",
            "lib/a.so": "local",
            "a.so": "free",
            "lib/a.key.py": "excluded",
            "vendor/lib/a.py": "local",
            "fake/a.o": "local",
            "fake/b.py": "local",
        },
    )


def test_a_worktree_reads_the_exclude_file_of_its_repository(tmp_path):
    fill(tmp_path, {f"r/{path}": text for path, text in REPOSITORY.items()})
    fill(
        tmp_path,
        {
            "r/.git/info/exclude": "notes.py\n",
            "r/.git/worktrees/w/HEAD": "ref: b",
            "r/.git/worktrees/w/commondir": "../..\n",
            "w/.git": "gitdir: ../r/.git/worktrees/w\n",
        },
    )
    check(
        policy(tmp_path / "w"), tmp_path / "w", {"notes.py": "local", "sub/notes.py": "local", "a.py": "free"}
    )


def test_every_workspace_folder_counts(tmp_path):
    fill(tmp_path, {"a/.codestralignore": "b/x.py\n", "a/b/.aiignore": "y.py\n"})
    judge = policy(tmp_path / "a", tmp_path / "a" / "b", rules=PathRules(("/b/z.py",), ("/w.py",)))
    excluded = dict.fromkeys(["b/x.py", "b/y.py", "b/z.py"], "excluded")
    check(judge, tmp_path / "a", excluded | {"b/w.py": "local", "b/a.py": "free"})


def test_what_is_said_names_the_rule_and_its_place(tmp_path):
    folder = tmp_path / "project"
    fill(folder, REPOSITORY | {".gitignore": "\nbuild/\n", "sub/.codestralignore": "x.py\n"})
    judge = policy(folder)
    by_git = "build/x.py is ignored by git and so for local backends only (project/.gitignore, line 2)"
    said = {
        "build/x.py": (None, by_git),
        "sub/x.py": ("sub/x.py is excluded from completion (project/sub/.codestralignore, line 1)", None),
        "secret/a": ("secret/a is excluded from completion (privacy.exclude)", None),
        ".env": (".env is excluded from completion (made to hold secrets)", None),
        "inside/a": (None, "inside/a is for local backends only (privacy.local_only)"),
    }  # fmt: skip
    for path, (excluded, local_only) in said.items():
        assert judge.verdict(str(folder / path)) == Verdict(excluded, local_only or excluded)
        assert judge.excluded(str(folder / path)) == excluded
        assert judge.local_only(str(folder / path)) == (local_only or excluded)
    assert judge.problems == ()


@posix
def test_what_is_said_is_one_line_whatever_a_file_is_called(tmp_path):
    fill(tmp_path, {"a\nb\x1b[2J/.codestralignore": "[\n"})
    judge = policy(tmp_path)
    said = judge.local_only(str(tmp_path / "a\nb\x1b[2J" / "x\r.py"))
    assert all(text.isprintable() for text in (said, *judge.problems))
    assert len(judge.problems) == 1


def test_a_buffer_without_a_file_has_no_rule(tmp_path):
    fill(tmp_path, {".codestralignore": "*\n"})
    assert policy(tmp_path).verdict(None) == policy(tmp_path).verdict("") == Verdict()


def test_names_are_compared_as_the_disk_may(tmp_path):
    composed, decomposed = (unicodedata.normalize(form, "Träger.py") for form in ("NFC", "NFD"))
    fill(
        tmp_path,
        {
            "a/.codestralignore": composed,
            "b/.codestralignore": decomposed,
            "c/.aiignore": "Private/\n/x.py\n",
        },
    )
    for path in (
        f"a/{decomposed}",
        f"b/{composed}",
        "c/PRIVATE/a",
        "c/private./a",
        "c/x.py.",
        "c/X.py:stream",
        "c/d/../x.py",
    ):
        assert policy(tmp_path).excluded(f"{tmp_path}{os.sep}{path.replace('/', os.sep)}"), path


def test_gitignore_minds_case_where_the_disk_does(tmp_path):
    fill(tmp_path, {".gitignore": "/build\n"})
    same = (tmp_path / ".GITIGNORE").exists()
    check(policy(tmp_path), tmp_path, {"build": "local", "Build": "local" if same else "free"})


def test_gitignore_disregards_case_where_the_disk_does(tmp_path):
    fill(tmp_path, {".gitignore": "/build\n"})
    if not (tmp_path / ".GITIGNORE").exists():
        os.link(tmp_path / ".gitignore", tmp_path / ".GITIGNORE")
    check(policy(tmp_path), tmp_path, {"Build/a.py": "local"})


UNUSABLE = {
    "too large": lambda path: path.write_bytes(b"#" * (LARGEST_PATTERNS + 1)),
    "a folder": lambda path: path.mkdir(),
    "not UTF-8": lambda path: path.write_bytes(b"a.py\n\xff\xfe\n"),
    "NUL": lambda path: path.write_bytes(b"a\0b\n"),
    "no pattern": lambda path: path.write_bytes(b"a.py\n[b\n"),
    "too many patterns": lambda path: path.write_bytes(b"".join(b"*a%d*b\n" % n for n in range(1500))),
    "a pipe": getattr(os, "mkfifo", None),
    "a link to nothing": lambda path: path.symlink_to(path.parent / "nothing"),
    "a link to itself": lambda path: path.symlink_to(path),
    "a link out": lambda path: path.symlink_to(path.parents[2] / "outside"),
}


@posix
@pytest.mark.parametrize("name", [".codestralignore", ".gitignore", ".cursorignore"])
@pytest.mark.parametrize("way", UNUSABLE)
def test_a_file_that_cannot_be_used_keeps_its_folder_here(tmp_path, name, way):
    root = tmp_path / "w"
    fill(tmp_path, {"outside": "x.py\n", "w/sub/deep/a.py": "", "w/main.py": ""})
    UNUSABLE[way](root / "sub" / name)
    judge = policy(root)
    check(judge, root, {"sub/z.py": "local", "sub/deep/z.py": "local", "main.py": "free"})
    [problem] = judge.problems
    assert problem.startswith(f"w/sub/{name} cannot be used: ")
    assert problem in judge.local_only(str(root / "sub" / "z.py"))
    allowing = policy(root, gitignored="allow")
    matters = name != ".gitignore" or way == "too many patterns"
    check(allowing, root, {"sub/z.py": "local" if matters else "free"})
    assert len(allowing.problems) == matters


@posix
def test_what_may_not_be_opened_keeps_its_folder_here(tmp_path, monkeypatch):
    fill(tmp_path, {".codestralignore": "a.py\n"})
    opened = os.open

    def refuse(path, *options):
        if str(path).endswith(".codestralignore"):
            raise PermissionError(13, "Permission denied")
        return opened(path, *options)

    monkeypatch.setattr(os, "open", refuse)
    judge = policy(tmp_path)
    check(judge, tmp_path, {"b.py": "local"})
    assert "cannot be opened (Permission denied)" in judge.problems[0]


def test_the_rest_of_a_faulty_file_holds(tmp_path):
    fill(tmp_path, {".codestralignore": "a.py\n[\nb.py\n"})
    check(policy(tmp_path), tmp_path, {"a.py": "excluded", "b.py": "excluded", "c.py": "local"})


def test_many_small_files_are_bounded_together(tmp_path):
    text = "".join(f"*{n}*x\n" for n in range(300))
    for depth in range(1, 6):
        fill(tmp_path, {"d/" * depth + ".aiignore": text})
    check(policy(tmp_path), tmp_path, {"d/a.py": "free", "d/d/d/d/d/a.py": "local"})


@posix
def test_a_link_to_an_ignore_file_in_the_folder_is_read(tmp_path):
    fill(tmp_path, {".gitignore": "a.py\n", "b.py": ""})
    (tmp_path / ".aiignore").symlink_to(".gitignore")
    check(policy(tmp_path), tmp_path, {"a.py": "excluded", "b.py": "free"})


@posix
def test_rules_hold_for_a_link_and_for_what_it_leads_to(tmp_path):
    root = tmp_path / "w"
    files = [".env", "inside/a.py", "secret/a.py", "built/a.py", "mine/a.py", "free.py"]
    fill(
        root, dict.fromkeys(files, "") | {".gitignore": "built/\n", ".codestralignore": "mine/\nhidden.py\n"}
    )
    fill(tmp_path, {"out/a.py": "", "out/.env": ""})
    links = {
        "l1.py": ".env",
        "l2.py": "inside/a.py",
        "l3.py": "secret/a.py",
        "l4.py": "built/a.py",
        "l5.py": "mine/a.py",
        "l6.py": "free.py",
        "hidden.py": "free.py",
        "l7.py": "../out/a.py",
        "l8.py": "../out/.env",
        "folder": "mine",
        "up": "..",
        "loop": "loop",
    }
    for name, target in links.items():
        (root / name).symlink_to(target)
    check(
        policy(root),
        root,
        {
            "l1.py": "excluded",
            "l2.py": "local",
            "l3.py": "excluded",
            "l4.py": "local",
            "l5.py": "excluded",
            "l6.py": "free",
            "hidden.py": "excluded",
            "l7.py": "local",
            "l8.py": "excluded",
            "folder/a.py": "excluded",
            "up/out/a.py": "local",
            "up/w/free.py": "free",
            "loop": "free",
        },
    )


@posix
def test_a_workspace_folder_that_is_a_link_is_the_workspace(tmp_path):
    fill(tmp_path / "real", {"a.py": "", "inside/b.py": "", ".codestralignore": "x.py\n"})
    (tmp_path / "link").symlink_to("real")
    for folder in ("link", "real"):
        for place in ("link", "real"):
            expected = {"a.py": "free", "inside/b.py": "local", "x.py": "excluded"}
            check(policy(tmp_path / folder), tmp_path / place, expected)


@posix
def test_a_link_within_the_repository_is_not_out_of_the_workspace(tmp_path):
    fill(tmp_path, REPOSITORY | {"shared/a.py": "", "w/b.py": ""})
    (tmp_path / "w" / "a.py").symlink_to("../shared/a.py")
    check(policy(tmp_path / "w"), tmp_path / "w", {"a.py": "free"})


@posix
@pytest.mark.parametrize("name", ["a\0b.py", "a\0/../b.py"])
def test_a_path_that_cannot_be_resolved_stays_here(tmp_path, name):
    assert policy(tmp_path).local_only(f"{tmp_path}/{name}")


@pytest.mark.parametrize("path", ["d/" * 100 + "a.py", "x" * 200 + "/" + "y" * 900])
def test_a_path_too_long_to_check_stays_here(tmp_path, path):
    fill(tmp_path, {".codestralignore": "*a*b\n"})
    assert "too long" in policy(tmp_path).local_only(str(tmp_path / path))


def test_labels_of_snippets_are_held_against_every_folder(tmp_path):
    fill(tmp_path, {"a/.codestralignore": "x.py\n", "b/.gitignore": "y.py\n", "c/z.py": ""})
    judge = policy(tmp_path / "a", tmp_path / "b")
    outside = (tmp_path / "c" / "z.py").as_posix().lstrip("/")
    expected = {
        "x.py": "excluded", "y.py": "local", "sub/y.py": "local", "z.py": "free", ".env": "excluded",
        "inside/x": "local", "": "free", outside: "free", f"{outside}/.env": "excluded",
    }  # fmt: skip
    assert {path: kind(judge.snippet_verdict(path)) for path in expected} == expected


@posix
def test_labels_of_files_outside_are_found(tmp_path):
    fill(tmp_path / "other", REPOSITORY | {".codestralignore": "x.py\n"})
    label = str(tmp_path / "other" / "x.py").lstrip("/")
    assert policy(tmp_path / "w").snippet_verdict(label).excluded


async def test_the_disk_is_looked_at_once_in_a_while(tmp_path, monkeypatch):
    clock, reads = ManualClock(), []
    read = module.read_folder
    monkeypatch.setattr(
        module, "read_folder", lambda folder, *rest: reads.append(folder) or read(folder, *rest)
    )
    fill(tmp_path, {"sub/a.py": "", ".codestralignore": "b.py\n"})
    judge = policy(tmp_path, clock=clock)
    check(judge, tmp_path, {"sub/a.py": "free", "sub/b.py": "excluded"})
    assert len(reads) == 2
    await clock.advance(RECHECK_MS)
    check(judge, tmp_path, {"sub/a.py": "free", "sub/b.py": "excluded"})
    assert len(reads) == 2
    fill(tmp_path, {".codestralignore": "a.py\n"})
    check(judge, tmp_path, {"sub/a.py": "free", "sub/b.py": "excluded"})
    await clock.advance(RECHECK_MS)
    check(judge, tmp_path, {"sub/a.py": "excluded", "sub/b.py": "free"})
    assert len(reads) == 3
    (tmp_path / ".codestralignore").unlink()
    fill(tmp_path, REPOSITORY | {"sub/.gitignore": "b.py\n", ".git/info/exclude": "a.py\n"})
    await clock.advance(RECHECK_MS)
    check(judge, tmp_path, {"sub/a.py": "local", "sub/b.py": "local"})
    (tmp_path / ".git/info/exclude").write_text("# nothing\n")
    await clock.advance(RECHECK_MS)
    check(judge, tmp_path, {"sub/a.py": "free"})


def test_between_that_an_answer_touches_nothing(tmp_path, monkeypatch):
    fill(tmp_path, {".codestralignore": "b.py\n"})
    judge = policy(tmp_path)
    expected = {"a.py": "free", "b.py": "excluded"}
    check(judge, tmp_path, expected)

    def touched(*_):
        raise AssertionError

    for name in ("stat", "lstat", "open", "readlink", "scandir"):
        monkeypatch.setattr(os, name, touched)
    check(judge, tmp_path, expected)


@pytest.mark.parametrize("changed", [".codestralignore", "sub/.gitignore", ".git/info/exclude"])
def test_a_change_that_is_told_counts_at_once(tmp_path, changed):
    judge = policy(tmp_path)
    check(judge, tmp_path, {"sub/a.py": "free"})
    fill(tmp_path, REPOSITORY | {changed: "a.py\n"})
    judge.files_changed([str(tmp_path / "x.py")])
    check(judge, tmp_path, {"sub/a.py": "free"})
    judge.files_changed([str(tmp_path / changed)])
    assert kind(judge.verdict(str(tmp_path / "sub/a.py"))) != "free"


@posix
def test_a_link_that_is_told_to_have_changed_counts_at_once(tmp_path):
    fill(tmp_path, {"a.py": "", "secret/b.py": ""})
    link = tmp_path / "l.py"
    link.symlink_to("a.py")
    judge = policy(tmp_path)
    check(judge, tmp_path, {"l.py": "free"})
    link.unlink()
    link.symlink_to("secret/b.py")
    judge.files_changed([str(link)])
    check(judge, tmp_path, {"l.py": "excluded"})


def test_many_files_are_forgotten_again(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "KEPT", 4)
    fill(tmp_path, {".codestralignore": "1*.py\n"})
    judge = policy(tmp_path)
    for _ in range(2):
        for n in range(20):
            path = str(tmp_path / f"{n}.py")
            assert bool(judge.excluded(path)) == str(n).startswith("1")
    assert len(judge._known) <= 4


def test_an_index_of_an_ignored_folder_minds_only_what_lies_in_it(tmp_path):
    fill(tmp_path, REPOSITORY | {".gitignore": "*\n", ".aiignore": "/w/x.py\n", "w/.gitignore": "b.py\n"})
    level = level_of(tmp_path / "w")
    assert level.finding.ignored is None
    found = {name: level.judge(name, is_folder=False) for name in ("a.py", "b.py", "x.py")}
    assert [found[name].ignored is None for name in found] == [True, False, True]
    assert found["x.py"].excluded is not None


def test_a_tree_outside_of_everything_has_no_level(tmp_path):
    assert IgnoreTree([str(tmp_path / "w")]).level(str(tmp_path), 0.0) is None
    assert isinstance(level_of(tmp_path), Level)


def test_the_index_leaves_out_what_ignore_files_name(tmp_path):
    fill(tmp_path, REPOSITORY | {".gitignore": "*.o.py\n", ".aiignore": "w/a.py\n"})
    fill(
        tmp_path / "w", {"a.py": "1", "b.py": "1", "c.o.py": "1", "d/e.py": "1", "d/f.py": "1", "d/g.py": "1"}
    )
    fill(tmp_path / "w", {"d/.codestralignore": "e.py\n!b.py\n", "d/.gitignore": "g.py\n[\n"})
    walk = Walk(tmp_path / "w", RULES)
    assert [file.path for file in walk.files()] == ["b.py", "d/f.py"]
    paths = ("a.py", "b.py", "c.o.py", "d/e.py", "d/f.py", "d/g.py")
    assert [path for path in paths if walk.takes(path)] == ["b.py", "d/f.py"]


def test_the_index_is_brought_up_to_date_when_an_ignore_file_changes(tmp_path):
    folder = tmp_path / "w"
    fill(folder, {"a.py": "1", "sub/b.py": "1"})
    index = FolderIndex(folder, tmp_path / "index.db", RULES, lambda *_: None)

    def indexed():
        with closing(sqlite3.connect(tmp_path / "index.db")) as database:
            return {path for (path,) in database.execute("SELECT path FROM files")}

    index.scan()
    assert indexed() == {"a.py", "sub/b.py"}
    fill(folder, {"sub/.codestralignore": "b.py\n"})
    index.read(["sub/.codestralignore"])
    assert indexed() == {"a.py"}
    (folder / "sub" / ".codestralignore").unlink()
    index.read(["sub/.codestralignore"])
    assert indexed() == {"a.py", "sub/b.py"}
    index.close()
