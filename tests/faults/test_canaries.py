"""Canaries: words planted wherever the server looks or could look, and where they turn up after a session.

The whole server in a process of its own, logging at DEBUG, with a remote backend that is a fake on loopback
and distrusted. What policy forbids is in no byte that the fake receives. No word, allowed or not, is in the
log, in a notice, or in a file that the server keeps. Two places are apart by design: the index of a workspace
holds source, for its owner alone, and ``explain`` names the files and backends that it is about.
"""

import asyncio
import json
import os
import sqlite3
import stat
import sys
import time
import zlib
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from lsp_server.testing.canaries import Canaries
from lsp_server.testing.capabilities import VSCODE
from lsp_server.testing.configuration import write_config
from lsp_server.testing.editor import FakeEditor
from lsp_server.testing.fake_backends import FAULTS, FakeLlamaCpp, FakeMistral

KINDS = ("buffer", "neighbour", "closed", "edited", "below", "typed", "folder", "file", "comment", "string")
PLACES = ("open", "excluded", "local", "secret", "environment", "settings")
NAMES = tuple(f"{place} {kind}" for place in PLACES for kind in KINDS)
CANARIES = Canaries(*NAMES)
KEY = CANARIES["environment buffer"]
"""The key of the remote backend is a canary too."""

SECRET = f"sk-live-{CANARIES['secret buffer']}{CANARIES['secret neighbour']}"
FORBIDDEN = tuple(name for name in NAMES if not name.startswith("open"))


def code(place, kind):
    """Python with a canary in each thing that is read of it."""
    word = CANARIES[f"{place} {kind}"]
    return (
        f"# {CANARIES[f'{place} comment']}\n"
        f"def shared_helper_{word}(first, second):\n"
        f"    return '{CANARIES[f'{place} string']}' + shared_helper(first, second)\n\n\n"
    )


def cursor(place, kind):
    return code(place, kind) + "def shared_helper(first, second):\n    return ‸\n"


@pytest.fixture
def planted(tmp_path):
    """A workspace, a home and an environment with a canary in everything."""
    root = tmp_path / f"outer-{CANARIES['settings folder']}"
    folder = root / "project"
    private = folder / f"private_{CANARIES['excluded folder']}"
    inner = folder / f"inner_{CANARIES['local folder']}"
    for made in (folder, private, inner, root / "home", folder / ".git"):
        made.mkdir(parents=True)
    files = {
        folder / "main.py": code("open", "buffer"),
        folder / f"near_{CANARIES['open file']}.py": code("open", "neighbour"),
        folder / "closed.py": code("open", "closed"),
        private / f"x_{CANARIES['excluded file']}.py": code("excluded", "closed"),
        inner / f"x_{CANARIES['local file']}.py": code("local", "closed"),
        folder / "secrets_in.py": f"shared_helper_key = '{SECRET}'\n" + code("secret", "closed"),
        folder
        / ".env": f"MISTRAL_API_KEY={CANARIES['excluded neighbour']}\nX={CANARIES['excluded below']}\n",
        folder / ".git" / "config": (
            f'[remote "origin"]\n\turl = https://x:{CANARIES["settings buffer"]}@git.example.org/x\n'
            f"[user]\n\temail = {CANARIES['settings neighbour']}@example.org\n"
        ),
        folder / ".git" / "HEAD": f"ref: refs/heads/{CANARIES['settings closed']}\n",
        folder / ".codestral-lsp.toml": f'[privacy]\nexclude = ["{CANARIES["settings edited"]}/**"]\n',
        root / "home" / ".netrc": f"machine x login y password {CANARIES['settings below']}\n",
    }
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.endswith(("_API_KEY", "_PROXY", "_proxy")) and name != "OLLAMA_HOST"
    }
    environ = {
        **kept,
        "HOME": str(root / "home"),
        "CODESTRAL_LSP_DATA_DIR": str(tmp_path / "data"),
        "REMOTE_KEY": KEY,
        "MISTRAL_API_KEY": CANARIES["environment neighbour"],
        "OLLAMA_API_KEY": CANARIES["environment closed"],
        "OPENAI_API_KEY": CANARIES["environment edited"],
        "AWS_SECRET_ACCESS_KEY": CANARIES["environment below"],
        "EDITOR": CANARIES["environment typed"],
        "MISTRAL_DEBUG": "true",
        "MISTRAL_SDK_TELEMETRY": "true",
    }
    return SimpleNamespace(
        tmp=tmp_path, folder=folder, private=private, inner=inner, environ=environ, log=tmp_path / "log.txt"
    )


