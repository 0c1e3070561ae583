"""One answer of a backend that somebody has asked for by hand: read in its slot, counted, and timed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from lsp_server.prompt.tokens import TokenEstimate
from lsp_server.routing.router import Route, Router
from lsp_server.types import CleanPrompt, Finish, Usage


async def read_answer(
    clean: CleanPrompt,
    route: Route,
    router: Router,
    is_enough: Callable[[str], bool],
    on_length: Callable[[int], None],
) -> tuple[str, Finish]:
    """Return the answer, which begins with ``Prompt.forced``, up to where ``is_enough`` is true of it.

    ``on_length`` is told how many characters have come. The connection is closed afterwards in any case.
    Raises ``BackendError``.
    """
    text, finish, usage = "", Finish.STOP, None
    loop = asyncio.get_running_loop()
    async with route.slots.take():
        unread, started_s = route.unread(clean.prompt), loop.time()
        route.note_prompt(clean.prompt)
        router.budget.asked(route.settings)
        try:
            async with route.backend.stream(clean) as chunks:
                async for chunk in chunks:
                    if not text and chunk.text:
                        route.reading.observe(unread, (loop.time() - started_s) * 1000)
                    text += chunk.text
                    finish, usage = chunk.finish or finish, chunk.usage or usage
                    on_length(len(text))
                    if is_enough(text):
                        break
        finally:
            _count(router, route, clean, text, usage)
    router.succeeded(route)
    return text, finish


def _count(router: Router, route: Route, clean: CleanPrompt, text: str, usage: Usage | None) -> None:
    said = TokenEstimate(route.calibration).count(text)
    router.budget.used(route.settings, route.model, usage, clean.prompt.tokens, said)
