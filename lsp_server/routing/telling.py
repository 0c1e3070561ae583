"""When the user is told of a backend's state, and in which words. Pure."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final, TypeVar

from lsp_server.backends.base import BackendError
from lsp_server.routing.health import State

QUIET_MS: Final = 30_000.0
"""After something was told, another problem waits so long: one that comes and goes would be told for ever."""

LIMIT_QUIET_MS: Final = 3_600_000.0
"""After a limit was told, the same one waits so long: one for a minute would be told every other minute."""
_TIME: Final = re.compile(r"\d\d:\d\d:\d\d")

ErrorT = TypeVar("ErrorT", bound=BackendError)


@dataclass(frozen=True, slots=True)
class Told:
    """What the user was told of a backend last, and when."""

    state: State = State.OK
    at_ms: float = -math.inf

    def is_news(self, state: State, now_ms: float) -> bool:
        """Whether ``state`` is to be told: an end of what was told, or a problem after some quiet."""
        if state is self.state:
            return False
        return state is State.OK or now_ms - self.at_ms >= QUIET_MS


NOTHING_TOLD: Final = Told()


class ToldLimits:
    """Which limits of a backend the user was told of, and when; the end of one is told if it was."""

    def __init__(self) -> None:
        self._at_ms: dict[str, float] = {}
        self._open = False

    def is_news(self, line: str, now_ms: float) -> bool:
        """Whether ``line`` is to be told: a limit that was not told lately, or (empty) the end of a told one.

        What a line says apart from its time makes it the same.
        """
        if not line:
            was_open, self._open = self._open, False
            return was_open
        limit = _TIME.sub("", line)
        if now_ms - self._at_ms.get(limit, -math.inf) < LIMIT_QUIET_MS:
            return False
        self._at_ms[limit] = now_ms
        self._open = True
        return True


def with_instead(error: ErrorT, instead: str) -> ErrorT:
    """Return the error with words on which backend completes meanwhile; the same one if there is none."""
    if not instead:
        return error
    # Made without its ``__init__``, which takes other arguments in some classes.
    told = type(error).__new__(type(error), f"{error}; completions come from {instead} meanwhile")
    told.__dict__.update(error.__dict__)
    return told
