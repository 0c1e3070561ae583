"""Keys get out nowhere: whatever a server echoes, wherever a key was put, whatever is printed or logged."""

import asyncio
import base64
import json
import logging
import os
import pickle
import sys
import traceback
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import SecretStr

from lsp_server.app import App
from lsp_server.backends.address import Endpoint
from lsp_server.backends.base import BackendError
from lsp_server.backends.embedded.child import Order
from lsp_server.backends.failures import WITHHELD, Report, from_object, from_status, secrets_of
from lsp_server.cli import main
from lsp_server.config.keys import KeyRefused, read_system_keyring, resolve_key
from lsp_server.config.load import load
from lsp_server.config.settings import BackendSettings
from lsp_server.lsp.logging_setup import Formatter
from lsp_server.testing.clock import ManualClock
from lsp_server.testing.configuration import write_config
from lsp_server.testing.conformance import KINDS, read
from lsp_server.testing.fake_backends import FakeOpenAI, Fault
from lsp_server.testing.fixtures import cursor_at
from lsp_server.types import CleanPrompt, Request, Trigger

posix = pytest.mark.skipif(os.name != "posix", reason="needs file modes")
as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away"
)

KEY = "Zx81kQ0vTn5Rb72MhWd4-_Lp"
LEAST = 8
"""Characters of a key in a row that must not be seen."""


def letters(text):
    return "".join(filter(str.isalnum, text)).casefold()


def runs(text, size):
    plain = letters(text)
    return {plain[at : at + size] for at in range(len(plain) - size + 1)}


def leaked(shown, *spellings):
    """The parts of the key, in any of these spellings, that are in what is shown."""
    seen = letters(shown)
    return [run for spelling in spellings for run in runs(spelling, LEAST) if run in seen]


# What servers echo.

