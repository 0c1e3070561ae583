"""What can go wrong between us and a server, each by its name in ``FAULTS``.

A fault happens in place of an answer, in the server's own wire format. ``expects`` is the error that a client
should end with, or None where the answer is unusual but good: then its text is ``CALM_TEXT``.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lsp_server.backends.base import BackendError
from lsp_server.testing.fake_backends.script import FakeBackend, Plan, cut_pieces

if TYPE_CHECKING:
    from lsp_server.testing.fake_backends.server import Exchange

CALM_TEXT: Final = "total = x + 1\n"
"""The text of the answers that are good after all."""

TRICKLE_S: Final = 0.02
"""The pause between two bytes of a trickle, in seconds: far below any idle deadline."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One exchange of one fake, and what a good answer of its would be made of."""

    server: FakeBackend
    exchange: Exchange

    @property
    def chat(self) -> bool:
        """Whether a chat was asked for."""
        return "chat" in self.exchange.recorded.path

    @property
    def pieces(self) -> list[bytes]:
        """The events of ``CALM_TEXT`` without the last."""
        return [self.server.piece(piece, chat=self.chat) for piece in cut_pieces(CALM_TEXT)]

    @property
    def ending(self) -> bytes:
        """The events that end an answer."""
        return self.ending_of(Plan(cut_pieces(CALM_TEXT), "stop", 3))

    @property
    def whole(self) -> bytes:
        """All events of a good answer."""
        return b"".join(self.pieces) + self.ending

    def ending_of(self, plan: Plan) -> bytes:
        """The events that end a given answer."""
        return self.server.ending(plan, chat=self.chat, request=self.exchange.recorded.json)

    def stream(self, body: bytes) -> None:
        """Send a whole streamed answer at once."""
        self.exchange.start(self.server.stream_type)
        self.exchange.chunk(body)
        self.exchange.end()

    async def begin(self) -> None:
        """Send the first two events of a good answer."""
        self.exchange.start(self.server.stream_type)
        for piece in self.pieces[:2]:
            self.exchange.chunk(piece)
            self.exchange.recorded.tokens_sent += 1
            await self.exchange.drain()

    async def hang(self) -> None:
        """Do nothing until the connection ends."""
        await asyncio.Event().wait()

    def refuse(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        """Send an error in the server's own form."""
        body = json.dumps(self.server.failure(status, message)).encode()
        self.exchange.reply(status, body, headers=headers)


Play = Callable[[Scene], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong. ``only`` names the stream type it can happen in; empty means any."""

    name: str
    expects: type[BackendError] | None
    play: Play
    only: str = ""

    async def happen(self, server: FakeBackend, exchange: Exchange) -> None:
        """Answer a request with this fault."""
        await self.play(Scene(server, exchange))


FAULTS: Final[dict[str, Fault]] = {}


def fault(expects: type[BackendError] | None, only: str = "") -> Callable[[Play], Play]:
    """Register a function as a fault of the same name."""

    def register(play: Play) -> Play:
        name = play.__name__.removeprefix("_")
        FAULTS[name] = Fault(name, expects, play, only)
        return play

    return register
