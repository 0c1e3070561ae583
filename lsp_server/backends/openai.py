"""Servers that speak the OpenAI completions protocol: vLLM, SGLang, LM Studio and others.

The prompt goes out laid out for the model's family: vLLM refuses ``suffix``, llama.cpp ignores it.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final, Unpack

from lsp_server.backends.address import Endpoint, Hints
from lsp_server.backends.base import BackendError, Capabilities, ModelNotFound, Unavailable
from lsp_server.backends.common import (
    ChunkStream,
    HttpBackend,
    Options,
    Wanted,
    count,
    field,
    logprob_sum,
    piece_limit,
    text_of,
)
from lsp_server.backends.http import HttpClient
from lsp_server.backends.optional import OptionalFields
from lsp_server.config.settings import BackendSettings
from lsp_server.types import Chunk, Finish, ModelInfo, PromptForm, Usage

MAX_STOPS: Final = 4
"""The most stop texts that the OpenAI protocol allows in one request."""

MAX_NAMED_MODELS: Final = 3
"""How many of a server's models a message names."""

LIKELIEST: Final = 1
"""How many of the likeliest tokens are told beside each token's own probability. 0 would do for vLLM; 1 is a
number that no server takes for no wish at all."""

_LENGTHS: Final = frozenset({"length", "model_length", "max_tokens"})
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9-]+")


class OpenAIBackend(HttpBackend):
    """A server with ``/completions``; ``address`` ends in ``/v1``, as that protocol's addresses do.

    ``suitable`` chooses among its models where the settings name none; without it the first one is taken.
    """

    capabilities = Capabilities(max_stops=MAX_STOPS, concurrency=4)

    def __init__(self, settings: BackendSettings, **options: Unpack[Options]) -> None:
        super().__init__(settings, **options)
        header = settings.session_header
        if header and not _HEADER_NAME.fullmatch(header):
            raise ValueError(f"{settings.name}: session_header is not the name of an HTTP header")
        self._headers = {header: self._session} if header else {}
        self._optional = OptionalFields(stream_options={"include_usage": True}, logprobs=LIKELIEST)
        self._http = HttpClient(self._endpoint, self._deadlines)

    def _hints(self) -> Hints:
        return Hints(unreachable="check that it is running and that its url ends in /v1")

    async def warm_up(self) -> None:
        """Import the HTTP library."""
        await self._http.warm_up()

    async def probe(self) -> ModelInfo:
        """Return the configured model, or the first suitable one listed, with vLLM's ``max_model_len``."""
        models = field(await self._http.call("GET", "/models"), "data")
        by_name = {name: model for model in models or () if (name := field(model, "id"))}
        suitable = (name for name in by_name if self._suitable is None or self._suitable(ModelInfo(name)))
        wanted = self._settings.model or next(suitable, next(iter(by_name), ""))
        if wanted not in by_name:
            raise ModelNotFound(self._missing(list(by_name)))
        self._model = wanted
        return ModelInfo(wanted, context_tokens=count(field(by_name[wanted], "max_model_len")))

    def _missing(self, names: list[str]) -> str:
        if not names:
            return self._endpoint.says("it serves no model", "load one")
        shown = ", ".join(names[:MAX_NAMED_MODELS]) + (", ..." if len(names) > MAX_NAMED_MODELS else "")
        return self._endpoint.says(f"it has no model {self._settings.model}", f"set model to one of: {shown}")

    @asynccontextmanager
    async def _ask(self, wanted: Wanted) -> AsyncIterator[AsyncIterator[Chunk]]:
        if not self._model:
            await self.probe()
        path, parse, optional = "/completions", completion_chunk, ["stream_options", "logprobs"]
        if wanted.form is PromptForm.CHAT:
            path, parse, optional = "/chat/completions", chat_chunk, ["stream_options"]
        body = request_body(wanted, self._model)
        async with AsyncExitStack() as stack:
            events = await self._optional.enter(
                stack, lambda fields: self._http.events(path, body | fields, self._headers), *optional
            )
            limit = piece_limit(wanted.max_tokens)
            try:
                yield ChunkStream(self._endpoint, events, lambda event: parse(event, self._endpoint), limit)
            except BackendError as error:
                self._optional.refused(error)  # It is too late for this answer, but not for the next.
                raise

    async def close(self) -> None:
        """Close connections."""
        await self._http.close()


def request_body(wanted: Wanted, model: str) -> dict[str, Any]:
    """Return the request's body, without optional fields."""
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": wanted.max_tokens,
        "temperature": wanted.temperature,
        "stream": True,
    }
    if wanted.form is PromptForm.CHAT:
        body["messages"] = messages(wanted)
    else:
        body["prompt"] = wanted.text
    if wanted.stop:
        body["stop"] = list(wanted.stop)
    return body


def messages(wanted: Wanted) -> list[dict[str, str]]:
    """Return a chat prompt as messages."""
    system = [{"role": "system", "content": wanted.system}] if wanted.system else []
    return [*system, {"role": "user", "content": wanted.text}]


def completion_chunk(event: dict[str, Any], endpoint: Endpoint) -> Chunk:
    """Return an event of ``/completions`` as a chunk."""
    text = text_of(field(event, "choices", 0, "text"), endpoint)
    told = field(event, "choices", 0, "logprobs", "token_logprobs")
    logprob = logprob_sum(told) if isinstance(told, list) else None
    return Chunk(text, _finish(event, endpoint), _usage(event), logprob)


def chat_chunk(event: dict[str, Any], endpoint: Endpoint) -> Chunk:
    """Return an event of ``/chat/completions`` as a chunk."""
    text = text_of(field(event, "choices", 0, "delta", "content"), endpoint)
    return Chunk(text, _finish(event, endpoint), _usage(event))


def _finish(event: dict[str, Any], endpoint: Endpoint) -> Finish | None:
    return finish_of(field(event, "choices", 0, "finish_reason"), endpoint)


def finish_of(reason: Any, endpoint: Endpoint) -> Finish | None:
    """Return what a finish reason means. Raises ``Unavailable`` for ``error``."""
    if not reason:
        return None
    if reason == "error":
        raise Unavailable(endpoint.says("it gave up in the middle of its answer", "see its log"))
    return Finish.LENGTH if reason in _LENGTHS else Finish.STOP


def _usage(event: dict[str, Any]) -> Usage | None:
    usage = event.get("usage")
    if not isinstance(usage, dict):
        return None
    return Usage(
        prompt_tokens=count(usage.get("prompt_tokens")),
        cached_tokens=count(field(usage, "prompt_tokens_details", "cached_tokens")),
        completion_tokens=count(usage.get("completion_tokens")),
    )
