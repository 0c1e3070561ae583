"""The fakes themselves, where a race of theirs would look like a fault of ours."""

import asyncio
import socket
from contextlib import suppress

import pytest

from lsp_server.testing.fake_backends import FakeLlamaCpp
from lsp_server.testing.fake_backends.server import ACCEPTING_STEPS


@pytest.mark.parametrize("steps", range(ACCEPTING_STEPS + 2))
async def test_a_client_that_comes_while_a_fake_stops_is_hung_up_on(steps):
    fake = FakeLlamaCpp()
    await fake.start()
    with socket.create_connection(("127.0.0.1", fake.port)) as client:
        client.setblocking(False)
        for _ in range(steps):
            await asyncio.sleep(0)
        await fake.stop()
        assert not fake.connections
        with suppress(ConnectionResetError):  # It had not been accepted.
            assert client.recv(1) == b""
