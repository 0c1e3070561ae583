"""A fake of vLLM's OpenAI-compatible server (``vllm/entrypoints/openai``).

Where it is stricter than the real one: an unknown field is refused with 400, as OpenAI's own API does, and so
are more than four stop texts. vLLM passes over the first, so that a misspelt name would go unnoticed.
"""

from __future__ import annotations

import json
from typing import Any, Final

from lsp_server.testing.fake_backends.script import (
    Asked,
    FakeBackend,
    Plan,
    Refused,
    as_list,
    names,
    plan_answer,
    require_known,
    sse,
    token_count,
)
from lsp_server.testing.fake_backends.server import Exchange, Handler, Recorded

DEFAULT_MAX_TOKENS: Final = 16
"""vLLM's own for a completion that names none."""

MAX_STOPS: Final = 4

MAX_LOGPROBS: Final = 5
"""The most likeliest tokens that OpenAI's own completions tell; vLLM's own limit is 20."""

_COMMON: Final = names(
    "model frequency_penalty logit_bias logprobs max_tokens n presence_penalty seed stop stream"
    " stream_options temperature top_p user top_k min_p repetition_penalty stop_token_ids ignore_eos"
    " min_tokens skip_special_tokens add_special_tokens truncate_prompt_tokens priority request_id cache_salt"
)
_COMPLETION: Final = _COMMON | frozenset({"prompt", "suffix", "echo", "best_of"})
_CHAT: Final = _COMMON | frozenset(
    {"messages", "tools", "tool_choice", "response_format", "max_completion_tokens", "top_logprobs"}
)


