"""The staged diff, for who writes a commit message."""

from __future__ import annotations

from typing import Final

from lsp_server.context.question import Question
from lsp_server.context.view import COMMIT_LANGUAGES, View
from lsp_server.types import Snippet

NAME: Final = "commit"
CHARS: Final = 4000
"""Characters of the diff, about 1,200 tokens: the first change of each file says what it is about."""
PATH: Final = "staged changes"
NOISE: Final = ("index ", "diff --git ", "similarity index ", "new file mode ", "deleted file mode ")


def commit(question: Question, view: View) -> list[Snippet]:
    """The staged diff in at most ``CHARS`` characters, each file given the same room."""
    if question.document.language not in COMMIT_LANGUAGES or not view.staged_diff.strip():
        return []
    files: list[list[str]] = []
    for line in view.staged_diff.splitlines():
        if line.startswith("diff --git ") or not files:
            files.append([])
        if not line.startswith(NOISE):
            files[-1].append(line)
    room = CHARS
    parts = list[str]()
    for number, lines in enumerate(sorted(files, key=lambda lines: sum(map(len, lines)))):
        share = room // (len(files) - number)
        text = _head(lines, share)
        room -= len(text) + 1
        parts.append(text)
    return [Snippet(PATH, "\n".join(part for part in parts if part), 1.0, NAME)]


def _head(lines: list[str], most: int) -> str:
    """As many whole lines as fit."""
    taken, room = list[str](), most
    for line in lines:
        if len(line) + 1 > room:
            break
        taken.append(line)
        room -= len(line) + 1
    return "\n".join(taken)
