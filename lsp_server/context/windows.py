"""Files cut into windows of lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from lsp_server.context.model import Window

LINES: Final = 20
"""Lines of a window: three of 20 found more than one of 60 (our own measurement on 150 positions)."""
STEP: Final = 10
"""Lines from one window to the next: half of each is in its neighbour, so that no passage is cut in two."""


def windows_of(path: str, lines: Sequence[str]) -> Iterator[Window]:
    """The windows of a file. ``lines`` have no line ends; windows without text are left out."""
    for start in range(0, max(1, len(lines) - LINES + STEP), STEP):
        text = "\n".join(lines[start : start + LINES])
        if text.strip():
            yield Window(path, start, text)
