"""Which files may be completed in, and which may never be shown to another machine."""

from __future__ import annotations

import ntpath
import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import PurePath, PurePosixPath, PureWindowsPath
from typing import Final
from unicodedata import normalize

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

_DISREGARDED: Final = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u206a-\u206f\ufeff]")
"""Signs that are not seen, and that some file systems leave out of names when they compare them (HFS+)."""


class PathRules:
    """Compiled path rules of one configuration. A rule holds in whatever way a path is spelled."""

    def __init__(self, exclude: Sequence[str] = (), local_only: Sequence[str] = ()) -> None:
        self._exclude = _compiled((*NEVER, *exclude))
        self._local_only = _compiled(local_only)
        # Asked at every keystroke about the same few files.
        self._excluded_by = lru_cache(KEPT_ANSWERS)(self._find_excluding)
        self._kept_local = lru_cache(KEPT_ANSWERS)(self._find_local)

    def is_excluded(self, relative: str) -> bool:
        """Whether no completion may be made in the file at ``relative`` (forward slashes)."""
        return self._excluded_by(relative) is not None

    def is_local_only(self, relative: str) -> bool:
        """Whether the file's text must not be sent to a remote backend."""
        return self._kept_local(relative)

    def excluded_by(self, relative: str) -> str | None:
        """As ``is_excluded``: what for people is the rule that excludes the file, or None."""
        return self._excluded_by(relative)

    def _find_excluding(self, relative: str) -> str | None:
        for spelling in spellings(relative):
            result = self._exclude.check_file(spelling)
            if result.include and result.index is not None:
                return "made to hold secrets" if result.index < len(NEVER) else "privacy.exclude"
        return None

    def _find_local(self, relative: str) -> bool:
        return any(map(self._local_only.match_file, spellings(relative)))


def relative_path(path: str, folders: Sequence[str]) -> str:
    """Return ``path`` relative to the innermost of ``folders`` that holds it, with forward slashes.

    Outside every folder it is the path without its root, so that rules on folder names still apply.
    Segments ``.`` and ``..`` are resolved, without a look at the disk.
    """
    pure = _pure(path)
    folder = containing_folder(path, folders)
    return pure.relative_to(_pure(folder) if folder else pure.anchor).as_posix()


def containing_folder(path: str | None, folders: Sequence[str]) -> str | None:
    """Return the innermost of ``folders`` that holds ``path``, as it is spelled there, or None."""
    if not path:
        return None
    pure = _pure(path)
    holders = [folder for folder in folders if _holds(_pure(folder), pure)]
    return max(holders, key=lambda folder: len(_pure(folder).parts), default=None)


def normal(text: str) -> str:
    """``text`` as file systems compare it that disregard how letters are composed (macOS)."""
    return text if text.isascii() else normalize("NFC", _DISREGARDED.sub("", text))


def trimmed(name: str) -> str:
    """The name that Windows opens for ``name``: without dots and spaces at its end, and without a stream.

    A stream is what follows a colon, as in ``.env::$DATA``.
    """
    stem = name.partition(":")[0] or name
    return stem.rstrip(" .") or name


def spellings(relative: str) -> tuple[str, ...]:
    """All that a path with forward slashes may mean to a file system: small letters, resolved segments."""
    path = normal(relative).replace("\n", " ")  # No pattern matches across lines.
    found = dict.fromkeys(_resolved(text) for text in (path.lower(), path.casefold()))
    if "\\" in path:
        found |= dict.fromkeys([_resolved(text.replace("\\", "/")) for text in found])
    found |= dict.fromkeys(["/".join(map(trimmed, text.split("/"))) for text in found])
    return tuple(found)


def _resolved(path: str) -> str:
    """Without ``.``, ``..`` and empty segments; what leads out of the folder leads to its top."""
    segments: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del segments[-1:]
        elif segment not in {"", "."}:
            segments.append(segment)
    return "/".join(segments)


def _compiled(patterns: Sequence[str]) -> GitIgnoreSpec:
    return GitIgnoreSpec.from_lines([_comparable(pattern) for pattern in patterns])


def _comparable(pattern: str) -> str:
    folded, lower = normal(pattern).casefold(), pattern.lower()
    if folded != lower:
        try:
            GitIgnoreSpec.from_lines([folded])
        except (ValueError, re.error):
            return lower  # In brackets, a letter that becomes another, or two, can turn a range round.
    return folded


def _pure(path: str) -> PurePath:
    drive = len(path) > 1 and path[1] == ":"
    if drive or ("\\" in path and not path.startswith("/")):
        return PureWindowsPath(ntpath.normpath(path))
    return PurePosixPath(posixpath.normpath(path))


def _holds(folder: PurePath, path: PurePath) -> bool:
    return type(folder) is type(path) and path.is_relative_to(folder)


LONGEST_PATTERN: Final = 256
"""Characters; the longest real ones have a third of it."""
LIGHTEST: Final = 4
"""Weight of a pattern that is compared at once: a few microseconds to read."""
KEPT_EXPRESSIONS: Final = 4096
"""Compiled: more than the projects that one works in have."""

_CLASSES: Final = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": r"!-~",
    "lower": "a-z",
    "print": r" -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\s",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}
