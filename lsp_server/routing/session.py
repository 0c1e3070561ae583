"""A stable value per workspace, for servers that keep a session's prompts warm on one machine.

It tells the server nothing: it is a hash with a random salt that never leaves this machine.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Final

SALT_BYTES: Final = 16
"""BLAKE2b's salt length."""
FILE_NAME: Final = "session-salt"


def session_value(salt: bytes, folders: Sequence[str]) -> str:
    """Return 32 hexadecimal digits that stand for ``folders`` on this machine."""
    return blake2b("\n".join(folders).encode(), digest_size=16, salt=salt).hexdigest()


def read_salt(folder: Path) -> bytes:
    """Return this installation's salt, made on first use; a new one each time where it can't be kept."""
    path = folder / FILE_NAME
    with contextlib.suppress(OSError):
        salt = path.read_bytes()
        if len(salt) == SALT_BYTES:
            return salt
    salt = secrets.token_bytes(SALT_BYTES)
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(salt)
    return salt
