"""What was asked of each backend, counted in memory and shared with the user's other servers through a file.

Nothing here waits for the file but the first look at it: a thread brings what was added, and takes what the
others have added, once a second while there is something to bring or somebody asks.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from lsp_server.routing.ledger import NOTHING, Busy, Counts, Key, Ledger, Told, Unusable
from lsp_server.routing.periods import Now
from lsp_server.schedule.clock import Clock

EVERY_MS: Final = 1_000.0
"""Between two exchanges: so much later a server knows what another one has used."""
FIRST_S: Final = 0.1
"""How long the first request of a session may wait for the file: what was used before has to count."""
PATIENT_S: Final = 5.0
"""How long the thread waits for other servers."""
LAST_S: Final = 1.0
"""How long the end of a session waits for them."""

UNUSABLE: Final = (
    "what backends have used today cannot be kept in the data folder ({reason}), so limits hold for this "
    "session alone: make the folder budgets in it your own and writable"
)
DAMAGED: Final = (
    "the file of what backends have used today was damaged and has been made anew: "
    "some of today's use may not count towards your limits"
)


class SharedCounts:
    """The counts of all servers of this user, as far as they are known, and always this one's own.

    Without ``folder`` they are this server's alone. Any thread may call. With ``by_itself`` False there is
    no thread: who wants an exchange calls ``exchange``.
    """

    def __init__(self, folder: Path | None, clock: Clock, now: Now, *, by_itself: bool = True) -> None:
        self._ledger = Ledger(folder, secrets.token_hex(8)) if folder else None
        self._clock = clock
        self._now = now
        self._by_itself = by_itself
        self._lock = threading.Lock()
        self._exchanging = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._wanted = False
        self._tried_ms: float | None = None
        self._totals: Mapping[Key, Counts] = {}
        self._added: dict[Key, Counts] = {}
        self._recent: dict[tuple[int, str], int] = {}
        self._others: Mapping[str, tuple[tuple[int, int], ...]] = {}
        self._problems: list[str] = []
        self._told: set[str] = set()

    def of(self, key: Key) -> Counts:
        """What was used of a backend on a day."""
        with self._lock:
            return self._totals.get(key, NOTHING) + self._added.get(key, NOTHING)

    def others(self, backend: str) -> tuple[tuple[int, int], ...]:
        """The other servers' requests of the last minute: second since the epoch, and how many."""
        with self._lock:
            return self._others.get(backend, ())

    def add(self, key: Key, counts: Counts) -> None:
        """Count what was used. Requests count towards the minute as well."""
        with self._lock:
            self._added[key] = self._added.get(key, NOTHING) + counts
            if counts.requests:
                second = (int(self._now().timestamp()), key[1])
                self._recent[second] = self._recent.get(second, 0) + counts.requests
        self._wake()

    def freshen(self) -> None:
        """See to it that the others' counts are known: at once the first time, else in a second's time."""
        now_ms = self._clock.now_ms()
        if self._tried_ms is None:
            self._tried_ms = now_ms
            self.exchange(FIRST_S)
        elif now_ms - self._tried_ms >= EVERY_MS:
            self._tried_ms = now_ms
            self._wanted = True
            self._wake()

    def problems(self) -> list[str]:
        """What the user has to be told since the last call, a line each, each line once."""
        with self._lock:
            problems, self._problems = self._problems, []
        return problems

    def exchange(self, timeout_s: float = PATIENT_S) -> None:
        """Bring what was added and take what the others have added. Waits for the file."""
        if self._ledger is None:
            return
        with self._exchanging:
            now = self._now()
            with self._lock:
                self._wanted = False
                told = Told(dict(self._added), dict(self._totals), dict(self._recent))
            try:
                found = self._ledger.exchange(told, now.date(), now.timestamp(), timeout_s)
            except Busy:
                self._wanted = True
                return
            except Unusable as error:
                self._tell(UNUSABLE, reason=str(error))
                return
            with self._lock:
                self._added = _without(self._added, told.added)
                self._recent = {
                    second: count - told.recent.get(second, 0)
                    for second, count in self._recent.items()
                    if count != told.recent.get(second, 0)
                }
                self._totals, self._others = found.totals, found.recent
            if found.damaged:
                self._tell(DAMAGED)

    def close(self) -> None:
        """Bring what is left. Waits for the file; nothing is brought afterwards."""
        self._stop.set()
        thread = self._thread
        if thread is not None:
            thread.join(LAST_S)
        if self._added or self._recent:
            self.exchange(LAST_S)

    def _tell(self, line: str, **values: str) -> None:
        with self._lock:
            if line not in self._told:
                self._told.add(line)
                self._problems.append(line.format(**values))

    def _wake(self) -> None:
        if self._ledger is None or not self._by_itself or self._stop.is_set():
            return
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="budgets", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        try:
            while True:
                self.exchange()
                if self._stop.wait(EVERY_MS / 1000.0):
                    return
                with self._lock:
                    if not (self._added or self._recent or self._wanted):
                        self._thread = None
                        return
        except BaseException:
            # The next count starts another one.
            self._thread = None
            raise


def _without(counts: Mapping[Key, Counts], brought: Mapping[Key, Counts]) -> dict[Key, Counts]:
    left = {key: value - brought.get(key, NOTHING) for key, value in counts.items()}
    return {key: value for key, value in left.items() if value != NOTHING}
