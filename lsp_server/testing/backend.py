"""A backend in memory, for tests of everything above the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from lsp_server.backends.base import BackendError, Capabilities
from lsp_server.schedule.clock import Clock
from lsp_server.types import Chunk, CleanPrompt, Destination, Finish, ModelInfo, Usage


@dataclass(slots=True)
class ScriptedBackend:
    """Answers from ``answer``, ``piece`` code points at a time, and notes what it saw.

    ``answer`` is called for each stream; it finds the temperature in the prompt, for another answer where
    that is above 0. ``logprob`` is told of each of its pieces. ``errors`` are raised by the next requests, in
    order. ``closed`` counts streams that were left before their end; ``open`` the streams and prefills that
    run, which are never more than ``capabilities.concurrency``: one more raises ``AssertionError``.
    ``prefilled`` are the prompts that were read ahead to their end, each in ``prefill_ms`` milliseconds, if
    ``capabilities.prefills``.
    """

    clock: Clock
    answer: Callable[[CleanPrompt], str] = lambda _: "done"
    name: str = "scripted"
    remote: bool = False
    model: str = "qwen2.5-coder:0.5b"
    first_token_ms: float = 0.0
    token_ms: float = 0.0
    prefill_ms: float = 0.0
    piece: int = 4
    logprob: float | None = None
    finish: Finish = Finish.STOP
    capabilities: Capabilities = field(default_factory=Capabilities)
    errors: list[BackendError] = field(default_factory=list)
    prompts: list[CleanPrompt] = field(default_factory=list)
    prefilled: list[CleanPrompt] = field(default_factory=list)
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
        self._check(clean)
        finished = False

        async def chunks() -> AsyncIterator[Chunk]:
            nonlocal finished
            await self.clock.sleep_ms(self.first_token_ms)
            self._fail()
            text = clean.prompt.forced + self.answer(clean)
            for piece in _pieces(text, self.piece):
                self.pieces_sent += 1
                yield Chunk(piece, logprob=self.logprob)
                await self.clock.sleep_ms(self.token_ms)
            finished = True
            yield Chunk("", self.finish, Usage(len(clean.prompt.prefix) // 4, 0, len(text) // 4))

        with self._running():
            self.prompts.append(clean)
            source = chunks()
            try:
                yield source
            finally:
                self.closed += not finished
                await source.aclose()  # type: ignore[attr-defined]  # a generator, declared as its protocol

    async def prefill(self, clean: CleanPrompt) -> None:
        """Take note of the prompt once it is read; nothing if it does not read ahead."""
        self._check(clean)
        if not self.capabilities.prefills:
            return
        with self._running():
            await self.clock.sleep_ms(self.prefill_ms)
            self._fail()
            self.prefilled.append(clean)

    async def close(self) -> None:
        """Nothing to close."""

    def _check(self, clean: CleanPrompt) -> None:
        if clean.destination != self.destination:
            raise ValueError("the prompt was cleared for another destination")

    @contextmanager
    def _running(self) -> Iterator[None]:
        limit = self.capabilities.concurrency
        if self.open >= limit:
            raise AssertionError(f"{self.name}: one request more than the {limit} it takes at the same time")
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1

    def _fail(self) -> None:
        if self.errors:
            raise self.errors.pop(0)


def _pieces(text: str, size: int) -> Sequence[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]
