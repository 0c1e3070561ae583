"""When the status of a session is told."""

import asyncio

import pytest

from lsp_server.status import WORKING_AFTER_MS, Status, StatusTeller
from lsp_server.testing.clock import ManualClock, settle


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def teller(clock):
    return StatusTeller(clock, lambda working: Status("working" if working else "ready"))


@pytest.fixture
def told(teller):
    states = []
    teller.watch(lambda status: states.append(status.state))
    return states


async def wait(teller, until):
    with teller.waiting():
        await until.wait()


async def test_what_is_answered_soon_is_no_work(teller, told, clock):
    done = asyncio.Event()
    task = asyncio.ensure_future(wait(teller, done))
    await settle()
    await clock.advance(WORKING_AFTER_MS - 1)
    done.set()
    await task
    await clock.advance(10 * WORKING_AFTER_MS)
    assert told == ["ready"]
    teller.close()


async def test_what_takes_longer_is_told_once_however_many_wait(teller, told, clock):
    done = asyncio.Event()
    tasks = [asyncio.ensure_future(wait(teller, done)) for _ in range(3)]
    await settle()
    await clock.advance(WORKING_AFTER_MS)
    assert told == ["ready", "working"]
    tasks[0].cancel()
    await settle()
    assert told == ["ready", "working"]
    done.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert told == ["ready", "working", "ready"]
    teller.close()


async def test_nobody_listens_after_the_end(teller, told, clock):
    done = asyncio.Event()
    task = asyncio.ensure_future(wait(teller, done))
    await settle()
    teller.close()
    await clock.advance(WORKING_AFTER_MS)
    done.set()
    await task
    assert told == ["ready"]
