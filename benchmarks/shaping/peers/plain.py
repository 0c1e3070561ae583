"""The two rules that need no thought."""

from __future__ import annotations

from benchmarks.shaping.data import Place


def nothing(text: str, place: Place) -> str:
    """The output as it is: what lsp-ai and famulus show when a model does not stop by itself."""
    del place
    return text


def first_line(text: str, place: Place) -> str:
    """The first line with text, as clients do that only ever suggest one line.

    The leading line breaks are passed over, which scores better than a cut at the first line break.
    """
    del place
    head = text[: len(text) - len(text.lstrip())]
    return head + text.lstrip().partition("\n")[0]
