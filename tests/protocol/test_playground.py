"""The playground's port: who gets the page and a session, and when a session ends."""

import asyncio
import http.client
import json
import re
import subprocess
import sys
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

import lsp_server.playground.serving
from lsp_server.actions.model import SOURCE, Offer, Page, Result, Span
from lsp_server.document.store import DocumentStore
from lsp_server.document.uris import from_path
from lsp_server.lsp.addresses import Address
from lsp_server.lsp.framing import MAX_BODY_BYTES
from lsp_server.lsp.sockets import CannotListen
from lsp_server.playground import assets as assets_of_page
from lsp_server.playground.assets import Asset, MissingAssets, load_assets
from lsp_server.playground.documents import workspace_of
from lsp_server.playground.serving import MOST_SESSIONS, Playground
from lsp_server.testing.application import ScriptedApplication, suggest
from lsp_server.testing.editor import PATIENCE_SECONDS
from lsp_server.types import Position

ASSETS = {
    "index.html": Asset("text/html; charset=utf-8", b"<meta nonce='{{nonce}}'>"),
    "app.js": Asset("text/javascript; charset=utf-8", b"1"),
}
COMMAND = [sys.executable, "-m", "lsp_server", "playground", "--no-browser"]


class Served:
    """A playground that runs, and every application that it has made."""

    def __init__(self, documents=()):
        self.applications = []
        self.playground = Playground(self.make, ASSETS, lambda: documents)

    def make(self):
        application = ScriptedApplication(suggest(f"answer {len(self.applications)}"))
        self.applications.append(application)
        return application

    @property
    def url(self):
        return self.ready.result()

    @property
    def socket(self):
        return self.url.replace("http", "ws").replace("/?", "/lsp?")

    @property
    def origin(self):
        return self.url.partition("/?")[0]

    async def get(self, target, method="GET", host=None, **headers):
        """The status, the headers and the body of an answer."""

        def ask():
            connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=PATIENCE_SECONDS)
            connection.putrequest(method, target, skip_host=host is not None)
            if host is not None:
                connection.putheader("Host", host)
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders()
            with connection.getresponse() as answer:
                return answer.status, answer.headers, answer.read()

        return await asyncio.to_thread(ask)

    async def until(self, condition):
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not condition():  # noqa: ASYNC110 - a test polls what has no event
                await asyncio.sleep(0.005)


@asynccontextmanager
async def serving(*documents):
    served = Served(documents)
    served.ready = asyncio.get_running_loop().create_future()
    task = asyncio.ensure_future(served.playground.serve(served.ready.set_result))
    done, _ = await asyncio.wait({task, served.ready}, return_when=asyncio.FIRST_COMPLETED)
    assert task not in done
    try:
        yield served
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture
async def served():
    async with serving() as served:
        yield served


@pytest.fixture
def token(served):
    return served.url.partition("?")[2]


def message(method, id_=None, **params):
    head = {} if id_ is None else {"id": id_}
    return json.dumps({"jsonrpc": "2.0", "method": method, "params": params} | head)


class Client:
    """A page's side of its session."""

    def __init__(self, socket):
        self.socket = socket
        self.said = []

    async def ask(self, method, **params):
        await self.socket.send(message(method, 1, **params))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while "result" not in (answer := json.loads(await self.socket.recv())):
                self.said.append(answer)
        return answer["result"]

    async def tell(self, method, **params):
        await self.socket.send(message(method, **params))

    async def begin(self, **capabilities):
        await self.ask("initialize", capabilities={"textDocument": {"inlineCompletion": {}}} | capabilities)
        await self.tell("initialized")
        document = {"uri": "untitled:a.py", "languageId": "python", "version": 1, "text": "x = \n"}
        await self.tell("textDocument/didOpen", textDocument=document)

    async def suggestion(self):
        place = {"line": 0, "character": 4}
        uri = {"uri": "untitled:a.py"}
        answer = await self.ask(
            "textDocument/inlineCompletion", textDocument=uri, position=place, context={"triggerKind": 1}
        )
        return answer["items"][0]["insertText"]


@asynccontextmanager
async def session(served):
    async with connect(served.socket, origin=served.origin, max_size=None) as socket:
        yield Client(socket)


