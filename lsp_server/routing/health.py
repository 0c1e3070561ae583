"""Whether a backend should be asked now, from what it did lately: a circuit breaker. Pure.

Closed (``State.OK``): it is asked. Open: it is not asked before ``open_until_ms``. Half-open: that time has
come; one request tries it, and a good answer closes the breaker.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from lsp_server.backends.base import (
    AuthenticationFailed,
    BackendError,
    BadRequest,
    FillUnsupported,
    ModelNotFound,
    RateLimited,
    Unavailable,
)

FIRST_WAIT_MS: Final = 500.0
"""After a first failure: long enough not to fail at every keystroke, short enough to go unnoticed."""
LONGEST_WAIT_MS: Final = 4_000.0
"""A backend that comes back is used again within 5 s: the wait, and the request that tries it."""
SLOW_WAIT_MS: Final = 2_000.0
"""After a backend has become slow: each trial makes somebody wait, so the first one comes later."""
NEEDS_THE_USER_MS: Final = 15_000.0
"""A wrong key or a missing model stays wrong until somebody does something about it."""
LOST_IN_A_ROW: Final = 3
"""Hedges lost one after the other that make a backend slow: by chance alone, one time in 8,000."""

_NEEDS_THE_USER: Final = (AuthenticationFailed, ModelNotFound, FillUnsupported, BadRequest)
_LOADING: Final = re.compile(r"\b(loading|downloading)\b", re.IGNORECASE)


class State(StrEnum):
    """What a backend is like at present."""

    OK = "ok"
    SLOW = "slow"
    """It answers later than it used to, and later than the next backend."""
    FAILING = "failing"
    RATE_LIMITED = "rate_limited"
    LOADING = "loading"
    MISCONFIGURED = "misconfigured"
    """It will not work before the user has done something."""
    OVER_BUDGET = "over_budget"


class OverBudget(BackendError):
    """A limit that the user has set is used up."""


@dataclass(frozen=True, slots=True)
class Health:
    """``problem`` is the last failure's line, empty when the last request went well.

    ``failures`` and ``lost`` count failures and lost hedges in a row.
    """

    state: State = State.OK
    problem: str = ""
    failures: int = 0
    lost: int = 0
    open_until_ms: float = 0.0

    def is_open(self, now_ms: float) -> bool:
        """Whether no request may try it before some time has passed."""
        return self.state is not State.OK and now_ms < self.open_until_ms

    def after_failure(self, error: BackendError, now_ms: float) -> Health:
        """The state after ``error``: no request until its wait is over."""
        state = state_of(error)
        if isinstance(error, RateLimited):
            wait_ms = error.retry_after_s * 1000.0
        elif state is State.MISCONFIGURED:
            wait_ms = NEEDS_THE_USER_MS
        else:
            wait_ms = _wait_ms(FIRST_WAIT_MS, self.failures)
        return Health(state, str(error), self.failures + 1, 0, now_ms + wait_ms)

    def after_loss(self, problem: str, now_ms: float) -> Health:
        """The state after another backend was quicker although it was asked later."""
        lost = self.lost + 1
        if self.state is State.OK and lost < LOST_IN_A_ROW:
            return replace(self, lost=lost)
        failures = self.failures if self.state is State.SLOW else 0
        until_ms = now_ms + _wait_ms(SLOW_WAIT_MS, failures)
        return Health(State.SLOW, problem, failures + 1, lost, until_ms)

    def after_probe(self, now_ms: float) -> Health:
        """The state after it has told its model: the next request may try it, where that tells anything."""
        return replace(self, open_until_ms=min(self.open_until_ms, now_ms)) if self.shows_in_probe else self

    @property
    def shows_in_probe(self) -> bool:
        """Whether a backend with this problem that tells its model has got over it, as far as one can see."""
        return self.state in {State.FAILING, State.LOADING, State.MISCONFIGURED}


HEALTHY: Final = Health()


def state_of(error: BackendError) -> State:
    """What an error makes of a backend."""
    if isinstance(error, OverBudget):
        return State.OVER_BUDGET
    if isinstance(error, RateLimited):
        return State.RATE_LIMITED
    if isinstance(error, _NEEDS_THE_USER):
        return State.MISCONFIGURED
    # Servers tell in words alone that their model is being loaded.
    loading = isinstance(error, Unavailable) and _LOADING.search(str(error))
    return State.LOADING if loading else State.FAILING


def _wait_ms(first_ms: float, failures: int) -> float:
    return min(LONGEST_WAIT_MS, first_ms * 2.0 ** min(failures, 10))
