"""Lines for the user: said once, kept until somebody listens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Level = Literal["info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Notice:
    """One line for the user, to be shown once."""

    level: Level
    text: str


class Notices:
    """Passes notices on. Those that come before anybody listens wait."""

    def __init__(self) -> None:
        self._waiting: list[Notice] = []
        self._said: set[str] = set()
        self._listener: Callable[[Notice], None] | None = None

    def subscribe(self, listener: Callable[[Notice], None]) -> None:
        """Send notices to ``listener``, those that waited first."""
        self._listener = listener
        waiting, self._waiting = self._waiting, []
        for notice in waiting:
            listener(notice)

    def say(self, level: Level, text: str, *, again: bool = False) -> None:
        """Tell the user; the same text once per session unless it is about a change of state (``again``)."""
        if text in self._said and not again:
            return
        self._said.add(text)
        notice = Notice(level, text)
        if self._listener is None:
            self._waiting.append(notice)
        else:
            self._listener(notice)