SETTINGS = {
    "codestral": {
        "unknown": CANARIES["settings file"],
        "completion": {"max_lines": CANARIES["settings typed"], "languages": {"cobol": False}},
        "backends": [{"name": "remote", "api_key": CANARIES["settings comment"]}],
    },
    "other extension": {"token": CANARIES["settings string"]},
}


@asynccontextmanager
async def started(planted, hosted, *, local=None, **privacy):
    """An editor with an open session of the server."""
    backends = [
        {"name": "remote", "kind": "mistral", "url": hosted.url, "key_env": "REMOTE_KEY", "trusted": False}
    ]
    if local is not None:
        backends.append({"name": "local", "kind": "llamacpp", "url": local.url})
    rules = {
        "remote": "allow",
        "exclude": [f"{planted.private.name}/**"],
        "local_only": [f"{planted.inner.name}/**"],
        **privacy,
    }
    config = write_config(planted.tmp / "config.toml", backends, privacy=rules)
    command = [sys.executable, "-m", "lsp_server", "serve", "--config", str(config)]
    command += ["--log-file", str(planted.log), "--log-level", "debug"]
    async with FakeEditor.of_process(command, VSCODE, planted.environ) as editor:
        editor.settings = SETTINGS
        folders = [{"uri": planted.folder.as_uri(), "name": "project"}]
        await editor.initialize(SETTINGS, workspaceFolders=folders)
        yield editor


async def ask(editor, path, text, *, typing="shared"):
    """Open a file, type in it and ask, by hand and in passing; return what was suggested."""
    uri = path.as_uri()
    editor.open(uri, text)
    items = []
    for piece in typing:
        editor.type(uri, piece)
        items += await editor.inline(uri)
    items += await editor.inline(uri, invoked=True)
    return items


async def explained(editor):
    return json.dumps(await editor.request("workspace/executeCommand", {"command": "codestral.explain"}))


def received(fake):
    """Every byte of the requests that a fake has read."""
    return b"\n".join(
        f"{request.method} {request.path} {dict(request.headers)}".encode() + request.body
        for request in fake.requests
    )


def check_what_is_kept(planted, editor):
    """No canary is in the log, in a notice, or in a file of the server's but for the index."""
    assert CANARIES.found_in(planted.log.read_bytes()) == []
    data = planted.tmp / "data"
    assert {
        path: names for path, names in CANARIES.found_under(data).items() if "index" not in Path(path).parts
    } == {}
    said = [line for line in editor.transcript if '"window/' in line or '"$/progress"' in line]
    # A notice may name a file of the user's; nothing else of it.
    shown = "".join(said).replace(str(planted.folder), "").replace(planted.folder.as_uri(), "")
    assert CANARIES.found_in(shown) == []


