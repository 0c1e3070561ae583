"""Path rules: as git reads ignore files, only ever narrowing, whatever a path or a pattern holds."""

import os
import shutil
import subprocess
import tempfile
import unicodedata
from contextlib import contextmanager
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsp_server.policy.ignores import PathPolicy
from lsp_server.policy.paths import PathRules
from lsp_server.policy.reading import EXCLUDING, GITIGNORE

GIT = shutil.which("git")
needs_git = pytest.mark.skipif(
    GIT is None, reason="git is not installed, so there is nothing to compare with"
)
unhurried = settings(deadline=None)

NAMES = ("a", "b", "ab", "a.b", "ba")
FOLDERS = ("", "a/", "b/", "a/b/", "a/ab/")
FILES = (*(f"{folder}{name}.x" for folder, name in product(FOLDERS, NAMES)), "b/a.b/aa", "b/a.b/ba/b")
"""A tree in which files and folders have alike names."""

PIECES = st.sampled_from(
    """a a b b ab .x .x . * * * ? ** ** / / **/ /** *a* a*b \\a \\* [ab] [!a] [^b] [a-c] [[:alpha:]] []a] [a-]
    [--b] [z-a] [[:punct:]]""".split()  # noqa: SIM905 - a list of them would be a page long
)
BODIES = st.lists(PIECES, min_size=1, max_size=4).map("".join)
STARTS = st.sampled_from(["", "", "", "", "!", "!", "/", "\\!", "#", " "])
ENDS = st.sampled_from(["", "", "", "/", " ", "\\ ", "\r"])
LINES = st.tuples(STARTS, BODIES, ENDS).map("".join)
TEXTS = st.lists(LINES, min_size=1, max_size=5).map("\n".join)
IGNORES = st.dictionaries(st.sampled_from(FOLDERS), TEXTS, min_size=1, max_size=3)
RULES = st.lists(st.sampled_from(["a/", "*.b.x", "!a.x", "/b", "**/ab/**"]), max_size=2)


@contextmanager
def tree(ignores):
    """A repository of ``FILES`` with ignore files: by name, the folders they lie in and their content."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        for part in ("objects", "refs", "info"):
            (root / ".git" / part).mkdir(parents=True)
        (root / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
        for path in FILES:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).touch()
        for name, texts in ignores.items():
            for base, text in texts.items():
                (root / base / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        yield root


def policy(root, *rules):
    return PathPolicy(PathRules(*rules), [str(root)], now_ms=lambda: 0.0)


def ignored_by_git(root):
    done = subprocess.run(
        [GIT, "check-ignore", "--no-index", "-z", "--stdin"],
        cwd=root,
        env=os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"},
        input="\0".join(FILES).encode(),
        capture_output=True,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stderr
    return set(done.stdout.decode().split("\0")) - {""}


@needs_git
@unhurried
@given(IGNORES)
def test_git_says_the_same(ignores):
    with tree({GITIGNORE: ignores}) as root:
        judge = policy(root)
        ours = {path for path in FILES if "ignored by git" in (judge.local_only(str(root / path)) or "")}
        assert ours == ignored_by_git(root)


@unhurried
@given(st.dictionaries(st.sampled_from([GITIGNORE, *EXCLUDING]), IGNORES, max_size=3), RULES, RULES)
def test_ignore_files_only_narrow_and_each_kind_is_for_itself(ignores, exclude, local_only):
    def restricted(wanted):
        with tree(wanted) as root:
            judge = policy(root, exclude, local_only)
            verdicts = {path: judge.verdict(str(root / path)) for path in FILES}
        return (
            {path for path, verdict in verdicts.items() if verdict.excluded},
            {path for path, verdict in verdicts.items() if verdict.local_only},
        )

    together = restricted(ignores)
    alone = [restricted({}), *(restricted({name: texts}) for name, texts in ignores.items())]
    for found, each in zip(together, zip(*alone, strict=True), strict=True):
        assert found == set().union(*each)


@unhurried
@given(st.sampled_from([GITIGNORE, *EXCLUDING]), st.binary(max_size=60) | TEXTS, st.text(max_size=30))
def test_whatever_a_file_holds_there_is_an_answer(name, text, path):
    with tree({name: {"": text}}) as root:
        judge = policy(root)
        verdict = judge.verdict(f"{root}{os.sep}{path}")
        for said in (verdict.excluded, verdict.local_only, *judge.problems):
            assert said is None or said.isprintable()


SPELLINGS = st.lists(
    st.sampled_from(
        [
            str.upper,
            str.title,
            lambda path: unicodedata.normalize("NFD", path),
            lambda path: f"{path}.",
            lambda path: f"{path} ",
            lambda path: f"{path}::$DATA",
            lambda path: path.replace("/", "\\"),
            lambda path: f"./{path}",
            lambda path: f"x/../{path}",
            lambda path: path.replace("/", "//"),
            lambda path: path.replace("/", "./"),
        ]
    ),
    max_size=4,
)


@given(st.sampled_from(["größe/a.py", "a/.env", "größe/b/c.é"]), SPELLINGS)
def test_no_spelling_gets_round_a_rule(path, changes):
    for change in changes:
        path = change(path)
    assert PathRules(("größe/",)).is_excluded(path)
    assert PathRules((), ("größe/", "a/")).is_local_only(path)


@given(st.text(), RULES)
def test_any_text_is_a_path_that_can_be_asked_about(path, rules):
    found = PathRules(rules, rules)
    assert found.is_excluded(path) == (found.excluded_by(path) is not None)
    assert found.is_local_only(path) <= found.is_excluded(path)
