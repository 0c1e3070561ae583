"""The embedded backend around a child that runs a fake engine (``tests/engine/fake``)."""

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from lsp_server.backends.base import BackendError, ModelNotFound, StreamBroken, Unavailable, Unreachable
from lsp_server.backends.create import create_backend
from lsp_server.backends.embedded.backend import DEFAULT_CONTEXT_TOKENS, EmbeddedBackend
from lsp_server.config.settings import BackendSettings
from lsp_server.testing.conformance import PlainTemplate, read
from lsp_server.testing.models import tiny_gguf
from lsp_server.types import CleanPrompt, Destination, Finish, Prompt, PromptForm

FAKE = Path(__file__).parents[1] / "engine" / "fake"


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(FAKE)
    monkeypatch.setenv("PYTHONPATH", str(FAKE))
    monkeypatch.setenv("FAKE_ENGINE_NOTES", str(tmp_path / "notes"))
    path = tmp_path / "qwen2.5-coder-tiny.gguf"
    path.write_bytes(tiny_gguf())
    return path


@pytest.fixture
async def backend(model):
    made = make(model)
    yield made
    await made.close()


def make(model, **settings):
    described = BackendSettings(name="mine", kind="embedded", model=str(model), **settings)
    return EmbeddedBackend(described, session="session-1", folder=model.parent)


def clean(backend, prefix="def add(a, b):\n    return "):
    template = PlainTemplate(PromptForm.RAW)
    return CleanPrompt(Prompt(template, prefix, "", max_tokens=8), backend.destination)


class Bare(PlainTemplate):
    def render(self, prompt):
        return prompt.prefix


def deadly(backend):
    """A prompt that the fake engine dies of."""
    return CleanPrompt(Prompt(Bare(PromptForm.RAW), "die", ""), backend.destination)


def starts(model):
    return len((model.parent / "notes").read_text().splitlines())


def test_its_prompts_stay_here(model):
    backend = make(model)
    assert backend.destination == Destination("mine", "embedded:", remote=False)
    assert backend.capabilities.forces_start
    assert backend.pid is None


async def test_the_settings_make_one(model):
    settings = BackendSettings(name="mine", kind="embedded", model=str(model))
    backend = create_backend(settings, key=None, session="s", remote=False)
    assert isinstance(backend, EmbeddedBackend)
    assert (await read(backend, clean(backend))).text == "a + b"
    await backend.close()


async def test_an_answer(backend):
    result = await read(backend, clean(backend))
    assert result.text == "a + b"
    assert result.finish is Finish.STOP
    assert result.usage.prompt_tokens == 3
    assert result.usage.cached_tokens == 1


async def test_requests_at_once_start_one_engine(backend, model):
    results = await asyncio.gather(*(read(backend, clean(backend)) for _ in range(4)))
    assert [result.text for result in results] == ["a + b"] * 4
    assert starts(model) == 1


async def test_probing_loads_nothing(backend):
    info = await backend.probe()
    assert info.name == "qwen2.5-coder-tiny (Tiny Coder)"
    assert info.context_tokens == 4096
    assert info.architecture == "qwen2"
    assert info.template == "{{ messages }}"
    assert info.licence == "apache-2.0"
    assert info.size_bytes == len(tiny_gguf())
    assert backend.pid is None


async def test_the_context_follows_the_setting_then_the_default(model):
    assert (await make(model, context_tokens=1024).probe()).context_tokens == 1024
    model.write_bytes(tiny_gguf({"general.architecture": "qwen2", "qwen2.context_length": 32768}))
    assert (await make(model).probe()).context_tokens == DEFAULT_CONTEXT_TOKENS


async def test_warming_up_starts_the_engine_in_the_background(backend, model):
    await backend.warm_up()
    await backend.warm_up()
    assert backend.pid is None
    assert (await read(backend, clean(backend))).text == "a + b"
    assert starts(model) == 1


async def test_warming_up_without_a_model_is_no_error(model):
    model.unlink()
    backend = make(model)
    await backend.warm_up()
    with pytest.raises(ModelNotFound):
        await read(backend, clean(backend))
    await backend.close()


async def test_tokens_are_counted_once_the_model_is_loaded(backend):
    assert await backend.count_tokens(clean(backend)) is None
    await read(backend, clean(backend))
    assert await backend.count_tokens(clean(backend, "a b c")) == 3


async def test_prompts_for_others_are_refused(backend):
    other = CleanPrompt(clean(backend).prompt, Destination("mine", "http://127.0.0.1:1", remote=False))
    with pytest.raises(ValueError, match="cleared for"):
        async with backend.stream(other):
            pass
    with pytest.raises(ValueError, match="cleared for"):
        await backend.count_tokens(other)
    with pytest.raises(ValueError, match="cleared for"):
        await backend.prefill(other)
    assert backend.pid is None


