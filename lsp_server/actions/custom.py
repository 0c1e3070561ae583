"""Actions that users make themselves, in their configuration."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lsp_server.actions.model import REWRITE, Result


class When(StrEnum):
    """What has to be at the cursor for an action to make sense."""

    SELECTION = "selection"
    FUNCTION = "function"
    CLASS = "class"
    DIAGNOSTIC = "diagnostic"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class UserAction:
    """An action of a user's own: offered where what ``when`` names is there, in ``languages`` (none: in all).

    ``prompt`` is its template, ``result`` what the answer to it becomes.
    """

    name: str
    title: str
    prompt: str
    kind: str = REWRITE
    languages: tuple[str, ...] = ()
    when: When = When.ANY
    result: Result = Result.REPLACEMENT
