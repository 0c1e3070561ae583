"""A fake Ollama (``server/routes.go``, ``server/sched.go``).

Where it is stricter than the real one: an unknown field or option is refused with 400. The real one ignores
the first and logs the second, so that a misspelt name would go unnoticed.
"""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from lsp_server.testing.fake_backends.script import (
    CHARS_PER_TOKEN,
    Asked,
    FakeBackend,
    Plan,
    Refused,
    as_list,
    names,
    plan_answer,
    require_known,
    token_count,
)
from lsp_server.testing.fake_backends.server import Exchange, Handler, Recorded
from lsp_server.testing.fake_backends.slot import Slot

DEFAULT_NUM_CTX: Final = 4096
"""The context of a request that names none, on a machine with less than 24 GiB of graphics memory."""

_GENERATE: Final = names(
    "model prompt suffix system template context stream raw format keep_alive images options think truncate"
    " shift logprobs top_logprobs"
)
_CHAT: Final = names(
    "model messages stream format keep_alive tools options think truncate shift logprobs top_logprobs"
)
_OPTIONS: Final = names(
    "num_ctx num_batch num_gpu main_gpu use_mmap num_thread num_keep seed num_predict top_k top_p min_p"
    " typical_p repeat_last_n temperature repeat_penalty presence_penalty frequency_penalty stop"
    " draft_num_predict"
)
_LOAD_OPTIONS: Final = ("num_ctx", "num_batch", "num_gpu", "num_thread", "use_mmap", "main_gpu")
_DURATION: Final = re.compile(r"-?(\d+(\.\d+)?(ns|us|ms|s|m|h))+")


@dataclass(frozen=True, slots=True)
class FakeModel:
    """A model that a fake Ollama has pulled."""

    capabilities: tuple[str, ...] = ("completion", "insert")
    template: str = "<|fim_prefix|>{{ .Prompt }}<|fim_suffix|>{{ .Suffix }}<|fim_middle|>"
    architecture: str = "qwen2"
    context_length: int = 32768
    licence: str = "Apache License\nVersion 2.0, January 2004"
    size: int = 986_061_892