CASES = {"as it is": str, "upper": str.upper, "lower": str.lower, "swapped": str.swapcase}
PARTS = {
    "whole": lambda key: key,
    "first half": lambda key: key[: (len(key) + 1) // 2],
    "last half": lambda key: key[len(key) // 2 :],
    "without its end": lambda key: key[:-3],
    "twice": lambda key: key + key,
}
SPELLINGS = {
    "plain": lambda text: text,
    "percent": lambda text: quote(text, safe=""),
    "percent, all": lambda text: "".join(f"%{ord(c):02x}" for c in text),
    "entities": lambda text: "".join(f"&#{ord(c)};" for c in text),
    "hexadecimal entities": lambda text: "".join(f"&#x{ord(c):X};" for c in text),
    "escapes": lambda text: "".join(f"\\u{ord(c):04x}" for c in text),
    "short escapes": lambda text: "".join(f"\\x{ord(c):02x}" for c in text),
    "json": lambda text: json.dumps(json.dumps(text)),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for urls": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "basic": lambda text: base64.b64encode(f"user:{text}".encode()).decode(),
    "bearer": lambda text: base64.b64encode(f"Bearer {text}".encode()).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
    "hexadecimal, upper": lambda text: text.encode().hex(":").upper(),
    "wide": lambda text: "".join(chr(ord(c) + 0xFEE0) for c in text),
    "dotted": ".".join,
}
BREAKS = {
    "none": lambda text: text,
    "lines": lambda text: "\n".join(text[at : at + 5] for at in range(0, len(text), 5)),
    "windows lines": lambda text: "\r\n\t".join(text[at : at + 7] for at in range(0, len(text), 7)),
    "spaces": " ".join,
    "escaped lines": lambda text: "\\n".join(text[at : at + 9] for at in range(0, len(text), 9)),
}
FRAMES = (
    "{}",
    "Incorrect API key provided: {}. Check your dashboard.",
    "<html><body>Unauthorized <b>{}</b></body></html>",
    'received headers {{"authorization": "Bearer {}"}}',
    "x={}&y=1",
    "token{}token",
)


MOST_ALIKE = 3
"""Different signs in eight of a text that is no key: zeros are a part of many a number."""


@st.composite
def echoes(draw):
    key = draw(
        st.text(
            "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ0123456789-_", min_size=24, max_size=64
        ).filter(lambda text: all(len(set(text[n : n + 8])) > MOST_ALIKE for n in range(len(text) - 7)))
    )
    # A key without letters and digits is none.
    key = "sk" + key if len(letters(key)) < len(key) * 3 // 4 else key
    text = CASES[draw(st.sampled_from(sorted(CASES)))](key)
    text = PARTS[draw(st.sampled_from(sorted(PARTS)))](text)
    said = [text]
    for name in draw(st.lists(st.sampled_from(sorted(SPELLINGS)), max_size=2)):
        text = SPELLINGS[name](text)
        said.append(text)
        if not text.isascii():
            break  # What encodes these signs is not what servers do to a key.
    text = BREAKS[draw(st.sampled_from(sorted(BREAKS)))](text)
    return key, said, draw(st.sampled_from(FRAMES)).format(text)


def place(key):
    return Endpoint("mine", "https://llm.example.org/v1", SecretStr(key))


@given(echo=echoes(), status=st.sampled_from([400, 401, 403, 404, 422, 429, 500, 503]))
@example((KEY, [KEY], KEY[:11]), 401)
@example((KEY, [KEY], base64.b64encode(f"ab{KEY}".encode()).decode()[2:]), 401)
def test_no_spelling_of_a_key_in_an_error_is_repeated(echo, status):
    key, said, words = echo
    sent = json.dumps({"model": "m", "prompt": "x = 1"}).encode()
    endpoint = place(key)
    for error in (
        from_status(endpoint, status, Report(words), secrets_of(endpoint, sent)),
        from_object(endpoint, {"error": {"message": words, "code": status}}, secrets_of(endpoint, sent)),
        from_object(endpoint, {"error": words}),
    ):
        # A key may be made of words that we say ourselves.
        ours = f"{from_status(endpoint, status, Report())} {from_object(endpoint, {})} {WITHHELD}"
        assert set(leaked(str(error), key, *said)) <= set(leaked(ours, key, *said))
        assert "\n" not in str(error)
        assert len(str(error)) < 400


@given(
    line=st.text("abcdefghijklmnopqrstuvwxyz_0123456789()=+.", min_size=24, max_size=80),
    spelling=st.sampled_from(["plain", "json", "entities", "percent", "escapes"]),
    broken=st.sampled_from(["none", "lines", "spaces"]),
)
def test_no_line_of_the_request_is_repeated(line, spelling, broken):
    sent = json.dumps({"model": "m", "prompt": f"import os\n{line}\n"}).encode()
    words = "cannot parse: " + BREAKS[broken](SPELLINGS[spelling](line))
    error = from_status(place(KEY), 422, Report(words), secrets_of(place(KEY), sent))
    seen = letters(str(error))
    assert not [run for run in runs(line, 16) if run in seen]


@pytest.mark.parametrize(
    "words",
    [
        "Incorrect API key provided: sk-te***cdef",
        "This model's maximum context length is 8192 tokens",
        "model 'qwen2.5-coder:1.5b-base' not found, try pulling it first",
        "Rate limit reached for requests per minute",
    ],
)
def test_what_servers_usually_say_is_quoted(words):
    sent = json.dumps({"model": "m", "prompt": "def rate_limit(requests):\n    return 1\n"}).encode()
    error = from_status(place(KEY), 400, Report(words), secrets_of(place(KEY), sent))
    assert words in str(error)
    assert WITHHELD not in str(error)


# Through the backends.


def bodies(key):
    """What a server can do with the key it was sent: in its words, in fields of its own, in headers."""
    shapes = [SPELLINGS[name](key) for name in SPELLINGS] + [BREAKS[name](key) for name in BREAKS]
    for shape in shapes:
        yield 401, {"error": {"message": f"wrong key {shape}", "type": shape, "code": shape}}, {}
    yield 400, {"detail": [{"loc": ["header", key], "msg": f"bad {key[:12]}", "input": key}]}, {}
    yield 404, {"error": f"model {key} not found"}, {}
    yield 429, {"message": key}, {"Retry-After": key}
    yield 302, {"error": key}, {"Location": f"https://evil.example/?{key}"}
    yield 200, {"error": {"message": key, "code": 500}}, {}
    yield 200, {"object": "error", "message": base64.b64encode(key.encode()).decode()}, {}
    yield 200, {key: key}, {"Content-Type": f"text/{key}"}
    yield 200, {"x": key}, {"Content-Type": "text/html"}
    yield 200, {"x": key}, {"Content-Encoding": key}
    yield 500, {"error": {"message": {"detail": [key, key]}}}, {"Content-Type": key}


def everything_about(error):
    """All that a traceback, a debugger's first look, or a pickle of an error shows, its causes included."""
    shown = [*traceback.format_exception(error), repr(pickle.dumps(error)), repr(error.args)]
    waiting, seen = [error], set()
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        shown += [str(current), repr(current), repr(current.args), repr(vars(current))]
        waiting += [current.__cause__, current.__context__]
    return "\n".join(shown)


@pytest.mark.parametrize("kind", KINDS, ids=str)
async def test_an_error_of_a_backend_holds_no_key_whatever_the_server_says(kind, caplog):
    caplog.set_level(logging.DEBUG, "lsp_server")
    tried = 0
    async with kind.fake(key=None) as fake, kind.backend(fake, key=KEY) as backend:
        for status, body, headers in bodies(KEY):

            async def play(scene, reply=(status, body, headers)):
                scene.exchange.reply(reply[0], json.dumps(reply[1]).encode(), headers=reply[2])

            fake.fault = Fault("echo", BackendError, play)
            with pytest.raises(BackendError) as caught:
                await read(backend, CleanPrompt(kind.prompt(), backend.destination))
            tried += 1
            # A header's or a type's own spelling may be shown, the key may not.
            assert leaked(everything_about(caught.value), KEY) == []
            assert leaked(str(caught.value), *(SPELLINGS[name](KEY) for name in SPELLINGS)) == []
        assert all(KEY in request.headers["authorization"] for request in fake.completions)
    assert tried > 25
    assert leaked(caplog.text, KEY) == []


@pytest.mark.parametrize("kind", KINDS, ids=str)
async def test_an_error_in_the_middle_of_a_stream_holds_no_key(kind):
    async def play(scene):
        await scene.begin()
        event = json.dumps({"error": {"message": f"lost {KEY}", "code": 500}}).encode()
        line = event + b"\n" if "ndjson" in scene.server.stream_type else b"data: " + event + b"\n\n"
        scene.exchange.chunk(line)
        scene.exchange.end()

    async with (
        kind.fake(key=None, fault=Fault("echo", BackendError, play)) as fake,
        kind.backend(fake, key=KEY) as backend,
    ):
        with pytest.raises(BackendError) as caught:
            await read(backend, CleanPrompt(kind.prompt(), backend.destination))
    assert leaked(everything_about(caught.value), KEY) == []


@pytest.mark.parametrize("kind", KINDS, ids=str)
async def test_nothing_about_a_backend_prints_its_key(kind):
    async with kind.fake() as fake, kind.backend(fake, key=KEY) as backend:
        assert leaked(repr(backend) + str(backend) + repr(vars(backend)), KEY) == []
    endpoint = place(KEY)
    assert leaked(f"{endpoint!r} {endpoint} {endpoint.key!r} {endpoint.key}", KEY) == []


def test_the_key_of_our_own_engine_is_not_printed_either():
    assert leaked(repr(Order("model.gguf", KEY, 2048)), KEY) == []


def test_a_key_is_not_pickled():
    with pytest.raises(TypeError, match="key"):
        pickle.dumps(place(KEY))


# Where keys come from.


class FakeKeyring:
    """A module in place of ``keyring``."""

    def __init__(self, entries=(), error=None):
        self.entries, self.error, self.asked = dict(entries), error, []

    def get_password(self, service, account):
        self.asked.append((service, account))
        if self.error:
            raise self.error
        return self.entries.get((service, account))


@pytest.fixture(params=["environment", "file", "keyring"])
async def session(request, tmp_path, monkeypatch):
    """A fake that wants the key, and a user file that says where it is."""
    async with FakeOpenAI("1\n", key=KEY) as fake:
        account = fake.origin
        if request.param == "environment":
            monkeypatch.setenv("OUR_KEY", KEY)
            source = {"key_env": "OUR_KEY"}
        elif request.param == "file":
            path = tmp_path / "key"
            path.touch(0o600)
            path.write_text(KEY + "\n")
            source = {"key_file": str(path)}
        else:
            monkeypatch.setitem(sys.modules, "keyring", FakeKeyring({("ours", account): KEY}))
            source = {"keyring": "ours"}
        monkeypatch.setenv("CODESTRAL_LSP_DATA_DIR", str(tmp_path / "data"))
        for name in ("MISTRAL_API_KEY", "CODESTRAL_API_KEY", "OLLAMA_HOST"):
            monkeypatch.delenv(name, raising=False)
        backend = {"name": "ours", "kind": "openai", "url": fake.url, **source}
        config = write_config(tmp_path / "config.toml", [backend])
        monkeypatch.chdir(tmp_path)
        yield SimpleNamespace(fake=fake, config=config, kept=tmp_path / "data")


async def test_a_key_reaches_its_server_and_nothing_else(session, caplog):
    caplog.set_level(logging.DEBUG, "lsp_server")
    said = []
    app = App(session.config, os.environ, ManualClock())
    app.subscribe(lambda notice: said.append(notice.text), None)
    await app.start()
    answer = await app.complete(Request(cursor_at("x = ‸"), Trigger.INVOKED, "t"))
    assert answer.suggestion.text == "1"
    session.fake.key = "another"
    session.fake.requests.clear()
    await app.complete(Request(cursor_at("another = ‸"), Trigger.INVOKED, "t"))
    shown = json.dumps(app.explain()) + repr(said) + repr(app.settings) + repr(answer) + caplog.text
    shown += repr(app.problems) + repr(app.routes)
    await app.close()
    assert said
    assert session.fake.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert leaked(shown, KEY, base64.b64encode(KEY.encode()).decode()) == []
    for path in session.kept.rglob("*"):
        assert not path.is_file() or leaked(path.read_bytes().decode("latin-1"), KEY) == []


@pytest.mark.parametrize("wrong", [False, True])
async def test_no_command_prints_a_key(session, capsys, wrong):
    if wrong:
        session.fake.key = "another"
    for command in (["config", "show"], ["config", "show", "--json"], ["doctor"], ["doctor", "--json"]):
        await asyncio.to_thread(main, [*command, "--config", str(session.config)])
    printed = capsys.readouterr()
    assert "ours" in printed.out
    assert leaked(printed.out + printed.err, KEY) == []
    assert any(request.headers.get("authorization") == f"Bearer {KEY}" for request in session.fake.requests)


def ask(tmp_path, **source):
    backend = BackendSettings(name="ours", kind="openai", url="https://llm.example.org", **source)
    return resolve_key(backend, environ={})


def refusal(tmp_path, **source):
    with pytest.raises(KeyRefused) as caught:
        ask(tmp_path, **source)
    message = str(caught.value)
    assert message.isprintable()
    assert message.startswith("backend ours: ")
    assert leaked(everything_about(caught.value), KEY) == []
    return message


@posix
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o601, 0o666])
def test_a_key_file_that_others_may_use_is_refused(tmp_path, mode):
    path = tmp_path / "key"
    path.write_text(KEY)
    path.chmod(mode)
    assert "chmod 600" in refusal(tmp_path, key_file=str(path))
    for good in (0o600, 0o400):
        path.chmod(good)
        assert ask(tmp_path, key_file=str(path)).get_secret_value() == KEY


