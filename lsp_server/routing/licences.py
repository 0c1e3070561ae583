"""Models whose licence forbids use at work."""

from __future__ import annotations

from typing import Final

from lsp_server.types import Destination, ModelInfo

NON_PRODUCTION: Final = (
    "local Codestral weights are under the Mistral Non-Production Licence, which rules out use at work: "
    "use the hosted API, or an Apache-2.0 model such as qwen2.5-coder"
)


def restriction(info: ModelInfo, destination: Destination) -> str:
    """Why the model may not be used at work, as one line; empty where nothing is known against it.

    Codestral's only published weights (22B, May 2024) are under that licence; what Mistral hosts is under the
    terms of its API.
    """
    hosted = destination.remote and destination.origin.endswith(".mistral.ai")
    return NON_PRODUCTION if "codestral" in info.name.lower() and not hosted else ""
