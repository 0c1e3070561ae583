"""Whether a place calls for one line or for a block."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from lsp_server.shaping.lines import only_closers, opens_block
from lsp_server.types import Cursor

_COLON_BLOCKS: Final = frozenset({"python", "yaml", "nim", "gdscript"})


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
    if cursor.after.strip() or not opens_block(cursor.before):
        return Mode.LINE
    # Elsewhere a colon stands before a type or a value, as it does here where a blank follows.
    is_value = cursor.before.rstrip().endswith(":") and (
        cursor.document.language not in _COLON_BLOCKS or not cursor.before.endswith(":")
    )
    return Mode.LINE if is_value else Mode.BLOCK
