"""Ollama through its own client, which is given a guarded transport.

The client's reader of streams fails on U+0085 and U+2028 in an answer, and its generator keeps the connection
open when it is left: ``SdkTransport`` and ``SdkStreams`` answer for both. The key that it would take
from the environment (``OLLAMA_API_KEY``, for whatever host) never passes the guard.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Unpack

from lsp_server.backends.address import Endpoint, Hints
from lsp_server.backends.base import (
    BackendError,
    BadResponse,
    Capabilities,
    FillUnsupported,
    ModelNotFound,
    PromptTooLong,
)
from lsp_server.backends.common import (
    ChunkStream,
    HttpBackend,
    Options,
    Wanted,
    count,
    logprob_sum,
    piece_limit,
    text_of,
)
from lsp_server.backends.events import SdkStreams, SdkTransport
from lsp_server.backends.exceptions import from_exception
from lsp_server.backends.guard import Guard
from lsp_server.backends.http import Lazy
from lsp_server.backends.limits import Deadlines
from lsp_server.backends.openai import finish_of, messages
from lsp_server.config.settings import BackendSettings
from lsp_server.types import Chunk, ModelInfo, PromptForm, Usage

if TYPE_CHECKING:
    import ollama

DEFAULT_CONTEXT_TOKENS: Final = 8192
"""The context that is asked for where the settings name none: room for the prompt budget of 2048 tokens
several times over, at a cost in memory that a laptop bears. By its own default, 4096 or more by graphics
memory, Ollama would cut a longer prompt in the middle without a word."""

BATCH_TOKENS: Final = 128
"""Ollama looks for a closed connection only between batches: with 512 tokens a cancelled prompt costs a CPU
1.8 s more, with 128 under 1 s. Smaller ones read long prompts more slowly."""

LOADED_FOR_S: Final = 240.0
"""How long after an answer the model is taken to be loaded still, in seconds: less than the five minutes that
Ollama keeps a model by default."""

MAX_SHOWN_MODELS: Final = 30
"""How many models are looked at to find one that fills in the middle."""

_EMPTY: Final = "\n"
"""Sent for an empty text: with an empty prompt Ollama loads the model and answers nothing, and with an empty
suffix it takes the prompt for a chat."""

SUGGESTED_MODEL: Final = "qwen2.5-coder:1.5b-base"


class OllamaBackend(HttpBackend):
    """An Ollama server. ``suitable`` tells whether a model without Ollama's ``insert`` can fill all the same.

    The request is sent, and the first piece of the answer awaited, when the context of ``stream`` is entered.
    """

    capabilities = Capabilities(prefills=True)
    prefill_tokens = 1
    """Ollama's own runners take 0 for no limit at all; only those that are llama.cpp's server take it as
    none."""

    def __init__(self, settings: BackendSettings, **options: Unpack[Options]) -> None:
        super().__init__(settings, **options)
        self.capabilities = replace(self.capabilities, takes_parts=settings.use_suffix)
        self._num_ctx = settings.context_tokens or DEFAULT_CONTEXT_TOKENS
        self._info: ModelInfo | None = None
        self._answered_s: float | None = None
        self._loading: asyncio.Task[None] | None = None
        deadlines = self._deadlines
        patient = replace(deadlines, first_byte_s=deadlines.load_s, total_s=deadlines.load_s)
        self._client = Lazy(lambda: _client(self._endpoint, deadlines), _close)
        self._loader = Lazy(lambda: _client(self._endpoint, patient), _close)

    def _hints(self) -> Hints:
        return Hints(
            unreachable="start Ollama (ollama serve), or check its url",
            missing_model=f"run: ollama pull {self._settings.model or SUGGESTED_MODEL}",
        )

    async def warm_up(self) -> None:
        """Import the client."""
        await self._client.get()

    async def probe(self) -> ModelInfo:
        """Return the configured model, or the first one that fills in the middle.

        ``context_tokens`` is the context that requests ask for, which may be less than the model's own.
        """
        client = await self._client.get()
        try:
            listed = (await client.list()).models
            sizes = {model.model or "": model.size for model in listed}
            name = self._settings.model
            info = await _show(client, name) if name else await self._first_suitable(client, list(sizes))
        except Exception as error:
            raise _known(self._endpoint, error) from error
        self._num_ctx = min(self._num_ctx, info.context_tokens or self._num_ctx)
        size = sizes.get(info.name) or sizes.get(f"{info.name}:latest")
        self._info = replace(info, context_tokens=self._num_ctx, size_bytes=size)
        return self._info

    async def _first_suitable(self, client: ollama.AsyncClient, names: list[str]) -> ModelInfo:
        if not names:
            raise ModelNotFound(self._endpoint.says("it has no model", self._endpoint.hints.missing_model))
        others = []
        for name in names[:MAX_SHOWN_MODELS]:
            info = await _show(client, name)
            if "insert" in info.capabilities:
                return info
            others.append(info)
        for info in others:
            if self._suitable and self._suitable(info):
                return info
        what = f"none of its {len(names)} models is known to fill in the middle"
        raise FillUnsupported(self._endpoint.says(what, self._endpoint.hints.missing_model))

    @asynccontextmanager
    async def _ask(self, wanted: Wanted) -> AsyncIterator[AsyncIterator[Chunk]]:
        info = self._info or await self.probe()
        if wanted.tokens + wanted.max_tokens > self._num_ctx:
            what = f"prompt and completion exceed its context of {self._num_ctx} tokens"
            raise PromptTooLong(
                self._endpoint.says(what, "lower context.budget_tokens or set context_tokens")
            )
        await self._loaded(info.name)
        client = await self._client.get()
        async with SdkStreams() as streams:
            first, rest = await self._open(client, info.name, wanted)
            parts = _joined(first, rest)
            try:
                yield ChunkStream(self._endpoint, parts, self._chunk, piece_limit(wanted.max_tokens))
            finally:
                await streams.aclose()
                with suppress(RuntimeError):  # Another task still reads it.
                    await parts.aclose()
                    await rest.aclose()

    async def close(self) -> None:
        """Close connections, and give up loading."""
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.wait({self._loading})
        await self._client.close()
        await self._loader.close()

    async def _open(self, client: ollama.AsyncClient, model: str, wanted: Wanted) -> tuple[Any, Any]:
        """Return the first part of the answer and the generator of the others."""
        common: dict[str, Any] = {
            "stream": True,
            "keep_alive": self._keep_alive,
            "options": self._options
            | {
                "num_predict": wanted.max_tokens,
                "temperature": wanted.temperature,
                "stop": list(wanted.stop),
            },
        }
        try:
            if wanted.form is PromptForm.CHAT:
                think = False if self._info and "thinking" in self._info.capabilities else None
                parts: Any = await client.chat(model, messages(wanted), think=think, **common)
            elif wanted.form is PromptForm.PARTS:
                prompt, suffix = wanted.text or _EMPTY, wanted.suffix or _EMPTY
                parts = await client.generate(model, prompt, suffix, logprobs=True, **common)
            else:
                parts = await client.generate(model, wanted.text or _EMPTY, raw=True, logprobs=True, **common)
            return await anext(parts, None), parts
        except ModelNotFound:
            self._info = None  # It has been removed: another may suit.
            raise
        except Exception as error:
            self._answered_s = None  # It may have been started anew, and be without its model now.
            raise _known(self._endpoint, error) from error

    async def _loaded(self, model: str) -> None:
        """Return when the model is loaded.

        Ollama gives up loading when the client that asked goes away. Typing cancels requests, so a model that
        takes longer to load than the pause between two keys would never be there: loading has a request of
        its own, which goes on when the completion that began it is cancelled.
        """
        now_s = asyncio.get_running_loop().time()
        if self._keep_alive == 0 or (
            self._answered_s is not None and now_s - self._answered_s < LOADED_FOR_S
        ):
            return
        if self._loading is None or self._loading.done():
            self._loading = asyncio.create_task(self._load(model))
            self._loading.add_done_callback(lambda task: task.cancelled() or task.exception())
        await asyncio.shield(self._loading)

    async def _load(self, model: str) -> None:
        loader = await self._loader.get()
        try:
            await loader.generate(model, "", options=self._options, keep_alive=self._keep_alive)
        except Exception as error:
            raise _known(self._endpoint, error) from error
        self._answered_s = asyncio.get_running_loop().time()

    @property
    def _options(self) -> dict[str, Any]:
        """The options that Ollama loads a model with. Another value of one of them loads it anew."""
        return {"num_ctx": self._num_ctx, "num_batch": BATCH_TOKENS}

    @property
    def _keep_alive(self) -> float | str:
        # A number is seconds; in text, Ollama wants a unit.
        try:
            return float(self._settings.keep_alive)
        except ValueError:
            return self._settings.keep_alive

    def _chunk(self, part: Any) -> Chunk:
        self._answered_s = asyncio.get_running_loop().time()
        message = getattr(part, "message", None)
        text = text_of(message.content if message is not None else part.response, self._endpoint)
        # Servers before 0.12.11 and hosted models tell none.
        logprob = logprob_sum(token.logprob for token in part.logprobs or ())
        if not part.done:
            return Chunk(text, logprob=logprob)
        usage = Usage(prompt_tokens=count(part.prompt_eval_count), completion_tokens=count(part.eval_count))
        return Chunk(text, finish_of(part.done_reason or "stop", self._endpoint), usage, logprob)


async def _joined(first: Any, rest: Any) -> AsyncGenerator[Any, None]:
    if first is not None:
        yield first
    async for part in rest:
        yield part


async def _show(client: ollama.AsyncClient, name: str) -> ModelInfo:
    """Return what Ollama tells about a model. Raises ``BackendError``, ``ModelNotFound`` among them."""
    shown = await client.show(name)
    facts: Mapping[str, Any] = shown.modelinfo or {}
    architecture = facts.get("general.architecture")
    lines = (line.strip() for line in (shown.license or "").splitlines())
    return ModelInfo(
        name=name,
        context_tokens=count(facts.get(f"{architecture}.context_length")),
        architecture=architecture if isinstance(architecture, str) else "",
        template=shown.template or "",
        capabilities=frozenset(shown.capabilities or ()),
        licence=next((line for line in lines if line), ""),
    )


def _known(endpoint: Endpoint, error: Exception) -> BackendError:
    if isinstance(error, BackendError):
        return error
    if type(error).__name__ == "ValidationError":
        return BadResponse(
            endpoint.says("its answer is not what the ollama package knows", "upgrade the package")
        )
    return from_exception(endpoint, error, answered=True)


def _client(endpoint: Endpoint, deadlines: Deadlines) -> ollama.AsyncClient:
    import httpx
    import ollama

    transport = SdkTransport(Guard(endpoint, deadlines, httpx), httpx)
    return ollama.AsyncClient(endpoint.url, transport=transport, trust_env=False, follow_redirects=False)


async def _close(client: ollama.AsyncClient) -> None:
    await client.close()  # type: ignore[no-untyped-call] # The package has no annotation there.
