"""The circuit breaker, the times of a backend, and when the user is told."""

import random

import pytest

from lsp_server.backends.base import (
    AuthenticationFailed,
    BadRequest,
    BadResponse,
    FillUnsupported,
    ModelNotFound,
    PromptTooLong,
    RateLimited,
    StreamBroken,
    TimedOut,
    Unavailable,
    Unreachable,
)
from lsp_server.routing.health import (
    HEALTHY,
    LONGEST_WAIT_MS,
    LOST_IN_A_ROW,
    NEEDS_THE_USER_MS,
    OverBudget,
    State,
    state_of,
)
from lsp_server.routing.hedging import FLOOR_MS, UNKNOWN_MS, WINDOW, Times
from lsp_server.routing.telling import QUIET_MS, Told, with_instead


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (Unreachable("x"), State.FAILING),
        (TimedOut("x"), State.FAILING),
        (StreamBroken("x"), State.FAILING),
        (BadResponse("x"), State.FAILING),
        (Unavailable("x: status 503 (busy)"), State.FAILING),
        (Unavailable("x: status 503 (Loading model)"), State.LOADING),
        (RateLimited("x", 3), State.RATE_LIMITED),
        (AuthenticationFailed("x"), State.MISCONFIGURED),
        (ModelNotFound("x"), State.MISCONFIGURED),
        (FillUnsupported("x"), State.MISCONFIGURED),
        (BadRequest("x"), State.MISCONFIGURED),
        (PromptTooLong("x"), State.MISCONFIGURED),
        (OverBudget("x"), State.OVER_BUDGET),
    ],
)
def test_each_error_has_its_state(error, state):
    assert state_of(error) is state


def test_the_waits_grow_and_are_bounded():
    health, waits = HEALTHY, []
    for _ in range(6):
        health = health.after_failure(Unreachable("x: refused"), 1000.0)
        waits.append(health.open_until_ms - 1000.0)
    assert waits == [500, 1000, 2000, LONGEST_WAIT_MS, LONGEST_WAIT_MS, LONGEST_WAIT_MS]
    assert health.is_open(1000.0)
    assert not health.is_open(1000.0 + LONGEST_WAIT_MS)
    assert health.problem == "x: refused"


@pytest.mark.parametrize(
    ("error", "wait_ms"),
    [(RateLimited("x", 30), 30_000), (ModelNotFound("x"), NEEDS_THE_USER_MS)],
)
def test_some_waits_do_not_depend_on_how_often(error, wait_ms):
    health = HEALTHY.after_failure(error, 0.0).after_failure(error, 100.0)
    assert health.open_until_ms == 100 + wait_ms


def test_a_backend_is_slow_after_hedges_lost_in_a_row():
    health = HEALTHY
    for _ in range(LOST_IN_A_ROW - 1):
        health = health.after_loss("slow", 0.0)
        assert (health.state, health.problem) == (State.OK, "")
    health = health.after_loss("slow", 0.0)
    assert (health.state, health.problem, health.open_until_ms) == (State.SLOW, "slow", 2000)
    assert health.after_loss("slow", 2000.0).open_until_ms == 2000 + LONGEST_WAIT_MS


def test_a_trial_that_loses_its_hedge_makes_a_failing_backend_slow():
    health = HEALTHY.after_failure(Unreachable("x"), 0.0).after_loss("slow", 500.0)
    assert (health.state, health.open_until_ms) == (State.SLOW, 2500)


@pytest.mark.parametrize(
    ("error", "helps"),
    [
        (Unreachable("x"), True),
        (ModelNotFound("x"), True),
        (Unavailable("loading"), True),
        (RateLimited("x", 9), False),
    ],
)
def test_a_probe_shows_whether_some_problems_are_over(error, helps):
    health = HEALTHY.after_failure(error, 0.0)
    assert health.after_probe(10.0).is_open(10.0) is not helps
    assert health.after_probe(10.0).state is health.state


def test_a_probe_says_nothing_about_speed():
    health = HEALTHY
    for _ in range(LOST_IN_A_ROW):
        health = health.after_loss("slow", 0.0)
    assert health.after_probe(10.0) == health


# How long to wait for a backend.


def filled(*times_ms):
    times = Times()
    for time_ms in times_ms:
        times.add(time_ms)
    return times


def test_where_little_is_known_the_wait_is_long():
    assert filled().patience_ms == UNKNOWN_MS
    assert filled(100, 100, 100, 100).patience_ms == UNKNOWN_MS
    assert filled(2000).patience_ms == 4000
    assert filled(*[100] * 5).patience_ms == 100


def test_nothing_is_hedged_at_once():
    assert filled(*[1] * 10).patience_ms == FLOOR_MS


def test_the_last_times_count():
    assert filled(*[900] * WINDOW, *[100] * WINDOW).patience_ms == 100


def test_one_late_answer_among_many_is_not_waited_for():
    assert filled(900, *[100] * (WINDOW - 1)).patience_ms == 100
    assert filled(900, *[100] * 10).patience_ms == 900


@pytest.mark.parametrize("censored", [False, True])
def test_few_requests_exceed_the_wait(censored):
    """Whether the late ones are seen to their end or lost to the other backend."""
    source, times, late = random.Random(1), Times(), 0
    for number in range(4000):
        time_ms = source.lognormvariate(5.0, 0.5)
        patience_ms = times.patience_ms
        if time_ms > patience_ms and number > WINDOW:
            late += 1
        if censored and time_ms > patience_ms + 50:
            times.add_lost(patience_ms + 50)
        else:
            times.add(time_ms)
    assert 0.03 < late / 4000 < 0.07


def test_hedges_lost_to_a_fault_do_not_lengthen_the_wait():
    times = filled(*[100] * 10)
    for _ in range(3):
        times.add_lost(700)
    assert times.patience_ms == 100
    times.forget_lost()
    times.add(100)
    assert times.patience_ms == 100
    times.add_lost(700)
    times.add(100)
    assert times.patience_ms == 700


def test_what_is_reported_of_the_times():
    times = filled(*range(1, 20))
    assert (times.percentile(0.5), times.percentile(0.95), times.recent_ms) == (10, 19, 14.5)
    assert (filled().percentile(0.5), filled().recent_ms) == (None, None)


# What the user is told.


def test_a_problem_is_told_at_once_and_so_is_its_end():
    told = Told()
    assert told.is_news(State.FAILING, 0)
    assert not told.is_news(State.OK, 0)
    told = Told(State.FAILING, 0)
    assert not told.is_news(State.FAILING, QUIET_MS)
    assert told.is_news(State.OK, 1)


def test_another_problem_is_told_after_some_quiet():
    assert not Told(State.FAILING, 0).is_news(State.RATE_LIMITED, QUIET_MS - 1)
    assert Told(State.FAILING, 0).is_news(State.RATE_LIMITED, QUIET_MS)
    assert not Told(State.OK, 0).is_news(State.FAILING, QUIET_MS - 1)


def test_what_is_told_says_who_completes_instead():
    error = RateLimited("a: too many requests", retry_after_s=3)
    told = with_instead(error, "b")
    assert type(told) is RateLimited
    assert str(told) == "a: too many requests; completions come from b meanwhile"
    assert told.retry_after_s == 3
    assert str(error) == "a: too many requests"
    assert with_instead(error, "") is error
