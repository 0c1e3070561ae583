"""The typist's rhythm, and how long to wait."""

import pytest

from lsp_server.schedule.debounce import CAP_MS, IGNORED_CAP_MS, LEAST_MS, Place, place_of, wait_ms
from lsp_server.schedule.rhythm import FEWEST_GAPS, KEPT_GAPS, USUAL_GAP_MS, Rhythm
from lsp_server.testing.fixtures import cursor_at
from lsp_server.types import Edit, Position, Trigger

KEY = Edit(Position(0, 0), "", "a")


def rhythm_of(*gaps_ms, edit=KEY):
    rhythm, now_ms = Rhythm(), 0.0
    rhythm.note(now_ms, [edit])
    for gap_ms in gaps_ms:
        now_ms += gap_ms
        rhythm.note(now_ms, [edit])
    return rhythm.gap_ms


@pytest.mark.parametrize(
    ("gaps_ms", "expected"),
    [
        ([], USUAL_GAP_MS),
        ([100.0] * (FEWEST_GAPS - 1), USUAL_GAP_MS),
        ([100.0] * FEWEST_GAPS, 100.0),
        ([100.0, 110.0, 90.0, 5000.0, 100.0, 100.0], 100.0),
        ([30.0] * 50, USUAL_GAP_MS),
        ([400.0] * KEPT_GAPS + [80.0] * KEPT_GAPS, 80.0),
    ],
)
def test_the_usual_gap(gaps_ms, expected):
    assert rhythm_of(*gaps_ms) == expected


@pytest.mark.parametrize(
    ("removed", "inserted", "counts"),
    [
        ("", "a", True),
        ("", "()", True),
        ("", "\n    ", True),
        ("a", "", True),
        ("", "pasted", False),
        ("", "ab", False),
        ("abc", "", False),
        ("a", "b", False),
    ],
)
def test_what_a_single_key_does(removed, inserted, counts):
    edit = Edit(Position(0, 0), removed, inserted)
    assert rhythm_of(*[100.0] * 10, edit=edit) == (100.0 if counts else USUAL_GAP_MS)


@pytest.mark.parametrize(
    ("fixture", "place"),
    [
        ("‸", Place.LINE_START),
        ("    ‸", Place.LINE_START),
        ("foo(‸", Place.OPENER),
        ("x = ‸", Place.OPENER),
        ("self.‸", Place.OPENER),
        ("if x:‸", Place.OPENER),
        ("return ‸", Place.BLANK),
        ("foo()‸", Place.LINE_END),
        ("foo();‸", Place.LINE_END),
        ("retu‸", Place.WORD),
    ],
)
def test_places(fixture, place):
    assert place_of(cursor_at(fixture)) is place


def wait(fixture="retu‸", setting="adaptive", trigger=Trigger.AUTOMATIC, **known):
    known = {"gap_ms": 150.0, "latency_ms": None, "followed": None, **known}
    return wait_ms(setting, trigger, cursor_at(fixture), **known)


def test_asked_by_hand_there_is_no_wait():
    assert wait(trigger=Trigger.INVOKED) == wait(trigger=Trigger.INVOKED, setting=500) == 0


def test_a_fixed_wait_is_what_it_says():
    assert wait(setting=500, followed=0.0, latency_ms=9000.0) == 500


def test_where_a_pause_is_likely_the_wait_is_shorter():
    waits = [wait(fixture) for fixture in ("‸", "foo(‸", "return ‸", "foo()‸", "retu‸")]
    assert waits == sorted(waits)
    assert waits[0] < waits[-1]


def test_a_wait_that_can_merge_keys_does_and_one_that_cannot_is_short():
    assert 55.0 < wait("‸", gap_ms=55.0) <= CAP_MS
    assert wait(gap_ms=150.0) < Place.WORD.value


def test_a_slow_backend_is_asked_earlier():
    assert wait(latency_ms=150.0) == wait()
    assert wait(latency_ms=400.0) < wait()


def test_suggestions_that_are_followed_come_sooner_and_ignored_ones_later():
    assert wait(followed=0.9) < wait() < wait(followed=0.3)
    assert wait(followed=0.0, gap_ms=150.0) > 150.0
    assert wait(followed=0.0, gap_ms=1000.0) == IGNORED_CAP_MS


@pytest.mark.parametrize("fixture", ["‸", "foo(‸", "retu‸", "foo()‸"])
@pytest.mark.parametrize("gap_ms", [20.0, 60.0, 100.0, 900.0])
@pytest.mark.parametrize("latency_ms", [None, 20.0, 5000.0])
@pytest.mark.parametrize("followed", [None, 0.1, 0.5, 1.0])
def test_the_bounds(fixture, gap_ms, latency_ms, followed):
    assert LEAST_MS <= wait(fixture, gap_ms=gap_ms, latency_ms=latency_ms, followed=followed) <= CAP_MS
