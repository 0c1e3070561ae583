"""What the engine asks, joins, keeps and gives up while somebody types."""

import asyncio

import pytest

from lsp_server.ahead import IDLE_MS, READING_MS
from lsp_server.backends.base import Capabilities, StreamBroken
from lsp_server.config.settings import BackendSettings
from lsp_server.document.store import DocumentStore
from lsp_server.generation import EARLY_MS
from lsp_server.schedule.inflight import LINGER_MS
from lsp_server.testing.clock import settle
from lsp_server.testing.session import TypingSession
from lsp_server.types import Cursor, Position, Request, Trigger

BEFORE = "import numbers\n\ndef total(values):\n    found = "
AFTER = "\n\n\nprint(total([1]))\n"
LINE = "sum(values)\n"


@pytest.fixture
async def start():
    sessions = []

    def make(answer=LINE, text=(BEFORE, AFTER), **options):
        answers = answer if callable(answer) else lambda _: answer
        sessions.append(TypingSession(*text, answers, **options))
        return sessions[-1]

    yield make
    for session in sessions:
        await session.stop()


async def test_typing_along_a_stream_joins_it(start):
    session = start()
    first = await session.ask()
    await session.clock.advance(50)
    first.cancel()
    session.edit("s")
    answer = await session.answer(50)
    assert (answer.suggestion.text, answer.suggestion.origin) == ("um(values)", "joined")
    assert len(session.backend.prompts) == 1
    assert session.engine.account.joined == 1


async def test_a_suggestion_says_what_it_replaces_behind_the_cursor(start):
    session = start("values) + 1\n", text=("import numbers\n\nfound = sum(", ")\n"))
    answer = await session.answer(100)
    assert (answer.suggestion.text, answer.suggestion.replaces) == ("values) + 1", 1)
    session.edit("val")
    answer = await session.answer()
    assert (answer.suggestion.text, answer.suggestion.replaces) == ("ues) + 1", 1)


async def test_what_the_model_is_unsure_of_is_shown_when_it_is_asked_for_or_typed_along(start):
    session = start(logprob=-1.0)
    assert await session.shows(100) == "confidence"
    assert await session.shows() == "confidence"
    assert len(session.backend.prompts) == 1
    assert await session.shows(trigger=Trigger.INVOKED, candidates=1) == "sum(values)"
    for letter, shown in (("s", "confidence"), ("u", "confidence"), ("m", "(values)")):
        session.edit(letter)
        assert await session.shows() == shown
    assert len(session.backend.prompts) == 1


async def test_an_eager_user_sees_what_the_model_is_unsure_of(start):
    session = start(logprob=-1.0, completion={"eagerness": 1.0})
    assert await session.shows(100) == "sum(values)"


async def test_typing_something_else_closes_the_stream_and_asks_anew(start):
    session = start(token_ms=50.0)
    await session.ask()
    await session.clock.advance(120)
    assert session.backend.open == 1
    session.edit("x")
    await settle()
    assert (session.backend.open, session.backend.closed) == (0, 1)
    session.backend.answer = lambda _: "tra\n"
    assert await session.shows(300) == "tra"
    assert len(session.backend.prompts) == 2


async def test_a_stream_that_answers_otherwise_than_was_typed_meanwhile_is_replaced(start):
    session = start()
    await session.ask()
    await session.clock.advance(50)
    session.edit("m")
    second = await session.ask()
    session.backend.answer = lambda _: "ax(values)\n"
    # The first stream's answer was fixed when it was opened.
    await session.clock.advance(250)
    assert second.result().suggestion.text == "ax(values)"
    assert second.result().suggestion.origin == "backend"
    assert session.backend.closed >= 1


async def test_the_next_line_is_known_when_the_first_is_accepted(start):
    session = start(
        LINE + "    extra(values)\n    more(values)\n    most(values)\n    beyond()\n", token_ms=10.0
    )
    assert await session.shows(200) == "sum(values)"
    await session.clock.advance(1000)
    session.edit("sum(values)")
    assert await session.shows() == "\n    extra(values)"
    session.edit("\n    extra(values)")
    assert await session.shows() == "\n    more(values)"
    session.edit("\n    more(values)")
    assert await session.shows() == "\n    most(values)"
    assert len(session.backend.prompts) == 1
    assert session.backend.closed == 1
    account = session.engine.account
    assert account.used <= account.received <= account.used + 2


async def test_what_runs_on_behind_the_first_unit_gives_way_to_a_request(start):
    session = start(LINE + "    extra(values)\n" * 2, token_ms=100.0)
    assert await session.shows(1000) == "sum(values)"
    assert session.backend.open == 1
    session.edit("x", delete=0)
    session.backend.answer = lambda _: "yz\n"
    task = await session.ask()
    await session.clock.advance(500)
    assert task.result().suggestion.text == "yz"