async def test_a_session_under_every_rule(planted):
    """Excluded files, files for local backends, secrets, what lies around: none reaches the remote one."""
    async with FakeMistral("first + second\n", key=KEY) as remote, FakeLlamaCpp("first\n") as local:
        async with started(planted, remote, local=local) as editor:
            near = planted.folder / f"near_{CANARIES['open file']}.py"
            hidden = planted.private / f"x_{CANARIES['excluded file']}.py"
            inner = planted.inner / f"x_{CANARIES['local file']}.py"
            assert await ask(editor, near, cursor("open", "neighbour"))
            assert await ask(editor, hidden, cursor("excluded", "buffer")) == []
            await ask(editor, planted.folder / ".env", f"A={CANARIES['excluded typed']}\nB=‸\n")
            editor.type(hidden.as_uri(), CANARIES["excluded edited"])
            inner_items = await ask(editor, inner, cursor("local", "buffer"))
            editor.type(inner.as_uri(), CANARIES["local edited"])
            await ask(
                editor, planted.folder / "secrets_in.py", f"key = '{SECRET}'\n" + cursor("secret", "edited")
            )
            # Where all of that could come along as context.
            assert await ask(
                editor, planted.folder / "main.py", cursor("open", "buffer"), typing="shared_help"
            )
            report = await explained(editor)
            assert await editor.shutdown() == 0
        sent = received(remote)
        own = ("environment buffer",)
        assert CANARIES.found_in(sent, but=own) != []
        assert [name for name in CANARIES.found_in(sent, but=own) if name in FORBIDDEN] == []
        assert str(planted.tmp).encode() not in sent
        # The key is in its header and nowhere else.
        assert all(KEY.encode() not in request.body for request in remote.requests)
        assert inner_items
        assert "local buffer" in CANARIES.found_in(received(local))
        shown_locally = CANARIES.found_in(received(local))
        assert not [name for name in shown_locally if name.startswith(("excluded", "environment"))]
    check_what_is_kept(planted, editor)
    paths = ("open file", "excluded file", "excluded folder", "local file", "local folder")
    assert CANARIES.found_in(report, but=(*paths, "settings folder")) == []


async def test_edits_in_excluded_and_local_files_are_shown_nowhere_else(planted):
    """What was typed a moment ago comes along as context; not from there."""
    async with FakeMistral("first\n", key=KEY) as remote:
        async with started(planted, remote) as editor:
            for place, folder in (("excluded", planted.private), ("local", planted.inner)):
                uri = (folder / f"x_{CANARIES[f'{place} file']}.py").as_uri()
                editor.open(uri, "def shared_helper(first, second):\n    ‸\n")
                editor.type(uri, f"total_{CANARIES[f'{place} edited']} = shared_helper(first, second)")
                await editor.inline(uri)
            main = planted.folder / "main.py"
            await ask(editor, main, "def total():\n    total_‸\n", typing=" = shared_helper(")
            assert await editor.shutdown() == 0
        assert any(b"def total" in request.body for request in remote.requests)
        names = CANARIES.found_in(received(remote), but=("environment buffer",))
        assert [name for name in names if name in FORBIDDEN] == []
    check_what_is_kept(planted, editor)


async def test_with_remote_ruled_out_nothing_is_sent_at_all(planted):
    async with FakeMistral("first\n", key=KEY) as remote, FakeLlamaCpp("first\n") as local:
        async with started(planted, remote, local=local, remote="never") as editor:
            assert await ask(editor, planted.folder / "main.py", cursor("open", "buffer"))
            await ask(editor, planted.inner / "x.py", cursor("local", "buffer"))
            report = await explained(editor)
            assert await editor.shutdown() == 0
        assert [request for request in remote.requests if request.body] == []
        assert CANARIES.found_in(received(remote)) == []
    check_what_is_kept(planted, editor)
    assert "open buffer" not in CANARIES.found_in(report)


@pytest.mark.parametrize("where", ["above the cursor", "below the cursor", "on the cursor's line"])
async def test_a_secret_is_never_sent(planted, where):
    line = f"key = '{SECRET}'\n"
    text = {
        "above the cursor": f"{line}x = 1\ny = ‸\n",
        "below the cursor": f"y = ‸\n{line}",
        "on the cursor's line": f"key = '{SECRET}' + ‸\n",
    }[where]
    async with FakeMistral("first\n", key=KEY) as remote:
        async with started(planted, remote) as editor:
            await ask(editor, planted.folder / "main.py", text, typing="ab")
            assert await editor.shutdown() == 0
        names = CANARIES.found_in(received(remote), but=("environment buffer",))
        assert "secret buffer" not in names
        assert "secret neighbour" not in names
    check_what_is_kept(planted, editor)


