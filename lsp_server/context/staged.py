"""The staged changes of a git repository, for its commit messages."""

from __future__ import annotations

import asyncio
import os
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
_MOVED: Final = re.compile(r"^(?:rename|copy) (?:from|to) (.*)$", re.MULTILINE)
_ESCAPE: Final = re.compile(r"\\([0-7]{3}|.)")
_ESCAPED: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
COMMAND: Final = (
    "git", "--no-pager", "--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false",
    "diff", "--cached", "--no-ext-diff", "--no-textconv", "--no-color", "--unified=1",
    "--submodule=short", "--ignore-submodules=all", "--src-prefix=a/", "--dst-prefix=b/",
)  # fmt: skip
"""A repository's configuration can name programs for git to run; these options leave them out. In a submodule
git would start another git without them. The prefixes are those that ``without_paths`` reads."""
ENVIRONMENT: Final = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none"}
"""A repository that says it is a partial clone names the program that fetches the rest. Nothing is fetched;
the second variable says so to a git older than 2.39.4."""


def without_paths(diff: str, leave_out: Callable[[str], bool]) -> str:
    """``diff`` without the files whose path ``leave_out`` is true of, or cannot be told."""
    return "".join(section for section in _SECTION.split(diff) if _is_kept(section, leave_out))


def _is_kept(section: str, leave_out: Callable[[str], bool]) -> bool:
    paths = _paths(section)
    return bool(paths) and not any(leave_out(path) for path in paths)


def _paths(section: str) -> list[str]:
    """The paths that a file's section is about; none where they are not spelled as expected."""
    head, _, rest = section.partition("\n")
    moved = _MOVED.findall(rest.partition("\n@@")[0])
    if moved:
        return [_unquoted(path) for path in moved]
    # Both paths are one, so they are of equal length whatever spaces they hold.
    both = head.removeprefix("diff --git ")
    before, after = _unquoted(both[: len(both) // 2]), _unquoted(both[len(both) // 2 + 1 :])
    alike = before.startswith("a/") and after == f"b/{before[2:]}"
    return [before[2:]] if alike else []


def _unquoted(path: str) -> str:
    """A path as git spells it, which is in quotes where it holds quotes or what does not print."""
    if not (len(path) > 1 and path.startswith('"') and path.endswith('"')):
        return path
    return _ESCAPE.sub(
        lambda found: chr(int(found[1], 8)) if found[1].isdigit() else _ESCAPED.get(found[1], found[1]),
        path[1:-1],
    )


def repository_of(message_path: str) -> Path | None:
    """The repository whose commit message is at ``message_path``: paths in its diffs begin there."""
    return next((p.parent for p in Path(message_path).parents if p.name == ".git"), None)


async def staged_diff(message_path: str) -> str:
    """The staged diff of the repository whose commit message is at ``message_path``; empty without one."""
    folder = repository_of(message_path)
    if folder is None:
        return ""
    try:
        process = await asyncio.create_subprocess_exec(
            *COMMAND,
            cwd=folder,
            env={**os.environ, **ENVIRONMENT},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return ""
    assert process.stdout is not None
    text = b""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            while len(text) < MOST_CHARS and (piece := await process.stdout.read(MOST_CHARS - len(text))):
                text += piece
    except TimeoutError:
        return ""
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    return text.decode(errors="replace")
