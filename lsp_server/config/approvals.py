"""The remote origins that the user has approved, each remembered exactly: scheme, host and port."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from lsp_server.config.files import Unreadable, make_private_folder, read_small, replace_private
from lsp_server.config.origins import parse_origin
from lsp_server.config.sources import Problem, Source

FILE_NAME: Final = "approved-origins.json"


class Approvals:
    """The approvals in a data folder. Each question reads the file anew: others may have written it."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / FILE_NAME

    def origins(self) -> frozenset[str]:
        """Return the approved origins; none if the file cannot be used (see ``problem``)."""
        try:
            return self._read()
        except Unreadable:
            return frozenset()

    @property
    def problem(self) -> Problem | None:
        """What is wrong with the file, so that nothing in it counts, or None."""
        try:
            self._read()
        except Unreadable as error:
            return Problem(Source.USER, "", str(error), "nothing in it counts as approved", str(self.file))
        return None

    def is_approved(self, origin: str) -> bool:
        """Whether the user approved exactly this origin, in any spelling of it."""
        try:
            return str(parse_origin(origin)) in self.origins()
        except ValueError:
            return False

    def approve(self, origin: str) -> None:
        """Remember ``origin``. A file that cannot be used is replaced by one with this origin alone.

        Raises:
            ValueError: It is no origin.
            OSError: It cannot be written.
        """
        approved = sorted(self.origins() | {str(parse_origin(origin))})
        make_private_folder(self.file.parent)
        replace_private(self.file, json.dumps({"origins": approved}, indent=2) + "\n")

    def _read(self) -> frozenset[str]:
        try:
            text = read_small(self.file, follow=False, owned=True)
        except FileNotFoundError:
            return frozenset()
        try:
            stored = json.loads(text)["origins"]
            if isinstance(stored, list) and all(str(parse_origin(text)) == text for text in stored):
                return frozenset(stored)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            pass
        raise Unreadable("it is damaged: approve again with codestral-lsp config trust ORIGIN")
