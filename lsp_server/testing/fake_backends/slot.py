"""What an engine with one slot remembers: the prompt that it has read, as far as it got."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import takewhile
from typing import Final

from lsp_server.testing.fake_backends.script import CHARS_PER_TOKEN, token_count

BATCH_TOKENS: Final = 64
"""What is read at a time: between two batches the engine sees that its client has gone."""


class Slot:
    """Runs one request at a time. The others wait in the order in which they came."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._cached = ""

    @asynccontextmanager
    async def read(self, prompt: str, token_s: float, *, reuse: bool = True) -> AsyncIterator[int]:
        """Give the slot once a prompt is read, ``token_s`` seconds for each token that it does not have.

        The value is how many of the prompt's tokens it had, if it may ``reuse`` them. A reader who is
        cancelled leaves what it has read.
        """
        async with self._turn:
            had = self._reusable(prompt) if reuse else 0
            tokens = token_count(prompt)
            for start in range(had, tokens, BATCH_TOKENS):
                self._cached = prompt[: start * CHARS_PER_TOKEN]
                await asyncio.sleep(token_s * min(BATCH_TOKENS, tokens - start))
            self._cached = prompt
            yield had

    def _reusable(self, prompt: str) -> int:
        """Return how many of a prompt's tokens it has; the last one is always read anew."""
        pairs = zip(self._cached, prompt, strict=False)
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        return max(0, min(same // CHARS_PER_TOKEN, token_count(prompt) - 1))
