"""The requests that one backend runs at the same time: so many and no more, the newest first.

slots = Slots(1)
async with slots.take(task.cancel) as ticket:
    ...                        # somebody waits for this
    ticket.background = True   # from here on it gives way: `task.cancel` is called when the slot is wanted
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self


class Slots:
    """At most ``limit`` tickets hold a slot at once.

    A slot that becomes free goes to the newest who waits in the foreground, else to the newest who waits in
    the background. Whoever waits in the foreground while no slot is free has the oldest ticket in the
    background asked to leave, one for each who waits. Not shared between event loops.
    """

    def __init__(self, limit: int) -> None:
        if limit < 1:
            raise ValueError(f"a limit of {limit} would let nothing run")
        self.limit = limit
        self._holding: list[Ticket] = []
        self._queue: list[Ticket] = []

    @property
    def free(self) -> int:
        """How many slots nobody holds. While there are some, nobody waits."""
        return self.limit - len(self._holding)

    @property
    def waiting(self) -> int:
        """How many wait for a slot."""
        return sum(ticket.waits for ticket in self._queue)

    @property
    def running(self) -> int:
        """How many hold a slot, with those that have been asked to leave and have not left yet."""
        return len(self._holding)

    def take(self, on_preempt: Callable[[], None] | None = None, *, background: bool = False) -> Ticket:
        """Return a ticket: ``async with`` it, and the block runs with a slot, waiting for it if need be.

        ``on_preempt`` is called once, if somebody needs the slot while the ticket is in the background; the
        block must then end soon. Without it the ticket is never asked to leave.
        """
        return Ticket(self, on_preempt, background=background)

    def enter(self, ticket: Ticket) -> None:
        """Let a ticket hold a slot, or wait for one. For tickets only."""
        if self.free:
            self._hand(ticket)
        else:
            self._queue.append(ticket)
            self._make_room()

    def leave(self, ticket: Ticket) -> None:
        """Forget a ticket, whether it holds a slot or waits, and hand on what it held. For tickets only."""
        if ticket in self._queue:
            self._queue.remove(ticket)
            return
        self._holding.remove(ticket)
        newest = self._newest()
        if newest is not None:
            self._queue.remove(newest)
            self._hand(newest)

    def changed(self, ticket: Ticket) -> None:
        """Take note that a ticket went to the background, or came from there. For tickets only."""
        if ticket in self._queue:
            # Whoever wants it now is the newest who wants anything.
            self._queue.remove(ticket)
            self._queue.append(ticket)
        self._make_room()

    def _hand(self, ticket: Ticket) -> None:
        self._holding.append(ticket)
        ticket.hand()

    def _newest(self) -> Ticket | None:
        """Return whose turn it is."""
        waiting = [ticket for ticket in reversed(self._queue) if ticket.waits]
        return next((ticket for ticket in waiting if not ticket.background), next(iter(waiting), None))

    def _make_room(self) -> None:
        """Ask tickets in the background to leave, the oldest first, until there is one for each who waits."""
        wanted = sum(ticket.waits and not ticket.background for ticket in self._queue)
        leaving = sum(ticket.preempted for ticket in self._holding)
        able = [ticket for ticket in self._holding if ticket.gives_way]
        for ticket in able[: max(0, wanted - leaving)]:
            ticket.preempt()


class Ticket:
    """One request's right to run, made by ``Slots.take`` and entered once."""

    def __init__(self, slots: Slots, on_preempt: Callable[[], None] | None, *, background: bool) -> None:
        self._slots = slots
        self._on_preempt = on_preempt
        self._background = background
        self._preempted = False
        self._turn: asyncio.Future[None] | None = None

    @property
    def background(self) -> bool:
        """Whether nobody waits for it, so that it gives way to those that somebody waits for.

        It can be changed at any time: who joins it sets False, also while it still waits for its slot. True
        asks it to leave at once if a slot is wanted.
        """
        return self._background

    @background.setter
    def background(self, background: bool) -> None:
        changed, self._background = background is not self._background, background
        if changed:
            self._slots.changed(self)

    @property
    def preempted(self) -> bool:
        """Whether it was asked to leave. It is too late to join it then."""
        return self._preempted

    @property
    def gives_way(self) -> bool:
        """Whether it can be asked to leave, if it holds a slot."""
        return self._background and not self._preempted and self._on_preempt is not None

    @property
    def waits(self) -> bool:
        """Whether it waits for a slot; no longer once its task was cancelled."""
        return self._turn is not None and not self._turn.done()

    async def __aenter__(self) -> Self:
        if self._turn is not None:
            raise RuntimeError("a ticket is good for one time")
        self._turn = asyncio.get_running_loop().create_future()
        try:
            self._slots.enter(self)
            if not self._turn.done():
                await self._turn
        except BaseException:
            # Cancelled while it waited, or in the moment it was handed a slot.
            self._slots.leave(self)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._slots.leave(self)

    def hand(self) -> None:
        """Go on with the slot that it now holds. For ``Slots`` only."""
        if self.waits and self._turn is not None:
            self._turn.set_result(None)

    def preempt(self) -> None:
        """Ask whoever entered it to leave. For ``Slots`` only."""
        self._preempted = True
        if self._on_preempt is not None:
            self._on_preempt()
