"""llama.cpp's own server (``llama-server``) through its native routes.

``/completion`` takes the prompt as we lay it out. ``/infill`` cuts it, and loses the cache at each keystroke
once the prefix is longer than three quarters of the batch; ``/v1/completions`` ignores ``suffix``.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, Final, Unpack

from pydantic import SecretStr

from lsp_server.backends.address import Endpoint, Hints
from lsp_server.backends.base import BadRequest, Capabilities
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
from lsp_server.backends.openai import chat_chunk, messages
from lsp_server.backends.optional import OptionalFields
from lsp_server.config.settings import BackendSettings
from lsp_server.types import Chunk, CleanPrompt, Destination, Finish, ModelInfo, PromptForm, Usage

LIKELIEST: Final = 1
"""How many of the likeliest tokens are told beside each token's own probability: with 0 none is told."""

_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


class LlamaCppBackend(HttpBackend):
    """A llama.cpp server.

    ``destination`` replaces the one that follows from the settings, for a server whose address changes
    (``move_to``) while its place in the eyes of policy does not.
    """

    capabilities = Capabilities(forces_start=True, prefills=True)

    def __init__(
        self,
        settings: BackendSettings,
        *,
        destination: Destination | None = None,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(settings, **options)
        if destination is not None:
            self._destination = destination
        # One slot per stream of keystrokes keeps its cache; a server with several slots chooses by likeness.
        self._slot = 0 if settings.concurrency in {None, 1} else -1
        self._optional = OptionalFields(n_probs=LIKELIEST)
        self._http = HttpClient(self._endpoint, self._deadlines)

    def _hints(self) -> Hints:
        return Hints(authentication="set the key that llama-server was started with (--api-key)")

    async def move_to(self, url: str, *, key: SecretStr | None) -> None:
        """Talk to another address from now on, with another key, and close what is open to the old one.

        Raises:
            ValueError: No URL that a backend can have.
        """
        endpoint = Endpoint(self.name, url.rstrip("/"), key, self._hints())
        old, self._http = self._http, HttpClient(endpoint, self._deadlines)
        self._endpoint = endpoint
        await old.close()

    async def warm_up(self) -> None:
        """Import the HTTP library."""
        await self._http.warm_up()

    async def probe(self) -> ModelInfo:
        """Return the loaded model, with the context of one slot. Raises ``Unavailable`` while it loads."""
        model = field(await self._http.call("GET", "/v1/models"), "data", 0)
        try:
            props = await self._http.call("GET", "/props")
        except BadRequest:
            props = {}  # A router or an older server without this route.
        context = field(props, "default_generation_settings", "n_ctx") or field(model, "meta", "n_ctx")
        path = field(props, "model_path") or field(model, "id") or ""
        return ModelInfo(
            name=self._settings.model or file_name(str(path)),
            context_tokens=count(context),
            architecture=_text(field(model, "meta", "architecture") or field(props, "architecture")),
            template=_text(field(props, "chat_template")),
            size_bytes=count(field(model, "meta", "size")),
        )

    async def count_tokens(self, clean: CleanPrompt) -> int | None:
        """Return the prompt's length by the model's own tokenizer; None for a chat."""
        wanted = self._wanted(clean)
        if wanted.form is PromptForm.CHAT:
            return None
        body = {"content": wanted.text, "add_special": True, "parse_special": True}
        tokens = field(await self._http.call("POST", "/tokenize", body), "tokens")
        return len(tokens) if isinstance(tokens, list) else None

    @asynccontextmanager
    async def _ask(self, wanted: Wanted) -> AsyncIterator[AsyncIterator[Chunk]]:
        """Open a request and give its chunks as they arrive. The answer begins with ``wanted.forced``."""
        path, parse = "/completion", completion_chunk
        optional = ["n_probs"] if wanted.max_tokens else []
        if wanted.form is PromptForm.CHAT:
            path, parse, optional = "/v1/chat/completions", chat_chunk, []
        endpoint = self._endpoint
        body = request_body(wanted, self._slot)
        async with AsyncExitStack() as stack:
            events = await self._optional.enter(
                stack, lambda fields: self._http.events(path, body | fields), *optional
            )
            yield ChunkStream(
                endpoint, events, lambda event: parse(event, endpoint), piece_limit(wanted.max_tokens)
            )

    async def close(self) -> None:
        """Close connections."""
        await self._http.close()


def request_body(wanted: Wanted, slot: int) -> dict[str, Any]:
    """Return the request's body. ``slot`` is the server's slot, or -1 to let it choose."""
    body: dict[str, Any] = {
        "stream": True,
        "n_predict": wanted.max_tokens,
        "temperature": wanted.temperature,
        "cache_prompt": True,
        "id_slot": slot,
    }
    if wanted.form is PromptForm.CHAT:
        body["messages"] = messages(wanted)
        body["stream_options"] = {"include_usage": True}
    else:
        body["prompt"] = wanted.text
    if wanted.stop:
        body["stop"] = list(wanted.stop)
    if wanted.forced and wanted.form is PromptForm.RAW:
        body["grammar"] = start_grammar(wanted.forced)
    return body


def start_grammar(start: str) -> str:
    """Return a GBNF grammar (llama.cpp, grammars/README.md) of all texts that begin with ``start``."""
    literal = "".join(_ESCAPES.get(c, c if c.isprintable() else f"\\U{ord(c):08X}") for c in start)
    return f'root ::= "{literal}" [^\\x00]*'


def completion_chunk(event: dict[str, Any], endpoint: Endpoint) -> Chunk:
    """Return an event of ``/completion`` as a chunk."""
    text = text_of(event.get("content"), endpoint)
    if event.get("stop") is not True:
        return Chunk(text, logprob=_logprob(event.get("completion_probabilities")))
    finish = Finish.LENGTH if event.get("stop_type") == "limit" else Finish.STOP
    return Chunk(text, finish, _usage(event.get("timings")))


def _logprob(told: Any) -> float | None:
    """Return the log-probability that an event tells of its tokens, or None.

    Servers before December 2024 (llama.cpp pull request 10783) tell the likeliest tokens' probabilities only,
    of which the token may be none.
    """
    if not isinstance(told, list):
        return None
    return logprob_sum(_older(token) if field(token, "probs") else field(token, "logprob") for token in told)


def _older(token: Any) -> float | None:
    likeliest, probability = field(token, "probs", 0), field(token, "probs", 0, "prob")
    if field(likeliest, "tok_str") != field(token, "content") or not isinstance(probability, float):
        return None
    return math.log(probability) if probability > 0 else None


def _usage(timings: Any) -> Usage:
    cached, read = count(field(timings, "cache_n")), count(field(timings, "prompt_n"))
    return Usage(
        prompt_tokens=None if cached is None or read is None else cached + read,
        cached_tokens=cached,
        completion_tokens=count(field(timings, "predicted_n")),
    )


def file_name(path: str) -> str:
    """Return a path's last part without ``.gguf``, whichever system the server runs on."""
    last = PureWindowsPath(path).name if "\\" in path else PurePosixPath(path).name
    return last.removesuffix(".gguf")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
