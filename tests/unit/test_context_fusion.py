"""One list out of those of all sources, and how it stays the same."""

import pytest

from lsp_server.context.fusion import alike, fuse, is_shown, lines_of
from lsp_server.context.sticky import MARGIN, Sticky, settle
from lsp_server.types import Snippet


def snippet(text, score=0.9, origin="windows", path="a.py"):
    return Snippet(path, text, score, origin)


def block(name, count=5):
    return "\n".join(f"{name}_{number} = {name}()" for number in range(count))


def check(found, expected, visible="", budget=10_000):
    by_source = {}
    for entry in found:
        by_source.setdefault(entry.origin, []).append(entry)
    chosen = fuse(by_source, lines_of(visible), budget)
    assert [entry.text for entry in chosen] == expected
    assert sum(len(entry.text) for entry in chosen) <= budget


def test_definitions_come_before_windows():
    check([snippet(block("w")), snippet(block("d"), origin="definitions")], [block("d"), block("w")])


def test_nothing_weak():
    check([snippet(block("w"), 0.01), snippet(block("s"), 0.001, "similar")], [])


def test_what_is_shown_already_is_dropped():
    check([snippet(block("w")), snippet(block("x"))], [block("x")], visible=block("w") + "\nmore = 1\n")


def test_near_duplicates_are_dropped():
    check([snippet(block("w", 5)), snippet(block("w", 4)), snippet(block("w", 6))], [block("w", 5)])


def test_the_budget_holds_and_something_smaller_may_still_fit():
    check([snippet(block("w", 50)), snippet(block("x", 2))], [block("x", 2)], budget=100)


def test_what_room_is_left_is_filled_with_parts_of_passages():
    found = {
        "windows": [snippet(block("w", 3)), snippet(block("x", 30))],
        "file": [snippet(block("f", 30), origin="file")],
    }
    cut = lambda text, most: text[: text.rfind("\n", 0, most)]  # noqa: E731 - as short as it is
    without = fuse(found, frozenset(), 150)
    chosen = fuse(found, frozenset(), 150, cut=cut)
    assert [s.text for s in without] == [block("w", 3)]
    assert [s.text for s in chosen] == [block("w", 3), block("x", 11)]
    assert sum(len(s.text) for s in chosen) <= 150


def test_no_source_takes_it_all():
    windows = [snippet(block(f"w{number}")) for number in range(9)]
    found = [*windows, snippet(block("d"), origin="similar")]
    budget = 3 * len(block("w0"))
    by_source = {"windows": windows, "similar": found[-1:]}
    assert "similar" in {entry.origin for entry in fuse(by_source, frozenset(), budget)}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("aaaa\nbbbb", "bbbb", True),
        ("aaaa\nbbbb", "cccc\nbbbb", False),
        ("", "aaaa", False),
        ("}\n)", "}", False),
    ],
)
def test_alike(one, other, expected):
    assert alike(lines_of(one), lines_of(other)) is expected


def test_a_text_without_lines_says_nothing():
    assert is_shown(frozenset(), frozenset())


A, B, C = (snippet(block(name)) for name in "abc")
SIZE = len(A.text)


def texts(snippets):
    return [entry.text.partition("_")[0] for entry in snippets]


def test_what_stays_keeps_its_order_and_new_ones_come_last():
    assert texts(settle((B, A), (C, A, B), budget=9 * SIZE)) == ["b", "a", "c"]


def test_a_pause_puts_them_in_order():
    assert texts(settle((B, A), (C, A, B), budget=9 * SIZE, paused=True)) == ["c", "a", "b"]


def test_what_is_not_found_any_more_fades_and_goes():
    kept, rounds = (A,), 0
    while kept:
        kept, rounds = settle(kept, (), budget=SIZE), rounds + 1
    assert 3 < rounds < 10


def test_a_full_set_gives_way_only_to_what_is_clearly_better():
    weak = snippet(block("w"), 0.5)
    slightly = snippet(block("x"), 0.5 + MARGIN / 2)
    clearly = snippet(block("y"), 0.5 + 2 * MARGIN)
    assert texts(settle((weak,), (weak, slightly), budget=SIZE)) == ["w"]
    assert texts(settle((weak,), (weak, clearly), budget=SIZE)) == ["y"]


def test_a_definition_that_is_cut_differently_keeps_its_text():
    old = snippet("class A\n    one: int", origin="definitions")
    new = snippet("class A\n    two: int", origin="definitions")
    (kept,) = settle((old,), (new,), budget=100)
    assert kept.text == old.text
    (kept,) = settle((old,), (new,), budget=100, paused=True)
    assert kept.text == new.text


def test_a_passage_that_is_cut_differently_keeps_its_text():
    old, new = snippet(block("w", 6)), snippet(block("w", 5))
    for _ in range(9):
        (old,) = settle((old,), (new,), budget=1000)
    assert old.text == block("w", 6)


def test_a_diff_that_has_grown_waits_for_a_pause():
    old, new = (snippet(f"+line {n}", 0.5, "edits", "recent changes") for n in (1, 2))
    assert texts(settle((old, A), (A, new), budget=9 * SIZE)) == ["+line 1", "a"]
    assert texts(settle((old, A), (A, new), budget=9 * SIZE, paused=True)) == ["a", "+line 2"]


def test_what_the_window_shows_by_now_goes():
    assert texts(settle((A, B), (A, B), budget=9 * SIZE, visible=lines_of(A.text))) == ["b"]


def test_each_document_has_its_own_and_a_closed_one_none():
    sticky = Sticky()
    sticky.choose("one", (A, B), budget=9 * SIZE)
    sticky.choose("two", (C,), budget=9 * SIZE)
    assert texts(sticky.choose("one", (B, A), budget=9 * SIZE)) == ["a", "b"]
    sticky.forget("one")
    assert texts(sticky.choose("one", (B, A), budget=9 * SIZE)) == ["b", "a"]
