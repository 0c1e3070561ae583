"""The program that runs the engine: ``python -P -m lsp_server.backends.embedded.child``.

One JSON line on standard input says what to load (``Order``). One JSON line on standard output says on
which loopback port the engine listens, or why it does not (``Report``). When standard input ends, so does
the program: it does not outlive its parent, whatever that dies of. While a model loads, llama.cpp holds
Python's global lock, and the end of standard input is only seen afterwards.

Nothing is ever logged once the engine listens: llama.cpp's messages can quote prompts.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from dataclasses import asdict, dataclass, field
from typing import Any, Final

HOST: Final = "127.0.0.1"

BATCH_TOKENS: Final = 64
"""llama.cpp looks for a closed connection between batches only. With the 0.5B model on two cores, the next
request's first token came 0.2 s after an unwanted long prompt was left with batches of 64, 0.4 s with 128,
1.2 s with 256, and the prompt cost 0.2, 1.2 and 2.8 s of processor time after it was left. Prompts are read
as fast with each of these. llama.cpp's own size, 2048, goes on for some 15 s."""

PROMPT_CACHE_MIB: Final = 256
"""States of other prompts that are kept for when the user comes back to that file: about ten of 2,000
tokens for the 0.5B model. llama.cpp's own limit is 8 GiB."""

PING_S: Final = 10
"""While it reads a prompt, llama.cpp shows in this way that it is alive, within the time after which silence
counts as a fault (``limits.Deadlines.idle_s``)."""

ERRORS_ONLY: Final = 1
"""llama.cpp's verbosity."""

CHOOSE_THREADS: Final = 0
"""In an order: let llama.cpp choose the number of threads."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the child is to run. It is sent over a pipe: arguments and environments can be read by others."""

    model: str
    key: str = field(repr=False)
    context_tokens: int
    threads: int = CHOOSE_THREADS
    batch_tokens: int = BATCH_TOKENS


@dataclass(frozen=True, slots=True)
class Report:
    """What has become of an order: the port, or the error's words."""

    port: int = 0
    error: str = ""


def to_line(value: Order | Report) -> bytes:
    """The value as one line of JSON."""
    return json.dumps(asdict(value)).encode("ascii") + b"\n"


def report_from(line: bytes) -> Report:
    """The report that a line holds; one that tells so for anything else."""
    try:
        return Report(**json.loads(line))
    except (TypeError, ValueError):
        return Report(error="its process answered with nonsense")


def main() -> int:
    """Run the engine until standard input ends."""
    # An interrupt from the terminal is for the parent, which then ends this program.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = _keep_standard_output()
    orders = sys.stdin.buffer
    line = orders.readline()
    if not line:
        return 0
    try:
        server = serve(Order(**json.loads(line)))
        port = int(server.listening_address.rstrip("/").rpartition(":")[2])
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent is told
        os.write(answers, to_line(Report(error=f"{type(error).__name__}: {error}")))
        return 1
    os.write(answers, to_line(Report(port=port)))
    _drop_output()
    while orders.read(1):
        pass
    # Without Python's and llama.cpp's clearing up, which would wait for a running request.
    os._exit(0)


def serve(order: Order) -> Any:
    """Return the engine, loaded and listening on a free port of the loopback interface only."""
    import xllamacpp  # type: ignore[import-untyped]  # It ships no types.

    params = xllamacpp.CommonParams()
    params.model.path = order.model
    params.hostnames = [HOST]
    params.port = 0
    params.api_keys = [order.key]
    params.cors_origins = ""  # No web page may read an answer.
    params.ui = False
    params.n_parallel = 1
    params.n_ctx = order.context_tokens
    params.n_batch = params.n_ubatch = order.batch_tokens
    params.cache_ram_mib = PROMPT_CACHE_MIB
    params.sse_ping_interval = PING_S
    params.fit_params = False  # Trying out what fits takes half a second; the context is bounded already.
    params.verbosity = ERRORS_ONLY
    if order.threads != CHOOSE_THREADS:
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = order.threads
    return xllamacpp.Server(params)


def _keep_standard_output() -> int:
    """Return standard output for ourselves; whatever others print goes where standard error goes."""
    kept = os.dup(1)
    os.dup2(2, 1)
    return kept


def _drop_output() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


if __name__ == "__main__":
    sys.exit(main())
