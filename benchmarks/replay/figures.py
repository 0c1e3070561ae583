"""The figures of single requests: each function measures one and returns its row."""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.replay.processes import ModelProcess, running_server
from benchmarks.table import Row, percentiles
from lsp_server.backends.llamacpp import LlamaCppBackend
from lsp_server.config.settings import BackendSettings
from lsp_server.testing.editor import FakeEditor, ResponseError
from lsp_server.types import CleanPrompt, Prompt, PromptForm

LINES: Final = 10_000
URI: Final = "file:///project/big.py"
NOW: Final = {"first_token_s": 0.0, "token_s": 0.0}
ONE_REQUEST: Final = 'debounce = 0\ncandidates = 1\nspeculation = "never"'
PACED: Final = {"first_token_s": 0.06, "token_s": 0.008}


@dataclass(frozen=True, slots=True)
class LaidOut:
    """The template of a prompt that is laid out already."""

    name: str = "laid out"
    form: PromptForm = PromptForm.RAW
    system: str = ""

    def render(self, prompt: Prompt) -> str:
        """The prompt as it is."""
        return prompt.prefix


class Place:
    """A line in the middle of a big file, written into at its end. Messages are built here: the fake editor's
    own book-keeping is no part of a figure.
    """

    def __init__(self, editor: FakeEditor) -> None:
        self.editor = editor
        self.line = LINES // 2
        self.column = 0
        self.version = 1
        self.editor.notify("textDocument/didOpen", {"textDocument": {
            "uri": URI, "languageId": "python", "version": 1, "text": big_document(self.line)}})  # fmt: skip

    def type(self, text: str) -> None:
        """Insert ``text`` (one line) at the cursor."""
        self._change(self.column, self.column, text)
        self.column += len(text)

    def clear(self) -> None:
        """Empty the line."""
        self._change(0, self.column, "")
        self.column = 0

    def request(self, *, invoked: bool = False) -> Any:
        """Ask for ghost text at the cursor."""
        place = {"line": self.line, "character": self.column}
        params = {"textDocument": {"uri": URI}, "position": place, "context": {"triggerKind": 2 - invoked}}
        return self.editor.request("textDocument/inlineCompletion", params)

    def _change(self, start: int, end: int, text: str) -> None:
        self.version += 1
        at = [{"line": self.line, "character": column} for column in (start, end)]
        change = {"range": {"start": at[0], "end": at[1]}, "text": text}
        identifier = {"uri": URI, "version": self.version}
        self.editor.notify("textDocument/didChange", {"textDocument": identifier, "contentChanges": [change]})
        self.editor.transcript.clear()


