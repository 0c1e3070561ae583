"""Whatever the sources find: the budget holds, nothing is shown twice, what stays does not move."""

from hypothesis import given
from hypothesis import strategies as st

from lsp_server.context.fusion import alike, fuse, lines_of
from lsp_server.context.recent import RecentEdits
from lsp_server.context.sources import SOURCES
from lsp_server.context.sticky import identity, settle
from lsp_server.document.edits import Change, apply_and_tell
from lsp_server.document.positions import Encoding
from lsp_server.types import Document, Snippet

NAMES = [source.name for source in SOURCES]
WORDS = st.sampled_from(["alpha = 1", "beta = 2", "gamma()", "delta[0]", "return x", "}", "", "class A"])
TEXTS = st.lists(WORDS, min_size=1, max_size=8).map("\n".join)
SNIPPETS = st.builds(
    Snippet, st.sampled_from(["a.py", "b.py"]), TEXTS, st.floats(0, 1), st.sampled_from(NAMES)
)
LISTS = st.lists(SNIPPETS, max_size=10)


def by_source(snippets):
    return {name: [s for s in snippets if s.origin == name] for name in NAMES}


def no_doubles(snippets):
    lines = [lines_of(snippet.text) for snippet in snippets]
    return not any(alike(one, two) for number, one in enumerate(lines) for two in lines[:number])


@given(LISTS, TEXTS, st.integers(0, 200))
def test_fusion(snippets, visible, budget):
    fused = fuse(by_source(snippets), lines_of(visible), budget)
    assert sum(len(snippet.text) for snippet in fused) <= budget
    assert no_doubles(fused)
    assert set(fused) <= set(snippets)
    places = [next(s.rank for s in SOURCES if s.name == snippet.origin) for snippet in fused]
    assert places == sorted(places)


@given(st.lists(st.tuples(LISTS, st.booleans()), max_size=5), st.integers(0, 200))
def test_sticky(rounds, budget):
    kept = ()
    for found, paused in rounds:
        fresh = fuse(by_source(found), frozenset(), budget)
        now = settle(kept, fresh, budget=budget, paused=paused)
        assert sum(len(snippet.text) for snippet in now) <= budget
        assert no_doubles(now)
        again = settle(now, now, budget=budget)
        assert [s.text for s in again] == [s.text for s in now]
        if not paused:
            before = [(identity(s), s.text) for s in kept]
            stayed = [(identity(s), s.text) for s in now if (identity(s), s.text) in before]
            assert stayed == [entry for entry in before if entry in stayed]
            assert stayed == [(identity(s), s.text) for s in now][: len(stayed)]
        kept = now


EDITS = st.lists(
    st.tuples(
        st.integers(0, 8), st.integers(0, 2), st.integers(0, 3), st.sampled_from(["", "x", "\n", "a\nb\n"])
    ),
    max_size=12,
)


@given(EDITS)
def test_recent_edits_undone_give_the_text_before(edits):
    lines = [f"line {number}" for number in range(10)]
    document = Document("u", None, "", 0, (*(f"{line}\n" for line in lines), ""))
    recent = RecentEdits()
    for number, (line, length, column, text) in enumerate(edits):
        first = min(line, len(document.lines) - 1)
        last = min(first + length, len(document.lines) - 1)
        change = Change((first, column), (last, column + (first == last)), text)
        document, told = apply_and_tell(document, [change], Encoding.UTF32, number + 1)
        recent.add(document, told, "u", 0.0)
    now = [line.rstrip("\n") for line in document.lines]
    for edit in sorted(recent.edits(0.0), key=lambda e: -e.line):
        count = len(edit.inserted.split("\n"))
        assert now[edit.line : edit.line + count] == edit.inserted.split("\n")
        now[edit.line : edit.line + count] = edit.removed.split("\n")
    assert now == [*lines, ""]
