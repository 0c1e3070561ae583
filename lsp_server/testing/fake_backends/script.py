"""What the fakes share: a scripted model, and its answer in pieces."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from lsp_server.testing.fake_backends.server import WAIT_S, Exchange, FakeServer, Handler, Recorded

if TYPE_CHECKING:
    from lsp_server.testing.fake_backends.faults import Fault

CHARS_PER_TOKEN: Final = 4
"""The fakes' tokenizer: so many characters are one token of a prompt, the usual rule of thumb for English."""

LOGPROB: Final = -0.05
"""How likely the fakes' models find each of their pieces, as a natural logarithm: rather likely."""

_PIECES: Final = re.compile(r"\n[ \t]*|^[ \t]{2,}|[ \t]+(?= \S)| ?\w+| ?[^\w\s]|\s")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a completion request asks for. ``prompt`` is a chat's last user text there."""

    prompt: str
    suffix: str = ""
    max_tokens: int = 128
    stop: tuple[str, ...] = ()
    forced: str = ""
    chat: bool = False
    request: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """An answer: its pieces, one a token, how it ends (``stop`` or ``length``), and its token counts."""

    pieces: tuple[str, ...]
    finish: str
    prompt_tokens: int
    cached_tokens: int = 0


AnswerText = str | Sequence[str]
"""A text, which is cut into pieces like words, or the pieces themselves."""

Script = AnswerText | Callable[[Asked], AnswerText]


class Refused(Exception):
    """A request that the real server refuses, with the status and body it does that with."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(f"status {status}")
        self.status = status
        self.body = body


def token_count(text: str) -> int:
    """Return a text's length in the fakes' tokens."""
    return -(-len(text) // CHARS_PER_TOKEN)


def cut_pieces(text: str) -> tuple[str, ...]:
    """Return a text in pieces about as long as a model's tokens. Joined, they are the text."""
    return tuple(_PIECES.findall(text))


def plan_answer(script: Script, asked: Asked, prompt_tokens: int, cached_tokens: int = 0) -> Plan:
    """Return the answer that a script gives: forced start first, cut at a stop text or the token limit."""
    scripted = script(asked) if callable(script) else script
    text = scripted if isinstance(scripted, str) else "".join(scripted)
    found = [at for stop in asked.stop if (at := text.find(stop)) >= 0]
    pieces = cut_pieces(scripted) if isinstance(scripted, str) else tuple(scripted)
    if found:
        pieces = cut_pieces(text[: min(found)])
    pieces = cut_pieces(asked.forced) + pieces
    finish = "length" if len(pieces) > asked.max_tokens else "stop"
    return Plan(pieces[: asked.max_tokens], finish, prompt_tokens, cached_tokens)


