"""The limits that the user has set for each backend: requests a minute and a day, tokens and cost a day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

from lsp_server.config.origins import parse_origin
from lsp_server.config.settings import BackendSettings
from lsp_server.config.sources import shown
from lsp_server.config.trust import is_remote
from lsp_server.prompt.detection import LONGEST_NAME
from lsp_server.routing.counts import SharedCounts
from lsp_server.routing.health import OverBudget
from lsp_server.routing.ledger import Counts, Key
from lsp_server.routing.periods import Minute, Now, later, local_now, next_midnight
from lsp_server.routing.prices import BILLIONTHS_PER_UNIT, price_of
from lsp_server.schedule.clock import Clock
from lsp_server.types import Usage

FOLDER: Final = "budgets"
"""The folder in the data folder."""
MOST_TOKENS: Final = 1_000_000_000
"""Of one request, whatever a backend tells: sums of it fit into the file that keeps them."""
ROUNDED_UP_MS: Final = 999.0
"""So that a time in whole seconds is not too early."""


class Budgets:
    """Counts what backends use, and says when a limit is reached.

    Backends that are remote or have a limit are counted, over all servers of this user: ``folder`` is where
    they tell each other. Without it, or while it cannot be used, the limits hold for this server alone. What
    is wrong there is said through ``say``, in the thread that calls.
    """

    def __init__(
        self,
        folder: Path | None,
        clock: Clock,
        say: Callable[[str], None],
        now: Now = local_now,
        *,
        by_itself: bool = True,
    ) -> None:
        self._counts = SharedCounts(folder, clock, now, by_itself=by_itself)
        self._clock = clock
        self._say = say
        self._now = now
        self._minutes: dict[str, Minute] = {}
        self._known: dict[str, BackendSettings] = {}
        self._full: dict[str, tuple[float, str]] = {}

    def refusal(self, backend: BackendSettings, model: str) -> str | None:
        """Why a backend must not be asked now, one line for people that stays the same; None if it may.

        A limit on cost that cannot be kept, since no price is known, is a reason too.
        """
        for problem in self._counts.problems():
            self._say(problem)
        if not _has_limit(backend):
            return None
        self._known[_name(backend)] = backend
        self._counts.freshen()
        if backend.daily_cost is not None and price_of(backend, model) is None:
            what = shown(model, LONGEST_NAME) or "its model"
            return (
                f"{backend.name}: no price is known for {what}, so daily_cost cannot be kept: "
                "set price_in and price_out (0 where it costs nothing)"
            )
        return self._used_up(backend, self._now())

    def asked(self, backend: BackendSettings) -> None:
        """Count a request.

        Raises:
            OverBudget: Others that were sent meanwhile have used up the limit; it was not counted.
        """
        if not _is_counted(backend):
            return
        self._known[_name(backend)] = backend
        now = self._now()
        reason = self._used_up(backend, now)
        if reason is not None:
            raise OverBudget(reason)
        self._minute(backend).add(self._clock.now_ms())
        self._counts.add(_key(backend, now), Counts(requests=1))

    def used(
        self,
        backend: BackendSettings,
        model: str,
        usage: Usage | None,
        prompt_tokens: int,
        completion_tokens: int,
    ) -> None:
        """Count the tokens of a stream that has ended: as the backend tells them, else the estimates."""
        if not _is_counted(backend):
            return
        read = prompt_tokens if usage is None or usage.prompt_tokens is None else usage.prompt_tokens
        written = completion_tokens
        if usage is not None and usage.completion_tokens is not None:
            written = usage.completion_tokens
        read, written = min(read, MOST_TOKENS), min(written, MOST_TOKENS)
        price = price_of(backend, model)
        cost = price.cost(read, written) if price else 0
        self._counts.add(_key(backend, self._now()), Counts(tokens=read + written, cost=cost))

    def as_json(self) -> list[dict[str, object]]:
        """What each backend that is counted has used, its limits, and when they end, as plain JSON values."""
        now, now_ms = self._now(), self._clock.now_ms()
        found: list[dict[str, object]] = []
        for backend in self._known.values():
            used = self._counts.of(_key(backend, now))
            minute = self._minute(backend).count(now_ms, self._others_ms(backend, now))
            full = self._full.get(_name(backend))
            found.append(
                {
                    "name": backend.name,
                    "minute": {
                        "until": full[1] if full and full[0] > now_ms else None,
                        "requests": _row(minute, backend.minute_requests),
                    },
                    "day": {
                        "until": next_midnight(now).isoformat(),
                        "requests": _row(used.requests, backend.daily_requests),
                        "tokens": _row(used.tokens, backend.daily_tokens),
                        "cost": _row(used.cost / BILLIONTHS_PER_UNIT, backend.daily_cost),
                    },
                }
            )
        return found

    def close(self) -> None:
        """Keep what was counted. Waits for the file: call it off the event loop."""
        self._counts.close()

    def _used_up(self, backend: BackendSettings, now: datetime) -> str | None:
        """The line on the first limit that is used up."""
        used = self._counts.of(_key(backend, now))
        cost = used.cost / BILLIONTHS_PER_UNIT
        limits = (
            ("daily_requests", used.requests, backend.daily_requests, "{:,} requests a day"),
            ("daily_tokens", used.tokens, backend.daily_tokens, "{:,} tokens a day"),
            ("daily_cost", cost, backend.daily_cost, "a cost of {:g} a day"),
        )
        for setting, count, limit, words in limits:
            if limit is not None and count >= limit:
                return _line(backend, setting, limit, words, "midnight")
        return self._used_up_minute(backend, now)

    def _used_up_minute(self, backend: BackendSettings, now: datetime) -> str | None:
        limit = backend.minute_requests
        if limit is None:
            return None
        until, name, now_ms = "", _name(backend), self._clock.now_ms()
        if limit:
            until_ms = self._minute(backend).full_until(limit, now_ms, self._others_ms(backend, now))
            if until_ms is None:
                return None
            # Told once, so that the line stays the same.
            if self._full.get(name, (0.0, ""))[0] != until_ms:
                self._full[name] = (until_ms, f"{later(now, until_ms - now_ms + ROUNDED_UP_MS):%H:%M:%S}")
            until = self._full[name][1]
        return _line(backend, "minute_requests", limit, "{:,} requests a minute", until)

    def _others_ms(self, backend: BackendSettings, now: datetime) -> list[float]:
        """The times of the other servers' requests on this server's clock, none of them in the future."""
        now_ms, now_s = self._clock.now_ms(), now.timestamp()
        return [
            now_ms - max(0.0, now_s - second) * 1000.0
            for second, count in self._counts.others(_name(backend))
            for _ in range(count)
        ]

    def _minute(self, backend: BackendSettings) -> Minute:
        return self._minutes.setdefault(_name(backend), Minute())


def _line(backend: BackendSettings, setting: str, limit: float, words: str, until: str) -> str:
    if not limit:
        return f"{backend.name}: it is not used, since {setting} is 0: raise it to use this backend"
    used_up = f"its limit of {words.format(limit)} ({setting}) is used up"
    return f"{backend.name}: {used_up}: it is not asked until {until}, or until the limit is raised"


def _row(used: float, limit: float | None) -> dict[str, object]:
    return {"used": used, "limit": limit}


def _has_limit(backend: BackendSettings) -> bool:
    limits = (backend.minute_requests, backend.daily_requests, backend.daily_tokens, backend.daily_cost)
    return any(limit is not None for limit in limits)


def _is_counted(backend: BackendSettings) -> bool:
    return _has_limit(backend) or is_remote(backend)


def _key(backend: BackendSettings, now: datetime) -> Key:
    return (str(now.date()), _name(backend))


def _name(backend: BackendSettings) -> str:
    return f"{_origin(backend.address)} {backend.name}".strip()


@lru_cache(maxsize=64)
def _origin(address: str) -> str:
    """The address's origin; nothing where it has none, as for the embedded engine."""
    try:
        return str(parse_origin(address))
    except ValueError:
        return ""
