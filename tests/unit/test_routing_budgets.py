"""Limits on what backends use: when they hold, when they end, and that servers count together."""

import os
import sqlite3
import stat
import threading
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from lsp_server.config.settings import BackendSettings
from lsp_server.routing.budgets import Budgets
from lsp_server.routing.counts import DAMAGED, EVERY_MS, SharedCounts
from lsp_server.routing.health import OverBudget
from lsp_server.routing.ledger import FILE_NAME, Busy, Counts, Ledger, Told, Unusable
from lsp_server.routing.periods import Minute, SystemZone, later, next_midnight
from lsp_server.testing.clock import ManualClock
from lsp_server.types import Usage

BERLIN = ZoneInfo("Europe/Berlin")
posix = pytest.mark.skipif(os.name != "posix", reason="needs file modes")


class Times:
    """A monotonic clock and the user's time, which pass together."""

    def __init__(self, now=datetime(2026, 11, 25, 12, 0, tzinfo=BERLIN)):
        self.clock = ManualClock()
        self.start = now

    def __call__(self):
        return later(self.start, self.clock.now_ms())

    async def wait(self, **duration):
        await self.clock.advance(timedelta(**duration).total_seconds() * 1000)


@pytest.fixture
def times():
    return Times()


@pytest.fixture
def said():
    return []


@pytest.fixture
def start(tmp_path, times, said):
    def make(folder=tmp_path / "budgets"):
        return Budgets(folder, times.clock, said.append, times, by_itself=False)

    return make


def backend(name="hosted", **settings):
    return BackendSettings(**{"kind": "mistral"} | settings, name=name)


def ask(budgets, one, count=1):
    for _ in range(count):
        assert budgets.refusal(one, "") is None
        budgets.asked(one)


# Limits and their ends.


async def test_requests_a_day_end_at_midnight(start, times):
    budgets, limited = start(), backend(daily_requests=3)
    ask(budgets, limited, 3)
    line = budgets.refusal(limited, "")
    assert line == (
        "hosted: its limit of 3 requests a day (daily_requests) is used up: "
        "it is not asked until midnight, or until the limit is raised"
    )
    await times.wait(hours=11, minutes=59)
    assert budgets.refusal(limited, "") == line
    await times.wait(minutes=1)
    ask(budgets, limited, 3)
    assert budgets.refusal(limited, "") == line


async def test_a_day_with_25_hours_is_one_day():
    times = Times(datetime(2026, 10, 25, 0, 30, tzinfo=BERLIN))
    budgets = Budgets(None, times.clock, print, times)
    limited = backend(daily_requests=1)
    ask(budgets, limited)
    await times.wait(hours=24)
    assert budgets.refusal(limited, "")
    assert times().isoformat() == "2026-10-25T23:30:00+01:00"
    await times.wait(minutes=30)
    assert budgets.refusal(limited, "") is None


async def test_tokens_a_day_count_what_is_read_and_written(start):
    budgets, limited = start(), backend(daily_tokens=1000)
    budgets.used(limited, "codestral-latest", Usage(prompt_tokens=900, completion_tokens=99), 5000, 5000)
    assert budgets.refusal(limited, "") is None
    budgets.used(limited, "codestral-latest", None, 0, 1)
    assert "1,000 tokens a day (daily_tokens)" in budgets.refusal(limited, "")


async def test_estimates_stand_in_for_what_a_backend_does_not_tell(start):
    budgets, limited = start(), backend(daily_tokens=100)
    budgets.used(limited, "", Usage(prompt_tokens=60), 9000, 30)
    [told] = [b for b in (budgets.refusal(limited, ""), budgets.as_json()) if b]
    assert told[0]["day"]["tokens"] == {"used": 90, "limit": 100}


