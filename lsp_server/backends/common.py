"""What the backends share: who they are, which prompts they take, and how an answer becomes chunks."""

from __future__ import annotations

import asyncio
import math
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, Required, TypedDict, TypeVar, Unpack

from pydantic import SecretStr

from lsp_server.backends.address import Endpoint, Hints
from lsp_server.backends.base import BackendError, BadResponse, Capabilities, StreamBroken
from lsp_server.backends.decoders import well_formed
from lsp_server.backends.exceptions import from_exception
from lsp_server.backends.limits import DEFAULT_DEADLINES, DRAIN_S, TAIL_S, Deadlines
from lsp_server.config.settings import BackendSettings
from lsp_server.types import (
    Chunk,
    CleanPrompt,
    Destination,
    Finish,
    ModelInfo,
    Prompt,
    PromptForm,
    Usage,
)

EventT = TypeVar("EventT")

SPARE_PIECES: Final = 64
"""How many pieces an answer may have beyond twice the tokens asked for. Servers send one or less a token; one
that sends without end is cut off here."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request asks of a server, in text that can be sent. ``tokens`` estimates the prompt's length."""

    form: PromptForm
    text: str
    suffix: str
    system: str
    forced: str
    stop: tuple[str, ...]
    max_tokens: int
    temperature: float
    tokens: int


class Options(TypedDict, total=False):
    """What a backend is told beside its settings (see ``create.create_backend``).

    ``deadlines`` are ``DEFAULT_DEADLINES`` where none are given. ``suitable`` is for servers with several
    models.
    """

    key: Required[SecretStr | None]
    session: Required[str]
    remote: Required[bool]
    deadlines: Deadlines
    suitable: Callable[[ModelInfo], bool]


class HttpBackend(ABC):
    """A backend behind an HTTP address. Raises ``ValueError`` for a URL that cannot be one."""

    capabilities = Capabilities()
    prefill_tokens = 0
    """The fewest tokens to ask for with which the server reads a prompt and then stops."""

    def __init__(self, settings: BackendSettings, **options: Unpack[Options]) -> None:
        self._settings = settings
        self._session = options["session"]
        self._deadlines = options.get("deadlines", DEFAULT_DEADLINES)
        self._suitable = options.get("suitable")
        self._endpoint = Endpoint(settings.name, settings.address, options["key"], self._hints())
        self._destination = Destination(settings.name, self._endpoint.origin, options["remote"])
        self._model = settings.model

    @property
    def name(self) -> str:
        """The backend's name in the configuration."""
        return self._settings.name

    @property
    def destination(self) -> Destination:
        """Where its prompts go."""
        return self._destination

    def _hints(self) -> Hints:
        """Return what people can do about faults of this kind of backend."""
        return Hints()

    async def count_tokens(self, clean: CleanPrompt) -> int | None:  # noqa: ARG002 - others can count
        """Return None: this kind of backend tells no token counts beforehand."""
        return None

    @asynccontextmanager
    async def stream(self, clean: CleanPrompt) -> AsyncIterator[AsyncIterator[Chunk]]:
        """Open a request and give its chunks as they arrive."""
        async with self._ask(self._wanted(clean)) as chunks:
            yield chunks

    async def prefill(self, clean: CleanPrompt) -> None:
        """Return when the engine has read a prompt; at once where it does not read ahead."""
        wanted = self._wanted(clean)
        if not self.capabilities.prefills:
            return
        # The prompt's text is that of the request to come. What the answer is forced to begin with is no
        # part of it, and would only hold up an answer that nobody reads.
        async with self._ask(replace(wanted, max_tokens=self.prefill_tokens, forced="", stop=())) as chunks:
            async for _ in chunks:
                pass

    @abstractmethod
    def _ask(self, wanted: Wanted) -> AbstractAsyncContextManager[AsyncIterator[Chunk]]:
        """Open a request and give its chunks as they arrive."""

    def _wanted(self, clean: CleanPrompt) -> Wanted:
        """Return what to send for a prompt. Raises ``ValueError`` if it is not for this backend."""
        prompt = clean.prompt
        if clean.destination != self.destination:
            raise ValueError(f"a prompt cleared for {clean.destination.backend} came to {self.name}")
        form = prompt.template.form
        can = self.capabilities
        takes = {
            PromptForm.RAW: can.takes_raw,
            PromptForm.PARTS: can.takes_parts,
            PromptForm.CHAT: can.takes_chat,
        }
        if not takes[form]:
            raise ValueError(f"{self.name} takes no prompts of the form {form}")
        return Wanted(
            form=form,
            text=well_formed(prompt.text),
            suffix=well_formed(prompt.suffix),
            system=well_formed(prompt.template.system),
            forced=well_formed(prompt.forced),
            stop=tuple(well_formed(stop) for stop in self._stops(prompt)),
            max_tokens=prompt.max_tokens,
            temperature=prompt.temperature,
            tokens=prompt.tokens,
        )

    def _stops(self, prompt: Prompt) -> tuple[str, ...]:
        return tuple(stop for stop in prompt.stop if stop)[: self.capabilities.max_stops]


