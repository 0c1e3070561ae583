"""When the user is told of a backend's state, and in which words. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, TypeVar

from lsp_server.backends.base import BackendError
from lsp_server.routing.health import State

QUIET_MS: Final = 30_000.0
"""After something was told, another problem waits so long: one that comes and goes would be told for ever."""

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


def with_instead(error: ErrorT, instead: str) -> ErrorT:
    """Return the error with words on which backend completes meanwhile; the same one if there is none."""
    if not instead:
        return error
    # Made without its ``__init__``, which takes other arguments in some classes.
    told = type(error).__new__(type(error), f"{error}; completions come from {instead} meanwhile")
    told.__dict__.update(error.__dict__)
    return told
