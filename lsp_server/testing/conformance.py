"""What every backend must do, as pieces for a test suite: each kind beside its fake, prompts, and a reader.

@pytest.mark.parametrize("kind", KINDS, ids=str)
async def test_streams(kind):
    async with kind.fake(answer="a b c") as fake, kind.backend(fake) as backend:
        result = await read(backend, CleanPrompt(kind.prompt(), backend.destination))
        assert result.text == "a b c"
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import SecretStr

from lsp_server.backends.base import Backend
from lsp_server.backends.limits import Deadlines
from lsp_server.backends.llamacpp import LlamaCppBackend
from lsp_server.backends.mistral import MistralBackend
from lsp_server.backends.ollama import OllamaBackend
from lsp_server.backends.openai import OpenAIBackend
from lsp_server.config.settings import BackendKind, BackendSettings
from lsp_server.testing.fake_backends import (
    TEST_KEY,
    FakeBackend,
    FakeLlamaCpp,
    FakeMistral,
    FakeOllama,
    FakeOpenAI,
)
from lsp_server.types import Chunk, CleanPrompt, Finish, Prompt, PromptForm, Usage

IMPATIENT: Final = Deadlines(connect_s=1.0, first_byte_s=0.4, idle_s=0.3, total_s=0.9, load_s=2.0)
"""Deadlines for tests that wait for one to pass."""

PATIENT: Final = Deadlines(connect_s=5.0, first_byte_s=5.0, idle_s=5.0, total_s=10.0, load_s=10.0)
"""Deadlines for all others: a busy machine meets them, and a test that hangs still ends."""


@dataclass(frozen=True, slots=True)
class PlainTemplate:
    """A template whose layout is easy to read in a recorded request."""

    form: PromptForm
    name: str = "plain"
    system: str = ""

    def render(self, prompt: Prompt) -> str:
        """Return prefix and suffix with marks between them, or the prefix where parts travel apart."""
        if self.form is PromptForm.RAW:
            return f"<PRE>{prompt.prefix}<SUF>{prompt.suffix}<MID>"
        return prompt.prefix


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of backend and the fake that it talks to."""

    name: BackendKind
    make: Callable[..., Any]
    fake: Callable[..., FakeBackend]
    form: PromptForm

    def __str__(self) -> str:
        return self.name

    @asynccontextmanager
    async def backend(
        self,
        fake: FakeBackend,
        *,
        deadlines: Deadlines = PATIENT,
        key: str | None = TEST_KEY,
        **settings: Any,
    ) -> AsyncIterator[Backend]:
        """A backend for a fake, with other settings where given. It closes with the context."""
        described = BackendSettings(**{"name": "under-test", "kind": self.name, "url": fake.url, **settings})
        secret = SecretStr(key) if key is not None else None
        backend: Backend = self.make(
            described, key=secret, session="session-1", remote=False, deadlines=deadlines
        )
        try:
            yield backend
        finally:
            await backend.close()

    def prompt(self, **values: Any) -> Prompt:
        """A prompt in the form that this kind prefers."""
        defaults: dict[str, Any] = {
            "template": PlainTemplate(self.form),
            "prefix": "def add(a, b):\n    return ",
            "suffix": "\n\nprint(add(1, 2))\n",
            "stop": ("<MID>",),
            "max_tokens": 64,
            "tokens": 16,
        }
        return Prompt(**{**defaults, **values})


KINDS: Final = (
    Kind("ollama", OllamaBackend, FakeOllama, PromptForm.RAW),
    Kind("mistral", MistralBackend, FakeMistral, PromptForm.PARTS),
    Kind("openai", OpenAIBackend, FakeOpenAI, PromptForm.RAW),
    Kind("llamacpp", LlamaCppBackend, FakeLlamaCpp, PromptForm.RAW),
)


@dataclass(slots=True)
class Result:
    """A whole answer."""

    chunks: list[Chunk] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All pieces together."""
        return "".join(chunk.text for chunk in self.chunks)

    @property
    def finish(self) -> Finish | None:
        """The last chunk's finish."""
        return self.chunks[-1].finish if self.chunks else None

    @property
    def usage(self) -> Usage | None:
        """The last chunk's usage."""
        return self.chunks[-1].usage if self.chunks else None


async def read(backend: Backend, clean: CleanPrompt) -> Result:
    """Return a whole answer. Raises what the backend raises."""
    result = Result()
    async with backend.stream(clean) as chunks:
        async for chunk in chunks:
            result.chunks.append(chunk)
    return result
