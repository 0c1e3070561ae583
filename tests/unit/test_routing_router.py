"""Which backends are asked now, what is told of them, and how one that failed comes back."""

import asyncio

import pytest

from lsp_server.backends.base import ModelNotFound, RateLimited, TimedOut, Unreachable
from lsp_server.config.settings import BackendSettings
from lsp_server.routing.health import OverBudget, State
from lsp_server.routing.recovery import EVERY_MS, PATIENCE_MS
from lsp_server.routing.router import STALE_MS, TRAFFIC_MS, Route, Router, route_json
from lsp_server.testing.backend import ScriptedBackend
from lsp_server.testing.clock import ManualClock, settle

REFUSED = Unreachable("local: nothing answers there")


class Hanging(ScriptedBackend):
    """Does not tell its model while ``silent`` is positive, which each question makes one less."""

    __slots__ = ("silent",)

    async def probe(self):
        self.silent -= 1
        if self.silent >= 0:
            self.probes += 1
            await asyncio.Event().wait()
        return await ScriptedBackend.probe(self)


def hanging(setting, silent):
    backend = Hanging(setting.clock, name="local")
    backend.silent = silent
    setting.local.backend = setting.backends[0] = backend
    return backend


class Limits:
    """A budget that refuses those named in ``refused``."""

    def __init__(self):
        self.refused = {}

    def refusal(self, backend, model):
        return self.refused.get(backend.name)

    def asked(self, backend):
        pass

    def used(self, backend, model, usage, prompt_tokens, completion_tokens):
        pass


class Setting:
    """A local and a hosted backend behind a router."""

    def __init__(self):
        self.clock = ManualClock()
        self.told = []
        self.limits = Limits()
        self.backends = [
            ScriptedBackend(self.clock, name="local"),
            ScriptedBackend(self.clock, name="hosted", remote=True),
        ]
        self.routes = [Route(b, BackendSettings(name=b.name, kind="ollama")) for b in self.backends]
        self.router = Router(self.routes, self.clock, self.note, self.limits)

    @property
    def local(self):
        return self.routes[0]

    def note(self, route, error):
        self.told.append((route.backend.name, error and type(error), str(error or "")))

    @property
    def names(self):
        return [route.backend.name for route in self.router.candidates()]


@pytest.fixture
async def setting():
    setting = Setting()
    yield setting
    await setting.router.close()
    await settle()
    assert setting.clock.sleeping == 0


async def test_a_backend_that_failed_is_left_out_until_its_wait_is_over(setting):
    setting.router.failed(setting.local, REFUSED, "hosted")
    assert setting.names == ["hosted"]
    await setting.clock.advance(500)
    assert setting.names == ["local", "hosted"]


async def test_one_request_tries_it_and_the_others_go_to_the_next(setting):
    setting.router.failed(setting.local, REFUSED)
    await setting.clock.advance(500)
    setting.router.starts(setting.local, "first")
    setting.router.starts(setting.local, "second")
    assert setting.names == ["hosted", "local"]
    setting.router.ended(setting.local, "second")
    assert setting.names == ["hosted", "local"]
    setting.router.ended(setting.local, "first")
    assert setting.names == ["local", "hosted"]
    setting.router.starts(setting.local, "third")
    setting.router.succeeded(setting.local, "third", 100)
    assert setting.names == ["local", "hosted"]
    assert setting.local.state is State.OK


async def test_only_the_one_that_is_named(setting):
    assert [r.backend.name for r in setting.router.candidates("hosted")] == ["hosted"]
    assert setting.router.candidates("other") == []


async def test_a_slow_backend_comes_last_until_a_trial_is_due(setting):
    for _ in range(3):
        setting.router.lost(setting.local, 700, "hosted")
    assert setting.local.state is State.SLOW
    assert setting.names == ["hosted", "local"]
    setting.router.starts(setting.local, "early")
    assert setting.local.trial is None
    await setting.clock.advance(2000)
    assert setting.names == ["local", "hosted"]
    setting.router.starts(setting.local, "trial")
    setting.router.lost(setting.local, 700, "hosted")
    setting.router.ended(setting.local, "trial")
    assert setting.names == ["hosted", "local"]
    await setting.clock.advance(4000)
    setting.router.starts(setting.local, "trial")
    setting.router.succeeded(setting.local, "trial", 100)
    assert (setting.names, setting.local.state) == (["local", "hosted"], State.OK)


