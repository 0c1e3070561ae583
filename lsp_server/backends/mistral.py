"""Mistral's hosted API through the ``mistralai`` SDK: fill-in-the-middle and chat.

The SDK reads the environment by itself: a key, a service account, a debug log that holds request bodies, and
telemetry that exports them. None of that is wanted here: it gets a placeholder for a key (the guard attaches
the real one), a logger that does nothing, and its telemetry is switched off.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, Unpack

from lsp_server.backends.address import Endpoint, Hints
from lsp_server.backends.base import (
    AuthenticationFailed,
    BackendError,
    BadRequest,
    BadResponse,
    Capabilities,
    ModelNotFound,
)
from lsp_server.backends.common import ChunkStream, HttpBackend, Options, Wanted, count, field, piece_limit
from lsp_server.backends.events import SdkStreams, SdkTransport
from lsp_server.backends.exceptions import from_exception
from lsp_server.backends.guard import Guard
from lsp_server.backends.http import Lazy
from lsp_server.backends.limits import Deadlines
from lsp_server.backends.openai import finish_of, messages
from lsp_server.config.settings import BackendSettings
from lsp_server.types import Chunk, ModelInfo, PromptForm, Usage

if TYPE_CHECKING:
    from mistralai.client import Mistral

DEFAULT_MODEL: Final = "codestral-latest"

DEFAULT_CONTEXT_TOKENS: Final = 32_000
"""Taken for the context where the service does not tell: the least that a Codestral had (May 2024)."""

MAX_STOPS: Final = 4
"""The schema sets no bound. Four hold the family's own stops, and servers of this protocol take four."""

_PLACEHOLDER: Final = "attached-by-the-guard"
_SUBSCRIPTION: Final = "https://codestral.mistral.ai"


class MistralBackend(HttpBackend):
    """``codestral.mistral.ai``, ``api.mistral.ai`` or another server of that API, without ``/v1``."""

    capabilities = Capabilities(takes_parts=True, takes_raw=False, max_stops=MAX_STOPS, concurrency=4)

    def __init__(self, settings: BackendSettings, **options: Unpack[Options]) -> None:
        super().__init__(settings, **options)
        self._model = settings.model or DEFAULT_MODEL
        self._sdk = Lazy(lambda: _sdk(self._endpoint, self._deadlines), _close)

    def _hints(self) -> Hints:
        subscription = self._settings.address.startswith(_SUBSCRIPTION)
        variable = self._settings.key_env or ("CODESTRAL_API_KEY" if subscription else "MISTRAL_API_KEY")
        return Hints(
            unreachable="check the network and its url",
            authentication=f"set {variable}; keys of codestral.mistral.ai and api.mistral.ai are different",
        )

    async def warm_up(self) -> None:
        """Import the SDK and read the certificates."""
        await self._sdk.get()

    async def probe(self) -> ModelInfo:
        """Return the configured model's context and capabilities, as far as the service tells.

        ``codestral.mistral.ai`` need not list models; then the answer is the configured name.
        """
        self._check_key()
        sdk = await self._sdk.get()
        unknown = ModelInfo(self._model, context_tokens=DEFAULT_CONTEXT_TOKENS)
        try:
            listed = await sdk.models.list_async()
        except BadRequest:
            return unknown
        except Exception as error:
            raise _known(self._endpoint, error) from error
        models = [model.model_dump() for model in listed.data or ()]
        for model in models:
            if self._model == model.get("id") or self._model in (model.get("aliases") or ()):
                return self._info(model)
        if not models:
            return unknown
        hint = f"set model to {DEFAULT_MODEL} or another that its list has"
        raise ModelNotFound(self._endpoint.says(f"it has no model {self._model}", hint))

    def _info(self, model: dict[str, Any]) -> ModelInfo:
        can = {name for name, value in (model.get("capabilities") or {}).items() if value is True}
        context = count(model.get("max_context_length")) or DEFAULT_CONTEXT_TOKENS
        return ModelInfo(self._model, context_tokens=context, capabilities=frozenset(can))

    @asynccontextmanager
    async def _ask(self, wanted: Wanted) -> AsyncIterator[AsyncIterator[Chunk]]:
        self._check_key()
        sdk = await self._sdk.get()
        async with SdkStreams() as streams:
            events = await self._open(sdk, wanted)
            try:
                yield ChunkStream(self._endpoint, events, self._chunk, piece_limit(wanted.max_tokens))
            finally:
                await streams.aclose()
                await events.close()
                with suppress(RuntimeError):  # Another task still reads it.
                    await events.generator.aclose()

    async def close(self) -> None:
        """Close connections."""
        await self._sdk.close()

    def _check_key(self) -> None:
        if self._endpoint.key is None and self._endpoint.origin.endswith(".mistral.ai"):
            raise AuthenticationFailed(self._endpoint.says("no key", self._endpoint.hints.authentication))

    async def _open(self, sdk: Mistral, wanted: Wanted) -> Any:
        common: dict[str, Any] = {
            "model": self._model,
            "max_tokens": wanted.max_tokens,
            "temperature": wanted.temperature,
            "prompt_cache_key": self._session,
        }
        if wanted.stop:
            common["stop"] = list(wanted.stop)
        try:
            if wanted.form is PromptForm.CHAT:
                chat = await asyncio.to_thread(getattr, sdk, "chat")  # Its first use imports it: 200 ms.
                return await chat.stream_async(messages=messages(wanted), **common)
            return await sdk.fim.stream_async(prompt=wanted.text, suffix=wanted.suffix, **common)
        except Exception as error:
            raise _known(self._endpoint, error) from error

    def _chunk(self, event: Any) -> Chunk:
        data = event.data
        usage = data.usage and Usage(
            prompt_tokens=count(data.usage.prompt_tokens),
            cached_tokens=count(
                field(data.usage.additional_properties, "prompt_tokens_details", "cached_tokens")
            ),
            completion_tokens=count(data.usage.completion_tokens),
        )
        if not data.choices:
            return Chunk("", usage=usage)
        choice = data.choices[0]
        return Chunk(_content(choice.delta.content), finish_of(choice.finish_reason, self._endpoint), usage)


