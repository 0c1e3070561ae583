"""The real engine with the real 0.5B model."""

import asyncio
import subprocess
import sys
import time
from dataclasses import dataclass

import psutil
import pytest

from lsp_server.backends.base import BackendError, ModelNotFound, PromptTooLong, Unavailable
from lsp_server.backends.embedded.backend import EmbeddedBackend
from lsp_server.config.settings import BackendSettings
from lsp_server.testing.conformance import read
from lsp_server.testing.models import tiny_gguf
from lsp_server.types import CleanPrompt, Prompt, PromptForm, Usage

pytestmark = pytest.mark.engine

STOPS = ("<|endoftext|>", "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "\n")
LONG = "".join(f"value_{number} = compute(value_{number - 1}, {number * 7919})\n" for number in range(1, 260))
"""Some 6,000 tokens: more than the engine reads while a test looks."""
CANCEL_S = 10.0
"""One batch of 64 tokens takes 0.4 s on two quiet cores; this bears a machine that is twenty times slower."""

BATCHES_CPU_S = 2.0
"""Processor time of two batches on two cores, of some ten."""

LOADED_S = 120.0


class Qwen:
    """Qwen2.5-Coder's documented layout."""

    name = "qwen"
    form = PromptForm.RAW
    system = ""

    def render(self, prompt):
        return f"<|fim_prefix|>{prompt.prefix}<|fim_suffix|>{prompt.suffix}<|fim_middle|>"


@pytest.fixture
async def backend(embedded_model):
    made = make(embedded_model)
    yield made
    await made.close()


def make(path, **settings):
    described = BackendSettings(name="engine", kind="embedded", model=str(path), **settings)
    return EmbeddedBackend(described, session="tests")


def clean(backend, prefix, suffix="", **values):
    prompt = Prompt(Qwen(), prefix, suffix, **{"stop": STOPS, "max_tokens": 16, **values})
    return CleanPrompt(prompt, backend.destination)


async def test_it_completes_and_keeps_what_it_has_read(backend):
    prompt = clean(backend, "def add(a, b):\n    return ", "\n\nprint(add(1, 2))\n")
    first = await read(backend, prompt)
    assert first.text.strip() == "a + b"
    assert first.usage.cached_tokens == 0
    again = await read(backend, prompt)
    assert again.text == first.text
    assert again.usage.cached_tokens == first.usage.prompt_tokens - 1
    assert await backend.count_tokens(prompt) == first.usage.prompt_tokens


async def test_a_prefill_leaves_only_the_last_token_to_read(backend):
    prefix = LONG[:600] + "def add(first, second):\n    return"
    cold = await first_token(backend, clean(backend, "# cold\n" + prefix))
    for forced in ("", " second"):
        prompt = clean(backend, f"# warm {forced}\n" + prefix, forced=forced)
        await backend.prefill(prompt)
        warm = await first_token(backend, prompt)
        assert warm.usage.cached_tokens == warm.usage.prompt_tokens - 1
        assert warm.ms < cold.ms / 4
        assert warm.text.startswith(forced or " first")


async def test_what_a_cancelled_prefill_has_read_stays_read(backend):
    await read(backend, clean(backend, "x = ", max_tokens=1))
    prompt = clean(backend, LONG[:1200], max_tokens=1)
    reading = asyncio.ensure_future(backend.prefill(prompt))
    async with asyncio.timeout(LOADED_S):
        await busy(backend.pid, BATCHES_CPU_S)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    usage = (await read(backend, prompt)).usage
    assert 64 <= usage.cached_tokens < usage.prompt_tokens - 1


@dataclass
class Timed:
    """An answer, and how long its first token took in milliseconds."""

    text: str
    usage: Usage
    ms: float


async def first_token(backend, prompt):
    start = time.perf_counter()
    async with backend.stream(prompt) as chunks:
        first = await anext(chunks)
        ms = (time.perf_counter() - start) * 1000.0
        others = [chunk async for chunk in chunks]
    return Timed(first.text + "".join(chunk.text for chunk in others), others[-1].usage, ms)


async def test_a_start_can_be_forced(backend):
    prompt = clean(backend, "def add(first, second):\n    return ", forced="second")
    assert (await read(backend, prompt)).text.startswith("second")


async def test_it_tells_how_likely_its_tokens_are(backend):
    sums = []
    for prefix, suffix in (("def add(a, b):\n    return a", "\n"), ("secret_word = '", "'\n")):
        chunks = (await read(backend, clean(backend, prefix, suffix))).chunks
        told = [chunk.logprob for chunk in chunks if chunk.text]
        assert all(logprob <= 0.0 for logprob in told)
        sums.append(sum(told))
    sure, unsure = sums
    assert sure > -1.0 > unsure


async def test_what_the_file_tells_is_what_runs(backend):
    info = await backend.probe()
    assert info.architecture == "qwen2"
    assert info.context_tokens == 8192
    await read(backend, clean(backend, "x = ", max_tokens=1))
    with pytest.raises(PromptTooLong):
        await read(backend, clean(backend, LONG * 2, max_tokens=1))
    assert (await read(backend, clean(backend, "x = ", max_tokens=1))).chunks


async def test_leaving_a_stream_frees_the_engine(backend):
    await read(backend, clean(backend, "x = ", max_tokens=1))
    reading = asyncio.ensure_future(read(backend, clean(backend, LONG)))
    async with asyncio.timeout(LOADED_S):
        await busy(backend.pid)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    async with asyncio.timeout(CANCEL_S):
        await read(backend, clean(backend, "x = ", max_tokens=1))


async def busy(pid, cpu_s=0.3):
    """Return once the engine has worked on the prompt for ``cpu_s`` seconds of processor time."""
    process = psutil.Process(pid)
    start = process.cpu_times().user
    while process.cpu_times().user < start + cpu_s:  # noqa: ASYNC110 - another process works
        await asyncio.sleep(0.02)


async def test_a_killed_engine_is_replaced(backend):
    prompt = clean(backend, "def add(a, b):\n    return ")
    await read(backend, prompt)
    first = backend.pid
    psutil.Process(first).kill()
    assert (await read(backend, prompt)).text.strip() == "a + b"
    assert backend.pid != first


async def test_an_engine_killed_in_the_middle_of_an_answer(backend):
    prompt = clean(backend, "def add(a, b):\n    return ", stop=(), max_tokens=400)
    with pytest.raises(BackendError) as caught:  # noqa: PT012 - the stream is the block
        async with backend.stream(prompt) as chunks:
            async for _ in chunks:
                psutil.Process(backend.pid).kill()
                await asyncio.sleep(0)
    assert "\n" not in str(caught.value)


async def test_only_loopback_is_listened_on(backend):
    await read(backend, clean(backend, "x = ", max_tokens=1))
    listening = [
        connection.laddr.ip
        for connection in psutil.Process(backend.pid).net_connections()
        if connection.status == psutil.CONN_LISTEN
    ]
    assert listening == ["127.0.0.1"]


def test_it_ends_with_its_parent(embedded_model):
    script = (
        "import asyncio, sys; from pathlib import Path\n"
        "from lsp_server.backends.embedded.process import EngineProcess\n"
        "async def main():\n"
        "    e = await EngineProcess.start(Path(sys.argv[1]), context_tokens=512, threads=2, load_s=120)\n"
        "    print(e.pid, flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script, str(embedded_model)], stdout=subprocess.PIPE)
    orphan = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.communicate()
    assert orphan.wait(timeout=2) in {0, None}


async def test_a_truncated_file(embedded_model, tmp_path):
    path = tmp_path / "model.gguf"
    with embedded_model.open("rb") as whole, path.open("wb") as part:
        part.write(whole.read(20 * 1024 * 1024))
    backend = make(path)
    for attempt in (backend.probe(), read(backend, clean(backend, "x"))):
        with pytest.raises(
            ModelNotFound, match=r"it is truncated: 20971520 bytes, of 491400064 at least; fetch"
        ):
            await attempt
    await backend.close()


async def test_a_file_that_only_looks_like_a_model(tmp_path):
    path = tmp_path / "model.gguf"
    path.write_bytes(tiny_gguf())
    backend = make(path)
    with pytest.raises(Unavailable, match="the engine does not run: ") as caught:
        await read(backend, clean(backend, "x"))
    assert "\n" not in str(caught.value)
    await backend.close()
