"""A wheel from a package index by its JSON interface (PEP 691), for environments without pip."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

from lsp_server.backends.embedded.sources import SourceFailed
from lsp_server.backends.embedded.transfer import CONNECT_S, STALL_S, resume

VARIABLES: Final = ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL")
"""Where pip and uv look for the index's URL, in this order."""
ACCEPT: Final = "application/vnd.pypi.simple.v1+json"
_OK: Final = 200


def fetch_from_index(distribution: str, version: str, folder: Path, on_bytes: Callable[[int], None]) -> Path:
    """Download one wheel into ``folder``, going on where an earlier attempt stopped.

    Raises:
        SourceFailed: No index is named, or it does not have the wheel.
    """
    index = index_url(os.environ)
    name = f"{distribution.replace('-', '_')}-{version}-py3-none-any.whl"
    page = f"{index}/{distribution}/"
    entry = find_file(_get_json(page), name)
    digest, size = entry["hashes"]["sha256"], entry["size"]
    partial = folder / f"{name}.partial"
    resume(lambda: urljoin(page, entry["url"]), partial, size, on_bytes)
    with partial.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != digest:
            file.close()
            partial.unlink()
            raise SourceFailed(f"{name} came damaged")
    return partial.replace(folder / name)


def index_url(environ: Mapping[str, str]) -> str:
    """Return the index that the environment names, without a trailing slash. Raises ``SourceFailed``."""
    for variable in VARIABLES:
        if environ.get(variable):
            return environ[variable].rstrip("/")
    raise SourceFailed("pip is not installed (run `python -m ensurepip`), nor is PIP_INDEX_URL set")


def find_file(page: Any, name: str) -> dict[str, Any]:
    """Return the entry of the file ``name`` in a project's page. Raises ``SourceFailed``."""
    files = page.get("files") if isinstance(page, dict) else None
    for entry in files if isinstance(files, list) else ():
        if isinstance(entry, dict) and entry.get("filename") == name and _complete(entry):
            return entry
    raise SourceFailed(f"it does not list {name}")


def _complete(entry: dict[str, Any]) -> bool:
    hashes = entry.get("hashes")
    return (
        isinstance(entry.get("url"), str)
        and isinstance(entry.get("size"), int)
        and isinstance(hashes, dict)
        and isinstance(hashes.get("sha256"), str)
    )


def _get_json(url: str) -> Any:
    import httpx2

    try:
        timeout = httpx2.Timeout(STALL_S, connect=CONNECT_S)
        response = httpx2.get(url, headers={"Accept": ACCEPT}, timeout=timeout, follow_redirects=True)
        if response.status_code != _OK:
            raise SourceFailed(f"the index answered with status {response.status_code}")
        return response.json()
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
        raise SourceFailed(f"the index is out of reach ({type(error).__name__})") from error
