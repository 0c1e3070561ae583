"""The index under faults: completions must be able to go on, whatever happens to the worker and its files."""

import asyncio
import json
import logging
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from lsp_server.context.indexing import MODULE, WorkspaceIndex
from lsp_server.context.schema import database_path

WORKER = [sys.executable, "-P", "-m", MODULE]
FAULTY = """
import os, sys, time
from lsp_server.context import folder, worker

real = folder.outline

def outline(text, language):
    if "HANG" in text:
        time.sleep(3600)
    if "CRASH" in text:
        os._exit(139)
    return real(text, language)

folder.outline = outline
sys.exit(worker.main())
"""
posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX")


class Session:
    """An index of ``folder`` and what it told."""

    def __init__(self, tmp_path, **options):
        self.folder = tmp_path / "w"
        self.folder.mkdir(exist_ok=True)
        self.cache = tmp_path / "cache"
        self.told = []
        self.index = WorkspaceIndex(self.cache, self.told.append, **options)

    def write(self, **files):
        for name, text in files.items():
            (self.folder / name.replace("__", ".")).write_text(text)

    def start(self, exclude=()):
        self.index.start([str(self.folder)], exclude)

    def names(self, name):
        index = self.index.index_for(str(self.folder / "x.py"))
        return sorted(place.path for place in index.symbols_named(name)) if index else None

    async def until(self, name, wanted, seconds=20):
        deadline = time.monotonic() + seconds
        while self.names(name) != wanted and time.monotonic() < deadline:  # noqa: ASYNC110 - it sends no event
            await asyncio.sleep(0.02)
        assert self.names(name) == wanted

    def workers(self):
        return [
            p for p in psutil.Process().children() if self.index._process and p.pid == self.index._process.pid
        ]


@pytest.fixture
async def session(tmp_path):
    made = Session(tmp_path)
    yield made
    await made.index.close()


@pytest.fixture
async def faulty(tmp_path):
    made = Session(tmp_path, command=[sys.executable, "-c", FAULTY], hang_s=1.5)
    yield made
    await made.index.close()


async def test_files_are_found_when_saved_edited_added_and_removed(session):
    session.write(a__py="def f(): pass\n", secret__py="def f(): pass\n")
    session.start(["secret.py"])
    await session.until("f", ["a.py"])
    session.write(b__py="def f(): pass\n")
    session.index.saved(str(session.folder / "b.py"))
    await session.until("f", ["a.py", "b.py"])
    session.index.edited(str(session.folder / "a.py"), "def other(): pass\n")
    session.index.edited(str(session.folder / "secret.py"), "def other(): pass\n")
    await session.until("other", ["a.py"])
    (session.folder / "b.py").unlink()
    session.index.changed([str(session.folder / "b.py")])
    await session.until("f", [])
    assert session.told[0].folder == str(session.folder)
    assert any(p.files == p.total for p in session.told)
    assert session.index.index_for("/elsewhere/x.py") is None


async def test_files_that_are_excluded_later_leave_the_index(session):
    session.write(a__py="def f(): pass\n", b__py="def f(): pass\n")
    session.start()
    await session.until("f", ["a.py", "b.py"])
    session.start(["b.py"])
    await session.until("f", ["a.py"])
    session.write(c__py="def f(): pass\n")
    session.index.saved(str(session.folder / "c.py"))
    await session.until("f", ["a.py", "c.py"])


async def test_a_checkout_is_followed(session):
    (session.folder / ".git").mkdir()
    session.write(a__py="def f(): pass\n")
    (session.folder / ".git" / "HEAD").write_text("ref: a")
    session.start()
    await session.until("f", ["a.py"])
    session.write(a__py="def g(): pass\n")
    (session.folder / ".git" / "HEAD").write_text("ref: b")
    await session.until("g", ["a.py"])


async def test_a_killed_worker_is_replaced_and_nothing_is_lost(session):
    session.write(**{f"f{n}__py": f"def f{n}(): pass\n" * 50 for n in range(300)})
    session.start()
    await asyncio.sleep(0.3)
    for _ in range(2):
        for worker in session.workers():
            worker.kill()
        await asyncio.sleep(0.4)
    await session.until("f299", ["f299.py"] * 20)


async def test_a_file_that_hangs_the_worker_is_left_out(faulty, caplog):
    faulty.write(a__py="def f(): pass\n", b__py="HANG = 1\n", c__py="def f(): pass\n")
    faulty.start()
    await faulty.until("f", ["a.py", "c.py"])
    assert [r.getMessage() for r in caplog.records if "left out" in r.getMessage()] == [
        "Workspace index: b.py ended its worker and is left out"
    ]
    faulty.write(b__py="def f(): pass\n")
    faulty.index.saved(str(faulty.folder / "a.py"))


