"""One engine for all who wait, another when it has died, and an end to trying."""

import asyncio

import pytest

from lsp_server.backends.embedded.process import EngineFailed
from lsp_server.backends.embedded.supervisor import MAX_FAILURES, WINDOW_S, Supervisor


class FakeEngine:
    def __init__(self):
        self.alive = True
        self.closed = 0

    async def close(self):
        self.closed += 1


class Factory:
    """Starts engines once ``ready`` is set; raises what ``errors`` holds, in order."""

    def __init__(self):
        self.ready = asyncio.Event()
        self.ready.set()
        self.errors = []
        self.engines = []
        self.started = 0
        self.cancelled = 0
        self.now_s = 0.0

    async def start(self):
        self.started += 1
        try:
            await self.ready.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.errors:
            raise self.errors.pop(0)
        self.engines.append(FakeEngine())
        return self.engines[-1]


@pytest.fixture
async def factory():
    return Factory()


@pytest.fixture
async def supervisor(factory):
    return Supervisor(factory.start, lambda: factory.now_s)


async def test_nothing_runs_before_it_is_needed(factory, supervisor):
    assert supervisor.running is None
    await supervisor.close()
    assert factory.started == 0


async def test_all_who_wait_get_the_same_engine(factory, supervisor):
    factory.ready.clear()
    waiting = [asyncio.ensure_future(supervisor.get()) for _ in range(5)]
    await asyncio.sleep(0)
    assert supervisor.running is None
    factory.ready.set()
    assert set(await asyncio.gather(*waiting)) == {factory.engines[0]}
    assert await supervisor.get() is supervisor.running is factory.engines[0]
    assert factory.started == 1


async def test_one_who_gives_up_does_not_end_the_start(factory, supervisor):
    factory.ready.clear()
    waiting = asyncio.ensure_future(supervisor.get())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    factory.ready.set()
    assert await supervisor.get() is factory.engines[0]
    assert factory.started == 1


async def test_a_dead_engine_is_cleared_away_and_replaced(factory, supervisor):
    first = await supervisor.get()
    first.alive = False
    assert supervisor.running is None
    second = await supervisor.get()
    assert second is not first
    assert (first.closed, second.closed) == (1, 0)


async def test_an_engine_that_keeps_dying_is_given_up(factory, supervisor):
    for _ in range(MAX_FAILURES):
        (await supervisor.get()).alive = False
    for _ in range(2):
        with pytest.raises(EngineFailed, match="it failed 3 times within 5 minutes"):
            await supervisor.get()
    assert factory.started == MAX_FAILURES
    assert all(engine.closed for engine in factory.engines)


async def test_after_a_while_it_is_tried_again(factory, supervisor):
    for _ in range(MAX_FAILURES):
        (await supervisor.get()).alive = False
        factory.now_s += 1
    with pytest.raises(EngineFailed):
        await supervisor.get()
    factory.now_s = 1 + WINDOW_S
    assert (await supervisor.get()).alive
    assert factory.started == MAX_FAILURES + 1


async def test_a_failed_start_counts(factory, supervisor):
    factory.errors = [EngineFailed("no memory") for _ in range(MAX_FAILURES)]
    for _ in range(MAX_FAILURES):
        with pytest.raises(EngineFailed, match="no memory"):
            await supervisor.get()
    with pytest.raises(EngineFailed, match="it failed 3 times"):
        await supervisor.get()
    assert factory.started == MAX_FAILURES


async def test_a_missing_model_does_not_count(factory, supervisor):
    factory.errors = [LookupError("no model") for _ in range(5)]
    for _ in range(5):
        with pytest.raises(LookupError):
            await supervisor.get()
    assert await supervisor.get() is factory.engines[0]


async def test_closing_ends_the_engine(factory, supervisor):
    engine = await supervisor.get()
    await supervisor.close()
    await supervisor.close()
    assert engine.closed == 1
    with pytest.raises(EngineFailed, match="shut down"):
        await supervisor.get()
    assert factory.started == 1


async def test_closing_ends_a_start_and_tells_who_waits(factory, supervisor):
    factory.ready.clear()
    waiting = asyncio.ensure_future(supervisor.get())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await supervisor.close()
    with pytest.raises(EngineFailed, match="shut down"):
        await waiting
    assert (factory.started, factory.cancelled) == (1, 1)
