"""Places where a model had nothing to say."""

from lsp_server.schedule.silences import MAX_PLACES, NEAR_LINES, Silences
from lsp_server.testing.fixtures import cursor_at
from lsp_server.types import Gate

EMPTY = Gate("empty")
ABOVE = "".join(f"line_{number}\n" for number in range(NEAR_LINES + 5))


def test_a_silence_is_remembered_for_its_place():
    silences = Silences()
    silences.note(cursor_at("a = 1‸\nb\n"), EMPTY)
    assert silences.gate_at(cursor_at("a = 1‸\nb\n")) is EMPTY
    assert silences.gate_at(cursor_at("a = ‸1\nb\n")) is None
    assert silences.gate_at(cursor_at("a = 1\nb‸\n")) is None


def test_a_change_near_it_ends_it():
    silences = Silences()
    silences.note(cursor_at("a = 1‸\nb\n"), EMPTY)
    assert silences.gate_at(cursor_at("a = 1‸\nc\n")) is None


def test_a_change_further_away_does_not():
    silences = Silences()
    silences.note(cursor_at("import x\n" + ABOVE + "a = 1‸\n"), EMPTY)
    assert silences.gate_at(cursor_at("import y\nimport z\n" + ABOVE + "a = 1‸\n")) is EMPTY


def test_the_oldest_places_are_forgotten():
    silences = Silences()
    for number in range(MAX_PLACES + 1):
        silences.note(cursor_at(f"a = {number}‸\n"), EMPTY)
    assert silences.gate_at(cursor_at("a = 0‸\n")) is None
    assert silences.gate_at(cursor_at("a = 1‸\n")) is EMPTY
