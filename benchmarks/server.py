"""What a keystroke and its request cost the server, on a 10,000-line file.

    python benchmarks/server.py [--keys N] [--json] [--check]

The model is the strict fake of llama.cpp, answering at once. The same prompts are then sent to it directly
by the backend class alone: the difference is the server's own time, with the pipe, both JSON codecs, the
prompt, the policy and the shaping in it. There is no debounce in either.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from lsp_server.backends.llamacpp import LlamaCppBackend
from lsp_server.config.settings import BackendSettings
from lsp_server.prompt.families import FAMILIES
from lsp_server.testing.capabilities import VSCODE
from lsp_server.testing.editor import FakeEditor
from lsp_server.testing.fake_backends import FakeLlamaCpp
from lsp_server.types import CleanPrompt, Prompt

BAR_MS = 8.0
LINES = 10_000
URI = "file:///project/big.py"

CONFIG = """
[completion]
debounce = 0
[[backends]]
name = "fake"
kind = "llamacpp"
url = "{url}"
"""


def document() -> str:
    """10,000 lines of small functions, the cursor in the middle of the last."""
    functions = [
        f"def compute_{number}(first, second):\n"
        f'    """Return something about {number}."""\n'
        f"    total = first * {number} + second\n"
        f"    return total\n\n"
        for number in range(LINES // 5)
    ]
    middle = len(functions) // 2
    return "".join(functions[:middle]) + "value = ‸\n\n" + "".join(functions[middle:])


async def keystrokes_ms(fake: FakeLlamaCpp, keys: int, folder: Path) -> list[float]:
    """Milliseconds from a keystroke to the suggestion, for ``keys`` keystrokes that no cache can answer."""
    config = folder / "config.toml"
    config.write_text(CONFIG.format(url=fake.url), encoding="utf-8")
    environment = {**os.environ, "CODESTRAL_LSP_DATA_DIR": str(folder)}
    command = [sys.executable, "-m", "lsp_server", "serve", "--config", str(config)]
    times = []
    async with FakeEditor.of_process(command, VSCODE, environment) as editor:
        await editor.initialize()
        editor.open(URI, document())
        await editor.inline(URI, invoked=True)
        line, column = LINES // 2, len("value = ")
        for number in range(keys):
            # The messages are written out: the fake editor's own book-keeping is not the server's time.
            at = {"line": line, "character": column + number}
            change = {"range": {"start": at, "end": at}, "text": "ab_"[number % 3]}
            version = {"uri": URI, "version": number + 2}
            behind = {"line": line, "character": column + number + 1}
            started = time.perf_counter()
            editor.notify("textDocument/didChange", {"textDocument": version, "contentChanges": [change]})
            answer = await editor.request(
                "textDocument/inlineCompletion",
                {"textDocument": {"uri": URI}, "position": behind, "context": {"triggerKind": 2}},
            )
            times.append((time.perf_counter() - started) * 1000)
            assert answer["items"], "the fake always answers"
            editor.transcript.clear()
        await editor.shutdown()
    return times


async def direct_ms(fake: FakeLlamaCpp, keys: int) -> list[float]:
    """Milliseconds of the same calls made by the backend class alone."""
    backend = LlamaCppBackend(
        BackendSettings(name="fake", kind="llamacpp", url=fake.url), key=None, session="", remote=False
    )
    sent = [recorded.json["prompt"] for recorded in fake.completions[-keys:]]
    times = []
    for text in sent:
        prompt = Prompt(FAMILIES["qwen"], text, "")
        clean = CleanPrompt(prompt, backend.destination)
        started = time.perf_counter()
        async with backend.stream(clean) as chunks:
            async for chunk in chunks:
                if chunk.text:
                    break
        times.append((time.perf_counter() - started) * 1000)
    await backend.close()
    return times


def percentiles(times: list[float]) -> dict[str, float]:
    """p50, p95 and p99 in milliseconds."""
    ordered = sorted(times)
    return {f"p{p}_ms": ordered[min(len(ordered) - 1, len(ordered) * p // 100)] for p in (50, 95, 99)}


async def measure(keys: int) -> dict[str, object]:
    """Through the server and directly, in one run."""
    answers = iter(range(10**9))
    async with FakeLlamaCpp(lambda _: f"other_{next(answers)}(1)\n") as fake:
        with tempfile.TemporaryDirectory() as folder:
            served = await keystrokes_ms(fake, keys, Path(folder))
        direct = await direct_ms(fake, keys)
    own = statistics.median(served) - statistics.median(direct)
    return {"served": percentiles(served), "direct": percentiles(direct), "own_p50_ms": own}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    parser.add_argument(
        "--check", action="store_true", help=f"exit 1 if the server's median is over {BAR_MS} ms"
    )
    args = parser.parse_args()
    result = asyncio.run(measure(args.keys))
    if args.json:
        print(json.dumps(result))
    else:
        for name in ("served", "direct"):
            values = result[name]
            assert isinstance(values, dict)
            print(f"{name:7}" + "".join(f"  {key[:3]} {value:6.2f} ms" for key, value in values.items()))
        print(f"the server's own time at the median: {result['own_p50_ms']:.2f} ms (bar {BAR_MS:.0f} ms)")
    own = result["own_p50_ms"]
    assert isinstance(own, float)
    return int(args.check and own > BAR_MS)


if __name__ == "__main__":
    sys.exit(main())
