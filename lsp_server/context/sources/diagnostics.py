"""What tools report near the cursor."""

from __future__ import annotations

from typing import Final

from lsp_server.context.question import Question
from lsp_server.context.view import View
from lsp_server.types import Snippet

NAME: Final = "diagnostics"
NEAR: Final = 10
"""Lines on either side of the cursor: a report further away is about another statement."""
MOST: Final = 4
"""Reports that are shown, the nearest ones."""
LONGEST: Final = 160
"""Characters of a report: its first line says what is wrong."""
SCORE: Final = 0.5
PATH: Final = "problems"


def diagnostics(question: Question, view: View) -> list[Snippet]:
    """One text with the reports near the cursor. Those on its own line are about the unfinished text."""
    near = [d for d in view.diagnostics if 0 < abs(d.line - question.line) <= NEAR and d.message.strip()]
    near = sorted(near, key=lambda d: abs(d.line - question.line))[:MOST]
    if not near:
        return []
    ordered = sorted(near, key=lambda d: d.line)
    text = "\n".join(f"{d.line + 1}: {d.message.strip().splitlines()[0][:LONGEST]}" for d in ordered)
    return [Snippet(PATH, text, SCORE, NAME)]