FAILING = ["status_500", "status_401", "status_429", "status_422", "reset_mid_stream", "html", "garbage"]


@pytest.mark.parametrize("fault", [name for name in FAILING if name in FAULTS])
async def test_failing_backends_put_nothing_into_log_or_notice(planted, fault):
    async with FakeMistral("first\n", key=KEY, fault=FAULTS[fault]) as remote:
        async with started(planted, remote) as editor:
            await ask(editor, planted.folder / "main.py", cursor("open", "buffer"), typing="sh")
            report = await explained(editor)
            assert await editor.shutdown() == 0
        assert remote.requests
    check_what_is_kept(planted, editor)
    assert CANARIES.found_in(report, but=("settings folder",)) == []


async def test_a_backend_that_echoes_everything_puts_nothing_into_log_or_notice(planted):
    class Echoing(FakeMistral):
        async def answer_request(self, exchange):
            recorded = exchange.recorded
            words = f"{dict(recorded.headers)} {recorded.body.decode('utf-8', 'replace')}"
            exchange.reply(400, json.dumps({"message": words, "detail": words}).encode())

    async with Echoing("first\n", key=KEY) as remote:
        async with started(planted, remote) as editor:
            await ask(editor, planted.folder / "main.py", cursor("open", "buffer"), typing="sh")
            report = await explained(editor)
            assert await editor.shutdown() == 0
        assert remote.requests
    check_what_is_kept(planted, editor)
    assert CANARIES.found_in(report, but=("settings folder",)) == []


async def test_a_damaged_message_puts_nothing_into_the_log(planted):
    word = CANARIES["open typed"]
    async with FakeMistral("first\n", key=KEY) as remote, started(planted, remote) as editor:
        uri = (planted.folder / "main.py").as_uri()
        for params in (word, {"textDocument": word}, {"textDocument": {"uri": uri, "text": word}}, [word]):
            editor.notify("textDocument/didOpen", params)
            editor.notify("textDocument/didChange", params)
        editor.notify("$/unknown", {"x": word})
        editor.notify("unknown/thing", {"x": word})
        await explained(editor)
        await editor.shutdown()
    check_what_is_kept(planted, editor)


@pytest.mark.skipif(os.name != "posix", reason="needs file modes")
async def test_the_index_is_its_owners_and_holds_nothing_of_excluded_files(planted):
    """It holds source by design; so it is for its owner alone, and what is excluded is not in it."""
    async with FakeMistral("first\n", key=KEY) as remote, started(planted, remote) as editor:
        await ask(editor, planted.folder / "main.py", cursor("open", "buffer"))
        index = planted.tmp / "data" / "cache" / "index"
        limit = time.monotonic() + 20
        while "open closed" not in indexed(index) and time.monotonic() < limit:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.1)
        assert await editor.shutdown() == 0
    names = indexed(index)
    assert "open closed" in names
    # The workspace's own settings file is one of its files.
    others = set(names) - {"settings edited"}
    assert [name for name in others if name.startswith(("excluded", "environment", "settings"))] == []
    for path in index.rglob("*"):
        assert not path.is_file() or stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(index.stat().st_mode) == 0o700
    assert stat.S_IMODE(planted.log.stat().st_mode) == 0o600
    check_what_is_kept(planted, editor)


def indexed(index):
    """The names of the canaries in the index's databases, whose texts are compressed."""
    found = set()
    for path in index.glob("*.sqlite"):
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
            for (table,) in database.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table'"
            ).fetchall():
                for row in database.execute(f'SELECT * FROM "{table}"'):
                    for value in row:
                        found |= set(CANARIES.found_in(plain(value)))
    return sorted(found)


def plain(value):
    if isinstance(value, bytes):
        with suppress(zlib.error):
            return zlib.decompress(value)
        return value
    return str(value)


def test_the_canaries_are_sixty_different_words():
    assert len(set(CANARIES.values())) == len(CANARIES) == 60
