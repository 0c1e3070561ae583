"""One stream asked of several backends: moving on, hedging, and nothing left behind."""

import asyncio
import random

import pytest

from lsp_server.ahead import READING_MS
from lsp_server.backends.base import (
    BadRequest,
    BadResponse,
    Capabilities,
    ModelNotFound,
    RateLimited,
    StreamBroken,
    Unavailable,
    Unreachable,
)
from lsp_server.config.settings import BackendSettings, Settings
from lsp_server.engine import Engine
from lsp_server.policy.clearance import Policy
from lsp_server.policy.paths import PathRules
from lsp_server.prompting import Prompter
from lsp_server.routing.health import State
from lsp_server.routing.hedging import UNKNOWN_MS
from lsp_server.routing.router import Route, Router
from lsp_server.testing.backend import ScriptedBackend
from lsp_server.testing.clock import ManualClock, settle
from lsp_server.testing.fixtures import cursor_at
from lsp_server.types import Request, Trigger

LOCAL_MS = 100.0
HOSTED_MS = 300.0
NEVER_MS = 1e9
LONG_MS = 20_000.0
PLACES = [f"value_{number} = ‸" for number in range(200)]


class Counting:
    """A budget that allows all and notes what it is told."""

    def __init__(self):
        self.sent, self.ended, self.refused = [], [], {}

    def refusal(self, backend, model):
        return self.refused.get(backend.name)

    def asked(self, backend):
        self.sent.append(backend.name)

    def used(self, backend, model, usage, prompt_tokens, completion_tokens):
        self.ended.append((backend.name, model, prompt_tokens, completion_tokens))


class Scene:
    """An engine over a local backend, whose times are known, and a hosted one (``b``), on a manual clock."""

    def __init__(self, *, known=True, third=False, rules=None, concurrency=1, speculation="never", **routing):
        self.clock = ManualClock()
        capabilities = Capabilities(concurrency=concurrency)
        self.local = ScriptedBackend(
            self.clock, lambda _: "a\n", name="local", first_token_ms=LOCAL_MS, capabilities=capabilities
        )
        self.hosted = ScriptedBackend(
            self.clock,
            lambda _: "b\n",
            name="hosted",
            remote=True,
            first_token_ms=HOSTED_MS,
            capabilities=capabilities,
        )
        self.backends = [self.local, self.hosted]
        if third:
            self.backends.append(ScriptedBackend(self.clock, lambda _: "c\n", name="third"))
        self.routes = [Route(b, BackendSettings(name=b.name, kind="ollama")) for b in self.backends]
        self.told = []
        self.tasks = []
        self.budget = Counting()
        self.router = Router(
            self.routes, self.clock, lambda route, error: self.told.append(error), self.budget
        )
        tree = {
            "completion": {"debounce": 0, "speculation": speculation, "candidates": 1},
            "routing": {"max_wait_ms": 5000, **routing},
        }
        policy = Policy(rules or PathRules(), remote_allowed=True, folders=("/project",))
        self.engine = Engine(Settings.model_validate(tree), policy, self.router, self.clock)
        self.known = known
        self.place = iter(PLACES)

    async def start(self):
        for route in self.routes:
            await self.router.identify(route)
        for _ in range(20 if self.known else 0):
            self.routes[0].times.add(LOCAL_MS)
        self.local.probes = self.hosted.probes = 0

    def begin(self, fixture=None, **options):
        cursor = cursor_at(fixture or next(self.place), path=options.pop("path", "/project/main.py"))
        request = Request(cursor, Trigger.INVOKED, "test", **options)
        self.tasks.append(asyncio.ensure_future(self.engine.complete(request)))
        return self.tasks[-1]

    async def ask(self, fixture=None, **options):
        """A request as far as it comes without time passing."""
        task = self.begin(fixture, **options)
        await settle()
        return task

    async def answer(self, fixture=None, within_ms=LOCAL_MS + HOSTED_MS, **options):
        """The answer, which must have come within the time, and how long it took to a millisecond."""
        started_ms = self.clock.now_ms()
        task = await self.ask(fixture, **options)
        while not task.done() and self.clock.now_ms() < started_ms + within_ms:
            await self.clock.advance(1)
        assert task.done(), "the answer is still to come"
        return task.result(), self.clock.now_ms() - started_ms

    async def text(self, *args, **options):
        answer, _ = await self.answer(*args, **options)
        return answer.suggestion.text if answer.suggestion else answer.gate.name

    def check_empty(self):
        for backend, route in zip(self.backends, self.routes, strict=True):
            assert (backend.open, route.slots.running, route.slots.waiting) == (0, 0, 0)
            assert route.trial is None


