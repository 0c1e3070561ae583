"""The backend in memory keeps to what real ones do."""

import asyncio

import pytest

from lsp_server.backends.base import Capabilities, Unavailable
from lsp_server.testing.backend import ScriptedBackend
from lsp_server.testing.clock import ManualClock, settle
from lsp_server.testing.conformance import PlainTemplate, read
from lsp_server.types import CleanPrompt, Destination, Prompt, PromptForm

LOCAL = Capabilities(prefills=True)


def clean_for(backend, **values):
    prompt = Prompt(PlainTemplate(PromptForm.RAW), "x = ", "", **values)
    return CleanPrompt(prompt, backend.destination)


async def test_one_request_more_than_it_takes_is_an_error_of_ours():
    clock = ManualClock()
    backend = ScriptedBackend(clock, capabilities=Capabilities(concurrency=2), first_token_ms=10)
    clean = clean_for(backend)
    running = [asyncio.create_task(read(backend, clean)) for _ in range(2)]
    await settle()
    with pytest.raises(AssertionError, match="one request more than the 2"):
        await read(backend, clean)
    await clock.advance(10)
    assert [result.text for result in await asyncio.gather(*running)] == ["done", "done"]
    assert (backend.open, len(backend.prompts), backend.closed) == (0, 2, 0)


async def test_a_prefill_counts_as_a_request_while_it_runs():
    clock = ManualClock()
    backend = ScriptedBackend(clock, capabilities=LOCAL, prefill_ms=50)
    clean = clean_for(backend)
    reading = asyncio.create_task(backend.prefill(clean))
    await settle()
    assert backend.open == 1
    assert backend.prefilled == []
    with pytest.raises(AssertionError):
        await backend.prefill(clean)
    await clock.advance(50)
    await reading
    assert backend.prefilled == [clean]
    assert (backend.open, backend.prompts) == (0, [])


async def test_a_cancelled_prefill_has_read_nothing():
    backend = ScriptedBackend(ManualClock(), capabilities=LOCAL, prefill_ms=50)
    reading = asyncio.create_task(backend.prefill(clean_for(backend)))
    await settle()
    reading.cancel()
    await asyncio.wait([reading])
    assert (backend.open, backend.prefilled) == (0, [])


async def test_a_prefill_fails_refuses_and_does_nothing_as_the_real_ones_do():
    backend = ScriptedBackend(ManualClock(), capabilities=LOCAL, errors=[Unavailable("busy")])
    with pytest.raises(Unavailable):
        await backend.prefill(clean_for(backend))
    other = CleanPrompt(clean_for(backend).prompt, Destination("other", "http://127.0.0.1:1", remote=False))
    with pytest.raises(ValueError, match="another destination"):
        await backend.prefill(other)
    hosted = ScriptedBackend(ManualClock())
    await hosted.prefill(clean_for(hosted))
    assert hosted.prefilled == []


async def test_another_temperature_may_give_another_answer():
    def answer(clean):
        return "other" if clean.prompt.temperature > 0 else "first"

    backend = ScriptedBackend(ManualClock(), answer)
    assert (await read(backend, clean_for(backend))).text == "first"
    assert (await read(backend, clean_for(backend, temperature=0.5))).text == "other"
