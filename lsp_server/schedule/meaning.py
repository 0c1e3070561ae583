"""Whether an edit elsewhere has changed what a suggestion means.

A suggestion uses names; the lines around its place that mention one of them are what it was made from. It
holds as long as those lines are the same: a renamed variable or a changed signature ends it, a comment
further up does not.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

NEAR_LINES: Final = 30
"""On either side of the place: no line in here may be one that the suggestion was not made from."""
FAR_LINES: Final = 60
"""On either side: where a line it was made from must still be, so that lines added between do no harm."""
SHORTEST_NAME: Final = 3
"""Shorter ones (``i``, ``x``) are in too many lines to tell anything."""

_NAME: Final = re.compile(rf"[^\W\d]\w{{{SHORTEST_NAME - 1},}}")
_COMMON: Final = frozenset(
    """and any args async await bool break case catch char class const continue def default del elif else end
    enum except export extends false final finally float fmt for from func function global if impl import
    include inline int interface lambda let local long match mut name new nil none not null number object or
    package pass pop private protected pub public raise return self short static std str string struct super
    switch then this throw true try type typedef undefined unsigned use using val var void when where while
    with yield None True False String""".split()  # noqa: SIM905 - a list of them would be a page long
)
"""Words of the languages themselves: a line that shares only these with a suggestion says nothing of it."""


@lru_cache(maxsize=8192)
def names_in(text: str) -> frozenset[str]:
    """The names in ``text`` that may mean something."""
    return frozenset(_NAME.findall(text)) - _COMMON


def related(
    lines: tuple[str, ...], above: int, below: int, names: frozenset[str], reach: int
) -> frozenset[int]:
    """Hashes of the lines that mention a name, ``reach`` lines above ``above`` and as many from ``below`` on.

    A line counts without its indentation. ``above`` and ``below`` are 0-based and exclude what is between.
    """
    around = (*lines[max(0, above - reach) : above], *lines[below : below + reach])
    return frozenset(hash(line.strip()) for line in around if not names.isdisjoint(names_in(line)))


def unchanged(
    made_from: frozenset[int], lines: tuple[str, ...], above: int, below: int, names: frozenset[str]
) -> bool:
    """Whether the lines that a suggestion was made from are the same around its place now."""
    if not names:
        return True
    far = related(lines, above, below, names, FAR_LINES)
    return made_from <= far and related(lines, above, below, names, NEAR_LINES) <= made_from
