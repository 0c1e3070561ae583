"""A workspace folder's files, and which of them are tests."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath
from typing import Final

MOST_FILES: Final = 100_000
"""Of a folder that are looked at: what larger ones have behind that is not missed much."""
MOST_READ: Final = 8
"""Files that are read to tell the framework."""

_TEST_NAME: Final = re.compile(
    r"(?:^test_.+|^tests?$|.+_tests?|.+_spec|.+(?:Tests?|Spec|[a-z]IT)|^Test[A-Z].*)\.\w+$|.+\.(?:test|spec)\.\w+$"
    r"|.+\.bats$"
)
_TEST_FOLDERS: Final = frozenset(("__tests__", "tests", "test", "spec", "Tests", "testing"))


@dataclass(frozen=True, slots=True)
class TestsFile:
    """A file for tests that is to be made: its path relative to the workspace folder, and the framework."""

    __test__ = False

    path: str
    framework: str


@dataclass(frozen=True, slots=True)
class Project:
    """A folder's files, as paths relative to it, and how to read one."""

    files: frozenset[str]
    read: Callable[[str], str]

    def tests(self, *endings: str) -> list[PurePosixPath]:
        """The test files with these endings, in the order of their paths."""
        return [
            PurePosixPath(path)
            for path in sorted(self.files)
            if path.endswith(endings) and is_test_name(PurePosixPath(path).name)
        ]

    def has_folder(self, folder: str) -> bool:
        """Whether a file lies in ``folder`` or below."""
        return any(path.startswith(f"{folder}/") for path in self.files)

    def nearest(self, folder: PurePosixPath, *names: str) -> Iterator[str]:
        """The files of these names in ``folder`` and above, the nearest first."""
        for parent in (folder, *folder.parents):
            for name in names:
                path = str(parent / name)
                if path in self.files:
                    yield path

    def framework(
        self, tests: list[PurePosixPath], marks: Mapping[str, str], near: PurePosixPath, default: str
    ) -> str:
        """The framework whose mark (a pattern) most of the tests have that lie nearest to ``near``."""
        ordered = sorted(tests, key=lambda test: (-_shared(test, near), test))
        votes: Counter[str] = Counter()
        for test in islice(ordered, MOST_READ):
            text = self.read(str(test))
            for framework, pattern in marks.items():
                if re.search(pattern, text, re.MULTILINE):
                    votes[framework] += 1
                    break
        return votes.most_common(1)[0][0] if votes else default


def _shared(one: PurePosixPath, other: PurePosixPath) -> int:
    """How many folders two paths begin with alike."""
    shared = 0
    for mine, theirs in zip(one.parent.parts, other.parent.parts, strict=False):
        if mine != theirs:
            break
        shared += 1
    return shared


def is_test_name(name: str) -> bool:
    """Whether a file's name says that it holds tests."""
    return _TEST_NAME.match(name) is not None


def is_test(path: str) -> bool:
    """Whether a file's path, with slashes, says that it holds tests or helps them."""
    pure = PurePosixPath(path)
    near = pure.parent.parts[-3:]
    return is_test_name(pure.name) or pure.name == "conftest.py" or not _TEST_FOLDERS.isdisjoint(near)
