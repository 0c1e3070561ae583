"""Whether the server's memory stays flat over a long day of typing."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from benchmarks.replay.figures import NOW, Place
from benchmarks.replay.processes import ModelProcess, running_server
from benchmarks.table import Row
from lsp_server.testing.channel import ProcessChannel

SAMPLES: Final = 20
LINE: Final = 40
"""Keys on a line before it is emptied again."""
GROWTH: Final = 5.0
"""Percent between the second fifth of the run, when every bounded memory has begun to fill, and its end. A
leak of 100 bytes a key would be 10 MB over the whole run, which is more."""


def resident_mib(process_id: int) -> float:
    """The resident memory of a process, as Linux tells it."""
    status = Path(f"/proc/{process_id}/status").read_text(encoding="ascii")
    [line] = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1]) / 1024


async def memory(model: ModelProcess, keys: int) -> Row:
    """Type ``keys`` keys with a request each, as fast as they are answered, the model's answers ever new."""
    await model.set(**NOW, constant="compute_#(first, second)\n")
    sizes: list[float] = []
    async with running_server(model.url, completion="debounce = 0") as editor:
        channel = editor.channel
        assert isinstance(channel, ProcessChannel)
        place = Place(editor)
        await place.request()
        for number in range(keys):
            if number % LINE == 0:
                place.clear()
                place.type(f"v{number}")
            else:
                place.type(" ab_("[number % 5])
            await place.request()
            if (number + 1) % max(1, keys // SAMPLES) == 0:
                sizes.append(resident_mib(channel.process.pid))
                await model.set()
                await asyncio.sleep(0)
    fifth = len(sizes) // 5
    early, late = max(sizes[fifth : 2 * fifth]), max(sizes[-fifth:])
    growth = 100.0 * (late - early) / early
    return Row(f"memory over {keys:,} keys", "%", {"growth": growth}, {"growth": GROWTH},
               {"early MiB": early, "late MiB": late})  # fmt: skip
