"""What a page opens at its start, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from lsp_server import __version__
from lsp_server.document.uris import from_path
from lsp_server.types import Document

_ROOTS: Final = (".git", "pyproject.toml", "package.json", "Cargo.toml", "go.mod")


def workspace_of(path: Path) -> Path:
    """The folder of the project that the file ``path`` is of: the nearest with marks of one, else its own.

    The home folder and what is above it are nobody's project.
    """
    home = Path.home()
    for folder in path.parents:
        if folder == home or folder in home.parents:
            break
        if any((folder / mark).exists() for mark in _ROOTS):
            return folder
    return path.parent


def start_json(documents: Sequence[Document]) -> dict[str, Any]:
    """The documents with their texts, and the folders of their projects; empty where there are none."""
    paths = [Path(document.path) for document in documents if document.path is not None]
    folders = dict.fromkeys(workspace_of(path) for path in paths)
    return {
        "version": __version__,
        "folders": [{"uri": from_path(str(folder)), "name": folder.name} for folder in folders],
        "documents": [
            {
                "uri": document.uri,
                "name": Path(document.path).name if document.path else document.uri,
                "path": _spelled(document.path),
                "language": document.language,
                "text": document.text,
            }
            for document in documents
        ],
    }


def _spelled(path: str | None) -> str | None:
    """A path as people write it: from their home folder on."""
    if path is None or not Path(path).is_relative_to(Path.home()):
        return path
    return str(Path("~") / Path(path).relative_to(Path.home()))
