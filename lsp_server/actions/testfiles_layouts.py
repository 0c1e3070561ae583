"""The layouts that projects of each language have for their tests."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Final

from lsp_server.actions.model import Refused
from lsp_server.actions.testfiles_project import Project, TestsFile

Layout = Callable[[PurePosixPath, Project], TestsFile | Refused]
"""From a source file and its project to the file for its tests, which may be there already."""

_SOURCES: Final = frozenset(("src", "lib", "app", "source"))
_PYTHON: Final = {
    "unittest": r"unittest\.TestCase|\(TestCase\)",
    "pytest": r"\bpytest\b|^(?:async )?def test_|^    def test_",
}
_JAVASCRIPT: Final = {
    "vitest": r"from ['\"]vitest['\"]",
    "node:test": r"['\"]node:test['\"]",
    "jest": r"@jest/globals|\bjest\.",
    "mocha": r"from ['\"](?:chai|mocha)['\"]|require\(['\"]chai['\"]\)",
}
_RUNNERS: Final = ("vitest", "jest", "mocha", "ava", "jasmine")
_JVM: Final = {
    "kotest": r"io\.kotest",
    "JUnit 5": r"org\.junit\.jupiter",
    "TestNG": r"org\.testng",
    "ScalaTest": r"org\.scalatest",
    "munit": r"\bmunit\b",
    "JUnit 4": r"org\.junit\.Test|junit:junit",
}
_SHARP: Final = {
    "xUnit": r"(?i)\bxunit\b",
    "NUnit": r"(?i)\bnunit\b",
    "MSTest": r"(?i)\bmstest\b|UnitTesting",
}
_CPP: Final = {"GoogleTest": r"gtest/|gmock/", "Catch2": r"catch2?/|catch\.hpp", "doctest": r"doctest"}


def python(path: PurePosixPath, project: Project) -> TestsFile | Refused:
    """``test_x.py`` or ``x_test.py``: beside, in a folder like that of the source, or where most are."""
    tests = [test for test in project.tests(".py") if test.name != "tests.py"]
    behind = sum(test.stem.endswith("_test") for test in tests) * 2 > len(tests)
    name = f"{path.stem}_test.py" if behind else f"test_{path.stem}.py"
    if path.stem == "__init__" and path.parent.name:
        name = name.replace("__init__", path.parent.name)
    framework = project.framework(tests, _PYTHON, path, "pytest")
    same = next((test for test in tests if test.name == name), None)
    folder = (
        same.parent if same else _folder(path, tests, project, lambda t: re.sub(r"^test_|_test$", "", t.stem))
    )
    return TestsFile(str((folder or PurePosixPath("tests")) / name), framework)


def javascript(path: PurePosixPath, project: Project) -> TestsFile | Refused:
    """``x.test.ts`` or ``x.spec.ts``: beside, in ``__tests__``, or where most are."""
    endings = (".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts")
    tests = project.tests(*endings)
    spec = sum(".spec." in test.name for test in tests) * 2 > len(tests)
    name = f"{path.stem}.{'spec' if spec else 'test'}{path.suffix}"
    framework = project.framework(tests, _JAVASCRIPT, path, "") or ""
    for manifest in project.nearest(path.parent, "package.json"):
        framework = _runner(project.read(manifest)) or framework
        if framework:
            break
    if sum(test.parent.name == "__tests__" for test in tests) * 2 > len(tests):
        folder = path.parent / "__tests__"
    else:
        folder = _folder(path, tests, project, lambda test: test.name.split(".")[0]) or path.parent
    return TestsFile(str(folder / name), framework or "node:test")


def _runner(manifest: str) -> str:
    """The test runner that a ``package.json`` names, or nothing."""
    try:
        package = json.loads(manifest)
    except ValueError:
        return ""
    if not isinstance(package, dict):
        return ""
    scripts = package.get("scripts")
    script = str(scripts.get("test", "")) if isinstance(scripts, dict) else ""
    if "node --test" in script or "--test " in f"{script} ":
        return "node:test"
    names: set[str] = set(script.split())
    for key in ("dependencies", "devDependencies"):
        known = package.get(key)
        names |= set(known) if isinstance(known, dict) else set()
    return next((runner for runner in _RUNNERS if runner in names), "")


def go(path: PurePosixPath, project: Project) -> TestsFile | Refused:
    """``x_test.go`` beside."""
    tests = project.tests("_test.go")
    marks = {"testing with testify": r"stretchr/testify", "testing": r"\"testing\""}
    framework = project.framework(tests, marks, path, "testing")
    return TestsFile(str(path.with_name(f"{path.stem}_test.go")), framework)


def jvm(path: PurePosixPath, project: Project) -> TestsFile | Refused:
    """``XTest`` in ``src/test``, in a folder like that in ``src/main``; beside where there is none."""
    tests = project.tests(path.suffix)
    default = "ScalaTest" if path.suffix == ".scala" else "JUnit 5"
    framework = project.framework(tests, _JVM, path, "")
    builds = project.nearest(path.parent, "pom.xml", "build.gradle", "build.gradle.kts", "build.sbt")
    for build in () if framework else builds:
        text = project.read(build)
        framework = next((name for name, mark in _JVM.items() if re.search(mark, text)), "")
        if framework:
            break
    endings = Counter(found[0] for test in tests if (found := re.search(r"(?:Tests?|Spec)$", test.stem)))
    ending = endings.most_common(1)[0][0] if endings else "Test"
    folder = PurePosixPath(re.sub(r"(^|/)src/main(?=/|$)", r"\1src/test", str(path.parent), count=1))
    return TestsFile(str(folder / f"{path.stem}{ending}{path.suffix}"), framework or default)


def ruby(path: PurePosixPath, project: Project) -> TestsFile | Refused:
    """``spec/…/x_spec.rb``, or ``test/…/x_test.rb`` where that is what the project has."""
    inner = _within(path.parent)
    tests = project.tests(".rb")
    specs = sum(test.name.endswith("_spec.rb") for test in tests)
    if project.has_folder("test") and specs * 2 <= len(tests) and not project.has_folder("spec"):
        before = sum(test.name.startswith("test_") for test in tests) * 2 > len(tests)
        name = f"test_{path.stem}.rb" if before else f"{path.stem}_test.rb"
        marks = {"test-unit": r"Test::Unit", "Minitest": r"(?i)minitest|ActiveSupport::TestCase"}
        return TestsFile(str("test" / inner / name), project.framework(tests, marks, path, "Minitest"))
    return TestsFile(str("spec" / inner / f"{path.stem}_spec.rb"), "RSpec")


def csharp(path: PurePosixPath, project: Project) -> TestsFile | Refused:
    """``XTests.cs`` in the test project that is named after the source's, or in the only one there is."""
    projects = sorted(file for file in project.files if file.endswith(".csproj"))
    test_projects = [PurePosixPath(file) for file in projects if re.search(r"Tests?\.csproj$", file)]
    home = next((p for p in path.parents if any(PurePosixPath(file).parent == p for file in projects)), None)
    named = [t for t in test_projects if home is not None and t.stem.startswith(f"{home.name}.")]
    chosen = next(iter(named or (test_projects if len(test_projects) == 1 else [])), None)
    if chosen is None:
        return Refused("there is no test project beside this one: make one, then ask again")
    inner = path.parent.relative_to(home) if home is not None else PurePosixPath()
    text = project.read(str(chosen))
    framework = next((name for name, mark in _SHARP.items() if re.search(mark, text)), "xUnit")
    return TestsFile(str(chosen.parent / inner / f"{path.stem}Tests.cs"), framework)