async def test_a_cost_a_day_with_mistrals_prices(start):
    budgets, limited = start(), backend(daily_cost=0.5)
    budgets.used(limited, "codestral-latest", None, 1_000_000, 222_222)
    assert budgets.refusal(limited, "codestral-latest") is None
    budgets.used(limited, "codestral-latest", None, 0, 1)
    assert "a cost of 0.5 a day (daily_cost)" in budgets.refusal(limited, "codestral-latest")


async def test_a_cost_that_cannot_be_known_is_refused(start):
    budgets = start()
    line = budgets.refusal(backend(kind="openai", url="https://llm.example.org", daily_cost=5), "big-model")
    assert "no price is known for big-model" in line
    assert "set price_in and price_out" in line
    priced = backend(kind="openai", url="https://llm.example.org", daily_cost=5, price_in=1, price_out=1)
    assert budgets.refusal(priced, "big-model") is None
    assert budgets.refusal(backend(daily_cost=5), "") is None, "the default model is asked for its name first"
    assert "no price is known for its model" in budgets.refusal(backend(kind="ollama", daily_cost=5), "")


async def test_requests_a_minute(start, times):
    budgets, limited = start(), backend(minute_requests=4)
    ask(budgets, limited)
    await times.wait(seconds=10)
    ask(budgets, limited)
    await times.wait(seconds=10)
    ask(budgets, limited, 2)
    line = budgets.refusal(limited, "")
    assert "its limit of 4 requests a minute (minute_requests) is used up" in line
    assert "until 12:01:10" in line
    await times.wait(seconds=45)
    assert budgets.refusal(limited, "") == line, "one free place does not end it"
    await times.wait(seconds=5)
    ask(budgets, limited, 2)
    assert budgets.refusal(limited, "")


async def test_the_line_stays_the_same_while_a_limit_holds(start, times):
    budgets, limited = start(), backend(minute_requests=1)
    ask(budgets, limited)
    lines = set()
    for _ in range(100):
        await times.wait(milliseconds=599)
        lines.add(budgets.refusal(limited, ""))
    assert len(lines) == 1


@pytest.mark.parametrize("setting", ["minute_requests", "daily_requests", "daily_tokens", "daily_cost"])
async def test_a_limit_of_nothing_switches_a_backend_off(start, times, setting):
    budgets, limited = start(), backend(**{setting: 0})
    assert budgets.refusal(limited, "") == (
        f"hosted: it is not used, since {setting} is 0: raise it to use this backend"
    )
    await times.wait(days=2)
    assert budgets.refusal(limited, "")


async def test_a_raised_limit_counts_at_once(start):
    budgets = start()
    ask(budgets, backend(daily_requests=2, minute_requests=2), 2)
    assert budgets.refusal(backend(daily_requests=2), "")
    assert budgets.refusal(backend(minute_requests=2), "")
    assert budgets.refusal(backend(daily_requests=3, minute_requests=3), "") is None


async def test_parallel_requests_cannot_exceed_a_limit(start):
    budgets, limited = start(), backend(daily_requests=5, minute_requests=50)
    allowed = [budgets.refusal(limited, "") for _ in range(20)]
    assert allowed == [None] * 20
    for _ in range(5):
        budgets.asked(limited)
    for _ in range(15):
        with pytest.raises(OverBudget, match="daily_requests"):
            budgets.asked(limited)
    assert budgets.as_json()[0]["day"]["requests"]["used"] == 5


async def test_backends_count_apart(start):
    budgets = start()
    ask(budgets, backend(daily_requests=1))
    assert budgets.refusal(backend("other", daily_requests=1), "") is None
    assert budgets.refusal(backend(daily_requests=1, url="https://api.mistral.ai"), "") is None


async def test_a_local_backend_without_limits_is_not_counted(start, tmp_path):
    budgets = start()
    ask(budgets, backend("local", kind="ollama"), 3)
    budgets.used(backend("local", kind="ollama"), "", None, 10, 10)
    budgets.close()
    assert budgets.as_json() == []
    assert not (tmp_path / "budgets").exists()


