"""The benchmarks' own parts: what is typed, what the model says, what counts as late, what is printed."""

import json
import re
from itertools import pairwise

import pytest

from benchmarks.replay.client import Client
from benchmarks.replay.model import Settings, continuation
from benchmarks.replay.session import Wait
from benchmarks.replay.traces import SAMPLES, Kind, Style, Typist, load, trace, truth_left
from benchmarks.replay.typing import Sum, late_ms
from benchmarks.table import Row, percentiles, report

SAMPLE = load("limiter.go")


class Deaf:
    """An editor that takes notifications; no time passes in which anything could be requested."""

    def __init__(self):
        self.transcript = []
        self.server_capabilities = {}

    def notify(self, method, params):
        assert json.dumps(params)


def typed(sample, style, seed=1):
    client = Client(Deaf(), style, "file:///a", sample.before + sample.after, len(sample.before))
    return client, trace(sample, style, seed)


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("style", Style)
async def test_the_keys_of_a_trace_type_the_sample(name, style):
    sample = load(name)
    client, steps = typed(sample, style)
    for step in steps:
        client.do(step)
    client.close()
    assert client.text == sample.before + sample.typed + sample.after
    assert client.before == sample.before + sample.typed


def test_a_trace_is_human():
    steps = trace(load("ring.c"), Style.NEOVIM, 1)
    gaps = [after.at_ms - before.at_ms for before, after in pairwise(steps)]
    assert all(gap > 0 for gap in gaps)
    assert 100 < percentiles(gaps)["p50"] < 250
    assert max(gaps) > 1000
    assert any(step.delete for step in steps)
    assert trace(load("ring.c"), Style.NEOVIM, 1) == steps != trace(load("ring.c"), Style.NEOVIM, 2)


def test_only_vs_code_closes_brackets():
    moves = {style: sum(s.kind is Kind.MOVE for s in trace(SAMPLE, style, 1)) for style in Style}
    assert moves[Style.VSCODE] > 0 == moves[Style.NEOVIM] == moves[Style.HELIX]


async def test_after_accepting_the_typist_goes_on_behind_it():
    client, _ = typed(SAMPLE, Style.VSCODE)
    typist = Typist(SAMPLE, Style.VSCODE, 1)
    while (step := typist.next_step()) is not None:
        client.do(step)
        left = truth_left(SAMPLE, client.before)
        if left and "{\n" in left[:60]:
            text = left[: left.index("{\n") + 1]
            client.replace(text, ahead=typist.accept(text))
    client.close()
    assert client.text == SAMPLE.before + SAMPLE.typed + SAMPLE.after


def test_a_model_that_is_never_wrong_says_the_truth():
    settings = Settings(before=SAMPLE.before, typed=SAMPLE.typed)
    for length in (0, 5, 40, 200):
        said = continuation(settings, SAMPLE.before + SAMPLE.typed[:length])
        assert said
        assert SAMPLE.typed[length:].startswith(said)


def test_a_wrong_model_leaves_the_truth_in_its_share_of_places():
    settings = Settings(before=SAMPLE.before, typed=SAMPLE.typed, wrong=0.3)
    wrong = 0
    for length in range(200):
        said = continuation(settings, SAMPLE.before + SAMPLE.typed[:length])
        wrong += not SAMPLE.typed[length:].startswith(said)
    assert 40 <= wrong <= 80


def test_what_was_mistyped_is_answered_with_other_names():
    settings = Settings(before=SAMPLE.before, typed=SAMPLE.typed)
    said = continuation(settings, SAMPLE.before + SAMPLE.typed[:10] + "qq")
    assert not SAMPLE.typed[12:].startswith(said)
    signs = re.compile(r"\w+")
    assert signs.sub("", SAMPLE.typed[12:]).startswith(signs.sub("", said))


def asked(received_s, closed_s, forced=""):
    return {"received_s": received_s, "closed_s": closed_s, "forced": forced}


def test_lateness_counts_from_the_key_in_vs_code_and_from_the_request_elsewhere():
    wait = Wait(key_s=1.0, asked_s=1.2, answered_s=1.3, text="one")
    assert late_ms(wait, [], Style.VSCODE) == pytest.approx(300)
    assert late_ms(wait, [], Style.NEOVIM) == pytest.approx(100)


def test_the_models_time_is_taken_off_only_if_it_worked_meanwhile():
    wait = Wait(key_s=1.0, asked_s=1.0, answered_s=1.3, text="one two")
    before = [asked(0.5, 0.9)]
    during = [asked(1.1, None)]
    assert late_ms(wait, before, Style.VSCODE) == pytest.approx(300)
    assert late_ms(wait, during, Style.VSCODE) == pytest.approx(300 - 60 - 2 * 8)
    assert late_ms(wait, [asked(1.1, 1.3, "    ")], Style.VSCODE) == pytest.approx(300 - 60 - 3 * 8)


def test_percentiles_are_values_that_were_seen():
    assert percentiles([3, 1, 2]) == {"p50": 2, "p95": 3, "p99": 3}
    assert percentiles(range(1, 101)) == {"p50": 50, "p95": 95, "p99": 99}


def test_a_missed_bar_is_told_and_fails_the_check(capsys):
    rows = [Row("one", "ms", {"p50": 2.0}, {"p50": 1.0}), Row("two", "", {"ratio": 1.0}, {"ratio": 1.0})]
    assert report(rows, as_json=False, check=True) == 1
    assert report(rows, as_json=False, check=False) == 0
    assert report(rows[1:], as_json=False, check=True) == 0
    assert "MISSED" in capsys.readouterr().out
    report(rows, as_json=True, check=True)
    told = json.loads(capsys.readouterr().out)
    assert [row["good"] for row in told["rows"]] == [False, True]
    assert told["good"] is False


def test_no_pause_with_ghost_text_is_no_figure():
    assert Sum().delays(Style.VSCODE) == {}
