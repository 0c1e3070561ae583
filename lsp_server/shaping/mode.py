"""Whether a place calls for one line or for a block."""

from __future__ import annotations

from enum import StrEnum

from lsp_server.shaping.lines import only_closers, opens_block
from lsp_server.types import Cursor


class Mode(StrEnum):
    """How much to suggest."""

    LINE = "line"
    """The rest of this line; a block if that line opens one."""
    BLOCK = "block"
    """Lines until the block, or the paragraph, ends."""
    NEXT = "next"
    """One line at a time, behind something that is suggested already."""


def choose_mode(cursor: Cursor) -> Mode:
    """Return BLOCK on an empty line and after something that opens a block, LINE elsewhere."""
    if not only_closers(cursor.after):
        return Mode.LINE
    if not cursor.before.strip() and not cursor.after.strip():
        return Mode.BLOCK
    if not cursor.after.strip() and opens_block(cursor.before):
        return Mode.BLOCK
    return Mode.LINE