async def test_what_is_used_is_told_as_json(start):
    budgets, limited = start(), backend(daily_requests=9, daily_cost=1.0, minute_requests=1)
    ask(budgets, limited)
    budgets.used(limited, "codestral-latest", None, 1000, 10)
    budgets.refusal(limited, "")
    assert budgets.as_json() == [
        {
            "name": "hosted",
            "minute": {"until": "12:01:00", "requests": {"used": 1, "limit": 1}},
            "day": {
                "until": "2026-11-26T00:00:00+01:00",
                "requests": {"used": 1, "limit": 9},
                "tokens": {"used": 1010, "limit": None},
                "cost": {"used": 0.000309, "limit": 1.0},
            },
        }
    ]


# Several servers, restarts, and trouble with the file.


async def test_counts_hold_across_a_restart(start):
    first, limited = start(), backend(daily_requests=3, daily_tokens=50, daily_cost=1.0)
    ask(first, limited, 2)
    first.used(limited, "codestral-latest", None, 30, 10)
    first.close()
    second = start()
    assert second.refusal(limited, "") is None
    ask(second, limited)
    assert second.refusal(limited, "")
    day = second.as_json()[0]["day"]
    assert (day["requests"]["used"], day["tokens"]["used"]) == (3, 40)
    assert day["cost"]["used"] == pytest.approx(30 * 0.3e-6 + 10 * 0.9e-6)


async def test_the_first_request_after_a_restart_knows_the_limit(start):
    first, limited = start(), backend(daily_requests=1)
    ask(first, limited)
    first.close()
    assert start().refusal(limited, "")


async def test_servers_count_together(tmp_path, times):
    one, two = (SharedCounts(tmp_path / "b", times.clock, times, by_itself=False) for _ in range(2))
    key = ("2026-11-25", "hosted")
    one.add(key, Counts(requests=2, tokens=10))
    two.add(key, Counts(requests=3, cost=7))
    one.exchange()
    two.exchange()
    assert two.of(key) == Counts(5, 10, 7)
    assert one.of(key) == Counts(2, 10, 0)
    one.exchange()
    assert one.of(key) == Counts(5, 10, 7)
    one.exchange()
    two.exchange()
    assert one.of(key) == two.of(key) == Counts(5, 10, 7)


async def test_a_minute_counts_the_requests_of_other_servers(tmp_path, times, said):
    one, two = (Budgets(tmp_path / "b", times.clock, said.append, times, by_itself=False) for _ in range(2))
    limited = backend(minute_requests=4)
    ask(one, limited, 3)
    one._counts.exchange()
    await times.wait(seconds=20)
    assert two.refusal(limited, "") is None
    ask(two, limited)
    assert "until 12:01:00" in two.refusal(limited, "")
    await times.wait(seconds=40)
    two._counts.exchange()
    ask(two, limited, 3)
    assert two.refusal(limited, "")


async def test_nothing_is_lost_or_counted_twice_by_many_at_once(tmp_path, times):
    servers = [SharedCounts(tmp_path / "b", times.clock, times, by_itself=False) for _ in range(6)]
    key = ("2026-11-25", "hosted")

    def work(server):
        for _ in range(10):
            server.add(key, Counts(requests=1, tokens=2))
            server.exchange(30.0)

    threads = [threading.Thread(target=work, args=(server,)) for server in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    servers[0].exchange()
    assert servers[0].of(key) == Counts(60, 120, 0)


async def test_a_thread_brings_what_was_added(tmp_path, times):
    written = threading.Event()

    class Watched(SharedCounts):
        def exchange(self, timeout_s=1.0):
            super().exchange(timeout_s)
            written.set()

    counts = Watched(tmp_path / "b", times.clock, times)
    key = ("2026-11-25", "hosted")
    counts.add(key, Counts(requests=1))
    assert written.wait(10)
    counts.add(key, Counts(requests=1))
    counts.close()
    other = SharedCounts(tmp_path / "b", times.clock, times, by_itself=False)
    other.freshen()
    assert other.of(key) == Counts(requests=2)


async def test_no_request_waits_for_the_file_but_the_first(tmp_path, times):
    budgets, limited = (
        Budgets(tmp_path / "b", times.clock, print, times, by_itself=False),
        backend(daily_requests=100),
    )
    exchanges = []
    budgets._counts.exchange = lambda timeout_s=0: exchanges.append(timeout_s)
    for _ in range(20):
        ask(budgets, limited)
        await times.wait(milliseconds=EVERY_MS)
    assert len(exchanges) == 1
    assert 0 < exchanges[0] < 1


@posix
async def test_the_file_is_for_its_owner_alone(start, tmp_path):
    folder = tmp_path / "budgets"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    budgets = start()
    ask(budgets, backend(), 1)
    budgets.close()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()] == [0o600] * len(
        list(folder.iterdir())
    )


