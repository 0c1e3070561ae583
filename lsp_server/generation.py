"""One stream, read unit by unit until a stop rule, the model or a bound ends it."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from lsp_server.backends.base import Backend
from lsp_server.document.insert import after_inserting
from lsp_server.schedule.clock import Clock
from lsp_server.shaping.confidence import confidence
from lsp_server.shaping.draft import Draft
from lsp_server.shaping.mode import Mode
from lsp_server.shaping.site import Site
from lsp_server.shaping.stop import find_stop
from lsp_server.types import CleanPrompt, Finish, Usage

STREAK_UNITS: Final = 3
"""Units that are read on behind the first one, for the moment it is accepted (Cody's hot streak reads five
lines). More would mostly be wrong: each rests on the ones before it."""
STREAK_RULES: Final = frozenset({"line_end", "statement_end", "block_end", "paragraph_end"})
"""The rules that end a whole thing, behind which another may follow. The others tell of a model astray."""
EARLY_MS: Final = 400.0
"""A block is not waited for longer than this from its first text: then its complete lines are shown. A line
that would end later, as far as the lines before it tell, is not waited for either."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much to take of a stream. ``site`` is its place; ``streak`` reads on behind the first unit."""

    site: Site
    max_lines: int
    streak: bool = True


@dataclass(frozen=True, slots=True)
class Generated:
    """The draft up to the end of a unit, and why it ends there.

    ``finish`` is LENGTH only where the model was cut off; a stop rule of ours counts as STOP. A
    ``provisional`` unit ends with a line in the middle of a block, and the next one replaces it.
    ``confidence`` is that of the draft's first line (see ``shaping.confidence``), None where it is not known.
    """

    text: str
    finish: Finish
    rule: str | None = None
    usage: Usage | None = None
    provisional: bool = False
    confidence: float | None = None


class Listener(Protocol):
    """Whom a stream is read for."""

    def lap(self, name: str) -> None:
        """A step is done."""
        ...

    def grew(self, text: str) -> None:
        """The draft is longer now."""
        ...

    def unit(self, generated: Generated) -> bool:
        """A unit stands. Returns whether it is any good; if not, nothing more is read."""
        ...

    def read(self, received: int, used: int) -> None:
        """Nothing more is read: so many pieces came, and so many of them are part of a unit.

        The connection is closed next, which must not be interrupted.
        """
        ...


@dataclass(slots=True)
class _Reader:
    """Finds the units in a growing draft."""

    limits: Limits
    stops: tuple[str, ...]
    listener: Listener
    site: Site | None
    draft: Draft | None = None
    origin: int = 0
    units: int = 0
    used: int = 0
    early: int = 0
    seen: int = 0
    next_line_ms: float = 0.0
    starts: list[int] = field(default_factory=list)
    logprobs: list[float | None] = field(default_factory=list)
    forced: str = ""

    def read(self, text: str, passed_ms: float) -> bool:
        """Take the draft as it is ``passed_ms`` after its first text; whether to read on."""
        while True:
            if len(text) == self.origin:
                return True
            if self.site is None:
                self.site = Site.of(after_inserting(self.limits.site.cursor, text[: self.origin]), Mode.NEXT)
            self.draft = Draft(
                text[self.origin :], self.site, self.limits.max_lines, self.stops, previous=self.draft
            )
            stop = find_stop(self.draft)
            if stop is None:
                if not self.units:
                    self._read_early(text, passed_ms)
                return True
            end = self.origin + stop.end
            good = self._unit(Generated(text[:end], Finish.STOP, stop.rule), end)
            self.units += 1
            streak = self.limits.streak and stop.rule in STREAK_RULES and self.units <= STREAK_UNITS
            if not (good and streak and stop.end):
                return False
            # What is known of the next place is worked out with the next piece: the answer goes first.
            self.origin, self.draft, self.site = end, None, None
            if text[end:] == "\n":
                return True

    def end(self, text: str, finish: Finish, usage: Usage | None) -> None:
        """The model has ended the draft by itself."""
        self._unit(Generated(text, finish, None, usage), len(text))

    def leave(self, text: str) -> None:
        """Nobody waits any more: what lines the draft has are kept, for the user may come back."""
        end = text.rfind("\n")
        if text[self.origin : max(0, end)].strip():
            self._unit(Generated(text[:end], Finish.STOP, "left", provisional=True), end)

    def _unit(self, generated: Generated, end: int) -> bool:
        if not self.used:
            sure = confidence(generated.text, self.starts, self.logprobs, self.forced)
            generated = replace(generated, confidence=sure)
        good = self.listener.unit(generated)
        self.used = end if good else self.used
        return good

    def _read_early(self, text: str, passed_ms: float) -> None:
        end = text.rfind("\n")
        if end <= self.early or not text[:end].strip():
            return
        if end > self.seen:
            self.seen = end
            self.next_line_ms = passed_ms + passed_ms / (text.count("\n", 0, end) + 1)
        if max(passed_ms, self.next_line_ms) >= EARLY_MS:
            self.early = end
            self._unit(Generated(text[:end], Finish.STOP, "early", provisional=True), end)


async def generate(
    backend: Backend, clean: CleanPrompt, limits: Limits, listener: Listener, clock: Clock
) -> None:
    """Read one stream for ``listener`` and close it as soon as nothing more of it is wanted.

    Laps ``first_token`` and ``stream`` (up to the first unit) are taken. The last call of ``unit`` is for the
    stream's end, unless a stop rule came before. Raises ``BackendError``; being cancelled closes the
    connection, with the complete lines so far as a last provisional unit.
    """
    forced = clean.prompt.forced
    reader = _Reader(limits, clean.prompt.stop, listener, limits.site, forced=forced)
    text = ""
    finish, usage = Finish.STOP, None
    first_ms = 0.0
    async with backend.stream(clean) as chunks:
        try:
            async for chunk in chunks:
                if chunk.text:
                    if not text:
                        listener.lap("first_token")
                        first_ms = clock.now_ms()
                    reader.starts.append(len(text) - len(forced))
                    reader.logprobs.append(chunk.logprob)
                text += chunk.text
                usage, finish = chunk.usage or usage, chunk.finish or finish
                if len(text) > len(forced):
                    draft = text.removeprefix(forced)
                    listener.grew(draft)
                    if not reader.read(draft, clock.now_ms() - first_ms):
                        return
            reader.end(without_start(forced, text), finish, usage)
        except asyncio.CancelledError:
            reader.leave(without_start(forced, text))
            raise
        finally:
            listener.read(len(reader.starts), bisect_left(reader.starts, reader.used))


def without_start(forced: str, text: str) -> str:
    """The text behind its forced start; nothing when the stream ended inside that start."""
    return text[len(forced) :] if text.startswith(forced) else ("" if forced.startswith(text) else text)