def big_document(empty_line: int) -> str:
    """10,000 lines of small functions; ``empty_line`` is empty."""
    lines: list[str] = []
    for number in range(LINES // 5):
        lines += [f"def compute_{number}(first, second):", f'    """Return something about {number}."""',
                  f"    total = first * {number} + second", "    return total", ""]  # fmt: skip
    lines[empty_line] = ""
    return "\n".join(lines)


async def own_time(model: ModelProcess, count: int) -> Row:
    """What the server adds to a model that answers at once."""
    served, direct = await _pairs(model, count, NOW)
    base = statistics.median(direct)
    own = {name: value - base for name, value in percentiles(served).items()}
    return Row("own time per request, 10,000 lines", "ms", own, {"p50": 3.0, "p95": 8.0, "p99": 15.0},
               percentiles(direct), "served less the median of the same calls made directly")  # fmt: skip


async def end_to_end(model: ModelProcess, count: int) -> Row:
    """Through the server over the same call made directly: 60 ms to the first token, 8 ms a token."""
    served, direct = await _pairs(model, count, PACED)
    ratio = statistics.median(served) / statistics.median(direct)
    return Row("end to end over the direct call", "", {"ratio": ratio}, {"ratio": 1.05},
               {"served ms": statistics.median(served), "direct ms": statistics.median(direct)})  # fmt: skip


async def _pairs(model: ModelProcess, count: int, pace: dict[str, float]) -> tuple[list[float], list[float]]:
    """Milliseconds of requests through the server, and of the same prompts sent directly, in turn."""
    served, direct = [], []
    settings = BackendSettings(name="model", kind="llamacpp", url=model.url)
    backend = LlamaCppBackend(settings, key=None, session="", remote=False)
    await model.set(**pace, constant="other_#(first, second)\n")
    async with running_server(model.url, completion=ONE_REQUEST) as editor:
        place = Place(editor)
        await place.request(invoked=True)
        await model.set()
        for number in range(count + 5):
            place.clear()
            place.type(f"value_{number} = ")
            started = time.perf_counter()
            answer = await place.request()
            served.append((time.perf_counter() - started) * 1000)
            assert answer["items"], "the model always answers"
            [asked] = await model.set()
            direct.append(await _direct_ms(backend, asked["prompt"], asked["forced"]))
            await model.set()
    await backend.close()
    return served[5:], direct[5:]  # The first ones find code that runs for the first time.


async def _direct_ms(backend: LlamaCppBackend, prompt: str, forced: str) -> float:
    clean = CleanPrompt(Prompt(LaidOut(), prompt, "", forced=forced), backend.destination)
    text = ""
    started = time.perf_counter()
    async with backend.stream(clean) as chunks:
        async for chunk in chunks:
            text += chunk.text
            if "\n" in text:
                return (time.perf_counter() - started) * 1000
    raise AssertionError("the model's answers end with a line")


async def typed_through(model: ModelProcess, count: int) -> Row:
    """Keys that follow a suggestion which is known: all from the cache."""
    times = []
    line = "compute_1(first, second) + compute_2(second, first)"
    await model.set(**NOW, constant=line + "\n")
    async with running_server(model.url, completion="candidates = 1") as editor:
        place = Place(editor)
        for number in range(-(-count // len(line))):
            place.clear()
            place.type(f"value_{number} = ")
            assert (await place.request(invoked=True))["items"]
            await asyncio.sleep(0.05)
            await model.set()
            for letter in line[:-1]:
                place.type(letter)
                started = time.perf_counter()
                answer = await place.request()
                times.append((time.perf_counter() - started) * 1000)
                assert answer["items"][0]["insertText"] == line[place.column - len(f"value_{number} = ") :]
            asked = len(await model.set())
            assert not asked, f"{asked} requests for what was known"
    return Row("keys that follow a known suggestion", "ms", percentiles(times), {"p95": 3.0},
               note="each answered from the cache, no request to the model")  # fmt: skip


async def left_streams(model: ModelProcess, count: int) -> Row:
    """From the key that leaves a running draft to the model's seeing the connection closed."""
    late = []
    await model.set(first_token_s=0.02, token_s=0.02, constant="compute(" + "first, " * 40)
    async with running_server(model.url, completion="debounce = 0") as editor:
        place = Place(editor)
        await asyncio.wait({place.request().future}, timeout=2.0)
        await model.set()
        for number in range(count):
            place.clear()
            place.type(f"value_{number} = ")
            pending = place.request()
            await asyncio.sleep(0.15)
            place.type("x")
            left_s = time.monotonic()
            await asyncio.sleep(0.1)
            log = await model.set()
            late += [(each["closed_s"] - left_s) * 1000 for each in log if each["cancelled"]]
            editor.cancel(pending)
            await asyncio.wait([pending.future])
            pending.future.exception()
    assert len(late) >= count, f"{len(late)} of {count} streams were closed"
    return Row("a stream that the typing has left is closed", "ms",
               {**percentiles(late), "max": max(late)}, {"p99": 20.0})  # fmt: skip


async def storm(model: ModelProcess, count: int) -> Row:
    """Requests that are each cancelled within 30 ms: all are answered."""
    chance = random.Random(1)
    answered = 0
    await model.set(first_token_s=0.01, token_s=0.002, constant="compute_#(first, second)\n")
    async with running_server(model.url) as editor:
        place = Place(editor)

        async def one() -> None:
            nonlocal answered
            pending = place.request()
            await asyncio.sleep(chance.random() * 0.03)
            editor.cancel(pending)
            with suppress(ResponseError):
                await pending
            answered += 1

        tasks = []
        for number in range(count):
            place.type("ab_"[number % 3])
            tasks.append(asyncio.ensure_future(one()))
            await asyncio.sleep(chance.random() * 0.006)
        await asyncio.gather(*tasks)
    share = 100.0 * (count - answered) / count
    return Row(f"{count} requests, each cancelled within 30 ms", "%", {"unanswered": share},
               {"unanswered": 0.0})  # fmt: skip
