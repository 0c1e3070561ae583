import asyncio

import pytest

from lsp_server.backends.address import Endpoint
from lsp_server.backends.base import BadResponse, StreamBroken, TimedOut
from lsp_server.backends.common import (
    SPARE_PIECES,
    ChunkStream,
    count,
    field,
    logprob_sum,
    piece_limit,
    text_of,
)
from lsp_server.types import Chunk, Finish, Usage

PLACE = Endpoint("mine", "http://127.0.0.1:1")
USAGE = Usage(1, 2, 3)


class Events:
    """Events from a list; an exception in it is raised, ``None`` never comes."""

    def __init__(self, *events, done=False):
        self.events = list(events)
        self.done = done

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.events:
            raise StopAsyncIteration
        event = self.events.pop(0)
        if event is None:
            await asyncio.Event().wait()
        if isinstance(event, Exception):
            raise event
        return event


async def chunks_of(*events, done=False, limit=100):
    return [
        chunk async for chunk in ChunkStream(PLACE, Events(*events, done=done), lambda chunk: chunk, limit)
    ]


async def test_finish_and_usage_come_last_and_once():
    result = await chunks_of(Chunk("a"), Chunk("b", Finish.LENGTH), Chunk("", None, USAGE))
    assert result == [Chunk("a"), Chunk("b"), Chunk("", Finish.LENGTH, USAGE)]


async def test_empty_pieces_are_left_out():
    result = await chunks_of(Chunk(""), Chunk("a"), Chunk(""), Chunk("", Finish.STOP, USAGE))
    assert result == [Chunk("a"), Chunk("", Finish.STOP, USAGE)]


async def test_a_log_probability_goes_with_its_text_or_with_the_next():
    result = await chunks_of(
        Chunk("a", logprob=-1.0),
        Chunk("", logprob=-0.5),
        Chunk("b", logprob=-2.0),
        Chunk("c"),
        Chunk("", logprob=-0.25),
        Chunk("", Finish.STOP, USAGE),
    )
    assert result == [
        Chunk("a", logprob=-1.0),
        Chunk("b", logprob=-2.5),
        Chunk("c"),
        Chunk("", Finish.STOP, USAGE, -0.25),
    ]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([-1, -0.5], -1.5),
        ([0.0], 0.0),
        ([1e-9, -1.0], -1.0),
        ([], None),
        ([-1.0, None], None),
        ([True], None),
        (["-1"], None),
        ([-1e999], None),
        ([-3.4e38, -3.4e38], -6.8e38),
    ],
)
def test_log_probabilities_are_summed_if_all_are_told(values, expected):
    assert logprob_sum(values) == expected


async def test_an_end_without_finish_is_a_broken_stream():
    with pytest.raises(StreamBroken):
        await chunks_of(Chunk("a"))


async def test_an_end_marker_without_finish_is_an_end():
    assert (await chunks_of(Chunk("a"), done=True))[-1] == Chunk("", Finish.STOP)


@pytest.mark.parametrize("late", [None, TimedOut("late"), ValueError("odd")])
async def test_nothing_after_the_finish_spoils_an_answer(late):
    result = await asyncio.wait_for(chunks_of(Chunk("a", Finish.STOP, USAGE), late), 2)
    assert result == [Chunk("a"), Chunk("", Finish.STOP, USAGE)]


async def test_too_many_pieces_are_cut_off():
    result = await chunks_of(*[Chunk("x")] * 50, limit=10)
    assert result == [Chunk("x")] * 10 + [Chunk("", Finish.LENGTH)]


async def test_unknown_errors_become_ours():
    with pytest.raises(BadResponse, match="KeyError"):
        await chunks_of(KeyError("source text"))


async def test_halves_of_a_pair_wait_for_each_other():
    events = [Chunk("a\ud83d"), Chunk("\ude00b"), Chunk("\ud83d"), Chunk("", Finish.STOP, USAGE)]
    result = await chunks_of(*events)
    assert result == [Chunk("a"), Chunk("😀b"), Chunk("\ufffd", Finish.STOP, USAGE)]


async def test_iterating_past_the_end_ends():
    stream = ChunkStream(PLACE, Events(Chunk("", Finish.STOP, USAGE)), lambda chunk: chunk, 1)
    assert await anext(stream) == Chunk("", Finish.STOP, USAGE)
    for _ in range(2):
        with pytest.raises(StopAsyncIteration):
            await anext(stream)


def test_small_helpers():
    assert piece_limit(10) == 20 + SPARE_PIECES
    assert [count(value) for value in (3, 0, -1, True, 1.5, "3", None)] == [
        3,
        0,
        None,
        None,
        None,
        None,
        None,
    ]
    assert field({"a": [{"b": 1}]}, "a", 0, "b") == 1
    for path in (("x",), ("a", 1), ("a", "b"), ("a", 0, "b", "c"), ("a", 0, 0)):
        assert field({"a": [{"b": 1}]}, *path) is None
    assert text_of(None, PLACE) == ""
    assert text_of("a", PLACE) == "a"
    with pytest.raises(BadResponse):
        text_of(7, PLACE)
