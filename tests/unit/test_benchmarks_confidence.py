"""The figures of the benchmark of confidence, on outcomes made up."""

import gzip
import json
import math
import random

import pytest

from benchmarks.confidence import Outcome, as_text, auc, complete, figures, fit, log_odds, places
from lsp_server.testing.backend import ScriptedBackend
from lsp_server.testing.clock import ManualClock

TASKS = [
    {"prompt": "def add(a, b):\n", "canonical_solution": f"    return a + b{n}\n", "suffix": "\n# end\n"}
    for n in range(9)
]


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "tasks.jsonl.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(task) + "\n" for task in TASKS)
    return path


def test_places_are_at_the_start_of_a_line_and_within_it(data):
    found = list(places(data, 3))
    assert len(found) == 6
    assert [(p.cursor, p.rest) for p in found] == [(p.cursor, p.rest) for p in places(data, 3)]
    for place, within in zip(found[::2], found[1::2], strict=True):
        assert place.cursor.before == "    "
        assert place.rest.startswith("return a + b")
        assert within.cursor.before.startswith("    r")
        assert (within.cursor.before + within.rest).replace(" ", "") == place.rest.replace(" ", "")
        assert within.cursor.document.text.endswith("\n\n# end\n")


@pytest.mark.parametrize(("answer", "right"), [("{rest}\n    more", True), ("{rest}", True), ("x\n", False)])
async def test_right_is_what_stands_there(data, answer, right):
    place = next(iter(places(data, 1)))
    backend = ScriptedBackend(ManualClock(), answer=lambda _: answer.format(rest=place.rest))
    outcome = await complete(backend, place)
    assert (outcome.right, outcome.confidence) == (right, None)


def test_auc():
    assert auc([0.9, 0.8], [0.1]) == 1.0
    assert auc([0.1], [0.9, 0.1]) == 0.25
    assert auc([], [0.1]) is None


def test_a_confidence_that_is_the_share_right_is_recognised():
    chance = random.Random(1)
    told = [(sure, chance.random() < sure) for sure in (chance.random() for _ in range(2_000))]
    offset, slope = fit([(log_odds(sure), right) for sure, right in told])
    assert abs(offset) < 0.2
    assert abs(slope - 1) < 0.2
    result = figures([*(Outcome(right, sure) for sure, right in told), Outcome(True, None)])
    assert (result.lines, result.untold) == (2_001, 1)
    for bucket in result.buckets:
        assert bucket.low - 0.05 < bucket.right < bucket.high + 0.05
    for row in result.eagerness:
        assert row.shown == pytest.approx(1 - row.floor, abs=0.05)
    assert result.eagerness[-1].hidden_right is None
    assert "eagerness" in as_text(result)


def test_figures_of_nothing_are_told_all_the_same():
    result = figures([])
    assert result.auc is None
    assert math.isfinite(result.offset)
    assert "0 lines" in as_text(result)
