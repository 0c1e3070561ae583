"""The sources of context: each a function from a question and a view to snippets with scores from 0 to 1."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from lsp_server.context.question import Question
from lsp_server.context.sources import commit, definitions, diagnostics, edits, imports, own, similar, windows
from lsp_server.context.view import View
from lsp_server.types import Snippet


@dataclass(frozen=True, slots=True)
class Source:
    """A source and what its findings are worth.

    ``weight`` is its part in the fusion, ``threshold`` the score below which a finding is not sent at all.
    ``share`` is the part of the budget that it may take before the others have had theirs. ``rank`` is its
    place in the prompt: what changes least comes first. ``steady`` says that its answer depends on the
    question and the index alone, so that it holds while a word is typed.
    """

    name: str
    find: Callable[[Question, View], list[Snippet]]
    weight: float
    threshold: float
    share: float
    rank: int
    steady: bool = False


SOURCES: Final = (
    Source(commit.NAME, commit.commit, 2.0, 0.0, 1.0, 0),
    Source(definitions.NAME, definitions.definitions, 1.5, 0.6, 0.35, 1, steady=True),
    Source(own.NAME, own.own, 1.6, 0.0, 0.5, 0, steady=True),
    Source(imports.NAME, imports.imports, 0.95, 0.3, 0.3, 1, steady=True),
    Source(windows.NAME, windows.windows, 1.0, 0.25, 0.5, 2, steady=True),
    Source(similar.NAME, similar.similar, 1.12, 0.1, 0.4, 2, steady=True),
    Source(edits.NAME, edits.edits, 1.0, 0.0, 0.25, 3),
    Source(diagnostics.NAME, diagnostics.diagnostics, 1.0, 0.0, 0.2, 4),
)
"""Every source, the most valuable first: the order in which they are asked while the time lasts.

The numbers are from the packages that the benchmark tunes on. Below the thresholds a definition held a
needed name in 5 of 100 cases and a passage in 6, above them in 13 and 10.
"""

NAMES: Final = tuple(source.name for source in SOURCES)
"""What ``context.sources`` may name."""
