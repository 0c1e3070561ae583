"""A strict fake of the Tabby server's HTTP interface, as tabby-agent 1.5.0 uses it, with the scripted model.

    python -m benchmarks.replay.tabby_server

It is driven as ``benchmarks.replay.model`` is. It does not stream, which the real server does not either: an
answer comes when the model is done. The model ends where the real server ends it: at a blank line, or at a
line that begins with a comment or with a word that only begins a declaration, or after so many tokens.

Where it is stricter than the real one: an unknown field is refused. The real one ignores it.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict, fields
from typing import Any, Final

from benchmarks.replay.model import Settings, continuation
from lsp_server.testing.fake_backends.script import cut_pieces, names
from lsp_server.testing.fake_backends.server import Exchange, FakeServer, Recorded

MAX_TOKENS: Final = 64
"""What the real server lets a model say at most."""

_REQUEST: Final = names("language segments user")
_SEGMENTS: Final = names(
    "prefix suffix filepath git_url declarations relevant_snippets_from_changed_files clipboard"
)
_EVENT: Final = names("type completion_id choice_index view_id elapsed select_kind")

_SLASHES: Final = "//"
_STARTS: Final = {
    "python": ("#", "def from class import"),
    "typescript": (
        _SLASHES,
        "abstract async class const export function interface module package type var enum let",
    ),
    "go": (_SLASHES, "func interface struct package type import var const"),
    "rust": (_SLASHES, "fn trait impl enum pub extern static unsafe use"),
    "c": (_SLASHES, "const enum extern inline register static struct typedef union volatile"),
}
"""By language: what begins a comment, and the words at a line's start, that end an answer."""
_INDENTS: Final = ("", *(" " * width for width in range(2, 15, 2)), *("\t" * count for count in range(1, 8)))

HEALTH: Final = {
    "model": "scripted",
    "device": "cpu",
    "arch": "x86_64",
    "cpu_info": "scripted",
    "cpu_count": 1,
    "cuda_devices": [],
    "version": {"build_date": "", "build_timestamp": "", "git_sha": "", "git_describe": "v0.10.0"},
}


def stops(language: str) -> tuple[str, ...]:
    """The texts that end an answer in a language, longest first; in an unknown one, any line's end does."""
    comment, words = _STARTS.get(language, ("", ""))
    starts = [comment, *words.split()]
    blank = (f"\n\n{indent}" for indent in _INDENTS)
    return tuple(sorted([*(f"\n{start}" for start in starts), *blank], key=len, reverse=True))


def generated(text: str, language: str) -> tuple[str, int]:
    """What is left of the model's text, and how many tokens the model made for it.

    As in the real server, an answer ends where a token ends with a text that ends answers.
    """
    done, count, ends = "", 0, stops(language)
    for piece in cut_pieces(text)[:MAX_TOKENS]:
        done += piece
        count += 1
        for end in ends:
            if done.endswith(end):
                return done.removesuffix(end), count
    return done, count


def whole_prefix(settings: Settings, prefix: str) -> str:
    """The true file up to the cursor, of which the agent sends the last lines only.

    ``prefix`` itself where it is not the truth, and so belongs to no place of the file.
    """
    whole = settings.before + settings.typed
    at = whole.find(prefix, max(0, len(settings.before) - len(prefix)))
    return whole[: at + len(prefix)] if at >= 0 else prefix


def as_log(recorded: Recorded) -> dict[str, Any]:
    """One request, in the form of ``benchmarks.replay.model``.

    ``closed_s`` is when its answer was complete, as the connection is kept.
    """
    return {
        "received_s": recorded.received_s,
        "first_token_s": recorded.first_token_s,
        "tokens": recorded.tokens_sent,
        "closed_s": recorded.finished_s or recorded.closed_s,
        "cancelled": recorded.cancelled,
        "prefill": False,
        "prompt": recorded.json["segments"]["prefix"],
        "forced": "",
    }


class FakeTabby(FakeServer):
    """One model behind the interface. ``settings`` may be changed between requests."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        self._answers = 0

    @property
    def completions(self) -> list[Recorded]:
        """The requests that asked the model for text."""
        return [recorded for recorded in self.requests if recorded.notes.get("completion")]

    async def answer_request(self, exchange: Exchange) -> None:
        """Answer a request by its method and path."""
        recorded = exchange.recorded
        match recorded.method, recorded.path.partition("?")[0]:
            case "GET" | "POST", "/v1/health":
                self._reply(exchange, HEALTH)
            case "GET", "/v1beta/server_setting":
                self._reply(exchange, {"disable_client_side_telemetry": True})
            case "POST", "/v1/completions":
                await self._complete(exchange)
            case "POST", "/v1/events":
                known = isinstance(recorded.json, dict) and set(recorded.json) <= _EVENT
                exchange.reply(200 if known else 422, b"", "text/plain")
            case _:
                exchange.reply(404, b"", "text/plain")

    async def _complete(self, exchange: Exchange) -> None:
        recorded = exchange.recorded
        problem = _problem(recorded.json)
        if problem:
            exchange.reply(422, problem.encode(), "text/plain")
            return
        recorded.notes["completion"] = True
        self.changed()
        self._answers += 1
        number, language = self._answers, recorded.json.get("language", "unknown")
        text, count = generated(self._says(recorded.json["segments"]["prefix"]), language)
        await self._work(recorded, count)
        answer = {"id": f"cmpl-{number}", "choices": [{"index": 0, "text": text}]}
        self._reply(exchange, answer)

    def _says(self, prefix: str) -> str:
        if self.settings.constant:
            return self.settings.constant.replace("#", str(self._answers))
        return continuation(self.settings, whole_prefix(self.settings, prefix))

    async def _work(self, recorded: Recorded, count: int) -> None:
        """Make so many tokens at the model's pace. It ends early when the client leaves."""
        loop = asyncio.get_running_loop()
        due_s = recorded.received_s + self.settings.first_token_s
        await asyncio.sleep(max(0.0, due_s - loop.time()))
        for _ in range(count):
            if recorded.first_token_s is None:
                recorded.first_token_s = loop.time()
            else:
                due_s += self.settings.token_s
                await asyncio.sleep(max(0.0, due_s - loop.time()))
            recorded.tokens_sent += 1

    def _reply(self, exchange: Exchange, body: dict[str, Any]) -> None:
        exchange.reply(200, json.dumps(body).encode())


def _problem(request: Any) -> str:
    """What the request is refused for; empty if it is good."""
    if not isinstance(request, dict) or not isinstance(request.get("segments"), dict):
        return "a request without segments"
    segments = request["segments"]
    unknown = sorted({*(set(request) - _REQUEST), *(set(segments) - _SEGMENTS)})
    if unknown:
        return f"unknown field: {unknown[0]}"
    if not isinstance(segments.get("prefix"), str):
        return "missing field: prefix"
    if not isinstance(segments.get("suffix", ""), str):
        return "not a text: suffix"
    return ""


async def serve() -> None:
    """Answer until stdin ends."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    known = {field.name for field in fields(Settings)}
    async with FakeTabby(Settings()) as fake:
        print(fake.origin, flush=True)
        while line := await reader.readline():
            changed = {name: value for name, value in json.loads(line).items() if name in known}
            fake.settings = Settings(**{**asdict(fake.settings), **changed})
            print(json.dumps([as_log(recorded) for recorded in fake.completions]), flush=True)
            fake.requests.clear()


if __name__ == "__main__":
    asyncio.run(serve())
