"""Whether suggestions are made without being asked for: snoozed, switched off, or as usual."""

from __future__ import annotations

from typing import Final

from lsp_server.schedule.clock import Clock
from lsp_server.types import Gate

SNOOZED: Final = Gate("snoozed", "automatic suggestions are snoozed (codestral.snooze)")
SWITCHED_OFF: Final = Gate("switched_off", "automatic suggestions are switched off (codestral.toggle)")


class Pause:
    """What the user said in this session. What is asked for by hand is answered all the same."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until_ms = 0.0
        self._off = False

    @property
    def gate(self) -> Gate | None:
        """Why there are no automatic suggestions now, or None."""
        if self._off:
            return SWITCHED_OFF
        return SNOOZED if self._clock.now_ms() < self._until_ms else None

    def snooze(self, minutes: float | None) -> None:
        """Make none for ``minutes``; None ends a snooze."""
        self._until_ms = 0.0 if minutes is None else self._clock.now_ms() + minutes * 60_000.0

    def toggle(self) -> bool:
        """Switch them off, or on again (which ends a snooze too); returns whether they are on."""
        self._off = self.gate is None
        self._until_ms = 0.0
        return not self._off
