"""A human typing a stretch of a file, key by key: pure and seeded; suggestions may be accepted on the way.

The gaps between keys are log-normal, as those of Dhakal et al., "Observations on Typing from 136 Million
Keystrokes" (CHI 2018): a mean of 239 ms over all typists and about 120 ms for the fastest; programmers are
between, nearer to the fast ones. The pauses of thinking are ours.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

FILES: Final = Path(__file__).parent / "files"
SAMPLES: Final = ("inventory.py", "scheduler.ts", "limiter.go", "ledger.rs", "ring.c")
_LANGUAGES: Final = {".py": "python", ".ts": "typescript", ".go": "go", ".rs": "rust", ".c": "c"}
_STRETCHES: Final = {
    "inventory.py": ("    def reserve(", "    def release("),
    "scheduler.ts": ("  private async run(", "  get pending("),
    "limiter.go": ("// Allow ", "// Wait "),
    "ledger.rs": ("    pub fn transfer(", "    pub fn balance("),
    "ring.c": ("size_t ring_write(", "size_t ring_read("),
}
"""Where the stretch that is typed begins, and the text behind it."""

KEY_MS: Final = 130.0
"""The median gap inside a word."""
SPREAD: Final = 0.35
"""Sigma of the logarithm: the middle nine tenths are within a factor of 1.8."""
WORD_START: Final = 1.4
"""A first letter takes longer: the word has to be found."""
SYMBOL: Final = 1.5
"""Symbols take longer than letters: they are typed with Shift."""
LINE_START_MS: Final = (250.0, 600.0)
THINKING_MS: Final = (700.0, 3000.0)
THINKS_AT_LINES: Final = 0.33
THINKS_AT_OPENERS: Final = 0.1
TYPO_SHARE: Final = 0.03
"""Of letters; Dhakal et al. give 1.2 % errors left and 6 % of keys spent on correcting."""
MISSED_KEYS: Final = 2
"""Further keys, at most, before a typing error is noticed."""
BACKSPACE_MS: Final = 150.0

_PAIRS: Final = {"(": ")", "[": "]", "{": "}", '"': '"', "'": "'"}


class Style(Enum):
    """Whose editor it is: it decides what a key does."""

    NEOVIM = "neovim"
    VSCODE = "vscode"
    HELIX = "helix"


class Kind(Enum):
    """What a step changes."""

    EDIT = "edit"
    MOVE = "move"


@dataclass(frozen=True, slots=True)
class Sample:
    """A file: ``before + typed + after``. ``language`` is LSP's identifier."""

    path: str
    language: str
    before: str
    typed: str
    after: str


@dataclass(frozen=True, slots=True)
class Step:
    """A key: the ``delete`` code points before the cursor go, ``text`` comes, the cursor goes ``back``."""

    at_ms: float
    kind: Kind
    text: str = ""
    delete: int = 0
    back: int = 0


def load(name: str) -> Sample:
    """Read a sample."""
    text = (FILES / name).read_text(encoding="utf-8")
    start, end = (text.index(mark) for mark in _STRETCHES[name])
    typed = text[start:end].rstrip()
    return Sample(name, _LANGUAGES[Path(name).suffix], text[:start], typed, text[start + len(typed) :])


def truth_left(sample: Sample, before_cursor: str) -> str | None:
    """What is still to be typed where ``before_cursor`` is right so far; None in the middle of an error."""
    whole = sample.before + sample.typed
    return whole[len(before_cursor) :] if whole.startswith(before_cursor) else None


