"""The staged changes of a git repository, for its commit messages."""

from __future__ import annotations

import asyncio
import re
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

TIMEOUT_S: Final = 2.0
"""Git has the index in memory mostly; a repository that takes longer goes without."""
MOST_CHARS: Final = 20_000
"""Read of a diff: a message is about what comes first."""
_SECTION: Final = re.compile(r"^(?=diff --git )", re.MULTILINE)
_HEAD: Final = re.compile(r'diff --git "?a/(.*?)"? "?b/(.*?)"?$', re.MULTILINE)
COMMAND: Final = (
    "git", "--no-pager", "--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false",
    "diff", "--cached", "--no-ext-diff", "--no-textconv", "--no-color", "--unified=1",
)  # fmt: skip
"""A repository's configuration can name programs for git to run; these options leave them out."""


def without_paths(diff: str, leave_out: Callable[[str], bool]) -> str:
    """``diff`` without the files whose path ``leave_out`` is true of."""
    sections = _SECTION.split(diff)
    kept = []
    for section in sections:
        head = _HEAD.match(section)
        if head is None or not (leave_out(head[1]) or leave_out(head[2])):
            kept.append(section)
    return "".join(kept)


async def staged_diff(message_path: str) -> str:
    """The staged diff of the repository whose commit message is at ``message_path``; empty without one."""
    folder = next((p for p in Path(message_path).parents if p.name == ".git"), None)
    if folder is None:
        return ""
    try:
        process = await asyncio.create_subprocess_exec(
            *COMMAND,
            cwd=folder.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return ""
    assert process.stdout is not None
    try:
        async with asyncio.timeout(TIMEOUT_S):
            text = await process.stdout.read(MOST_CHARS)
    except TimeoutError:
        return ""
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    return text.decode(errors="replace")
