"""Where a suggestion belongs: a place is told by the text around it, never by line numbers.

So lines added far above, a window that scrolled, or a file that was closed and opened again change nothing,
and whatever is typed at a place can be compared with what was suggested there. Lines of a document are shared
between its versions: a look-up hashes a handful of strings that are hashed already.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from lsp_server.types import Cursor

LINES_ABOVE: Final = 3
"""Enough to tell places apart; what stands further up is looked at by ``meaning``."""
MAX_TYPED_LINES: Final = 32
"""How far above the cursor an anchor may lie that the user has typed along from."""
MAX_AUTO_CLOSERS: Final = 3
"""Closers that an editor has put behind the cursor by itself since, as in ``f([{‸}])``."""

_OPENER: Final = {")": "(", "]": "[", "}": "{", ">": "<", '"': '"', "'": "'", "`": "`"}
CLOSERS: Final = frozenset(_OPENER)
"""Brackets and quotes that editors add by themselves."""

Key = tuple[str, tuple[str, ...], str, str]
"""Document, lines above, the rest of the line, and the next line with text."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """The place something was generated for: its key, and the line up to the cursor."""

    key: Key
    before: str

    @classmethod
    def of(cls, cursor: Cursor) -> Anchor:
        """The anchor at ``cursor``."""
        line = cursor.position.line
        below = _next_text(cursor.document.lines, line + 1)
        return cls(_key(cursor, line, cursor.after, below), cursor.before)


@dataclass(frozen=True, slots=True)
class Trail:
    """One way in which the cursor may have come from an anchor above.

    ``head`` is the anchor's line up to the cursor or to its end, ``below`` what stands on the lines between.
    ``closers`` stands behind the cursor and did not behind the anchor.
    """

    key: Key
    head: str
    below: str
    closers: str = ""

    def typed_since(self, before: str) -> str | None:
        """The text typed since an anchor with this key and ``before``; None if it is not that anchor's."""
        if not self.head.startswith(before):
            return None
        typed = self.head[len(before) :] + self.below
        # A closer that nothing typed calls for was not added by the editor.
        return None if any(_OPENER[c] not in typed for c in self.closers if c in _OPENER) else typed


def trails_to(cursor: Cursor) -> Iterator[Trail]:
    """Every anchor place the cursor may have been typed along from, the nearest first."""
    lines = cursor.document.lines
    last = cursor.position.line
    first = max(0, last - MAX_TYPED_LINES + 1)
    behind = tuple(_behind(cursor))
    below = ""
    for line in range(last, first - 1, -1):
        head = cursor.before if line == last else lines[line].rstrip("\r\n")
        for after, next_text, closers in behind:
            yield Trail(_key(cursor, line, after, next_text), head, below, closers)
        below = "\n" + head + below


def typed_since(anchor: Anchor, cursor: Cursor) -> tuple[str, str] | None:
    """What was typed at ``anchor`` up to ``cursor``, and the closers an editor added behind; else None."""
    lines, last = cursor.document.lines, cursor.position.line
    first = max(0, last - MAX_TYPED_LINES + 1)
    # Hardly any line has the anchor's lines above it: the others need no trail.
    if not any(lines[max(0, n - LINES_ABOVE) : n] == anchor.key[1] for n in range(first, last + 1)):
        return None
    for trail in trails_to(cursor):
        if trail.key == anchor.key:
            typed = trail.typed_since(anchor.before)
            if typed is not None:
                return typed, trail.closers
    return None


def left_of(text: str, typed: str, closers: str = "") -> str | None:
    """What is left of ``text`` after ``typed``, without the closers that stand there already; else None.

    None too if the closers would come to stand in the middle of it.
    """
    if not text.startswith(typed):
        return None
    left = text[len(typed) :]
    if not closers:
        return left
    body = left.rstrip()
    for closer in reversed(closers.split()):
        if not body.endswith(closer):
            return None
        body = body[: -len(closer)].rstrip() if "\n" in closers else body[: -len(closer)]
    return body


def rest_of_unit(text: str, ends: Iterable[int], typed: str, closers: str = "") -> str | None:
    """What is left of the unit that the end of ``typed`` is in, or of the next one where that has no text.

    None where ``text`` does not go on from ``typed``.
    """
    for end in ends:
        if end > len(typed):
            left = left_of(text[:end], typed, closers)
            if left is None or left.strip():
                return left
    return None


def _behind(cursor: Cursor) -> Iterator[tuple[str, str, str]]:
    """What may have stood behind the anchor: (rest of its line, next line with text, closers added since)."""
    lines, line, after = cursor.document.lines, cursor.position.line, cursor.after
    below = _next_text(lines, line + 1)
    yield after, below, ""
    for count in range(1, MAX_AUTO_CLOSERS + 1):
        if len(after) < count or after[count - 1] not in _OPENER:
            break
        yield after[count:], below, after[:count]
    if not after and line + 1 < len(lines):
        # ``{`` and Enter: the closer went down to a line of its own.
        text = lines[line + 1].rstrip("\r\n")
        closer = text.strip()[:1]
        if closer in _OPENER and closer:
            rest = text.lstrip()[1:]
            yield rest, _next_text(lines, line + 2), "\n" + closer


def _key(cursor: Cursor, line: int, after: str, next_text: str) -> Key:
    return (cursor.document.uri, cursor.document.lines[max(0, line - LINES_ABOVE) : line], after, next_text)


def _next_text(lines: tuple[str, ...], start: int) -> str:
    """The first line with text at or after ``start``, within a few lines."""
    for line in lines[start : start + LINES_ABOVE]:
        if line.strip():
            return line
    return ""
