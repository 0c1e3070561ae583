"""From settings to a backend. Each kind's module is imported when the first backend of that kind is made."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final, cast

from pydantic import SecretStr

from lsp_server.backends.base import Backend
from lsp_server.config.settings import BackendKind, BackendSettings
from lsp_server.types import ModelInfo

_CLASSES: Final[dict[BackendKind, tuple[str, str]]] = {
    "ollama": ("ollama", "OllamaBackend"),
    "mistral": ("mistral", "MistralBackend"),
    "openai": ("openai", "OpenAIBackend"),
    "llamacpp": ("llamacpp", "LlamaCppBackend"),
    "embedded": ("embedded.backend", "EmbeddedBackend"),
}

_CHOOSING: Final[frozenset[BackendKind]] = frozenset({"ollama", "openai"})
"""The kinds whose servers have several models."""


def create_backend(
    settings: BackendSettings,
    *,
    key: SecretStr | None,
    session: str,
    remote: bool,
    suitable: Callable[[ModelInfo], bool] | None = None,
) -> Backend:
    """Return the backend that the settings describe. Nothing is connected or started yet.

    ``key`` belongs to the origin of ``settings.address``. ``session`` is a stable value of this workspace
    without meaning to others. ``remote`` is whether policy takes the address for another machine.
    ``suitable`` tells whether a model is known to fill in the middle; it helps to choose one where the
    settings name none and the server has several.

    Raises:
        ValueError: The address is no URL that a backend can have; one line for people.
    """
    module, name = _CLASSES[settings.kind]
    make: Any = getattr(import_module(f"lsp_server.backends.{module}"), name)
    if settings.kind == "embedded":
        return cast("Backend", make(settings, session=session, remote=remote))
    options: dict[str, Any] = {"key": key, "session": session, "remote": remote}
    if suitable is not None and settings.kind in _CHOOSING:
        options["suitable"] = suitable
    return cast("Backend", make(settings, **options))
