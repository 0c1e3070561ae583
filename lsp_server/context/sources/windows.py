"""Passages of other files that BM25 finds for the words around the cursor."""

from __future__ import annotations

from heapq import nlargest
from operator import itemgetter
from typing import Final

from lsp_server.context.question import Question, words_of_lines
from lsp_server.context.trim import trim
from lsp_server.context.view import View
from lsp_server.types import Snippet

NAME: Final = "windows"
FOUND: Final = 14
"""Windows that are asked for; near-duplicates of each other are dropped later."""
CHARS: Final = 350
"""Characters of one passage, some 8 lines: four such named more of what was needed than two of 600."""

WORDS: Final = 32
"""Words that are searched for, the heaviest: with all of them no more was found, in far more time."""
STRONG: Final = 0.5
"""Score from which a passage is shown longer: who writes what is there already goes on as it does."""
STRONG_CHARS: Final = 600
"""Characters of such a passage."""


def windows(question: Question, view: View) -> list[Snippet]:
    """Passages, the best first. The score is the share of the question's weight that the passage mentions."""
    if view.index is None or not question.words:
        return []
    words = dict(nlargest(WORDS, question.words.items(), key=itemgetter(1)))
    found = view.index.search(words, FOUND, question.document.language, question.path)
    total = sum(words.values())
    snippets = []
    for window, _ in found:
        present = words_of_lines(window.text.split("\n"))
        share = sum(weight for word, weight in words.items() if word in present) / total
        text = trim(window.text, words, STRONG_CHARS if share >= STRONG else CHARS)
        snippets.append(Snippet(window.path, text, share, NAME))
    return snippets
