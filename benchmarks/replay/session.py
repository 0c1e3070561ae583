"""One sample typed in one style against one server, in real time."""

from __future__ import annotations

import asyncio
import random
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final

from benchmarks.replay.client import Client
from benchmarks.replay.processes import ModelProcess
from benchmarks.replay.traces import Sample, Style, Typist, truth_left
from lsp_server.testing.editor import FakeEditor

PAUSE_S: Final = 0.5
"""The typist has stopped: longer than nearly all gaps inside a line."""
READ_S: Final = 0.55
"""A suggestion is looked at for so long before it is taken."""


@dataclass(slots=True)
class Outcome:
    """What one replay gave. ``waits`` are those of pauses: see ``Wait``."""

    keys: int = 0
    accepted: int = 0
    """Code points that were accepted instead of typed."""
    waits: list[Wait] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)
    received: int = 0
    used: int = 0


@dataclass(frozen=True, slots=True)
class Wait:
    """A pause in which text was shown: when its key was pressed, asked for, and answered (seconds).

    ``text`` is what accepting it would insert.
    """

    key_s: float
    asked_s: float
    answered_s: float
    text: str


async def replay(
    model: ModelProcess,
    editor: FakeEditor,
    sample: Sample,
    style: Style,
    *,
    accepts: float = 0.5,
    seed: int = 1,
    ours: bool = True,
) -> Outcome:
    """Type ``sample`` in ``style``; right suggestions are accepted at pauses with the chance ``accepts``."""
    await model.set(before=sample.before, typed=sample.typed, seed=seed)
    before = await tokens(editor) if ours else {}
    client = Client(editor, style, f"file:///project/{seed}/{sample.path}",
                    sample.before + sample.after, len(sample.before))  # fmt: skip
    client.open(sample.language)
    outcome = Outcome()
    await _type(client, Typist(sample, style, seed), sample, outcome, accepts, random.Random(seed))
    await asyncio.sleep(PAUSE_S)
    if ours:
        after = await tokens(editor)
        outcome.received, outcome.used = (after[name] - before[name] for name in ("received", "used"))
    client.close()
    await asyncio.sleep(0.05)
    outcome.log = await model.set()
    return outcome


async def tokens(editor: FakeEditor) -> dict[str, int]:
    """The server's own account of the tokens that came and were of use."""
    explained = await editor.request("workspace/executeCommand", {"command": "codestral.explain"})
    counts: dict[str, int] = explained["tokens"]
    return counts


async def _type(
    client: Client, typist: Typist, sample: Sample, outcome: Outcome, accepts: float, chance: random.Random
) -> None:
    loop = asyncio.get_running_loop()
    started_s, ahead_ms, last_s = loop.time(), 0.0, loop.time()
    while (upcoming := deepcopy(typist).next_step()) is not None:
        due_s = started_s + (upcoming.at_ms - ahead_ms) / 1000
        if due_s - last_s >= PAUSE_S and outcome.keys:
            await asyncio.sleep(last_s + min(READ_S, due_s - last_s) - loop.time())
            _note(client, last_s, outcome)
            right = _right(client, sample)
            if right and chance.random() < accepts:
                client.replace(right, ahead=max(client.shown_ahead, typist.accept(right)))
                outcome.accepted += len(right)
                outcome.keys += 1
                last_s = loop.time()
                again = deepcopy(typist).next_step()
                if again is not None:
                    # Goes on typing as long after the key as it would have done otherwise.
                    ahead_ms = again.at_ms - (last_s - started_s + PAUSE_S) * 1000
                continue
        await asyncio.sleep(max(0.0, due_s - loop.time()))
        step = typist.next_step()
        assert step is not None
        client.do(step)
        outcome.keys += 1
        last_s = loop.time()


def _right(client: Client, sample: Sample) -> str:
    """As many whole lines of what is shown as are right, none if the first is not."""
    left = truth_left(sample, client.before)
    lines = client.shown.split("\n")
    while left is not None and lines and any(lines):
        text = "\n".join(lines)
        if left.startswith(text) and (len(left) == len(text) or left[len(text)] == "\n"):
            return text
        lines.pop()
    return ""


def _note(client: Client, key_s: float, outcome: Outcome) -> None:
    """Keep how long the text that is shown in this pause has taken."""
    if not client.shown:
        return
    for request in client.requests:
        if request.at_s >= key_s and request.answered_s is not None and request.text:
            outcome.waits.append(Wait(key_s, request.at_s, request.answered_s, request.whole))
            return