class FakeOllama(FakeBackend):
    """``models`` are those it has pulled. ``load_s`` passes before a model answers for the first time or with
    other load options, in seconds; a client that goes away meanwhile undoes the loading. ``loads`` counts
    those that succeeded. A prompt longer than ``num_ctx`` is cut in the middle, and the request's note
    ``cut`` says by how many tokens. It answers one request at a time, as the real one by default.
    ``read_token_s`` passes for each token of a prompt that it has not in its cache, in seconds, and the note
    ``cached`` says how many it had. ``knows_logprobs`` False passes over that field, as versions before
    0.12.11 do.
    """

    stream_type = "application/x-ndjson"

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.models: dict[str, FakeModel] = {"qwen2.5-coder:1.5b-base": FakeModel()}
        self.load_s = 0.0
        self.loads = 0
        self.read_token_s = 0.0
        self.knows_logprobs = True
        self._slot = Slot()
        self._loaded: tuple[Any, ...] | None = None

    def is_completion(self, recorded: Recorded) -> bool:
        """Requests that only load a model are not completions."""
        if recorded.path == "/api/generate":
            return bool(recorded.json.get("prompt"))
        return recorded.path == "/api/chat"

    def routes(self) -> dict[tuple[str, str], Handler]:
        """The routes that clients use to complete."""
        return {
            ("POST", "/api/generate"): self._generate,
            ("POST", "/api/chat"): self._chat,
            ("GET", "/api/tags"): self._tags,
            ("POST", "/api/show"): self._show,
            ("GET", "/api/version"): self._version,
        }

    def failure(self, status: int, message: str) -> dict[str, Any]:  # noqa: ARG002 - the same for all
        """Ollama's errors are one text."""
        return {"error": message}

    def event(self, content: dict[str, Any]) -> bytes:
        """One line."""
        line = {"model": next(iter(self.models), ""), "created_at": datetime.now(UTC).isoformat(), **content}
        return json.dumps(line, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"

    def tells_logprobs(self, request: dict[str, Any], *, chat: bool) -> bool:  # noqa: ARG002 - both do
        """Both ways do, when asked to."""
        return self.knows_logprobs and request.get("logprobs") is True

    def piece(self, text: Any, *, chat: bool, logprob: float | None = None) -> bytes:
        """A piece of text that is not the last."""
        content = {"message": {"role": "assistant", "content": text}} if chat else {"response": text}
        if logprob is None:
            return self.event({**content, "done": False})
        token = {"token": text, "logprob": logprob, "bytes": list(text.encode("utf-8", "replace"))}
        return self.event({**content, "done": False, "logprobs": [token]})

    def ending(self, plan: Plan, *, chat: bool, request: dict[str, Any]) -> bytes:  # noqa: ARG002
        """The last line, with counts and times (nanoseconds)."""
        content: dict[str, Any] = (
            {"message": {"role": "assistant", "content": ""}} if chat else {"response": ""}
        )
        counts = {"prompt_eval_count": plan.prompt_tokens, "eval_count": len(plan.pieces)}
        times = {"total_duration": 1, "load_duration": 1, "prompt_eval_duration": 1, "eval_duration": 1}
        return self.event({**content, "done": True, "done_reason": plan.finish, **times, **counts})

    async def _generate(self, exchange: Exchange) -> None:
        request = exchange.recorded.json
        model = self._checked(request, _GENERATE)
        if request.get("raw") and any(request.get(name) for name in ("template", "system", "context")):
            raise Refused(400, self.failure(400, "raw mode does not support template, system, or context"))
        if request.get("suffix") and "insert" not in model.capabilities:
            raise Refused(400, self.failure(400, f"{request['model']} does not support insert"))
        await self._load(request)
        if not request.get("prompt"):
            answer = self.event({"response": "", "done": True, "done_reason": "load"})
            exchange.reply(200, answer, "application/json; charset=utf-8")
            return
        suffix = request.get("suffix") or ""
        prompt = request["prompt"]
        if suffix and not request.get("raw"):
            prompt = model.template.replace("{{ .Prompt }}", prompt).replace("{{ .Suffix }}", suffix)
        await self._complete(exchange, prompt, suffix, chat=False)

    async def _chat(self, exchange: Exchange) -> None:
        request = exchange.recorded.json
        self._checked(request, _CHAT)
        await self._load(request)
        text = "\n".join(message["content"] for message in request.get("messages") or ())
        await self._complete(exchange, text, "", chat=True)

    async def _complete(self, exchange: Exchange, prompt: str, suffix: str, *, chat: bool) -> None:
        request = exchange.recorded.json
        options = request.get("options") or {}
        prompt, cut_tokens = self._cut(prompt, options)
        exchange.recorded.notes["cut"] = cut_tokens
        # The real one's own runners take 0 for no limit.
        limit = options.get("num_predict", -1)
        most = limit if limit > 0 else 1 << 30
        asked = Asked(prompt, suffix, most, as_list(options.get("stop")), "", chat, request)
        async with self._slot.read(prompt, self.read_token_s) as cached:
            exchange.recorded.notes["cached"] = cached
            plan = plan_answer(self.answer, asked, token_count(prompt), cached)
            await self._send(exchange, plan, chat=chat)

    async def _send(self, exchange: Exchange, plan: Plan, *, chat: bool) -> None:
        if exchange.recorded.json.get("stream", True):
            await self.stream_plan(exchange, plan, chat=chat)
            return
        text = "".join(plan.pieces)
        content: dict[str, Any] = (
            {"message": {"role": "assistant", "content": text}} if chat else {"response": text}
        )
        exchange.reply(200, self.event({**content, "done": True, "done_reason": plan.finish}))

    def _cut(self, prompt: str, options: dict[str, Any]) -> tuple[str, int]:
        """Drop the middle of a prompt that does not fit, as context shift does: about half of it stays."""
        room = options.get("num_ctx", DEFAULT_NUM_CTX)
        over = token_count(prompt) - room
        if over <= 0:
            return prompt, 0
        keep = options.get("num_keep", CHARS_PER_TOKEN)
        kept = prompt[: keep * CHARS_PER_TOKEN] + prompt[-(room // 2 - keep) * CHARS_PER_TOKEN :]
        return kept, token_count(prompt) - token_count(kept)

    def _checked(self, request: dict[str, Any], known: frozenset[str]) -> FakeModel:
        options = request.get("options") or {}
        unknown = require_known(request, known) + require_known(options, _OPTIONS)
        if unknown:
            raise Refused(400, self.failure(400, f"unknown fields: {', '.join(unknown)}"))
        if not isinstance(request.get("logprobs", False), bool):
            message = "json: cannot unmarshal into Go struct field GenerateRequest.logprobs of type bool"
            raise Refused(400, self.failure(400, message))
        keep_alive = request.get("keep_alive", 0)
        if isinstance(keep_alive, str) and not _DURATION.fullmatch(keep_alive):
            raise Refused(400, self.failure(400, f'time: invalid duration "{keep_alive}"'))
        return self._model(request.get("model", ""))

    def _model(self, name: str) -> FakeModel:
        model = self.models.get(name) or self.models.get(f"{name}:latest")
        if model is None:
            raise Refused(404, self.failure(404, f'model "{name}" not found, try pulling it first'))
        return model

    async def _load(self, request: dict[str, Any]) -> None:
        options = request.get("options") or {}
        wanted = (request["model"], *(options.get(name) for name in _LOAD_OPTIONS))
        if wanted == self._loaded:
            return
        self._loaded = None
        await asyncio.sleep(self.load_s)  # Cancelled when the connection ends.
        self._loaded = wanted
        self.loads += 1

    async def _tags(self, exchange: Exchange) -> None:
        listed = [
            {"name": name, "model": name, "size": model.size, "details": {"family": model.architecture}}
            for name, model in self.models.items()
        ]
        exchange.reply(200, json.dumps({"models": listed}).encode())

    async def _show(self, exchange: Exchange) -> None:
        model = self._model(exchange.recorded.json.get("model", ""))
        facts = {
            "general.architecture": model.architecture,
            f"{model.architecture}.context_length": model.context_length,
        }
        shown = {
            "license": model.licence,
            "template": model.template,
            "capabilities": list(model.capabilities),
            "details": {"family": model.architecture},
            "model_info": facts,
        }
        exchange.reply(200, json.dumps(shown).encode())

    async def _version(self, exchange: Exchange) -> None:
        exchange.reply(200, b'{"version":"0.13.0"}')
