"""Servers that are slow, send too much, break off, or are no such server at all."""

from __future__ import annotations

import asyncio
import gzip

from lsp_server.backends.base import BadResponse, StreamBroken, TimedOut, Unavailable, Unreachable
from lsp_server.testing.fake_backends.faults import TRICKLE_S, Scene, fault

# Silence and slowness.


@fault(TimedOut)
async def _hang_before_headers(scene: Scene) -> None:
    await scene.hang()


@fault(TimedOut)
async def _hang_after_headers(scene: Scene) -> None:
    scene.exchange.start(scene.server.stream_type)
    await scene.hang()


@fault(TimedOut)
async def _stall_mid_stream(scene: Scene) -> None:
    await scene.begin()
    await scene.hang()


@fault(TimedOut)
async def _trickle(scene: Scene) -> None:
    await scene.begin()
    while True:
        scene.exchange.chunk(b" ")
        await asyncio.sleep(TRICKLE_S)


@fault(None)
async def _stall_after_finish(scene: Scene) -> None:
    scene.exchange.start(scene.server.stream_type)
    scene.exchange.chunk(scene.whole.replace(b"data: [DONE]\n\n", b""))
    await scene.hang()


@fault(None)
async def _slow_first_token(scene: Scene) -> None:
    await asyncio.sleep(2 * TRICKLE_S)
    scene.stream(scene.whole)


# Too much.


@fault(None)
async def _endless_tokens(scene: Scene) -> None:
    scene.exchange.start(scene.server.stream_type)
    piece = scene.server.piece("x", chat=scene.chat)
    while True:
        scene.exchange.chunk(piece)
        scene.exchange.recorded.tokens_sent += 1
        await scene.exchange.drain()


@fault(BadResponse)
async def _endless_blank_lines(scene: Scene) -> None:
    await _endless(scene, b"\n" * 4096)


@fault(BadResponse, "text/event-stream")
async def _endless_comments(scene: Scene) -> None:
    await _endless(scene, b": ping\n\n" * 512)


@fault(BadResponse)
async def _endless_line(scene: Scene) -> None:
    await _endless(scene, b"data: " + b"x" * 65536)


async def _endless(scene: Scene, data: bytes) -> None:
    scene.exchange.start(scene.server.stream_type)
    while True:
        scene.exchange.chunk(data)
        await scene.exchange.drain()


@fault(BadResponse)
async def _endless_json(scene: Scene) -> None:
    scene.exchange.start("application/json")
    while True:
        scene.exchange.chunk(b" " * 65536)
        await scene.exchange.drain()


@fault(Unavailable)
async def _endless_error_body(scene: Scene) -> None:
    scene.exchange.head(500, {"Content-Type": "application/json", "Transfer-Encoding": "chunked"})
    while True:
        scene.exchange.chunk(b" " * 65536)
        await scene.exchange.drain()


@fault(BadResponse)
async def _gzip_bomb(scene: Scene) -> None:
    body = gzip.compress(b" " * (32 << 20))
    scene.exchange.reply(200, body, scene.server.stream_type, {"Content-Encoding": "gzip"})


@fault(Unreachable)
async def _huge_header(scene: Scene) -> None:
    scene.exchange.head(200, {"Content-Type": scene.server.stream_type, "X-Padding": "x" * 300_000})
    await scene.hang()


# The connection.


@fault(Unreachable)
async def _disconnect_before_headers(scene: Scene) -> None:
    scene.exchange.close()


@fault(Unreachable)
async def _reset_before_headers(scene: Scene) -> None:
    scene.exchange.reset()


@fault(StreamBroken)
async def _disconnect_mid_stream(scene: Scene) -> None:
    await scene.begin()
    scene.exchange.close()


@fault(StreamBroken)
async def _reset_mid_stream(scene: Scene) -> None:
    await scene.begin()
    await asyncio.sleep(TRICKLE_S)  # Otherwise the reset can overtake the pieces.
    scene.exchange.reset()


@fault(StreamBroken)
async def _disconnect_mid_line(scene: Scene) -> None:
    await scene.begin()
    scene.exchange.chunk(scene.pieces[2][:-9])
    scene.exchange.close()


@fault(StreamBroken)
async def _end_without_finish(scene: Scene) -> None:
    await scene.begin()
    scene.exchange.end()


@fault(StreamBroken)
async def _end_mid_line(scene: Scene) -> None:
    await scene.begin()
    scene.exchange.chunk(scene.pieces[2][:-9])
    scene.exchange.end()


@fault(StreamBroken)
async def _end_without_anything(scene: Scene) -> None:
    scene.stream(b"\n")


@fault(StreamBroken)
async def _shorter_than_announced(scene: Scene) -> None:
    body = b"".join(scene.pieces)
    scene.exchange.head(
        200, {"Content-Type": scene.server.stream_type, "Content-Length": str(len(body) + 1000)}
    )
    scene.exchange.write(body)
    scene.exchange.close()


# Something else than the API.


@fault(Unreachable)
async def _not_http(scene: Scene) -> None:
    scene.exchange.write(b"SSH-2.0-OpenSSH_9.6\r\n")
    scene.exchange.close()


@fault(BadResponse)
async def _redirect(scene: Scene) -> None:
    scene.exchange.reply(307, b"", headers={"Location": "http://127.0.0.1:9/elsewhere"})


@fault(BadResponse)
async def _web_page(scene: Scene) -> None:
    scene.exchange.reply(200, b"<html><body>Please log in</body></html>", "text/html; charset=utf-8")


@fault(BadResponse)
async def _plain_text(scene: Scene) -> None:
    scene.exchange.reply(200, b"It works!", "text/plain")


@fault(BadResponse)
async def _no_content_type(scene: Scene) -> None:
    scene.exchange.head(200, {"Content-Length": "2"})
    scene.exchange.write(b"{}")
    scene.exchange.finished()


@fault(Unavailable)
async def _web_page_of_a_gateway(scene: Scene) -> None:
    scene.exchange.reply(502, b"<html><body>Bad Gateway</body></html>", "text/html")


@fault(BadResponse, "application/x-ndjson")
async def _utf16_lines(scene: Scene) -> None:
    _utf16(scene)


@fault(StreamBroken, "text/event-stream")
async def _utf16_events(scene: Scene) -> None:
    _utf16(scene)  # Not one field has a name that is known, so nothing has come when the stream ends.


def _utf16(scene: Scene) -> None:
    body = scene.whole.decode().encode("utf-16")
    scene.exchange.reply(200, body, f"{scene.server.stream_type}; charset=utf-16")


@fault(None)
async def _utf16_lie(scene: Scene) -> None:
    scene.exchange.reply(200, scene.whole, f"{scene.server.stream_type}; charset=utf-16")


@fault(BadResponse)
async def _not_json(scene: Scene) -> None:
    scene.stream(b"data: oops\n\n")


@fault(BadResponse)
async def _json_of_another_kind(scene: Scene) -> None:
    lines = {"text/event-stream": b"data: [1, 2]\n\n", "application/x-ndjson": b"[1, 2]\n"}
    scene.stream(lines[scene.server.stream_type])


@fault(BadResponse)
async def _nested_json(scene: Scene) -> None:
    start = b"data: " if scene.server.stream_type == "text/event-stream" else b""
    scene.stream(start + b"[" * 200_000 + b"\n\n")


@fault(BadResponse)
async def _number_for_text(scene: Scene) -> None:
    scene.stream(scene.server.piece(7, chat=scene.chat))