class FakeOpenAI(FakeBackend):
    """``models`` are those that it serves, with ``max_model_len`` in tokens. ``refused_fields`` are fields
    that it does not know although vLLM does, for servers that know less.
    """

    stream_type = "text/event-stream"

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.models = {"Qwen/Qwen2.5-Coder-7B": 8192}
        self.refused_fields: frozenset[str] = frozenset()

    @property
    def url(self) -> str:
        """The address with ``/v1``."""
        return f"{self.origin}/v1"

    def is_completion(self, recorded: Recorded) -> bool:
        """Both ways to ask for text."""
        return recorded.path in {"/v1/completions", "/v1/chat/completions"}

    def routes(self) -> dict[tuple[str, str], Handler]:
        """The routes that clients use to complete."""
        return {
            ("POST", "/v1/completions"): self._completion,
            ("POST", "/v1/chat/completions"): self._chat,
            ("GET", "/v1/models"): self._list,
        }

    def failure(self, status: int, message: str) -> dict[str, Any]:
        """An error as vLLM gives it."""
        kinds = {401: "AuthenticationError", 404: "NotFoundError"}
        kind = kinds.get(status, "InternalServerError" if status >= 500 else "BadRequestError")  # noqa: PLR2004
        return {"error": {"message": message, "type": kind, "param": None, "code": status}}

    def event(self, content: dict[str, Any]) -> bytes:
        """One server-sent event."""
        return sse({"id": "cmpl-1", "created": 1, "model": next(iter(self.models), ""), **content})

    def tells_logprobs(self, request: dict[str, Any], *, chat: bool) -> bool:
        """Completions do, also for 0 likeliest tokens; chats are not asked to."""
        return not chat and request.get("logprobs") is not None

    def piece(self, text: Any, *, chat: bool, logprob: float | None = None) -> bytes:
        """A piece of text that is not the last."""
        return self._choice(text, None, chat=chat, logprob=logprob)

    def ending(self, plan: Plan, *, chat: bool, request: dict[str, Any]) -> bytes:
        """The finish, the usage if it was asked for, and the end marker."""
        # The token that ends the text is told too.
        logprob = self.logprob("") if self.tells_logprobs(request, chat=chat) else None
        last = self._choice("", plan.finish, chat=chat, logprob=logprob)
        if (request.get("stream_options") or {}).get("include_usage"):
            done = len(plan.pieces)
            usage = {
                "prompt_tokens": plan.prompt_tokens,
                "completion_tokens": done,
                "total_tokens": plan.prompt_tokens + done,
                "prompt_tokens_details": {"cached_tokens": plan.cached_tokens},
            }
            last += self.event({"object": "text_completion", "choices": [], "usage": usage})
        return last + b"data: [DONE]\n\n"

    def _choice(self, text: Any, finish: str | None, *, chat: bool, logprob: float | None = None) -> bytes:
        told = None
        if logprob is not None:
            told = {"text_offset": [0], "token_logprobs": [logprob], "tokens": [text]}
            told["top_logprobs"] = [{text: logprob}]
        content = (
            {"delta": {"content": text}} if chat else {"text": text, "logprobs": told, "stop_reason": None}
        )
        kind = "chat.completion.chunk" if chat else "text_completion"
        return self.event({"object": kind, "choices": [{"index": 0, **content, "finish_reason": finish}]})

    async def _completion(self, exchange: Exchange) -> None:
        request = self._checked(exchange, _COMPLETION)
        if request.get("suffix") is not None:
            raise Refused(400, self.failure(400, "suffix is not currently supported"))
        if not request.get("prompt"):
            raise Refused(400, self.failure(400, "Either prompt or prompt_embeds must be provided"))
        await self._complete(exchange, request["prompt"], chat=False)

    async def _chat(self, exchange: Exchange) -> None:
        request = self._checked(exchange, _CHAT)
        await self._complete(exchange, "\n".join(m["content"] for m in request["messages"]), chat=True)

    async def _complete(self, exchange: Exchange, prompt: str, *, chat: bool) -> None:
        request = exchange.recorded.json
        limit = request.get("max_tokens", DEFAULT_MAX_TOKENS)
        tokens, room = token_count(prompt), self.models[request["model"]]
        if tokens + limit > room:
            message = (
                f"This model's maximum context length is {room} tokens. However, you requested"
                f" {tokens + limit} tokens ({tokens} in the messages, {limit} in the completion)."
            )
            raise Refused(400, self.failure(400, message))
        asked = Asked(prompt, "", limit, as_list(request.get("stop")), "", chat, request)
        plan = plan_answer(self.answer, asked, tokens)
        if not request.get("stream"):
            raise Refused(400, self.failure(400, "this fake only streams"))
        await self.stream_plan(exchange, plan, chat=chat)

    def _checked(self, exchange: Exchange, known: frozenset[str]) -> dict[str, Any]:
        request: dict[str, Any] = exchange.recorded.json
        unknown = require_known(request, known - self.refused_fields)
        if unknown:
            message = f"Unrecognized request argument supplied: {unknown[0]}"
            raise Refused(400, self.failure(400, message))
        if len(as_list(request.get("stop"))) > MAX_STOPS:
            raise Refused(400, self.failure(400, "stop: at most 4 stop sequences"))
        self._check_logprobs(request)
        if request.get("stream_options") and not request.get("stream"):
            raise Refused(400, self.failure(400, "Stream options can only be defined when `stream=True`."))
        if request.get("model") not in self.models:
            raise Refused(404, self.failure(404, f"The model `{request.get('model')}` does not exist."))
        return request

    def _check_logprobs(self, request: dict[str, Any]) -> None:
        """Refuse what is no number of likeliest tokens, or in a chat no truth value."""
        told = request.get("logprobs")
        if "messages" in request:
            good = told is None or isinstance(told, bool)
        else:
            good = told is None or (type(told) is int and 0 <= told <= MAX_LOGPROBS)
        if not good:
            message = f"logprobs: {told!r} is not one of 0 to {MAX_LOGPROBS}, or in a chat true or false"
            raise Refused(400, self.failure(400, message))

    async def _list(self, exchange: Exchange) -> None:
        cards = [
            {"id": name, "object": "model", "created": 1, "owned_by": "vllm", "max_model_len": room}
            for name, room in self.models.items()
        ]
        exchange.reply(200, json.dumps({"object": "list", "data": cards}).encode())
