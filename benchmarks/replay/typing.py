"""The typing traces: each sample in each style against our server, and the floor beside it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from benchmarks.replay.client import PROFILES
from benchmarks.replay.figures import PACED
from benchmarks.replay.processes import ModelProcess, running_server
from benchmarks.replay.session import Outcome, Wait, replay
from benchmarks.replay.traces import SAMPLES, Style, load
from benchmarks.table import Row, percentiles
from lsp_server.testing.fake_backends.script import cut_pieces

WRONG: Final = 0.3
"""The share of places where the model is wrong, for the bars: between the tenth to third of single lines
inside a file that good models get wrong, and the two thirds across files."""
FLOOR: Final = (sys.executable, "-m", "benchmarks.replay.floor")


@dataclass(slots=True)
class Sum:
    """What several replays of one style amount to."""

    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def keys(self) -> int:
        """Keys pressed, an acceptance counting as one."""
        return sum(outcome.keys for outcome in self.outcomes)

    def requests(self) -> dict[str, float]:
        """Requests that the model saw per 100 keys."""
        return {"per 100 keys": 100.0 * sum(len(o.log) for o in self.outcomes) / self.keys}

    def delays(self, style: Style) -> dict[str, float]:
        """Milliseconds that ghost text in a pause came later than the model needed for it."""
        late = [late_ms(wait, outcome.log, style) for outcome in self.outcomes for wait in outcome.waits]
        return percentiles(late) if late else {}

    def unused(self) -> dict[str, float]:
        """The share of the tokens received that was neither shown nor kept for use, in percent."""
        received = sum(outcome.received for outcome in self.outcomes)
        used = sum(outcome.used for outcome in self.outcomes)
        return {"unused": 100.0 * (received - used) / max(1, received)}


def late_ms(wait: Wait, log: Sequence[dict[str, Any]], style: Style) -> float:
    """The delay of one text beyond what the model takes for it.

    From the key in VS Code, which asks by itself; from the request in Neovim and Helix, which wait for a
    pause of their own first. The model's time counts only if it worked meanwhile.
    """
    start_s = wait.key_s if style is Style.VSCODE else wait.asked_s
    worked = any(
        each["received_s"] <= wait.answered_s and (each["closed_s"] or wait.answered_s) >= start_s
        for each in log
    )
    pieces = len(cut_pieces(wait.text))  # The last one's end is seen with the next.
    model_s = PACED["first_token_s"] + pieces * PACED["token_s"] if worked else 0.0
    return (wait.answered_s - start_s - model_s) * 1000


async def typing_rows(model: ModelProcess, *, quick: bool) -> list[Row]:
    """The rows of every style. The quick ones take one sample each."""
    rows = []
    for number, style in enumerate(Style):
        names = [SAMPLES[number % len(SAMPLES)]] if quick else list(SAMPLES)
        ours = await _type(model, style, names, WRONG)
        floor = await _type(model, style, names[:1], WRONG, FLOOR) if style is Style.VSCODE else Sum()
        what = f"typing, {style.name.title()}"
        rows += [
            Row(f"{what}: requests to the model", "", ours.requests(), {"per 100 keys": 30.0},
                floor.requests() if floor.outcomes else None, f"{ours.keys} keys, wrong {WRONG:.0%}"),
            Row(f"{what}: ghost text in a pause, later than the model", "ms", ours.delays(style),
                {"p95": 80.0}, floor.delays(style) if floor.outcomes else None,
                f"{sum(len(o.waits) for o in ours.outcomes)} pauses"),
            Row(f"{what}: tokens received and not used", "%", ours.unused(), {"unused": 10.0}),
        ]  # fmt: skip
        if not quick:
            for wrong in (0.0, 0.6):
                other = await _type(model, style, names[:2], wrong)
                values = {**other.requests(), **other.unused()}
                rows.append(Row(f"{what}: the model wrong at {wrong:.0%}", "", values, {}))
    return rows


async def _type(
    model: ModelProcess, style: Style, names: Sequence[str], wrong: float, command: Sequence[str] = ()
) -> Sum:
    await model.set(**PACED, constant="", wrong=wrong)
    total = Sum()
    async with running_server(model.url, PROFILES[style], command=command) as editor:
        for seed, name in enumerate(names, start=1):
            outcome = await replay(model, editor, load(name), style, seed=seed, ours=not command)
            total.outcomes.append(outcome)
    return total