async def test_the_file_holds_names_and_numbers_alone(start, tmp_path):
    budgets = start()
    ask(budgets, backend(), 2)
    budgets.used(backend(), "codestral-latest", None, 1000, 10)
    budgets.close()
    with sqlite3.connect(tmp_path / "budgets" / FILE_NAME) as db:
        rows = db.execute("SELECT * FROM days").fetchall()
    db.close()
    assert rows == [("2026-11-25", "https://codestral.mistral.ai hosted", 2, 1010, 309_000)]


async def test_a_damaged_file_is_made_anew_and_said_once(start, tmp_path, said):
    budgets, limited = start(), backend(daily_requests=4)
    ask(budgets, limited, 2)
    budgets._counts.exchange()
    path = tmp_path / "budgets" / FILE_NAME
    path.write_bytes(b"no database" * 1000)
    ask(budgets, limited)
    budgets._counts.exchange()
    ask(budgets, limited)
    assert said == [DAMAGED]
    assert budgets.refusal(limited, "")
    budgets.close()
    assert start().refusal(limited, ""), "what this server knew was written anew"
    assert path.with_suffix(".damaged").exists()


async def test_a_file_that_was_removed_is_made_anew(start, tmp_path):
    budgets, limited = start(), backend(daily_requests=2)
    ask(budgets, limited, 2)
    budgets._counts.exchange()
    (tmp_path / "budgets" / FILE_NAME).unlink()
    budgets._counts.exchange()
    assert start().refusal(limited, "")


async def test_a_folder_that_cannot_be_made_is_said_once_and_limits_hold(tmp_path, said, start):
    (tmp_path / "in-the-way").write_text("")
    budgets, limited = start(tmp_path / "in-the-way" / "budgets"), backend(daily_requests=2)
    ask(budgets, limited, 2)
    budgets._counts.exchange()
    assert budgets.refusal(limited, "")
    budgets._counts.exchange()
    assert budgets.refusal(limited, "")
    [line] = said
    assert "limits hold for this session alone" in line
    assert str(tmp_path) not in line


@posix
async def test_a_link_in_the_place_of_the_file_is_not_followed(tmp_path, times):
    folder = tmp_path / "budgets"
    folder.mkdir()
    precious = tmp_path / "precious"
    precious.write_text("precious")
    (folder / FILE_NAME).symlink_to(precious)
    with pytest.raises(Unusable):
        Ledger(folder, "me").exchange(Told(), times().date(), 0.0, 0.1)
    assert precious.read_text() == "precious"
    assert folder.stat()


async def test_a_file_of_another_version_is_left_alone(tmp_path, times):
    folder = tmp_path / "budgets"
    folder.mkdir()
    with sqlite3.connect(folder / FILE_NAME) as db:
        db.execute("PRAGMA user_version=99")
    db.close()
    with pytest.raises(Unusable, match="another version"):
        Ledger(folder, "me").exchange(Told(), times().date(), 0.0, 0.1)
    assert not list(folder.glob("*.damaged"))


