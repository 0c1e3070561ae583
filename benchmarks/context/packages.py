"""Packages from PyPI younger than the test models' training data, in a folder outside the project."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import platformdirs

CACHE: Final = Path(platformdirs.user_cache_dir("codestral-lsp-benchmarks", appauthor=False)) / "context"
TUNED_ON: Final = ("gepa==0.1.4", "deepagents==0.7.32", "smolagents==1.26.0")
"""What weights, thresholds and sizes were chosen on."""
REPORTED_ON: Final = (
    "openai-agents==0.24.0", "fastapi-cloud-cli==0.28.0", "markitdown==0.1.9",
    "posting==2.11.1", "dbos==3.4.0", "mcp==2.3.0",
)  # fmt: skip
"""What the figures are of. All are projects born after February 2024, where Qwen2.5-Coder's data ends."""
LARGEST: Final = 400_000
"""Characters of a file: larger ones are data."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package's Python files: path to text."""

    name: str
    files: dict[str, str]


def package(requirement: str) -> Package:
    """The files of a wheel, which is fetched from PyPI the first time."""
    name, _, version = requirement.partition("==")
    pattern = f"{name.replace('-', '_')}-{version}-*.whl"
    if not list(CACHE.glob(pattern)):
        CACHE.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*command, "--no-deps", "--dest", str(CACHE), requirement], check=True)
    files = {}
    with zipfile.ZipFile(next(CACHE.glob(pattern))) as wheel:
        for entry in sorted(wheel.namelist()):
            if entry.endswith(".py"):
                text = wheel.read(entry).decode("utf-8", "replace").replace("\r\n", "\n")
                if len(text) <= LARGEST:
                    files[entry] = text
    return Package(name, files)
