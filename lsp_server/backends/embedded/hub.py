"""Model files from the Hugging Face hub, at the revision that the catalogue pins."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from lsp_server.backends.embedded.catalogue import Model
from lsp_server.backends.embedded.sources import Phase, Progress, SourceFailed
from lsp_server.backends.embedded.transfer import resume

ANSWER_S: Final = 3.0
"""For each step of asking the hub: where it is out of reach, the mirror is to be tried soon."""
LOOKUP_S: Final = 5.0
"""For all steps together; the look-up of a host name has no time limit of its own."""

_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class HubSource:
    """The hub at ``endpoint``: by default the public one, or the one that ``HF_ENDPOINT`` names.

    Of ``huggingface_hub`` only the look-up is used: its own download starts again from nothing after an
    interruption. No token is sent: the files are public.
    """

    name = "Hugging Face hub"

    def __init__(self, endpoint: str | None = None) -> None:
        self._endpoint = endpoint

    def fetch(self, model: Model, partial: Path, progress: Progress) -> None:
        """See ``Source.fetch``."""
        resume(
            lambda: within(LOOKUP_S, lambda: location(model, self._endpoint)),
            partial,
            model.size_bytes,
            lambda done: progress(Phase.DOWNLOADING, done, model.size_bytes),
        )


def location(model: Model, endpoint: str | None = None) -> str:
    """Ask the hub where the bytes of ``model`` are. Raises ``SourceFailed`` also if it has another file."""
    try:
        from huggingface_hub import get_hf_file_metadata, hf_hub_url
    except ImportError as error:
        raise SourceFailed("huggingface_hub is not installed") from error
    url = hf_hub_url(model.hub_repository, model.hub_file, revision=model.hub_revision, endpoint=endpoint)
    try:
        found = get_hf_file_metadata(url, token=False, timeout=ANSWER_S, endpoint=endpoint)
    except Exception as error:
        # Its exceptions come from httpx or httpx2, by its version, and from half a dozen roots of its own.
        raise SourceFailed(_reason(error)) from error
    if found.size not in {None, model.size_bytes} or not _same(found.etag, model.sha256):
        raise SourceFailed("it has another file than the one that is pinned")
    return found.location


def _same(etag: str | None, sha256: str) -> bool:
    """Whether ``etag``, which is the SHA-256 of large files, does not contradict ``sha256``."""
    return etag is None or _SHA256.fullmatch(etag) is None or etag == sha256


def _reason(error: Exception) -> str:
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status is not None:
        return f"it answered with status {status}"
    if type(error).__name__ == "OfflineModeIsEnabled":
        return "HF_HUB_OFFLINE is set"
    return f"out of reach ({type(error).__name__})"


def within(limit_s: float, work: Callable[[], str]) -> str:
    """Return what ``work`` returns, or raise ``SourceFailed`` when it takes longer than ``limit_s`` seconds.

    The work then goes on in a thread that does not keep the process alive.
    """
    result: list[str] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            result.append(work())
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            failure.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(limit_s)
    if failure:
        raise failure[0]
    if not result:
        raise SourceFailed(f"no answer within {limit_s:g} s")
    return result[0]
