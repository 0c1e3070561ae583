"""The open documents."""

import pytest

from lsp_server.document.edits import Change
from lsp_server.document.positions import Encoding
from lsp_server.document.store import DocumentStore
from lsp_server.types import Position

URI = "file:///project/a.py"


@pytest.fixture
def store():
    store = DocumentStore()
    store.open(URI, "python", 1, "a = '😀'\r\nb\r\n")
    return store


def test_an_open_document_is_as_the_client_says(store):
    document = store.get(URI)
    assert (document.uri, document.language, document.version) == (URI, "python", 1)
    assert document.lines == ("a = '😀'\r\n", "b\r\n", "")
    assert store.documents() == (document,)


def test_a_buffer_without_a_file_has_no_path(store):
    assert store.open("untitled:Untitled-1", "python", 1, "").path is None
    assert store.get("untitled:Untitled-1").lines == ("",)


def test_opening_again_replaces(store):
    store.open("file:///project/%61.py", "text", 0, "new")
    assert [(d.language, d.version, d.text) for d in store.documents()] == [("text", 0, "new")]


@pytest.mark.parametrize("version", [1, 2, 9])
def test_the_same_version_and_later_ones_are_applied(store, version):
    after = store.change(URI, version, [Change((1, 0), (1, 1), "c")])
    assert (after.text, after.version) == ("a = '😀'\r\nc\r\n", version)
    assert store.get(URI) is after


def test_an_older_version_is_not_applied(store):
    before = store.get(URI)
    assert store.change(URI, 0, [Change(None, None, "")]) is None
    assert store.get(URI) is before


def test_an_unknown_document_is_not_made_up(store):
    assert store.change("file:///project/b.py", 5, [Change(None, None, "x")]) is None
    assert store.get("file:///project/b.py") is None
    assert store.cursor("file:///project/b.py", 0, 0) is None


def test_closing_forgets(store):
    store.close("file:///project/%61.py")
    assert store.get(URI) is None
    assert store.change(URI, 2, []) is None
    store.close(URI)


@pytest.mark.parametrize(
    ("encoding", "units", "column"),
    [(Encoding.UTF8, 9, 6), (Encoding.UTF16, 7, 6), (Encoding.UTF32, 6, 6), (Encoding.UTF16, 6, 5)],
)
def test_a_cursor_counts_in_the_agreed_encoding(store, encoding, units, column):
    store.encoding = encoding
    cursor = store.cursor(URI, 0, units)
    assert cursor.position == Position(0, column)
    assert cursor.document is store.get(URI)


@pytest.mark.parametrize(
    ("line", "units", "position"),
    [(0, 99, (0, 7)), (9, 9, (2, 0)), (-1, 3, (0, 0)), (1, -1, (1, 0)), (2**31 - 1, 2**31 - 1, (2, 0))],
)
def test_a_cursor_out_of_range_is_the_nearest_place(store, line, units, position):
    assert store.cursor(URI, line, units).position == Position(*position)


def test_a_document_that_was_handed_out_stays_as_it_was(store):
    before = store.get(URI)
    store.change(URI, 2, [Change((0, 0), (2, 0), "")])
    assert before.text == "a = '😀'\r\nb\r\n"


def test_every_spelling_finds_the_document_on_windows():
    store = DocumentStore()
    store.open("file:///c%3A/x/%C3%A9.py", "python", 1, "x")
    assert store.get("file:///C:/x/é.py").uri == "file:///c%3A/x/%C3%A9.py"
