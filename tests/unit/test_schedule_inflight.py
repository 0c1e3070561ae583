"""Streams under way: who joins them, and what ends them."""

import asyncio

import pytest

from lsp_server.schedule.inflight import GRACE_MS, LINGER_MS, MAX_AHEAD, InFlight, Running
from lsp_server.testing.clock import ManualClock, settle
from lsp_server.testing.fixtures import cursor_at
from lsp_server.types import Answer, Edit, Gate, Position

CODE = "import x\n\nvalue = {}\n\nrest()\n"


def at(typed="‸"):
    return cursor_at(CODE.format(typed))


class Stream:
    """A stream that a test feeds by hand; ``closed`` once its work was cancelled."""

    def __init__(self, inflight, cursor=None, **options):
        self.running = Running(cursor or at(), **options)
        self.closed = False
        self.running.started = True
        inflight.start(self.running, self._work())

    async def _work(self):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.closed = True
            raise

    def unit(self, text):
        self.running.grew(text)
        assert self.running.unit(text, Answer(backend="fake"))


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
async def inflight(clock):
    inflight = InFlight(clock)
    yield inflight
    await inflight.close_all()
    await clock.advance(LINGER_MS)


def typed(before, cursor):
    """What the editor says when ``before`` became the text at ``cursor`` by one edit at its end."""
    column = len("value = ")
    old, new = before, cursor.before[column:]
    if len(new) > len(old):
        edit = Edit(Position(2, column + len(old)), "", new[len(old) :])
    else:
        edit = Edit(Position(2, column + len(new)), old[len(new) :], "")
    return cursor.document, [edit]


async def wait(inflight, stream, cursor):
    task = asyncio.ensure_future(inflight.wait(stream.running, cursor))
    await settle()
    return task


async def test_those_who_wait_get_the_rest_of_the_unit(inflight):
    stream = Stream(inflight)
    first = await wait(inflight, stream, at())
    stream.running.grew("comp")
    second = await wait(inflight, stream, at("co‸"))
    assert not first.done()
    stream.unit("compute(1)")
    assert (await first, await second) == ("compute(1)", "mpute(1)")


@pytest.mark.parametrize(
    ("draft", "text", "joins"),
    [
        ("", "‸", True),
        ("", "c‸", True),
        ("", "c" * MAX_AHEAD + "‸", True),
        ("", "c" * (MAX_AHEAD + 1) + "‸", False),
        ("comp", "c‸", True),
        ("comp", "comput‸", True),
        ("comp", "comx‸", False),
        ("comp", "d‸", False),
        ("f(", "f(‸)", True),
        ("f", "f(‸)", False),
    ],
)
async def test_a_request_joins_while_its_text_agrees_with_the_draft(inflight, draft, text, joins):
    stream = Stream(inflight)
    stream.running.grew(draft)
    assert inflight.find(at(text)) is (stream.running if joins else None)


async def test_typing_something_else_closes_the_stream_at_once(inflight):
    stream = Stream(inflight)
    stream.running.grew("compute")
    inflight.document_changed(*typed("", at("c‸")))
    await settle()
    assert not stream.closed
    inflight.document_changed(*typed("c", at("cx‸")))
    await settle()
    assert stream.closed
    assert inflight.find(at("c‸")) is None


async def test_a_draft_that_turns_out_otherwise_than_typed_is_closed_at_once(inflight):
    stream = Stream(inflight)
    inflight.document_changed(*typed("", at("x‸")))
    waiter = await wait(inflight, stream, at("x‸"))
    stream.running.grew("comp")
    await settle()
    assert stream.closed
    assert await waiter is None


async def test_backspacing_to_the_anchor_joins_again(inflight):
    stream = Stream(inflight)
    stream.running.grew("compute")
    inflight.document_changed(*typed("", at("c‸")))
    inflight.document_changed(*typed("c", at("‸")))
    await settle()
    assert not stream.closed
    assert inflight.find(at()) is stream.running


async def test_a_pair_that_the_editor_closes_by_itself_leaves_nothing(inflight):
    stream = Stream(inflight)
    stream.running.grew("(a, b)")
    document = at("(‸)").document
    inflight.document_changed(document, [Edit(Position(2, 8), "", "()")])
    await settle()
    assert not stream.closed


