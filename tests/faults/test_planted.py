"""Planted secrets, as a remote server receives what is left of them: its bytes are looked through."""

from dataclasses import replace

import pytest

from lsp_server.backends.create import create_backend
from lsp_server.config.settings import BackendSettings
from lsp_server.policy.clearance import Policy
from lsp_server.policy.paths import PathRules
from lsp_server.prompt.families import FAMILIES
from lsp_server.prompt.layout import Limits, lay_out
from lsp_server.testing.fake_backends import FakeLlamaCpp
from lsp_server.testing.fixtures import cursor_at
from lsp_server.testing.planted import HELD_OUT, HOSTS, plant
from lsp_server.types import CleanPrompt, Snippet

PLACES = ("prefix", "suffix", "snippet")
PLANTED = [*plant(150, 21, HOSTS), *plant(150, 22, HELD_OUT)]
LIMITS = Limits(context_tokens=8192, budget_tokens=4096, max_tokens=8)


def place(planted, where):
    text = planted.text
    marked = {"prefix": f"public = 1\n{text}\n\nb = ‸\n", "suffix": f"public = ‸\n\n{text}\nb = 1\n"}
    snippets = [Snippet("s.py", f"one = 1\n{text}\n", 1.0, "windows")] if where == "snippet" else []
    cursor = cursor_at(marked.get(where, "public = 1\nb = ‸\n"))
    return cursor, lay_out(cursor, FAMILIES["codestral"], limits=LIMITS, snippets=snippets)[0]


@pytest.mark.parametrize("mode", ["block", "redact"])
async def test_no_byte_of_300_secrets_arrives(mode):
    policy = Policy(PathRules(), remote_allowed=True, secrets=mode)
    async with FakeLlamaCpp("done\n") as fake:
        settings = BackendSettings(name="far", kind="llamacpp", url=fake.url, trusted=False)
        backend = create_backend(settings, key=None, session="test", remote=True)
        for number, planted in enumerate(PLANTED):
            cursor, prompt = place(planted, PLACES[number % len(PLACES)])
            clean = policy.clear(prompt, cursor, backend.destination)
            if isinstance(clean, CleanPrompt):
                async with backend.stream(clean) as chunks:
                    assert [chunk async for chunk in chunks]
        received = b"".join(recorded.body for recorded in fake.completions)
        assert received.count(b"public") >= (100 if mode == "block" else 300)
        for planted in PLANTED:
            assert not [part for part in planted.parts if part.encode() in received], planted.kind
        # The same server would have seen them, had nobody looked.
        cursor, prompt = place(PLANTED[0], "prefix")
        unchecked = CleanPrompt(replace(prompt), backend.destination)
        async with backend.stream(unchecked) as chunks:
            assert [chunk async for chunk in chunks]
        assert PLANTED[0].parts[0].encode() in fake.completions[-1].body
        await backend.close()
