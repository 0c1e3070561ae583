"""Identifiers cut into words, as retrieval compares them."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import Final

SHORTEST: Final = 3
"""Shorter words are in too many places to tell any of them."""
LONGEST: Final = 40
"""Longer ones are data: hashes, base64."""

_IDENTIFIER: Final = re.compile(r"[^\W\d]\w{2,}")
_PART: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_]+")
_COMMON: Final = frozenset(
    """and any args async await bool break case catch char class const continue def default del elif else
    end enum except export extends false final finally float fmt for from func function get global if
    impl import include int interface kwargs lambda len let list local match mut new nil none not null
    number object package pass print private protected pub public raise return self set static std str
    string struct super switch then this throw true try type undefined use using val var void when where
    while with yield""".split()  # noqa: SIM905 - a list of them would be a page long
)


@lru_cache(maxsize=65536)
def words_of(identifier: str) -> tuple[str, ...]:
    """The words of an identifier in lower case: the whole, and its parts by capitals and underscores."""
    whole = identifier.lower().strip("_")
    parts = {part.lower() for part in _PART.findall(identifier)} - {whole}
    found = (whole, *sorted(parts)) if len(parts) > 1 else (whole, *parts)
    return tuple(w for w in found if SHORTEST <= len(w) <= LONGEST and w not in _COMMON)


def words_in(text: str) -> Counter[str]:
    """How often each word is in ``text``."""
    counts: Counter[str] = Counter()
    for identifier, times in Counter(_IDENTIFIER.findall(text)).items():
        for word in words_of(identifier):
            counts[word] += times
    return counts


def identifiers_in(text: str) -> list[str]:
    """The identifiers in ``text``, in their order, each once."""
    return list(dict.fromkeys(_IDENTIFIER.findall(text)))
