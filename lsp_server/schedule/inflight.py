"""Streams under way, and the requests that wait for them.

A stream belongs to a place, not to a request: whoever types along its draft joins it, at the anchor or behind
it, and goes away again without ending it. It ends when the typing has left its draft, when nobody has come
back to it for a while, or when its slot is wanted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Final

from lsp_server.schedule.clock import Clock
from lsp_server.schedule.place import (
    CLOSERS,
    LINES_ABOVE,
    MAX_AUTO_CLOSERS,
    MAX_TYPED_LINES,
    Anchor,
    rest_of_unit,
    typed_since,
)
from lsp_server.types import Answer, Cursor, Document, Edit, Gate, Position

GRACE_MS: Final = 10.0
"""How long a stream whose request has gone waits for a change that types along it: VS Code cancels, tells the
change within a few milliseconds, and asks again 40 ms later. Without one it is to be closed within 20 ms."""
LINGER_MS: Final = 250.0
"""How long it then waits to be asked for again: Neovim asks 200 ms after the last key."""
MAX_AHEAD: Final = 6
"""Code points that may be typed before a stream's first text: with more, the answer to what stood there then
is seldom the one that is wanted, and waiting for it would delay the next."""
LEFT: Final = Gate("left", "the typing has left the stream this request waited for")

Typed = tuple[str, str]
"""The text typed since an anchor, and the closers that an editor added behind it."""


class Running:
    """One stream: its draft, the units of it that stand, and how it ended.

    It generates at ``cursor``. ``base`` is where the editor's cursor is taken to be, with ``assumed`` still
    to be typed or accepted there to come to ``cursor``; the draft begins with it. ``text`` is the draft as it
    arrives, ``shaped`` its part that has passed the filters, cut into units at ``ends``. ``answer`` tells
    about the stream itself: backend, prompt, usage, or the gate that ended it; ``confidence`` how sure the
    model is of the first line. It has ``started`` once a
    backend works on it, and is ``closing`` while its connection is closed. A stream that ``keeps`` goes on
    without anybody waiting. ``variant`` numbers the alternatives at one place; only 0 may be joined.
    """

    def __init__(
        self,
        cursor: Cursor,
        *,
        base: Cursor | None = None,
        assumed: str = "",
        only: str | None = None,
        keeps: bool = False,
        variant: int = 0,
    ) -> None:
        self.cursor = cursor
        self.base = base or cursor
        self.anchor = Anchor.of(self.base)
        self.assumed = assumed
        self.only = only
        self.keeps = keeps
        self.variant = variant
        self.text = assumed
        self.shaped = assumed
        self.ends = (len(assumed),) if assumed else ()
        self.answer = Answer()
        self.confidence: float | None = None
        self.started = False
        self.closing = False
        self.ended = False
        self.error: BaseException | None = None
        self.waiting = 0
        self.on_waiting: Callable[[bool], None] = lambda _waited_for: None
        self.typed_on_ms = -LINGER_MS
        self._provisional = False
        self._typed: Typed = ("", "")
        self._wakers: set[asyncio.Future[None]] = set()
        self.task: asyncio.Task[None] | None = None

    @property
    def stands(self) -> bool:
        """Whether it has given a unit."""
        return len(self.shaped) > len(self.assumed)

    def grew(self, text: str) -> None:
        """Take the draft as it is now; it leaves if it is not what was typed meanwhile."""
        self.text = self.assumed + text
        if not self.agrees(self._typed):
            self.leave()
        self._wake()

    def unit(self, shaped: str, answer: Answer, *, provisional: bool = False) -> bool:
        """Take the filtered draft up to the end of a unit; it replaces the last one if that was provisional.

        False, and nothing taken, unless the draft goes on from what was taken before.
        """
        whole = self.assumed + shaped
        if not whole.startswith(self.shaped) or whole == self.shaped:
            return False
        kept = self.ends[:-1] if self._provisional else self.ends
        self.shaped, self.ends, self.answer = whole, (*kept, len(whole)), answer
        self._provisional = provisional
        self._wake()
        return True

    def finish(self, answer: Answer) -> None:
        """Take the end of the stream."""
        self.answer, self.ended = answer, True
        self._wake()

    def agrees(self, typed: Typed) -> bool:
        """Whether the draft may still turn out to be what was typed, or goes on from it."""
        text, closers = typed
        if self.text.startswith(text):
            return True
        ahead = len(text) - len(self.text)
        if self.text == self.assumed and ahead > MAX_AHEAD:
            return False
        return not self.ended and text.startswith(self.text) and not closers

    def left_at(self, typed: Typed) -> str | None:
        """The rest of the unit that stands at the end of what was typed, if there is one by now."""
        return rest_of_unit(self.shaped, self.ends, *typed)

    def follows(self, cursor: Cursor) -> Typed | None:
        """What was typed at the anchor up to ``cursor``, if the draft agrees with it."""
        typed = typed_since(self.anchor, cursor)
        if typed is None or not self.agrees(typed):
            return None
        stands = len(self.shaped) > len(typed[0])
        return None if stands and self.left_at(typed) is None else typed

    def follow(self, typed: Typed) -> None:
        """Expect the draft to go on from what is typed now."""
        self._typed = typed

    async def changed(self) -> None:
        """Return when more of the draft has come, or its end."""
        waker = asyncio.get_running_loop().create_future()
        self._wakers.add(waker)
        try:
            await waker
        finally:
            self._wakers.discard(waker)

    def leave(self) -> None:
        """End the stream and close its connection."""
        if not self.ended:
            self.ended = True
            self.answer = Answer(gate=LEFT)
            self._wake()
        if self.task is not None and not self.closing:
            self.task.cancel()

    def run(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Do the work of the stream; it is cancelled when the stream is left."""
        self.task = asyncio.ensure_future(work)
        return self.task

    def _wake(self) -> None:
        for waker in self._wakers:
            if not waker.done():
                waker.set_result(None)