def done(task):
    assert task.done(), "the answer is still to come"
    return task.result()


@pytest.fixture
async def make():
    scenes = []

    async def build(**options):
        scene = Scene(**options)
        scenes.append(scene)
        await scene.start()
        return scene

    yield build
    for scene in scenes:
        for task in scene.tasks:
            task.cancel()
        await settle()
        await scene.engine.close()
        await scene.router.close()
        await settle()
        scene.check_empty()
        await scene.clock.advance(10_000)
        assert scene.clock.sleeping == 0
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    assert [task for task in tasks if "pytest" not in repr(task)] == []


# Moving on.


@pytest.mark.parametrize(
    "error",
    [
        Unreachable("x"),
        BadResponse("x"),
        StreamBroken("x"),
        Unavailable("x"),
        BadRequest("x"),
        ModelNotFound("x"),
        RateLimited("x", 3),
    ],
)
async def test_a_request_moves_on_at_once_when_its_backend_fails(make, error):
    scene = await make()
    scene.local.errors.append(error)
    answer, passed_ms = await scene.answer()
    assert (answer.suggestion.text, answer.backend) == ("b", "hosted")
    assert passed_ms == LOCAL_MS + HOSTED_MS
    assert str(scene.told[0]) == "x; completions come from hosted meanwhile"
    assert scene.router.active().backend is scene.hosted


async def test_the_question_for_the_model_may_fail_too(make):
    scene = await make()
    scene.routes[0].family = None
    scene.local.errors.append(Unreachable("x"))
    answer, passed_ms = await scene.answer()
    assert (answer.suggestion.text, passed_ms) == ("b", HOSTED_MS)


async def test_without_hedging_it_moves_on_when_no_text_comes(make):
    scene = await make(hedge=False, max_wait_ms=700)
    scene.local.first_token_ms = NEVER_MS
    answer, passed_ms = await scene.answer(within_ms=2000)
    assert (answer.suggestion.text, passed_ms) == ("b", 700 + HOSTED_MS)
    assert scene.routes[0].state is State.FAILING
    assert "max_wait_ms" in str(scene.told[0])


async def test_without_hedging_it_moves_on_when_a_stream_stalls(make):
    scene = await make(hedge=False, max_wait_ms=700)
    scene.local.answer = lambda _: "a + something\n"
    scene.local.token_ms = NEVER_MS
    answer, passed_ms = await scene.answer(within_ms=2000)
    assert (answer.suggestion.text, passed_ms) == ("b", 700 + HOSTED_MS)


async def test_a_stream_that_goes_on_is_not_given_up(make):
    scene = await make(hedge=False, max_wait_ms=700)
    scene.local.answer = lambda _: "a + something\n"
    scene.local.token_ms = 300
    assert await scene.text(within_ms=5000) == "a + something"


async def test_where_there_is_nobody_else_one_is_waited_for(make):
    scene = await make(max_wait_ms=700)
    scene.local.first_token_ms = 20_000
    scene.hosted.errors += [Unreachable("x")]
    assert await scene.text(within_ms=21_000) == "a"
    assert await scene.text(backend="local", within_ms=21_000) == "a"


async def test_all_may_fail(make):
    scene = await make()
    scene.local.errors.append(Unreachable("x"))
    scene.hosted.errors.append(Unavailable("y"))
    answer, _ = await scene.answer()
    assert (answer.gate.name, answer.gate.detail) == ("backend_failed", "y")


async def test_a_gate_of_the_policy_skips_a_backend_and_does_not_hide_a_failure(make):
    scene = await make(rules=PathRules((), ("secret/**",)))
    scene.local.errors.append(Unreachable("x"))
    answer, _ = await scene.answer(path="/project/secret/main.py")
    assert (answer.gate.name, answer.gate.detail) == ("backend_failed", "x")
    assert not scene.hosted.prompts


async def test_a_backend_that_is_known_to_fail_says_more_than_another_one_s_gate(make):
    scene = await make(rules=PathRules((), ("secret/**",)))
    scene.local.errors.append(Unreachable("x"))
    for _ in range(2):
        answer, _ = await scene.answer(path="/project/secret/main.py")
        assert (answer.gate.name, answer.gate.detail) == ("backend_failed", "x")


