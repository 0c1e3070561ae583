"""The sources of settings, what each of them says, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

LONGEST_SHOWN: Final = 80
"""Code points of a name from a configuration that a message repeats; longer names are cut."""


class Source(StrEnum):
    """Where a value comes from, weakest first."""

    DEFAULT = "default"
    USER = "user file"
    ENVIRONMENT = "environment"
    EDITOR = "editor"
    WORKSPACE = "workspace"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in the configuration, and was therefore left out.

    ``str(problem)`` is one line for people: where, what, and what is expected. It never holds the value
    itself, which may be a key.
    """

    source: Source
    path: str
    what: str
    expected: str = ""
    place: str = ""

    def __str__(self) -> str:
        where = f"{self.source} {shown(self.place, 400)}" if self.place else str(self.source)
        what = f"{shown(self.path)} {self.what}" if self.path else self.what
        return f"{where}: {what}" + (f": {self.expected}" if self.expected else "")


@dataclass(frozen=True, slots=True)
class Layer:
    """What one source says, as parsed: ``tree`` may be anything. ``place`` is its file, if it has one.

    ``failure`` is one line when the source is there but cannot be read; ``tree`` is then disregarded.
    """

    source: Source
    tree: object = None
    place: str = ""
    failure: str = ""


def shown(text: str, most: int = LONGEST_SHOWN) -> str:
    """Return ``text`` for a message: one line, printable, at most ``most`` code points."""
    plain = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[:most])
    return plain + ("..." if len(text) > most else "")
