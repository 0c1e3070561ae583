"""URIs and paths, for POSIX and Windows on any platform."""

import pytest

from lsp_server.document.uris import canonical, from_path, to_path


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///home/u/a.py", "/home/u/a.py"),
        ("file:///home/u/a%20b%C3%A9.py", "/home/u/a bé.py"),
        ("file:///home/u/é.py", "/home/u/é.py"),
        ("FILE:///a", "/a"),
        ("file:/a", "/a"),
        ("file://localhost/a", "/a"),
        ("file:///src/C#/a?b.cs", "/src/C#/a?b.cs"),
        ("file:///src/C%23/a%25b.cs", "/src/C#/a%b.cs"),
        ("file:///a%FFb", "/a\udcffb"),
        ("file:///", "/"),
    ],
)
def test_posix_paths(uri, path):
    assert to_path(uri, windows=False) == path
    assert to_path(from_path(path, windows=False), windows=False) == path


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///C:/Users/a.py", "C:\\Users\\a.py"),
        ("file:///c%3A/Users/a.py", "C:\\Users\\a.py"),
        ("file:///d:", "D:\\"),
        ("file:///d:/", "D:\\"),
        ("file://server/share/a%20b.py", "\\\\server\\share\\a b.py"),
        ("file:///c:/a%5Cb", "C:\\a\\b"),
    ],
)
def test_windows_paths(uri, path):
    assert to_path(uri, windows=True) == path
    assert to_path(from_path(path, windows=True), windows=True) == path


def test_uris_of_paths():
    assert from_path("c:\\Program Files\\a#.py", windows=True) == "file:///C:/Program%20Files/a%23.py"
    assert from_path("\\\\server\\share\\a.py", windows=True) == "file://server/share/a.py"
    assert from_path("/a b/\\c%é", windows=False) == "file:///a%20b/%5Cc%25%C3%A9"


@pytest.mark.parametrize(
    "uri",
    [
        "untitled:Untitled-1",
        "vscode-notebook-cell:/home/u/n.ipynb#W0sZmlsZQ",
        "git:/home/u/a.py?%7B%22ref%22%3A%22HEAD%22%7D",
        "https://example.org/a.py",
        "/home/u/a.py",
        "file:a.py",
        "file://host",
        "file:///a%00b",
        "",
    ],
)
def test_what_is_no_file_here_has_no_path(uri):
    assert to_path(uri, windows=False) is None
    assert to_path(uri, windows=True) is None


def test_a_file_of_another_host_has_no_path_on_posix():
    assert to_path("file://server/share/a.py", windows=False) is None


@pytest.mark.parametrize(
    "spellings",
    [
        ("file:///c:/A%C3%A9.py", "file:///C:/A%c3%a9.py", "file:///C%3A/Aé.py", "file:///c%3a/A%C3%A9.py"),
        ("file:///a%20b", "file:///a b", "file:/a%20b", "file://localhost/a%20b", "FILE:///a%20b"),
        ("file:///%61", "file:///a"),
        ("file://Server/x", "file://server/x"),
        ("untitled:a%2fb", "untitled:a%2Fb"),
    ],
)
def test_spellings_of_one_document(spellings):
    assert len({canonical(uri) for uri in spellings}) == 1


@pytest.mark.parametrize(
    "different",
    [
        ("file:///a", "file:///A"),
        ("file:///a%2Fb", "file:///a/b"),
        ("file:///a%FF", "file:///a%FE"),
        ("untitled:a", "untitled:A"),
        ("vscode-notebook-cell:/n.ipynb#a", "vscode-notebook-cell:/n.ipynb#b"),
        ("file://server/x", "file:///server/x"),
        ("git:/a.py", "file:///a.py"),
    ],
)
def test_different_documents_stay_different(different):
    assert len({canonical(uri) for uri in different}) == 2