async def test_a_slow_backend_that_answers_late_in_the_place_of_another_stays_slow(setting):
    for _ in range(10):
        setting.router.succeeded(setting.local, "any", 100)
    for _ in range(3):
        setting.router.lost(setting.local, 700, "hosted")
    setting.router.succeeded(setting.local, "any", 900)
    assert setting.local.state is State.SLOW
    setting.router.succeeded(setting.local, "any", 90)
    assert setting.local.state is State.OK


# What is told.


async def test_a_change_is_told_once_and_says_what_happens_instead(setting):
    for _ in range(4):
        setting.router.failed(setting.local, REFUSED, "hosted")
    setting.router.failed(setting.local, RateLimited("local: too many", 1), "hosted")
    for _ in range(3):
        setting.router.succeeded(setting.local, "any")
    assert setting.told == [
        ("local", Unreachable, f"{REFUSED}; completions come from hosted meanwhile"),
        ("local", None, ""),
    ]


async def test_a_backend_that_comes_and_goes_is_not_told_for_ever(setting):
    for _ in range(60):
        setting.router.failed(setting.local, REFUSED)
        setting.router.succeeded(setting.local, "any")
        await setting.clock.advance(1000)
    assert len(setting.told) <= 4


async def test_another_problem_that_stays_is_told_later(setting):
    setting.router.failed(setting.local, REFUSED)
    await setting.clock.advance(31_000)
    setting.router.failed(setting.local, ModelNotFound("local: run ollama pull x"))
    assert [kind for _, kind, _ in setting.told] == [Unreachable, ModelNotFound]


async def test_slowness_is_told_like_a_problem(setting):
    for _ in range(5):
        setting.router.lost(setting.local, 700, "hosted")
    [(name, kind, text)] = setting.told
    assert (name, kind) == ("local", TimedOut)
    assert "slowly" in text
    assert text.endswith("completions come from hosted meanwhile")


# Budgets.


async def test_a_backend_over_its_budget_is_left_out_and_told_once(setting):
    setting.limits.refused["hosted"] = "hosted: 100 requests today are used up; it is back at 00:00"
    for _ in range(3):
        assert setting.names == ["local"]
    assert (setting.routes[1].state, setting.local.state) == (State.OVER_BUDGET, State.OK)
    assert setting.told == [("hosted", OverBudget, setting.limits.refused["hosted"])]
    setting.limits.refused.clear()
    assert setting.names == ["local", "hosted"]
    assert setting.told[1:] == [("hosted", None, "")]


async def test_a_limit_that_comes_and_goes_is_told_once_an_hour(setting):
    line = "hosted: its limit of 60 requests a minute is used up: it is not asked until {}"
    for time in ("12:01:30", "12:03:00", "12:04:30"):
        setting.limits.refused["hosted"] = line.format(time)
        assert setting.names == ["local"]
        setting.limits.refused.clear()
        assert setting.names == ["local", "hosted"]
        await setting.clock.advance(90_000)
    assert setting.told == [("hosted", OverBudget, line.format("12:01:30")), ("hosted", None, "")]
    setting.limits.refused["hosted"] = "hosted: its limit of 100 requests a day is used up"
    assert setting.names == ["local"]
    assert len(setting.told) == 3
    await setting.clock.advance(3_600_000)
    setting.limits.refused["hosted"] = line.format("13:10:00")
    assert setting.names == ["local"]
    assert len(setting.told) == 4


# Recovery.


async def test_a_local_backend_is_asked_in_the_background_and_comes_back_before_its_wait_is_over(setting):
    setting.router.failed(setting.local, ModelNotFound("local: run ollama pull x"))
    setting.backends[0].errors += [ModelNotFound("local: run ollama pull x")]
    await settle()
    await setting.clock.advance(EVERY_MS)
    assert (setting.backends[0].probes, setting.names) == (1, ["hosted"])
    await setting.clock.advance(EVERY_MS)
    assert (setting.backends[0].probes, setting.names) == (2, ["local", "hosted"])
    await setting.clock.advance(TRAFFIC_MS)
    assert setting.backends[0].probes == 2


