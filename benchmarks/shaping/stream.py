"""An output replayed as a stream through the server's own rules.

Everything the benchmark asks of ``lsp_server.shaping`` goes through ``Reading.look``, in the order in which
``lsp_server.generation`` and ``lsp_server.asking`` ask it for the first unit of a stream.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from benchmarks.shaping.data import Place
from lsp_server.config.settings import Settings
from lsp_server.prompt.families import FAMILIES
from lsp_server.prompt.layout import Limits, lay_out
from lsp_server.shaping.draft import Draft
from lsp_server.shaping.filters import shape
from lsp_server.shaping.mode import Mode
from lsp_server.shaping.site import Site
from lsp_server.shaping.stop import find_stop
from lsp_server.testing.fake_backends.script import cut_pieces
from lsp_server.types import Finish, Gate

FAMILY: Final = FAMILIES["qwen"]
"""Whose stop texts a stream has. Those of the outputs' models are already cut off the outputs."""
MAX_LINES: Final = Settings().completion.max_lines


@dataclass(frozen=True, slots=True)
class Shown:
    """What the user sees: ``text``, or nothing and the ``gate``. ``rule`` is the stop rule that ended it."""

    text: str
    rule: str | None = None
    gate: str | None = None

    def reason(self, draft: str) -> str:
        """What made this of ``draft``, for people: a rule, a gate or both; else a filter, or nothing."""
        named = " + ".join(name for name in (self.rule, self.gate) if name)
        return named or ("unchanged" if self.text.rstrip() == draft.rstrip() else "filter")


@dataclass(slots=True)
class Reading:
    """One stream at one place: what is decided before its first piece, and the draft so far."""

    site: Site
    stops: tuple[str, ...]
    draft: Draft | None = None

    @classmethod
    def at(cls, place: Place) -> Reading:
        """Begin a stream at ``place``, asked for as the server asks."""
        cursor = place.cursor
        site = Site.of(cursor)
        limits = Limits(context_tokens=8192, budget_tokens=1024, max_tokens=128)
        prompt, _ = lay_out(cursor, FAMILY, limits=limits, single_line=site.mode is Mode.LINE)
        return cls(site, prompt.stop)

    def look(self, text: str, finish: Finish | None = None) -> Shown | None:
        """What is shown now that ``text`` has arrived, or None while more is waited for.

        With ``finish`` the model has ended by itself, and there is always something to tell.
        """
        rule = None
        if finish is None:
            self.draft = Draft(text, self.site, MAX_LINES, self.stops, previous=self.draft)
            stop = find_stop(self.draft)
            if stop is None:
                return None
            text, rule, finish = text[: stop.end], stop.rule, Finish.STOP
        shaped = shape(text, self.site.cursor, finish, self.site)
        return Shown("", rule, shaped.name) if isinstance(shaped, Gate) else Shown(shaped, rule)


def replay(pieces: Iterable[str], place: Place, finish: Finish = Finish.STOP) -> Shown:
    """What is shown of a stream of ``pieces`` that ends with ``finish`` unless a rule ends it before."""
    reading = Reading.at(place)
    text = ""
    for text in accumulate(pieces):
        shown = reading.look(text)
        if shown is not None:
            return shown
    shown = reading.look(text, finish)
    assert shown is not None
    return shown


def ours(text: str, place: Place, *, cut_off: bool = False) -> Shown:
    """What is shown of ``text``, in pieces as long as tokens; ``cut_off`` if the model did not end it."""
    return replay(cut_pieces(text), place, Finish.LENGTH if cut_off else Finish.STOP)
