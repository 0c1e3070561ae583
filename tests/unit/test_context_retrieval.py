"""From a cursor to snippets."""

from dataclasses import replace
from typing import get_args

from lsp_server.config.settings import ContextSource
from lsp_server.context.outline import outline
from lsp_server.context.retrieval import Retriever
from lsp_server.context.sources import NAMES, Source
from lsp_server.context.view import View
from lsp_server.testing.fixtures import cursor_at
from lsp_server.testing.index import MemoryIndex
from lsp_server.types import Position, Snippet

TEXT = "from store import Store\ns = Store()\ns.‸"
STORE = "class Store:\n    def fetch(self, key): ...\n    def put(self, key, value): ...\n"


class Clock:
    now_ms = 0.0

    def __call__(self):
        return self.now_ms


def source(name, clock, taking_ms=0.0, fails=False, steady=False):
    calls = []

    def find(question, view):
        calls.append(question)
        clock.now_ms += taking_ms
        if fails:
            raise ValueError
        return [Snippet(f"{name}.py", f"text of {name}", 0.5, name)]

    made = Source(name, find, 1.0, 0.0, 1.0, 0, steady)
    return made, calls


def retrieve(retriever, view=None, text=TEXT, budget=1000, budget_ms=50, **more):
    cursor = cursor_at(text, path="a.py")
    return retriever.retrieve(view or View(), cursor, range(100), budget=budget, budget_ms=budget_ms, **more)


def indexed():
    index = MemoryIndex(outline)
    index.put("store.py", STORE)
    index.put("a.py", TEXT.replace("‸", ""))
    return View(index)


def test_it_finds_and_tells():
    found = retrieve(Retriever(Clock()), indexed())
    assert "def fetch" in found.snippets[0].text
    told = {asked.source: asked for asked in found.asked}
    assert told["definitions"].shown == 1
    assert set(told) == {"definitions", "file", "imports", "windows", "similar", "edits", "diagnostics"}


def test_only_the_named_sources_are_asked():
    found = retrieve(Retriever(Clock(), ("edits",)), indexed())
    assert [asked.source for asked in found.asked] == ["edits"]
    assert found.snippets == ()


def test_no_source_is_begun_when_the_time_is_over():
    clock = Clock()
    (slow, _), (late, calls) = source("slow", clock, taking_ms=60), source("late", clock)
    found = retrieve(Retriever(clock, table=(slow, late)))
    assert [(a.source, a.ms, a.why) for a in found.asked] == [("slow", 60.0, ""), ("late", 0.0, "no time")]
    assert calls == []


def test_a_source_that_fails_costs_only_itself():
    clock = Clock()
    (bad, _), (good, _) = source("bad", clock, fails=True), source("good", clock)
    found = retrieve(Retriever(clock, table=(bad, good)))
    assert found.asked[0].why == "failed: ValueError"
    assert [snippet.origin for snippet in found.snippets] == ["good"]


def test_a_steady_source_is_asked_once_per_word():
    clock = Clock()
    steady, calls = source("steady", clock, steady=True)
    retriever, view = Retriever(clock, table=(steady,)), indexed()
    for text in ("s.‸", "s.f‸", "s.fe‸"):
        retrieve(retriever, view, text)
    assert len(calls) == 1
    retrieve(retriever, view, "s.fetch(‸")
    assert len(calls) == 2
    clock.now_ms += 5000
    retrieve(retriever, view, "s.fetch(‸")
    assert len(calls) == 3


def test_the_snippets_stay_while_typing():
    retriever, view = Retriever(Clock()), indexed()
    first = retrieve(retriever, view).snippets
    assert [s.text for s in retrieve(retriever, view, TEXT.replace("‸", "fe‸")).snippets] == [
        s.text for s in first
    ]


def test_a_commit_message_has_the_diff_alone():
    view = replace(indexed(), staged_diff="diff --git a/x b/x\n+++ b/x\n+added = 1\n")
    cursor = cursor_at("Add ‸", "git-commit")
    found = Retriever(Clock()).retrieve(view, cursor, range(10), budget=1000, budget_ms=50)
    assert [(s.origin, "+added = 1" in s.text) for s in found.snippets] == [("commit", True)]
    assert [asked.source for asked in found.asked] == ["commit"]


def test_no_room_no_work():
    assert retrieve(Retriever(Clock()), indexed(), budget=0).asked == ()


def test_a_cursor_at_the_very_end_of_an_empty_file():
    cursor = replace(cursor_at("‸"), position=Position(0, 0))
    assert Retriever(Clock()).retrieve(View(), cursor, range(0), budget=100, budget_ms=50).snippets == ()


def test_the_settings_name_the_sources_that_there_are():
    assert get_args(ContextSource) == NAMES
