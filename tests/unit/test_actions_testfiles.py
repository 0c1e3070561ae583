"""Test files: their place and framework as the project has them, in every language."""

import pytest

from lsp_server.actions import testfiles
from lsp_server.actions.model import Definition, Refused, Span
from lsp_server.actions.testfiles import TestsFile, is_test
from lsp_server.types import Position

NOWHERE = Span(Position(0, 0), Position(0, 0))


def definition(name: str) -> Definition:
    return Definition(
        name, is_class=False, whole=NOWHERE, head=NOWHERE, body=None, documentation=None, indent=""
    )


def place(path: str, files: dict[str, str], name: str = "make_it") -> TestsFile | Refused:
    """Where the tests of the file at ``path`` go in a folder with these texts by their paths."""
    return testfiles.tests_file(
        path, definition(name), lambda: [path, *files], lambda file: files.get(file, "")
    )


def blank(*paths: str) -> dict[str, str]:
    return dict.fromkeys(paths, "")


PYTEST = "import pytest\n"
UNITTEST = "import unittest\n\n\nclass T(unittest.TestCase): ...\n"


@pytest.mark.parametrize(
    ("path", "files", "expected", "framework"),
    [
        ("x.py", {}, "tests/test_x.py", "pytest"),
        ("pkg/x.py", {"tests/test_a.py": PYTEST}, "tests/test_x.py", "pytest"),
        ("pkg/x.py", {"tests/test_a.py": UNITTEST}, "tests/test_x.py", "unittest"),
        ("pkg/x.py", {"tests/test_a.py": "def test_a():\n    assert f()\n"}, "tests/test_x.py", "pytest"),
        ("pkg/x.py",
         {"tests/test_a.py": "x\n\ndef test_a(): ...\n", "tests/test_b.py": "x\ndef test_b(): ...\n",
         "tests/test_c.py": UNITTEST}, "tests/test_x.py", "pytest"),
        ("pkg/x.py", blank("tests/unit/test_a.py", "tests/e2e/test_b.py", "tests/e2e/test_c.py"),
         "tests/unit/test_x.py", "pytest"),
        ("pkg/x.py", blank("pkg/a.py", "pkg/a_test.py", "pkg/b.py", "pkg/b_test.py"),
         "pkg/x_test.py", "pytest"),
        ("pkg/sub/x.py", blank("pkg/a.py", "pkg/test_a.py"), "pkg/sub/test_x.py", "pytest"),
        ("src/pkg/sub/x.py", blank("tests/sub/test_a.py", "tests/other/test_b.py", "tests/other/test_c.py"),
         "tests/sub/test_x.py", "pytest"),
        ("src/pkg/x.py", blank("src/pkg/y.py", "tests/odd/test_y.py", "tests/unit/test_b.py"),
         "tests/odd/test_x.py", "pytest"),
        ("pkg/__init__.py", blank("tests/test_a.py"), "tests/test_pkg.py", "pytest"),
        ("pkg/x.py", {"tests/unit/test_a.py": UNITTEST, "pkg/tests/test_y.py": PYTEST, "pkg/y.py": ""},
         "pkg/tests/test_x.py", "pytest"),
    ],
)  # fmt: skip
def test_python(path: str, files: dict[str, str], expected: str, framework: str) -> None:
    assert place(path, files) == TestsFile(expected, framework)


VITEST = '{"devDependencies": {"vitest": "1"}}'


