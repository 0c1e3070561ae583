"""The one gate through which files of a workspace are opened."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Container
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lsp_server.policy.paths import PathRules, Pattern

GITIGNORE: Final = ".gitignore"
EXCLUDING: Final = (".codestralignore", ".aiignore", ".cursorignore", ".copilotignore")
"""Ours, and those of JetBrains, Cursor and Copilot, which people have already."""

LARGEST_BYTES: Final = 1024 * 1024
"""Larger files are data or generated: nobody learns from them how to go on."""
LARGEST_PATTERNS: Final = 64 * 1024
"""Bytes of a file of patterns; the largest collections of patterns have a tenth of it."""

MOST_PATTERNS: Final = 2000
"""Of one file: more than all templates of github/gitignore for one project together."""
BYTES_BY_WEIGHT: Final = 16
"""Reading so many bytes of a file takes less time than matching a sign of a pattern may."""

Stamp = tuple[tuple[int, ...] | None, ...]

_FLAGS: Final = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOFOLLOW", 0)
)


class Unreadable(Exception):
    """A file is there and may not be read. ``str(error)`` says why, as what follows "it"."""


@dataclass(frozen=True, slots=True)
class FileText:
    """A file as it was read: its text, and what tells later whether it is still the same.

    Line ends are ``\\n``. What is not UTF-8 became U+FFFD. ``digest`` is of the bytes.
    """

    text: str
    mtime_ns: int
    size: int
    digest: bytes


class Patterns:
    """The patterns of one ignore file, read and matched as git does.

    Each is matched in time that grows with its length times the path's, however many wildcards it has.
    ``faults`` are the lines that could not be used, each with its reason. With ``fold`` the case of letters
    is disregarded.
    """

    def __init__(self, data: bytes, *, fold: bool) -> None:
        self._fold = fold
        self._reversed: tuple[Pattern, ...] = ()
        found: list[Pattern] = []
        faults: list[str] = []
        for number, raw in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
            if len(found) >= MOST_PATTERNS:
                faults.append(f"it has more than {MOST_PATTERNS} patterns")
                break
            try:
                text = _untrailed(raw.removesuffix(b"\r").decode("utf-8"))
                if text.startswith("#") or text in {"", "!", "/", "!/"}:
                    continue
                found.append(Pattern.read(text, number, fold=fold))
            except ValueError:
                faults.append(f"line {number} is no pattern that can be used")
        self._reversed = tuple(reversed(found))
        self.faults: tuple[str, ...] = tuple(faults)
        self.weight = sum(pattern.weight for pattern in found) + len(data) // BYTES_BY_WEIGHT

    def __len__(self) -> int:
        return len(self._reversed)

    def last_match(self, path: str, *, is_folder: bool) -> Pattern | None:
        """The pattern that decides about ``path``, relative to the file's folder and ``normal``, if one does.

        What is said about the folders on the way is the caller's to ask first.
        """
        if self._fold:
            path = path.casefold()
        name = path[path.rfind("/") + 1 :]
        for pattern in self._reversed:
            if (is_folder or not pattern.only_folders) and pattern.matches(path, name):
                return pattern
        return None


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an ignore file cannot be used, or not all of it. ``shown`` is its path for people."""

    name: str
    shown: str
    reason: str

    def __str__(self) -> str:
        """The fault in one line."""
        return f"{self.shown} cannot be used: {self.reason}; its folder is for local backends only until then"


@dataclass(frozen=True, slots=True, eq=False)
class IgnoreFile:
    """An ignore file as it was read. ``shown`` is its path for people."""

    name: str
    shown: str
    patterns: Patterns


@dataclass(frozen=True, slots=True, eq=False)
class FolderIgnores:
    """The ignore files of one folder; ``exclude`` is the path of git's ``info/exclude`` if it has one."""

    files: tuple[IgnoreFile, ...] = ()
    faults: tuple[Fault, ...] = ()
    exclude: str = ""
    is_top: bool = False
    """Whether a repository begins here, in which git reads nothing from above."""


def read_workspace_file(folder: Path, relative: str, rules: PathRules) -> FileText | None:
    """Return the file at ``relative`` (forward slashes) in ``folder``, or None where it may not be read.

    That is: it is excluded, no regular file, a link, outside of the folder by way of a linked folder, larger
    than ``LARGEST_BYTES``, binary (it holds NUL), or not there.
    """
    if rules.is_excluded(relative) or not is_inside(folder, relative):
        return None
    try:
        data, status = _read(folder / relative, LARGEST_BYTES)
    except (Unreadable, FileNotFoundError):
        return None
    if b"\0" in data:
        return None
    text = data.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n")
    return FileText(text, status.st_mtime_ns, status.st_size, digest_of(data))


def read_patterns(path: str, top: str) -> bytes | None:
    """Return the file of patterns (``.gitignore``) at ``path``, or None where there is none.

    A link is followed as long as it stays in the folder ``top``.

    Raises:
        Unreadable: There is something, but no regular file of up to ``LARGEST_PATTERNS`` that may be read.
    """
    try:
        try:
            return _read(Path(path), LARGEST_PATTERNS)[0]
        except Unreadable:
            if not os.path.islink(path):  # noqa: PTH114 - asked of each folder on the way to a file
                raise
        target = os.path.realpath(path)
        if not _is_below(target, os.path.realpath(top)):
            raise Unreadable("is a link out of its folder")
        return _read(Path(target), LARGEST_PATTERNS)[0]
    except FileNotFoundError:
        if os.path.islink(path):  # noqa: PTH114 - as above
            raise Unreadable("is a link to nothing") from None
        return None


