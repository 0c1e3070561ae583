"""What the sources may look at: the workspace, the open documents and the last minutes, as frozen values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from lsp_server.context.model import Index
from lsp_server.types import Document

COMMIT_LANGUAGES: Final = frozenset({"git-commit", "gitcommit", "git_commit"})
"""LSP's identifier of a commit message, and those that Vim, Neovim and Emacs send."""


@dataclass(frozen=True, slots=True)
class RecentEdit:
    """An edit of some minutes: from ``line`` on (0-based), ``removed`` became ``inserted``.

    ``path`` is relative to the workspace. ``at_ms`` is when it was made, by the clock of ``View.now_ms``.
    """

    uri: str
    path: str
    line: int
    removed: str
    inserted: str
    at_ms: float


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """What a tool reports about a 0-based line of the document."""

    line: int
    message: str


def same_path(path: str | None) -> str:
    """The path as it is: for documents outside of any workspace folder."""
    return path or ""


@dataclass(frozen=True, slots=True)
class View:
    """Everything a source may use beside the question.

    ``open_documents`` has the most recently used first. ``diagnostics`` are those of the question's document.
    ``relative`` makes a native path relative to the workspace, as the index spells it.
    """

    index: Index | None = None
    open_documents: tuple[Document, ...] = ()
    recent_edits: tuple[RecentEdit, ...] = ()
    now_ms: float = 0.0
    diagnostics: tuple[Diagnostic, ...] = ()
    staged_diff: str = ""
    relative: Callable[[str | None], str] = same_path
