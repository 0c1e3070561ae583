"""A fake llama.cpp server (``tools/server``).

Where it is stricter than the real one: an unknown field is refused with 400. The real one ignores it, so that
a misspelt name would go unnoticed.
"""

from __future__ import annotations

import json
import re
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
    sse,
    token_count,
)
from lsp_server.testing.fake_backends.server import Exchange, Handler, Recorded
from lsp_server.testing.fake_backends.slot import Slot

_SAMPLING: Final = names(
    "stream n_predict temperature top_k top_p min_p seed stop cache_prompt id_slot grammar samplers n_probs"
    " t_max_predict_ms n_indent n_keep n_cache_reuse timings_per_token return_tokens response_fields"
    " logit_bias repeat_penalty repeat_last_n ignore_eos"
)
_COMPLETION: Final = _SAMPLING | {"prompt"}
_CHAT: Final = _SAMPLING - {"n_probs"} | names(
    "messages model max_tokens stream_options logprobs top_logprobs"
)

_GRAMMAR: Final = re.compile(r'root ::= "((?:[^"\\]|\\.)*)" \[\^\\x00\]\*', re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_LETTERS: Final = {"n": "\n", "r": "\r", "t": "\t"}
_KEEP_ALIVE: Final = {"Keep-Alive": "timeout=5, max=100", "Server": "llama.cpp"}


class FakeLlamaCpp(FakeBackend):
    """One slot, one model. ``n_ctx`` is its context in tokens; ``loading`` True answers 503 to everything.
    ``refused_fields`` are fields that it does not know although the real one does.
    ``read_token_s`` passes for each token of a prompt that is not in the slot's cache, in seconds; the
    request's note ``cached`` says how many were.
    """

    stream_type = "text/event-stream"

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.n_ctx = 8192
        self.loading = False
        self.refused_fields: frozenset[str] = frozenset()
        self.read_token_s = 0.0
        self._slot = Slot()

    def is_completion(self, recorded: Recorded) -> bool:
        """Both ways to ask for text."""
        return recorded.path in {"/completion", "/v1/chat/completions"}

    def routes(self) -> dict[tuple[str, str], Handler]:
        """The routes that clients use to complete."""
        return {
            ("POST", "/completion"): self._completion,
            ("POST", "/v1/chat/completions"): self._chat,
            ("POST", "/tokenize"): self._tokenize,
            ("GET", "/props"): self._props,
            ("GET", "/v1/models"): self._list,
            ("GET", "/health"): self._health,
        }

    def check_key(self, recorded: Recorded) -> None:
        """The list of models and the state of health are open to everybody; nothing is while it loads."""
        if self.loading:
            raise Refused(503, self.failure(503, "Loading model"))
        if recorded.path not in {"/v1/models", "/health"}:
            super().check_key(recorded)

    def failure(self, status: int, message: str) -> dict[str, Any]:
        """An error as llama.cpp gives it."""
        kinds = {401: "authentication_error", 404: "not_found_error", 503: "unavailable_error"}
        kind = kinds.get(status, "server_error" if status >= 500 else "invalid_request_error")  # noqa: PLR2004
        return {"error": {"code": status, "message": message, "type": kind}}

    def event(self, content: dict[str, Any]) -> bytes:
        """One server-sent event."""
        return sse(content)

    def tells_logprobs(self, request: dict[str, Any], *, chat: bool) -> bool:
        """The native route does; chats are not asked to."""
        return not chat and request.get("n_probs", 0) > 0

    def piece(self, text: Any, *, chat: bool, logprob: float | None = None) -> bytes:
        """A piece of text that is not the last."""
        if chat:
            return self.event({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]})
        told = {} if logprob is None else {"completion_probabilities": [_probability(text, logprob)]}
        return self.event({"index": 0, "content": text, "tokens": [7], "stop": False, "id_slot": 0, **told})

    def ending(self, plan: Plan, *, chat: bool, request: dict[str, Any]) -> bytes:
        """The last event; the native route has no end marker, the other one has."""
        read, done = plan.prompt_tokens - plan.cached_tokens, len(plan.pieces)
        timings = {"cache_n": plan.cached_tokens, "prompt_n": read, "prompt_ms": 1.0, "predicted_n": done}
        if chat:
            choice = {"index": 0, "delta": {}, "finish_reason": plan.finish}
            usage = {"prompt_tokens": plan.prompt_tokens, "completion_tokens": done}
            last = self.event({"choices": [choice]}) + self.event({"choices": [], "usage": usage})
            return last + b"data: [DONE]\n\n"
        kind = "limit" if plan.finish == "length" else "eos"
        last_fields = {"content": "", "stop": True, "stop_type": kind, "truncated": False, "timings": timings}
        last = self.event({"index": 0, "tokens_evaluated": plan.prompt_tokens, **last_fields})
        tells = kind == "eos" and self.tells_logprobs(request, chat=chat)
        # The token that ends the text is told too, as a piece without text.
        return (self.piece("", chat=chat, logprob=self.logprob("")) if tells else b"") + last

    def start_stream(self, exchange: Exchange) -> None:
        """Announce to keep the connection."""
        exchange.start(self.stream_type, _KEEP_ALIVE)

    def end_stream(self, exchange: Exchange) -> None:
        """Close the connection in spite of the announcement, as the real one does after a stream."""
        exchange.end()
        exchange.close()

    async def _completion(self, exchange: Exchange) -> None:
        request = self._checked(exchange, _COMPLETION)
        await self._complete(exchange, request["prompt"], chat=False)

    async def _chat(self, exchange: Exchange) -> None:
        request = self._checked(exchange, _CHAT)
        await self._complete(exchange, "\n".join(m["content"] for m in request["messages"]), chat=True)

    async def _complete(self, exchange: Exchange, prompt: str, *, chat: bool) -> None:
        request = exchange.recorded.json
        tokens = token_count(prompt)
        if tokens > self.n_ctx:
            message = f"request ({tokens} tokens) exceeds the available context size ({self.n_ctx} tokens)"
            body = self.failure(400, message)
            facts = {"type": "exceed_context_size_error", "n_prompt_tokens": tokens, "n_ctx": self.n_ctx}
            raise Refused(400, {"error": {**body["error"], **facts}})
        limit = request.get("n_predict", request.get("max_tokens", -1))
        forced = self._forced(request.get("grammar") or "")
        stop = as_list(request.get("stop"))
        # For 0, the real one sends the one token that follows from reading the prompt, and then its limit.
        most = 1 << 30 if limit < 0 else max(1, limit)
        asked = Asked(prompt, "", most, stop, forced, chat, request)
        reuse = request.get("cache_prompt", True)
        async with self._slot.read(prompt, self.read_token_s, reuse=reuse) as cached:
            exchange.recorded.notes["cached"] = cached
            plan = plan_answer(self.answer, asked, tokens, cached)
            await self.stream_plan(exchange, plan, chat=chat)

    def _forced(self, grammar: str) -> str:
        """Return the text that a grammar of all texts with one beginning makes the answer begin with."""
        if not grammar:
            return ""
        match = _GRAMMAR.fullmatch(grammar)
        if match is None:
            raise Refused(400, self.failure(400, "Failed to parse grammar"))
        return _ESCAPE.sub(self._unescaped, match[1])

    def _unescaped(self, escape: re.Match[str]) -> str:
        digits = escape[1] or escape[2] or escape[3]
        if digits:
            return chr(int(digits, 16))
        if escape[4] in _LETTERS:
            return _LETTERS[escape[4]]
        if escape[4] in '\\"[]':
            return escape[4]
        raise Refused(400, self.failure(400, "Failed to parse grammar"))

    def _checked(self, exchange: Exchange, known: frozenset[str]) -> dict[str, Any]:
        request: dict[str, Any] = exchange.recorded.json
        unknown = require_known(request, known - self.refused_fields)
        if unknown:
            raise Refused(400, self.failure(400, f"unknown field: {unknown[0]}"))
        if not request.get("stream"):
            raise Refused(400, self.failure(400, "this fake only streams"))
        if request.get("id_slot", -1) > 0:
            raise Refused(400, self.failure(400, "Invalid slot ID."))
        likeliest = request.get("n_probs", 0)
        if not isinstance(likeliest, int) or isinstance(likeliest, bool) or likeliest < 0:
            raise Refused(400, self.failure(400, "n_probs must be a number of tokens"))
        return request

    async def _tokenize(self, exchange: Exchange) -> None:
        text = exchange.recorded.json["content"]
        tokens = list(range(0, len(text), CHARS_PER_TOKEN))
        exchange.reply(200, json.dumps({"tokens": tokens}).encode())

    async def _props(self, exchange: Exchange) -> None:
        props = {
            "default_generation_settings": {"n_ctx": self.n_ctx},
            "total_slots": 1,
            "model_path": "/models/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
            "chat_template": "{{ messages }}",
        }
        exchange.reply(200, json.dumps(props).encode())

    async def _list(self, exchange: Exchange) -> None:
        meta = {"n_ctx_train": 32768, "n_params": 630_167_424, "size": 491_400_064, "ftype": "Q4_K_M"}
        card = {"id": "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf", "object": "model", "meta": meta}
        exchange.reply(200, json.dumps({"object": "list", "data": [card]}).encode())

    async def _health(self, exchange: Exchange) -> None:
        exchange.reply(200, b'{"status":"ok"}')


def _probability(text: str, logprob: float) -> dict[str, Any]:
    """A token as the native route tells its probability; here it is always the likeliest one."""
    token = {"id": 7, "token": text, "bytes": list(text.encode("utf-8", "replace")), "logprob": logprob}
    return {**token, "top_logprobs": [token]}