class Typist:
    """Types ``sample.typed``. ``accept`` lets it go on behind text that was inserted otherwise."""

    def __init__(self, sample: Sample, style: Style, seed: int) -> None:
        self._text = sample.typed
        self._style = style
        self._chance = random.Random(f"{sample.path} {style.value} {seed}")
        self._at = 0
        self._now_ms = 0.0
        self._wrong = 0
        """Code points typed since an error was made, which will be deleted."""
        self._missed = 0
        self._closed: list[int] = []
        """Places in the text of closers that the editor has put behind the cursor."""

    def next_step(self) -> Step | None:
        """The next key, or None when everything is typed."""
        if self._wrong and self._missed == 0:
            self._wrong -= 1
            self._now_ms += self._gap(BACKSPACE_MS)
            return Step(self._now_ms, Kind.EDIT, delete=1)
        if self._at + self._wrong >= len(self._text):
            self._missed = 0
            return self.next_step() if self._wrong else None
        if self._wrong:
            return self._type_on()
        letter = self._text[self._at]
        self._now_ms += self._wait(letter)
        if letter.isalpha() and self._chance.random() < TYPO_SHARE:
            self._wrong, self._missed = 1, self._chance.randint(0, MISSED_KEYS)
            return Step(self._now_ms, Kind.EDIT, _neighbour(letter))
        return self._key(letter)

    def accept(self, text: str) -> int:
        """Go on behind ``text``, which was inserted at once and is how the truth goes on.

        Returns how many closers behind the cursor stand in ``text`` too, and have to go.
        """
        self._at += len(text)
        doubled = [place for place in self._closed if place < self._at]
        self._closed = [place for place in self._closed if place >= self._at]
        return len(doubled)

    def _type_on(self) -> Step:
        """A key after an error that was not noticed yet; a line is not ended in an error."""
        letter = self._text[self._at + self._wrong]
        if not letter.isalnum():
            self._missed = 0
            step = self.next_step()
            assert step is not None
            return step
        self._missed -= 1
        self._wrong += 1
        self._now_ms += self._gap(KEY_MS)
        return Step(self._now_ms, Kind.EDIT, letter)

    def _key(self, letter: str) -> Step:
        """The right key for ``letter``, with what the editor adds."""
        place = self._at
        if place in self._closed:
            self._closed.remove(place)
            self._at += 1
            return Step(self._now_ms, Kind.MOVE, back=-1)
        if letter == "\n":
            indented = self._text[place + 1 :]
            text = letter + indented[: len(indented) - len(indented.lstrip(" \t"))]
            self._at += len(text)
            return Step(self._now_ms, Kind.EDIT, text)
        self._at += 1
        closer = self._closer(place, letter) if self._style is Style.VSCODE else None
        if closer is None:
            return Step(self._now_ms, Kind.EDIT, letter)
        self._closed.append(closer)
        return Step(self._now_ms, Kind.EDIT, letter + self._text[closer], back=1)

    def _closer(self, place: int, letter: str) -> int | None:
        """Where the closer of the opener at ``place`` stands on the same line, if it can be overtyped."""
        closer = _PAIRS.get(letter)
        end = self._text.find("\n", place)
        line = self._text[place + 1 : end if end >= 0 else len(self._text)]
        if closer is None:
            return None
        depth = 0
        for offset, other in enumerate(line):
            if other == closer and not depth:
                return place + 1 + offset
            depth += (other == letter) - (other == closer)
        return None

    def _wait(self, letter: str) -> float:
        """The gap before the key for ``letter``."""
        previous = self._text[self._at - 1] if self._at else "\n"
        line_start = not self._text[: self._at].rpartition("\n")[2].strip()
        if line_start:
            if self._chance.random() < THINKS_AT_LINES:
                return self._chance.uniform(*THINKING_MS)
            return self._chance.uniform(*LINE_START_MS)
        if previous in "(=." and self._chance.random() < THINKS_AT_OPENERS:
            return self._chance.uniform(*THINKING_MS)
        if not letter.isalnum():
            return self._gap(KEY_MS * SYMBOL)
        return self._gap(KEY_MS if previous.isalnum() else KEY_MS * WORD_START)

    def _gap(self, median_ms: float) -> float:
        return median_ms * math.exp(self._chance.gauss(0.0, SPREAD))


def trace(sample: Sample, style: Style, seed: int) -> tuple[Step, ...]:
    """All the keys of a typist who accepts nothing."""
    typist = Typist(sample, style, seed)
    steps = []
    while (step := typist.next_step()) is not None:
        steps.append(step)
    return tuple(steps)


def _neighbour(letter: str) -> str:
    """The key beside it on the keyboard."""
    for row in ("qwertyuiop", "asdfghjkl", "zxcvbnm"):
        at = row.find(letter.lower())
        if at >= 0:
            return row[at + 1] if at + 1 < len(row) else row[at - 1]
    return "x"
