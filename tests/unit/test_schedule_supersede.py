"""Streams: only the newest request runs, and each is answered."""

import asyncio

import pytest

from lsp_server.schedule.supersede import CLOSED, SUPERSEDED, Streams
from lsp_server.testing.clock import settle
from lsp_server.types import Answer, Gate

DONE = Answer(gate=Gate("done"))


class Work:
    """A request that runs until released and notes that its clean-up ran."""

    def __init__(self):
        self.release = asyncio.Event()
        self.cleaned = False

    async def __call__(self):
        try:
            await self.release.wait()
        finally:
            self.cleaned = True
        return DONE


async def test_a_newer_request_ends_the_older_one():
    streams, old, new = Streams(), Work(), Work()
    first = asyncio.create_task(streams.run("a", old()))
    await settle()
    second = asyncio.create_task(streams.run("a", new()))
    assert (await first).gate == SUPERSEDED
    assert old.cleaned
    new.release.set()
    assert await second == DONE


async def test_streams_do_not_touch_each_other():
    streams, one, other = Streams(), Work(), Work()
    first = asyncio.create_task(streams.run("a", one()))
    second = asyncio.create_task(streams.run("b", other()))
    await settle()
    one.release.set()
    other.release.set()
    assert await first == await second == DONE


async def test_closing_ends_by_prefix():
    streams, work = Streams(), Work()
    task = asyncio.create_task(streams.run("file:///a.py#inline", work()))
    await settle()
    streams.close("file:///a.py")
    assert (await task).gate == CLOSED


async def test_cancelling_the_caller_cleans_up_before_it_returns():
    streams, work = Streams(), Work()
    task = asyncio.create_task(streams.run("a", work()))
    await settle()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert work.cleaned


async def test_an_error_is_the_callers():
    async def fail():
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await Streams().run("a", fail())


async def test_a_storm_leaves_nothing_behind():
    streams = Streams()
    tasks = []
    for _ in range(500):
        tasks.append(asyncio.create_task(streams.run("a", Work()())))
        await asyncio.sleep(0)
    tasks[-1].cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [a.gate for a in answers[:-1]] == [SUPERSEDED] * 499
    assert isinstance(answers[-1], asyncio.CancelledError)
    assert not streams._running
    assert not streams._ended_by
