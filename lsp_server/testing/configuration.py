"""User files for tests: a fake's address and what else a test sets, as TOML."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from lsp_server.testing.fake_backends import FakeBackend, FakeLlamaCpp, FakeMistral, FakeOllama, FakeOpenAI

KEY_VARIABLE = "FAKE_BACKEND_KEY"
"""The environment variable that a fake Mistral's key is read from; a test puts ``TEST_KEY`` there."""

FAKES: Mapping[str, type[FakeBackend]] = {
    "ollama": FakeOllama,
    "mistral": FakeMistral,
    "openai": FakeOpenAI,
    "llamacpp": FakeLlamaCpp,
}
"""The strict fake of each kind of backend."""


def backend_of(kind: str, fake: FakeBackend, **more: object) -> dict[str, object]:
    """The settings of a backend at a fake of this kind."""
    own: dict[str, object] = {"key_env": KEY_VARIABLE} if kind == "mistral" else {}
    return {"name": kind, "kind": kind, "url": fake.url, **own, **more}


def write_config(
    path: Path,
    backends: Sequence[Mapping[str, object]],
    actions: Sequence[Mapping[str, object]] = (),
    **sections: Mapping[str, object],
) -> Path:
    """Write a user file with these backends, actions and sections, without debounce unless told.

    Returns its path.
    """
    lines = []
    for section, values in {"completion": {"debounce": 0}, **sections}.items():
        lines += [f"[{section}]", *_lines(values)]
    for what, entries in (("backends", backends), ("actions", actions)):
        for entry in entries:
            lines += [f"[[{what}]]", *_lines(entry)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _lines(values: Mapping[str, object]) -> list[str]:
    # JSON's texts, numbers, booleans and lists are TOML's too.
    return [f"{name} = {json.dumps(value)}" for name, value in values.items()]
