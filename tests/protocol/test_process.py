"""What only a real process shows: streams, signals, exit statuses, the log."""

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lsp_server.lsp.lifetime import POLL_SECONDS
from lsp_server.testing.capabilities import VSCODE
from lsp_server.testing.channel import to_wire
from lsp_server.testing.editor import PATIENCE_SECONDS, FakeEditor

SCRIPT = Path(__file__).with_name("scripted_server.py")
URI = "file:///project/main.py"

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="signals and permissions of POSIX")


def start(*options, environ=None):
    command = [sys.executable, str(SCRIPT), *options]
    return FakeEditor.of_process(command, VSCODE, environ)


def body(method, id_=None, **params):
    message = {"jsonrpc": "2.0", "method": method, "params": params}
    return json.dumps(message if id_ is None else {**message, "id": id_}).encode()


async def seconds_until_exit(editor):
    begun = time.perf_counter()
    status = await editor.exit_status()
    return status, time.perf_counter() - begun


async def test_a_whole_session_ends_with_status_0():
    async with start() as editor:
        await editor.initialize()
        editor.open(URI, "def f():\n    return ‸\n")
        [item] = await editor.inline(URI)
        editor.accept_inline(URI, item)
        assert editor.text(URI) == "def f():\n    return answer\n"
        assert await editor.shutdown() == 0


async def test_exit_without_shutdown_ends_with_status_1():
    async with start() as editor:
        await editor.initialize()
        editor.notify("exit")
        assert await editor.exit_status() == 1


async def test_the_end_of_the_stream_ends_the_process():
    async with start() as editor:
        await editor.initialize()
        editor.channel.end_input()
        status, seconds = await seconds_until_exit(editor)
        assert (status, seconds < 1) == (1, True)


async def test_the_end_of_the_stream_after_shutdown_is_a_proper_end():
    async with start() as editor:
        await editor.initialize()
        await editor.request("shutdown")
        editor.channel.end_input()
        assert await editor.exit_status() == 0


async def test_a_truncated_message_before_the_end_of_the_stream_is_no_obstacle():
    async with start() as editor:
        await editor.initialize()
        editor.send_raw(b'Content-Length: 500\r\n\r\n{"jsonrpc"')
        editor.channel.end_input()
        assert await editor.exit_status() == 1


async def test_a_busy_thread_does_not_delay_the_exit():
    async with start("--busy-seconds", "8") as editor:
        await editor.initialize()
        await editor.notification("window/showMessage")
        editor.channel.end_input()
        status, seconds = await seconds_until_exit(editor)
        assert (status, seconds < 1) == (1, True)


async def test_a_running_request_does_not_delay_the_exit():
    async with start("--hold") as editor:
        await editor.initialize()
        editor.open(URI, "x = ‸")
        editor.request_inline(URI)
        editor.channel.end_input()
        status, seconds = await seconds_until_exit(editor)
        assert (status, seconds < 1) == (1, True)


async def test_an_application_that_does_not_stop_is_left_after_a_second():
    async with start("--hang-close") as editor:
        await editor.initialize()
        editor.channel.end_input()
        status, seconds = await seconds_until_exit(editor)
        assert (status, 0.9 < seconds < 2) == (1, True)


