"""The peer of the typing benchmark: the fake of its server, how it is found, and what it is asked."""

import asyncio
import json
import os
import stat
import sys
from dataclasses import replace

import httpx2 as httpx
import pytest

from benchmarks.replay.model import Settings
from benchmarks.replay.processes import running_model
from benchmarks.replay.session import Outcome, Wait, replay
from benchmarks.replay.tabby import (
    SERVER,
    find_agent,
    ghost_texts,
    late_beyond_answer_ms,
    rows_of,
    running_agent,
    tabby_rows,
)
from benchmarks.replay.tabby_server import FakeTabby, as_log, generated, whole_prefix
from benchmarks.replay.traces import Style, load
from benchmarks.replay.typing import Sum

SAMPLE = load("limiter.go")
TRUE = Settings(before=SAMPLE.before, typed=SAMPLE.typed, first_token_s=0.0, token_s=0.0)
LINE = SAMPLE.typed.partition("\n")[0]


@pytest.fixture
async def fake():
    async with FakeTabby(TRUE) as server:
        yield server


@pytest.fixture
async def client(fake):
    async with httpx.AsyncClient(base_url=fake.origin) as opened:
        yield opened


def asking(prefix, language="go", **segments):
    return {"language": language, "segments": {"prefix": prefix, "suffix": "\n}\n", **segments}}


async def test_the_server_says_that_it_is_well(client):
    for method in ("GET", "POST"):
        health = (await client.request(method, "/v1/health")).json()
        assert {"model", "device", "version"} <= set(health)
    assert (await client.get("/v1beta/server_setting")).json() == {"disable_client_side_telemetry": True}


async def test_it_answers_with_what_the_model_says(fake, client):
    answer = await client.post("/v1/completions", json=asking(SAMPLE.before + LINE[:20]))
    [choice] = answer.json()["choices"]
    assert answer.json()["id"]
    assert choice["index"] == 0
    assert choice["text"].startswith(LINE[20:])


async def test_the_last_lines_are_enough_to_find_the_place(client):
    cut = SAMPLE.typed.index("\t\treturn false")
    prefix = "".join((SAMPLE.before + SAMPLE.typed[:cut]).splitlines(keepends=True)[-5:])
    answer = await client.post("/v1/completions", json=asking(prefix))
    assert answer.json()["choices"][0]["text"].startswith("\t\treturn false")


def test_a_prefix_that_is_not_the_truth_has_no_place():
    assert whole_prefix(TRUE, SAMPLE.before[-80:] + LINE[:5]) == SAMPLE.before + LINE[:5]
    assert whole_prefix(TRUE, SAMPLE.before[-80:] + "zzz") == SAMPLE.before[-80:] + "zzz"
    assert whole_prefix(TRUE, SAMPLE.before[-80:-40]) == SAMPLE.before[-80:-40]


@pytest.mark.parametrize(
    ("text", "language", "left", "count"),
    [
        ("a\n\tb\n\nc", "go", "a\n\tb", 5),
        ("a\n\n\tb", "go", "a", 3),
        ("a\nfunc b", "go", "a", 3),
        ("a\n\tfunc b", "go", "a\n\tfunc b", 4),
        ("a\n# b", "python", "a", 3),
        ("a\nclass", "go", "a\nclass", 3),
        ("a\nb", "cobol", "a", 2),
        (" x" * 70, "go", " x" * 64, 64),
    ],
)
def test_an_answer_ends_where_the_real_server_ends_it(text, language, left, count):
    assert generated(text, language) == (left, count)


async def test_the_log_has_the_form_of_the_others(fake, client):
    fake.settings = replace(TRUE, first_token_s=0.02, token_s=0.001, constant="one two #")
    await client.post("/v1/completions", json=asking("x ="))
    [log] = [as_log(recorded) for recorded in fake.completions]
    assert log["received_s"] + 0.02 <= log["first_token_s"] <= log["closed_s"]
    assert (log["tokens"], log["prompt"]) == (3, "x =")
    assert (log["cancelled"], log["prefill"], log["forced"]) == (False, False, "")
    assert json.dumps(log)


async def test_a_client_that_leaves_ends_the_model_s_work(fake):
    fake.settings = replace(TRUE, first_token_s=30.0)
    async with httpx.AsyncClient(base_url=fake.origin) as client:
        asked = asyncio.ensure_future(client.post("/v1/completions", json=asking("x")))
        await fake.until(lambda: len(fake.completions) == 1)
        asked.cancel()
        await asyncio.wait([asked])
    await fake.until(lambda: fake.completions[0].closed_s is not None)
    log = as_log(fake.completions[0])
    assert log["cancelled"]
    assert log["tokens"] == 0
    assert log["closed_s"] is not None


