"""The engine over a scripted backend and a clock that stands still."""

import asyncio
from dataclasses import replace

import pytest

from lsp_server.backends.base import Capabilities, ModelNotFound, RateLimited, StreamBroken, Unreachable
from lsp_server.config.settings import BackendSettings, Settings
from lsp_server.engine import Engine
from lsp_server.policy.clearance import Policy
from lsp_server.policy.paths import PathRules
from lsp_server.routing.router import Route, Router
from lsp_server.schedule.inflight import LINGER_MS
from lsp_server.testing.backend import ScriptedBackend
from lsp_server.testing.clock import ManualClock, settle
from lsp_server.testing.fixtures import cursor_at
from lsp_server.types import Finish, Request, Trigger


def make(*backends, settings=None, remote_allowed=False, changes=None):
    clock = backends[0].clock
    routes = [Route(b, BackendSettings(name=b.name, kind="ollama")) for b in backends]
    seen = changes if changes is not None else []
    router = Router(routes, clock, lambda route, error: seen.append((route.backend.name, error)))
    policy = Policy(PathRules(), remote_allowed=remote_allowed, folders=("/project",))
    return Engine(settings or Settings(), policy, router, clock)


def backend(answer="a + b\n", **options):
    return ScriptedBackend(options.pop("clock", None) or ManualClock(), lambda _: answer, **options)


def ask(fixture="def add(a, b):\n    return ‸", trigger=Trigger.INVOKED, **options):
    options.setdefault("candidates", 1)
    return Request(cursor_at(fixture, path=options.pop("path", "/project/main.py")), trigger, **options)


async def test_a_suggestion_is_made_and_timed():
    source = backend()
    answer = await make(source).complete(ask())
    assert answer.suggestion.text == "a + b"
    assert answer.suggestion.origin == "backend"
    assert answer.backend == "scripted"
    assert answer.model == "qwen2.5-coder:0.5b"
    assert answer.prompt.family == "qwen"
    assert answer.prompt.tokens > 0
    assert {"gate", "cache", "debounce", "prompt", "first_token", "stream", "shaping", "total"} <= set(
        answer.timings_ms
    )


async def test_the_prompt_holds_the_text_around_the_cursor():
    source = backend()
    await make(source).complete(ask("import os\n\ndef add(a, b):\n    return ‸\n\nprint(add(1, 2))\n"))
    prompt = source.prompts[0].prompt
    assert prompt.prefix.endswith("def add(a, b):\n    return ")
    assert "print(add(1, 2))" in prompt.suffix
    assert prompt.path == "main.py"


async def test_what_follows_the_stop_rule_is_not_read():
    source = backend("a + b\n" + "print()\n" * 50)
    await make(source).complete(ask())
    assert source.closed == 1
    assert source.pieces_sent <= 2


async def test_typing_along_asks_no_backend():
    source = backend("a + b\n")
    engine = make(source)
    await engine.complete(ask())
    answer = await engine.complete(ask("def add(a, b):\n    return a +‸", Trigger.AUTOMATIC))
    assert answer.suggestion.text == " b"
    assert answer.suggestion.origin == "cache"
    assert len(source.prompts) == 1


async def test_an_automatic_request_waits_for_its_debounce():
    source = backend()
    task = asyncio.create_task(make(source).complete(ask(trigger=Trigger.AUTOMATIC)))
    await settle()
    assert not source.prompts
    await source.clock.advance(200)
    assert (await task).suggestion.text == "a + b"


async def test_a_stream_whose_request_was_cancelled_ends_when_nobody_comes_back():
    source = backend("a + b + c + d", token_ms=100)
    task = asyncio.create_task(make(source).complete(ask()))
    await source.clock.advance(150)
    assert source.open == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await source.clock.advance(LINGER_MS)
    assert (source.open, source.closed) == (0, 1)


@pytest.mark.parametrize(
    ("settings", "request_", "gate"),
    [
        ({"enabled": False}, ask(trigger=Trigger.AUTOMATIC), "disabled"),
        ({"languages": {"python": False}}, ask(), "language_disabled"),
        ({}, ask("pri‸nt", Trigger.AUTOMATIC), "inside_word"),
        ({}, ask("KEY=‸", path="/project/.env"), "excluded_path"),
        ({}, ask(backend="other"), "no_backend"),
    ],
)
async def test_gates_ask_no_backend(settings, request_, gate):
    source = backend()
    engine = make(source, settings=Settings.model_validate({"completion": settings}))
    answer = await engine.complete(request_)
    assert answer.gate.name == gate
    assert answer.suggestion is None
    assert not source.prompts


async def test_asked_by_hand_it_completes_even_when_automatic_suggestions_are_off():
    engine = make(backend(), settings=Settings.model_validate({"completion": {"enabled": False}}))
    assert (await engine.complete(ask())).suggestion.text == "a + b"


