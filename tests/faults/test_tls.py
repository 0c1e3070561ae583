"""Certificates are verified, always, and the message says what is wrong with one."""

import asyncio
import ssl
from pathlib import Path

import pytest

from lsp_server.backends.base import TimedOut, Unreachable
from lsp_server.testing.conformance import KINDS, read
from lsp_server.testing.fake_backends import TEST_KEY
from lsp_server.types import CleanPrompt

CERTIFICATES = Path(__file__).parent / "certificates"

pytestmark = pytest.mark.parametrize("kind", KINDS, ids=str)


@pytest.fixture(autouse=True)
def authority(monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATES / "authority.pem"))


def server_context(name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / f"{name}.pem")
    return context


@pytest.fixture
async def quiet_handshakes():
    """A handshake that fails is the server's error too; asyncio would report it."""
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)


async def test_a_good_certificate_is_accepted(kind):
    async with kind.fake(answer="ok", tls=server_context("good"), key=TEST_KEY) as fake:
        assert fake.url.startswith("https://")
        async with kind.backend(fake) as backend:
            clean = CleanPrompt(kind.prompt(), backend.destination)
            assert (await read(backend, clean)).text == "ok"


@pytest.mark.parametrize(
    ("name", "words"),
    [("expired", "expired"), ("wrong_host", "mismatch|not valid for"), ("self_signed", "self.signed")],
)
@pytest.mark.usefixtures("quiet_handshakes")
async def test_a_bad_certificate_is_refused(kind, name, words):
    async with kind.fake(answer="ok", tls=server_context(name)) as fake, kind.backend(fake) as backend:
        with pytest.raises(Unreachable, match=rf"its certificate is not accepted \(.*({words})"):
            await read(backend, CleanPrompt(kind.prompt(), backend.destination))
        assert fake.requests == []


async def test_tls_to_a_plain_port(kind):
    async with kind.fake(answer="ok") as fake:
        wrong = {"url": fake.url.replace("http:", "https:")}
        async with kind.backend(fake, **wrong) as backend:
            clean = CleanPrompt(kind.prompt(), backend.destination)
            with pytest.raises(Unreachable, match="no TLS there; check whether its url should start with"):
                await read(backend, clean)
        assert fake.requests == []


@pytest.mark.usefixtures("quiet_handshakes")
async def test_plain_http_to_a_tls_port(kind):
    async with kind.fake(answer="ok", tls=server_context("good")) as fake:
        async with kind.backend(fake, url=fake.url.replace("https:", "http:")) as backend:
            with pytest.raises((Unreachable, TimedOut)):
                await read(backend, CleanPrompt(kind.prompt(), backend.destination))
        assert fake.requests == []
