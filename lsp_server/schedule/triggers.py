"""Places and edits after which an automatic suggestion is noise."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from lsp_server.types import Cursor, Edit, Gate, Position

INSIDE_WORD: Final = Gate("inside_word", "the cursor is inside a word")
SINGLE_DELETION: Final = Gate("single_deletion", "a single character was deleted")
UNDO: Final = Gate("undo", "an edit was taken back or made again")

KEPT_EDITS: Final = 16
"""Edits that an undo may take back: editors undo the last ones first."""
DELETIONS_IN_A_ROW: Final = 3
"""From so many single deletions on the user is clearing something away, and what should stand there instead
is worth a suggestion (cursortab's figure)."""
MAX_INDENT: Final = 8
"""Blanks that one press of backspace deletes at most, at the usual settings."""

_PAIRS: Final = frozenset({"()", "[]", "{}", "<>", '""', "''", "``"})


@dataclass(slots=True)
class EditHistory:
    """The last edits of one document. A run of letters typed one behind the other counts as one edit."""

    _edits: deque[Edit] = field(default_factory=lambda: deque(maxlen=KEPT_EDITS))
    deletions: int = 0
    """Single deletions in a row up to now."""
    takes_back: bool = False
    """Whether the last edit took back one before, or made one again that was taken back."""
    _typing: bool = False

    def note(self, edits: Sequence[Edit]) -> None:
        """Take one change of the document."""
        if not edits:
            return
        single = edits[0] if len(edits) == 1 else None
        self.takes_back = single is not None and self._takes_back(single)
        self.deletions = self.deletions + 1 if single is not None and _is_single_deletion(single) else 0
        for edit in edits:
            letter = len(edit.inserted) == 1 and not edit.removed
            if letter and self._typing and edit.position == self._edits[-1].end:
                self._edits[-1] = replace(self._edits[-1], inserted=self._edits[-1].inserted + edit.inserted)
            else:
                self._edits.append(edit)
            self._typing = letter

    def _takes_back(self, edit: Edit) -> bool:
        """One key that is typed or deleted again is no undo; a step of several characters is."""
        if max(len(edit.removed), len(edit.inserted)) <= 1 or _is_single_deletion(edit):
            return False
        return any(_inverts(edit, other) for other in self._edits)


def trigger_gate(cursor: Cursor, history: EditHistory) -> Gate | None:
    """Return the rule that forbids an automatic request at ``cursor``, or None."""
    if _is_word(cursor.before[-1:]) and _is_word(cursor.after[:1]):
        return INSIDE_WORD
    if history.takes_back:
        return UNDO
    if 0 < history.deletions < DELETIONS_IN_A_ROW:
        return SINGLE_DELETION
    return None


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _is_single_deletion(edit: Edit) -> bool:
    """One press of a key: a character, a pair of brackets with nothing in it, or one step of indentation."""
    if edit.inserted or not edit.removed:
        return False
    removed = edit.removed
    indent = not removed.strip(" \t") and len(removed) <= MAX_INDENT
    return len(removed) == 1 or removed == "\r\n" or removed in _PAIRS or indent


def _inverts(edit: Edit, other: Edit) -> bool:
    """Whether ``edit`` takes back ``other``, or the end of a run of letters that ``other`` stands for."""
    if edit.position == other.position:
        return edit.removed == other.inserted and edit.inserted == other.removed
    is_end = bool(edit.removed) and not edit.inserted and other.inserted.endswith(edit.removed)
    return is_end and _behind(edit.position, edit.removed) == other.end


def _behind(position: Position, text: str) -> Position:
    return Edit(position, "", text).end