async def test_what_a_backend_says_of_its_model_counts_too(setting):
    setting.backends[0].model = "mystery-7b"
    setting.router.failed(setting.local, ModelNotFound("local: run ollama pull x"))
    await settle()
    await setting.clock.advance(EVERY_MS)
    assert setting.names == ["hosted"]
    setting.backends[0].model = "starcoder2:3b"
    await setting.clock.advance(EVERY_MS)
    assert setting.names == ["local", "hosted"]
    assert setting.local.family.name == "starcoder2"


async def test_a_question_that_hangs_is_given_up(setting):
    backend = hanging(setting, 100)
    setting.router.failed(setting.local, ModelNotFound("local: run ollama pull x"))
    await settle()
    await setting.clock.advance(2 * EVERY_MS + 2 * PATIENCE_MS)
    assert backend.probes == 2
    assert setting.names == ["hosted"]


@pytest.mark.parametrize("error", [RateLimited("hosted: too many", 40), Unreachable("hosted: refused")])
async def test_a_remote_backend_is_not_asked_in_the_background(setting, error):
    setting.router.failed(setting.routes[1], error)
    await setting.clock.advance(20_000)
    assert setting.backends[1].probes == 0
    assert setting.clock.sleeping == 0


async def test_a_rate_limit_is_kept_whatever_a_probe_says(setting):
    setting.router.failed(setting.local, RateLimited("local: too many", 30))
    await setting.clock.advance(29_000)
    assert (setting.names, setting.backends[0].probes) == (["hosted"], 0)
    await setting.clock.advance(1_000)
    assert setting.names == ["local", "hosted"]


async def test_without_requests_nothing_is_asked(setting):
    setting.backends[0].errors += [REFUSED] * 100
    for _ in range(200):
        setting.router.failed(setting.local, ModelNotFound("x"))
        await setting.clock.advance(1000)
    assert setting.backends[0].probes <= TRAFFIC_MS / EVERY_MS
    assert setting.clock.sleeping == 0


async def test_a_retired_router_asks_nothing(setting):
    setting.router.failed(setting.local, ModelNotFound("x"))
    assert setting.names == ["hosted"]
    setting.router.retire()
    assert setting.names == ["hosted"]
    await setting.clock.advance(10_000)
    assert setting.backends[0].probes == 0


async def test_who_comes_later_does_not_wait_for_a_question_that_hangs(setting):
    backend = hanging(setting, 1)
    waiting = [asyncio.ensure_future(setting.router.identify(setting.local)) for _ in range(2)]
    await settle()
    assert backend.probes == 1
    await setting.clock.advance(STALE_MS + 1)
    assert (await setting.router.identify(setting.local)).name == "qwen"
    assert not any(task.done() for task in waiting)
    await setting.router.close()
    await settle()
    assert all(task.done() for task in waiting)


# What is shown.


async def test_the_state_is_shown_as_plain_values(setting):
    for _ in range(10):
        setting.router.succeeded(setting.local, "any", 120)
    await setting.clock.advance(3000)
    setting.router.failed(setting.local, REFUSED)
    [local, hosted] = setting.router.as_json()
    assert local["state"] == "failing"
    assert local["problem"] == str(REFUSED)
    assert local["first_unit_ms"] == {"p50": 120, "p95": 120}
    assert local["last_used_s_ago"] == 3.0
    assert (hosted["state"], hosted["problem"], hosted["last_used_s_ago"]) == ("ok", "", None)
    assert hosted["first_unit_ms"] == {"p50": None, "p95": None}
    assert route_json(setting.local)["last_used_s_ago"] is None


async def test_which_backend_answers_is_known(setting):
    assert setting.router.active() is None
    setting.router.succeeded(setting.routes[1], "any")
    setting.router.failed(setting.local, REFUSED)
    assert setting.router.active() is setting.routes[1]