_NAMED: Final = re.compile(r"\[:([^\]]*):\]")
_WILD: Final = frozenset("*?[\\")
_DEEP: Final[list[str]] = []
"""Stands for a segment ``**``: any number of segments."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line of an ignore file. ``line`` counts from 1; ``negative`` takes back what others said."""

    line: int
    negative: bool
    only_folders: bool
    is_whole: bool
    """Whether it is matched against the path in the file's folder rather than the name."""
    literal: str = ""
    suffix: str = ""
    expression: str = ""

    @classmethod
    def read(cls, text: str, line: int, *, fold: bool) -> Pattern:
        """Read ``text``, which is neither empty nor a comment.

        Raises:
            ValueError: It can match nothing (a bracket is not closed, say), or is too long.
        """
        if "\0" in text or len(text) > LONGEST_PATTERN:
            raise ValueError("it is no name, or too long")
        negative = text.startswith("!")
        text = normal(text[negative:])
        only_folders = text.endswith("/")
        text = text[: len(text) - only_folders]
        is_whole = "/" in text
        text = text.removeprefix("/")
        kind = partial(cls, line, negative, only_folders, is_whole)
        folded = text.casefold() if fold else text
        if _WILD.isdisjoint(text):
            return kind(literal=folded)
        if text.startswith("*") and len(text) > 1 and not is_whole and _WILD.isdisjoint(text[1:]):
            return kind(suffix=folded[1:])
        # Git compares what stands before the first wildcard apart: a** may lead into folders, as ** does.
        start, stars, _ = text.partition("**")
        start = start if is_whole and stars and _WILD.isdisjoint(start) else ""
        before = re.escape(start.casefold() if fold else start)
        expression = before + _expression(_segments(text.removeprefix(start), is_whole, fold))
        return kind(expression=f"(?i){expression}" if fold else expression)

    @property
    def weight(self) -> int:
        """What reading and matching may cost, in steps by characters of a path."""
        return len(self.expression) or LIGHTEST

    def matches(self, path: str, name: str) -> bool:
        """Whether it names ``path``, whose last segment is ``name``."""
        if self.suffix:
            return name.endswith(self.suffix)
        text = path if self.is_whole else name
        if self.expression:
            return _regex(self.expression).fullmatch(text) is not None
        return self.literal == text


@lru_cache(KEPT_EXPRESSIONS)
def _regex(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.DOTALL)


def _segments(pattern: str, is_whole: bool, fold: bool) -> list[list[str]]:
    """Regular expressions for the segments between slashes, each as its parts between stars.

    Each part matches a fixed number of characters. Segments of two stars or more are ``_DEEP``.
    """
    segments: list[list[str]] = [[""]]
    at, end = 0, len(pattern)
    while at < end:
        sign = pattern[at]
        at += 1
        if sign == "*":
            start = at - 1
            while pattern[at : at + 1] == "*":
                at += 1
            alone = segments[-1] == [""] and pattern[at : at + 1] in {"", "/"}
            if is_whole and alone and at - start > 1:
                segments[-1] = _DEEP
            else:
                segments[-1].append("")
            continue
        if sign == "\\":
            if at == end:
                raise ValueError("nothing follows a backslash")
            sign = pattern[at]
            at += 1
        elif sign == "?":
            segments[-1][-1] += "[^/]"
            continue
        elif sign == "[":
            expression, at = _bracket(pattern, at)
            segments[-1][-1] += expression
            continue
        if sign == "/":
            segments.append([""])
        else:
            segments[-1][-1] += re.escape(sign.casefold() if fold else sign)
    return segments


def _bracket(pattern: str, at: int) -> tuple[str, int]:
    """The expression for the bracket that is open before ``at``, and where it ends."""
    negated = pattern[at : at + 1] in {"!", "^"}
    at += negated
    members, first, last = "", True, ""
    while True:
        sign = pattern[at : at + 1]
        if not sign:
            raise ValueError("a bracket is not closed")
        at += 1
        if sign == "]" and not first:
            break
        first = False
        named = _NAMED.match(pattern, at - 1)
        if named is not None:
            if named[1] not in _CLASSES:
                raise ValueError("there is no such class of characters")
            members += _CLASSES[named[1]]
            last, at = "", named.end()
        elif sign == "-" and last and pattern[at : at + 1] not in {"", "]"}:
            sign, at = _member(pattern, at)
            if last <= sign:
                members += f"{re.escape(last)}-{re.escape(sign)}"
            last = ""
        else:
            last, at = _member(pattern, at - 1)
            members += re.escape(last)
    if negated:
        return f"[^/{members}]", at
    return (f"(?!/)[{members}]" if members else "(?!)"), at


def _member(pattern: str, at: int) -> tuple[str, int]:
    escaped = pattern[at] == "\\"
    sign = pattern[at + escaped : at + escaped + 1]
    if not sign:
        raise ValueError("a bracket is not closed")
    return sign, at + escaped + 1


def _expression(segments: list[list[str]]) -> str:
    """One expression for all segments, which never goes back behind a star or ``**`` that it has passed.

    The first place where what follows a star fits is as good as any later one, up to the next star; the same
    holds of ``**`` and segments.
    """
    groups: list[list[str]] = [[]]
    for segment in segments:
        if segment is not _DEEP:
            groups[-1].append(_segment(segment))
        elif groups[-1] or len(groups) == 1:
            groups.append([])
    if len(groups) == 1:
        return "/".join(groups[0])
    first, *middle, last = groups
    expression = "".join(f"{segment}/" for segment in first)
    for group in middle:
        body = "".join(f"{segment}/" for segment in group)
        expression += f"(?>(?:[^/]*+/)*?{body})"
    return expression + (rf"(?:[^/]*+/)*?{'/'.join(last)}\Z" if last else ".*")


def _segment(parts: list[str]) -> str:
    first, *rest = parts
    if not rest:
        return first
    *middle, last = rest
    return first + "".join(f"(?>[^/]*?{part})" for part in middle if part) + f"[^/]*{last}"