def _content(content: Any) -> str:
    """Return the text of a delta: a string, a list of typed pieces, null, or the SDK's mark for none."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(piece.text for piece in content if isinstance(getattr(piece, "text", None), str))
    return ""


def _known(endpoint: Endpoint, error: Exception) -> BackendError:
    if isinstance(error, BackendError):
        return error
    if any("ValidationError" in kind.__name__ for kind in type(error).__mro__):
        return BadResponse(
            endpoint.says("its answer is not what the mistralai package knows", "upgrade the package")
        )
    return from_exception(endpoint, error, answered=True)


class _Silent:
    """The SDK's debug logger: its own writes request bodies."""

    def debug(self, msg: str, *args: Any, **kwargs: Any) -> None:
        pass


def _sdk(endpoint: Endpoint, deadlines: Deadlines) -> Mistral:
    import httpx2
    from mistralai.client import Mistral

    guard = Guard(endpoint, deadlines, httpx2)
    transport: Any = SdkTransport(guard, httpx2)
    sdk = Mistral(
        api_key=_PLACEHOLDER,
        server_url=endpoint.url,
        client=httpx2.Client(transport=httpx2.MockTransport(_refuse), trust_env=False),
        async_client=httpx2.AsyncClient(transport=transport, trust_env=False, follow_redirects=False),
        debug_logger=_Silent(),
    )
    # MISTRAL_SDK_TELEMETRY in the environment would otherwise export prompts.
    sdk.sdk_configuration.__dict__["telemetry"] = False
    _ = sdk.fim, sdk.models  # Their first use imports them.
    return sdk


def _refuse(request: Any) -> Any:
    raise RuntimeError(f"only the asynchronous client is used, not {request.method}")


async def _close(sdk: Mistral) -> None:
    # The SDK leaves clients open that it was given.
    configuration = sdk.sdk_configuration
    if configuration.client is not None:
        configuration.client.close()
    if configuration.async_client is not None:
        await configuration.async_client.aclose()
