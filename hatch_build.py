"""What a release holds beside Python: the playground's page, VS Code's extension, and the editors' folders.

The page and the extension are built by npm from ``editors/``, unless they are there and newer than their
sources. Without npm the wheel is built all the same, with a warning, and `codestral-lsp playground` says what
is missing. An editable installation uses the checkout as it is.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PRODUCTS = {
    "playground": ("build", Path("lsp_server/playground/assets/app.js")),
    "vscode": ("package", Path("editors/vscode/codestral-lsp.vsix")),
}
"""By folder of ``editors``: the npm script, and what it makes."""
SHARED = Path("editors/vscode/src/standing.ts")
"""What the page has of the extension's sources."""


class EditorsHook(BuildHookInterface):  # type: ignore[misc]  # hatchling is there at build time only
    """Builds what npm builds, and puts the editors' folders into the wheel as ``lsp_server/editors``."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before the files of a wheel or an sdist are collected."""
        if version == "editable":
            return
        root = Path(self.root)
        for folder, (script, product) in PRODUCTS.items():
            if not _is_fresh([*_sources(root / "editors" / folder), root / SHARED], root / product):
                self._run_npm(root / "editors" / folder, script)
        if self.target_name == "wheel":
            for path in _shipped(root / "editors"):
                build_data["force_include"][str(path)] = f"lsp_server/{path.relative_to(root).as_posix()}"

    def _run_npm(self, folder: Path, script: str) -> None:
        npm = shutil.which("npm")
        if npm is None:
            self.app.display_warning(f"{folder.name} is left out of this build: it needs npm")
            return
        for arguments in (["ci", "--no-audit", "--no-fund"], ["run", script]):
            command = [npm, *arguments]
            done = subprocess.run(  # noqa: S603 - npm, with our own arguments
                command, cwd=folder, check=False, capture_output=True, text=True
            )
            if done.returncode != 0:
                self.app.display_warning(f"{folder.name} is left out: `npm {' '.join(arguments)}` failed")
                self.app.display_warning(done.stderr[-2000:])
                return


def _is_fresh(sources: Sequence[Path], product: Path) -> bool:
    """Whether ``product`` exists and none of its sources is newer."""
    if not product.exists():
        return False
    made = product.stat().st_mtime
    return all(path.stat().st_mtime <= made for path in sources)


def _sources(folder: Path) -> Iterator[Path]:
    return _files(folder, {"node_modules", "out"})


def _shipped(editors: Path) -> Iterator[Path]:
    """The files that users need, of each folder with a README: no sources, no scripts."""
    for folder in sorted(editors.iterdir()):
        if not (folder / "README.md").exists():
            continue
        if folder.name == "vscode":
            yield from (path for path in sorted(folder.iterdir()) if path.suffix in {".md", ".vsix"})
        else:
            yield from (path for path in _files(folder, {"__pycache__"}) if path.suffix != ".py")


def _files(folder: Path, without: set[str]) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not without.intersection(path.relative_to(folder).parts):
            yield path
