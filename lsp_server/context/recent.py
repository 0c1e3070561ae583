"""The edits of the last minutes over all documents, as whole lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from lsp_server.context.view import RecentEdit
from lsp_server.types import Document, Edit

MINUTES: Final = 10.0
"""Age at which an edit is forgotten."""
MOST: Final = 200
"""Edits that are kept."""
MOST_CHARS: Final = 64 * 1024
"""Characters of their texts together."""
LARGEST: Final = 60
"""Lines of one edit: a larger one is a paste or a reformatting, which tells nothing of what is typed."""
BATCH: Final = 100
"""Edits of one notification: more of them are a reformatting."""


@dataclass(frozen=True, slots=True)
class _Step:
    """Lines of a document before and after one edit, from ``line`` on, without line ends."""

    line: int
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Change:
    uri: str
    path: str
    line: int
    removed: tuple[str, ...]
    inserted: tuple[str, ...]
    at_ms: float

    @property
    def stop(self) -> int:
        return self.line + len(self.inserted)

    @property
    def size(self) -> int:
        return sum(map(len, self.removed)) + sum(map(len, self.inserted))


class RecentEdits:
    """Edits merged by place: a line typed in thirty keystrokes is one edit, and one undone is none."""

    def __init__(self) -> None:
        self._changes: list[_Change] = []

    def add(self, document: Document, edits: Sequence[Edit], path: str, now_ms: float) -> None:
        """Remember the edits that made ``document``, in their order. ``path`` is as the index spells it."""
        if len(edits) > BATCH:
            self.forget(document.uri)
            return
        for step in _steps(document, edits):
            self._add(document.uri, path, step, now_ms)
        self._trim(now_ms)

    def edits(self, now_ms: float) -> tuple[RecentEdit, ...]:
        """Those of the last minutes, the oldest first; ``line`` is where they are now."""
        self._trim(now_ms)
        return tuple(
            RecentEdit(c.uri, c.path, c.line, "\n".join(c.removed), "\n".join(c.inserted), c.at_ms)
            for c in self._changes
            if c.removed != c.inserted
        )

    def forget(self, uri: str) -> None:
        """The document's edits mean nothing any more."""
        self._changes = [c for c in self._changes if c.uri != uri]

    def _add(self, uri: str, path: str, step: _Step, now_ms: float) -> None:
        end, more = step.line + len(step.before), len(step.after) - len(step.before)
        touched, others = list[_Change](), list[_Change]()
        for change in self._changes:
            if change.uri != uri or change.stop < step.line:
                others.append(change)
            elif change.line > end:
                others.append(replace(change, line=change.line + more))
            else:
                touched.append(change)
        line, removed, inserted = _merged(sorted(touched, key=lambda c: c.line), step)
        if max(len(removed), len(inserted)) <= LARGEST:
            others.append(_Change(uri, path, line, removed, inserted, now_ms))
        self._changes = others

    def _trim(self, now_ms: float) -> None:
        young = [c for c in self._changes if now_ms - c.at_ms <= MINUTES * 60_000][-MOST:]
        size = sum(c.size for c in young)
        while young and size > MOST_CHARS:
            size -= young.pop(0).size
        self._changes = young


def _merged(touched: Sequence[_Change], step: _Step) -> tuple[int, tuple[str, ...], tuple[str, ...]]:
    """A step and the changes it touches as one: first line, what was there at first, what is there now."""
    between = {step.line + number: text for number, text in enumerate(step.before)}
    starts = dict[int, list[_Change]]()
    changed = set[int]()
    for change in touched:
        between.update({change.line + number: text for number, text in enumerate(change.inserted)})
        starts.setdefault(change.line, []).append(change)
        changed.update(range(change.line, change.stop))
    first = min([step.line, *starts])
    stop = max([step.line + len(step.before), *(change.stop for change in touched)])
    removed = list[str]()
    for number in range(first, stop + 1):
        for change in starts.get(number, ()):
            removed += change.removed
        if number not in changed and number in between:
            removed.append(between[number])
    inserted = [between[number] for number in range(first, stop)]
    start = step.line - first
    inserted[start : start + len(step.before)] = step.after
    return first, tuple(removed), tuple(inserted)


def _steps(document: Document, edits: Sequence[Edit]) -> Iterator[_Step]:
    """Each edit as whole lines, in order; found by undoing them from the last one back."""
    lines = list(document.lines) if len(edits) > 1 else document.lines
    steps = list[_Step]()
    for edit in reversed(edits):
        first, last = edit.position.line, edit.end.line
        after = lines[first : last + 1]
        if not after:
            continue
        text = after[0][: edit.position.column] + edit.removed + after[-1][edit.end.column :]
        before = text.splitlines(keepends=True) or [""]
        if text.endswith(("\n", "\r")) and not after[-1].endswith(("\n", "\r")):
            before.append("")
        if isinstance(lines, list):
            lines[first : last + 1] = before
        steps.append(_Step(first, _bare(before), _bare(after)))
    return iter(reversed(steps))


def _bare(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple(line.rstrip("\r\n") for line in lines)
