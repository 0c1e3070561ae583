"""Reads the header of a GGUF file: what the model is called, and whether the file is whole.

The layout is that of the GGUF specification (github.com/ggml-org/ggml, docs/gguf.md), versions 2 and 3,
little endian: magic, version, counts, key-value pairs, tensor descriptions, padding, tensor data. ``parse``
is pure; ``read`` opens a file. Token lists are walked over, never built.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MAGIC: Final = b"GGUF"
VERSIONS: Final = (2, 3)
FIRST_READ_BYTES: Final = 8 * 1024 * 1024
"""Holds the whole header of models with up to about 150,000 tokens, such as Qwen's (6 MB)."""
MAX_HEADER_BYTES: Final = 64 * 1024 * 1024
"""Four times the header of models with 260,000 tokens, the largest vocabularies in use."""
MAX_TEXT_BYTES: Final = 256 * 1024
"""Longer values (none is known: chat templates take some 10 KB) are walked over."""
MAX_NESTING: Final = 4
"""Arrays of arrays are legal and not used by any known model."""
MAX_PAIRS: Final = 65_536
"""Known models have fewer than a hundred key-value pairs."""
MAX_DIMENSIONS: Final = 8
"""Twice what ggml itself allows for a tensor."""
DEFAULT_ALIGNMENT: Final = 32
MAX_ALIGNMENT: Final = 1024 * 1024

_STRING: Final = 8
_ARRAY: Final = 9
_SCALARS: Final = {
    0: struct.Struct("<B"),
    1: struct.Struct("<b"),
    2: struct.Struct("<H"),
    3: struct.Struct("<h"),
    4: struct.Struct("<I"),
    5: struct.Struct("<i"),
    6: struct.Struct("<f"),
    7: struct.Struct("<?"),
    10: struct.Struct("<Q"),
    11: struct.Struct("<q"),
    12: struct.Struct("<d"),
}
_U32: Final = _SCALARS[4]
_U64: Final = _SCALARS[10]

_BLOCKS: Final = {
    0: (1, 4),
    1: (1, 2),
    2: (32, 18),
    3: (32, 20),
    6: (32, 22),
    7: (32, 24),
    8: (32, 34),
    9: (32, 36),
    10: (256, 84),
    11: (256, 110),
    12: (256, 144),
    13: (256, 176),
    14: (256, 210),
    15: (256, 292),
    16: (256, 66),
    17: (256, 74),
    18: (256, 98),
    19: (256, 50),
    20: (32, 18),
    21: (256, 110),
    22: (256, 82),
    23: (256, 136),
    24: (1, 1),
    25: (1, 2),
    26: (1, 4),
    27: (1, 8),
    28: (1, 8),
    29: (256, 56),
    30: (1, 2),
    34: (256, 54),
    35: (256, 66),
    39: (32, 17),
}
"""Tensor type to (elements in a block, bytes of a block), from the table of types in ggml (ggml-common.h). A
type that is not listed counts as empty: a file that lacks some of it is then not noticed here."""

_FIM_KEYS: Final = {
    "tokenizer.ggml.fim_pre_token_id": "prefix",
    "tokenizer.ggml.fim_suf_token_id": "suffix",
    "tokenizer.ggml.fim_mid_token_id": "middle",
    "tokenizer.ggml.prefix_token_id": "prefix",
    "tokenizer.ggml.suffix_token_id": "suffix",
    "tokenizer.ggml.middle_token_id": "middle",
}
"""Both spellings in use, the older one last."""


class GgufError(ValueError):
    """The bytes are no GGUF header. ``str(error)`` is a phrase for people, without the file's name."""


class TruncatedHeader(GgufError):
    """The bytes end before the header does."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a GGUF file says about itself. Empty text and None mean that it does not say.

    ``fim_tokens`` maps ``prefix``, ``suffix`` and ``middle`` to the token identifiers that the file names.
    ``needed_bytes`` is the least size of a whole file.
    """

    architecture: str
    name: str
    licence: str
    context_tokens: int | None
    chat_template: str
    fim_tokens: Mapping[str, int]
    needed_bytes: int