def php(path: PurePosixPath, project: Project) -> TestsFile | Refused:
    """``XTest.php`` in ``tests`` or ``tests/Unit``, in a folder like that in ``src``."""
    folder = "tests/Unit" if project.has_folder("tests/Unit") else "tests"
    manifests = project.nearest(path.parent, "composer.json")
    framework = "Pest" if any("pestphp/pest" in project.read(file) for file in manifests) else "PHPUnit"
    return TestsFile(str(folder / _within(path.parent) / f"{path.stem}Test.php"), framework)


def swift(path: PurePosixPath, project: Project) -> TestsFile | Refused:
    """``XTests.swift`` in ``Tests/ModuleTests``."""
    parts = path.parent.parts
    at = parts.index("Sources") if "Sources" in parts else -1
    module = parts[at + 1] if at >= 0 and len(parts) > at + 1 else ""
    base = PurePosixPath(*parts[: max(0, at)], "Tests")
    folder = base / f"{module}Tests" if module else base
    marks = {"Swift Testing": r"^import Testing\b|\n@Test\b", "XCTest": r"import XCTest"}
    framework = project.framework(project.tests(".swift"), marks, path, "XCTest")
    return TestsFile(str(folder / f"{path.stem}Tests.swift"), framework)


def cpp(path: PurePosixPath, project: Project) -> TestsFile | Refused:
    """As the tests that are there are named, in the folder where most of them are."""
    tests = project.tests(".c", ".cc", ".cpp", ".cxx")
    if not tests:
        return Refused("the project has no tests yet that would show how they are built: make a first one")
    ending = ".c" if path.suffix == ".c" else Counter(test.suffix for test in tests).most_common(1)[0][0]
    before = sum(test.name.startswith("test_") for test in tests) * 2 > len(tests)
    name = f"test_{path.stem}{ending}" if before else f"{path.stem}_test{ending}"
    folder = _folder(path, tests, project, lambda test: re.sub(r"^test_|_tests?$", "", test.stem))
    framework = project.framework(tests, _CPP, path, "assert" if ending == ".c" else "GoogleTest")
    return TestsFile(str((folder or path.parent) / name), framework)