@pytest.mark.parametrize(
    ("path", "files", "expected", "framework"),
    [
        ("src/x.ts", {"package.json": VITEST}, "src/x.test.ts", "vitest"),
        ("src/x.tsx", {"package.json": '{"devDependencies": {"jest": "1"}}'}, "src/x.test.tsx", "jest"),
        ("src/x.js", {"package.json": '{"scripts": {"test": "node --test"}}'}, "src/x.test.js", "node:test"),
        ("src/x.js", {"package.json": '{"scripts": {"test": "mocha -r x"}}'}, "src/x.test.js", "mocha"),
        ("src/x.js", {"package.json": "not JSON"}, "src/x.test.js", "node:test"),
        ("src/x.js", {"package.json": "[]"}, "src/x.test.js", "node:test"),
        ("a/src/x.ts", {"package.json": VITEST, "a/package.json": '{"dependencies": {"mocha": "1"}}'},
         "a/src/x.test.ts", "mocha"),
        ("a/src/x.ts", {"package.json": VITEST, "a/package.json": "{}"}, "a/src/x.test.ts", "vitest"),
        ("src/x.ts", blank("src/a.ts", "src/a.spec.ts"), "src/x.spec.ts", "node:test"),
        ("src/b/x.ts", blank("src/a/a.ts", "src/a/a.spec.ts"), "src/b/x.spec.ts", "node:test"),
        ("src/b/x.ts", blank("src/a/a.ts", "src/a/__tests__/a.test.ts"), "src/b/__tests__/x.test.ts",
         "node:test"),
        ("src/a/x.ts", blank("src/a/a.ts", "src/a/__tests__/a.test.ts"), "src/a/__tests__/x.test.ts",
         "node:test"),
        ("src/x.js", {"test/a.test.js": "import { it } from 'vitest'\n"}, "test/x.test.js", "vitest"),
    ],
)  # fmt: skip
def test_javascript(path: str, files: dict[str, str], expected: str, framework: str) -> None:
    assert place(path, files) == TestsFile(expected, framework)


@pytest.mark.parametrize(
    ("path", "files", "expected", "framework"),
    [
        ("a/x.go", {}, "a/x_test.go", "testing"),
        ("a/x.go", {"a/y_test.go": '"testing"\n"github.com/stretchr/testify/assert"'}, "a/x_test.go",
         "testing with testify"),
        ("src/main/java/p/X.java", {}, "src/test/java/p/XTest.java", "JUnit 5"),
        ("m/src/main/java/p/X.java", {"m/pom.xml": "<x>org.junit.jupiter</x>", "pom.xml": "junit:junit"},
         "m/src/test/java/p/XTest.java", "JUnit 5"),
        ("src/main/java/p/X.java", {"src/test/java/p/YTests.java": "import org.junit.Test;"},
         "src/test/java/p/XTests.java", "JUnit 4"),
        ("src/main/kotlin/X.kt", {"build.gradle.kts": 'testImplementation("io.kotest:kotest")'},
         "src/test/kotlin/XTest.kt", "kotest"),
        ("src/main/scala/X.scala", {"src/test/scala/YSpec.scala": "org.scalatest.flatspec"},
         "src/test/scala/XSpec.scala", "ScalaTest"),
        ("lib/a/x.rb", {}, "spec/a/x_spec.rb", "RSpec"),
        ("app/models/x.rb", blank("spec/models/y_spec.rb"), "spec/models/x_spec.rb", "RSpec"),
        ("lib/x.rb", {"test/y_test.rb": 'require "minitest/autorun"'}, "test/x_test.rb", "Minitest"),
        ("lib/x.rb", {"test/test_y.rb": "Test::Unit::TestCase"}, "test/test_x.rb", "test-unit"),
        ("src/A/X.php", {}, "tests/A/XTest.php", "PHPUnit"),
        ("src/X.php", {"composer.json": '{"require-dev": {"pestphp/pest": "2"}}', "tests/Unit/YTest.php": ""},
         "tests/Unit/XTest.php", "Pest"),
        ("Sources/M/X.swift", {}, "Tests/MTests/XTests.swift", "XCTest"),
        ("Sources/M/X.swift", {"Tests/MTests/YTests.swift": "import Testing\n"}, "Tests/MTests/XTests.swift",
         "Swift Testing"),
        ("src/x.cpp", {"tests/test_y.cpp": "#include <catch2/catch.hpp>"}, "tests/test_x.cpp", "Catch2"),
        ("src/x.cc", {"src/y.cc": "", "src/y_test.cc": "#include <gtest/gtest.h>"}, "src/x_test.cc",
         "GoogleTest"),
        ("lua/x.lua", {}, "spec/x_spec.lua", "busted"),
        ("bin/x.sh", blank("test/y.bats"), "test/x.bats", "Bats"),
    ],
)  # fmt: skip
def test_other_languages(path: str, files: dict[str, str], expected: str, framework: str) -> None:
    assert place(path, files) == TestsFile(expected, framework)


