"""Which files of a workspace are read, and the gate through which they are opened."""

import os
import sys
import time

import pytest

from lsp_server.context import walk as module
from lsp_server.context.languages import group_of, language_of
from lsp_server.context.walk import Walk
from lsp_server.policy.paths import PathRules
from lsp_server.policy.reading import checkout_of, read_workspace_file

RULES = PathRules(("private/", "*.gen.py"))
posix = pytest.mark.skipif(sys.platform == "win32", reason="links and pipes need POSIX")


def fill(folder, files):
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")


def walked(folder, rules=RULES):
    walk = Walk(folder, rules)
    found = [file.path for file in walk.files()]
    assert walk.cut == ""
    assert all(walk.takes(path) for path in found)
    return found


def left_out(folder, *paths):
    found = walked(folder)
    walk = Walk(folder, RULES)
    return all(path not in found and not walk.takes(path) for path in paths)


def test_source_files_are_found_in_order(tmp_path):
    fill(tmp_path, {"b.py": "1", "a/x.ts": "1", "a/b/c.go": "1", "data.bin": "1", "Makefile": "all:"})
    assert walked(tmp_path) == ["Makefile", "b.py", "a/x.ts", "a/b/c.go"]


def test_what_was_made_or_installed_and_what_is_hidden_is_left_out(tmp_path):
    paths = ["node_modules/a.js", ".venv/a.py", "x/target/a.rs", ".git/hooks/a.py", "a.min.js", "a_pb2.py"]
    fill(tmp_path, dict.fromkeys(paths, "1"))
    assert left_out(tmp_path, *paths)


def test_excluded_and_secret_files_are_left_out(tmp_path):
    paths = ["private/a.py", "x/b.gen.py", "credentials.py", "Secrets.yaml"]
    fill(tmp_path, dict.fromkeys(paths, "1"))
    assert left_out(tmp_path, *paths)
    assert read_workspace_file(tmp_path, "private/a.py", RULES) is None


def test_gitignore_files_are_honoured_where_they_lie(tmp_path):
    fill(
        tmp_path,
        {
            ".gitignore": "# notes\n*.tmp.py\n/only.py\nlogs/\n",
            "a.tmp.py": "1", "only.py": "1", "sub/only.py": "1", "logs/x.py": "1", "sub/logs/y.py": "1",
            "sub/.gitignore": "!kept.tmp.py\nz.py\n"
            "", "sub/kept.tmp.py": "1", "sub/deep/z.py": "1", "z.py": "1",
        },
    )  # fmt: skip
    assert walked(tmp_path) == ["z.py", "sub/kept.tmp.py", "sub/only.py"]
    assert left_out(tmp_path, "a.tmp.py", "only.py", "logs/x.py", "sub/logs/y.py", "sub/deep/z.py")


def test_git_info_exclude_is_honoured(tmp_path):
    fill(tmp_path, {".git/info/exclude": "a.py\n", "a.py": "1", "b.py": "1"})
    assert walked(tmp_path) == ["b.py"]


def test_hostile_patterns_cost_little(tmp_path):
    evil = "\n".join(["**/a/" * 20 + "b", "*a*a*a*a*a*a*a*b", "[", "\\", "!", "a**b**c**d", "x.py"])
    fill(tmp_path, {".gitignore": evil, ("a/" * 30) + "a" * 100 + ".py": "1", "x.py": "1"})
    started = time.monotonic()
    assert walked(tmp_path) == [("a/" * 30) + "a" * 100 + ".py"]
    assert time.monotonic() - started < 2


@posix
def test_links_are_not_followed(tmp_path):
    folder, outside = tmp_path / "w", tmp_path / "outside"
    fill(folder, {"a.py": "1"})
    fill(outside, {"s.py": "secret"})
    (folder / "loop").symlink_to(folder)
    (folder / "out").symlink_to(outside)
    (folder / "link.py").symlink_to(outside / "s.py")
    assert walked(folder) == ["a.py"]
    assert read_workspace_file(folder, "a.py", RULES).text == "1"
    for path in ("link.py", "out/s.py", "../outside/s.py", str(outside / "s.py"), ""):
        assert read_workspace_file(folder, path, RULES) is None


@posix
def test_a_pipe_is_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "p.py")
    assert walked(tmp_path) == []
    assert read_workspace_file(tmp_path, "p.py", RULES) is None


def test_large_and_binary_files_are_not_read(tmp_path):
    (tmp_path / "large.py").write_bytes(b"x" * (1024 * 1024 + 1))
    (tmp_path / "binary.py").write_bytes(b"a\0b")
    assert walked(tmp_path) == ["binary.py"]
    assert read_workspace_file(tmp_path, "large.py", RULES) is None
    assert read_workspace_file(tmp_path, "binary.py", RULES) is None


def test_text_is_read_whatever_its_encoding(tmp_path):
    (tmp_path / "a.py").write_bytes(b"\xef\xbb\xbfa\r\nb\rc\xff")
    read = read_workspace_file(tmp_path, "a.py", RULES)
    assert read.text == "a\nb\nc\ufffd"
    assert read.size == 10


@posix
def test_a_name_that_is_no_utf8_is_left_out(tmp_path):
    try:
        (tmp_path / os.fsdecode(b"\xff.py")).write_text("1")
    except OSError:
        pytest.skip("this file system wants UTF-8")
    assert walked(tmp_path) == []


def test_the_number_of_files_is_bounded(tmp_path):
    fill(tmp_path, {f"{n}.py": "1" for n in range(10)})
    walk = Walk(tmp_path, RULES, most_files=4)
    assert len(list(walk.files())) == 4
    assert "more than 4 files" in walk.cut


def test_the_time_is_bounded(tmp_path):
    fill(tmp_path, {"a/b.py": "1"})
    ticks = iter([0.0, 1.0, module.LONGEST_WALK_S + 1])
    walk = Walk(tmp_path, RULES, now_s=lambda: next(ticks))
    assert list(walk.files()) == []
    assert walk.cut


def test_a_folder_that_is_gone_is_empty(tmp_path):
    assert walked(tmp_path / "none") == []


def test_a_checkout_is_noticed_in_repositories_and_worktrees(tmp_path):
    assert checkout_of(tmp_path) == 0
    fill(
        tmp_path,
        {
            "r/.git/HEAD": "ref: a",
            "r/.git/worktrees/w/HEAD": "ref: b",
            "w/.git": "gitdir: ../r/.git/worktrees/w\n",
        },
    )
    for folder, head in (("r", "r/.git/HEAD"), ("w", "r/.git/worktrees/w/HEAD")):
        before = checkout_of(tmp_path / folder)
        os.utime(tmp_path / head, ns=(1, before + 1))
        assert checkout_of(tmp_path / folder) == before + 1


def test_languages_by_name():
    assert language_of("a/b.tsx") == "typescriptreact"
    assert language_of("Dockerfile") == "dockerfile"
    assert language_of("a.bin") is None
    assert group_of("cpp") == group_of("c")
    assert group_of("typescript") == group_of("javascriptreact")
    assert group_of("python") == "python"
