"""One list out of those of all sources: ranked together, nothing twice, nothing weak, within a budget."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from lsp_server.context.sources import SOURCES, Source
from lsp_server.types import Snippet

RANK_CONSTANT: Final = 60
"""Reciprocal rank fusion's k, from its paper (Cormack et al. 2009); Cody uses the same."""
ALIKE: Final = 0.5
"""Jaccard index of lines above which two snippets are near-duplicates, as llama.vim has it."""
CONTAINED: Final = 0.7
"""Share of the shorter one's lines from which it counts as contained: a class that is cut differently is."""
SHOWN: Final = 0.6
"""Share of a snippet's lines in the visible text above which it says nothing new."""
SMALLEST_PART: Final = 50
"""Characters of room that are worth filling: a line or two."""
PASSAGES: Final = frozenset({"windows", "similar"})
"""Sources whose findings say something in parts too; a signature or a list of members does not."""
SHORTEST_LINE: Final = 4
"""Characters, without indentation, from which a line counts when texts are compared: not ``}`` or ``)``."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A snippet, the lines it is compared by, and its place among all: the sum of its reciprocal ranks."""

    snippet: Snippet
    lines: frozenset[str]
    value: float


def lines_of(text: str) -> frozenset[str]:
    """The lines by which two texts are compared: without indentation, and without those that say nothing."""
    return frozenset(line for raw in text.splitlines() if len(line := raw.strip()) >= SHORTEST_LINE)


def alike(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two texts, by their lines, are near-duplicates or one contains the other."""
    if not one or not other:
        return False
    common = len(one & other)
    return common >= CONTAINED * min(len(one), len(other)) or common > ALIKE * len(one | other)


def is_shown(lines: frozenset[str], visible: frozenset[str]) -> bool:
    """Whether the visible text has most of these lines; a text without any says nothing either."""
    return len(lines & visible) > SHOWN * len(lines) if lines else True


def fuse(
    found: Mapping[str, Sequence[Snippet]],
    visible: frozenset[str],
    budget: int,
    sources: Sequence[Source] = SOURCES,
    cut: Callable[[str, int], str] | None = None,
) -> tuple[Snippet, ...]:
    """The snippets to show, in the prompt's order: at most ``budget`` characters of text together.

    ``found`` has each source's snippets, the best first; ``visible`` the lines that the prompt shows anyway.
    ``cut`` gives the most telling part of a passage, at most so many characters: what room is left is filled
    with such parts. The score of a snippet stays the one its source gave it.
    """
    ranked = rank(found, visible, sources)
    shares = {source.name: int(source.share * budget) for source in sources}
    taken: list[Candidate] = []
    room = budget
    # First each source within its share, then whatever still fits.
    for limited in (True, False):
        for candidate in ranked:
            origin, size = candidate.snippet.origin, len(candidate.snippet.text)
            if size > room or (limited and size > shares[origin]):
                continue
            if any(alike(candidate.lines, other.lines) for other in taken):
                continue
            taken.append(candidate)
            room -= size
            shares[origin] -= size
    if cut is not None:
        taken += _parts(ranked, taken, visible, room, cut)
    places = {source.name: source.rank for source in sources}
    taken.sort(key=lambda c: (places[c.snippet.origin], -c.value))
    return tuple(candidate.snippet for candidate in taken)


def _parts(
    ranked: Sequence[Candidate],
    taken: Sequence[Candidate],
    visible: frozenset[str],
    room: int,
    cut: Callable[[str, int], str],
) -> list[Candidate]:
    """Parts of passages that were too long for the room that is left."""
    parts: list[Candidate] = []
    for candidate in ranked:
        if room < SMALLEST_PART:
            break
        snippet = candidate.snippet
        if snippet.origin not in PASSAGES or len(snippet.text) <= room:
            continue
        if any(alike(candidate.lines, other.lines) for other in (*taken, *parts)):
            continue
        text = cut(snippet.text, room)
        lines = lines_of(text)
        if lines and not is_shown(lines, visible):
            parts.append(Candidate(replace(snippet, text=text), lines, candidate.value))
            room -= len(text)
    return parts


def rank(
    found: Mapping[str, Sequence[Snippet]], visible: frozenset[str], sources: Sequence[Source] = SOURCES
) -> list[Candidate]:
    """What is strong enough and not shown already, the best first; equal texts add up their ranks."""
    candidates: dict[tuple[str, str], Candidate] = {}
    for source in sources:
        place = 0
        for snippet in found.get(source.name, ()):
            lines = lines_of(snippet.text)
            if snippet.score < source.threshold or is_shown(lines, visible):
                continue
            place += 1
            value = source.weight / (RANK_CONSTANT + place)
            key = (snippet.path, snippet.text)
            if (known := candidates.get(key)) is None:
                candidates[key] = Candidate(snippet, lines, value)
            else:
                candidates[key] = replace(known, value=known.value + value)
    return sorted(candidates.values(), key=lambda candidate: -candidate.value)
