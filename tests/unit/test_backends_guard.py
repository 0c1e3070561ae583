"""The guard with stub transports, for what loopback cannot show: other machines, proxies, stale sockets."""

import asyncio

import httpx2
import pytest
from pydantic import SecretStr

from lsp_server.backends.address import Endpoint
from lsp_server.backends.base import AuthenticationFailed, StreamBroken, Unreachable
from lsp_server.backends.events import Events
from lsp_server.backends.guard import Guard, _proxy
from lsp_server.backends.http import HttpClient, Lazy
from lsp_server.backends.limits import Deadlines
from lsp_server.testing.fake_backends import FakeOpenAI

KEY = SecretStr("sk-very-secret")
REMOTE = Endpoint("far", "https://api.example/v1", KEY)


class Stub:
    """A transport that answers from a list, and keeps the requests."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []
        self.closed = False

    async def handle_async_request(self, request):
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, tuple):
            event, answer = answer
            await request.extensions["trace"](event, {})
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def aclose(self):
        self.closed = True


def good(body=b"{}", **headers):
    fields = {"content-type": "application/json", **headers}
    return httpx2.Response(200, headers=fields, stream=httpx2.ByteStream(body))


def request(url="https://api.example/v1/models", **headers):
    return httpx2.Request("GET", url, headers=headers)


def guard(stub, endpoint=REMOTE):
    return Guard(endpoint, Deadlines(), httpx2, stub)


async def test_headers_of_a_request_to_another_machine():
    stub = Stub(good())
    await guard(stub).send(request(authorization="Bearer of-the-sdk", cookie="a=b"))
    headers = stub.requests[0].headers
    assert headers["authorization"] == "Bearer sk-very-secret"
    assert "cookie" not in headers
    assert headers["accept-encoding"] == "identity"
    assert headers.get("connection") != "close"


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/v1",
        "http://api.example/v1",
        "https://api.example:8443/v1",
        "https://API.example.evil/",
    ],
)
async def test_no_request_goes_anywhere_else(url):
    stub = Stub(good())
    with pytest.raises(Unreachable, match="is refused"):
        await guard(stub).send(request(url))
    assert stub.requests == []


async def test_a_key_in_the_clear_stops_the_request():
    stub = Stub(good())
    endpoint = Endpoint("lan", "http://10.0.0.7:8000/v1", KEY)
    with pytest.raises(AuthenticationFailed, match="use https"):
        await guard(stub, endpoint).send(request("http://10.0.0.7:8000/v1/models"))
    assert stub.requests == []


@pytest.mark.parametrize("stale", [httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.WriteError])
async def test_a_stale_connection_is_tried_once_more(stale):
    stub = Stub(stale("gone"), good(b'{"a": 1}'))
    answer = await guard(stub).send(request())
    assert answer.body == b'{"a": 1}'
    assert len(stub.requests) == 2


async def test_a_second_failure_is_final():
    stub = Stub(httpx2.RemoteProtocolError("gone"), httpx2.RemoteProtocolError("gone"), good())
    with pytest.raises(Unreachable):
        await guard(stub).send(request())
    assert len(stub.requests) == 2


@pytest.mark.parametrize(
    "failure",
    [
        ("connection.connect_tcp.started", httpx2.RemoteProtocolError("a fresh connection")),
        httpx2.ConnectError("refused"),
        httpx2.ProxyError("no"),
    ],
)
async def test_other_failures_are_not_tried_again(failure):
    stub = Stub(failure, good())
    with pytest.raises(Unreachable):
        await guard(stub).send(request())
    assert len(stub.requests) == 1


async def test_an_answer_that_ends_with_its_marker_is_read_to_its_end():
    class Stream(httpx2.AsyncByteStream):
        ended = False
        closed = False

        async def __aiter__(self):
            yield b'data: {"a": 1}\n\ndata: [DONE]\n\n'
            await asyncio.sleep(0)
            self.ended = True

        async def aclose(self):
            self.closed = True

    stream = Stream()
    head = {"content-type": "text/event-stream"}
    answer = await guard(Stub(httpx2.Response(200, headers=head, stream=stream))).send(request())
    events = Events(REMOTE, answer.body, answer)
    assert [event async for event in events] == [{"a": 1}]
    assert events.done
    assert stream.ended
    await answer.body.aclose()
    assert stream.closed


async def test_an_end_that_does_not_come_is_not_waited_for():
    class Stream(httpx2.AsyncByteStream):
        closed = False

        async def __aiter__(self):
            yield b"data: [DONE]\n\n"
            await asyncio.Event().wait()

        async def aclose(self):
            self.closed = True

    stream = Stream()
    head = {"content-type": "text/event-stream"}
    answer = await guard(Stub(httpx2.Response(200, headers=head, stream=stream))).send(request())
    assert [event async for event in Events(REMOTE, answer.body, answer)] == []
    assert stream.closed


async def test_a_lost_connection_in_the_body_is_a_broken_stream():
    class Stream(httpx2.AsyncByteStream):
        async def __aiter__(self):
            yield b"{"
            raise httpx2.ReadError("")

    head = {"content-type": "application/json"}
    with pytest.raises(StreamBroken):
        await guard(Stub(httpx2.Response(200, headers=head, stream=Stream()))).send(request())


@pytest.fixture
def _no_proxies(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.usefixtures("_no_proxies")
@pytest.mark.parametrize(
    ("url", "environment", "expected"),
    [
        ("https://api.example", {}, None),
        ("https://api.example", {"https_proxy": "http://proxy:3128"}, "http://proxy:3128"),
        ("https://api.example", {"https_proxy": "proxy:3128"}, "http://proxy:3128"),
        ("https://api.example", {"http_proxy": "http://proxy:3128"}, None),
        ("https://api.example", {"all_proxy": "socks5://proxy:1080"}, "socks5://proxy:1080"),
        ("https://api.example", {"https_proxy": "http://p", "no_proxy": "api.example"}, None),
        ("https://api.example", {"https_proxy": "http://p", "no_proxy": "example"}, None),
        ("https://api.example", {"https_proxy": "http://p", "no_proxy": "*"}, None),
        ("http://localhost:8080", {"http_proxy": "http://proxy:3128"}, None),
        ("http://127.0.0.1:8080", {"all_proxy": "http://proxy:3128"}, None),
        ("http://[::1]:8080", {"http_proxy": "http://proxy:3128"}, None),
        ("http://10.0.0.7:8080", {"http_proxy": "http://proxy:3128"}, "http://proxy:3128"),
    ],
)
def test_proxies(monkeypatch, url, environment, expected):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert _proxy(Endpoint("x", url)) == expected


@pytest.mark.usefixtures("_no_proxies")
async def test_a_proxy_carries_requests_to_other_machines(monkeypatch):
    async with FakeOpenAI() as proxy:
        monkeypatch.setenv("http_proxy", proxy.origin)
        client = HttpClient(Endpoint("lan", "http://model.example:8000/v1"))
        # The fake does not know the path, which a proxy gets with the host in it.
        with pytest.raises(Exception, match="status 404"):
            await client.call("GET", "/models")
        await client.close()
        assert proxy.requests[0].path == "http://model.example:8000/v1/models"


@pytest.mark.usefixtures("_no_proxies")
async def test_a_proxy_that_cannot_be_used_is_told(monkeypatch):
    monkeypatch.setenv("https_proxy", "carrier-pigeon://roof")
    client = HttpClient(REMOTE)
    with pytest.raises(Unreachable, match="the proxy setting cannot be used; check HTTP_PROXY"):
        await client.call("GET", "/models")
    await client.close()


async def test_lazy_makes_its_value_once_however_many_ask():
    made = []
    closed = []

    def make():
        made.append(len(made))
        return made[-1]

    async def discard(value):
        closed.append(value)

    lazy = Lazy(make, discard)
    await lazy.close()
    assert await asyncio.gather(lazy.get(), lazy.get()) == [0, 0]
    assert await lazy.get() == 0
    await lazy.close()
    await lazy.close()
    assert closed == [0]
    assert await lazy.get() == 1


async def test_lazy_tries_again_after_a_failure_and_outlives_a_cancelled_caller():
    answers = [OSError("once"), "value"]

    def make():
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    async def discard(value):
        pass

    lazy = Lazy(make, discard)
    with pytest.raises(OSError, match="once"):
        await lazy.get()
    impatient = asyncio.create_task(lazy.get())
    await asyncio.sleep(0)
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    assert await lazy.get() == "value"
    assert answers == []
