"""Every fault, against every backend: the right error within its deadline, or a good end."""

import asyncio
import logging

import pytest

from lsp_server.backends.base import BackendError, RateLimited, TimedOut
from lsp_server.testing.conformance import IMPATIENT, KINDS, PATIENT, read
from lsp_server.testing.fake_backends import CALM_TEXT, FAULTS, TEST_KEY
from lsp_server.types import CleanPrompt, Finish

SLACK_S = 0.6
"""Beyond the total deadline: a busy machine."""

CANARY = "canary_in_the_source_text"

CASES = [
    pytest.param(kind, fault, id=f"{kind}-{fault.name}")
    for kind in KINDS
    for fault in FAULTS.values()
    if fault.only in {"", kind.fake.stream_type}
]


async def outcome(kind, fake, deadlines=PATIENT):
    """The text of an answer or the error that came instead of it."""
    async with kind.backend(fake, deadlines=deadlines) as backend:
        prompt = kind.prompt(prefix=f"x = {CANARY}\n", max_tokens=8)
        try:
            return await read(backend, CleanPrompt(prompt, backend.destination))
        except BackendError as error:
            return error


@pytest.mark.parametrize(("kind", "fault"), CASES)
async def test_fault_ends_as_it_should(kind, fault, caplog):
    caplog.set_level(logging.DEBUG)
    async with kind.fake(fault=fault) as fake:
        deadlines = IMPATIENT if fault.expects is TimedOut else PATIENT
        started_s = asyncio.get_running_loop().time()
        result = await outcome(kind, fake, deadlines)
        elapsed_s = asyncio.get_running_loop().time() - started_s
        await fake.until(lambda: not fake.connections)
    if fault.expects is None:
        assert not isinstance(result, BackendError), result
        assert result.finish in {Finish.STOP, Finish.LENGTH}
        assert fault.name == "endless_tokens" or result.text == CALM_TEXT
    else:
        assert type(result) is fault.expects, result
        message = str(result)
        assert message.startswith(f"under-test ({fake.origin}): ")
        assert "\n" not in message
        assert len(message) < 400
        assert CANARY not in message + caplog.text
    assert TEST_KEY not in str(result) + caplog.text
    assert elapsed_s < deadlines.total_s + SLACK_S


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize(
    ("fault", "least_s", "most_s"),
    [
        ("status_429", 5, 5),
        ("status_429_seconds", 2.5, 2.5),
        ("status_429_huge", 60, 60),
        ("status_429_negative", 5, 5),
        ("status_429_garbage", 5, 5),
        ("status_429_date", 25, 30),
        ("status_402", 60, 60),
    ],
)
async def test_how_long_to_stay_away(kind, fault, least_s, most_s):
    async with kind.fake(fault=FAULTS[fault]) as fake:
        result = await outcome(kind, fake)
    assert isinstance(result, RateLimited)
    assert least_s <= result.retry_after_s <= most_s


@pytest.mark.parametrize("kind", KINDS, ids=str)
async def test_recovers_after_a_fault(kind):
    script = [FAULTS["reset_mid_stream"], FAULTS["status_503"], None]
    async with kind.fake(answer=CALM_TEXT, fault=script) as fake, kind.backend(fake) as backend:
        clean = CleanPrompt(kind.prompt(), backend.destination)
        for _ in range(2):
            with pytest.raises(BackendError):
                await read(backend, clean)
        assert (await read(backend, clean)).text == CALM_TEXT


@pytest.mark.parametrize("kind", KINDS, ids=str)
async def test_nothing_listens(kind):
    async with kind.fake() as fake:
        pass
    result = await outcome(kind, fake)
    assert type(result).__name__ == "Unreachable"
    assert "nothing answers there" in str(result)


@pytest.mark.parametrize("kind", KINDS, ids=str)
async def test_model_removed_between_calls(kind):
    script = [None, FAULTS["status_404_model"]]
    async with kind.fake(answer=CALM_TEXT, fault=script) as fake, kind.backend(fake) as backend:
        clean = CleanPrompt(kind.prompt(), backend.destination)
        assert (await read(backend, clean)).text == CALM_TEXT
        with pytest.raises(BackendError, match="does not have the model"):
            await read(backend, clean)