async def test_what_nobody_waits_for_does_not_move_on_to_a_backend_that_costs(make):
    scene = await make(speculation="local")
    assert await scene.text() == "a"
    scene.local.errors.append(Unreachable("x"))
    await scene.clock.advance(READING_MS + LOCAL_MS + HOSTED_MS)
    assert (len(scene.local.prompts), len(scene.hosted.prompts)) == (2, 0)


async def test_a_stream_made_ahead_is_hedged_once_somebody_waits_for_it(make):
    scene = await make(speculation="local")
    assert await scene.text("value = ‸") == "a"
    scene.local.first_token_ms = NEVER_MS
    await scene.clock.advance(READING_MS + 300)
    assert (len(scene.local.prompts), len(scene.hosted.prompts)) == (2, 0)
    assert await scene.text("value = a‸", within_ms=HOSTED_MS) == "b"


async def test_a_prompt_that_may_not_go_out_goes_to_the_next(make):
    scene = await make()
    scene.router.routes = scene.routes[::-1]
    key = "AKIA" + "Q3EGRZ7K2M4XW5TP"
    text = await scene.text(f'key = "{key}"\nother = ‸', within_ms=LOCAL_MS)
    assert text == "a"
    assert not scene.hosted.prompts


async def test_a_backend_over_its_budget_is_not_asked(make):
    scene = await make()
    scene.budget.refused["local"] = "local: used up until midnight"
    assert await scene.text() == "b"
    scene.budget.refused["hosted"] = "hosted: used up until midnight"
    answer, _ = await scene.answer()
    assert (answer.gate.name, answer.gate.detail) == ("over_budget", "local: used up until midnight")
    assert scene.budget.sent == ["hosted"]


async def test_what_is_used_is_told_to_the_budget(make):
    scene = await make()
    scene.local.first_token_ms = NEVER_MS
    await scene.answer()
    await scene.clock.advance(1)
    assert scene.budget.sent == ["local", "hosted"]
    assert [(name, model, pieces) for name, model, _, pieces in scene.budget.ended] == [
        ("local", scene.local.model, 0),
        ("hosted", scene.hosted.model, 1),
    ]
    assert all(tokens > 0 for _, _, tokens, _ in scene.budget.ended)


# Hedging.


async def test_a_backend_that_takes_its_usual_time_is_not_hedged(make):
    scene = await make()
    for _ in range(10):
        assert await scene.text() == "a"
    assert not scene.hosted.prompts


@pytest.mark.parametrize("fault", ["hangs", "stalls", "slow", "identification"])
async def test_one_that_takes_longer_is_hedged_and_closed(make, fault):
    scene = await make()
    scene.local.answer = lambda _: "a + something\n"
    if fault == "stalls":
        scene.local.token_ms = NEVER_MS
    elif fault == "identification":
        scene.routes[0].family = None
        scene.local.prefill_ms = 0
        scene.routes[0].backend = Mute(scene.clock, name="local")
    else:
        scene.local.first_token_ms = NEVER_MS if fault == "hangs" else 1000.0
    answer, passed_ms = await scene.answer()
    assert (answer.suggestion.text, answer.backend) == ("b", "hosted")
    assert passed_ms == LOCAL_MS + HOSTED_MS
    assert scene.local.open == 0


class Mute(ScriptedBackend):
    """Never tells its model."""

    async def probe(self):
        await asyncio.Event().wait()


async def test_where_no_time_is_known_the_wait_is_a_constant(make):
    scene = await make(known=False)
    scene.local.first_token_ms = NEVER_MS
    _, passed_ms = await scene.answer(within_ms=5000)
    assert passed_ms == UNKNOWN_MS + HOSTED_MS


async def test_the_first_wins_if_it_is_quicker_after_all(make):
    scene = await make()
    scene.local.first_token_ms = 250
    answer, passed_ms = await scene.answer()
    assert (answer.suggestion.text, passed_ms) == ("a", 250)
    assert (len(scene.hosted.prompts), scene.hosted.open) == (1, 0)
    assert scene.routes[0].health.lost == 0


async def test_an_honest_nothing_of_the_first_counts(make):
    scene = await make()
    scene.local.first_token_ms = 250
    scene.local.answer = lambda _: ""
    answer, passed_ms = await scene.answer()
    assert (answer.suggestion, answer.backend, passed_ms) == (None, "local", 250)
    assert (len(scene.hosted.prompts), scene.hosted.open) == (1, 0)


async def test_a_nothing_of_the_second_does_not_end_the_first(make):
    scene = await make()
    scene.local.first_token_ms = 900
    scene.hosted.answer = lambda _: ""
    assert await scene.text(within_ms=900) == "a"


