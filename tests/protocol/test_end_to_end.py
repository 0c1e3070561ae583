"""The whole server in a process of its own, between the fake editor and the fake model servers."""

import asyncio
import os
import sys

import pytest

from lsp_server.testing.capabilities import HELIX, NEOVIM_0_11, VSCODE
from lsp_server.testing.configuration import FAKES, KEY_VARIABLE, backend_of, write_config
from lsp_server.testing.editor import FakeEditor
from lsp_server.testing.fake_backends import FAULTS, TEST_KEY, FakeLlamaCpp, FakeOpenAI

URI = "file:///project/main.py"
CODE = "def add(a, b):\n    return ‸\n\nprint(add(1, 2))\n"
ANSWER = "a + b\n\n\ndef other():\n    pass\n"


@pytest.fixture
def environment(tmp_path):
    kept = {k: v for k, v in os.environ.items() if not k.endswith("_API_KEY") and k != "OLLAMA_HOST"}
    return {**kept, "CODESTRAL_LSP_DATA_DIR": str(tmp_path / "data"), KEY_VARIABLE: TEST_KEY}


@pytest.fixture
def serve(tmp_path, environment):
    """An editor whose server uses the given backends."""

    def start(*backends, profile=VSCODE, **sections):
        path = write_config(tmp_path / "config.toml", backends, **sections)
        command = [sys.executable, "-m", "lsp_server", "serve", "--config", str(path)]
        return FakeEditor.of_process(command, profile, environment)

    return start


@pytest.mark.parametrize("kind", FAKES)
async def test_every_kind_of_backend_completes(kind, serve):
    async with FAKES[kind](ANSWER) as fake, serve(backend_of(kind, fake)) as editor:
        await editor.initialize()
        editor.open(URI, CODE)
        [item] = await editor.inline(URI)
        editor.accept_inline(URI, item)
        assert editor.text(URI) == "def add(a, b):\n    return a + b\n\nprint(add(1, 2))\n"
        explained = await editor.request("workspace/executeCommand", {"command": "codestral.explain"})
        assert explained["requests"][0]["backend"] == kind
        assert await editor.shutdown() == 0


@pytest.mark.parametrize("profile", [NEOVIM_0_11, HELIX], ids=lambda profile: profile.name)
async def test_editors_without_ghost_text_get_menu_items(profile, serve):
    answer = "total = a + b\n    return total\n"
    async with FakeLlamaCpp(answer) as fake, serve(backend_of("llamacpp", fake), profile=profile) as editor:
        await editor.initialize()
        editor.open(URI, "def add(a, b):\n    ‸\n")
        [item] = await editor.menu(URI)
        editor.accept_menu(URI, item)
        assert editor.text(URI) == "def add(a, b):\n    total = a + b\n    return total\n"
        await editor.shutdown()


