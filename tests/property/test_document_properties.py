"""The document store against a model that keeps plain lists of units."""

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from lsp_server.document import positions
from lsp_server.document.edits import Change
from lsp_server.document.lines import split_lines
from lsp_server.document.positions import Encoding, to_column, to_units
from lsp_server.document.store import DocumentStore
from lsp_server.document.uris import canonical, from_path, to_path

CODECS = {Encoding.UTF8: ("utf-8", 1), Encoding.UTF16: ("utf-16-le", 2), Encoding.UTF32: ("utf-32-le", 4)}
PIECES = [
    "a",
    "b ",
    "é",
    "漢",
    "😀",
    "\n",
    "\r",
    "\r\n",
    "\x0b",
    "\x0c",
    "\x1c",
    "\x1d",
    "\x1e",
    "\x85",
    "\u2028",
    "\u2029",
]
SURROGATES = ["\ud83d", "\ude00"]
"""Only a client that counts in UTF-16 can mean half a character."""

texts = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
texts_with_halves = st.lists(st.sampled_from(PIECES + SURROGATES), max_size=12).map("".join)
numbers = st.one_of(st.integers(-1, 30), st.just(2**31 - 1))
places = st.tuples(st.one_of(st.integers(-1, 8), st.just(2**31 - 1)), numbers)


def to_list(text, encoding):
    """The units of a text, each as a number."""
    codec, width = CODECS[encoding]
    encoded = text.encode(codec, "surrogatepass")
    return [int.from_bytes(encoded[i : i + width], "little") for i in range(0, len(encoded), width)]


class Model:
    """A document as an editor sees it: nothing but units."""

    def __init__(self, units, encoding):
        self.units = units
        self.encoding = encoding

    def line_spans(self):
        """(start, end of text, end with terminator) of each line."""
        spans, start, i = [], 0, 0
        while i < len(self.units):
            if self.units[i] in (10, 13):
                width = 2 if self.units[i : i + 2] == [13, 10] else 1
                spans.append((start, i, i + width))
                start = i = i + width
            else:
                i += 1
        return [*spans, (start, len(self.units), len(self.units))]

    def offset(self, line, units):
        spans = self.line_spans()
        if line < 0:
            return 0
        if line >= len(spans):
            return len(self.units)
        start, end, _ = spans[line]
        place = min(start + max(units, 0), end)
        while start < place < end and self.inside_character(place):
            place -= 1
        return place

    def inside_character(self, i):
        if self.encoding is Encoding.UTF8:
            return 0x80 <= self.units[i] < 0xC0
        if self.encoding is Encoding.UTF16:
            return 0xDC00 <= self.units[i] < 0xE000 and 0xD800 <= self.units[i - 1] < 0xDC00
        return False

    def replace(self, start, end, text):
        first, last = sorted((self.offset(*start), self.offset(*end)))
        self.units[first:last] = to_list(text, self.encoding)


