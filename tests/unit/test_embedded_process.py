"""The engine's process: what it is told, what it tells, and that it never outlives its parent.

A module that stands in for xllamacpp takes its place in the child (``tests/engine/fake``).
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from lsp_server.backends.embedded import child, process
from lsp_server.backends.embedded.child import BATCH_TOKENS, Order, Report
from lsp_server.backends.embedded.process import EngineFailed, EngineProcess

FAKE = Path(__file__).parents[1] / "engine" / "fake"
LOAD_S = 60.0


@pytest.fixture
def engine(tmp_path, monkeypatch):
    """Environment of a fake engine; its notes are read with ``notes``."""
    monkeypatch.setenv("PYTHONPATH", str(FAKE))
    monkeypatch.setenv("FAKE_ENGINE_NOTES", str(tmp_path / "notes"))
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    return tmp_path


def notes(folder):
    return [json.loads(line) for line in (folder / "notes").read_text().splitlines()]


def start(folder, **change):
    wanted = {"context_tokens": 512, "threads": 2, "load_s": LOAD_S, **change}
    return EngineProcess.start(folder / "model.gguf", **wanted)


async def test_the_child_is_told_what_to_run(engine):
    running = await start(engine)
    try:
        assert running.alive
        assert 0 < running.port < 65536
        [told] = notes(engine)
    finally:
        await running.close()
    assert told["model"] == str(engine / "model.gguf")
    assert told["context"] == 512
    assert told["batch"] == [BATCH_TOKENS, BATCH_TOKENS]
    assert told["threads"] == [2, 2]
    assert told["hosts"] == ["127.0.0.1"]
    assert not running.alive


async def test_the_key_travels_in_secret(engine):
    running = await start(engine)
    await running.close()
    [told] = notes(engine)
    assert len(running.key) >= 32
    assert not told["key_in_environment"]
    assert running.key not in " ".join(told["arguments"])


async def test_every_engine_has_its_own_key(engine):
    first, second = await asyncio.gather(start(engine), start(engine))
    await first.close()
    await second.close()
    assert first.key != second.key


async def test_spinning_is_tamed_before_the_library_is_loaded(engine):
    await (await start(engine)).close()
    assert notes(engine)[0]["spin"] == process.SPIN_COUNT


async def test_threads_may_be_left_to_llama_cpp(engine):
    await (await start(engine, threads=0)).close()
    assert notes(engine)[0]["threads"] == [-1, -1]


async def test_nothing_is_imported_from_the_current_folder(engine, monkeypatch, tmp_path):
    hostile = tmp_path / "workspace"
    (hostile / "lsp_server").mkdir(parents=True)
    (hostile / "lsp_server" / "__init__.py").write_text("raise SystemExit('from the workspace')\n")
    (hostile / "json.py").write_text("raise SystemExit('from the workspace')\n")
    monkeypatch.chdir(hostile)
    await (await start(engine)).close()
    assert Path(notes(engine)[0]["folder"]) == engine


async def test_what_the_user_chose_for_openmp_stays():
    assert process.environment({"A": "1"}) == {"A": "1", "GOMP_SPINCOUNT": process.SPIN_COUNT}
    for chosen in ({"OMP_WAIT_POLICY": "active"}, {"GOMP_SPINCOUNT": "0"}):
        assert process.environment(chosen) == chosen


async def test_an_engine_that_cannot_load(engine, monkeypatch):
    monkeypatch.setenv("FAKE_ENGINE", "fail")
    with pytest.raises(EngineFailed) as caught:
        await start(engine)
    assert str(caught.value) == (
        "RuntimeError: Failed to init server, please check the input params. "
        "(llama_model_load: error loading model: out of memory)"
    )


async def test_an_engine_that_crashes_while_it_loads(engine, monkeypatch):
    monkeypatch.setenv("FAKE_ENGINE", "crash")
    with pytest.raises(EngineFailed, match=r"its process ended \(3\) \(llama_model_load: error"):
        await start(engine)


async def test_an_engine_that_is_not_ready_in_time(engine, monkeypatch):
    monkeypatch.setenv("FAKE_ENGINE", "hang")
    with pytest.raises(EngineFailed, match=r"not ready within 0\.2 s"):
        await start(engine, load_s=0.2)
    assert no_children()


async def test_cancelling_a_start_leaves_no_process(engine, monkeypatch):
    monkeypatch.setenv("FAKE_ENGINE", "hang")
    starting = asyncio.ensure_future(start(engine))
    while not (engine / "notes").exists():  # noqa: ASYNC110 - another process makes it
        await asyncio.sleep(0.01)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert no_children()


async def test_a_program_that_cannot_be_started(engine, monkeypatch):
    monkeypatch.setattr(process, "command", lambda: [str(engine / "nothing")])
    with pytest.raises(EngineFailed, match="its process cannot be started"):
        await start(engine)


async def test_a_death_is_noticed(engine):
    running = await start(engine)
    assert not await running.died(0.01)
    psutil.Process(running.pid).kill()
    assert await running.died(LOAD_S)
    assert not running.alive
    await running.close()


async def test_noise_is_no_report(monkeypatch, engine):
    monkeypatch.setattr(process, "command", lambda: [sys.executable, "-c", "print('hello')"])
    with pytest.raises(EngineFailed, match="nonsense"):
        await start(engine)


def test_the_child_ends_with_its_parent(engine):
    script = (
        "import asyncio, sys; from pathlib import Path\n"
        "from lsp_server.backends.embedded.process import EngineProcess\n"
        "async def main():\n"
        "    e = await EngineProcess.start(Path(sys.argv[1]), context_tokens=512, threads=1, load_s=60)\n"
        "    print(e.pid, flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(engine / "model.gguf")], stdout=subprocess.PIPE
    )
    pid = int(parent.stdout.readline())
    orphan = psutil.Process(pid)
    parent.kill()
    parent.communicate()
    assert orphan.wait(timeout=2) in {0, None}


@pytest.fixture
def spoken(engine):
    """The child, spoken to by hand."""
    with subprocess.Popen(
        process.command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=engine
    ) as started:
        yield started
        started.kill()


def test_a_child_without_an_order_ends(spoken):
    spoken.stdin.close()
    assert spoken.wait(LOAD_S) == 0


def test_a_child_ends_when_its_input_does(spoken, engine):
    spoken.stdin.write(child.to_line(Order(str(engine), "key", 512)))
    spoken.stdin.flush()
    assert child.report_from(spoken.stdout.readline()).port > 0
    spoken.stdin.close()
    assert spoken.wait(2) == 0


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such signal to send")
def test_an_interrupt_is_for_the_parent(spoken, engine):
    spoken.stdin.write(child.to_line(Order(str(engine), "key", 512)))
    spoken.stdin.flush()
    assert spoken.stdout.readline()
    spoken.send_signal(signal.SIGINT)
    spoken.stdin.close()
    assert spoken.wait(2) == 0


@pytest.mark.parametrize("line", [b"", b"hello\n", b"[1]\n", b'{"door": 1}\n', b"\xff\n"])
def test_what_is_no_report(line):
    assert child.report_from(line) == Report(error="its process answered with nonsense")


def no_children():
    """Whether no child of this process is left, but for pip's and pytest's own."""
    return not [
        entry
        for entry in psutil.Process().children(recursive=True)
        if process.MODULE in " ".join(entry.cmdline())
    ]
