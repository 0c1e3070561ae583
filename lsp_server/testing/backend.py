"""A backend in memory, for tests of everything above the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from lsp_server.backends.base import BackendError, Capabilities
from lsp_server.schedule.clock import Clock
from lsp_server.types import Chunk, CleanPrompt, Destination, Finish, ModelInfo, Usage


@dataclass(slots=True)
class ScriptedBackend:
    """Answers from ``answer``, ``piece`` code points at a time, and notes what it saw.

    ``errors`` are raised by the next requests, in order. ``closed`` counts streams that were left before
    their end; ``open`` those that run.
    """

    clock: Clock
    answer: Callable[[CleanPrompt], str] = lambda _: "done"
    name: str = "scripted"
    remote: bool = False
    model: str = "qwen2.5-coder:0.5b"
    first_token_ms: float = 0.0
    token_ms: float = 0.0
    piece: int = 4
    finish: Finish = Finish.STOP
    capabilities: Capabilities = field(default_factory=Capabilities)
    errors: list[BackendError] = field(default_factory=list)
    prompts: list[CleanPrompt] = field(default_factory=list)
    pieces_sent: int = 0
    open: int = 0
    closed: int = 0
    probes: int = 0

    @property
    def destination(self) -> Destination:
        """Loopback, or a host of its own when it plays a remote one."""
        origin = f"https://{self.name}.example" if self.remote else "http://127.0.0.1:1"
        return Destination(self.name, origin, self.remote)

    async def warm_up(self) -> None:
        """Nothing to warm up."""

    async def probe(self) -> ModelInfo:
        """The scripted model; the next of ``errors`` if there is one."""
        self.probes += 1
        self._fail()
        return ModelInfo(self.model, context_tokens=8192, capabilities=frozenset({"insert"}))

    async def count_tokens(self, clean: CleanPrompt) -> int | None:
        """It has no tokenizer."""
        del clean
        return None

    @asynccontextmanager
    async def stream(self, clean: CleanPrompt) -> AsyncIterator[AsyncIterator[Chunk]]:
        """Give the answer piece by piece."""
        if clean.destination != self.destination:
            raise ValueError("the prompt was cleared for another destination")
        self.prompts.append(clean)
        self.open += 1
        finished = False

        async def chunks() -> AsyncIterator[Chunk]:
            nonlocal finished
            await self.clock.sleep_ms(self.first_token_ms)
            self._fail()
            text = clean.prompt.forced + self.answer(clean)
            for piece in _pieces(text, self.piece):
                self.pieces_sent += 1
                yield Chunk(piece)
                await self.clock.sleep_ms(self.token_ms)
            finished = True
            yield Chunk("", self.finish, Usage(len(clean.prompt.prefix) // 4, 0, len(text) // 4))

        source = chunks()
        try:
            yield source
        finally:
            self.open -= 1
            self.closed += not finished
            await source.aclose()  # type: ignore[attr-defined]  # an async generator, declared as its protocol

    async def close(self) -> None:
        """Nothing to close."""

    def _fail(self) -> None:
        if self.errors:
            raise self.errors.pop(0)


def _pieces(text: str, size: int) -> Sequence[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]
