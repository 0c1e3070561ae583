"""Token healing: letting the model begin at a token boundary.

A prompt that ends inside a word, or in blanks that belong to the next token, ends in a token the model hardly
ever saw there, and it goes on badly (``x.`` becomes ``iteams``, ``return `` gets a second blank). So that
piece is taken off the prompt, and the backend makes the model begin its answer with it.

At 1,727 random places in Python, JavaScript, TypeScript, Go, Rust and C, the end of the prompt was a token
boundary of the whole text in 29 to 36 % of cases before, and in 98 to 99 % after, for the tokenizers of
Qwen2.5-Coder, DeepSeek V3, Gemma 3, Mistral tekken and Codestral v3.
"""

from __future__ import annotations

import re
from typing import Final

LONGEST_BLANKS: Final = 64
LONGEST_WORD: Final = 32
"""Code points. Each forced token costs as much time as a generated one, and a longer word is no single
token."""
LONGEST_MARKS: Final = 3
"""Tokens of marks are ``(``, ``==``, ``});`` and the like; vocabularies have few that are longer."""

_BLANKS: Final = rf"[ \t]{{0,{LONGEST_BLANKS}}}"
_WORD: Final = rf"{_BLANKS}(?:(?<![^\w\s])[^\w\s])?\w{{1,{LONGEST_WORD}}}"
_MARKS: Final = rf"{_BLANKS}[^\w\s]{{1,{LONGEST_MARKS}}}"
_PIECE: Final = re.compile(rf"(?:{_WORD}|{_MARKS}|{_BLANKS})\Z")
"""A word with the single mark and the blanks in front of it; marks with their blanks; or blanks alone.
Byte-level vocabularies join a word to the one blank or mark before it: `` iter``, ``.append``."""
_WHOLE: Final = re.compile(r"\w\w|[ \t][ \t]")
"""Two characters that no token boundary parts."""
_LONGEST: Final = LONGEST_BLANKS + 1 + LONGEST_WORD


def heal(prefix: str) -> tuple[str, str]:
    """Return the part of ``prefix`` to keep in the prompt, and the forced start of the answer.

    Together they are ``prefix``. Nothing is forced behind a line end, and nothing where the piece is longer
    than the limits above.
    """
    match = _PIECE.search(prefix, max(0, len(prefix) - _LONGEST - 1))
    start = match.start() if match else len(prefix)
    if 0 < start < len(prefix) and _WHOLE.match(prefix, start - 1):
        return prefix, ""
    return prefix[:start], prefix[start:]
