"""Snippets that change seldom: a model's server keeps what it has read of the prompt's beginning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from lsp_server.context.fusion import alike, is_shown, lines_of
from lsp_server.types import Snippet

KEEP: Final = 0.1
"""Score below which a snippet goes. Every source's threshold to come in is above it or its score constant."""
FADING: Final = 0.7
"""What is left of the score of a snippet that is not found any more: at each question a little less, so that
one that is found again some keystrokes later has stayed."""
MARGIN: Final = 0.2
"""By so much a new snippet's score must be above that of those that it pushes out."""
DOCUMENTS: Final = 32
"""Documents whose snippets are remembered, the last ones used."""


ONE_PER_PATH: Final = frozenset({"commit", "imports", "edits", "diagnostics"})
"""Sources with one snippet for each path, whatever its text: a diff that has grown waits for a pause."""
PASSAGES: Final = frozenset({"windows", "similar"})
"""Sources whose snippets are what their text is; the others' begin with what they are about."""


def identity(snippet: Snippet) -> tuple[str, str, str]:
    """What makes a snippet the same although its text has changed a little: a class cut differently."""
    if snippet.origin in ONE_PER_PATH:
        return snippet.origin, snippet.path, ""
    text = snippet.text if snippet.origin in PASSAGES else snippet.text.partition("\n")[0]
    return snippet.origin, snippet.path, text


def settle(
    kept: Sequence[Snippet],
    fresh: Sequence[Snippet],
    *,
    budget: int,
    visible: frozenset[str] = frozenset(),
    paused: bool = False,
) -> tuple[Snippet, ...]:
    """The snippets to show after ``kept`` were shown and ``fresh`` would be best.

    Those that stay keep their order and their text; new ones come behind them, and push out weaker ones
    where the budget (in characters) is full. What the visible text shows by now goes. With ``paused`` the
    fresh ones come first, in their order, and the kept ones after them as far as there is room.
    """
    fresh = [snippet for snippet in fresh if not is_shown(lines_of(snippet.text), visible)]
    if paused:
        new = {identity(snippet) for snippet in fresh}
        rest = [snippet for snippet in kept if identity(snippet) not in new]
        return _within((*fresh, *_staying(rest, (), visible)), budget)
    staying = _staying(kept, fresh, visible)
    known = {identity(snippet) for snippet in staying}
    for snippet in fresh:
        if identity(snippet) not in known and not _doubles(snippet, staying):
            staying = _make_room(staying, snippet, budget)
    return _within(staying, budget)


def _staying(kept: Sequence[Snippet], fresh: Sequence[Snippet], visible: frozenset[str]) -> list[Snippet]:
    """Those that stay, with their score of now: that of what is found in their place."""
    scores = {identity(snippet): snippet.score for snippet in fresh}
    texts = [(lines_of(snippet.text), snippet.score) for snippet in fresh]
    staying = []
    for snippet in kept:
        lines = lines_of(snippet.text)
        found = scores.get(identity(snippet))
        if found is None:
            found = max((score for other, score in texts if alike(lines, other)), default=None)
        score = snippet.score * FADING if found is None else found
        if (found is not None or score >= KEEP) and not is_shown(lines, visible):
            staying.append(replace(snippet, score=score))
    return staying


def _make_room(staying: list[Snippet], snippet: Snippet, budget: int) -> list[Snippet]:
    """``staying`` with ``snippet`` behind it, without the weaker ones that are in its way."""
    room = budget - sum(len(s.text) for s in staying)
    out = set[int]()
    for number in sorted(range(len(staying)), key=lambda n: staying[n].score):
        if len(snippet.text) <= room:
            break
        if staying[number].score + MARGIN > snippet.score:
            return staying
        room += len(staying[number].text)
        out.add(number)
    if len(snippet.text) > room:
        return staying
    return [*(s for number, s in enumerate(staying) if number not in out), snippet]


def _doubles(snippet: Snippet, others: Sequence[Snippet]) -> bool:
    lines = lines_of(snippet.text)
    return any(alike(lines, lines_of(other.text)) for other in others)


def _within(snippets: Sequence[Snippet], budget: int) -> tuple[Snippet, ...]:
    """As many as fit, in their order, without near-duplicates."""
    room = budget
    chosen = list[Snippet]()
    for snippet in snippets:
        if len(snippet.text) <= room and not _doubles(snippet, chosen):
            chosen.append(snippet)
            room -= len(snippet.text)
    return tuple(chosen)


class Sticky:
    """The snippets shown last for each document."""

    def __init__(self) -> None:
        self._shown: dict[str, tuple[Snippet, ...]] = {}

    def choose(
        self,
        uri: str,
        fresh: Sequence[Snippet],
        *,
        budget: int,
        visible: frozenset[str] = frozenset(),
        paused: bool = False,
    ) -> tuple[Snippet, ...]:
        """The snippets to show now (see ``settle``); they are remembered for the next time."""
        chosen = settle(self._shown.pop(uri, ()), fresh, budget=budget, visible=visible, paused=paused)
        self._shown[uri] = chosen
        if len(self._shown) > DOCUMENTS:
            del self._shown[next(iter(self._shown))]
        return chosen

    def forget(self, uri: str) -> None:
        """The document was closed."""
        self._shown.pop(uri, None)
