"""How fast a backend reads prompts, from the first tokens it gave; and what that allows. Pure."""

from __future__ import annotations

from typing import Final

LEAST: Final = 800
"""Code points (some 200 tokens) that have to be new to the engine for a time to tell something: fewer take
less than the rest of a request does."""
WEIGHT: Final = 0.3
"""What the newest time counts against the ones before it: a machine may be busy for a moment."""
PATIENCE_MS: Final = 300.0
"""What reading may add to one completion unasked: with an engine's first token it is half a second."""
SUFFIX_MS: Final = 150.0
"""What reading the suffix anew may add to each."""
STEPS: Final = (64, 128, 256)
"""Tokens of a suffix that is bounded. In steps, so that it stays the same while the speed varies a little."""
UNBOUNDED: Final = 512
"""Tokens from which no bound is needed: a suffix has no more of the default budget."""
PER_TOKEN: Final = 3.5
"""Code points of a token of code, for this purpose."""


class ReadingSpeed:
    """Code points per millisecond; unknown before the first prompt that was long and new."""

    def __init__(self) -> None:
        self._per_ms: float | None = None

    def observe(self, unread: int, first_token_ms: float) -> None:
        """Take the time to a first token for a prompt of which ``unread`` code points were new."""
        if unread < LEAST or first_token_ms <= 0:
            return
        per_ms = unread / first_token_ms
        self._per_ms = per_ms if self._per_ms is None else WEIGHT * per_ms + (1 - WEIGHT) * self._per_ms

    def ms_for(self, count: int) -> float | None:
        """Milliseconds in which ``count`` code points are read; None while that is not known."""
        return None if self._per_ms is None else count / self._per_ms

    def tokens_in(self, time_ms: float) -> int | None:
        """Tokens that are read in ``time_ms``; None while that is not known."""
        return None if self._per_ms is None else int(time_ms * self._per_ms / PER_TOKEN)

    def is_quick(self, count: int, *, otherwise: bool) -> bool:
        """Whether so many code points can be read anew in the midst of typing; ``otherwise`` if unknown."""
        time_ms = self.ms_for(count)
        return otherwise if time_ms is None else time_ms <= PATIENCE_MS

    @property
    def suffix_tokens(self) -> int | None:
        """The most tokens of a suffix that is read anew at each key; None where it need not be bounded."""
        if self._per_ms is None:
            return None
        tokens = SUFFIX_MS * self._per_ms / PER_TOKEN
        return None if tokens >= UNBOUNDED else max((s for s in STEPS if s <= tokens), default=STEPS[0])
