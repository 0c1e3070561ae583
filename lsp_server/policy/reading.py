"""The one gate through which files of a workspace are opened."""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lsp_server.policy.paths import PathRules

LARGEST_BYTES: Final = 1024 * 1024
"""Larger files are data or generated: nobody learns from them how to go on."""
LONGEST_PATTERNS: Final = 64 * 1024
"""Bytes of a .gitignore file that are read; the largest collections of patterns have a tenth of it."""

_FLAGS: Final = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOFOLLOW", 0)
)


@dataclass(frozen=True, slots=True)
class FileText:
    """A file as it was read: its text, and what tells later whether it is still the same.

    Line ends are ``\\n``. What is not UTF-8 became U+FFFD. ``digest`` is of the bytes.
    """

    text: str
    mtime_ns: int
    size: int
    digest: bytes


def read_workspace_file(folder: Path, relative: str, rules: PathRules) -> FileText | None:
    """Return the file at ``relative`` (forward slashes) in ``folder``, or None where it may not be read.

    That is: it is excluded, no regular file, a link, outside of the folder by way of a linked folder, larger
    than ``LARGEST_BYTES``, binary (it holds NUL), or not there.
    """
    if rules.is_excluded(relative) or not is_inside(folder, relative):
        return None
    found = _read(folder / relative, LARGEST_BYTES, whole=True)
    if found is None or b"\0" in found[0]:
        return None
    data, status = found
    text = data.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n")
    return FileText(text, status.st_mtime_ns, status.st_size, digest_of(data))


def read_patterns(folder: Path, relative: str) -> list[str]:
    """The lines of the file of patterns (``.gitignore``) at ``relative``; none where there is none."""
    found = _read(folder / relative, LONGEST_PATTERNS, whole=False)
    return found[0].decode("utf-8", "replace").splitlines() if found else []


def checkout_of(folder: Path) -> int:
    """A number that changes when git checks something out in ``folder``; 0 where that cannot be told."""
    git = folder / ".git"
    with suppress(OSError, ValueError):
        if git.is_file():
            # A worktree: a line "gitdir: PATH" says where its state lies.
            found = _read(git, LONGEST_PATTERNS, whole=True)
            line = found[0].decode("utf-8", "replace").strip() if found else ""
            git = folder / line.removeprefix("gitdir:").strip()
        return (git / "HEAD").stat().st_mtime_ns
    return 0


def digest_of(data: bytes) -> bytes:
    """What tells one content of a file from another."""
    return hashlib.blake2b(data, digest_size=16).digest()


def is_inside(folder: Path, relative: str) -> bool:
    """Whether ``relative`` leads to a place in ``folder``, links of folders followed."""
    parts = relative.split("/")
    if not relative or "\0" in relative or Path(relative).is_absolute() or ".." in parts:
        return False
    parent = os.path.realpath(folder / "/".join(parts[:-1]))
    base = os.path.realpath(folder)
    return parent == base or parent.startswith(base.rstrip(os.sep) + os.sep)


def _read(path: Path, most: int, *, whole: bool) -> tuple[bytes, os.stat_result] | None:
    """The first ``most`` bytes of a regular file; None if it has more and is wanted ``whole``."""
    if not hasattr(os, "O_NOFOLLOW") and path.is_symlink():
        return None
    try:
        descriptor = os.open(path, _FLAGS)
    except (OSError, ValueError):
        return None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or (whole and status.st_size > most):
            return None
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            data = file.read(most + 1)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return None if whole and len(data) > most else (data[:most], status)