@as_root
def test_a_key_file_of_somebody_else_is_refused(tmp_path):
    """With a key of theirs they would see the code in their account."""
    path = tmp_path / "key"
    path.touch(0o600)
    path.write_text(KEY)
    os.chown(path, 12345, 12345)
    assert "chown" in refusal(tmp_path, key_file=str(path))


@posix
@pytest.mark.parametrize(
    "what", ["folder", "fifo", "device", "binary", "two lines", "utf-16", "empty", "large"]
)
def test_a_key_file_with_something_else_in_it_is_refused_in_one_line(tmp_path, what):
    path = tmp_path / "key"
    contents = {
        "binary": KEY.encode() + b"\0\xff",
        "two lines": f"{KEY}\n{KEY}\n".encode(),
        "utf-16": KEY.encode("utf-16"),
        "empty": b"",
        "large": KEY.encode() * 2000,
    }
    if what == "folder":
        path.mkdir()
    elif what == "fifo":
        os.mkfifo(path, 0o600)
    elif what == "device":
        path = "/dev/zero"
    else:
        path.touch(0o600)
        path.write_bytes(contents[what])
    refusal(tmp_path, key_file=str(path))


def test_without_the_keyring_package_one_line_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    message = refusal(tmp_path, keyring="ours")
    assert "keyring package is not installed" in message
    assert "key_file" in message