BLOCK = ("def total(values):\n    ", "\n\n\nprint(total([1]))\n")


async def test_a_slow_block_is_shown_by_its_complete_lines_and_grows(start):
    block = "one = values[0]\n    two = values[1]\n    return one + two\n\n\n"
    session = start(block, text=BLOCK, token_ms=100.0)
    answer = await session.answer(100 + EARLY_MS + 200)
    assert answer.suggestion.text == "one = values[0]"
    await session.clock.advance(5000)
    assert await session.shows() == block.rstrip()


async def test_a_quick_block_is_shown_whole(start):
    block = "one = values[0]\n    two = values[1]\n    return one + two\n\n\n"
    session = start(block, text=BLOCK, token_ms=1.0)
    assert await session.shows(200) == block.rstrip()


async def test_a_line_that_would_end_late_is_not_waited_for(start):
    # The first line takes 240 ms, so the second is expected after 480: too late.
    session = start("one = values[0]\n    two = values[1]\n    three = 3\n\n\n", text=BLOCK, token_ms=80.0)
    answer = await session.answer(100 + 250)
    assert answer.suggestion.text == "one = values[0]"


async def test_lines_of_a_block_that_was_left_are_known_when_the_user_comes_back(start):
    session = start("one = values[0]\n    two = values[1]\n    three = 3\n", text=BLOCK, token_ms=10.0)
    await session.ask()
    await session.clock.advance(160)
    session.edit("x")
    await settle()
    assert session.backend.open == 0
    session.edit(delete=1)
    assert await session.shows() == "one = values[0]"
    assert len(session.backend.prompts) == 1


async def test_what_follows_is_not_asked_for_again_where_there_was_nothing(start):
    answers = iter(["sum(values)", "", "\n    extra()"])
    session = start(lambda _: next(answers), completion={"speculation": "local"})
    assert await session.shows(100) == "sum(values)"
    await session.clock.advance(READING_MS + 200)
    assert len(session.backend.prompts) == 2
    for letter in "sum":
        session.edit(letter)
        await session.answer()
        await session.clock.advance(READING_MS + 200)
    session.edit("(values)")
    assert await session.shows() == "empty"
    assert len(session.backend.prompts) == 2
    assert await session.shows(100, trigger=Trigger.INVOKED, candidates=1) == "\n    extra()"


async def test_while_a_suggestion_is_read_the_next_is_asked_for(start):
    answers = iter(["sum(values)", "\n    extra()\n", "\n    wrong()\n"])
    session = start(lambda _: next(answers), completion={"speculation": "local"})
    assert await session.shows(100) == "sum(values)"
    await session.clock.advance(READING_MS - 1)
    assert len(session.backend.prompts) == 1
    await session.clock.advance(200)
    assert len(session.backend.prompts) == 2
    assert session.backend.prompts[1].prompt.prefix.endswith("found = sum(values)")
    session.edit("sum(")
    assert await session.shows() == "values)"
    session.edit("values)")
    assert await session.shows() == "\n    extra()"


@pytest.mark.parametrize(
    ("speculation", "remote", "prices", "asked"),
    [
        ("local", False, None, 2),
        ("local", True, None, 1),
        ("local", True, 0.0, 2),
        ("local", True, 0.3, 1),
        ("always", True, 0.3, 2),
        ("never", False, None, 1),
    ],
)
async def test_where_work_is_done_ahead(start, speculation, remote, prices, asked):
    session = start("sum(values)", completion={"speculation": speculation}, remote=remote)
    session.route.settings = BackendSettings(
        name="scripted", kind="openai", price_in=prices, price_out=prices
    )
    assert await session.shows(100) == "sum(values)"
    await session.clock.advance(READING_MS + 200)
    assert len(session.backend.prompts) == asked


async def test_typing_something_else_ends_the_work_ahead(start):
    session = start("sum(values)", completion={"speculation": "local"})
    assert await session.shows(100) == "sum(values)"
    session.backend.token_ms = 50.0
    await session.clock.advance(READING_MS + 120)
    assert session.backend.open == 1
    session.edit("x")
    await settle()
    assert session.backend.open == 0


async def test_a_rejected_suggestion_is_not_offered_again_unless_asked_for(start):
    session = start()
    assert await session.shows(100) == "sum(values)"
    for letter in "xyz":
        session.edit(letter)
    for _ in "xyz":
        session.edit(delete=1)
    assert await session.shows(500) == "rejected"
    assert await session.shows(500, trigger=Trigger.INVOKED, candidates=1) == "sum(values)"


