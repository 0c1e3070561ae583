import asyncio
import json
import os
import re
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from lsp_server.lsp.addresses import Address, is_loopback, may_connect, parse_address
from lsp_server.lsp.framing import Framer
from lsp_server.testing.channel import to_wire
from lsp_server.testing.editor import PATIENCE_SECONDS

SCRIPT = Path(__file__).with_name("scripted_server.py")


@asynccontextmanager
async def listening(kind):
    """A server process that listens, and its port."""
    nothing, pipe = asyncio.subprocess.DEVNULL, asyncio.subprocess.PIPE
    command = [sys.executable, str(SCRIPT), f"--{kind}", "127.0.0.1:0"]
    process = await asyncio.create_subprocess_exec(*command, stdin=nothing, stdout=nothing, stderr=pipe)
    try:
        line = await asyncio.wait_for(process.stderr.readline(), PATIENCE_SECONDS)
        yield (
            process,
            int(re.fullmatch(rf"codestral-lsp: listening on {kind} 127.0.0.1:(\d+)\n", line.decode())[1]),
        )
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def ended(process):
    return await asyncio.wait_for(process.wait(), PATIENCE_SECONDS)


def request(id_, method, **params):
    return json.dumps({"jsonrpc": "2.0", "id": id_, "method": method, "params": params}).encode()


EXIT = b'{"jsonrpc":"2.0","method":"exit"}'


class TcpClient:
    def __init__(self, port):
        self.port = port
        self.framer = Framer()

    async def __aenter__(self):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_):
        self.writer.close()

    async def ask(self, body):
        self.writer.write(to_wire(body))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (events := self.framer.feed(await self.reader.read(1 << 16))):
                pass
        return json.loads(events[0])

    async def rest(self):
        """What comes until the server closes the connection."""
        return await asyncio.wait_for(self.reader.read(), PATIENCE_SECONDS)


async def test_a_session_over_tcp():
    async with listening("tcp") as (process, port), TcpClient(port) as client:
        answer = await client.ask(request(1, "initialize", capabilities={}))
        assert answer["result"]["serverInfo"]["name"] == "codestral-lsp"
        async with TcpClient(port) as second:  # One client only: another one is sent away.
            assert await second.rest() == b""
        assert (await client.ask(request(2, "shutdown")))["result"] is None
        client.writer.write(to_wire(EXIT))
        assert await ended(process) == 0


async def test_a_tcp_client_that_leaves_ends_the_server():
    async with listening("tcp") as (process, port):
        async with TcpClient(port) as client:
            await client.ask(request(1, "initialize", capabilities={}))
        assert await ended(process) == 1


async def test_a_browsers_request_to_the_tcp_port_is_not_read():
    """A page may post to any port of this machine, with a body of its choice."""
    body = request(1, "initialize", capabilities={})
    async with listening("tcp") as (process, port), TcpClient(port) as client:
        client.writer.write(b"POST / HTTP/1.1\r\nHost: localhost\r\n" + to_wire(body))
        assert await client.rest() == b""
        assert await ended(process) == 1


async def test_a_session_over_websocket():
    async with listening("ws") as (process, port), connect(f"ws://127.0.0.1:{port}") as client:
        await client.send(request(1, "initialize", capabilities={}).decode())
        answer = await client.recv()
        assert isinstance(answer, str)
        assert json.loads(answer)["result"]["serverInfo"]["name"] == "codestral-lsp"
        await client.send(request(2, "shutdown"))
        assert json.loads(await client.recv())["result"] is None
        await client.send(EXIT)
        assert await ended(process) == 0


async def test_a_websocket_client_that_leaves_ends_the_server():
    async with listening("ws") as (process, port):
        async with connect(f"ws://127.0.0.1:{port}") as client:
            await client.send(request(1, "initialize", capabilities={}))
            await client.recv()
        assert await ended(process) == 1


async def test_a_websocket_of_another_sites_page_is_refused():
    async with listening("ws") as (process, port):
        for headers in ({"Origin": "https://example.org"}, {"Origin": "null"}):
            with pytest.raises(InvalidStatus, match="403"):
                async with connect(f"ws://127.0.0.1:{port}", additional_headers=headers):
                    pass
        assert process.returncode is None
        async with connect(f"ws://127.0.0.1:{port}", origin="http://localhost:3000"):
            pass
        await ended(process)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("kind", ["tcp", "ws"])
async def test_a_listening_server_ends_on_a_signal(kind):
    async with listening(kind) as (process, _):
        process.terminate()
        assert await ended(process) == 143


async def test_a_port_in_use_is_said_in_a_line():
    async with listening("tcp") as (_, port):
        for kind in ("tcp", "ws"):
            command = [sys.executable, str(SCRIPT), f"--{kind}", f"127.0.0.1:{port}"]
            done = await asyncio.to_thread(
                subprocess.run, command, capture_output=True, text=True, timeout=30, check=False
            )
            assert done.returncode == 2
            assert done.stderr.startswith(f"codestral-lsp: cannot listen on 127.0.0.1:{port}: ")
            assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:7000", Address("127.0.0.1", 7000)),
        ("localhost:0", Address("localhost", 0)),
        ("[::1]:7000", Address("::1", 7000)),
        ("127.8.8.8:65535", Address("127.8.8.8", 65535)),
    ],
)
def test_addresses(text, address):
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text",
    ["", ":", "7000", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", ":7000", "a:-1", "a:²"],
)
def test_what_is_no_address(text):
    with pytest.raises(ValueError, match="is not an address; write HOST:PORT"):
        parse_address(text)


@pytest.mark.parametrize(
    "text", ["0.0.0.0:1", "[::]:1", "10.0.0.1:1", "example.org:1", "localhost.example.org:1"]
)
def test_addresses_that_others_can_reach(text):
    with pytest.raises(ValueError, match="can be reached from other machines"):
        parse_address(text)


@pytest.mark.parametrize(
    ("hosts", "origins", "allowed"),
    [
        (["127.0.0.1:7000"], [], True),
        (["localhost"], [], True),
        (["[::1]:7000"], [], True),
        (["127.0.0.1:7000"], ["http://localhost:3000"], True),
        (["127.0.0.1:7000"], ["https://127.0.0.1"], True),
        (["127.0.0.1:7000"], ["https://example.org"], False),
        (["127.0.0.1:7000"], ["null"], False),
        (["127.0.0.1:7000"], [""], False),
        (["127.0.0.1:7000"], ["file://"], False),
        (["127.0.0.1:7000"], ["ftp://localhost"], False),
        (["127.0.0.1:7000"], ["http://localhost.example.org"], False),
        (["127.0.0.1:7000"], ["http://localhost@example.org"], False),
        (["127.0.0.1:7000"], ["http://localhost", "https://example.org"], False),
        (["rebound.example.org:7000"], [], False),
        (["rebound.example.org:7000"], ["http://localhost"], False),
        (["127.0.0.1", "127.0.0.1"], [], False),
        ([], [], False),
        (["[::1"], [], False),
    ],
)
def test_who_may_connect(hosts, origins, allowed):
    assert may_connect(hosts, origins) is allowed


def test_loopback_is_told_by_spelling():
    assert is_loopback("LOCALHOST")
    assert not is_loopback(os.uname().nodename if hasattr(os, "uname") else "host")
