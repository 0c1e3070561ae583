"""Where the tests of a definition go, and in which framework: as the project has them already. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import chain, count, islice
from pathlib import PurePosixPath
from typing import Final

from lsp_server.actions.model import Definition, Refused
from lsp_server.actions.testfiles_layouts import LAYOUTS
from lsp_server.actions.testfiles_project import MOST_FILES, Project, TestsFile, is_test
from lsp_server.context.languages import language_of

__all__ = ["TestsFile", "is_test", "tests_file"]

_WORD_STARTS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def tests_file(
    path: str, definition: Definition, files: Callable[[], Iterable[str]], read: Callable[[str], str]
) -> TestsFile | Refused:
    """Where to write tests for ``definition`` of the file at ``path``, or why there is no place for them.

    ``files`` lists the workspace folder's files, ``read`` returns the text of one, empty where it cannot be
    read. All paths are relative to the folder and have slashes. The answer is a file that is not there yet.
    """
    language = language_of(path) or ""
    layout = LAYOUTS.get(language)
    if language == "rust":
        return Refused(
            "Rust keeps unit tests in the file itself: use the action Edit by instruction on its tests module"
        )
    if layout is None:
        return Refused(f"it is not known where tests for {language or 'such files'} go")
    project = Project(frozenset(islice(files(), MOST_FILES)), read)
    found = layout(PurePosixPath(path), project)
    return found if isinstance(found, Refused) else _free(found, definition.name, project)


def _free(found: TestsFile, name: str, project: Project) -> TestsFile:
    """The file itself, or one beside it that is named after the definition as well."""
    if found.path not in project.files:
        return found
    pure = PurePosixPath(found.path)
    names = chain([name], (f"{name}{number}" for number in count(2)))
    candidates = (str(pure.with_name(_with_name(pure.name, extra))) for extra in names)
    path = next(candidate for candidate in candidates if candidate not in project.files)
    return TestsFile(path, found.framework)


def _with_name(file_name: str, name: str) -> str:
    """``test_x.py`` and ``f`` make ``test_x_f.py``, ``XTest.java`` and ``f`` make ``XFTest.java``."""
    stem, dot, ending = file_name.partition(".")
    low = "_".join(part for part in _WORD_STARTS.sub("_", name).lower().split("_") if part) or "more"
    if dot and re.match(r"(?:test|spec)\.", ending):
        return f"{stem}.{name}.{ending}"
    suffix = re.search(r"(_test|_spec)$", stem)
    if suffix:
        return f"{stem[: suffix.start()]}_{low}{suffix[0]}.{ending}"
    suffix = re.search(r"(Tests?|Spec)$", stem)
    if suffix:
        return f"{stem[: suffix.start()]}{name[:1].upper()}{name[1:]}{suffix[0]}.{ending}"
    return f"{stem}_{low}.{ending}" if dot else f"{stem}_{low}"
