"""How many threads the engine gets: physical cores, within the limits of a container."""

import os

import pytest

from lsp_server.backends.embedded import processors
from lsp_server.backends.embedded.child import CHOOSE_THREADS
from lsp_server.backends.embedded.processors import physical_cores, quota_cores, usable_cores


def machine(root, siblings, limit=None):
    """What Linux tells of processors 0, 1, ... and of the control group."""
    for processor, told in enumerate(siblings):
        folder = root / f"sys/devices/system/cpu/cpu{processor}/topology"
        folder.mkdir(parents=True)
        (folder / "thread_siblings_list").write_text(f"{told}\n")
    if limit is not None:
        (root / "sys/fs/cgroup").mkdir(parents=True)
        (root / "sys/fs/cgroup/cpu.max").write_text(limit)
    return root


def test_threads_of_one_core_count_once(tmp_path):
    root = machine(tmp_path, ["0,2", "1,3", "0,2", "1,3"])
    assert physical_cores({0, 1, 2, 3}, root) == 2
    assert physical_cores({0, 2}, root) == 1


def test_processors_that_tell_nothing_count_as_cores(tmp_path):
    assert physical_cores({0, 1, 5}, tmp_path) == 3


@pytest.mark.parametrize(
    ("limit", "cores"),
    [
        ("200000 100000\n", 2),
        ("250000 100000\n", 2),
        ("50000 100000\n", 1),
        ("max 100000\n", None),
        ("nonsense", None),
        ("1 0", None),
        (None, None),
    ],
)
def test_quota(tmp_path, limit, cores):
    assert quota_cores(machine(tmp_path, [], limit)) == cores


def test_the_smaller_of_both_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    root = machine(tmp_path, ["0", "1", "2", "3"], "200000 100000")
    assert usable_cores(root) == 2
    (root / "sys/fs/cgroup/cpu.max").write_text("max 100000")
    assert usable_cores(root) == 4


def test_elsewhere_llama_cpp_chooses(monkeypatch):
    monkeypatch.delattr(processors.os, "sched_getaffinity", raising=False)
    assert usable_cores() == CHOOSE_THREADS