async def test_an_edit_far_away_closes_nothing_and_one_above_the_place_does(inflight):
    stream = Stream(inflight, cursor_at("a\n" * 60 + "x = ‸\n"))
    other = cursor_at("b\n" + "a\n" * 59 + "x = ‸\n")
    inflight.document_changed(other.document, [Edit(Position(0, 0), "a", "b")])
    await settle()
    assert not stream.closed
    inflight.document_changed(other.document, [Edit(Position(59, 0), "a", "b")])
    await settle()
    assert stream.closed


async def test_a_stream_that_nobody_comes_back_to_ends(inflight, clock):
    stream = Stream(inflight)
    waiter = await wait(inflight, stream, at())
    await clock.advance(LINGER_MS * 4)
    assert not stream.closed
    waiter.cancel()
    await settle()
    await clock.advance(GRACE_MS - 1)
    assert not stream.closed
    await clock.advance(1)
    assert stream.closed


@pytest.mark.parametrize("change_first", [True, False])
async def test_a_stream_that_is_typed_along_waits_to_be_asked_for_again(inflight, clock, change_first):
    stream = Stream(inflight)
    waiter = await wait(inflight, stream, at())
    await clock.advance(1000)
    steps = [waiter.cancel, lambda: inflight.document_changed(*typed("", at("c‸")))]
    for step in reversed(steps) if change_first else steps:
        step()
        await settle()
    await clock.advance(LINGER_MS - 1)
    assert not stream.closed
    await clock.advance(1)
    assert stream.closed


async def test_who_comes_back_in_time_finds_it_running(inflight, clock):
    stream = Stream(inflight)
    first = await wait(inflight, stream, at())
    first.cancel()
    await settle()
    await clock.advance(GRACE_MS - 1)
    second = await wait(inflight, stream, at())
    await clock.advance(LINGER_MS * 2)
    assert not stream.closed
    stream.unit("compute(1)")
    assert await second == "compute(1)"


async def test_a_stream_in_the_queue_that_nobody_waits_for_ends_at_once(inflight):
    stream = Stream(inflight)
    stream.running.started = False
    waiter = await wait(inflight, stream, at())
    waiter.cancel()
    await settle()
    assert stream.closed


async def test_a_stream_made_ahead_is_joined_once_its_assumption_has_come_true(inflight, clock):
    stream = Stream(inflight, at("one‸"), base=at(), assumed="one", keeps=True)
    inflight.document_changed(*typed("", at("o‸")))
    await clock.advance(LINGER_MS * 2)
    assert not stream.closed
    waiter = await wait(inflight, stream, at("one‸"))
    stream.unit(" + two")
    assert await waiter == " + two"
    inflight.document_changed(*typed("one", at("onex‸")))
    await settle()
    assert stream.closed


async def test_a_stream_that_is_being_closed_is_not_interrupted(inflight):
    stream = Stream(inflight)
    stream.running.closing = True
    inflight.close()
    await settle()
    assert stream.running.ended
    assert not stream.closed
    stream.running.closing = False


async def test_the_gate_of_a_stream_ends_the_wait(inflight):
    stream = Stream(inflight)
    waiter = await wait(inflight, stream, at())
    stream.running.finish(Answer(gate=Gate("empty")))
    assert await waiter is None
    assert stream.running.answer.gate == Gate("empty")


async def test_closing_a_document_closes_its_streams_only(inflight):
    stream = Stream(inflight)
    inflight.close("file:///project/other.py")
    await settle()
    assert not stream.closed
    inflight.close("file:///project/main.py")
    await settle()
    assert stream.closed


async def test_a_failure_reaches_those_who_wait(clock):
    inflight = InFlight(clock)
    running = Running(at())

    async def fail():
        await asyncio.sleep(0)
        raise ZeroDivisionError

    inflight.start(running, fail())
    with pytest.raises(ZeroDivisionError):
        await inflight.wait(running, at())
    await clock.advance(LINGER_MS)
