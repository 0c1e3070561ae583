"""Fakes of the servers that our backends talk to, on loopback and as strict as the real ones.

    async with FakeOllama(answer="return a + b\\n", token_s=0.008) as fake:
        ...                                   # a client talks to fake.url
        recorded = await fake.closed()        # when the client has gone
        assert recorded.cancelled

They answer what they are told (a text, or a function of the request) at the pace they are told, let faults
happen by name (``FAULTS``), and record every request and when its connection ended.
"""

from lsp_server.testing.fake_backends import faults_of_answers, faults_of_connections  # noqa: F401 - they register
from lsp_server.testing.fake_backends.faults import CALM_TEXT, FAULTS, Fault
from lsp_server.testing.fake_backends.llamacpp import FakeLlamaCpp
from lsp_server.testing.fake_backends.mistral import TEST_KEY, FakeMistral
from lsp_server.testing.fake_backends.ollama import FakeModel, FakeOllama
from lsp_server.testing.fake_backends.openai import FakeOpenAI
from lsp_server.testing.fake_backends.script import Asked, FakeBackend, cut_pieces, token_count
from lsp_server.testing.fake_backends.server import Recorded

__all__ = [
    "CALM_TEXT",
    "FAULTS",
    "TEST_KEY",
    "Asked",
    "FakeBackend",
    "FakeLlamaCpp",
    "FakeMistral",
    "FakeModel",
    "FakeOllama",
    "FakeOpenAI",
    "Fault",
    "Recorded",
    "cut_pieces",
    "token_count",
]
