"""How many threads the engine should use."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from lsp_server.backends.embedded.child import CHOOSE_THREADS

ROOT: Final = Path("/")


def usable_cores(root: Path = ROOT) -> int:
    """Return the number of physical cores that this process may use, or ``CHOOSE_THREADS`` where it is not
    told.

    Two hardware threads of one core share its arithmetic units, so a second engine thread there gains
    nothing. llama.cpp counts by itself on macOS and Windows; on Linux it overlooks the limits of
    containers.
    """
    if not hasattr(os, "sched_getaffinity"):
        return CHOOSE_THREADS
    cores = physical_cores(os.sched_getaffinity(0), root)
    quota = quota_cores(root)
    return max(1, min(cores, quota)) if quota else cores


def physical_cores(processors: Iterable[int], root: Path) -> int:
    """Return how many cores the logical ``processors`` lie on; a processor that does not tell counts as
    one.
    """
    siblings = set()
    for processor in processors:
        topology = root / f"sys/devices/system/cpu/cpu{processor}/topology/thread_siblings_list"
        try:
            siblings.add(topology.read_text("ascii").strip())
        except (OSError, ValueError):
            siblings.add(f"processor {processor}")
    return len(siblings)


def quota_cores(root: Path) -> int | None:
    """Return the whole cores of this control group's time limit (cgroup v2, ``cpu.max``), or None without
    one.
    """
    try:
        limit, period = (root / "sys/fs/cgroup/cpu.max").read_text("ascii").split()
        return int(limit) // int(period) or 1
    except (OSError, ValueError, ZeroDivisionError):
        return None
