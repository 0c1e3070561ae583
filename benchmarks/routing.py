"""How soon the next backend answers when the first one is in trouble, and how soon the first is back.

    python -m benchmarks.routing [--quick] [--json] [--check]

The real backends and the real engine; fakes that fail as they are told. The first backend is an Ollama on
this machine behind a relay, the second one stands for a hosted API. Each trouble is met in the middle of
work: a request every 200 ms before, during and after it.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final

from pydantic import SecretStr

from benchmarks.table import Row, percentiles, report
from lsp_server.backends.base import BackendError
from lsp_server.backends.create import create_backend
from lsp_server.config.settings import BackendKind, BackendSettings, Settings
from lsp_server.document.lines import split_lines
from lsp_server.engine import Engine
from lsp_server.policy.clearance import Policy
from lsp_server.policy.paths import PathRules
from lsp_server.routing.router import Route, Router
from lsp_server.schedule.clock import SystemClock
from lsp_server.testing.fake_backends import FAULTS, TEST_KEY, FakeMistral, FakeOllama
from lsp_server.testing.fake_backends.faults import Fault, Scene
from lsp_server.testing.faulty import Relay, Trouble
from lsp_server.types import Answer, Cursor, Document, Position, Request, Trigger

LOCAL_S: Final = 0.08
"""The local model's time to its first token: a small one on a laptop with its prompt in the cache."""
HOSTED_S: Final = 0.15
"""The hosted one's: a fast network and a fast model."""
TOKEN_S: Final = 0.005
LOAD_S: Final = 1.5
"""The time to load a model that the system has in its memory still."""
EVERY_S: Final = 0.2
"""Between two requests: someone who types, with short pauses."""
SLACK_MS: Final = 50.0
"""What may pass beyond the time that is taken to see the trouble and the hosted backend's own."""
BACK_S: Final = 5.0
EXTRA_PERCENT: Final = 7.0
MAX_WAIT_MS: Final = 600
"""Without hedging: shorter than the default, so that the run is."""
REQUESTS: Final = 12
"""Requests during a trouble: those that meet it first, and some after it is known."""
MOST_BACK_S: Final = 12.0

Act = Callable[["Stand"], Awaitable[None]]