def test_csharp_has_its_tests_in_a_project_of_their_own() -> None:
    files = {
        "Foo/Foo.csproj": "",
        "Foo.Tests/Foo.Tests.csproj": '<PackageReference Include="NUnit" />',
        "Bar.Tests/Bar.Tests.csproj": "xunit",
    }
    assert place("Foo/Sub/X.cs", files) == TestsFile("Foo.Tests/Sub/XTests.cs", "NUnit")
    assert isinstance(place("Foo/Sub/X.cs", {"Foo/Foo.csproj": ""}), Refused)


@pytest.mark.parametrize(
    ("path", "word"),
    [("src/x.rs", "Rust"), ("x.sql", "sql"), ("x.unknown", "files"), ("src/x.c", "no tests")],
)
def test_where_there_is_no_place_for_tests_it_is_said_why(path: str, word: str) -> None:
    found = place(path, {})
    assert isinstance(found, Refused)
    assert word in found.reason
    assert "\n" not in found.reason


@pytest.mark.parametrize(
    ("path", "name", "there", "expected"),
    [
        ("pkg/x.py", "makeIt", "tests/test_x.py", "tests/test_x_make_it.py"),
        ("pkg/x.py", "__init__", "tests/test_x.py", "tests/test_x_init.py"),
        ("src/x.ts", "makeIt", "src/x.test.ts", "src/x.makeIt.test.ts"),
        ("a/x.go", "MakeIt", "a/x_test.go", "a/x_make_it_test.go"),
        ("src/main/java/X.java", "makeIt", "src/test/java/XTest.java", "src/test/java/XMakeItTest.java"),
        ("lib/x.rb", "make_it", "spec/x_spec.rb", "spec/x_make_it_spec.rb"),
        ("bin/x.sh", "f", "test/x.bats", "test/x_f.bats"),
    ],
)
def test_a_file_that_is_there_already_is_left_alone(path: str, name: str, there: str, expected: str) -> None:
    found = place(path, blank(there), name)
    assert isinstance(found, TestsFile)
    assert found.path == expected


def test_the_name_is_a_free_one() -> None:
    there = blank("tests/test_x.py", "tests/test_x_f.py", "tests/test_x_f2.py")
    found = place("pkg/x.py", there, "f")
    assert isinstance(found, TestsFile)
    assert found.path == "tests/test_x_f3.py"


def test_few_files_are_read() -> None:
    read: list[str] = []
    files = [f"tests/test_{number}.py" for number in range(1000)]
    testfiles.tests_file("pkg/x.py", definition("f"), lambda: files, lambda file: (read.append(file), "")[1])
    assert len(read) <= 8


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("tests/helpers.py", True),
        ("pkg/test_x.py", True),
        ("pkg/x_test.go", True),
        ("src/x.test.ts", True),
        ("src/__tests__/x.ts", True),
        ("src/test/java/Helper.java", True),
        ("src/XTest.java", True),
        ("spec/x_spec.rb", True),
        ("conftest.py", True),
        ("pkg/x.py", False),
        ("pkg/latest.py", False),
        ("pkg/contest.py", False),
        ("pkg/testament.py", False),
        ("src/Contest.java", False),
        ("inspect.py", False),
    ],
)
def test_which_files_hold_tests(path: str, expected: bool) -> None:
    assert is_test(path) is expected
