"""The keyring is asked in threads: the session goes on while one that is locked asks the user."""

import asyncio
import sys
import threading
from types import SimpleNamespace

import pytest

from lsp_server import startup
from lsp_server.app import App
from lsp_server.config.keys import KeyRefused
from lsp_server.keychain import KeyAwaited, Keychain
from lsp_server.testing.configuration import backend_of, write_config
from lsp_server.testing.fake_backends import FakeLlamaCpp, FakeOpenAI
from lsp_server.testing.fixtures import cursor_at
from lsp_server.types import Request, Trigger

KEY = "k-1234567890"
UNLOCKED_S = 10.0


class Keyring:
    """A module in place of ``keyring``, which answers once it is unlocked."""

    def __init__(self, answer=KEY):
        self.answer, self.asked = answer, []
        self.unlocked = threading.Event()

    def get_password(self, service, account):
        self.asked.append((service, account))
        assert self.unlocked.wait(UNLOCKED_S)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def keyring(monkeypatch):
    keyring = Keyring()
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    yield keyring
    keyring.unlocked.set()


async def test_an_entry_is_asked_for_once_and_handed_out_once(keyring):
    keychain = Keychain()
    for _ in range(2):
        with pytest.raises(KeyAwaited):
            keychain.read("ours", "https://a")
    assert keychain.is_waiting
    keyring.unlocked.set()
    await keychain.answered()
    assert not keychain.is_waiting
    assert keychain.read("ours", "https://a") == KEY
    assert keyring.asked == [("ours", "https://a")]
    with pytest.raises(KeyAwaited):
        keychain.read("ours", "https://a")
    await keychain.answered()


async def test_what_is_wrong_with_the_keyring_is_raised_where_its_answer_is_read(keyring):
    keyring.answer = OSError(KEY)
    keyring.unlocked.set()
    keychain = Keychain()
    with pytest.raises(KeyAwaited):
        keychain.read("ours", "https://a")
    await keychain.answered()
    with pytest.raises(KeyRefused, match=r"cannot be used \(OSError\)") as refused:
        keychain.read("ours", "https://a")
    assert KEY not in str(refused.value)


def test_an_answer_after_the_session_is_nobodys(keyring):
    async def session():
        with pytest.raises(KeyAwaited):
            Keychain().read("ours", "https://a")

    asyncio.run(session())
    [thread] = [thread for thread in threading.enumerate() if thread.daemon and "_ask" in thread.name]
    keyring.unlocked.set()
    thread.join(UNLOCKED_S)
    assert not thread.is_alive()


@pytest.fixture
async def session(tmp_path, keyring, monkeypatch):
    """A local backend, one whose key is in the keyring, and the means to start a session."""
    monkeypatch.setattr(startup, "KEYRING_S", 0.05)
    said, apps = [], []

    async with FakeLlamaCpp("here\n") as local, FakeOpenAI("there\n", key=KEY) as other:

        def start(*backends):
            config = write_config(tmp_path / "config.toml", backends)
            app = App(config, {"CODESTRAL_LSP_DATA_DIR": str(tmp_path / "data")})
            app.subscribe(lambda notice: said.append(notice.text), None)
            apps.append(app)
            return app

        hosted = {**backend_of("openai", other), "keyring": "ours"}
        yield SimpleNamespace(local=backend_of("llamacpp", local), other=hosted, start=start, said=said)
        for app in apps:
            await app.close()


def ask(text="x = ‸"):
    return Request(cursor_at(text), Trigger.INVOKED, "test")


async def until(happened):
    async with asyncio.timeout(UNLOCKED_S):
        while not happened():  # noqa: ASYNC110 - threads and notices send no event to a test
            await asyncio.sleep(0.01)


async def test_other_backends_answer_while_the_keyring_is_locked(session, keyring):
    app = session.start(session.other, session.local)
    await app.start()
    assert (await app.complete(ask())).suggestion.text == "here"
    assert session.said == [startup.LOCKED_NOTICE]
    keyring.unlocked.set()
    await until(lambda: len(app.routes) == 2)
    assert [route.backend.name for route in app.routes] == ["openai", "llamacpp"]
    assert (await app.complete(ask("y = ‸"))).suggestion.text == "there"
    assert len(keyring.asked) == 1


async def test_a_request_waits_for_the_keyring_where_there_is_no_other_backend(session, keyring):
    app = session.start(session.other)
    starting = asyncio.ensure_future(app.start())
    asking = asyncio.ensure_future(app.complete(ask()))
    await until(lambda: session.said)
    assert session.said == [startup.LOCKED_NOTICE]
    assert (app.status().state, asking.done()) == ("working", False)
    keyring.unlocked.set()
    await starting
    assert (await asking).suggestion.text == "there"


async def test_a_keyring_that_is_open_is_not_spoken_of(session, keyring, monkeypatch):
    monkeypatch.setattr(startup, "KEYRING_S", UNLOCKED_S)
    keyring.unlocked.set()
    app = session.start(session.other, session.local)
    await app.start()
    assert (await app.complete(ask())).suggestion.text == "there"
    assert session.said == []


async def test_a_session_that_ends_does_not_wait_for_the_keyring(session):
    app = session.start(session.other)
    starting = asyncio.ensure_future(app.start())
    await asyncio.sleep(0.1)
    async with asyncio.timeout(UNLOCKED_S / 2):
        await app.close()
    done, _ = await asyncio.wait({starting}, timeout=UNLOCKED_S / 2)
    assert done


async def test_changed_settings_do_not_ask_the_keyring_again(session, keyring):
    app = session.start(session.other, session.local)
    await app.start()
    app.configure({"completion": {"max_lines": 3}})
    await app.start()
    keyring.unlocked.set()
    await until(lambda: len(app.routes) == 2)
    assert len(keyring.asked) == 1
    assert app.settings.completion.max_lines == 3