async def test_the_page_has_a_new_nonce_each_time_and_a_strict_policy(served, token):
    first, second = [await served.get(f"/?{token}") for _ in range(2)]
    status, headers, body = first
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    nonce = re.search(r"'nonce-([\w-]+)'", headers["Content-Security-Policy"])[1]
    assert body == f"<meta nonce='{nonce}'>".encode()
    assert body != second[2]
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in headers["Content-Security-Policy"]


@pytest.mark.parametrize("target", ["/?{token}", "/start.json?{token}", "/app.js", "/", "/nothing", "/lsp"])
async def test_every_answer_has_the_headers(served, token, target):
    _, headers, _ = await served.get(target.format(token=token))
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in headers


async def test_a_head_has_no_body(served, token):
    status, headers, body = await served.get(f"/?{token}", "HEAD")
    assert (status, body) == (200, b"")
    assert int(headers["Content-Length"]) > 0


@pytest.mark.parametrize(
    "query", ["", "?", "?token=", "?token=wrong", "?{token}x", "?{token}&{token}", "?t=1"]
)
@pytest.mark.parametrize("path", ["/", "/start.json", "/lsp"])
async def test_nothing_is_given_without_the_token(served, token, path, query):
    origin = {"Origin": served.origin} if path == "/lsp" else {}
    status, _, body = await served.get(path + query.format(token=token), **origin)
    assert status == 403
    assert b"Open the address" in body


async def test_a_token_is_long_and_its_own_for_each_playground(served, token):
    assert len(token.removeprefix("token=")) >= 43
    async with serving() as other:
        assert token not in other.url


@pytest.mark.parametrize(
    "host",
    ["", "example.org", "localhost:{port}", "127.0.0.1", "127.0.0.1:1", "[::1]:{port}", "127.0.0.1:{port}."],
)
@pytest.mark.parametrize("target", ["/?{token}", "/app.js", "/start.json?{token}"])
async def test_another_name_for_this_machine_gets_nothing(served, token, host, target):
    """A name of somebody else's that was made to resolve to loopback comes as Host."""
    port = urlsplit(served.url).port
    status, _, body = await served.get(target.format(token=token), host=host.format(port=port))
    assert (status, body) == (403, b"Not from here.\n")


@pytest.mark.parametrize("target", ["/?{token}", "/app.js"])
async def test_a_foreign_origin_gets_nothing(served, token, target):
    for origin in ("https://example.org", "null", "http://localhost", f"{served.origin}0"):
        status, _, _ = await served.get(target.format(token=token), Origin=origin)
        assert status == 403


@pytest.mark.parametrize(
    "target",
    [
        "/index.html",
        "/../pyproject.toml",
        "/app.js/../index.html",
        "/..%2fapp.js",
        "/%2e%2e/",
        "/.gitignore",
        "//app.js",
        "/app.js/",
        "/LSP",
        "http://127.0.0.1/app.js",
    ],
)
async def test_nothing_but_the_known_names_is_served(served, target):
    status, _, body = await served.get(target, host=urlsplit(served.url).netloc)
    assert status == 404
    assert body == b"There is no such page.\n"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_other_methods_are_refused(served, token, method):
    status, _, _ = await served.get(f"/?{token}", method)
    assert status == 405


async def test_a_body_is_not_read(served, token):
    with pytest.raises((http.client.BadStatusLine, ConnectionError)):
        await served.get(f"/?{token}", "POST", **{"Content-Length": "5"})


async def test_a_websocket_needs_the_token_and_our_own_origin(served):
    port = urlsplit(served.url).port
    other_pages = ("https://example.org", "http://localhost:3000", "null", f"http://localhost:{port}", None)
    for origin in other_pages:
        with pytest.raises(InvalidStatus, match="403"):
            async with connect(served.socket, origin=origin):
                pass
    with pytest.raises(InvalidStatus, match="403"):
        async with connect(served.socket[:-1], origin=served.origin):
            pass
    assert served.applications == []
    async with session(served) as client:
        await client.begin()
        assert await client.suggestion() == "answer 0"


async def test_a_plain_request_to_the_socket_is_no_session(served, token):
    status, _, _ = await served.get(f"/lsp?{token}", Origin=served.origin)
    assert status == 426
    assert served.applications == []


