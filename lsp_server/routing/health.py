"""Whether a backend should be asked now, from what it did lately."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lsp_server.backends.base import (
    AuthenticationFailed,
    BackendError,
    BadRequest,
    FillUnsupported,
    ModelNotFound,
    RateLimited,
)

FIRST_WAIT_MS: Final = 500.0
"""After a first failure: long enough not to fail at every keystroke, short enough to go unnoticed."""
LONGEST_WAIT_MS: Final = 5_000.0
"""A backend that comes back is used again within this time."""
NEEDS_THE_USER_MS: Final = 15_000.0
"""A wrong key or a missing model stays wrong until somebody does something about it."""

_NEEDS_THE_USER: Final = (AuthenticationFailed, ModelNotFound, FillUnsupported, BadRequest)


@dataclass(frozen=True, slots=True)
class Health:
    """``problem`` is the last failure's line, empty when the last request went well."""

    failures: int = 0
    closed_until_ms: float = 0.0
    problem: str = ""

    def may_try(self, now_ms: float) -> bool:
        """Whether a request may be sent at ``now_ms``."""
        return now_ms >= self.closed_until_ms

    def after_failure(self, error: BackendError, now_ms: float) -> Health:
        """The state after ``error``: no request until its wait is over."""
        if isinstance(error, RateLimited):
            wait_ms = error.retry_after_s * 1000.0
        elif isinstance(error, _NEEDS_THE_USER):
            wait_ms = NEEDS_THE_USER_MS
        else:
            wait_ms = min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2.0**self.failures)
        return Health(self.failures + 1, now_ms + wait_ms, str(error))


HEALTHY: Final = Health()