async def test_a_killed_engine_is_replaced_for_the_next_request(backend, model):
    await read(backend, clean(backend))
    first = backend.pid
    psutil.Process(first).kill()
    assert (await read(backend, clean(backend))).text == "a + b"
    assert backend.pid != first
    assert starts(model) == 2


async def test_a_prefill_starts_the_engine_and_another_for_a_killed_one(backend, model):
    await backend.prefill(clean(backend))
    first = backend.pid
    psutil.Process(first).kill()
    await backend.prefill(clean(backend))
    assert backend.pid not in {None, first}
    assert starts(model) == 2
    assert backend.capabilities.prefills
    assert backend.capabilities.concurrency == 1


async def test_an_engine_that_dies_of_a_prefill(backend, model):
    with pytest.raises((StreamBroken, Unreachable)):
        await backend.prefill(deadly(backend))
    assert (await read(backend, clean(backend))).text == "a + b"
    assert starts(model) == 3


async def test_an_engine_that_dies_of_a_prompt(backend, model):
    with pytest.raises((StreamBroken, Unreachable)):
        await read(backend, deadly(backend))
    # Tried on a second engine once; the third is for the next request.
    assert starts(model) == 2
    assert (await read(backend, clean(backend))).text == "a + b"


async def test_an_engine_that_keeps_dying_is_given_up(backend, model):
    for _ in range(2):
        with pytest.raises(BackendError):
            await read(backend, deadly(backend))
    with pytest.raises(Unavailable) as caught:
        await read(backend, clean(backend))
    assert starts(model) == 3
    message = str(caught.value)
    assert "mine (embedded): the engine does not run: it failed 3 times within 5 minutes; check" in message
    assert "\n" not in message


async def test_an_engine_that_cannot_load(backend, monkeypatch):
    monkeypatch.setenv("FAKE_ENGINE", "fail")
    with pytest.raises(
        Unavailable, match=r"out of memory.*; check the free memory, or choose a smaller model"
    ):
        await read(backend, clean(backend))


async def test_without_the_engine_installed(backend, monkeypatch):
    monkeypatch.setattr("lsp_server.backends.embedded.backend.find_spec", lambda _: None)
    for attempt in (backend.probe(), read(backend, clean(backend))):
        with pytest.raises(
            Unavailable, match=r"not installed; run `pip install 'codestral-lsp\[embedded\]'`"
        ):
            await attempt


async def test_without_the_model(backend, model):
    model.unlink()
    for attempt in (backend.probe(), read(backend, clean(backend))):
        with pytest.raises(ModelNotFound, match="there is no model file"):
            await attempt


async def test_a_model_that_is_fetched_later_is_used(backend, model):
    content = model.read_bytes()
    model.write_bytes(content[:-1])
    for _ in range(5):
        with pytest.raises(ModelNotFound, match="truncated"):
            await read(backend, clean(backend))
    model.write_bytes(content)
    assert (await read(backend, clean(backend))).text == "a + b"


async def test_closing_ends_the_process(model):
    backend = make(model)
    await read(backend, clean(backend))
    process = psutil.Process(backend.pid)
    await backend.close()
    await backend.close()
    assert not process.is_running()
    with pytest.raises(Unavailable, match="shut down"):
        await read(backend, clean(backend))


async def test_closing_while_it_loads(model, monkeypatch):
    monkeypatch.setenv("FAKE_ENGINE", "hang")
    backend = make(model)
    await backend.warm_up()
    waiting = asyncio.ensure_future(read(backend, clean(backend)))
    while not (model.parent / "notes").exists():  # noqa: ASYNC110 - another process makes it
        await asyncio.sleep(0.01)
    await backend.close()
    with pytest.raises(Unavailable, match="shut down"):
        await waiting


async def test_strangers_get_no_answer(backend):
    await read(backend, clean(backend))
    [connection] = psutil.Process(backend.pid).net_connections()
    assert connection.laddr.ip == "127.0.0.1"
    with socket.create_connection(connection.laddr) as stranger:
        stranger.sendall(b"POST /completion HTTP/1.0\r\nContent-Length: 14\r\n\r\n" + b'{"prompt":"a"}')
        assert b" 401 " in stranger.recv(100)


def test_importing_it_imports_nothing_heavy():
    heavy = ("httpx", "httpx2", "xllamacpp", "huggingface_hub", "rich", "filelock")
    script = (
        "import sys; import lsp_server.backends.embedded.backend, lsp_server.backends.embedded.download, "
        f"lsp_server.cli.model; print([name for name in {heavy!r} if name in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", script]).strip() == b"[]"