def is_repository(folder: Path) -> bool:
    """Whether ``folder`` is the top of a git repository or worktree."""
    git = git_folder(folder)
    with suppress(OSError, ValueError):
        return git is not None and os.path.lexists(git / "HEAD")
    return False


def git_folder(folder: Path) -> Path | None:
    """Where git would keep the state of the repository or worktree whose top is ``folder``, or None.

    The place need not be one of git's, nor there.
    """
    git = folder / ".git"
    with suppress(OSError, ValueError, Unreadable):
        if git.is_dir():
            return git
        # A worktree: a line "gitdir: PATH" says where its state lies.
        line = _read(git, LARGEST_PATTERNS)[0].decode("utf-8", "replace").strip()
        return folder / line.removeprefix("gitdir:").strip()
    return None


def read_folder(folder: str, top: str, shown: str, names: Container[str] | None = None) -> FolderIgnores:
    """Read the ignore files of ``folder``; ``names`` are what it holds, where that is known.

    Links are followed inside ``top``. ``shown`` is the folder's path for people, with a slash at its end.
    Nothing is raised: what cannot be read is a fault.
    """
    files: list[IgnoreFile] = []
    faults: list[Fault] = []

    def take(name: str, path: str, inside: str, label: str) -> None:
        try:
            data = read_patterns(path, inside)
        except Unreadable as error:
            faults.append(Fault(name, label, f"it {error}"))
            return
        if data is None:
            return
        patterns = Patterns(data, fold=name != GITIGNORE or _disregards_case(path))
        faults.extend(Fault(name, label, fault) for fault in patterns.faults[:1])
        if len(patterns):
            files.append(IgnoreFile(name, label, patterns))

    for name in (GITIGNORE, *EXCLUDING):
        if names is None or name in names:
            take(name, f"{folder}{os.sep}{name}", top, f"{shown}{name}")
    git = git_folder(Path(folder)) if names is None or ".git" in names else None
    if git is None:
        return FolderIgnores(tuple(files), tuple(faults))
    common = _shared_by_worktrees(git)
    exclude = str(common / "info" / "exclude")
    take(GITIGNORE, exclude, str(common), f"{shown}.git/info/exclude")
    return FolderIgnores(tuple(files), tuple(faults), exclude, is_repository(Path(folder)))


def _untrailed(line: str) -> str:
    """Without spaces at the end, except one behind a backslash."""
    text = line.rstrip(" ")
    backslashes = len(text) - len(text.rstrip("\\"))
    return text + " " if backslashes % 2 and len(text) < len(line) else text


def stamp_of(folder: str, exclude: str) -> Stamp:
    """What is another once an ignore file in ``folder`` or ``exclude`` has changed, come or gone."""
    git = _status(f"{folder}{os.sep}.git")
    files = [_status(f"{folder}{os.sep}{name}") for name in (GITIGNORE, *EXCLUDING)]
    return (git[:2] if git else None, *files, _status(exclude) if exclude else None)


def _status(path: str) -> tuple[int, ...] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - some fifty at a time, while somebody types
    except FileNotFoundError:
        return None
    except OSError as error:
        return (error.errno or -1,)
    return (stat.S_IFMT(found.st_mode), found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _shared_by_worktrees(git: Path) -> Path:
    with suppress(OSError, ValueError, Unreadable):
        return git / _read(git / "commondir", LARGEST_PATTERNS)[0].decode("utf-8", "replace").strip()
    return git


def _disregards_case(path: str) -> bool:
    """Whether the name in capitals is the same file, as git asks when it makes a repository."""
    folder, name = os.path.split(path)
    try:
        return os.path.samestat(os.stat(path), os.stat(f"{folder}{os.sep}{name.upper()}"))  # noqa: PTH116 - as above
    except OSError:
        return False


def checkout_of(folder: Path) -> int:
    """A number that changes when git checks something out in ``folder``; 0 where that cannot be told."""
    with suppress(OSError, ValueError):
        git = git_folder(folder)
        return (git / "HEAD").stat().st_mtime_ns if git else 0
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
    return _is_below(parent, os.path.realpath(folder))


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _read(path: Path, most: int) -> tuple[bytes, os.stat_result]:
    """The content of a regular file of up to ``most`` bytes, not by way of a link.

    Raises:
        Unreadable: It is something else, larger, or not ours to read.
        FileNotFoundError: There is nothing.
    """
    if not hasattr(os, "O_NOFOLLOW") and path.is_symlink():
        raise Unreadable("is a link")
    try:
        descriptor = os.open(path, _FLAGS)
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError from None
    except (OSError, ValueError) as error:
        raise Unreadable(f"cannot be opened ({getattr(error, 'strerror', None) or 'wrong name'})") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Unreadable("is no regular file")
        if status.st_size <= most:
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                data = file.read(most + 1)
            if len(data) <= most:
                return data, status
    except OSError as error:
        raise Unreadable(f"cannot be read ({error.strerror})") from None
    finally:
        os.close(descriptor)
    raise Unreadable(f"is larger than {most // 1024} KiB")
