"""Servers that answer with errors, and those that answer well but unusually."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from lsp_server.backends.base import (
    AuthenticationFailed,
    BackendError,
    BadRequest,
    ModelNotFound,
    PromptTooLong,
    RateLimited,
    TimedOut,
    Unavailable,
)
from lsp_server.testing.fake_backends.faults import FAULTS, Fault, Scene, fault
from lsp_server.testing.fake_backends.script import Plan, sse


def _status(name: str, status: int, expects: type[BackendError], message: str, retry_after: str = "") -> None:
    async def play(scene: Scene) -> None:
        scene.refuse(status, message, {"Retry-After": retry_after} if retry_after else None)

    FAULTS[name] = Fault(name, expects, play)


# Errors in the place of answers.


@fault(Unavailable)
async def _error_object_with_status_200(scene: Scene) -> None:
    scene.exchange.reply(
        200, json.dumps(scene.server.failure(500, "llama runner process has terminated")).encode()
    )


@fault(Unavailable)
async def _error_object_mid_stream(scene: Scene) -> None:
    await scene.begin()
    scene.exchange.chunk(scene.server.event(scene.server.failure(500, "CUDA error: out of memory")))
    scene.exchange.end()


@fault(Unavailable, "text/event-stream")
async def _error_event_mid_stream(scene: Scene) -> None:
    await scene.begin()
    scene.exchange.chunk(b'event: error\ndata: {"message": "slot unavailable"}\n\n')
    scene.exchange.end()


_status("status_400", 400, BadRequest, "bad value")
_status("status_401", 401, AuthenticationFailed, "Unauthorized")
_status("status_402", 402, RateLimited, "quota exceeded")
_status("status_403", 403, AuthenticationFailed, "forbidden")
_status("status_404", 404, BadRequest, "404 page not found")
_status("status_404_model", 404, ModelNotFound, 'model "m" not found, try pulling it first')
_status("status_408", 408, TimedOut, "request timeout")
_status("status_413", 413, PromptTooLong, "payload too large")
_status("status_422", 422, BadRequest, "unprocessable")
_status("status_429", 429, RateLimited, "slow down")
_status("status_429_seconds", 429, RateLimited, "slow down", retry_after="2.5")
_status("status_429_huge", 429, RateLimited, "slow down", retry_after="99999999")
_status("status_429_negative", 429, RateLimited, "slow down", retry_after="-3")
_status("status_429_garbage", 429, RateLimited, "slow down", retry_after="soon")
_status("status_500", 500, Unavailable, "internal error")
_status("status_502", 502, Unavailable, "bad gateway")
_status("status_503", 503, Unavailable, "Loading model")
_status("status_529", 529, Unavailable, "overloaded")


@fault(RateLimited)
async def _status_429_date(scene: Scene) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    scene.refuse(429, "slow down", {"Retry-After": date})


@fault(BadRequest)
async def _status_422_with_echo(scene: Scene) -> None:
    """As FastAPI does: the details repeat the whole request, and so do the words."""
    request = scene.exchange.recorded.json
    words = f"cannot take {json.dumps(request)} with {scene.exchange.recorded.headers.get('authorization')}"
    details = [{"type": "value_error", "loc": ["body", "prompt"], "msg": words, "input": request}]
    scene.exchange.reply(422, json.dumps({"detail": details}).encode())


# Unusual, but good.


@fault(None)
async def _byte_by_byte(scene: Scene) -> None:
    scene.exchange.start(scene.server.stream_type)
    for byte in scene.whole:
        scene.exchange.chunk(bytes([byte]))
        await scene.exchange.drain()
    scene.exchange.end()


@fault(None)
async def _carriage_returns(scene: Scene) -> None:
    scene.stream(scene.whole.replace(b"\n", b"\r\n"))


@fault(None)
async def _byte_order_mark(scene: Scene) -> None:
    scene.stream(b"\xef\xbb\xbf" + scene.whole)


@fault(None)
async def _blank_lines(scene: Scene) -> None:
    pieces = [*scene.pieces, scene.ending]
    scene.stream(b"\n\n" + b"\n\n\n".join(pieces))


@fault(None, "text/event-stream")
async def _comments(scene: Scene) -> None:
    body = b": ping\n\n".join([b"", *scene.pieces, b": open\nretry: 10\nid: 7\n" + scene.ending])
    scene.stream(body)


@fault(None, "text/event-stream")
async def _data_over_several_lines(scene: Scene) -> None:
    scene.stream(scene.whole.replace(b', "', b',\ndata: "'))


@fault(None, "text/event-stream")
async def _done_missing(scene: Scene) -> None:
    scene.stream(scene.whole.replace(b"data: [DONE]\n\n", b""))


@fault(None, "text/event-stream")
async def _last_blank_line_missing(scene: Scene) -> None:
    body = scene.whole.replace(b"data: [DONE]\n\n", b"")
    scene.stream(body.rstrip(b"\n"))


@fault(None)
async def _negative_usage(scene: Scene) -> None:
    ending = scene.server.ending(
        Plan((), "stop", -5, -7), chat=scene.chat, request=scene.exchange.recorded.json
    )
    scene.stream(b"".join(scene.pieces) + ending)


@fault(None)
async def _noise_after_finish(scene: Scene) -> None:
    scene.stream(scene.whole + sse({"error": "late"}) + b"\x00garbage\n")
