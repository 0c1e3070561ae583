"""From a cursor to the snippets that are shown with it, within a time and a room."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from lsp_server.context.fusion import fuse, lines_of
from lsp_server.context.memo import MemoIndex
from lsp_server.context.question import Question, ask
from lsp_server.context.sources import SOURCES, Source
from lsp_server.context.sticky import Sticky
from lsp_server.context.trim import trim
from lsp_server.context.view import COMMIT_LANGUAGES, View
from lsp_server.types import Cursor, Snippet

MEMORY_MS: Final = 2000.0
"""Age of what is remembered of the index: some keystrokes, and no more than a re-index is waited for."""
KEPT: Final = 16
"""Questions per source whose answers are remembered, for the documents one goes back and forth between."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a source did for one question: its time, how many snippets it found, how many of them are shown.

    ``why`` is empty, ``remembered``, ``no time`` (not asked) or ``failed: `` with the error's name.
    """

    source: str
    ms: float = 0.0
    found: int = 0
    shown: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The snippets in the prompt's order, and what each source did."""

    snippets: tuple[Snippet, ...] = ()
    asked: tuple[Asked, ...] = ()


class Retriever:
    """Asks the sources, and keeps what it shows steady from one keystroke to the next.

    ``sources`` names those that are asked, None for all. ``clock`` gives milliseconds that only grow.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        sources: Sequence[str] | None = None,
        table: Sequence[Source] = SOURCES,
    ) -> None:
        self._clock = clock
        self._table = tuple(s for s in table if sources is None or s.name in sources)
        self._sticky = Sticky()
        self._memo: MemoIndex | None = None
        self._memo_at = 0.0
        self._answers: dict[tuple[object, ...], list[Snippet]] = {}

    def retrieve(
        self,
        view: View,
        cursor: Cursor,
        visible: range,
        *,
        budget: int,
        budget_ms: float,
        paused: bool = False,
    ) -> Retrieved:
        """The snippets for ``cursor``, at most ``budget`` characters of text.

        ``visible`` are the 0-based lines that the prompt shows anyway. No source is begun once ``budget_ms``
        are over. ``paused`` allows what is shown to be put in a new order.
        """
        if budget <= 0:
            return Retrieved()
        document = cursor.document
        started = self._clock()
        view = self._with_memory(view, started)
        path = view.relative(document.path)
        outline = view.index.outline(path) if view.index else None
        question = ask(cursor, visible, path, outline)
        found: dict[str, list[Snippet]] = {}
        asked: list[Asked] = []
        late = False
        for source in self._for(document.language):
            at = self._clock()
            if at - started >= budget_ms:
                asked.append(Asked(source.name, why="no time"))
                late = True
                continue
            found[source.name], why = self._ask(source, question, view)
            asked.append(Asked(source.name, self._clock() - at, len(found[source.name]), why=why))
        shown_lines = _visible_lines(document.lines, visible)
        cut = partial(_cut, question.words)
        fresh = fuse(found, shown_lines, budget, self._table, cut)
        snippets = self._sticky.choose(
            document.uri, fresh, budget=budget, visible=shown_lines, paused=paused and not late
        )
        counts = _counts(snippets)
        return Retrieved(snippets, tuple(replace(a, shown=counts.get(a.source, 0)) for a in asked))

    def forget(self, uri: str) -> None:
        """The document was closed."""
        self._sticky.forget(uri)

    def _for(self, language: str) -> list[Source]:
        """The sources for a language: a commit message has its own, and nothing else has that."""
        committing = language in COMMIT_LANGUAGES
        return [s for s in self._table if (s.name == "commit") == committing]

    def _with_memory(self, view: View, now: float) -> View:
        if view.index is None:
            return view
        if self._memo is None or self._memo.index is not view.index or now - self._memo_at > MEMORY_MS:
            self._memo, self._memo_at = MemoIndex(view.index), now
            self._answers.clear()
        return replace(view, index=self._memo)

    def _ask(self, source: Source, question: Question, view: View) -> tuple[list[Snippet], str]:
        key = _key(source, question) if source.steady else None
        if key and (known := self._answers.get(key)) is not None:
            return known, "remembered"
        try:
            found = source.find(question, view)
        except Exception as error:  # noqa: BLE001 - whatever a source trips over, the completion goes on
            return [], f"failed: {type(error).__name__}"
        if key:
            if len(self._answers) >= KEPT * len(self._table):
                self._answers.clear()
            self._answers[key] = found
        return found, ""


def _key(source: Source, question: Question) -> tuple[object, ...]:
    """What a steady source's answer depends on: all but the unfinished word before the cursor."""
    q = question
    return (
        source.name, q.document.uri, q.line, tuple(q.names.items()), tuple(q.words.items()),
        q.receiver, q.call, q.scope, q.visible,
    )  # fmt: skip


def _cut(words: Mapping[str, float], text: str, most: int) -> str:
    return trim(text, words, most)


def _visible_lines(lines: Sequence[str], visible: range) -> frozenset[str]:
    return lines_of("".join(lines[visible.start : visible.stop]))


def _counts(snippets: Sequence[Snippet]) -> Mapping[str, int]:
    counts: dict[str, int] = {}
    for snippet in snippets:
        counts[snippet.origin] = counts.get(snippet.origin, 0) + 1
    return counts
