"""A stream that nobody wants any more is closed within 20 ms, as seen by the server."""

import asyncio

import pytest

from lsp_server.testing.conformance import KINDS, read
from lsp_server.testing.fake_backends import FAULTS
from lsp_server.types import CleanPrompt

BAR_S = 0.020

TRIES = 3
"""The median counts: another process of a busy machine may stop ours for longer than the bar."""

LONG = "word " * 50


@pytest.fixture(params=KINDS, ids=str)
async def scene(request):
    """A fake that talks slowly, its backend, warmed up, and a prompt."""
    kind = request.param
    async with kind.fake(answer=LONG, token_s=0.05) as fake, kind.backend(fake) as backend:
        clean = CleanPrompt(kind.prompt(), backend.destination)
        async with backend.stream(clean) as chunks:
            await anext(chunks)
        await fake.closed(0)
        yield fake, backend, clean


def now_s():
    return asyncio.get_running_loop().time()


async def leave_the_context(fake, backend, clean):
    async with backend.stream(clean) as chunks:
        await anext(chunks)
        return now_s()


async def leave_without_reading(fake, backend, clean):
    async with backend.stream(clean):
        return now_s()


async def break_in_the_context(fake, backend, clean):
    async with backend.stream(clean) as chunks:
        async for _ in chunks:
            left_s = now_s()
            break
    return left_s


async def cancel_between_tokens(fake, backend, clean):
    count = len(fake.completions)
    task = asyncio.create_task(read(backend, clean))
    await fake.until(lambda: len(fake.completions) > count and fake.completions[-1].tokens_sent > 0)
    await asyncio.sleep(0.01)  # The reader waits for the second token by now.
    return await cancelled(task)


async def cancel_before_the_headers(fake, backend, clean):
    return await cancel_in_fault("hang_before_headers", fake, backend, clean)


async def cancel_after_the_headers(fake, backend, clean):
    return await cancel_in_fault("hang_after_headers", fake, backend, clean)


async def cancel_in_fault(name, fake, backend, clean):
    fake.fault = FAULTS[name]
    count = len(fake.completions)
    task = asyncio.create_task(read(backend, clean))
    await fake.completed(count + 1)
    await asyncio.sleep(0.02)
    return await cancelled(task)


async def cancelled(task):
    left_s = now_s()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return left_s


@pytest.mark.parametrize(
    "leave",
    [
        leave_the_context,
        leave_without_reading,
        break_in_the_context,
        cancel_between_tokens,
        cancel_before_the_headers,
        cancel_after_the_headers,
    ],
)
async def test_closes_at_once(scene, leave):
    fake, backend, clean = scene
    times_s = []
    for _ in range(TRIES):
        left_s = await leave(fake, backend, clean)
        recorded = await fake.closed()
        assert recorded.cancelled
        assert recorded.tokens_sent < 10
        times_s.append(recorded.closed_s - left_s)
    assert sorted(times_s)[TRIES // 2] < BAR_S, times_s


async def test_cancelling_at_any_moment_leaves_no_connection(scene):
    fake, backend, clean = scene
    for step in range(40):
        task = asyncio.create_task(read(backend, clean))
        for _ in range(step):
            await asyncio.sleep(0)
        await cancelled(task)
    await fake.until(lambda: not fake.connections, timeout_s=1.0)
    async with backend.stream(clean) as chunks:
        assert (await anext(chunks)).text == "word"


async def test_closing_the_backend_closes_its_streams(scene):
    fake, backend, clean = scene
    async with backend.stream(clean) as chunks:
        await anext(chunks)
        await backend.close()
        assert (await fake.closed()).cancelled