class FakeBackend(FakeServer):
    """A fake of one server's wire format. All attributes may be changed between requests.

    ``answer`` is what the model says. ``first_token_s`` passes before the first piece and ``token_s`` before
    each further one, in seconds. ``fault`` happens to every completion; a list of faults and None happens to
    one completion after the other, and the last one to all that follow. ``key`` is demanded when set.
    ``logprob`` gives the natural logarithm of a piece's probability; a server tells it when asked to.
    """

    stream_type: str
    """The media type of streamed answers."""

    def __init__(
        self,
        answer: Script = "",
        *,
        first_token_s: float = 0.0,
        token_s: float = 0.0,
        fault: Fault | Sequence[Fault | None] | None = None,
        key: str | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(tls)
        self.answer = answer
        self.first_token_s = first_token_s
        self.token_s = token_s
        self.fault = fault
        self.key = key
        self.logprob: Callable[[str], float] = lambda _piece: LOGPROB

    @property
    def url(self) -> str:
        """The address as the setting ``url`` spells it."""
        return self.origin

    @property
    def completions(self) -> list[Recorded]:
        """The recorded requests that ask for a completion or a chat."""
        return [recorded for recorded in self.requests if self.is_completion(recorded)]

    async def completed(self, count: int, timeout_s: float = WAIT_S) -> None:
        """Return when so many completions have been asked for. Raises ``TimeoutError``."""
        await self.until(lambda: len(self.completions) >= count, timeout_s)

    async def closed(self, index: int = -1, timeout_s: float = WAIT_S) -> Recorded:
        """Return the completion at ``index`` once its connection has ended. Raises ``TimeoutError``."""
        await self.until(lambda: self._at(index) is not None, timeout_s)
        recorded = self.completions[index]
        await self.until(lambda: recorded.closed_s is not None, timeout_s)
        return recorded

    def _at(self, index: int) -> Recorded | None:
        completions = self.completions
        return completions[index] if -len(completions) <= index < len(completions) else None

    async def answer_request(self, exchange: Exchange) -> None:
        """Answer a request by its path, or let a fault happen to it."""
        recorded = exchange.recorded
        fault = self._fault_of(recorded)
        if fault is not None:
            await fault.happen(self, exchange)
            return
        handler = self.routes().get((recorded.method, recorded.path.partition("?")[0]))
        try:
            self.check_key(recorded)
            await (handler or self._unknown)(exchange)
        except Refused as refused:
            exchange.reply(refused.status, json.dumps(refused.body).encode())

    def _fault_of(self, recorded: Recorded) -> Fault | None:
        if not self.is_completion(recorded) or self.fault is None:
            return None
        if not isinstance(self.fault, Sequence):
            return self.fault
        index = self.completions.index(recorded)
        return self.fault[min(index, len(self.fault) - 1)]

    async def _unknown(self, exchange: Exchange) -> None:
        raise Refused(404, self.failure(404, f"{exchange.recorded.path} not found"))

    def check_key(self, recorded: Recorded) -> None:
        """Refuse a request without the key, if one is demanded."""
        if self.key is not None and recorded.headers.get("authorization") != f"Bearer {self.key}":
            raise Refused(401, self.failure(401, "Unauthorized"))

    async def stream_plan(self, exchange: Exchange, plan: Plan, *, chat: bool) -> None:
        """Stream an answer at the scripted pace."""
        loop = asyncio.get_running_loop()
        due_s = loop.time() + self.first_token_s
        if self.first_token_s:
            await asyncio.sleep(self.first_token_s)
        self.start_stream(exchange)
        for number, piece in enumerate(plan.pieces):
            if number and self.token_s:
                due_s += self.token_s
                await asyncio.sleep(max(0.0, due_s - loop.time()))
            self.send_piece(exchange, piece, chat=chat)
            await exchange.drain()
        exchange.chunk(self.ending(plan, chat=chat, request=exchange.recorded.json))
        self.end_stream(exchange)

    def start_stream(self, exchange: Exchange) -> None:
        """Send the head of a streamed answer."""
        exchange.start(self.stream_type)

    def end_stream(self, exchange: Exchange) -> None:
        """End a streamed answer."""
        exchange.end()

    def send_piece(self, exchange: Exchange, piece: str, *, chat: bool) -> None:
        """Send one piece of the answer."""
        recorded = exchange.recorded
        if recorded.first_token_s is None:
            recorded.first_token_s = asyncio.get_running_loop().time()
        logprob = self.logprob(piece) if self.tells_logprobs(recorded.json, chat=chat) else None
        exchange.chunk(self.piece(piece, chat=chat, logprob=logprob))
        recorded.tokens_sent += 1
        self.changed()

    def tells_logprobs(self, request: dict[str, Any], *, chat: bool) -> bool:  # noqa: ARG002 - others do
        """Whether the answer to a request tells its tokens' log-probabilities."""
        return False

    @abstractmethod
    def routes(self) -> dict[tuple[str, str], Handler]:
        """The handlers by method and path."""

    @abstractmethod
    def is_completion(self, recorded: Recorded) -> bool:
        """Whether a request asks the model for text."""

    @abstractmethod
    def event(self, content: dict[str, Any]) -> bytes:
        """One event of a stream, with its ending."""

    @abstractmethod
    def piece(self, text: Any, *, chat: bool, logprob: float | None = None) -> bytes:
        """The event of one piece of text, with its log-probability if one is told."""

    @abstractmethod
    def ending(self, plan: Plan, *, chat: bool, request: dict[str, Any]) -> bytes:
        """The events that end an answer."""

    @abstractmethod
    def failure(self, status: int, message: str) -> dict[str, Any]:
        """The body of an error."""


def sse(content: dict[str, Any]) -> bytes:
    """Return a server-sent event; characters beyond ASCII stay as they are, which JSON allows."""
    return b"data: " + json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n\n"


def as_list(value: Any) -> tuple[str, ...]:
    """Return stop texts, which may be one text, as a tuple."""
    return (value,) if isinstance(value, str) else tuple(value or ())


def names(text: str) -> frozenset[str]:
    """Return the words of a text, for lists of field names."""
    return frozenset(text.split())


def require_known(fields: dict[str, Any], known: frozenset[str]) -> list[str]:
    """Return the names of fields that are not known, sorted."""
    return sorted(set(fields) - known)