async def test_two_pages_have_sessions_apart(served):
    async with session(served) as one, session(served) as two:
        await one.begin()
        await two.begin()
        assert (await one.suggestion(), await two.suggestion()) == ("answer 0", "answer 1")
        await one.tell(
            "textDocument/didChange",
            textDocument={"uri": "untitled:a.py", "version": 2},
            contentChanges=[{"text": "changed"}],
        )
        await one.ask("workspace/executeCommand", command="codestral.status")
        texts = [each.documents.get("untitled:a.py").text for each in served.applications]
        assert texts == ["changed", "x = \n"]


async def test_a_session_ends_with_its_socket(served):
    async with session(served) as client:
        await client.begin()
        served.applications[0].gate.clear()
        await client.socket.send(
            message(
                "textDocument/inlineCompletion",
                7,
                textDocument={"uri": "untitled:a.py"},
                position={"line": 0, "character": 4},
                context={"triggerKind": 1},
            )
        )
        await served.until(lambda: served.applications[0].requests)
        assert served.playground.sessions == 1
    await served.until(lambda: served.playground.sessions == 0)
    assert served.applications[0].noted("close") == [()]


async def test_a_session_ends_with_exit(served):
    async with session(served) as client:
        await client.begin()
        assert await client.ask("shutdown") is None
        await client.tell("exit")
        with pytest.raises(ConnectionClosed):
            await client.socket.recv()
    await served.until(lambda: served.playground.sessions == 0)
    assert served.applications[0].noted("close") == [()]


async def test_sessions_end_with_the_playground():
    async with serving() as served, session(served) as client:
        await client.begin()
        application = served.applications[0]
    assert application.noted("close") == [()]
    assert served.playground.sessions == 0


async def test_a_message_that_is_too_big_ends_its_session_alone(monkeypatch):
    assert lsp_server.playground.serving.MAX_BODY_BYTES == MAX_BODY_BYTES
    monkeypatch.setattr(lsp_server.playground.serving, "MAX_BODY_BYTES", 4000)
    async with serving() as served, session(served) as other, session(served) as client:
        await other.begin()
        await client.begin()
        await client.socket.send("x" * 4001)
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(client.socket.recv(), PATIENCE_SECONDS)
        assert client.socket.close_code == 1009
        assert await other.suggestion() == "answer 0"


async def test_damaged_messages_do_no_harm(served):
    async with session(served) as client:
        await client.begin()
        for damaged in ("", "{", "[]", "null", '{"id": 9}', b"\xff\xfe"):
            await client.socket.send(damaged)
        assert await client.suggestion() == "answer 0"


async def test_one_page_too_many_is_told_why(served):
    sockets = [await connect(served.socket, origin=served.origin) for _ in range(MOST_SESSIONS)]
    await served.until(lambda: served.playground.sessions == MOST_SESSIONS)
    async with session(served) as client:
        with pytest.raises(ConnectionClosed):
            await client.socket.recv()
        assert client.socket.close_code == 1013
        assert "close one" in client.socket.close_reason
    for socket in sockets:
        await socket.close()
    await served.until(lambda: served.playground.sessions == 0)


async def test_the_text_of_a_page_comes_before_it_is_shown(served, tmp_path):
    file = tmp_path / "page.md"
    file.write_text("# What it does\n", encoding="utf-8")
    async with session(served) as client:
        await client.begin(window={"showDocument": {"support": True}})
        application = served.applications[0]
        start = Span(Position(0, 0), Position(0, 0))
        application.offered = [Offer("explain", "Explain", SOURCE, Result.MARKDOWN, start)]
        application.perform = lambda _: Page("What it does", "# What it does\n")
        application.page_path = file
        place = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}
        argument = {"action": "explain", "uri": "untitled:a.py", "range": place}
        await client.ask("workspace/executeCommand", command="codestral.action", arguments=[argument])
        methods = [each["method"] for each in client.said]
        async with asyncio.timeout(PATIENCE_SECONDS):
            while "window/showDocument" not in methods:
                client.said.append(json.loads(await client.socket.recv()))
                methods.append(client.said[-1].get("method"))
    page = client.said[methods.index("codestral/page")]
    assert page["params"] == {"uri": file.as_uri(), "markdown": "# What it does\n"}
    assert methods.index("codestral/page") < methods.index("window/showDocument")