class ChunkStream(Generic[EventT]):
    """The chunks of one answer: every piece of text at once, and a last chunk with finish and usage.

    ``parse`` turns a server's event into a chunk, whose ``finish`` and ``usage`` are kept for the last one,
    and whose ``logprob`` goes with its text; that of an event without text counts for the next piece. After a
    finish, whatever follows can no longer spoil the answer. ``limit`` is the most pieces of text; then the
    answer ends with ``Finish.LENGTH``. Only one task at a time may iterate.
    """

    def __init__(
        self, endpoint: Endpoint, events: AsyncIterator[EventT], parse: Callable[[EventT], Chunk], limit: int
    ) -> None:
        self._endpoint = endpoint
        self._events = events
        self._parse = parse
        self._left = limit
        self._held = ""
        self._finish: Finish | None = None
        self._usage: Usage | None = None
        self._logprob: float | None = None
        self._ended = False

    def __aiter__(self) -> AsyncIterator[Chunk]:
        return self

    async def __anext__(self) -> Chunk:
        if self._ended:
            raise StopAsyncIteration
        while (chunk := await self._next()) is not None:
            self._finish = chunk.finish or self._finish
            self._usage = chunk.usage or self._usage
            if chunk.logprob is not None:
                self._logprob = (self._logprob or 0.0) + chunk.logprob
            text = self._joined(chunk.text)
            if text:
                self._left -= 1
                logprob, self._logprob = self._logprob, None
                return Chunk(text, logprob=logprob)
        self._ended = True
        return Chunk(well_formed(self._held), self._finish, self._usage, self._logprob)

    async def _next(self) -> Chunk | None:
        """Return the next event as a chunk, or None when the answer is complete."""
        if self._left <= 0:
            self._finish = self._finish or Finish.LENGTH
            return None
        try:
            async with asyncio.timeout(self._patience_s()):
                return self._parse(await anext(self._events))
        except StopAsyncIteration:
            if self._finish is None:
                if not getattr(self._events, "done", False):
                    raise StreamBroken(self._endpoint.says("its answer breaks off in the middle")) from None
                self._finish = Finish.STOP
            return None
        except Exception as error:
            if self._finish is not None:
                return None
            if isinstance(error, BackendError):
                raise
            raise from_exception(self._endpoint, error, answered=True) from error

    def _patience_s(self) -> float | None:
        """Return how long to wait for another event: the client's own deadlines, until nothing is missing."""
        if self._finish is None:
            return None
        return DRAIN_S if self._usage else TAIL_S

    def _joined(self, text: str) -> str:
        """Return text that can stand alone: half of a surrogate pair waits for the other half."""
        text = self._held + text
        self._held = ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            text, self._held = text[:-1], text[-1]
        return well_formed(text)


def piece_limit(max_tokens: int) -> int:
    """Return the most pieces of text that an answer of so many tokens may come in."""
    return 2 * max_tokens + SPARE_PIECES


def count(value: Any) -> int | None:
    """Return a token count from JSON, or None for anything that is not one."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def logprob_sum(values: Iterable[Any]) -> float | None:
    """Return the sum of log-probabilities from JSON, at most 0; None for none, or where one is no number."""
    total = None
    for value in values:
        if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
            return None
        total = (total or 0.0) + min(0.0, value)
    return total


def text_of(value: Any, endpoint: Endpoint) -> str:
    """Return a piece of text from JSON, empty for null. Raises ``BadResponse`` for another kind of value."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadResponse(endpoint.says("its answer holds something else where text is due"))
    return value


def field(value: Any, *names: str | int) -> Any:
    """Return what lies at a path of names and indexes in JSON, or None where the path ends early."""
    for name in names:
        if isinstance(name, str) and isinstance(value, Mapping):
            value = value.get(name)
        elif isinstance(name, int) and isinstance(value, list) and len(value) > name:
            value = value[name]
        else:
            return None
    return value
