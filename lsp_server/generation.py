"""One stream, read until a stop rule, the model or a limit ends it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lsp_server.backends.base import Backend
from lsp_server.shaping.mode import Mode
from lsp_server.shaping.stop import Draft, find_stop
from lsp_server.types import CleanPrompt, Cursor, Finish, Usage


@dataclass(frozen=True, slots=True)
class Limits:
    """How much to take of a stream."""

    mode: Mode
    max_lines: int


@dataclass(frozen=True, slots=True)
class Generated:
    """What a stream gave: the text up to its stop, and why it ended there.

    ``finish`` is LENGTH only where the model was cut off; a stop rule of ours counts as STOP.
    """

    text: str
    finish: Finish
    rule: str | None = None
    usage: Usage | None = None


async def generate(
    backend: Backend, clean: CleanPrompt, cursor: Cursor, limits: Limits, lap: Callable[[str], None]
) -> Generated:
    """Read one stream and close it as soon as a stop rule sees the end.

    Laps ``first_token`` and ``stream`` are taken. Raises ``BackendError``; being cancelled closes the
    connection.
    """
    forced = clean.prompt.forced
    text = ""
    finish = Finish.STOP
    usage: Usage | None = None
    first = True
    async with backend.stream(clean) as chunks:
        async for chunk in chunks:
            if first and chunk.text:
                lap("first_token")
                first = False
            text += chunk.text
            usage = chunk.usage or usage
            finish = chunk.finish or finish
            draft = Draft(text.removeprefix(forced), cursor, limits.mode, limits.max_lines, clean.prompt.stop)
            stop = find_stop(draft) if len(text) > len(forced) else None
            if stop is not None:
                lap("stream")
                return Generated(draft.text[: stop.end], Finish.STOP, stop.rule, usage)
    lap("stream")
    return Generated(_without(forced, text), finish, None, usage)


def _without(forced: str, text: str) -> str:
    """The text behind its forced start; nothing when the stream ended inside that start."""
    return text[len(forced) :] if text.startswith(forced) else ("" if forced.startswith(text) else text)
