"""What was changed in the last minutes."""

from __future__ import annotations

from typing import Final

from lsp_server.context.question import Question
from lsp_server.context.view import RecentEdit, View
from lsp_server.types import Snippet

NAME: Final = "edits"
LINES: Final = 15
"""Lines of the diff: what fits on a glance; a longer one is about something else by then."""
CHARS: Final = 600
"""Characters of the diff."""
LONGEST_LINE: Final = 120
"""Characters of one of its lines."""
MINUTES: Final = 5.0
"""Age at which an edit is no longer shown."""
SCORE: Final = 0.5
PATH: Final = "recent changes"


def edits(question: Question, view: View) -> list[Snippet]:
    """One compact diff of the last edits outside of the visible lines, the newest last."""
    parts: list[list[str]] = []
    lines = chars = 0
    for edit in sorted(view.recent_edits, key=lambda e: -e.at_ms):
        if view.now_ms - edit.at_ms > MINUTES * 60_000 or _shown(edit, question):
            continue
        part = _lines(edit)
        if not part:
            continue
        size = sum(map(len, part)) + len(part)
        if lines + len(part) > LINES or chars + size > CHARS:
            break
        lines, chars = lines + len(part), chars + size
        parts.append(part)
    if not parts:
        return []
    return [Snippet(PATH, "\n".join(line for part in reversed(parts) for line in part), SCORE, NAME)]


def _shown(edit: RecentEdit, question: Question) -> bool:
    """Whether it is in the visible lines, where its outcome can be read."""
    return edit.path == question.path and edit.line in question.visible


def _lines(edit: RecentEdit) -> list[str]:
    """The edit as a unified diff without context, empty if it changed no text."""
    removed = [f"-{line[:LONGEST_LINE]}" for line in edit.removed.splitlines() if line.strip()]
    inserted = [f"+{line[:LONGEST_LINE]}" for line in edit.inserted.splitlines() if line.strip()]
    if not removed and not inserted:
        return []
    return [f"@@ {edit.path}:{edit.line + 1}", *removed, *inserted]
