"""Passages of open documents, of recently edited places and of this file that resemble the place."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from lsp_server.context.question import Question, words_of_lines
from lsp_server.context.trim import trim
from lsp_server.context.view import View
from lsp_server.context.windows import LINES, windows_of
from lsp_server.types import Snippet

NAME: Final = "similar"
CHARS: Final = 350
"""Characters of one passage, as in ``windows``."""
DOCUMENTS: Final = 6
"""Open documents that are compared, the most recently used first; Copilot and Cody take 20 of theirs."""
LONGEST: Final = 1000
"""Lines of a document that are compared: on either side of the visible ones, the first ones of others."""
FOUND: Final = 6
"""Passages that are kept."""
EDITED: Final = 1.2
"""What a passage with a recent edit counts, against one without."""


@lru_cache(maxsize=64)
def _passages(lines: tuple[str, ...]) -> tuple[tuple[int, str, frozenset[str]], ...]:
    """Start, text and words of each window of some lines, which stay while the user types elsewhere."""
    cut = [line.rstrip("\r\n") for line in lines]
    windows = windows_of("", cut)
    return tuple((w.start, w.text, words_of_lines(cut[w.start : w.start + LINES])) for w in windows)


def similar(question: Question, view: View) -> list[Snippet]:
    """Passages, the most alike first. The score is the Jaccard index of their words with the question's."""
    words = frozenset(question.words)
    if not words:
        return []
    edited = {(edit.path, edit.line // LINES) for edit in view.recent_edits}
    scored: list[tuple[float, str, str]] = []
    for path, start, text, present in _candidates(question, view):
        common = len(words & present)
        if common:
            score = common / len(words | present)
            if any((path, place // LINES) in edited for place in (start, start + LINES - 1)):
                score *= EDITED
            scored.append((min(1.0, score), path, text))
    scored.sort(key=lambda item: -item[0])
    return [
        Snippet(path, trim(text, question.words, CHARS), score, NAME) for score, path, text in scored[:FOUND]
    ]


def _candidates(question: Question, view: View) -> Iterator[tuple[str, int, str, frozenset[str]]]:
    """The passages to compare: path, first line, text and words."""
    visible, own = question.visible, question.document
    above = range(max(0, visible.start - LONGEST), visible.start)
    below = range(visible.stop, visible.stop + LONGEST)
    for part in (above, below):
        for start, text, words in _passages(own.lines[part.start : part.stop]):
            yield question.path, part.start + start, text, words
    others = [d for d in view.open_documents if d.uri != own.uri and d.language == own.language]
    for document in others[:DOCUMENTS]:
        path = view.relative(document.path)
        for start, text, words in _passages(document.lines[:LONGEST]):
            yield path, start, text, words
