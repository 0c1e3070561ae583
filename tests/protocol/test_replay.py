"""A short stretch of the benchmark's typing, in real time: each style of client against the real server."""

import asyncio
from dataclasses import replace

from benchmarks.replay.client import PROFILES
from benchmarks.replay.figures import PACED, own_time, storm
from benchmarks.replay.processes import running_model, running_server
from benchmarks.replay.session import replay
from benchmarks.replay.traces import Style, load
from benchmarks.replay.typing import FLOOR
from benchmarks.table import percentiles

WHOLE = load("limiter.go")
END = WHOLE.typed.index("\t\treturn false")
SHORT = replace(WHOLE, typed=WHOLE.typed[:END].rstrip(), after="\n" + WHOLE.typed[END:] + WHOLE.after)
MOST_REQUESTS = 30.0
"""Per 100 keys, the bar of the benchmark."""


async def typed_in(style, command=()):
    profile = PROFILES[style]
    async with running_model() as model, running_server(model.url, profile, command=command) as editor:
        await model.set(**PACED, wrong=0.3)
        return await replay(model, editor, SHORT, style, accepts=1.0, ours=not command)


async def test_typing_in_three_styles_and_at_the_floor():
    *ours, floor = await asyncio.gather(*(typed_in(style) for style in Style), typed_in(Style.VSCODE, FLOOR))
    for outcome in ours:
        assert outcome.keys > 30
        assert 0 < 100.0 * len(outcome.log) / outcome.keys <= MOST_REQUESTS
        assert 0 < outcome.used <= outcome.received
    assert any(outcome.accepted for outcome in ours)
    assert len(floor.log) > len(ours[list(Style).index(Style.VSCODE)].log)


async def test_the_figures_of_single_requests_can_be_taken():
    async with running_model() as model:
        own = await own_time(model, 5)
        assert set(own.values) == set(percentiles([1.0]))
        assert (await storm(model, 20)).good