@pytest.mark.parametrize(
    "body",
    [
        {"language": "go"},
        {"language": "go", "segments": {"suffix": ""}},
        {"language": "go", "segments": {"prefix": "x", "suffix": 1}},
        {"language": "go", "segments": {"prefix": "x", "prefx": "x"}},
        {"language": "go", "segments": {"prefix": "x"}, "stream": True},
        [],
    ],
)
async def test_what_the_server_does_not_know_is_refused(fake, client, body):
    assert (await client.post("/v1/completions", json=body)).status_code == 422
    assert fake.completions == []


async def test_events_are_taken_and_other_paths_are_not(client):
    event = {"type": "view", "completion_id": "cmpl-1", "choice_index": 0}
    assert (await client.post("/v1/events?select_kind=line", json=event)).status_code == 200
    assert (await client.post("/v1/events", json={"typ": "view"})).status_code == 422
    assert (await client.get("/v1/completions")).status_code == 404
    assert (await client.get("/v2/health")).status_code == 404


def test_menu_items_become_ghost_text_without_the_word_that_they_repeat():
    span = {"start": {"line": 3, "character": 4}, "end": {"line": 3, "character": 8}}
    menu = {"isIncomplete": True, "items": [{"textEdit": {"newText": "foobar()", "range": span}}]}
    at = {"line": 3, "character": 7}
    ghost = {"insertText": "bar()", "range": {"start": at, "end": span["end"]}}
    assert ghost_texts(menu, at) == [ghost]


def put_agent(folder, name="tabby-agent"):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (f"{name}.bat" if sys.platform == "win32" else name)
    path.write_text("")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def same(found, path):
    return os.path.normcase(found[0]) == os.path.normcase(path) and found[1:] == ["--lsp", "--stdio"]


async def test_the_agent_is_found_where_it_may_be(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TABBY_AGENT", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert find_agent() is None
    [row] = await tabby_rows(quick=True)
    assert row.good
    assert row.note.startswith("skipped: ")
    local = put_agent(tmp_path / "node_modules" / ".bin")
    assert same(find_agent(), local)
    on_path = put_agent(tmp_path / "bin")
    assert same(find_agent(), on_path)
    named = put_agent(tmp_path / "other", "agent")
    monkeypatch.setenv("TABBY_AGENT", str(named))
    assert same(find_agent(), named)
    monkeypatch.setenv("TABBY_AGENT", str(tmp_path / "absent"))
    assert find_agent() is None


def test_the_model_s_time_is_that_of_its_whole_answer():
    log = [{"received_s": 1.2, "closed_s": 1.3, "tokens": 6}]
    wait = Wait(key_s=1.0, asked_s=1.1, answered_s=1.4, text="x")
    assert late_beyond_answer_ms(wait, log, Style.VSCODE) == pytest.approx(400 - 60 - 40)
    assert late_beyond_answer_ms(wait, log, Style.HELIX) == pytest.approx(300 - 60 - 40)
    assert late_beyond_answer_ms(wait, [], Style.VSCODE) == pytest.approx(400)


def test_rows_without_a_pause_have_no_delays():
    silent = Outcome(keys=50, log=[{}])
    requests, *delays = rows_of("agent", Style.VSCODE, Sum([silent]))
    assert requests.values == {"per 100 keys": 2.0}
    assert [(row.values, row.good) for row in delays] == [({}, True), ({}, True)]


@pytest.mark.skipif(find_agent() is None, reason="tabby-agent is not installed")
async def test_the_agent_is_typed_through():
    end = SAMPLE.typed.index("\t\treturn false")
    rest = "\n" + SAMPLE.typed[end:] + SAMPLE.after
    short = replace(SAMPLE, typed=SAMPLE.typed[:end].rstrip(), after=rest)
    command = find_agent()
    async with running_model(SERVER) as model, running_agent(command, model.url, Style.VSCODE) as editor:
        await model.set(wrong=0.0)
        outcome = await replay(model, editor, short, Style.VSCODE, accepts=1.0, ours=False)
    assert outcome.keys > 30
    assert outcome.waits
    assert outcome.accepted
    assert outcome.log