async def test_a_nothing_of_the_second_is_the_answer_where_the_first_says_nothing_at_all(make):
    scene = await make(max_wait_ms=1000)
    scene.local.first_token_ms = NEVER_MS
    scene.hosted.answer = lambda _: ""
    answer, passed_ms = await scene.answer(within_ms=1000)
    assert (answer.suggestion, answer.backend, passed_ms) == (None, "hosted", 1000)


async def test_a_hedge_that_fails_is_followed_by_the_next(make):
    scene = await make(third=True)
    scene.local.first_token_ms = NEVER_MS
    scene.hosted.errors.append(Unavailable("x"))
    answer, passed_ms = await scene.answer()
    assert (answer.suggestion.text, passed_ms) == ("c", LOCAL_MS + HOSTED_MS)


async def test_the_hedge_goes_on_when_the_first_fails(make):
    scene = await make()
    scene.local.first_token_ms = 200
    scene.local.errors.append(Unavailable("x"))
    answer, passed_ms = await scene.answer()
    assert (answer.suggestion.text, passed_ms) == ("b", LOCAL_MS + HOSTED_MS)
    assert len(scene.hosted.prompts) == 1


@pytest.mark.parametrize("options", [{"hedge": False}, {}])
async def test_there_is_no_hedge_where_it_is_not_wanted(make, options):
    scene = await make(**options)
    scene.local.first_token_ms = 2000
    named = {} if options else {"backend": "local"}
    assert await scene.text(within_ms=3000, **named) == "a"
    assert not scene.hosted.prompts


async def test_a_stream_that_nobody_waits_for_is_not_hedged(make):
    scene = await make()
    scene.local.first_token_ms = NEVER_MS
    task = await scene.ask()
    await scene.clock.advance(LOCAL_MS - 1)
    task.cancel()
    await scene.clock.advance(1000)
    assert not scene.hosted.prompts


async def test_each_backend_gets_a_prompt_of_its_own_family_cleared_for_it(make):
    scene = await make()
    scene.hosted.model = "starcoder2:3b"
    scene.routes[1].family = None
    scene.local.first_token_ms = NEVER_MS
    assert await scene.text() == "b"
    [clean] = scene.hosted.prompts
    assert clean.destination == scene.hosted.destination
    assert clean.prompt.template.name == "starcoder2"


async def test_a_prompt_made_ahead_is_kept_when_another_backend_needs_one_for_elsewhere(make):
    scene = await make()
    made = []

    class Gathering:
        async def gather(self, cursor, visible, *, hold=False):
            made.append(cursor.position.line)
            return ()

    prompter = Prompter(Settings(), Policy(PathRules(), remote_allowed=True), Gathering())
    local, hosted = scene.routes
    here, there = cursor_at("one = ‸"), cursor_at("one = 1\ntwo = ‸")
    prompter.prepare(local, local.family, there)
    assert (await prompter.prompt(hosted, hosted.family, here)).destination == scene.hosted.destination
    assert (await prompter.prompt(local, local.family, there)).destination == scene.local.destination
    assert sorted(made) == [0, 1]


async def test_only_the_leading_draft_is_shown_and_it_is_replaced_by_the_winner_s(make):
    scene = await make()
    scene.local.answer = lambda _: "first things\n"
    scene.local.piece, scene.local.token_ms = 6, NEVER_MS
    scene.hosted.answer = lambda _: "something else\n"
    scene.hosted.piece, scene.hosted.token_ms = 5, 50
    task = await scene.ask("x = ‸")
    await scene.clock.advance(LOCAL_MS + HOSTED_MS + 20)
    [running] = scene.engine._inflight.at(cursor_at("x = ‸"))
    assert running.text == "first "
    await scene.clock.advance(150)
    assert done(task).suggestion.text == running.text.rstrip("\n") == "something else"


async def test_who_typed_along_the_draft_that_lost_is_answered_anew(make):
    scene = await make()
    scene.local.answer = lambda _: "first things\n"
    scene.local.piece, scene.local.token_ms = 6, NEVER_MS
    task = await scene.ask("x = ‸")
    await scene.clock.advance(LOCAL_MS + 10)
    joined = await scene.ask("x = fir‸")
    await scene.clock.advance(HOSTED_MS)
    assert done(task).suggestion.text == "b"
    scene.local.token_ms = 0
    await scene.clock.advance(LOCAL_MS + HOSTED_MS)
    assert done(joined).suggestion is not None


