"""How fast the user types."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from lsp_server.types import Edit

KEPT_GAPS: Final = 40
"""Keys that tell the present speed: some ten words."""
FEWEST_GAPS: Final = 5
"""With fewer the usual speed is assumed."""
USUAL_GAP_MS: Final = 180.0
"""Between the mean of 239 ms that Dhakal et al. (2018) found over 168,000 typists and the 120 ms of their
fastest: programmers type more than most."""
PAUSE_MS: Final = 1000.0
"""A longer gap is no part of a burst."""
REPEAT_MS: Final = 35.0
"""Keys this close come from a key held down, or from the editor itself."""


@dataclass(slots=True)
class Rhythm:
    """The gaps between the last keys."""

    _gaps_ms: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT_GAPS))
    _last_ms: float | None = None

    def note(self, now_ms: float, edits: Sequence[Edit]) -> None:
        """Take a change of a document; one that no single key makes only ends the burst."""
        if len(edits) != 1 or not _is_key(edits[0]):
            self._last_ms = None
            return
        if self._last_ms is not None and REPEAT_MS <= now_ms - self._last_ms <= PAUSE_MS:
            self._gaps_ms.append(now_ms - self._last_ms)
        self._last_ms = now_ms

    @property
    def gap_ms(self) -> float:
        """The usual time between two keys of a burst, in milliseconds."""
        return median(self._gaps_ms) if len(self._gaps_ms) >= FEWEST_GAPS else USUAL_GAP_MS


def _is_key(edit: Edit) -> bool:
    """A character typed or deleted, an auto-closed pair, or a line end with its indentation."""
    text = edit.inserted
    if edit.removed:
        return len(edit.removed) == 1 and not text
    return len(text) == 1 or (len(text) == 2 and not text.isalnum()) or not text.strip()  # noqa: PLR2004 - a pair
