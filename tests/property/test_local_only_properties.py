"""A file that is for local backends only never reaches a remote one, whatever fails, changes or is typed."""

import asyncio
import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from lsp_server.backends.base import RateLimited, StreamBroken, TimedOut, Unavailable, Unreachable
from lsp_server.config.settings import BackendSettings, Settings
from lsp_server.engine import Engine, Memory
from lsp_server.policy.clearance import Policy
from lsp_server.policy.paths import PathRules
from lsp_server.routing.router import Route, Router
from lsp_server.testing.backend import ScriptedBackend
from lsp_server.testing.clock import ManualClock, settle
from lsp_server.types import Cursor, Document, Position, Request, Snippet, Trigger

SEQUENCES = int(os.environ.get("CODESTRAL_LSP_SEQUENCES", "60"))
"""Of steps, each on a new engine; ``make test-local-only`` runs 10,000."""
PATHS = {"/project/internal/plan.py": "PRIVATE", "/project/open.py": "PUBLIC"}
FAILURES = (
    Unreachable("down"), TimedOut("slow"), Unavailable("busy"), StreamBroken("lost"), RateLimited("stop", 3.0)
)  # fmt: skip


class Sequence(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.clock = ManualClock()
        self.backends = [
            ScriptedBackend(self.clock, lambda _: "done()\n", "local", first_token_ms=50),
            ScriptedBackend(self.clock, lambda _: "done()\n", "hosted", remote=True, first_token_ms=80),
        ]
        self.texts = {path: f"{mark} = 1\n" for path, mark in PATHS.items()}
        self.version = 1
        self.memory = Memory()
        self.tasks = []
        self.engine = None
        self.loop.run_until_complete(self.build(("internal/**",), allowed=True, hedge=True))

    async def build(self, local_only, *, allowed, hedge):
        old = self.engine
        routes = [Route(b, BackendSettings(name=b.name, kind="openai", concurrency=1)) for b in self.backends]
        policy = Policy(PathRules((), local_only), remote_allowed=allowed, folders=("/project",))
        tree = {"routing": {"hedge": hedge, "max_wait_ms": 300}, "completion": {"debounce": 0}}
        self.engine = Engine(
            Settings.model_validate(tree), policy, Router(routes, self.clock), self.clock, self.memory
        )
        if old is not None:
            await old.close()

    def cursor(self, path):
        lines = (*self.texts[path].splitlines(keepends=True), "")
        document = Document(f"file://{path}", path, "python", self.version, lines)
        return Cursor(document, Position(len(lines) - 1, 0))

    @rule(path=st.sampled_from(sorted(PATHS)), by_hand=st.booleans())
    def ask(self, path, by_hand):
        async def begin():
            trigger = Trigger.INVOKED if by_hand else Trigger.AUTOMATIC
            self.tasks.append(
                asyncio.ensure_future(self.engine.complete(Request(self.cursor(path), trigger, path)))
            )
            await settle()

        self.loop.run_until_complete(begin())

    @rule(path=st.sampled_from(sorted(PATHS)), word=st.sampled_from(["x = 1\n", "if a:\n", "call(b)\n"]))
    def edit(self, path, word):
        self.texts[path] += word
        self.version += 1

    @rule(ms=st.sampled_from([10, 60, 100, 400, 2500, 20_000]))
    def wait(self, ms):
        self.loop.run_until_complete(self.clock.advance(ms))

    @rule(which=st.sampled_from([0, 1]), error=st.sampled_from(FAILURES), times=st.integers(1, 3))
    def fail(self, which, error, times):
        self.backends[which].errors += [error] * times

    @rule(which=st.sampled_from([0, 1]), ms=st.sampled_from([10, 80, 5000]))
    def slow(self, which, ms):
        self.backends[which].first_token_ms = ms

    @rule(more=st.sampled_from([(), ("other/**",), ("*.md",)]), allowed=st.booleans(), hedge=st.booleans())
    def configure(self, more, allowed, hedge):
        rules = (*more, "internal/**")
        self.loop.run_until_complete(self.build(rules, allowed=allowed, hedge=hedge))

    @rule()
    def cancel(self):
        for task in self.tasks[-1:]:
            task.cancel()
        self.loop.run_until_complete(settle())

    @invariant()
    def nothing_private_is_sent(self):
        for clean in self.backends[1].prompts:
            assert "PRIVATE" not in clean.prompt.text
            assert clean.prompt.path != "internal/plan.py"

    def teardown(self):
        async def end():
            closing = asyncio.ensure_future(self.engine.close())
            await self.clock.advance(60_000)
            await closing
            for task in self.tasks:
                task.cancel()
            await asyncio.gather(*self.tasks, return_exceptions=True)

        self.loop.run_until_complete(end())
        self.loop.close()


Sequence.TestCase.settings = settings(
    max_examples=SEQUENCES,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
test_nothing_private_leaves = Sequence.TestCase


def test_the_sequences_do_reach_the_remote_backend():
    """The invariant would hold of a machine that never sends anything."""
    machine = Sequence()
    machine.fail(0, Unreachable("down"), 3)
    machine.ask("/project/open.py", by_hand=True)
    machine.wait(400)
    assert any("PUBLIC" in clean.prompt.text for clean in machine.backends[1].prompts)
    machine.nothing_private_is_sent()
    machine.teardown()


def test_a_snippet_of_such_a_file_stays_too():
    policy = Policy(PathRules((), ("internal/**",)), remote_allowed=True, folders=("/project",))
    machine = Sequence()
    machine.ask("/project/open.py", by_hand=True)
    machine.wait(400)
    prompt = machine.backends[0].prompts[0].prompt
    with_snippet = type(prompt)(
        **{name: getattr(prompt, name) for name in prompt.__slots__}
        | {"snippets": (Snippet("internal/plan.py", "PRIVATE = 1\n", 1.0, "windows"),)}
    )
    remote, local = machine.backends[1].destination, machine.backends[0].destination
    cursor = machine.cursor("/project/open.py")
    assert policy.clear(with_snippet, cursor, remote).prompt.snippets == ()
    assert policy.clear(with_snippet, cursor, local).prompt.snippets
    machine.teardown()
