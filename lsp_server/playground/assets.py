"""The files that a page is made of. They are built from ``editors/playground`` and lie beside this module."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).with_name("assets")
PAGE: Final = "index.html"
NONCE: Final = b"{{nonce}}"
"""What stands in the page for the word that allows its editor's styles."""

_KINDS: Final[Mapping[str, str]] = {
    PAGE: "text/html; charset=utf-8",
    "app.js": "text/javascript; charset=utf-8",
    "app.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


class MissingAssets(Exception):
    """The page has not been built. ``str(error)`` is one line for people."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the playground's page has not been built ({name}): run `make playground`, which needs npm"
        )


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is served."""

    kind: str
    body: bytes


def load_assets(folder: Path = FOLDER) -> Mapping[str, Asset]:
    """Read every asset, by its name. Nothing else of the folder is ever served.

    Raises ``MissingAssets``.
    """
    assets = {}
    for name, kind in _KINDS.items():
        try:
            assets[name] = Asset(kind, (folder / name).read_bytes())
        except OSError as error:
            raise MissingAssets(name) from error
    return assets
