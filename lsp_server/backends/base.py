"""What every backend is: the errors it may raise and the one seam it is used through.

    BackendError
    ├── Unreachable            nothing answers there: refused, DNS, TLS, not an HTTP port
    ├── TimedOut               it answers too slowly: first token, next token, or the whole
    ├── AuthenticationFailed   no key, a wrong key, or a key without the right
    ├── ModelNotFound          it does not have that model
    ├── FillUnsupported        it cannot fill in the middle with that model
    ├── RateLimited            too many requests; ``retry_after_s`` says how long to stay away
    ├── Unavailable            overloaded or still loading: try later
    ├── BadRequest             it refused this request as wrong; sending it again will not help
    │   └── PromptTooLong      the prompt does not fit the model's context
    ├── BadResponse            what came back is not the protocol
    └── StreamBroken           the answer broke off in the middle

Callers catch at the height they need. Nothing else leaves a backend but ``asyncio.CancelledError``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from lsp_server.types import Chunk, CleanPrompt, Destination, ModelInfo


class BackendError(Exception):
    """A backend could not do its work.

    ``str(error)`` is one line for people: what happened, where, and what to do. It never holds a key or
    source text.
    """


class Unreachable(BackendError):
    """Nothing that speaks HTTP answers at the backend's address."""


class TimedOut(BackendError):
    """The backend answers too slowly."""


class AuthenticationFailed(BackendError):
    """The backend wants a key, or another one."""


class ModelNotFound(BackendError):
    """The backend does not have the model."""


class FillUnsupported(BackendError):
    """The backend's model is not known to fill in the middle."""


class RateLimited(BackendError):
    """The backend asks us to stay away for ``retry_after_s`` seconds."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Unavailable(BackendError):
    """The backend is overloaded or loading its model."""


class BadRequest(BackendError):
    """The backend refused the request as wrong."""


class PromptTooLong(BadRequest):
    """The prompt does not fit the model's context."""


class BadResponse(BackendError):
    """The backend's answer is not what its protocol says."""


class StreamBroken(BackendError):
    """The connection was lost in the middle of an answer."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a kind of backend can do.

    ``takes_parts``: prefix and suffix go apart, the server lays them out. ``takes_raw``: a prompt with
    control tokens is read as such. ``forces_start``: generation can be made to begin with a given text
    (``Prompt.forced``). ``max_stops``: the most stop texts one request may carry, None for no limit.

    ``concurrency``: how many streams to run at the same time where the settings name no number. It is 1 for
    engines on one machine (embedded, llama.cpp, Ollama): a second request would wait in their queue, where
    no newer one can overtake it, or share the processors and push the first one's prompt out of the cache.
    It is 4 for servers that batch (vLLM and the like) and for hosted ones: three candidates and one ahead.
    Hosted services refuse too many at a time, without saying how many that is.

    ``prefills``: ``prefill`` makes the engine read a prompt ahead. It does not where reading is paid for or
    takes from others (hosted services, servers that batch).
    """

    takes_parts: bool = False
    takes_raw: bool = True
    takes_chat: bool = True
    forces_start: bool = False
    max_stops: int | None = None
    concurrency: int = 1
    prefills: bool = False


class Backend(Protocol):
    """One configured model endpoint.

    ``stream`` opens a request; leaving the context closes its connection at once, whatever was read. It
    refuses (``ValueError``) a prompt that was cleared for another destination, as do ``prefill`` and
    ``count_tokens``. ``probe`` asks which model answers. All raise ``BackendError``; none retries.
    """

    @property
    def name(self) -> str:
        """The backend's name in the configuration."""
        ...

    @property
    def destination(self) -> Destination:
        """Where its prompts go."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What this kind of backend can do."""
        ...

    async def warm_up(self) -> None:
        """Import what is needed off the event loop, and start what must run. Safe to call again."""
        ...

    async def probe(self) -> ModelInfo:
        """Return what the backend tells about the model that will answer."""
        ...

    async def count_tokens(self, clean: CleanPrompt) -> int | None:
        """Return a prompt's exact length in tokens by the backend's own tokenizer; None where it has none."""
        ...

    def stream(self, clean: CleanPrompt) -> AbstractAsyncContextManager[AsyncIterator[Chunk]]:
        """Open a request and give its chunks as they arrive."""
        ...

    async def prefill(self, clean: CleanPrompt) -> None:
        """Return when the engine has read a prompt, so that ``stream`` for it answers sooner.

        Nothing that it may say is kept. Cancelling closes the connection. Where ``capabilities.prefills`` is
        False nothing is sent.
        """
        ...

    async def close(self) -> None:
        """Close connections and child processes. The backend is not used afterwards."""
        ...