class StoreMachine(RuleBasedStateMachine):
    """Opens, edits and closes; after each step the store holds what the model holds."""

    uri = "file:///project/a.py"

    @initialize(encoding=st.sampled_from(list(Encoding)))
    def start(self, encoding):
        # Tables for long lines are used from the fifth code point on, so that small examples reach them.
        self.constants = positions.LONG_LINE, positions.CHUNK
        positions.LONG_LINE, positions.CHUNK = 5, 3
        self.store = DocumentStore(encoding)
        self.model = None
        self.version = 0
        self.handed_out = []

    def teardown(self):
        if hasattr(self, "constants"):
            positions.LONG_LINE, positions.CHUNK = self.constants

    def fitting(self, data):
        return data.draw(texts_with_halves if self.store.encoding is Encoding.UTF16 else texts)

    @rule(data=st.data())
    def open(self, data):
        text = self.fitting(data)
        self.version = data.draw(st.integers(0, 5))
        self.store.open(self.uri, "python", self.version, text)
        self.model = Model(to_list(text, self.store.encoding), self.store.encoding)

    @precondition(lambda self: self.model)
    @rule(data=st.data(), ranges=st.lists(st.tuples(places, places), max_size=3), step=st.integers(0, 3))
    def change(self, data, ranges, step):
        changes = [Change(start, end, self.fitting(data)) for start, end in ranges]
        self.handed_out.append((self.store.get(self.uri), self.store.get(self.uri).text))
        self.version += step
        assert self.store.change(self.uri, self.version, changes) is self.store.get(self.uri)
        for change in changes:
            self.model.replace(change.start, change.end, change.text)

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def replace_all(self, data):
        text = self.fitting(data)
        self.store.change(self.uri, self.version, [Change(None, None, text)])
        self.model.units = to_list(text, self.store.encoding)

    @precondition(lambda self: self.model)
    @rule(start=places)
    def stale_change(self, start):
        assert self.store.change(self.uri, self.version - 1, [Change(start, start, "stale")]) is None

    @rule()
    def close(self):
        self.store.close(self.uri)
        self.model = None

    @precondition(lambda self: self.model)
    @rule(line=st.integers(-1, 8), units=numbers)
    def locate(self, line, units):
        cursor = self.store.cursor(self.uri, line, units)
        document, position = cursor.document, cursor.position
        before = "".join(document.lines[: position.line]) + document.lines[position.line][: position.column]
        assert len(to_list(before, self.store.encoding)) == self.model.offset(line, units)

    @invariant()
    def holds_the_same(self):
        document = self.store.get(self.uri) if hasattr(self, "store") else None
        if document is None:
            assert getattr(self, "model", None) is None
            return
        assert to_list(document.text, self.store.encoding) == self.model.units
        assert document.version == self.version
        assert document.lines == split_lines(document.text)
        spans = self.model.line_spans()
        assert [len(to_list(line, self.store.encoding)) for line in document.lines] == [
            b - a for a, _, b in spans
        ]

    @invariant()
    def old_snapshots_stay(self):
        for document, text in getattr(self, "handed_out", ())[-3:]:
            assert document.text == text


TestStore = StoreMachine.TestCase
TestStore.settings = settings(max_examples=300, stateful_step_count=20, deadline=None)


@given(st.text(st.characters(exclude_categories=[])))
def test_lines_joined_are_the_text(text):
    lines = split_lines(text)
    assert "".join(lines) == text
    assert all(line.endswith(("\n", "\r")) for line in lines[:-1])
    assert not any(terminator in line.rstrip("\r\n") for line in lines for terminator in "\r\n")
    assert not lines[-1].endswith(("\n", "\r"))


@given(
    st.text(st.characters(exclude_characters="\r\n")), st.integers(0, 100), st.sampled_from(list(Encoding))
)
def test_units_and_columns_are_inverse(line, units, encoding):
    column = to_column(line, units, encoding)
    assert to_units(line, column, encoding) <= units
    assert column == len(line) or to_units(line, column + 1, encoding) > units
    assert to_column(line, to_units(line, column, encoding), encoding) == column


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_posix_paths_survive_their_uri(name):
    uri = from_path(f"/{name}", windows=False)
    assert uri.isascii()
    assert to_path(uri, windows=False) == f"/{name}"
    assert canonical(uri) == canonical(canonical(uri))


@given(st.text(st.characters(exclude_characters="\0/", exclude_categories=["Cs"])))
def test_windows_paths_survive_their_uri(name):
    path = f"C:\\x{name}"
    assert to_path(from_path(path, windows=True), windows=True) == path


changes = st.one_of(
    st.builds(Change, places, places, texts_with_halves), st.builds(Change, st.none(), st.none(), texts)
)


@settings(max_examples=300)
@given(texts_with_halves, st.lists(changes, min_size=1, max_size=4), st.sampled_from(list(Encoding)))
def test_the_edits_told_are_what_was_done(text, made, encoding):
    store = DocumentStore(encoding)
    now = store.open("file:///a", "python", 1, text).text
    document = store.change("file:///a", 2, made)
    for edit in store.last_edits("file:///a"):
        lines = split_lines(now)
        start = sum(map(len, lines[: edit.position.line])) + edit.position.column
        assert now[start : start + len(edit.removed)] == edit.removed
        now = now[:start] + edit.inserted + now[start + len(edit.removed) :]
    assert now == document.text


@given(texts, texts, texts, texts)
def test_a_change_of_the_whole_text_is_told_as_the_part_that_changed(head, removed, inserted, tail):
    store = DocumentStore()
    store.open("file:///a", "python", 1, head + removed + tail)
    store.change("file:///a", 2, [Change(None, None, head + inserted + tail)])
    told = store.last_edits("file:///a")
    assert sum(len(e.removed) + len(e.inserted) for e in told) <= len(removed) + len(inserted) + 2
    store.open("file:///a", "python", 3, "x")
    assert store.last_edits("file:///a") == ()
