"""Whatever is typed and however requests come and go: every one is answered, and with what fits."""

import asyncio

from hypothesis import example, given, settings
from hypothesis import strategies as st

from lsp_server.testing.clock import settle
from lsp_server.testing.session import TypingSession
from lsp_server.types import Trigger

BEFORE = "import numbers\n\ndef total(values):\n    "
TRUTH = "result = combine(values[0], {'a': [1]})\n    other = result + 1\n    return sum(other)"
ODD = "odd(1)"
AFTER = "\n\n\nprint(total([1]))\n"

LETTERS = st.integers(1, 12).map(lambda count: ("type", count))
ACTIONS = st.one_of(
    LETTERS,
    LETTERS,
    st.sampled_from("xy (\n").map(lambda letter: ("other", letter)),
    st.integers(1, 4).map(lambda count: ("delete", count)),
    st.just(("ask", Trigger.AUTOMATIC)),
    st.just(("ask", Trigger.AUTOMATIC)),
    st.just(("ask", Trigger.INVOKED)),
    st.integers(0, 9).map(lambda number: ("cancel", number)),
    st.integers(1, 400).map(lambda duration_ms: ("pass", duration_ms)),
    st.just(("accept", None)),
)


def model(clean):
    """Knows how the text goes on from where it is as it should be; says something else anywhere else."""
    typed = (clean.prompt.prefix + clean.prompt.forced).rpartition("values):\n    ")[2]
    return TRUTH[len(typed) :] + "\n\n" if TRUTH.startswith(typed) else ODD + "\n"


def typed_text(session):
    return session.document.text.removeprefix(BEFORE).removesuffix(AFTER)


class Run:
    """One session under test, and its requests with the text as it was when they were made."""

    def __init__(self, concurrency, speculation):
        self.session = TypingSession(
            BEFORE, AFTER, model, {"speculation": speculation, "candidates": 2}, token_ms=8.0
        )
        self.session.backend.capabilities = type(self.session.backend.capabilities)(
            concurrency=concurrency, prefills=True
        )
        self.session.route.__post_init__()
        self.requests = []

    async def do(self, action, value):
        session, typed = self.session, typed_text(self.session)
        if action == "type" and TRUTH.startswith(typed):
            session.edit(TRUTH[len(typed) :][:value])
        elif action == "other":
            session.edit(value)
        elif action == "delete":
            session.edit(delete=min(value, session.position.column - 4))
        elif action == "ask":
            self.requests.append((typed, value, await session.ask(value)))
        elif action == "cancel" and value < len(self.requests):
            self.requests[-1 - value][2].cancel()
        elif action == "pass":
            await session.clock.advance(value)
        elif action == "accept" and self.requests and self.requests[-1][2].done():
            _, _, task = self.requests[-1]
            answer = None if task.cancelled() else task.result()
            if answer and answer.suggestion and self.requests[-1][0] == typed:
                session.edit(answer.suggestion.text)
        await settle()

    def check(self):
        for typed, trigger, task in self.requests:
            assert task.done()
            if task.cancelled():
                continue
            answer = task.result()
            assert bool(answer.suggestions) != bool(answer.gate)
            assert len({s.text for s in answer.suggestions}) == len(answer.suggestions)
            assert trigger is Trigger.INVOKED or len(answer.suggestions) <= 1
            if answer.suggestion:
                text = answer.suggestion.text
                right = TRUTH[len(typed) :] if TRUTH.startswith(typed) else ODD
                assert right.startswith(text) or (right == ODD and ODD.endswith(text))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(ACTIONS, min_size=8, max_size=60), st.sampled_from([1, 4]), st.sampled_from(["never", "local"])
)
@example([("ask", Trigger.AUTOMATIC), ("type", 3), ("pass", 400), ("accept", None)], 1, "local")
def test_every_request_is_answered_with_what_fits(actions, concurrency, speculation):
    async def run():
        run = Run(concurrency, speculation)
        for action, value in actions:
            await run.do(action, value)
        await run.session.clock.advance(20_000)
        run.check()
        await run.session.stop()
        backend = run.session.backend
        assert backend.open == 0
        assert run.session.route.slots.running == run.session.route.slots.waiting == 0
        account = run.session.engine.account
        assert account.used <= account.received <= backend.pieces_sent

    asyncio.run(run())