def test_a_keyring_that_fails_is_told_without_its_words(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", FakeKeyring(error=RuntimeError(f"helper printed {KEY}\nx")))
    message = refusal(tmp_path, keyring="ours")
    assert "the system keyring cannot be used (RuntimeError)" in message


def test_a_keyring_is_asked_about_the_exact_address(monkeypatch):
    ring = FakeKeyring({("ours", "https://llm.example.org"): KEY})
    monkeypatch.setitem(sys.modules, "keyring", ring)
    assert read_system_keyring("ours", "https://llm.example.org") == KEY
    for url in ("https://llm.example.org:444", "https://evil.example", "http://127.0.0.1:1"):
        backend = BackendSettings(name="x", kind="openai", url=url, keyring="ours")
        with pytest.raises(KeyRefused, match="no key"):
            resolve_key(backend, environ={})
    assert len(set(ring.asked)) == 4


# A key in the wrong place.

MISTRALS = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6"
MISPLACED = {
    "key_env": "key_env = {key}",
    "key_file": "key_file = {key}",
    "keyring": "keyring = {key}",
    "session_header": "session_header = {key}",
    "api_key": "api_key = {key}",
    "headers": "headers = {{ Authorization = {key} }}",
    "a user name": "url = 'https://{bare}@llm.example.org'",
    "a password": "url = 'https://x:{bare}@llm.example.org'",
    "a query": "url = 'https://llm.example.org/v1?key={bare}'",
    "a number": "daily_cost = {key}",
    "a section": "[privacy]\nremote = {key}",
    "an order": "[routing]\norder = [{key}]",
    "broken": "key_env = {bare}\n",
}


@pytest.mark.parametrize("key", [KEY, MISTRALS, "sk-" + "ab" * 4, "hf_" + MISTRALS])
@pytest.mark.parametrize("where", MISPLACED)
async def test_a_key_in_the_wrong_place_is_not_printed(tmp_path, where, key, capsys, monkeypatch):
    monkeypatch.setenv("CODESTRAL_LSP_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    config = tmp_path / "config.toml"
    setting = MISPLACED[where].format(key=json.dumps(key), bare=key)
    address = "" if setting.startswith("url") else 'url = "https://llm.example.org/v1"\n'
    config.write_text(f'[[backends]]\nname = "ours"\nkind = "openai"\n{address}{setting}\n')
    said = []
    app = App(config, os.environ, ManualClock())
    app.subscribe(lambda notice: said.append(notice.text), None)
    assert app.routes is not None
    shown = repr(said) + json.dumps(app.explain())
    await app.close()
    assert said
    main(["config", "show", "--config", str(config)])
    main(["config", "show", "--json", "--config", str(config)])
    printed = capsys.readouterr()
    assert leaked(shown + printed.out + printed.err, key) == []


# The log.


@pytest.mark.parametrize(
    "line",
    ["Authorization: Bearer {}", "MISTRAL_API_KEY={}", "api_key: '{}'", "https://x:{}@llm.example.org"],
)
def test_the_log_hides_what_follows_the_name_of_a_key(line):
    record = logging.LogRecord("x", logging.ERROR, "f", 1, line.format(KEY), None, None)
    assert leaked(Formatter("%(message)s").format(record), KEY) == []


def test_a_record_is_one_line_whatever_is_in_it():
    """A file's name must not look like another record, and must not steer a terminal."""
    record = logging.LogRecord(
        "x", logging.ERROR, "f", 1, "read %s", ("a\n2026 ERROR x\x1b[2J\u202e.py",), None
    )
    assert Formatter("%(message)s").format(record) == "read a\\n2026 ERROR x\\x1b[2J\\u202e.py"


def test_the_key_of_an_environment_is_in_no_problem(tmp_path):
    """Not even where a variable that should be an address or a path holds it."""
    environ = dict.fromkeys(("OLLAMA_HOST", "CODESTRAL_LSP_DATA_DIR", "CODESTRAL_LSP_CONFIG"), f"x/{KEY}@ y")
    resolved = load(None, environ, {"backends": [{"name": KEY, "kind": KEY, KEY: KEY}]}, [tmp_path])
    told = [str(p) for p in resolved.problems if p.path != f"backends.{KEY}.{KEY}"]
    shown = " ".join(told).replace(str(tmp_path), "")
    assert len(told) >= 3
    assert leaked(shown.replace(f"backends.{KEY}", "").replace(f"x/{KEY}@ y", ""), KEY) == []
