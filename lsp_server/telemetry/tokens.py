"""How much of what the models sent was of any use."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class TokenAccount:
    """Counts since the start. ``received`` and ``used`` count pieces of streams, which are tokens with all
    backends but for a few that send several at once; a piece is used if it became part of a unit that was
    shown or kept for later. ``joined`` counts requests that waited for a stream that ran already.
    """

    received: int = 0
    used: int = 0
    streams: int = 0
    joined: int = 0

    def add(self, received: int, used: int) -> None:
        """Take the pieces of one stream."""
        self.streams += 1
        self.received += received
        self.used += used

    def as_json(self) -> dict[str, int]:
        """The counts as plain JSON values."""
        return {
            "received": self.received,
            "used": self.used,
            "streams": self.streams,
            "joined": self.joined,
        }
