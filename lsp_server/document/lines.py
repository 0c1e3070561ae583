"""Lines as LSP means them."""

from __future__ import annotations

from io import StringIO
from typing import Final

TERMINATORS: Final = ("\n", "\r")
"""The code points that end a line; ``\\r\\n`` counts as one end. Nothing else does: ``str.splitlines`` would
also split at form feeds, U+0085, U+2028 and others, and put every later position on the wrong line."""

SHORT_TEXT: Final = 4096 * 256
LONG_ON_AVERAGE: Final = 256
"""A plain split copies each line once more, which is the quicker way up to 4,096 lines, or for lines of at
least this many code points: the reader of the standard library spends 4 bytes on each."""


def split_lines(text: str) -> tuple[str, ...]:
    """Return the lines of ``text``, each with its terminator (``\\n``, ``\\r\\n`` or ``\\r``).

    The last line has none, and is empty when ``text`` is empty or ends in a terminator. Joined, the lines
    are ``text`` again.
    """
    if "\r" not in text and text.count("\n") * LONG_ON_AVERAGE <= len(text) + SHORT_TEXT:
        lines = text.split("\n")
        return (*[line + "\n" for line in lines[:-1]], lines[-1])
    # The universal-newlines reader of the standard library splits at exactly these three, in C.
    found = StringIO(text, newline="").readlines()
    if not found or found[-1].endswith(TERMINATORS):
        found.append("")
    return tuple(found)


def text_length(line: str) -> int:
    """The code points of ``line`` before its terminator. Takes no copy of the line."""
    if line.endswith("\r\n"):
        return len(line) - 2
    return len(line) - 1 if line.endswith(TERMINATORS) else len(line)
