"""Which files may be completed in, and which may never be shown to another machine."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import PurePath, PurePosixPath, PureWindowsPath
from typing import Final

from pathspec import GitIgnoreSpec

NEVER: Final = (
    ".env",
    ".env.*",
    "!.env.example",
    "!.env.sample",
    "!.env.template",
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "*.jks",
    "*.keystore",
    "*.kdbx",
    "*.ovpn",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
    ".netrc",
    "_netrc",
    ".npmrc",
    ".pypirc",
    ".git-credentials",
    ".htpasswd",
    "credentials",
    "credentials.*",
    "secrets.*",
    "*.tfstate",
    "*.tfvars",
    "kubeconfig",
    ".aws/",
    ".ssh/",
    ".gnupg/",
    ".docker/config.json",
)
"""Files that are made to hold secrets. Case is disregarded: a case bypass was CVE-2025-59944."""


KEPT_ANSWERS: Final = 4096
"""More files than anybody has open."""


class PathRules:
    """Compiled path rules of one configuration."""

    def __init__(self, exclude: Sequence[str] = (), local_only: Sequence[str] = ()) -> None:
        self._exclude = GitIgnoreSpec.from_lines([p.lower() for p in (*NEVER, *exclude)])
        self._local_only = GitIgnoreSpec.from_lines([p.lower() for p in local_only])
        # Asked at every keystroke about the same few files.
        self._excluded = lru_cache(KEPT_ANSWERS)(self._exclude.match_file)
        self._kept_local = lru_cache(KEPT_ANSWERS)(self._local_only.match_file)

    def is_excluded(self, relative: str) -> bool:
        """Whether no completion may be made in the file at ``relative`` (forward slashes)."""
        return self._excluded(relative.lower())

    def is_local_only(self, relative: str) -> bool:
        """Whether the file's text must not be sent to a remote backend."""
        return self._kept_local(relative.lower())


def relative_path(path: str, folders: Sequence[str]) -> str:
    """Return ``path`` relative to the innermost of ``folders`` that holds it, with forward slashes.

    Outside every folder it is the path without its root, so that rules on folder names still apply.
    """
    pure = _pure(path)
    holders = [holder for holder in map(_pure, folders) if _holds(holder, pure)]
    if holders:
        return pure.relative_to(max(holders, key=lambda holder: len(holder.parts))).as_posix()
    return pure.relative_to(pure.anchor).as_posix()


def _pure(path: str) -> PurePath:
    windows = "\\" in path or (len(path) > 1 and path[1] == ":")
    return PureWindowsPath(path) if windows else PurePosixPath(path)


def _holds(folder: PurePath, path: PurePath) -> bool:
    return type(folder) is type(path) and path.is_relative_to(folder)