@posix_only
@pytest.mark.parametrize(("number", "status"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
async def test_signals_end_the_process_at_once(number, status):
    async with start("--busy-seconds", "8") as editor:
        await editor.initialize()
        await editor.notification("window/showMessage")
        editor.channel.process.send_signal(getattr(signal, number))
        found, seconds = await seconds_until_exit(editor)
        assert (found, seconds < 1) == (status, True)


@pytest.fixture
def other_process():
    """A process that lives until its stdin is closed."""
    process = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    yield process
    process.communicate()


async def test_the_server_leaves_when_the_clients_process_is_gone(other_process):
    async with start() as editor:
        await editor.initialize(processId=other_process.pid)
        other_process.communicate()
        status, seconds = await seconds_until_exit(editor)  # Its own stdin stays open.
        assert (status, seconds < 2) == (1, True)


async def test_a_process_id_that_does_not_exist_here_is_not_watched(other_process):
    other_process.communicate()
    async with start() as editor:
        await editor.initialize(processId=other_process.pid)
        with pytest.raises(TimeoutError):  # A watched process would be missed within POLL_SECONDS.
            await asyncio.wait_for(editor.channel.exit_status(), 1.5 * POLL_SECONDS)
        assert await editor.shutdown() == 0


async def test_a_closed_stdout_ends_the_process():
    source, sink = os.pipe()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(SCRIPT),
        stdin=asyncio.subprocess.PIPE,
        stdout=sink,
        stderr=asyncio.subprocess.DEVNULL,
    )
    os.close(sink)
    os.close(source)
    process.stdin.write(to_wire(body("initialize", 1, capabilities={})))
    assert await asyncio.wait_for(process.wait(), PATIENCE_SECONDS) == 1
    process.stdin.close()


async def test_a_client_that_reads_slowly_does_not_freeze_the_server(tmp_path):
    """The answers fill the pipe; the server must still read, which the log of a later message shows."""
    log = tmp_path / "log"
    server = SlowlyRead(log, "--reply-bytes", "1000000")
    async with server as write:
        write(body("initialize", 1, capabilities={}), body("initialized"))
        write(opened("x = "), menu(2))
        write(body("workspace/didChangeConfiguration", settings={"seen": True}))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while "seen" not in log.read_text():  # noqa: ASYNC110 - a file sends no event
                await asyncio.sleep(0.02)


async def test_a_client_that_stops_reading_ends_the_process_with_status_3(tmp_path):
    async with SlowlyRead(tmp_path / "log", "--reply-bytes", "8000000") as write:
        write(body("initialize", 1, capabilities={}), body("initialized"))
        for id_ in range(2, 8):  # Documents of their own, so that no request supersedes another.
            write(opened("x = ", f"{URI}{id_}"), menu(id_, f"{URI}{id_}"))
        assert await asyncio.wait_for(write.process.wait(), PATIENCE_SECONDS) == 3


class SlowlyRead:
    """A server whose stdout nobody reads."""

    def __init__(self, log, *options):
        self.command = [sys.executable, str(SCRIPT), "--log-file", str(log), "--log-level", "debug", *options]
        log.touch()

    async def __aenter__(self):
        self.source, sink = os.pipe()
        pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        self.process = await asyncio.create_subprocess_exec(
            *self.command, stdin=pipe, stdout=sink, stderr=nothing
        )
        os.close(sink)
        return self

    async def __aexit__(self, *_):
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        os.close(self.source)

    def __call__(self, *bodies):
        for one in bodies:
            self.process.stdin.write(to_wire(one))


def opened(text, uri=URI):
    item = {"uri": uri, "languageId": "python", "version": 1, "text": text}
    return body("textDocument/didOpen", textDocument=item)


def menu(id_, uri=URI):
    place = {"line": 0, "character": 4}
    return body("textDocument/completion", id_, textDocument={"uri": uri}, position=place)


CANARIES = ("sk-canary-in-options-1", "canary_in_the_text", "canary-in-the-token", "canary_in_the_answer")


@pytest.mark.parametrize("leaky", [False, True])
async def test_the_log_holds_no_key_and_no_source_text(tmp_path, leaky):
    log = tmp_path / "log"
    options = ["--log-file", str(log), "--log-level", "debug", "--reply", CANARIES[3]]
    async with start(*options, *(["--leaky"] if leaky else [])) as editor:
        await editor.initialize(options={"codestral": {"api_key": CANARIES[0], "session_token": CANARIES[2]}})
        editor.open(URI, f"{CANARIES[1]} = ‸")
        items = await editor.inline(URI)
        assert items == [] if leaky else CANARIES[3] in items[0]["insertText"]
        editor.type(URI, CANARIES[1])
        broken = {"textDocument": {"uri": URI}, "position": CANARIES[1]}
        with pytest.raises(Exception, match="-32602"):
            await editor.request("textDocument/completion", broken)
        editor.send_raw(to_wire(CANARIES[1].encode()))
        editor.notify("textDocument/didChange", {"textDocument": {"uri": URI}, "contentChanges": CANARIES[1]})
        await editor.shutdown()
        everything = log.read_text() + editor.channel.stderr.decode()
    assert "settings" in everything  # The log was written, at this level.
    assert [canary for canary in CANARIES if canary in everything] == []


@posix_only
async def test_the_log_file_is_for_its_owner_alone(tmp_path):
    log = tmp_path / "log"
    log.touch(mode=0o644)
    async with start("--log-file", str(log)) as editor:
        await editor.initialize()
        await editor.shutdown()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


async def test_libraries_and_children_can_neither_write_into_the_protocol_nor_read_from_it():
    async with start("--noisy") as editor:  # It fails on anything but messages.
        await editor.initialize()
        await editor.notification("window/showMessage")
        assert await editor.shutdown() == 0
        said = editor.channel.stderr.decode()
    assert "noise of a library" in said
    assert "EOFError" in said  # The child found an empty stdin.


async def test_a_good_session_says_nothing_on_stderr():
    async with start() as editor:
        await editor.initialize()
        assert await editor.shutdown() == 0
        assert editor.channel.stderr == b""


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--tcp", "0.0.0.0:7000"], "other machines"),
        (["--ws", "example.org:7000"], "other machines"),
        (["--tcp", "7000"], "not an address"),
        (["--log-file", "/no/such/folder/log"], "cannot be written"),
        (["--tcp", "127.0.0.1:1", "--ws", "127.0.0.1:2"], "not allowed with"),
    ],
)
def test_wrong_usage_is_said_in_a_line_with_status_2(options, said):
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *options], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 2
    assert said in done.stderr.splitlines()[-1]
    assert done.stdout == ""


def test_the_options_that_clients_add_by_themselves_are_accepted():
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--stdio", f"--clientProcessId={os.getpid()}"],
        input=b"",
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, b"")