@pytest.mark.parametrize("kind", FAKES)
async def test_cancelling_closes_the_connection_within_20_ms(kind, serve):
    async with (
        FAKES[kind]("value + " * 200, token_s=0.01) as fake,
        serve(backend_of(kind, fake)) as editor,
    ):
        await editor.initialize()
        editor.open(URI, CODE)
        late = []
        for number in range(5):
            pending = editor.request_inline(URI, invoked=True)
            await fake.until(lambda n=number: len(fake.completions) > n and fake.completions[n].tokens_sent)
            cancelled_s = asyncio.get_running_loop().time()
            editor.cancel(pending)
            recorded = await fake.closed()
            late.append(recorded.closed_s - cancelled_s)
            assert recorded.cancelled
            with pytest.raises(Exception, match="-32800"):
                await pending
        assert sorted(late)[len(late) // 2] <= 0.020, late
        await editor.shutdown()


async def test_a_newer_request_closes_the_connection_of_the_older(serve):
    async with (
        FakeLlamaCpp("value + " * 200, token_s=0.01) as fake,
        serve(backend_of("llamacpp", fake), profile=HELIX) as editor,
    ):
        await editor.initialize()
        editor.open(URI, CODE)
        first = editor.request_menu(URI)
        await fake.until(lambda: fake.completions and fake.completions[0].tokens_sent)
        editor.type(URI, "x")
        second = editor.request_menu(URI)
        assert (await fake.closed(0)).cancelled
        assert (await first)["items"] == []
        editor.close(URI)
        assert (await second)["items"] == []
        await editor.shutdown()


async def test_a_closed_document_ends_its_request(serve):
    async with (
        FakeLlamaCpp("value + " * 200, token_s=0.01) as fake,
        serve(backend_of("llamacpp", fake)) as editor,
    ):
        await editor.initialize()
        editor.open(URI, CODE)
        pending = editor.request_inline(URI)
        await fake.until(lambda: fake.completions and fake.completions[0].tokens_sent)
        editor.close(URI)
        assert (await pending) == {"items": []}
        assert (await fake.closed()).cancelled
        await editor.shutdown()


async def test_typing_along_asks_the_model_once(serve):
    async with FakeLlamaCpp("alpha + beta\n") as fake, serve(backend_of("llamacpp", fake)) as editor:
        await editor.initialize()
        editor.open(URI, "x = ‸\n")
        assert (await editor.inline(URI))[0]["insertText"] == "alpha + beta"
        for typed in "alpha":
            editor.type(URI, typed)
            items = await editor.inline(URI)
        assert items[0]["insertText"] == " + beta"
        assert len(fake.completions) == 1
        await editor.shutdown()


async def test_the_next_backend_answers_and_the_user_is_told_once(serve):
    async with FakeLlamaCpp("1\n") as fake:
        dead = {"name": "dead", "kind": "openai", "url": "http://127.0.0.1:9/v1", "model": "qwen2.5-coder"}
        async with serve(dead, backend_of("llamacpp", fake)) as editor:
            await editor.initialize()
            editor.open(URI, "x = ‸\n")
            assert (await editor.inline(URI))[0]["insertText"] == "1"
            editor.type(URI, "2")
            await editor.inline(URI)
            await editor.shutdown()
            assert editor.notified.count("window/showMessage") == 1
            assert any("showMessage" in line and "dead" in line for line in editor.transcript)


@pytest.mark.parametrize(
    ("kind", "change", "words"),
    [
        ("ollama", {"model": "absent"}, ("absent", "ollama pull")),
        ("mistral", {"key_env": "WRONG_KEY"}, ("mistral", "key")),
        ("openai", {"model": "mystery-7b", "family": ""}, ("mystery-7b", "family")),
        ("llamacpp", {"url": "http://127.0.0.1:9"}, ("llamacpp", "127.0.0.1:9")),
    ],
)
async def test_what_is_wrong_is_said_in_one_line_and_the_server_goes_on(
    kind, change, words, serve, environment
):
    environment["WRONG_KEY"] = "sk-wrong-0123456789abcdef0123"
    async with FAKES[kind]("x\n") as fake:
        if change.get("model") == "mystery-7b":
            fake.models = {"mystery-7b": 8192}
        async with serve({**backend_of(kind, fake), **change}) as editor:
            await editor.initialize()
            editor.open(URI, CODE)
            for _ in range(3):
                assert await editor.inline(URI) == []
            explained = await editor.request("workspace/executeCommand", {"command": "codestral.explain"})
            assert await editor.shutdown() == 0
        detail = explained["requests"][0]["detail"]
        assert all(word in detail for word in words), detail
        assert "\n" not in detail
        assert editor.notified.count("window/showMessage") == 1
        assert "sk-wrong" not in "\n".join(editor.transcript)


SOME_FAULTS = ("disconnect_before_headers", "reset_before_headers", "not_http", "web_page", "not_json")
"""Those that show at once; ``tests/faults`` has all of them, on a clock of their own."""


@pytest.mark.parametrize("fault", SOME_FAULTS)
async def test_no_fault_of_a_backend_leaves_a_request_unanswered(fault, serve):
    async with (
        FakeOpenAI("a + b\n", fault=[FAULTS[fault], None]) as fake,
        serve(
            backend_of("openai", fake),
            backend_of("openai", fake, name="second"),
            routing={"max_wait_ms": 500},
        ) as editor,
    ):
        editor.patience_seconds = 60.0
        await editor.initialize()
        editor.open(URI, CODE)
        items = await editor.inline(URI, invoked=True)
        assert isinstance(items, list)
        assert await editor.shutdown() == 0


async def test_a_storm_of_cancels_is_answered(serve):
    async with (
        FakeLlamaCpp("value\n", first_token_s=0.05) as fake,
        serve(backend_of("llamacpp", fake)) as editor,
    ):
        await editor.initialize()
        editor.open(URI, CODE)
        pending = []
        for _ in range(300):
            pending.append(editor.request_inline(URI, invoked=True))
            editor.cancel(pending[-1])
        answers = await asyncio.gather(*pending, return_exceptions=True)
        assert len(answers) == 300
        assert (await editor.inline(URI, invoked=True))[0]["insertText"] == "value"
        await editor.shutdown()
