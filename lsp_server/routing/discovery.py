"""Which backend to use when none is configured.

In this order: an Ollama that answers and has a model that fills in the middle; Mistral, if a key of theirs is
in the environment; the embedded engine, if it is installed.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Literal

from lsp_server.backends.base import BackendError
from lsp_server.config.settings import BackendSettings
from lsp_server.routing.router import Route, Router
from lsp_server.schedule.clock import Clock

logger = logging.getLogger(__name__)

HOSTED_NOTICE: Final = (
    "No backend is configured, so completions come from Mistral's hosted API with your key: "
    'code around the cursor is sent there. To stay on this machine set privacy.remote = "never".'
)
NOTHING_NOTICE: Final = (
    "No model to complete with: start Ollama with a model such as qwen2.5-coder, set MISTRAL_API_KEY, or "
    "install the embedded engine (pip install 'codestral-lsp[embedded]'). `codestral-lsp doctor` tells more."
)


@dataclass(frozen=True, slots=True)
class Discovered:
    """What was found: the backend to use, if any, and what the user has to be told."""

    backend: BackendSettings | None
    notice: str = ""
    level: Literal["info", "warning"] = "info"


async def discover(
    ollama_url: str,
    try_ollama: Callable[[BackendSettings], Awaitable[bool]],
    *,
    has_mistral_key: bool,
    remote_refused: bool,
    has_embedded: bool,
) -> Discovered:
    """Return the first way to complete that is at hand.

    ``try_ollama`` says whether the given Ollama has a model that fills in the middle. ``remote_refused`` is
    True where the user ruled remote backends out.
    """
    ollama = BackendSettings(name="ollama", kind="ollama", url=ollama_url)
    if await try_ollama(ollama):
        return Discovered(ollama)
    if has_mistral_key and not remote_refused:
        return Discovered(BackendSettings(name="mistral", kind="mistral"), HOSTED_NOTICE, "warning")
    if has_embedded:
        return Discovered(BackendSettings(name="embedded", kind="embedded"))
    return Discovered(None, NOTHING_NOTICE, "warning")


async def can_fill(route: Route, clock: Clock) -> bool:
    """Whether a backend answers and has a model that fills in the middle; its connections are closed then."""
    try:
        await Router([route], clock).identify(route)
    except BackendError as error:
        logger.info("%s is of no use: %s", route.backend.name, error)
        return False
    finally:
        await route.backend.close()
    return True