async def test_a_file_that_another_server_holds_is_waited_for_in_bounds(tmp_path, times):
    ledger = Ledger(tmp_path / "budgets", "me")
    ledger.exchange(Told(), times().date(), 0.0, 1.0)
    holder = sqlite3.connect(tmp_path / "budgets" / FILE_NAME, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(Busy, match="locked"):
        ledger.exchange(Told(), times().date(), 0.0, 0.01)
    holder.close()
    ledger.exchange(Told(), times().date(), 0.0, 1.0)


async def test_a_file_that_is_held_is_no_trouble_to_tell(start, tmp_path, said):
    budgets, limited = start(), backend(daily_requests=2)
    ask(budgets, limited)
    budgets._counts.exchange()
    holder = sqlite3.connect(tmp_path / "budgets" / FILE_NAME, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    ask(budgets, limited)
    budgets._counts.exchange(0.01)
    holder.close()
    assert budgets.refusal(limited, "")
    budgets.close()
    assert said == []
    assert start().refusal(limited, "")


async def test_what_a_backend_tells_cannot_break_the_counts(start):
    budgets, limited = start(), backend(daily_tokens=10**15, price_in=1e300, price_out=0, daily_cost=1e300)
    for _ in range(3):
        budgets.used(limited, "", Usage(10**40, 0, 10**40), 0, 0)
    budgets._counts.exchange()
    budgets.close()
    again = start()
    assert again.refusal(limited, "") is None
    assert again.as_json()[0]["day"]["tokens"]["used"] == 6 * 10**9
    assert again.as_json()[0]["day"]["cost"]["used"] == 3_000_000


async def test_old_days_are_forgotten(tmp_path, times):
    ledger = Ledger(tmp_path / "budgets", "me")
    for day in ("2026-11-10", "2026-11-20", "2026-11-25"):
        ledger.exchange(Told(added={(day, "b"): Counts(1)}), times().date(), 0.0, 1.0)
    with sqlite3.connect(tmp_path / "budgets" / FILE_NAME) as db:
        assert [day for (day,) in db.execute("SELECT day FROM days")] == ["2026-11-20", "2026-11-25"]
    db.close()


# Times.


def test_midnight_by_the_zones_own_rules():
    long_day = datetime(2026, 10, 25, 0, 30, tzinfo=BERLIN)
    end = next_midnight(long_day)
    assert end.isoformat() == "2026-10-26T00:00:00+01:00"
    assert end.astimezone(UTC) - long_day.astimezone(UTC) == timedelta(hours=24, minutes=30)
    short_day = datetime(2026, 3, 29, 0, 30, tzinfo=BERLIN)
    assert next_midnight(short_day).astimezone(UTC) - short_day.astimezone(UTC) == timedelta(
        hours=22, minutes=30
    )
    assert (
        later(datetime(2026, 10, 25, 2, 59, 30, tzinfo=BERLIN), 60_000).isoformat()
        == "2026-10-25T02:00:30+01:00"
    )


@pytest.fixture
def in_berlin(monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="needs a zone that can be set")
def test_the_systems_zone_knows_its_changes(in_berlin):
    zone = SystemZone()
    for utc in (datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in range(4)):
        ours, real = utc.astimezone(zone), utc.astimezone(BERLIN)
        assert ours.isoformat() == real.isoformat()
        assert (ours.fold, ours.tzname()) == (real.fold, real.tzname())
    assert next_midnight(datetime(2026, 10, 25, tzinfo=zone)).isoformat() == "2026-10-26T00:00:00+01:00"
    assert later(datetime(2026, 3, 29, 1, 59, 30, tzinfo=zone), 60_000).hour == 3
    assert zone.utcoffset(None) is zone.tzname(None) is None


def test_a_minute_never_has_more_than_its_limit():
    minute, sent = Minute(), []
    for now_ms in range(0, 300_000, 700):
        if minute.full_until(7, float(now_ms)) is None:
            minute.add(float(now_ms))
            sent.append(now_ms)
    for first in sent:
        assert sum(first <= at < first + 60_000 for at in sent) <= 7
    assert len(sent) > 20
