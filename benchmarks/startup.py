"""From process start to the answer to ``initialize``: this server beside a bare pygls server, in one run.

python benchmarks/startup.py [--rounds N] [--json] [--check]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BAR_RATIO = 1.3

BARE = """
from lsprotocol import types
from pygls.lsp.server import LanguageServer

server = LanguageServer("bare", "1")


@server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION)
def inline(params: types.InlineCompletionParams) -> types.InlineCompletionList:
    return types.InlineCompletionList(items=[])


server.start_io()
"""

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"processId": None, "rootUri": None, "capabilities": {}},
}


def answer_ms(command: list[str], environment: dict[str, str]) -> float:
    """Milliseconds from starting ``command`` to the end of its answer to ``initialize``."""
    body = json.dumps(INITIALIZE).encode()
    started = time.perf_counter()
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        process.stdin.flush()
        length = 0
        while (line := process.stdout.readline()).strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        answer = json.loads(process.stdout.read(length))
        elapsed_ms = (time.perf_counter() - started) * 1000
        assert "capabilities" in answer["result"]
    finally:
        process.kill()
        process.communicate()
    return elapsed_ms


def measure(rounds: int) -> dict[str, float]:
    """Medians over ``rounds`` alternating starts, after one start of each to warm the file cache."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.toml"
        config.touch()
        environment = {**os.environ, "CODESTRAL_LSP_DATA_DIR": folder, "CODESTRAL_LSP_CONFIG": str(config)}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        commands = {
            "bare_ms": [sys.executable, "-c", BARE],
            "ours_ms": [sys.executable, "-m", "lsp_server", "serve"],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for number in range(rounds + 1):
            for name, command in commands.items():
                elapsed = answer_ms(command, environment)
                if number:
                    times[name].append(elapsed)
    result = {name: statistics.median(values) for name, values in times.items()}
    return {**result, "ratio": result["ours_ms"] / result["bare_ms"]}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true", help=f"exit 1 if the ratio is over {BAR_RATIO}")
    args = parser.parse_args()
    result = measure(args.rounds)
    if args.json:
        print(json.dumps(result))
    else:
        print(
            f"initialize: bare pygls {result['bare_ms']:.0f} ms, ours {result['ours_ms']:.0f} ms, "
            f"ratio {result['ratio']:.2f} (bar {BAR_RATIO})"
        )
    return int(args.check and result["ratio"] > BAR_RATIO)


if __name__ == "__main__":
    sys.exit(main())