def read(path: Path) -> Header:
    """Return the header of the file at ``path``.

    Raises:
        GgufError: It is not a GGUF file, its header is damaged, or the file is shorter than its header says.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        head = file.read(FIRST_READ_BYTES)
        try:
            header = parse(head)
        except TruncatedHeader:
            if size <= FIRST_READ_BYTES:
                raise
            head += file.read(MAX_HEADER_BYTES - FIRST_READ_BYTES)
            header = parse(head)
    if size < header.needed_bytes:
        raise GgufError(f"it is truncated: {size} bytes, of {header.needed_bytes} at least")
    return header


def parse(head: bytes) -> Header:
    """Return the header that ``head``, the beginning of a file, holds.

    Raises:
        TruncatedHeader: ``head`` ends too early.
        GgufError: ``head`` is anything else.
    """
    if not head.startswith(MAGIC):
        if MAGIC.startswith(head):
            raise TruncatedHeader("it is truncated: it ends within its first bytes")
        raise GgufError("it is not a GGUF file")
    reader = _Reader(head, len(MAGIC))
    version = reader.number(_U32)
    if version not in VERSIONS:
        raise GgufError(f"its GGUF version {version} is not one of {VERSIONS[0]} and {VERSIONS[1]}")
    tensors, pairs = reader.number(_U64), reader.number(_U64)
    values = _values(reader, pairs)
    alignment = values.get("general.alignment", DEFAULT_ALIGNMENT)
    if not isinstance(alignment, int) or not 0 < alignment <= MAX_ALIGNMENT:
        raise GgufError("its header is damaged: impossible alignment")
    data = _data_bytes(reader, tensors)
    return _header(values, -(-reader.at // alignment) * alignment + data if tensors else reader.at)


def _header(values: Mapping[str, object], needed_bytes: int) -> Header:
    architecture = _text(values, "general.architecture")
    context = values.get(f"{architecture}.context_length")
    fim: dict[str, int] = {}
    for key, role in _FIM_KEYS.items():
        token = values.get(key)
        if isinstance(token, int):
            fim.setdefault(role, token)
    return Header(
        architecture=architecture,
        name=_text(values, "general.name"),
        licence=_text(values, "general.license"),
        context_tokens=context if isinstance(context, int) and context > 0 else None,
        chat_template=_text(values, "tokenizer.chat_template"),
        fim_tokens=fim,
        needed_bytes=needed_bytes,
    )


def _text(values: Mapping[str, object], key: str) -> str:
    value = values.get(key)
    return value if isinstance(value, str) else ""


class _Reader:
    """Walks over ``head`` from ``at``; every step is checked against its end."""

    __slots__ = ("at", "head")

    def __init__(self, head: bytes, at: int) -> None:
        self.head = head
        self.at = at

    def skip(self, count: int) -> int:
        """Step over ``count`` bytes and return where they began."""
        start = self.at
        if count > len(self.head) - start:
            raise TruncatedHeader("it is truncated: it ends within its header")
        self.at = start + count
        return start

    def number(self, kind: struct.Struct) -> int:
        """The next number. A truth value or a fraction is not expected where this is called."""
        value: int = kind.unpack_from(self.head, self.skip(kind.size))[0]
        return value

    def text(self) -> str:
        """The next text; an over-long one is stepped over and comes back empty."""
        length = self.number(_U64)
        start = self.skip(length)
        if length > MAX_TEXT_BYTES:
            return ""
        return self.head[start : start + length].decode("utf-8", "replace")


def _values(reader: _Reader, pairs: int) -> dict[str, object]:
    """The key-value pairs whose value is a number, a truth value or a text."""
    if pairs > MAX_PAIRS:
        raise GgufError(f"its header is damaged: it claims {pairs} values")
    values: dict[str, object] = {}
    for _ in range(pairs):
        key = reader.text()
        kind = reader.number(_U32)
        if kind == _STRING:
            values[key] = reader.text()
        elif kind == _ARRAY:
            _skip_array(reader, MAX_NESTING)
        else:
            scalar = _scalar(kind)
            values[key] = scalar.unpack_from(reader.head, reader.skip(scalar.size))[0]
    return values


def _scalar(kind: int) -> struct.Struct:
    try:
        return _SCALARS[kind]
    except KeyError:
        raise GgufError(f"its header is damaged: value type {kind} does not exist") from None


def _skip_array(reader: _Reader, nesting: int) -> None:
    kind, length = reader.number(_U32), reader.number(_U64)
    if kind == _ARRAY:
        if not nesting:
            raise GgufError("its header is damaged: arrays nested too deeply")
        for _ in range(length):
            _skip_array(reader, nesting - 1)
    elif kind == _STRING:
        _skip_texts(reader, length)
    else:
        reader.skip(_scalar(kind).size * length)


def _skip_texts(reader: _Reader, count: int) -> None:
    """Step over ``count`` texts. Token lists have 150,000: hence a loop without calls of our own."""
    unpack, head, at, end = _U64.unpack_from, reader.head, reader.at, len(reader.head)
    for _ in range(count):
        if at > end - _U64.size:
            raise TruncatedHeader("it is truncated: it ends within its token list")
        at += _U64.size + unpack(head, at)[0]
    reader.at = min(at, end)
    reader.skip(at - reader.at)


def _data_bytes(reader: _Reader, tensors: int) -> int:
    """The least size of the tensor data that the descriptions imply, in bytes."""
    needed = 0
    for _ in range(tensors):
        reader.text()
        dimensions = reader.number(_U32)
        if dimensions > MAX_DIMENSIONS:
            raise GgufError(f"its header is damaged: a tensor with {dimensions} dimensions")
        start = reader.skip(dimensions * _U64.size)
        elements = 1
        for index in range(dimensions):
            elements *= _U64.unpack_from(reader.head, start + index * _U64.size)[0]
        per_block, block_bytes = _BLOCKS.get(reader.number(_U32), (1, 0))
        offset = reader.number(_U64)
        needed = max(needed, offset + -(-elements // per_block) * block_bytes)
    return needed
