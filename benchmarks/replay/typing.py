"""The typing traces: each sample in each style against our server, and the floor beside it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from benchmarks.replay.client import PROFILES
from benchmarks.replay.figures import PACED
from benchmarks.replay.processes import running_model, running_server
from benchmarks.replay.session import Outcome, Wait, replay
from benchmarks.replay.traces import SAMPLES, Style, load
from benchmarks.table import Row, percentiles
from lsp_server.testing.fake_backends.script import cut_pieces

WRONG: Final = 0.3
"""The share of places where the model is wrong, for the bars: between the tenth to third of single lines
inside a file that good models get wrong, and the two thirds across files."""
OTHERS_WRONG: Final = (0.0, 0.6)
AT_ONCE: Final = 8
"""Sessions at the same time: each is asleep nearly always, and takes some 6 % of a core."""
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
    pause of their own first. The model's time counts only if it worked meanwhile: up to the piece behind the
    text, which tells the text's end to any caller, and with what it had to repeat of the prompt.
    """
    start_s = wait.key_s if style is Style.VSCODE else wait.asked_s
    worked = [
        each
        for each in log
        if each["received_s"] <= wait.answered_s and (each["closed_s"] or wait.answered_s) >= start_s
    ]
    model_s = 0.0
    if worked:
        pieces = len(cut_pieces(worked[-1]["forced"])) + len(cut_pieces(wait.text))
        model_s = PACED["first_token_s"] + pieces * PACED["token_s"]
    return (wait.answered_s - start_s - model_s) * 1000


async def typing_rows(*, quick: bool) -> list[Row]:
    """The rows of every style. The quick ones take one sample each."""
    samples = {
        style: [SAMPLES[number % len(SAMPLES)]] if quick else list(SAMPLES)
        for number, style in enumerate(Style)
    }
    wanted: list[tuple[Style, float, Sequence[str], Sequence[str]]]
    wanted = [(style, WRONG, samples[style], ()) for style in Style]
    wanted.append((Style.VSCODE, WRONG, samples[Style.VSCODE][:1], FLOOR))
    if not quick:
        wanted += [(style, wrong, samples[style][:2], ()) for style in Style for wrong in OTHERS_WRONG]
    at_once = asyncio.Semaphore(AT_ONCE)
    sums = await asyncio.gather(*(_type_all(*each, at_once) for each in wanted))
    count = len(Style)
    floors = {Style.VSCODE: sums[count]}
    rows = []
    for style, ours in zip(Style, sums[:count], strict=True):
        rows += _bar_rows(style, ours, floors.get(style))
    for (style, wrong, _, _), other in zip(wanted[count + 1 :], sums[count + 1 :], strict=True):
        values = {**other.requests(), **other.unused()}
        rows.append(Row(f"{_name(style)}: the model wrong at {wrong:.0%}", "", values, {}))
    return rows


def _name(style: Style) -> str:
    return f"typing, {style.name.title()}"


def _bar_rows(style: Style, ours: Sum, floor: Sum | None) -> list[Row]:
    return [
        Row(f"{_name(style)}: requests to the model", "", ours.requests(), {"per 100 keys": 30.0},
            floor.requests() if floor else None, f"{ours.keys} keys, wrong {WRONG:.0%}"),
        Row(f"{_name(style)}: ghost text in a pause, later than the model", "ms", ours.delays(style),
            {"p95": 80.0}, floor.delays(style) if floor else None,
            f"{sum(len(o.waits) for o in ours.outcomes)} pauses"),
        Row(f"{_name(style)}: tokens received and not used", "%", ours.unused(), {"unused": 10.0}),
    ]  # fmt: skip


async def _type_all(
    style: Style, wrong: float, names: Sequence[str], command: Sequence[str], at_once: asyncio.Semaphore
) -> Sum:
    """Each sample is typed at a server of its own, so that all may be typed at the same time."""
    each = (_type(style, wrong, name, command, seed, at_once) for seed, name in enumerate(names, start=1))
    return Sum(list(await asyncio.gather(*each)))


async def _type(
    style: Style, wrong: float, name: str, command: Sequence[str], seed: int, at_once: asyncio.Semaphore
) -> Outcome:
    async with (
        at_once,
        running_model() as model,
        running_server(model.url, PROFILES[style], command=command) as editor,
    ):
        await model.set(**PACED, constant="", wrong=wrong)
        return await replay(model, editor, load(name), style, seed=seed, ours=not command)
