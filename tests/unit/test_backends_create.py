import subprocess
import sys

import pytest
from pydantic import SecretStr

from lsp_server.backends.create import create_backend
from lsp_server.backends.llamacpp import LlamaCppBackend
from lsp_server.backends.mistral import MistralBackend
from lsp_server.backends.ollama import OllamaBackend
from lsp_server.backends.openai import OpenAIBackend
from lsp_server.config.settings import BackendSettings
from lsp_server.testing.conformance import KINDS
from lsp_server.testing.fake_backends import TEST_KEY, FakeModel
from lsp_server.types import Destination


@pytest.mark.parametrize(
    ("kind", "expected", "origin"),
    [
        ("ollama", OllamaBackend, "http://127.0.0.1:11434"),
        ("mistral", MistralBackend, "https://codestral.mistral.ai"),
        ("openai", OpenAIBackend, "http://127.0.0.1:8000"),
        ("llamacpp", LlamaCppBackend, "http://127.0.0.1:8080"),
    ],
)
def test_every_kind(kind, expected, origin):
    settings = BackendSettings(name="mine", kind=kind)
    backend = create_backend(settings, key=SecretStr("k"), session="s", remote=True)
    assert type(backend) is expected
    assert backend.name == "mine"
    assert backend.destination == Destination("mine", origin, remote=True)


@pytest.mark.parametrize("kind", KINDS, ids=str)
async def test_a_suitable_model_is_chosen_where_there_are_several(kind):
    if kind.name in {"mistral", "llamacpp"}:
        expected = {"codestral-latest", "qwen2.5-coder-0.5b-instruct-q4_k_m"}
    else:
        expected = {"second-coder"}
    async with kind.fake() as fake:
        if kind.name == "ollama":
            fake.models = dict.fromkeys(["first", "second-coder"], FakeModel(capabilities=("completion",)))
        elif kind.name == "openai":
            fake.models = dict.fromkeys(["first", "second-coder"], 4096)
        settings = BackendSettings(name="mine", kind=kind.name, url=fake.url)
        backend = create_backend(
            settings,
            key=SecretStr(TEST_KEY),
            session="s",
            remote=False,
            suitable=lambda info: "coder" in info.name,
        )
        assert (await backend.probe()).name in expected
        await backend.close()


def test_an_address_that_is_none_is_told_at_once():
    settings = BackendSettings(name="mine", kind="openai", url="http://user:sk-secret@host")
    with pytest.raises(ValueError, match="no user name or key"):
        create_backend(settings, key=None, session="s", remote=True)


def test_making_backends_imports_no_http_library():
    code = """
import sys
from lsp_server.backends.create import create_backend
from lsp_server.config.settings import BackendSettings
for kind in ("ollama", "mistral", "openai", "llamacpp"):
    create_backend(BackendSettings(name="x", kind=kind), key=None, session="s", remote=False)
heavy = {"httpx", "httpx2", "httpcore", "httpcore2", "ollama", "mistralai", "anyio", "h11"} & set(sys.modules)
sys.exit(f"imported: {heavy}" if heavy else 0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
