"""A fake of Mistral's API (its published ``openapi.yaml``: no field beyond the schema, 422 with details)."""

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

TEST_KEY: Final = "sk-test-0123456789abcdef"
"""The key that the fake demands unless told otherwise."""

_COMMON: Final = names("model temperature top_p max_tokens stream stop random_seed metadata prompt_cache_key")
_FIM: Final = _COMMON | frozenset({"prompt", "suffix", "min_tokens"})
_CHAT: Final = _COMMON | names(
    "messages response_format tools tool_choice presence_penalty frequency_penalty n prediction"
    " parallel_tool_calls prompt_mode safe_prompt reasoning_effort"
)
_RANGES: Final = {
    "temperature": (0, 1.5),
    "top_p": (0, 1),
    "max_tokens": (0, 1 << 31),
    "min_tokens": (0, 1 << 31),
}


class FakeMistral(FakeBackend):
    """``models`` are those that it serves, with their context in tokens. ``lists_models`` False answers 404
    to the list of models, as a subscription's endpoint may.
    """

    stream_type = "text/event-stream"

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"key": TEST_KEY, **options})
        self.models = {"codestral-latest": 131_072}
        self.lists_models = True

    def is_completion(self, recorded: Recorded) -> bool:
        """Both ways to ask for text."""
        return recorded.path in {"/v1/fim/completions", "/v1/chat/completions"}

    def routes(self) -> dict[tuple[str, str], Handler]:
        """The routes that clients use to complete."""
        return {
            ("POST", "/v1/fim/completions"): self._fim,
            ("POST", "/v1/chat/completions"): self._chat,
            **({("GET", "/v1/models"): self._list} if self.lists_models else {}),
        }

    def failure(self, status: int, message: str) -> dict[str, Any]:
        """An error as the API's reference shows it."""
        kinds = {401: "authentication_error", 429: "rate_limit_error"}
        kind = kinds.get(status, "server_error" if status >= 500 else "invalid_request_error")  # noqa: PLR2004
        return {"object": "error", "message": message, "type": kind, "param": None, "code": str(status)}

    def event(self, content: dict[str, Any]) -> bytes:
        """One server-sent event."""
        model = next(iter(self.models), "")
        return sse(
            {"id": "cmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model, **content}
        )

    def piece(self, text: Any, *, chat: bool, logprob: float | None = None) -> bytes:  # noqa: ARG002
        """A piece of text that is not the last, in one form for both; log-probabilities are never told."""
        return self.event({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]})

    def ending(self, plan: Plan, *, chat: bool, request: dict[str, Any]) -> bytes:  # noqa: ARG002
        """The last event with finish and usage, and the end marker."""
        done = len(plan.pieces)
        usage = {"prompt_tokens": plan.prompt_tokens, "completion_tokens": done}
        usage["total_tokens"] = plan.prompt_tokens + done
        choice = {"index": 0, "delta": {"content": ""}, "finish_reason": plan.finish}
        return self.event({"choices": [choice], "usage": usage}) + b"data: [DONE]\n\n"

    async def _fim(self, exchange: Exchange) -> None:
        request = self._checked(exchange, _FIM, ("model", "prompt"))
        await self._complete(exchange, request["prompt"], request.get("suffix") or "", chat=False)

    async def _chat(self, exchange: Exchange) -> None:
        request = self._checked(exchange, _CHAT, ("model", "messages"))
        text = "\n".join(message["content"] for message in request["messages"])
        await self._complete(exchange, text, "", chat=True)

    async def _complete(self, exchange: Exchange, prompt: str, suffix: str, *, chat: bool) -> None:
        request = exchange.recorded.json
        limit = request.get("max_tokens")
        stop = as_list(request.get("stop"))
        asked = Asked(prompt, suffix, 1 << 30 if limit is None else limit, stop, "", chat, request)
        tokens = token_count(prompt) + token_count(suffix)
        room = self.models[request["model"]]
        if tokens + (limit or 0) > room:
            message = (
                f"Prompt contains {tokens} tokens, too large for model with {room} maximum context length"
            )
            raise Refused(400, self.failure(400, message))
        if not request.get("stream"):
            raise Refused(422, _details("stream", "this fake only streams"))
        await self.stream_plan(exchange, plan_answer(self.answer, asked, tokens), chat=chat)

    def _checked(
        self, exchange: Exchange, known: frozenset[str], required: tuple[str, ...]
    ) -> dict[str, Any]:
        request: dict[str, Any] = exchange.recorded.json
        for name in require_known(request, known):
            raise Refused(422, _details(name, "Extra inputs are not permitted", request[name]))
        for name in required:
            if name not in request:
                raise Refused(422, _details(name, "Field required", request))
        for name, (least, most) in _RANGES.items():
            value = request.get(name)
            if value is not None and not least <= value <= most:
                raise Refused(422, _details(name, f"Input should be within {least} and {most}", value))
        if request["model"] not in self.models:
            body = self.failure(400, f"Invalid model: {request['model']}")
            raise Refused(400, {**body, "type": "invalid_model", "code": "1500"})
        return request

    async def _list(self, exchange: Exchange) -> None:
        cards = [
            {
                "id": name,
                "object": "model",
                "created": 1,
                "owned_by": "mistralai",
                "type": "base",
                "capabilities": {"completion_chat": True, "completion_fim": True},
                "max_context_length": context,
                "aliases": [],
            }
            for name, context in self.models.items()
        ]
        exchange.reply(200, json.dumps({"object": "list", "data": cards}).encode())


def _details(name: str, message: str, given: Any = None) -> dict[str, Any]:
    """Return the body of a 422, which repeats what it was given, as the real one does."""
    return {"detail": [{"type": "value_error", "loc": ["body", name], "msg": message, "input": given}]}
