"""How long to wait after a keystroke before the model is asked."""

from __future__ import annotations

from typing import Final, Literal

from lsp_server.types import Cursor, Trigger

EAGER_MS: Final = 30
"""Places where a pause is likely at once: a fresh line, or after something that opens an argument or a block.
Short enough to go unnoticed, long enough to merge the auto-closed bracket's own change event."""

USUAL_MS: Final = 75
"""Everywhere else: Cody's figure. Typists leave 100 to 250 ms between keys, so bursts still merge."""

OPENERS: Final = frozenset("([{:,=.")


def debounce_ms(setting: Literal["adaptive"] | int, trigger: Trigger, cursor: Cursor) -> float:
    """Return the wait in milliseconds: none when asked for by hand, else the setting, else by place."""
    if trigger is Trigger.INVOKED:
        return 0.0
    if setting != "adaptive":
        return float(setting)
    typed = cursor.before.rstrip()
    if not typed or typed[-1] in OPENERS:
        return float(EAGER_MS)
    return float(USUAL_MS)
