"""The times for which limits hold: the user's day, and the last minute."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Final

MINUTE_MS: Final = 60_000.0

Now = Callable[[], datetime]
"""The user's local time, in a zone that knows its own changes."""


class SystemZone(tzinfo):
    """The time zone that the system is set to, with its changes in summer and winter."""

    def utcoffset(self, moment: datetime | None) -> timedelta | None:
        """The difference to UTC at a local time."""
        return moment.replace(tzinfo=None).astimezone().utcoffset() if moment else None

    def dst(self, moment: datetime | None) -> timedelta | None:
        """Not known apart from the rest of the difference."""
        del moment
        return None

    def tzname(self, moment: datetime | None) -> str | None:
        """The zone's name at a local time."""
        return moment.replace(tzinfo=None).astimezone().tzname() if moment else None

    def fromutc(self, moment: datetime) -> datetime:
        """The local time of a time in UTC."""
        real = moment.replace(tzinfo=UTC)
        local = real.astimezone().replace(tzinfo=None)
        # The second of two hours that clocks show twice.
        second = local.astimezone(UTC) != real
        return local.replace(tzinfo=self, fold=int(second))


SYSTEM_ZONE: Final = SystemZone()


def local_now() -> datetime:
    """The system's time in the system's zone."""
    return datetime.now(SYSTEM_ZONE)


def next_midnight(now: datetime) -> datetime:
    """When the day of ``now`` ends, in the same zone: 23 or 25 hours after it began where clocks change."""
    return datetime.combine(now.date() + timedelta(days=1), time.min, now.tzinfo)


def later(now: datetime, duration_ms: float) -> datetime:
    """The time in the same zone after so many milliseconds have really passed."""
    return (now.astimezone(UTC) + timedelta(milliseconds=duration_ms)).astimezone(now.tzinfo)


class Minute:
    """The requests of the last minute, on a clock in milliseconds that never goes back."""

    def __init__(self) -> None:
        self._times_ms: deque[float] = deque()
        self._full: tuple[int, float] = (0, 0.0)

    def add(self, now_ms: float) -> None:
        """Count one request."""
        self._times_ms.append(now_ms)

    def count(self, now_ms: float, others_ms: Iterable[float] = ()) -> int:
        """How many requests there were; ``others_ms`` are the times of other servers' requests."""
        return len(self._within(now_ms, others_ms))

    def full_until(self, limit: int, now_ms: float, others_ms: Iterable[float] = ()) -> float | None:
        """The time until which a limit of at least 1 is used up, None while there is room.

        Once it is, it stays so until half of the limit is free again: one request at a time would make a
        backend come and go at every key.
        """
        full_limit, until_ms = self._full
        if limit == full_limit and now_ms < until_ms:
            return until_ms
        times_ms = self._within(now_ms, others_ms)
        if len(times_ms) < limit:
            return None
        last = len(times_ms) - limit + (limit + 1) // 2 - 1
        until_ms = times_ms[last] + MINUTE_MS
        self._full = (limit, until_ms)
        return until_ms

    def _within(self, now_ms: float, others_ms: Iterable[float]) -> list[float]:
        while self._times_ms and self._times_ms[0] <= now_ms - MINUTE_MS:
            self._times_ms.popleft()
        return sorted((*self._times_ms, *(t for t in others_ms if t > now_ms - MINUTE_MS)))