@dataclass(slots=True)
class Stand:
    """The two fakes, the engine between them, and what has been measured."""

    local: FakeOllama
    hosted: FakeMistral
    relay: Relay
    engine: Engine
    router: Router
    asked: int = 0
    dns_fails: bool = False
    local_ms: list[float] = field(default_factory=list)
    hosted_ms: list[float] = field(default_factory=list)

    async def ask(self, backend: str | None = None) -> tuple[Answer, float]:
        """One request at a place of its own: the answer, and the milliseconds that it took."""
        self.asked += 1
        text = f"def step_{self.asked}(value):\n    return "
        document = Document(f"file:///project/step{self.asked}.py", None, "python", 1, split_lines(text))
        cursor = Cursor(document, Position(1, 11))
        started = time.perf_counter()
        answer = await self.engine.complete(Request(cursor, Trigger.INVOKED, "bench", backend, 1))
        return answer, (time.perf_counter() - started) * 1000.0

    async def measure(self, count: int) -> None:
        """Take the times of both backends while all is well."""
        for _ in range(count):
            self.local_ms.append((await self.ask())[1])
        for _ in range(count // 2):
            self.hosted_ms.append((await self.ask("hosted"))[1])

    @property
    def hosted_alone_ms(self) -> float:
        """The hosted backend's usual time."""
        return median(self.hosted_ms)

    @property
    def limit_ms(self) -> float:
        """The local backend's 95th percentile and the hosted one's usual time."""
        return percentiles(self.local_ms)["p95"] + self.hosted_alone_ms


@asynccontextmanager
async def stand(**routing: object) -> AsyncIterator[Stand]:
    """Fakes, backends and an engine, warm."""
    async with (
        FakeOllama("left + right\n", first_token_s=LOCAL_S, token_s=TOKEN_S) as local,
        FakeMistral("first + second\n", first_token_s=HOSTED_S, token_s=TOKEN_S) as hosted,
        Relay(lambda: local.port) as relay,
    ):
        clock = SystemClock()
        # By name, so that the name can be made unknown.
        url = relay.url.replace("127.0.0.1", "localhost")
        routes = [_route("local", "ollama", url), _route("hosted", "mistral", hosted.url, TEST_KEY)]
        router = Router(routes, clock)
        tree = {
            "completion": {"debounce": 0, "speculation": "never", "candidates": 1},
            "routing": routing,
        }
        policy = Policy(PathRules(), remote_allowed=True, folders=("/project",))
        engine = Engine(Settings.model_validate(tree), policy, router, clock)
        stage = Stand(local, hosted, relay, engine, router)
        with_dns = asyncio.get_running_loop().getaddrinfo
        _resolve_as_told(stage)
        try:
            for name in ("local", "hosted", "local"):
                await stage.ask(name)
            yield stage
        finally:
            asyncio.get_running_loop().getaddrinfo = with_dns  # type: ignore[method-assign] # As it was.
            await engine.close()
            await router.close()


def _route(name: str, kind: BackendKind, url: str, key: str | None = None) -> Route:
    settings = BackendSettings(name=name, kind=kind, url=url)
    secret = SecretStr(key) if key else None
    return Route(create_backend(settings, key=secret, session="bench", remote=key is not None), settings)


def _resolve_as_told(stage: Stand) -> None:
    loop = asyncio.get_running_loop()
    resolve = loop.getaddrinfo

    async def resolve_or_fail(host: Any, *args: Any, **options: Any) -> Any:
        if stage.dns_fails and host in {"localhost", b"localhost"}:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return await resolve(host, *args, **options)

    loop.getaddrinfo = resolve_or_fail  # type: ignore[method-assign] # For this run alone.


# The troubles.


def _answers(name: str) -> Act:
    """One of the faults that the fakes know, instead of each completion."""

    async def begin(stage: Stand) -> None:
        stage.local.fault = FAULTS[name]

    return begin


def _relay(trouble: Trouble) -> Act:
    async def begin(stage: Stand) -> None:
        await stage.relay.become(trouble)

    return begin


async def _identification_hangs(stage: Stand) -> None:
    stage.router.routes[0].family = None
    await stage.relay.become(Trouble.HANGS)


async def _dns(stage: Stand) -> None:
    stage.dns_fails = True


async def _slow_first_token(stage: Stand) -> None:
    stage.local.first_token_s = 3.0


async def _slow_tokens(stage: Stand) -> None:
    stage.local.token_s = 1.0


async def _partial_line(scene: Scene) -> None:
    await scene.begin()
    scene.exchange.chunk(scene.pieces[2][:-9])
    await scene.hang()


async def _stall_at_a_line_half_told(stage: Stand) -> None:
    stage.local.fault = Fault("stall_mid_line", BackendError, _partial_line)


async def _killed_and_unloaded(stage: Stand) -> None:
    """When it is well again its model has to be loaded, which a client that goes away undoes."""
    await stage.relay.become(Trouble.REFUSES)
    stage.local.load_s = LOAD_S
    stage.local._loaded = None  # noqa: SLF001 - what a restart leaves


TROUBLES: Final[dict[str, Act]] = {
    "killed: connections are refused": _relay(Trouble.REFUSES),
    "takes connections and hangs": _relay(Trouble.HANGS),
    "closes connections at once": _relay(Trouble.CLOSES),
    "resets connections at once": _relay(Trouble.RESETS),
    "garbage instead of HTTP": _relay(Trouble.GARBAGE),
    "TLS on its port": _relay(Trouble.TLS),
    "its name is unknown": _dns,
    "its identification hangs": _identification_hangs,
    "no first byte": _answers("hang_before_headers"),
    "headers, then silence": _answers("hang_after_headers"),
    "stalls after two tokens": _answers("stall_mid_stream"),
    "stalls in the middle of an event": _stall_at_a_line_half_told,
    "trickles": _answers("trickle"),
    "slow to the first token": _slow_first_token,
    "slow from token to token": _slow_tokens,
    "reset in mid-stream": _answers("reset_mid_stream"),
    "ends in mid-stream": _answers("disconnect_mid_stream"),
    "error object in mid-stream": _answers("error_object_mid_stream"),
    "an empty body": _answers("end_without_anything"),
    "invalid JSON": _answers("not_json"),
    "JSON of another kind": _answers("json_of_another_kind"),
    "a line without end": _answers("endless_line"),
    "a web page": _answers("web_page"),
    "another content type": _answers("plain_text"),
    "a redirect": _answers("redirect"),
    "status 400": _answers("status_400"),
    "status 401": _answers("status_401"),
    "status 404": _answers("status_404"),
    "status 404, no such model": _answers("status_404_model"),
    "status 429": _answers("status_429"),
    "status 429 with Retry-After": _answers("status_429_seconds"),
    "status 500": _answers("status_500"),
    "status 503, loading": _answers("status_503"),
    "killed, and to load its model anew": _killed_and_unloaded,
}

QUICK: Final = ("killed", "takes", "no first byte", "stalls after", "slow to", "status 404", "status 500")

SILENT: Final = ("takes", "its identification", "no first byte", "headers", "stalls", "slow to")
"""The troubles that only the patience of ``routing.max_wait_ms`` sees."""


async def _mend(stage: Stand) -> None:
    stage.local.fault = None
    stage.local.first_token_s, stage.local.token_s = LOCAL_S, TOKEN_S
    stage.dns_fails = False
    await stage.relay.become(Trouble.NONE)


# What is measured.


@dataclass(slots=True)
class Met:
    """One trouble: milliseconds beyond the limit by request, requests without the other's suggestion, and
    the seconds until the local backend answered again.
    """

    what: str
    over_ms: list[float] = field(default_factory=list)
    missed: int = 0
    back_s: float = 0.0


async def meet(stage: Stand, what: str, limit_ms: float, requests: int = REQUESTS) -> Met:
    """Live through one trouble, and return when the local backend answers again."""
    met = Met(what)
    await TROUBLES[what](stage)
    for _ in range(requests):
        answer, passed_ms = await stage.ask()
        met.missed += answer.suggestion is None or answer.backend != "hosted"
        met.over_ms.append(passed_ms - limit_ms)
        await asyncio.sleep(EVERY_S)
    await _mend(stage)
    mended = time.perf_counter()
    while True:
        answer, _ = await stage.ask()
        met.back_s = time.perf_counter() - mended
        if (answer.backend == "local" and answer.suggestion is not None) or met.back_s > MOST_BACK_S:
            break
        await asyncio.sleep(EVERY_S)
    for _ in range(3):
        await stage.ask()
    return met


async def routing_rows(*, quick: bool = False) -> list[Row]:
    """Every row."""
    names = [name for name in TROUBLES if not quick or name.startswith(QUICK)]
    async with stand() as stage:
        await stage.measure(20 if quick else 40)
        met = [await meet(stage, name, stage.limit_ms) for name in names]
        local_ms, hosted_ms = percentiles(stage.local_ms)["p95"], stage.hosted_alone_ms
    async with stand(hedge=False, max_wait_ms=MAX_WAIT_MS) as stage:
        await stage.measure(10)
        silent = [name for name in names if name.startswith(SILENT)]
        limit_ms = MAX_WAIT_MS + stage.hosted_alone_ms
        waited = [await meet(stage, name, limit_ms, requests=2) for name in silent]
    return [
        _over_row(
            f"{len(met)} troubles of the local backend: beyond its p95 and the hosted time",
            met,
            f"local p95 {local_ms:.0f} ms, hosted {hosted_ms:.0f} ms, ",
        ),
        _over_row(f"{len(waited)} without hedging: beyond max_wait_ms and the hosted time", waited),
        Row(
            "requests in trouble without the next backend's suggestion",
            "",
            {"missed": float(sum(m.missed for m in (*met, *waited)))},
            {"missed": 0.0},
            note=f"of {sum(len(m.over_ms) for m in (*met, *waited))}"
            + "".join(f"; {m.what}" for m in (*met, *waited) if m.missed),
        ),
        _back_row([*met, *waited]),
        await _extra_row(120 if quick else 400),
    ]


def _over_row(what: str, met: list[Met], note: str = "") -> Row:
    over = [time_ms for m in met for time_ms in m.over_ms]
    worst = max(met, key=lambda m: max(m.over_ms))
    values = {"p50": percentiles(over)["p50"], "max": max(over)}
    return Row(what, "ms", values, {"max": SLACK_MS}, note=f"{note}most when: {worst.what}")


def _back_row(met: list[Met]) -> Row:
    worst = max(met, key=lambda m: m.back_s)
    values = {"p50": median(m.back_s for m in met), "max": worst.back_s}
    what = "back on the local backend after it is well"
    return Row(what, "s", values, {"max": BACK_S}, note=f"last after: {worst.what}")


async def _extra_row(count: int) -> Row:
    """Requests that are sent twice without any trouble."""
    source = random.Random(7)
    async with stand() as stage:
        await stage.measure(10)
        before = len(stage.hosted.completions)
        for _ in range(count):
            stage.local.first_token_s = source.lognormvariate(-2.9, 0.35)
            await stage.ask()
        extra = len(stage.hosted.completions) - before
        return Row(
            "without trouble: requests that are hedged",
            "%",
            {"extra": 100.0 * extra / count},
            {"extra": EXTRA_PERCENT},
            note=f"of {count}, first tokens after 55 ms at the median, 98 ms at the 95th percentile",
        )


def main() -> int:
    """Measure, print, and return the exit status: 1 if bars are checked and one is missed."""
    summary = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.routing", description=summary)
    parser.add_argument("--quick", action="store_true", help="fewer troubles and requests, about a minute")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true", help="exit 1 if a bar is missed")
    args = parser.parse_args()
    rows = asyncio.run(routing_rows(quick=args.quick))
    return report(rows, as_json=args.json, check=args.check)


if __name__ == "__main__":
    sys.exit(main())
