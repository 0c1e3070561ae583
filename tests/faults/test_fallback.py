"""A local backend in trouble, a hosted one behind it: the real backends and engine, over real connections."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr

from lsp_server.backends.create import create_backend
from lsp_server.config.settings import BackendSettings, Settings
from lsp_server.engine import Engine
from lsp_server.policy.clearance import Policy
from lsp_server.policy.paths import PathRules
from lsp_server.routing.health import State
from lsp_server.routing.router import Route, Router
from lsp_server.schedule.clock import SystemClock
from lsp_server.testing.fake_backends import FAULTS, TEST_KEY, FakeLlamaCpp, FakeMistral, FakeOllama
from lsp_server.testing.faulty import Relay, Trouble
from lsp_server.testing.fixtures import cursor_at
from lsp_server.types import Request, Trigger

LOCALS = {"ollama": FakeOllama, "llamacpp": FakeLlamaCpp}
USUAL_MS = 60.0
"""The local backend's time to its first unit as it is taken to be known: a hedge comes soon."""

FAILING = [
    "disconnect_before_headers",
    "disconnect_mid_line",
    "end_without_anything",
    "error_object_mid_stream",
    "error_object_with_status_200",
    "json_of_another_kind",
    "not_http",
    "not_json",
    "plain_text",
    "redirect",
    "reset_before_headers",
    "reset_mid_stream",
    "status_400",
    "status_401",
    "status_404",
    "status_404_model",
    "status_429",
    "status_429_seconds",
    "status_500",
    "status_503",
    "web_page",
]
SILENT = ["hang_before_headers", "hang_after_headers", "stall_mid_stream", "trickle"]


class Stand:
    """An engine between a local fake behind a relay and a hosted one."""

    def __init__(self, local, hosted, relay, kind):
        self.local, self.hosted, self.relay = local, hosted, relay
        self.told = []
        self.routes = [
            make_route("local", kind, relay.url),
            make_route("hosted", "mistral", hosted.url, TEST_KEY),
        ]
        self.clock = SystemClock()
        self.router = Router(self.routes, self.clock, lambda route, error: self.told.append((route, error)))
        self.asked = 0

    def engine(self, **routing):
        tree = {
            "completion": {"debounce": 0, "speculation": "never", "candidates": 1},
            "routing": routing,
        }
        policy = Policy(PathRules(), remote_allowed=True, folders=("/project",))
        return Engine(Settings.model_validate(tree), policy, self.router, self.clock)

    def request(self, backend=None):
        self.asked += 1
        cursor = cursor_at(f"value_{self.asked} = ‸", path=f"/project/{self.asked}.py")
        return Request(cursor, Trigger.INVOKED, "test", backend)

    async def usual(self, engine):
        """Both have answered, and the local one's usual time is known."""
        for name in ("local", "hosted", "local"):
            answer = await engine.complete(self.request(name))
            assert answer.backend == name
            assert answer.suggestion is not None
        for _ in range(50):
            self.routes[0].times.add(USUAL_MS)

    async def back(self, engine):
        """Return when the local backend answers again."""
        async with asyncio.timeout(20):
            while True:
                answer = await engine.complete(self.request())
                if answer.backend == "local":
                    return
                await asyncio.sleep(0.05)

    async def empty(self):
        """Return when nothing is connected any more."""
        await self.local.until(lambda: not self.local.connections)
        await self.hosted.until(
            lambda: not any(not r.finished_s and not r.closed_s for r in self.hosted.requests)
        )
        assert [route.slots.running for route in self.routes] == [0, 0]
        assert [route.trial for route in self.routes] == [None, None]


def make_route(name, kind, url, key=None):
    settings = BackendSettings(name=name, kind=kind, url=url)
    secret = SecretStr(key) if key else None
    return Route(create_backend(settings, key=secret, session="s", remote=key is not None), settings)


@asynccontextmanager
async def standing(kind="ollama", **routing):
    async with (
        LOCALS[kind]("left + right\n") as local,
        FakeMistral("first + second\n") as hosted,
        Relay(lambda: local.port) as relay,
    ):
        stand = Stand(local, hosted, relay, kind)
        engine = stand.engine(**routing)
        try:
            await stand.usual(engine)
            yield stand, engine
        finally:
            await engine.close()
            await stand.empty()
            await stand.router.close()


@pytest.mark.parametrize("kind", LOCALS)
@pytest.mark.parametrize("fault", FAILING + SILENT)
async def test_the_hosted_backend_answers_instead(kind, fault):
    async with standing(kind) as (stand, engine):
        stand.local.fault = FAULTS[fault]
        for _ in range(4):
            answer = await engine.complete(stand.request())
            assert (answer.backend, answer.suggestion.text) == ("hosted", "first + second")
        assert stand.routes[0].state is not State.OK
        assert len(stand.told) == 1
        assert str(stand.told[0][1]).endswith("completions come from hosted meanwhile")


@pytest.mark.parametrize("trouble", [t for t in Trouble if t is not Trouble.NONE], ids=str)
async def test_it_answers_whatever_the_connection_does_and_the_local_one_comes_back(trouble):
    async with standing() as (stand, engine):
        await stand.relay.become(trouble)
        for _ in range(4):
            answer = await engine.complete(stand.request())
            assert (answer.backend, answer.suggestion.text) == ("hosted", "first + second")
        await stand.relay.become(Trouble.NONE)
        await stand.back(engine)
        assert stand.routes[0].state is State.OK
        assert [error is None for _, error in stand.told] == [False, True]


@pytest.mark.parametrize("fault", ["status_404_model", "status_503", "hang_after_headers"])
async def test_the_local_one_comes_back_after_a_fault_of_its_own(fault):
    async with standing() as (stand, engine):
        stand.local.fault = FAULTS[fault]
        for _ in range(4):
            assert (await engine.complete(stand.request())).backend == "hosted"
        stand.local.fault = None
        await stand.back(engine)


async def test_an_identification_that_hangs_is_passed_by():
    async with standing() as (stand, engine):
        stand.routes[0].family = None
        await stand.relay.become(Trouble.HANGS)
        assert (await engine.complete(stand.request())).backend == "hosted"
        await stand.relay.become(Trouble.NONE)
        await stand.back(engine)


@pytest.mark.parametrize("fault", SILENT)
async def test_without_hedging_the_patience_of_the_setting_counts(fault):
    async with standing(hedge=False, max_wait_ms=200) as (stand, engine):
        stand.local.fault = FAULTS[fault]
        assert (await engine.complete(stand.request())).backend == "hosted"
        assert stand.routes[0].state is State.FAILING


async def test_cancelling_at_any_moment_of_a_hedge_leaves_nothing():
    async with standing() as (stand, engine):
        stand.local.fault = FAULTS["stall_mid_stream"]
        stand.hosted.first_token_s = stand.hosted.token_s = 0.01
        for step in range(30):
            task = asyncio.ensure_future(engine.complete(stand.request()))
            await asyncio.sleep(0.005 * step)
            task.cancel()
            await asyncio.wait({task})
            await asyncio.sleep(0.015)  # The stream waits so long for somebody to come back.
        await stand.empty()


async def test_a_storm_of_requests_is_answered():
    async with standing() as (stand, engine):
        stand.local.fault = [FAULTS[name] for name in FAILING + SILENT]
        answers = await asyncio.gather(*(engine.complete(stand.request()) for _ in range(40)))
        assert {answer.suggestion.text for answer in answers} <= {"first + second", "left + right"}
