"""Reading ahead, on every kind of backend that does it."""

import asyncio

import pytest

from lsp_server.backends.base import AuthenticationFailed, BackendError, PromptTooLong, TimedOut
from lsp_server.testing.conformance import IMPATIENT, KINDS, PATIENT, PlainTemplate, read
from lsp_server.testing.fake_backends import FAULTS
from lsp_server.types import CleanPrompt, PromptForm

READERS = [kind for kind in KINDS if kind.make.capabilities.prefills]
CASES = [
    pytest.param(kind, fault, id=f"{kind}-{fault.name}")
    for kind in READERS
    for fault in FAULTS.values()
    if fault.only in {"", kind.fake.stream_type}
]
ANSWER = "total = 0\n    for item in items:\n"

readers = pytest.mark.parametrize("kind", READERS, ids=str)


def clean_for(kind, backend, **values):
    return CleanPrompt(kind.prompt(**values), backend.destination)


@readers
async def test_the_engine_has_read_the_very_prompt_that_follows(kind):
    async with kind.fake(answer=ANSWER) as fake, kind.backend(fake) as backend:
        clean = clean_for(kind, backend, prefix="word " * 200)
        await backend.prefill(clean)
        [ahead] = fake.completions
        assert ahead.finished_s is not None
        assert ahead.tokens_sent <= 1
        assert (await read(backend, clean)).text == ANSWER
        asked = fake.completions[1]
    assert asked.json["prompt"] == ahead.json["prompt"]
    assert ahead.notes["cached"] == 0
    assert asked.notes["cached"] > 250


@readers
async def test_what_is_typed_on_is_all_that_is_left_to_read(kind):
    async with kind.fake(answer=ANSWER) as fake, kind.backend(fake) as backend:
        await backend.prefill(clean_for(kind, backend, prefix="word " * 200, forced="wor"))
        await read(backend, clean_for(kind, backend, prefix="word " * 200 + "wor", forced="d"))
        assert fake.completions[1].notes["cached"] >= 250


@readers
async def test_a_chat_is_read_too(kind):
    template = PlainTemplate(PromptForm.CHAT, system="You complete code.")
    async with kind.fake(answer=ANSWER) as fake, kind.backend(fake) as backend:
        clean = clean_for(kind, backend, template=template, prefix="word " * 200)
        await backend.prefill(clean)
        await read(backend, clean)
        assert fake.completions[1].notes["cached"] > 250


@readers
async def test_cancelling_closes_the_connection(kind):
    async with kind.fake(answer=ANSWER) as fake, kind.backend(fake) as backend:
        fake.read_token_s = 1.0
        reading = asyncio.create_task(backend.prefill(clean_for(kind, backend)))
        await fake.completed(1)
        left_s = asyncio.get_running_loop().time()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        recorded = await fake.closed()
        assert recorded.cancelled
        assert recorded.closed_s - left_s < 0.5
        fake.read_token_s = 0.0
        assert (await read(backend, clean_for(kind, backend))).text == ANSWER


@readers
async def test_cancelling_at_any_moment_leaves_no_connection(kind):
    async with kind.fake(answer=ANSWER) as fake, kind.backend(fake) as backend:
        clean = clean_for(kind, backend)
        await backend.warm_up()
        for steps in range(40):
            reading = asyncio.create_task(backend.prefill(clean))
            for _ in range(steps):
                await asyncio.sleep(0)
            reading.cancel()
            await asyncio.wait([reading])
        await fake.until(lambda: not fake.connections)
        assert (await read(backend, clean)).text == ANSWER


@pytest.mark.parametrize(("kind", "fault"), CASES)
async def test_what_goes_wrong_is_told_as_in_a_stream(kind, fault):
    deadlines = IMPATIENT if fault.expects is TimedOut else PATIENT
    async with kind.fake(fault=fault) as fake, kind.backend(fake, deadlines=deadlines) as backend:
        error = await failure(backend.prefill(clean_for(kind, backend, max_tokens=8)))
        await fake.until(lambda: not fake.connections)
    assert type(error) is (fault.expects or type(None)), error


@readers
async def test_a_wrong_key_and_a_prompt_that_does_not_fit_are_told(kind):
    async with kind.fake(key="another-key-altogether") as fake, kind.backend(fake) as backend:
        assert isinstance(await failure(backend.prefill(clean_for(kind, backend))), AuthenticationFailed)
    async with kind.fake() as fake, kind.backend(fake) as backend:
        clean = clean_for(kind, backend, prefix="word " * 150_000, tokens=190_000)
        assert isinstance(await failure(backend.prefill(clean)), PromptTooLong)


async def failure(work):
    """The error that some work ends with, or None."""
    try:
        await work
    except BackendError as error:
        return error
    return None