async def test_what_is_shown_is_not_replaced_by_something_else(start):
    session = start(lambda clean: "sum(values)\n" if not clean.prompt.temperature else "max(values)\n")
    assert await session.shows(100) == "sum(values)"
    answer = await session.answer(500, trigger=Trigger.INVOKED, candidates=2)
    assert answer.timings_ms["alternatives"] > 0
    assert sum(v for k, v in answer.timings_ms.items() if k != "total") == pytest.approx(
        answer.timings_ms["total"]
    )
    assert [s.text for s in answer.suggestions] == ["sum(values)", "max(values)"]
    assert await session.shows() == "sum(values)"
    session.edit("m")
    assert await session.shows() == "ax(values)"


def by_temperature(*texts):
    """Answers in turn, the first for the temperature 0."""
    others = iter(texts[1:])
    return lambda clean: next(others, texts[-1]) if clean.prompt.temperature else texts[0]


async def test_asked_by_hand_there_are_several(start):
    session = start(by_temperature("one\n", "two\n", "three\n"), capabilities=Capabilities(concurrency=4))
    answer = await session.answer(250, trigger=Trigger.INVOKED)
    assert [s.text for s in answer.suggestions] == ["one", "two", "three"]
    assert [clean.prompt.temperature > 0 for clean in session.backend.prompts] == [False, True, True]


async def test_who_asks_again_gets_the_first_at_once_and_all_the_second_time(start):
    session = start(by_temperature("one\n", "two\n", "three\n"), capabilities=Capabilities(concurrency=4))
    first = await session.answer(100, trigger=Trigger.INVOKED, asks_again=True)
    assert [s.text for s in first.suggestions] == ["one"]
    second = await session.answer(100, trigger=Trigger.INVOKED, asks_again=True)
    assert [s.text for s in second.suggestions] == ["one", "two", "three"]
    assert len(session.backend.prompts) == 3


async def test_a_model_that_knows_only_one_answer_is_not_asked_for_ever(start):
    session = start("one\n", capabilities=Capabilities(concurrency=4))
    answer = await session.answer(1000, trigger=Trigger.INVOKED)
    assert [s.text for s in answer.suggestions] == ["one"]
    asked = len(session.backend.prompts)
    assert asked == 5
    assert [s.text for s in (await session.answer(trigger=Trigger.INVOKED)).suggestions] == ["one"]
    assert len(session.backend.prompts) == asked


async def test_the_newest_request_gets_the_only_slot_first(start):
    session = start(token_ms=10.0)
    running = await session.ask()
    await session.clock.advance(50)
    other = DocumentStore()
    tasks = []
    for name in ("a", "b"):
        document = other.open(f"file:///project/{name}.py", "python", 1, f"{name} = ")
        request = Request(Cursor(document, Position(0, 4)), Trigger.AUTOMATIC, name)
        tasks.append(asyncio.ensure_future(session.engine.complete(request)))
        await settle()
    assert len(session.backend.prompts) == 1
    await session.clock.advance(150)
    assert running.done()
    assert session.backend.prompts[1].prompt.prefix.endswith("b = ")
    await session.clock.advance(1000)
    assert all(task.done() for task in tasks)


async def test_a_request_that_was_cancelled_while_it_queued_asks_nobody(start):
    session = start()
    await session.ask()
    await session.clock.advance(50)
    document = DocumentStore().open("file:///project/a.py", "python", 1, "a = ")
    request = Request(Cursor(document, Position(0, 4)), Trigger.AUTOMATIC, "a")
    task = asyncio.ensure_future(session.engine.complete(request))
    await settle()
    task.cancel()
    await settle()
    await session.clock.advance(LINGER_MS + 1000)
    assert len(session.backend.prompts) == 1


async def test_after_a_pause_a_local_engine_reads_what_it_has_not_read(start):
    many = "".join(f"value_{number} = {number}\n" for number in range(60))
    session = start(text=(many, ""), completion={"speculation": "local"})
    session.backend.capabilities = Capabilities(prefills=True)
    await session.shows(200)
    session.edit("def f():\n" + many)
    await settle()
    await session.clock.advance(IDLE_MS - 1)
    assert not session.backend.prefilled
    await session.clock.advance(1)
    assert len(session.backend.prefilled) == 1
    session.edit("x")
    await settle()
    await session.clock.advance(IDLE_MS)
    assert len(session.backend.prefilled) == 1


async def test_what_stands_survives_a_broken_stream(start):
    session = start("one = 1\n    two = 2\n", token_ms=10.0)
    answer = await session.ask()
    await session.clock.advance(150)
    assert answer.result().suggestion.text == "one = 1"
    session.backend.errors.append(StreamBroken("scripted: broken"))
    await session.clock.advance(500)
    assert await session.shows() == "one = 1"


async def test_a_request_about_a_text_that_is_gone_starts_nothing(start):
    session = start(token_ms=10.0)
    first = await session.ask()
    await session.clock.advance(110)
    session.edit("x")
    await settle()
    assert first.result().gate.name == "left"
    assert len(session.backend.prompts) == 1
