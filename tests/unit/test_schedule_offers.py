"""What was offered and how it fared."""

import pytest

from lsp_server.document.edits import Change
from lsp_server.document.store import DocumentStore
from lsp_server.schedule.offers import FEWEST, READ_MS, Offers
from lsp_server.types import Cursor, Position

URI = "file:///project/main.py"
BEFORE = "import x\n\nvalue = "


class Typing:
    """A document, its offers, and a clock, driven as an editor would."""

    def __init__(self, text=BEFORE + "\n\nrest()\n"):
        self.offers = Offers()
        self.documents = DocumentStore()
        self.documents.open(URI, "python", 1, text)
        self.position = (2, len("value = "))
        self.now_ms = 0.0

    @property
    def cursor(self):
        return Cursor(self.documents.get(URI), Position(*self.position))

    def offer(self, text):
        self.offers.offered(self.cursor, text, self.now_ms)

    def edit(self, text="", *, delete=0, at=None, after_ms=100.0):
        line, column = at or self.position
        self.now_ms += after_ms
        version = self.documents.get(URI).version + 1
        change = Change((line, column - delete), (line, column), text)
        document = self.documents.change(URI, version, [change])
        edits = self.documents.last_edits(URI)
        if at is None:
            end = edits[-1].end
            self.position = (end.line, end.column)
        self.offers.document_changed(document, edits, self.now_ms)

    def type(self, text, **options):
        for letter in text:
            self.edit(letter, **options)


@pytest.fixture
def typing():
    return Typing()


def fates(typing):
    """The fates of the offers so far; the rest of the sample is filled with followed ones."""
    while typing.offers.followed is None:
        typing.offer("zz")
        typing.edit("zz")
    return typing.offers.followed


def test_what_is_shown_gets_shorter_as_it_is_typed(typing):
    typing.offer("compute(1)")
    assert typing.offers.shown_at(typing.cursor) == "compute(1)"
    typing.type("com")
    assert typing.offers.shown_at(typing.cursor) == "pute(1)"
    typing.edit(delete=1)
    assert typing.offers.shown_at(typing.cursor) == "mpute(1)"
    typing.type("x")
    assert typing.offers.shown_at(typing.cursor) is None


def test_a_slip_of_the_finger_rejects_nothing(typing):
    typing.offer("compute(1)")
    typing.type("x")
    typing.edit(delete=1)
    assert typing.offers.shown_at(typing.cursor) == "compute(1)"
    assert not typing.offers.is_rejected(typing.cursor, "compute(1)")


def test_other_text_rejects(typing):
    typing.offer("compute(1)")
    typing.type("xy")
    typing.edit(delete=2)
    assert typing.offers.is_rejected(typing.cursor, "compute(1)")
    assert not typing.offers.is_rejected(typing.cursor, "combine(1)")
    typing.type("com")
    assert typing.offers.is_rejected(typing.cursor, "pute(1)")


def test_one_other_key_rejects_what_was_read(typing):
    typing.offer("compute(1)")
    typing.edit("x", after_ms=READ_MS)
    typing.edit(delete=1)
    assert typing.offers.is_rejected(typing.cursor, "compute(1)")


def test_what_was_followed_half_way_is_not_rejected(typing):
    typing.offer("compute(1)")
    typing.type("compute(")
    typing.type("other")
    assert not typing.offers.is_rejected(typing.cursor, "1)")


def test_an_edit_elsewhere_says_nothing():
    typing = Typing("\n" * 50 + "value = \n")
    typing.position = (50, 8)
    typing.offer("compute(1)")
    for _ in range(3):
        typing.edit("zzz\n", at=(0, 0), after_ms=READ_MS)
    typing.position = (53, 8)
    assert typing.offers.shown_at(typing.cursor) == "compute(1)"
    typing.type("xy")
    typing.edit(delete=2)
    assert typing.offers.is_rejected(typing.cursor, "compute(1)")


def test_the_share_that_was_followed(typing):
    assert typing.offers.followed is None
    for number in range(FEWEST * 2):
        typing.offer("ab")
        typing.edit("ab" if number % 2 else "xy")
    assert typing.offers.followed == 0.5


def test_accepting_in_one_change_is_following(typing):
    typing.offer("compute(1)\nmore()")
    typing.edit("compute(1)\nmore()")
    assert fates(typing) == 1.0


def test_a_closed_document_is_forgotten(typing):
    typing.offer("compute(1)")
    typing.offers.forget(URI)
    assert typing.offers.shown_at(typing.cursor) is None