async def test_a_file_that_crashes_the_worker_is_left_out(faulty):
    faulty.write(a__py="def f(): pass\n", b__py="CRASH = 1\n")
    faulty.start()
    await faulty.until("f", ["a.py"])


async def test_a_worker_that_always_ends_is_given_up_with_one_word(tmp_path, caplog):
    session = Session(tmp_path, command=[sys.executable, "-c", "raise SystemExit(3)"])
    session.start()
    async with asyncio.timeout(20):
        await session.index._keeper
    given_up = [r for r in caplog.records if "left as it is" in r.getMessage()]
    assert len(given_up) == 1
    assert session.names("f") is None
    session.index.saved(str(session.folder / "a.py"))
    await session.index.close()


async def test_a_worker_that_cannot_be_started_is_told_of(tmp_path, caplog):
    session = Session(tmp_path, command=[str(tmp_path / "none")])
    session.start()
    await session.index._keeper
    assert "has no worker" in caplog.text
    await session.index.close()


async def test_a_damaged_database_is_made_again_and_told_once(session, caplog):
    session.write(a__py="def f(): pass\n")
    database = database_path(session.cache, str(session.folder))
    database.parent.mkdir(parents=True)
    database.write_bytes(b"nonsense" * 2000)
    session.start()
    await session.until("f", ["a.py"])
    assert sum("damaged" in r.getMessage() for r in caplog.records) == 1


@posix
async def test_a_place_that_cannot_be_written_ends_in_one_warning(session, caplog):
    session.cache.write_text("a file where the folder should be")
    session.write(a__py="def f(): pass\n")
    session.start()
    deadline = time.monotonic() + 10
    while "cannot be kept" not in caplog.text and time.monotonic() < deadline:  # noqa: ASYNC110 - as above
        await asyncio.sleep(0.02)
    session.index.saved(str(session.folder / "a.py"))
    await asyncio.sleep(0.3)
    assert sum("cannot be kept" in r.getMessage() for r in caplog.records) == 1
    assert session.names("f") is None


@posix
async def test_links_pipes_and_huge_files_do_no_harm(session):
    session.write(a__py="def f(): pass\n")
    (session.folder / "loop").symlink_to(session.folder)
    (session.folder / "self.py").symlink_to("self.py")
    os.mkfifo(session.folder / "pipe.py")
    with (session.folder / "huge.py").open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    session.start()
    await session.until("f", ["a.py"])


async def test_the_event_loop_is_never_held_up(session):
    session.write(**{f"f{n}__py": f"def f{n}(): pass\n" * 20 for n in range(200)})
    waits = []

    async def tick():
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            waits.append(time.perf_counter() - before)

    ticking = asyncio.ensure_future(tick())
    session.start()
    await session.until("f7", ["f7.py"] * 20)
    ticking.cancel()
    assert sorted(waits)[len(waits) * 99 // 100] < 0.05


async def test_two_servers_share_one_index(session, tmp_path):
    session.write(a__py="def f(): pass\n")
    session.start()
    await session.until("f", ["a.py"])
    other = Session(tmp_path)
    other.start()
    await other.until("f", ["a.py"])
    await session.index.close()
    other.write(b__py="def f(): pass\n")
    await other.until("f", ["a.py", "b.py"])
    await other.index.close()


async def test_no_worker_outlives_the_index(session):
    session.start()
    await asyncio.sleep(0.3)
    workers = session.workers()
    await session.index.close()
    assert not any(worker.is_running() for worker in workers)
    assert len(workers) == 1


def test_a_worker_ends_when_its_input_does_and_disregards_nonsense(tmp_path):
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "a.py").write_text("x = 1\n")
    order = {"do": "index", "folders": {str(tmp_path / "w"): str(tmp_path / "c" / "index" / "a.sqlite")}}
    lines = b"nonsense\n[]\n{}\n" + json.dumps(order).encode() + b"\n"
    process = subprocess.Popen(
        WORKER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    try:
        process.stdin.write(lines)
        process.stdin.flush()
        events = []
        while events.count("done") < 2:
            events.append(json.loads(process.stdout.readline())["event"])
        assert "ready" in events
        process.stdin.close()
        assert process.wait(5) == 0
    finally:
        process.kill()
        process.stdout.close()
        process.wait()


@pytest.fixture(autouse=True)
def _logged(caplog):
    caplog.set_level(logging.WARNING)
