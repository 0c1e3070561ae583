"""What a source of models is, and what happens while one is asked."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from lsp_server.backends.embedded.catalogue import Model


class Phase(StrEnum):
    """What ``pull`` is doing, in words for people."""

    WAITING = "waiting for another download of it"
    DOWNLOADING = "downloading"
    CHECKING = "checking"


Progress = Callable[[Phase, int, int], None]
"""Called with the phase, the bytes done and the bytes in all, often, from the thread that pulls."""


class SourceFailed(Exception):
    """A source could not deliver. ``str(error)`` is a phrase for people; what had come by then is kept."""


class Source(Protocol):
    """A place that has model files."""

    @property
    def name(self) -> str:
        """The source's name in messages."""
        ...

    def fetch(self, model: Model, partial: Path, progress: Progress) -> None:
        """Go on with ``partial``, which holds the file's beginning or is not there, until it is complete.

        Sources give the same bytes, so one goes on where another stopped. Nothing is checked but the size.

        Raises:
            SourceFailed: It does not have the file, or the connection to it failed.
            OSError: ``partial`` cannot be written.
        """
        ...