async def test_a_page_learns_of_its_documents(tmp_path):
    file = tmp_path / "src" / "größe.py"
    text = "a = 'ä'\r\nb\r\n"
    document = DocumentStore().open(from_path(str(file)), "python", 0, text)
    async with serving(document) as served:
        _, headers, body = await served.get("/start.json?" + served.url.partition("?")[2])
    assert headers["Content-Type"] == "application/json"
    start = json.loads(body)
    assert start["documents"] == [
        {"uri": document.uri, "name": "größe.py", "path": str(file), "language": "python", "text": text}
    ]
    assert start["folders"] == [{"uri": from_path(str(file.parent)), "name": "src"}]


def test_the_workspace_is_the_project_around_a_file(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    inner = tmp_path / "project" / "src" / "deep"
    inner.mkdir(parents=True)
    assert workspace_of(inner / "a.py") == inner
    (tmp_path / ".git").mkdir()
    assert workspace_of(inner / "a.py") == inner, "a home folder under git is no project"
    (tmp_path / "project" / "pyproject.toml").touch()
    assert workspace_of(inner / "a.py") == tmp_path / "project"


def test_a_page_that_was_not_built_is_told(tmp_path):
    with pytest.raises(MissingAssets, match=r"\(index.html\): run `make playground`, which needs npm"):
        load_assets(tmp_path)


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.1", "example.org", "::"])
def test_other_machines_cannot_be_let_in(host):
    with pytest.raises(ValueError, match="can be reached from other machines"):
        Playground(ScriptedApplication, ASSETS, tuple, Address(host, 0))


async def test_a_port_in_use_cannot_be_listened_on(served):
    port = urlsplit(served.url).port
    second = Playground(ScriptedApplication, ASSETS, tuple, Address("127.0.0.1", port))
    with pytest.raises(CannotListen, match=r"cannot listen on 127\.0\.0\.1"):
        await second.serve(lambda _: None)


def refused(*arguments):
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("codestral-lsp playground: ")
    return done.returncode, done.stderr


def test_wrong_usage_is_said_in_a_line(tmp_path):
    binary = tmp_path / "a.bin"
    binary.write_bytes(b"\xff\xfe\x00")
    for arguments, reason in (
        ([tmp_path / "nothing.py"], "is not a file"),
        ([tmp_path], "is not a file"),
        ([binary], "is not UTF-8"),
        (["--port", "70000"], "is not an address"),
        (["--log-file", tmp_path / "no" / "log"], "cannot be written"),
    ):
        status, line = refused(*arguments)
        assert (status, reason in line) == (2, True), line


def test_missing_assets_are_said_in_a_line(monkeypatch, tmp_path, capsys):
    from lsp_server.cli import main

    monkeypatch.setattr(load_assets, "__defaults__", (tmp_path,))
    assert main(["playground", "--no-browser"]) == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert error.endswith("run `make playground`, which needs npm\n")
    assert assets_of_page.FOLDER.name == "assets"


SERVE = """
import sys
from lsp_server.cli import main
from lsp_server.playground import assets
(assets.load_assets.__defaults__,) = [(__import__("pathlib").Path(sys.argv.pop(1)),)]
sys.exit(main(["playground", "--no-browser", *sys.argv[1:]]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(("send", "status"), [("send_signal", 0), ("terminate", 143)])
def test_ctrl_c_ends_it_cleanly_with_pages_open(tmp_path, send, status):
    import signal

    for name in assets_of_page._KINDS:
        (tmp_path / name).write_bytes(b"")
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        url = process.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{43}", url)
        from websockets.sync.client import connect as connect_now

        socket_url = url.replace("http", "ws").replace("/?", "/lsp?")
        with connect_now(socket_url, origin=url.partition("/?")[0]) as socket:
            socket.send(message("initialize", 1, capabilities={}))
            assert "result" in json.loads(socket.recv())
            getattr(process, send)(*([signal.SIGINT] if send == "send_signal" else []))
            assert process.wait(10) == status
        assert process.stdout.read() == ""
        assert process.stderr.read() == ""
    finally:
        process.kill()
        process.communicate()
