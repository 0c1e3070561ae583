"""Slots: never more than the limit, the newest first, and what nobody waits for gives way."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.schedule.slots import Slots
from lsp_server.testing.clock import settle


class Worker:
    """A request that runs with a slot until it is released, or asked to leave if it is ``obliging``."""

    def __init__(self, slots, *, background=False, obliging=True):
        self.ticket = slots.take(self.preempted, background=background)
        self.obliging = obliging
        self.release = asyncio.Event()
        self.inside = False
        self.asked = 0
        self.task = asyncio.create_task(self.run())

    async def run(self):
        async with self.ticket:
            self.inside = True
            try:
                await self.release.wait()
            finally:
                self.inside = False

    def preempted(self):
        self.asked += 1
        if self.obliging:
            self.task.cancel()

    @property
    def waits(self):
        return not self.task.done() and not self.inside

    async def end(self):
        self.task.cancel()
        await asyncio.wait([self.task])


async def workers(slots, *backgrounds, obliging=True):
    """Workers that have asked for a slot in this order."""
    made = []
    for background in backgrounds:
        made.append(Worker(slots, background=background, obliging=obliging))
        await settle()
    return made


def inside(made):
    return [index for index, worker in enumerate(made) if worker.inside]


async def test_a_free_slot_is_taken_without_a_pause():
    slots = Slots(1)
    taken = slots.take().__aenter__()
    with pytest.raises(StopIteration):
        taken.send(None)
    assert (slots.running, slots.free, slots.waiting) == (1, 0, 0)


async def test_no_more_run_than_the_limit_and_the_newest_is_next():
    slots = Slots(2)
    made = await workers(slots, False, False, False, False)
    assert inside(made) == [0, 1]
    assert (slots.running, slots.free, slots.waiting) == (2, 0, 2)
    made[0].release.set()
    await settle()
    assert inside(made) == [1, 3]
    made[1].release.set()
    made[3].release.set()
    await settle()
    assert inside(made) == [2]
    assert (slots.running, slots.free, slots.waiting) == (1, 1, 0)
    await made[2].end()


async def test_the_background_comes_after_the_foreground_however_new_it_is():
    slots = Slots(1)
    made = await workers(slots, False, False, True, True)
    order = []
    while any(worker.inside for worker in made):
        order += inside(made)
        made[order[-1]].release.set()
        await settle()
    assert order == [0, 1, 3, 2]


async def test_a_cancelled_waiter_leaves_at_once():
    slots = Slots(1)
    async with slots.take():
        made = await workers(slots, False, False)
        made[1].task.cancel()
        assert slots.waiting == 1
    # The other one has the slot, though the cancelled one has not run since.
    assert slots.waiting == 0
    await settle()
    assert inside(made) == [0]
    await made[0].end()
    assert slots.free == 1


async def test_a_slot_handed_to_one_that_is_cancelled_in_that_moment_goes_on_to_the_next():
    slots = Slots(1)
    async with slots.take():
        made = await workers(slots, False, False)
    # Nothing has run since: the newest holds a slot and does not know it yet.
    assert (slots.running, slots.waiting, inside(made)) == (1, 1, [])
    made[1].task.cancel()
    await settle()
    assert inside(made) == [0]
    await made[0].end()
    assert slots.free == 1


async def test_the_oldest_in_the_background_is_asked_to_leave_once():
    slots = Slots(2)
    made = await workers(slots, True, True, obliging=False)
    made += await workers(slots, False)
    assert [worker.asked for worker in made] == [1, 0, 0]
    assert made[0].ticket.preempted
    assert inside(made) == [0, 1]
    await made[0].end()
    await settle()
    assert inside(made) == [1, 2]
    assert [worker.asked for worker in made] == [1, 0, 0]
    await asyncio.gather(made[1].end(), made[2].end())


async def test_as_many_are_asked_as_wait():
    slots = Slots(3)
    made = await workers(slots, True, True, True, obliging=False)
    made += await workers(slots, False, False)
    assert [worker.asked for worker in made[:3]] == [1, 1, 0]
    for worker in made:
        await worker.end()


async def test_those_in_the_background_do_not_drive_each_other_away():
    slots = Slots(1)
    made = await workers(slots, True, True)
    assert made[0].asked == 0
    assert inside(made) == [0]
    for worker in made:
        await worker.end()


async def test_nobody_is_asked_to_leave_for_one_that_has_gone():
    slots = Slots(1)
    made = await workers(slots, False, False)
    made[1].task.cancel()
    made[0].ticket.background = True
    assert made[0].asked == 0
    await made[0].end()


async def test_going_to_the_background_while_somebody_waits_is_to_be_asked_at_once():
    slots = Slots(1)
    made = await workers(slots, False, False)
    assert made[0].asked == 0
    made[0].ticket.background = True
    assert made[0].asked == 1
    await settle()
    assert inside(made) == [1]
    await made[1].end()


async def test_one_that_somebody_joins_stays():
    slots = Slots(1)
    made = await workers(slots, True)
    made[0].ticket.background = False
    made += await workers(slots, False)
    assert made[0].asked == 0
    assert inside(made) == [0]
    for worker in made:
        await worker.end()


async def test_one_that_waits_in_the_background_and_is_joined_is_the_newest():
    slots = Slots(1)
    made = await workers(slots, True, obliging=False)
    made += await workers(slots, True, False)
    made[1].ticket.background = False
    made[0].release.set()
    await settle()
    assert inside(made) == [1]
    for worker in made:
        await worker.end()


async def test_joining_one_that_waits_drives_the_background_away():
    slots = Slots(1)
    made = await workers(slots, True, True)
    made[1].ticket.background = False
    await settle()
    assert made[0].asked == 1
    assert inside(made) == [1]
    await made[1].end()


async def test_a_ticket_without_a_way_to_ask_is_left_alone():
    slots = Slots(1)
    async with slots.take(background=True) as ticket:
        made = await workers(slots, False)
        assert not ticket.preempted
        assert not made[0].inside
    await settle()
    assert made[0].inside
    await made[0].end()


async def test_an_error_while_asking_is_the_asker_s_and_loses_nothing():
    slots = Slots(1)

    def stumble():
        raise LookupError("mine")

    async with slots.take(stumble, background=True):
        with pytest.raises(LookupError, match="mine"):
            await slots.take().__aenter__()
        assert slots.waiting == 0
    assert slots.free == 1


async def test_an_error_inside_gives_the_slot_back():
    slots = Slots(1)
    with pytest.raises(LookupError):
        async with slots.take():
            raise LookupError
    assert slots.free == 1


async def test_a_ticket_that_is_over_can_be_changed_without_harm():
    slots = Slots(1)
    async with slots.take() as ticket:
        pass
    made = await workers(slots, False, False)
    ticket.background = True
    assert not ticket.preempted
    for worker in made:
        await worker.end()


async def test_a_ticket_is_good_for_one_time():
    slots = Slots(1)
    ticket = slots.take()
    async with ticket:
        pass
    with pytest.raises(RuntimeError, match="one time"):
        await ticket.__aenter__()
    assert slots.free == 1


def test_a_limit_is_at_least_one():
    with pytest.raises(ValueError, match="let nothing run"):
        Slots(0)


NUMBER = st.integers(0, 1000)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["take", "take", "idle", "idle", "stay", "release", "cancel", "switch", "settle"]),
        NUMBER,
    ),
    max_size=60,
)


def next_in_line(made):
    """Whose turn it is among workers in the order in which they asked."""
    waiting = [worker for worker in made if worker.waits]
    foreground = [worker for worker in waiting if not worker.ticket.background]
    return (foreground or waiting or [None])[-1]


def check(slots, made):
    """What holds whenever every task has run."""
    holding = [worker for worker in made if worker.inside]
    waiting = [worker for worker in made if worker.waits]
    wanted = [worker for worker in waiting if not worker.ticket.background]
    assert slots.running == len(holding) <= slots.limit
    assert slots.waiting == len(waiting)
    assert not (slots.free and waiting)
    able = [worker for worker in holding if worker.ticket.background and not worker.ticket.preempted]
    leaving = [worker for worker in holding if worker.ticket.preempted]
    assert len(leaving) >= len(wanted) or not able
    assert all(worker.asked == worker.ticket.preempted for worker in made)


class Play:
    """Workers that come, go and change as the steps say."""

    def __init__(self, limit):
        self.slots = Slots(limit)
        self.made = []
        self.most = 0

    def do(self, step, number):
        """Do a step with whichever worker ``number`` chooses."""
        living = [worker for worker in self.made if not worker.task.done()]
        holding = [worker for worker in living if worker.inside]
        if step in {"take", "idle", "stay"}:
            self.made.append(Worker(self.slots, background=step == "idle", obliging=step != "stay"))
        elif step == "release" and holding:
            holding[number % len(holding)].release.set()
        elif step == "cancel" and living:
            living[number % len(living)].task.cancel()
        elif step == "switch" and living:
            self.switch(living[number % len(living)])
        self.most = max(self.most, self.slots.running)

    def switch(self, worker):
        if worker.waits:
            # It counts as the newest from now on.
            self.made.remove(worker)
            self.made.append(worker)
        worker.ticket.background = not worker.ticket.background

    async def end(self):
        await settle(30)
        check(self.slots, self.made)
        for worker in self.made:
            await worker.end()
        assert (self.slots.running, self.slots.waiting, self.slots.free) == (0, 0, self.slots.limit)
        assert self.most <= self.slots.limit


async def play_in_order(limit, steps):
    play = Play(limit)
    for step, number in steps:
        line = next_in_line(play.made)
        holding = inside(play.made)
        play.do(step, number)
        await settle(30)
        check(play.slots, play.made)
        if step == "release" and holding and line is not None:
            assert line.inside
    await play.end()


async def play_at_once(limit, steps):
    play = Play(limit)
    for step, number in steps:
        play.do(step, number)
        if step == "settle":
            await settle(number % 4)
    await play.end()


@given(limit=st.integers(1, 4), steps=STEPS)
def test_whatever_happens_in_good_order(limit, steps):
    asyncio.run(play_in_order(limit, steps))


@given(limit=st.integers(1, 4), steps=STEPS)
def test_whatever_happens_in_one_moment(limit, steps):
    asyncio.run(play_at_once(limit, steps))
