"""Reading and writing small files with care for what may lie in their place."""

from __future__ import annotations

import os
import stat
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Final

from lsp_server.config.sources import shown

LARGEST_FILE_BYTES: Final = 32 * 1024
"""Far more than a configuration needs, and so little that the worst content is parsed in 0.3 s."""

LONGEST_LINE: Final = 1000
"""Code points. The parser's time grows with the square of a name's parts: 0.7 s for 16,000 characters."""

_ADMINISTRATOR: Final = 0
"""The user who may do everything anyway, and who owns files that a system's own tools put in place."""

PRIVATE_FOLDER: Final = 0o700
PRIVATE_FILE: Final = 0o600

# Not every system has all of these; where a flag is missing, the check of the opened file still stands.
_OPEN_FLAGS: Final = (
    os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
)
_NO_FOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)


class Unreadable(Exception):
    """A file is there and cannot be used. ``str(error)`` is one line without any of its content."""


def read_small(
    path: Path, *, follow: bool = True, private: bool = False, owned: bool = False, guarded: bool = False
) -> str:
    """Return the text of a regular file of at most ``LARGEST_FILE_BYTES`` in UTF-8 (a BOM is dropped).

    Where the system has file modes, ``private`` refuses a file that others own or may read, ``owned`` one
    that others own or may write, ``guarded`` one that anybody may write or that neither we nor the
    administrator own (a group may write it: some systems give every user a group). Without ``follow`` a link
    in the file's place is refused. Never waits for a pipe.

    Raises:
        FileNotFoundError: There is no such file.
        Unreadable: There is one, and it cannot be used.
    """
    if not follow and not _NO_FOLLOW and path.is_symlink():
        raise Unreadable("it is a link")
    try:
        descriptor = os.open(path, _OPEN_FLAGS | (0 if follow else _NO_FOLLOW))
    except FileNotFoundError:
        if path.is_symlink():
            raise Unreadable("it is a link to nothing") from None
        raise
    except (OSError, ValueError) as error:
        raise Unreadable(_reason(error)) from None
    try:
        _check(os.fstat(descriptor), private=private, owned=owned, guarded=guarded)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            data = file.read(LARGEST_FILE_BYTES + 1)
    except OSError as error:
        raise Unreadable(_reason(error)) from None
    finally:
        os.close(descriptor)
    if len(data) > LARGEST_FILE_BYTES:
        raise Unreadable(f"it is larger than {LARGEST_FILE_BYTES // 1024} KiB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = error.start
    # Raised out here, since a decoder's error holds all of the text and would come along as the context.
    raise Unreadable(f"it is not UTF-8 (byte {place})")


def parse_toml(text: str) -> dict[str, object]:
    """Return the tree that a TOML text says.

    Raises:
        Unreadable: It is no TOML, or has lines over ``LONGEST_LINE``; one line with the place of the fault.
    """
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line) > LONGEST_LINE:
            raise Unreadable(f"line {number} is longer than {LONGEST_LINE} characters: break it up")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise Unreadable("it is not TOML: it nests too deeply") from None
    except ValueError as error:
        raise Unreadable(f"it is not TOML: {shown(str(error), 200)}") from None


def make_private_folder(folder: Path) -> None:
    """Make ``folder`` and what is missing above it; a folder made here is open to its owner alone.

    Raises:
        OSError: It cannot be made.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        folder.mkdir(mode=PRIVATE_FOLDER)
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is not a folder")


def replace_private(path: Path, text: str) -> None:
    """Put ``text`` in the place of ``path`` at once, for its owner alone; a link there is replaced itself.

    Raises:
        OSError: It cannot be written; what was there before still is.
    """
    import tempfile

    # mkstemp makes the file exclusively, with a name that cannot be guessed and mode 0600.
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise


def _check(status: os.stat_result, *, private: bool, owned: bool, guarded: bool) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise Unreadable("it is not a regular file")
    if os.name != "posix":
        return
    if private and status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Unreadable("others may use it: make it private with chmod 600")
    if (private or guarded) and status.st_uid not in (os.geteuid(), _ADMINISTRATOR):
        raise Unreadable("somebody else owns it: make it yours with chown")
    if guarded and status.st_mode & stat.S_IWOTH:
        raise Unreadable("others may write it: make it yours alone with chmod 600")
    if owned and (status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)):
        raise Unreadable("others may write it: remove it, or make it yours with mode 600")


def _reason(error: Exception) -> str:
    reason = error.strerror if isinstance(error, OSError) else None
    return f"it cannot be read ({reason or 'not a possible name'})"
