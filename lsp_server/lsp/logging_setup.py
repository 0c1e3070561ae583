"""Logging that may be shown to anyone: no source text, no message bodies, no keys.

What this room logs holds none of them in the first place. The formatter here is the second line: it leaves
out the text of exceptions and hides whatever looks like a key. Other packages' loggers are cut off below
WARNING, and those that log the messages they carry altogether.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import traceback
from collections.abc import Callable
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import Final, TextIO

LEVELS: Final = ("debug", "info", "warning", "error")
_CARRIERS: Final = ("pygls", "websockets", "asyncio")
"""Packages that put messages, or reprs of them, into their records, at ERROR as well."""
_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_HIDDEN: Final = "[hidden]"
_KEYS: Final = (
    (re.compile(r"\b(?:sk|pk|rk|hf|gh[opsu]|github_pat|xox[abp])[-_][\w-]{8,}"), _HIDDEN),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{4,}"), rf"\1 {_HIDDEN}"),
    (re.compile(r"(?i)(://[^/\s:@]{0,64}:)[^/\s@]{1,256}@"), rf"\1{_HIDDEN}@"),
    (
        re.compile(
            r"""(?ix)
            ([\w-]{0,32}(?:key|token|secret|passw(?:or)?d|authorization)[\w-]{0,32}["']?\s{0,4}[=:]\s{0,4})
            (?!\s*\[hidden\]) (?:"[^"]*" | '[^']*' | [^\s,;}\])]+)
            """
        ),
        rf"\1{_HIDDEN}",
    ),
)
"""What looks like a key, and what stands in its place: well-known prefixes, HTTP credentials, credentials in
a URL, and the value after a name that speaks of one."""


def set_up(level: str = "warning", file: Path | None = None) -> None:
    """Send the program's log to ``file`` (made readable for its owner alone), or to stderr.

    Replaces what an earlier call set up. Raises ``OSError`` if the file cannot be written.
    """
    handler = logging.StreamHandler(_open(file) if file is not None else _stderr())
    handler.setFormatter(Formatter(_FORMAT))
    root = logging.getLogger()
    for old in tuple(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("lsp_server").setLevel(level.upper())
    silence_carriers()


def silence_carriers() -> None:
    """Cut off the packages that log the messages they carry."""
    for name in _CARRIERS:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def redact(text: str) -> str:
    """Return ``text`` with everything that looks like a key hidden."""
    for pattern, replacement in _KEYS:
        text = pattern.sub(replacement, text)
    return text


def describe(error: BaseException) -> str:
    """Return an exception's type and the places it passed, without its text, on one line."""
    places = traceback.extract_tb(error.__traceback__)
    path = " > ".join(f"{Path(place.filename).name}:{place.lineno} {place.name}" for place in places)
    return f"{type(error).__name__} at {path}" if path else type(error).__name__


def log_failure(logger: logging.Logger, what: str, error: BaseException) -> None:
    """Log that ``what`` failed, and where. Not ``logger.exception``: exceptions quote what they choke on."""
    logger.error("%s failed: %s", what, describe(error))


class Formatter(logging.Formatter):
    """Formats records so that they hold neither keys nor the text of exceptions, one line each.

    What a name of a file or of a client could do to a terminal, or to who reads the log, is escaped.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line, redacted."""
        return redact(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name logging calls
        """Return the line without the exception, with nothing in it that does not print."""
        line = super().formatMessage(record)
        return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)

    def formatException(  # noqa: N802 - the name logging calls
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        """Return the exception's type and places."""
        return describe(ei[1]) if ei[1] is not None else ""


def report_loop_problem(_loop: object, context: dict[str, object]) -> None:
    """Log what asyncio reports about tasks, in place of its own handler, which prints their values."""
    error = context.get("exception")
    what = describe(error) if isinstance(error, BaseException) else "no exception"
    logging.getLogger(__name__).error("A task failed unnoticed: %s", what)


def _open(file: Path) -> TextIO:
    opener: Callable[[str, int], int] = _private
    stream = open(file, "ab", buffering=0, opener=opener)  # noqa: SIM115 - it stays open
    return TextIOWrapper(stream, encoding="utf-8", errors="backslashreplace", write_through=True)


def _private(path: str, flags: int) -> int:
    descriptor = os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o600)
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, 0o600)
    return descriptor


def _stderr() -> TextIO:
    """Stderr, made able to print what its encoding does not know."""
    if isinstance(sys.stderr, TextIOWrapper):
        sys.stderr.reconfigure(errors="backslashreplace")
    return sys.stderr