class InFlight:
    """The streams under way of all documents."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._running: dict[Running, None] = {}
        self._lingering: set[asyncio.Task[None]] = set()

    def start(self, running: Running, work: Coroutine[None, None, None]) -> None:
        """Run a stream until ``work`` is done or the stream is left."""
        self._running[running] = None
        running.run(work).add_done_callback(lambda task: self._done(running, task))

    def find(self, cursor: Cursor) -> Running | None:
        """The newest stream that a request at ``cursor`` may join."""
        for running in reversed(self._running):
            joinable = running.variant == 0 and running.only is None and not running.ended
            if joinable and running.follows(cursor) is not None:
                return running
        return None

    def at(self, cursor: Cursor) -> list[Running]:
        """The streams for exactly this place, oldest first."""
        anchor = Anchor.of(cursor)
        return [running for running in self._running if running.anchor == anchor and not running.ended]

    async def wait(self, running: Running, cursor: Cursor) -> str | None:
        """Wait until the stream has something at ``cursor`` and return it.

        None when it ended without, or turned out to be something else than was typed.
        """
        typed = running.follows(cursor)
        if typed is None:
            return None
        running.follow(typed)
        running.waiting += 1
        running.on_waiting(True)
        try:
            while True:
                left = running.left_at(typed)
                if left is not None or running.ended or running.follows(cursor) is None:
                    break
                await running.changed()
            if running.error is not None:
                raise running.error
            return left
        finally:
            running.waiting -= 1
            if not running.waiting:
                running.on_waiting(False)
                self._unwaited(running)

    def document_changed(self, document: Document, edits: Sequence[Edit]) -> None:
        """Leave every stream that the change has left."""
        if not edits:
            return
        cursor = Cursor(document, edits[-1].end)
        for running in [r for r in self._running if r.anchor.key[0] == document.uri]:
            typed = next((t for c in _inside(cursor) if (t := running.follows(c)) is not None), None)
            if typed is not None:
                running.follow(typed)
                running.typed_on_ms = self._clock.now_ms()
            elif not _is_elsewhere(running.base, edits):
                running.leave()

    def close(self, uri: str | None = None) -> None:
        """Leave the streams of a document, or all of them."""
        for running in [r for r in self._running if uri is None or r.anchor.key[0] == uri]:
            running.leave()

    async def close_all(self) -> None:
        """Leave every stream, and return when all of them have ended."""
        tasks = [task for running in self._running if (task := running.task) is not None]
        self.close()
        for task in self._lingering:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _unwaited(self, running: Running) -> None:
        """Leave a stream that nobody comes back to, at once if it is still in the queue.

        Where a unit stands it goes on: its bounds end it soon.
        """
        if running.ended or running.keeps:
            return
        if not running.started:
            running.leave()
            return
        task = asyncio.ensure_future(self._leave_later(running))
        self._lingering.add(task)
        task.add_done_callback(self._lingering.discard)

    async def _leave_later(self, running: Running) -> None:
        left_ms = self._clock.now_ms()
        await self._clock.sleep_ms(GRACE_MS)
        if running.typed_on_ms >= left_ms - GRACE_MS:
            await self._clock.sleep_ms(LINGER_MS - GRACE_MS)
        if not running.waiting and not running.stands:
            running.leave()

    def _done(self, running: Running, task: asyncio.Task[None]) -> None:
        self._running.pop(running, None)
        running.error = None if task.cancelled() else task.exception()
        running.leave()


def _is_elsewhere(cursor: Cursor, edits: Sequence[Edit]) -> bool:
    """Whether no edit touches the lines that a stream's place is told by."""
    line = cursor.position.line
    return all(not line - LINES_ABOVE <= edit.position.line <= line + MAX_TYPED_LINES for edit in edits)


def _inside(cursor: Cursor) -> Iterator[Cursor]:
    """Where the cursor may be when an insertion ends at ``cursor``: there, or within a pair: ``(‸)``."""
    yield cursor
    before = cursor.before
    for count in range(1, min(MAX_AUTO_CLOSERS, len(before)) + 1):
        if before[-count] not in CLOSERS:
            return
        yield Cursor(cursor.document, Position(cursor.position.line, len(before) - count))