async def test_the_next_backend_answers_when_the_first_cannot():
    clock = ManualClock()
    first = backend(clock=clock, name="first", errors=[Unreachable("first: refused")])
    second = backend("b + a\n", clock=clock, name="second")
    changes = []
    answer = await make(first, second, changes=changes).complete(ask())
    assert answer.backend == "second"
    assert answer.suggestion.text == "b + a"
    assert [(name, type(error)) for name, error in changes] == [("first", Unreachable)]


async def test_a_failing_backend_is_left_alone_for_a_while_and_reported_once():
    clock = ManualClock()
    source = backend(clock=clock, errors=[Unreachable("scripted: refused")] * 2)
    changes = []
    engine = make(source, changes=changes)
    for _ in range(3):
        answer = await engine.complete(ask())
        assert answer.gate.name == "backend_failed"
        assert answer.gate.detail == "scripted: refused"
    assert source.probes == 1
    await clock.advance(600)
    await engine.complete(ask())
    assert source.probes == 2
    assert len(changes) == 1
    await clock.advance(6000)
    assert (await engine.complete(ask())).suggestion
    assert changes[-1] == ("scripted", None)


async def test_a_rate_limited_backend_is_not_asked_before_its_time():
    clock = ManualClock()
    source = backend(clock=clock)
    engine = make(source)
    await engine.complete(ask())
    source.errors.append(RateLimited("scripted: too many requests", retry_after_s=30))
    await engine.complete(ask("x = ‸"))
    await clock.advance(29_000)
    assert (await engine.complete(ask("y = ‸"))).gate.name == "backend_failed"
    await clock.advance(2_000)
    assert (await engine.complete(ask("y = ‸"))).suggestion


async def test_an_error_in_the_middle_is_a_gate():
    source = backend()
    engine = make(source)
    await engine.complete(ask())
    source.errors.append(StreamBroken("scripted: the connection was lost"))
    assert (await engine.complete(ask("z = ‸"))).gate.name == "backend_failed"


async def test_an_unknown_model_is_refused_with_what_to_set():
    answer = await make(backend(model="mystery-7b")).complete(ask())
    assert answer.gate.name == "backend_failed"
    assert "family" in answer.gate.detail
    assert "mystery-7b" in answer.gate.detail


async def test_a_missing_model_says_so():
    answer = await make(backend(errors=[ModelNotFound("scripted: run ollama pull x")])).complete(ask())
    assert answer.gate.detail == "scripted: run ollama pull x"


async def test_nothing_reaches_a_remote_backend_that_is_not_allowed():
    clock = ManualClock()
    hosted = backend(clock=clock, name="hosted", remote=True)
    answer = await make(hosted).complete(ask())
    assert answer.gate.name == "remote_refused"
    assert (hosted.prompts, hosted.probes) == ([], 0)
    assert (await make(hosted, remote_allowed=True).complete(ask())).suggestion


async def test_local_codestral_weights_are_refused_at_work_only():
    source = backend(model="codestral:22b")
    assert (await make(source).complete(ask())).suggestion
    at_work = Settings.model_validate({"licence": {"production": True}})
    answer = await make(source, settings=at_work).complete(ask())
    assert answer.gate.name == "licence"
    assert "Non-Production" in answer.gate.detail
    assert (await make(backend(), settings=at_work).complete(ask())).suggestion


async def test_a_forced_start_is_dropped_from_the_answer():
    source = backend(" + b\n", capabilities=Capabilities(forces_start=True))
    answer = await make(source).complete(ask("total = alpha‸"))
    assert source.prompts[0].prompt.forced
    assert answer.suggestion.text == " + b"


async def test_a_cut_off_block_loses_its_unfinished_line():
    source = backend("a = 1\n    b = so", finish=Finish.LENGTH)
    answer = await make(source).complete(ask("def f():\n    ‸"))
    assert answer.suggestion.text == "a = 1"


async def test_crlf_documents_see_plain_newlines():
    source = backend("a = 1\n    b = 2\n")
    answer = await make(source).complete(ask("def f():\r\n    ‸\r\n"))
    assert "\r" not in source.prompts[0].prompt.prefix
    assert answer.suggestion.text == "a = 1\n    b = 2"


async def test_positions_at_the_edges():
    for fixture in ("‸", "x‸", "\n\n‸", "😀 = ‸", "‸\n"):
        answer = await make(backend("y\n")).complete(ask(fixture))
        assert answer.suggestion or answer.gate, fixture


async def test_a_request_is_not_changed_by_a_later_edit():
    source = backend("a + b\n", first_token_ms=50)
    request = ask()
    task = asyncio.create_task(make(source).complete(request))
    await settle()
    replace(request.cursor.document, lines=("changed",), version=9)
    await source.clock.advance(100)
    assert (await task).suggestion.position == request.cursor.position
