"""From process start to the answer to ``initialize``: this server beside a bare pygls server, in one run."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.table import Row

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


def startup(rounds: int) -> Row:
    """Medians over ``rounds`` alternating starts, after one start of each to warm the file cache."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.toml"
        config.touch()
        environment = {**os.environ, "CODESTRAL_LSP_DATA_DIR": folder, "CODESTRAL_LSP_CONFIG": str(config)}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        commands = {
            "bare": [sys.executable, "-c", BARE],
            "ours": [sys.executable, "-m", "lsp_server", "serve"],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for number in range(rounds + 1):
            for name, command in commands.items():
                elapsed = answer_ms(command, environment)
                if number:
                    times[name].append(elapsed)
    bare, ours = (statistics.median(times[name]) for name in ("bare", "ours"))
    return Row(
        "initialize answered, over a bare pygls server",
        "",
        {"ratio": ours / bare},
        {"ratio": BAR_RATIO},
        note=f"{ours:.0f} ms over {bare:.0f} ms",
    )
