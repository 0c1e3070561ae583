"""Models for tests: the real one, fetched once into the user's data folder, and tiny files like one."""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

REQUIRED_VARIABLE: Final = "CODESTRAL_LSP_REQUIRE_MODEL"
"""Set to 1 where a model that cannot be fetched is a failure and no reason to skip."""

TINY_METADATA: Final[Mapping[str, object]] = {
    "general.architecture": "qwen2",
    "general.name": "Tiny Coder",
    "general.license": "apache-2.0",
    "qwen2.context_length": 4096,
    "tokenizer.chat_template": "{{ messages }}",
    "tokenizer.ggml.tokens": ["<|fim_prefix|>", "a", "b"],
    "tokenizer.ggml.token_type": [3, 1, 1],
    "tokenizer.ggml.fim_pre_token_id": 0,
}
"""Some of each kind of value that model files hold."""


def ensure_test_model() -> Path:
    """Return the path of the default model's file, whole and checked, fetching it if it is not there.

    Where it cannot be fetched, the calling test is skipped with the reason, or fails with it if
    ``CODESTRAL_LSP_REQUIRE_MODEL=1`` is set.
    """
    import pytest

    path, reason = _fetched()
    if path is None:
        if os.environ.get(REQUIRED_VARIABLE) == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@cache
def _fetched() -> tuple[Path | None, str]:
    """The file, or why there is none; asked once for all tests of a run."""
    from lsp_server.backends.embedded.catalogue import DEFAULT_MODEL
    from lsp_server.backends.embedded.download import DownloadFailed, pull
    from lsp_server.backends.embedded.folder import models_folder

    try:
        return pull(DEFAULT_MODEL, models_folder()), ""
    except DownloadFailed as error:
        return None, str(error)


def tiny_gguf(
    metadata: Mapping[str, object] = TINY_METADATA, tensor_elements: int = 64, version: int = 3
) -> bytes:
    """Return a whole GGUF file with one tensor of ``tensor_elements`` 32-bit zeros."""
    head = b"GGUF" + struct.pack("<IQQ", version, 1, len(metadata))
    for key, value in metadata.items():
        head += _text(key) + _value(value)
    head += _text("token_embd.weight") + struct.pack("<IQIQ", 1, tensor_elements, 0, 0)
    return head + bytes(-len(head) % 32) + bytes(4 * tensor_elements)


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _value(value: object) -> bytes:
    """A value with its type in front: text, truth value, 32-bit number, or a list of texts or numbers."""
    if isinstance(value, str):
        return struct.pack("<I", 8) + _text(value)
    if isinstance(value, bool):
        return struct.pack("<I?", 7, value)
    if isinstance(value, int):
        return struct.pack("<II", 4, value)
    if isinstance(value, list):
        items = [_value(item) for item in value]
        kind = items[0][:4] if items else struct.pack("<I", 4)
        return struct.pack("<I", 9) + kind + struct.pack("<Q", len(items)) + b"".join(i[4:] for i in items)
    raise TypeError(f"no GGUF value: {value!r}")
