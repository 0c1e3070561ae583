"""What the session is doing, for an editor's status line: told when it changes, and not at each keystroke."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from lsp_server.routing.health import State
from lsp_server.schedule.clock import Clock
from lsp_server.types import Gate

if TYPE_CHECKING:
    from lsp_server.routing.route import Route

StatusState = Literal["ready", "working", "snoozed", "off", "unavailable"]

WORKING_AFTER_MS: Final = 150.0
"""What is answered sooner is not told as work: a status line would flicker while somebody types."""
STARTING: Final = "looking for a backend"
NO_BACKEND: Final = "no backend: `codestral-lsp doctor` says what to do"


@dataclass(frozen=True, slots=True)
class Status:
    """``backend`` is the one that answered last, or else would be asked first. ``message`` is for people."""

    state: StatusState
    backend: str | None = None
    model: str | None = None
    remote: bool = False
    message: str = ""


def status_of(
    routes: Sequence[Route], active: Route | None, gate: Gate | None, *, working: bool, starting: bool
) -> Status:
    """The status of a session with these backends. ``gate`` is why suggestions are paused, if they are."""
    route = active or next(iter(routes), None)
    if route is None:
        state: StatusState = "working" if starting else "unavailable"
        return Status(state, message=STARTING if starting else NO_BACKEND)
    state, message = "ready", ""
    if gate is not None:
        state, message = ("snoozed" if gate.name == "snoozed" else "off"), gate.detail
    elif working:
        state = "working"
    elif all(each.state not in (State.OK, State.SLOW) for each in routes):
        state, message = "unavailable", routes[0].problem
    return Status(state, route.backend.name, route.model or None, route.backend.destination.remote, message)


class StatusTeller:
    """Tells a listener each status that differs from the last one. Without a listener it does nothing.

    ``look`` makes the status; its argument is whether something waits for a model.
    """

    def __init__(self, clock: Clock, look: Callable[[bool], Status]) -> None:
        self._clock = clock
        self._look = look
        self._listener: Callable[[Status], None] | None = None
        self._told: Status | None = None
        self._waiting = 0
        self._is_working = False
        self._timers: set[asyncio.Task[None]] = set()

    @property
    def is_watched(self) -> bool:
        """Whether there is a listener."""
        return self._listener is not None

    def watch(self, listener: Callable[[Status], None]) -> None:
        """Tell ``listener`` the status, now and whenever it changes."""
        self._listener = listener
        self.changed()

    def look(self) -> Status:
        """The status as it is now."""
        return self._look(self._is_working)

    def changed(self) -> None:
        """Something may have changed: tell the status if it is another one."""
        if self._listener is None:
            return
        status = self.look()
        if status != self._told:
            self._told = status
            self._listener(status)

    def changes_in(self, wait_ms: float) -> None:
        """Look again after ``wait_ms``."""
        if self._listener is not None:
            self._start(self._change_later(wait_ms))

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Something waits for a model as long as this lasts."""
        self._waiting += 1
        if self._listener is not None and self._waiting == 1 and not self._is_working:
            self._start(self._work_later())
        try:
            yield
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._is_working = False
                self.changed()

    def close(self) -> None:
        """Tell nothing more."""
        self._listener = None
        for timer in self._timers:
            timer.cancel()

    async def _work_later(self) -> None:
        await self._clock.sleep_ms(WORKING_AFTER_MS)
        if self._waiting:
            self._is_working = True
            self.changed()

    async def _change_later(self, wait_ms: float) -> None:
        await self._clock.sleep_ms(wait_ms)
        self.changed()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        timer = asyncio.ensure_future(work)
        self._timers.add(timer)
        timer.add_done_callback(self._timers.discard)
