"""Rules that end a stream while it is still arriving.

Each rule looks at the draft so far and says where the suggestion ends, or that it may go on. They are asked
after every chunk; the earliest end wins. A draft is at most a few hundred code points, so each look reads it
whole.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from lsp_server.shaping import astray, ends
from lsp_server.shaping.draft import Draft, Stop

TEXT_RULES: Final[tuple[Callable[[Draft], Stop | None], ...]] = (
    astray.control_text,
    astray.fence,
    astray.chatter,
    astray.repeated_text,
)
"""Rules that may see an end in the first line."""
LINE_RULES: Final[tuple[Callable[[Draft], Stop | None], ...]] = (
    ends.line_end,
    ends.statement_end,
    ends.outer_end,
    ends.block_end,
    ends.paragraph_end,
    astray.suffix_line,
    astray.dead_code,
    astray.broken_syntax,
    astray.broken_indentation,
    astray.unknown_name,
    astray.repeated_lines,
    ends.line_limit,
)
"""Rules that need a complete line to see anything."""


def find_stop(draft: Draft) -> Stop | None:
    """Return the earliest end that a rule sees in the draft, or None while it may go on."""
    rules = (*TEXT_RULES, *LINE_RULES) if draft.lines else TEXT_RULES
    stops = [stop for rule in rules if (stop := rule(draft)) is not None]
    return min(stops, key=lambda stop: stop.end, default=None)
