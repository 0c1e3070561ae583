"""What is shown stays: a newer result takes its place only if it goes on from it."""

from __future__ import annotations

from collections.abc import Sequence

from lsp_server.schedule.cache import Found


def steady(found: Sequence[Found], shown: str | None) -> Found | None:
    """The one of ``found`` to show, the first being the newest; None if there is none.

    Where ``shown``, the text that the editor shows at this place, is among them, it or the longest that
    extends it.
    """
    extending = [f for f in found if shown is not None and f.text.startswith(shown)]
    if extending:
        return max(extending, key=lambda f: len(f.text))
    return found[0] if found else None