async def test_a_unit_that_stands_is_not_raced_any_more(make):
    scene = await make()
    scene.local.answer = lambda _: "one = 1\n    two = 2\n    three = 3\n"
    scene.local.token_ms = 30
    task = await scene.ask("def f():\n    ‸")
    await scene.clock.advance(5000)
    assert done(task).suggestion.text.startswith("one = 1")
    assert len(scene.hosted.prompts) <= 1
    assert scene.hosted.open == 0


# Health.


async def test_a_backend_that_loses_again_and_again_is_asked_second(make):
    scene = await make()
    scene.local.first_token_ms = NEVER_MS
    times = [(await scene.answer())[1] for _ in range(6)]
    assert times == [LOCAL_MS + HOSTED_MS] * 3 + [HOSTED_MS] * 3
    assert scene.routes[0].state is State.SLOW
    assert len(scene.told) == 1
    scene.local.first_token_ms = LOCAL_MS
    await scene.clock.advance(2000)
    assert await scene.text() == "a"
    assert scene.routes[0].state is State.OK
    assert (len(scene.told), scene.told[-1]) == (2, None)


async def test_while_one_request_tries_a_backend_the_others_go_to_the_next(make):
    scene = await make(concurrency=4)
    scene.local.errors.append(Unreachable("x"))
    await scene.answer()
    await scene.clock.advance(600)
    scene.local.first_token_ms = NEVER_MS
    asked = len(scene.local.prompts)
    tasks = [await scene.ask(path=f"/project/{number}.py") for number in range(3)]
    await scene.clock.advance(LOCAL_MS + HOSTED_MS)
    assert [done(task).suggestion.text for task in tasks] == ["b"] * 3
    assert len(scene.local.prompts) == asked + 1


async def test_a_trial_that_is_given_up_makes_room_for_another(make):
    scene = await make()
    scene.local.errors.append(Unreachable("x"))
    await scene.answer()
    await scene.clock.advance(600)
    scene.local.first_token_ms = NEVER_MS
    task = await scene.ask()
    await scene.clock.advance(50)
    assert scene.routes[0].trial is not None
    task.cancel()
    await scene.clock.advance(500)
    assert scene.routes[0].trial is None
    scene.local.first_token_ms = LOCAL_MS
    assert await scene.text() == "a"
    assert scene.routes[0].state is State.OK


async def test_a_local_backend_is_used_again_soon_after_the_user_has_mended_it(make):
    scene = await make()
    scene.local.errors += [ModelNotFound("x")]
    await scene.answer()
    await scene.clock.advance(2500)
    assert await scene.text() == "a"


async def test_hedges_are_rare_without_faults(make):
    scene = await make(known=False)
    source = random.Random(3)
    for _ in range(150):
        scene.local.first_token_ms = source.uniform(80, 120)
        await scene.answer()
        await scene.clock.advance(1000)
    assert len(scene.hosted.prompts) <= 0.07 * 150


# Nothing is left behind.


@pytest.mark.parametrize("seed", range(40))
async def test_every_request_is_answered_once_whatever_happens_when(make, seed):
    source = random.Random(seed)
    scene = await make(third=source.random() < 0.5, concurrency=source.choice([1, 2]), max_wait_ms=1500)
    tasks = []
    for step in range(60):
        for backend in scene.backends:
            backend.first_token_ms = source.choice([0, 50, 100, 100, 300, LONG_MS])
            backend.token_ms = source.choice([0, 0, 20, LONG_MS])
            text = source.choice(["x\n", "", "foo(bar)\nbaz\n", "   ", "one = 1\n    two = 2\n"])
            backend.answer = lambda _, text=text: text
            if source.random() < 0.2:
                backend.errors.append(
                    source.choice([Unreachable("x"), StreamBroken("y"), RateLimited("z", 1)])
                )
        fixture = source.choice(PLACES[:5])
        options = {"backend": "local"} if source.random() < 0.1 else {}
        tasks.append(scene.begin(fixture, path=f"/project/{step % 3}.py", **options))
        for _ in range(source.randrange(12)):
            await asyncio.sleep(0)
        if source.random() < 0.3:
            await scene.clock.advance(source.choice([1, 50, 100, 101, 200, 400]))
        if source.random() < 0.4:
            source.choice(tasks).cancel()
    for backend in scene.backends:
        backend.first_token_ms, backend.token_ms = 100, 0
    await scene.clock.advance(60 * LONG_MS)
    for task in tasks:
        if not task.cancelled():
            answer = done(task)
            assert answer.suggestions or answer.gate or answer.backend