def lua(path: PurePosixPath, project: Project) -> TestsFile | Refused:
    """``spec/x_spec.lua``."""
    tests = project.tests(".lua")
    folder = _folder(path, tests, project, lambda test: re.sub(r"_spec$", "", test.stem))
    return TestsFile(str((folder or PurePosixPath("spec")) / f"{path.stem}_spec.lua"), "busted")


def shell(path: PurePosixPath, project: Project) -> TestsFile | Refused:
    """``x.bats`` where the others are."""
    tests = project.tests(".bats")
    folder = _folder(path, tests, project, lambda test: test.stem)
    return TestsFile(str((folder or PurePosixPath("test")) / f"{path.stem}.bats"), "Bats")


def _folder(
    path: PurePosixPath, tests: list[PurePosixPath], project: Project, source: Callable[[PurePosixPath], str]
) -> PurePosixPath | None:
    """Where the tests of ``path`` belong by those of its neighbours, of its folder, of all; None without any.

    ``source`` names the file that a test is about, without its ending.
    """
    if not tests:
        return None
    neighbours = {
        PurePosixPath(file).stem
        for file in project.files
        if PurePosixPath(file).parent == path.parent and file.endswith(path.suffix)
    }
    theirs = Counter(test.parent for test in tests if source(test) in neighbours)
    if theirs:
        return theirs.most_common(1)[0][0]
    folders = Counter(test.parent for test in tests)
    parts = path.parent.parts
    for cut in range(len(parts)):
        like = "/".join(parts[cut:])
        mirrored = [
            folder for folder in folders if f"/{folder}".endswith(f"/{like}") and folder != path.parent
        ]
        if mirrored:
            return min(mirrored, key=lambda folder: (len(folder.parts), folder))
    if all(_is_beside(test, project, source) for test in tests):
        return path.parent
    units = [folder for folder in folders if folder.name.lower() == "unit"]
    return min(units) if units else folders.most_common(1)[0][0]


def _is_beside(test: PurePosixPath, project: Project, source: Callable[[PurePosixPath], str]) -> bool:
    """Whether the file that a test is about lies in the same folder."""
    beside = test.with_name(source(test) + test.suffix)
    return beside != test and str(beside) in project.files


def _within(folder: PurePosixPath) -> PurePosixPath:
    """The folder within the sources: ``lib/a`` is ``a``."""
    parts = folder.parts
    return PurePosixPath(*parts[1:]) if parts and parts[0] in _SOURCES else folder


LAYOUTS: Final[Mapping[str, Layout]] = {
    "python": python,
    **dict.fromkeys(("javascript", "javascriptreact", "typescript", "typescriptreact"), javascript),
    "go": go,
    **dict.fromkeys(("java", "kotlin", "scala"), jvm),
    "ruby": ruby,
    "csharp": csharp,
    "php": php,
    "swift": swift,
    **dict.fromkeys(("c", "cpp"), cpp),
    "lua": lua,
    "shellscript": shell,
}
"""By LSP's identifier. Rust's unit tests stand in the file itself."""
