"""Which family a model belongs to, from what its backend tells.

A wrong guess shows as control tokens in the user's code, so only what is known counts: the setting, the
backend's own template, the architecture where it says enough, and names of models that were trained to fill
in the middle. ``qwen2.5-coder`` is one, plain ``qwen2.5`` is not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from lsp_server.prompt.families import FAMILIES, Family
from lsp_server.types import ModelInfo

LONGEST_NAME: Final = 80
"""Code points of a model's name that a message shows."""

_NAMES: Final = tuple(
    (re.compile(pattern), family)
    for pattern, family in (
        (r"\bcodestral", "codestral"),
        (r"\bcodeqwen", "codeqwen"),
        (r"\bqwen-?(?:2\.?5|[3-9](?:\.\d)?)-?coder", "qwen"),
        (r"\bdeepseek-?coder", "deepseek"),
        (r"\bstar-?coder", "starcoder2"),
        (r"\bcode-?llama(?!.*python)(?!.*\b(?:34b|70b))", "codellama"),
        (r"\bcode-?gemma", "codegemma"),
        (r"\bgranite-?4", "granite4"),
        (r"\bgranite-(?:\d+b-)?code", "granite"),
        (r"\bmellum", "mellum"),
        (r"\bseed-?coder", "seed-coder"),
        (r"\bstable-?code\b", "stable-code"),
    )
)
"""What names of models that fill in the middle look like once normalised. Code Llama's Python models and its
34B and 70B were trained without."""
_NO_FILL: Final = re.compile(r"\b(?:embed|mamba|reward|rerank)")
"""Members of these families that do not generate, or were trained without (Codestral Mamba, Codestral
Embed)."""

_TOKENS: Final = (
    ("[SUFFIX]", ("codestral",)),
    ("fim▁begin", ("deepseek",)),
    ("<[fim-suffix]>", ("seed-coder",)),
    ("<PRE>", ("codellama",)),
    ("<|fim_prefix|>", ("qwen", "codegemma", "granite4")),
    ("<fim_prefix>", ("starcoder2", "granite", "stable-code", "codeqwen", "mellum")),
)
"""A control token in a template, and the families that use it: the first unless the model's name says
another."""
_ARCHITECTURES: Final = {
    "starcoder": ("starcoder2",),
    "starcoder2": ("starcoder2",),
    "gemma": ("codegemma",),
    "granite": ("granite4", "granite"),
    "granitehybrid": ("granite4",),
    "stablelm": ("stable-code",),
    "qwen2": ("qwen", "codeqwen"),
}
"""The families that an architecture can mean, for templates whose token several families use."""
_SURE_ARCHITECTURES: Final = {"starcoder", "starcoder2"}
"""Architectures whose models all fill in the middle."""


@dataclass(frozen=True, slots=True)
class UnknownModel:
    """A model that is not known to fill in the middle. ``message`` is one line for people."""

    model: str
    message: str


def detect(info: ModelInfo, override: str = "") -> Family | UnknownModel:
    """Return the family of the model that ``info`` describes, or why none is known.

    ``override`` is the setting ``family``; it decides alone. The chat family is never chosen unasked.
    """
    if override:
        family = FAMILIES.get(override.strip().lower())
        return family if family is not None else _unknown_family(info, override)
    name = _by_name(info.name)
    family_name = _by_template(info, name) or name or _by_architecture(info)
    return FAMILIES[family_name] if family_name else _unknown_model(info)


def normalise_name(name: str) -> str:
    """Return a model's name without its folder or owner, in lower case, words joined by hyphens.

    ``Qwen/Qwen2.5-Coder-7B``, ``qwen2.5-coder:7b-base`` and ``Qwen2.5 Coder 7B`` all begin with
    ``qwen2.5-coder``.
    """
    last = re.split(r"[/\\]", name.strip().rstrip("/\\"))[-1]
    return re.sub(r"[\s_:@-]+", "-", last.lower().removesuffix(".gguf"))


def _by_name(name: str) -> str | None:
    normal = normalise_name(name)
    if _NO_FILL.search(normal):
        return None
    return next((family for pattern, family in _NAMES if pattern.search(normal)), None)


def _by_template(info: ModelInfo, name: str | None) -> str | None:
    """The family whose tokens the template puts around the suffix.

    Only Ollama's templates have a place for the suffix. A chat template that names the tokens says nothing.
    """
    if ".Suffix" not in info.template:
        return None
    for token, families in _TOKENS:
        if token in info.template:
            told = (name, *_ARCHITECTURES.get(info.architecture.lower(), ()))
            return next((family for family in told if family in families), families[0])
    return None


def _by_architecture(info: ModelInfo) -> str | None:
    architecture = info.architecture.lower()
    return _ARCHITECTURES[architecture][0] if architecture in _SURE_ARCHITECTURES else None


def _unknown_model(info: ModelInfo) -> UnknownModel:
    return UnknownModel(
        info.name,
        f"{_shown(info.name)} is not known to fill in the middle. Choose a model that does, such as "
        f'qwen2.5-coder, or set family = "..." for this backend to its family: {_fill_families()}. '
        'family = "chat" asks any instruct model in words, which is slower and less exact.',
    )


def _unknown_family(info: ModelInfo, override: str) -> UnknownModel:
    return UnknownModel(
        info.name,
        f'family = "{_printable(override)}" ({_shown(info.name)}) is not a known family: '
        f"set it to one of {_fill_families()} or chat, or leave it out.",
    )


def _fill_families() -> str:
    return ", ".join(name for name in FAMILIES if name != "chat")


def _shown(name: str) -> str:
    return f"model {_printable(name)}" if name.strip() else "a model whose name the backend does not tell"


def _printable(name: str) -> str:
    text = "".join(character if character.isprintable() else "?" for character in name.strip())
    return text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 1]}…"


def is_known(info: ModelInfo) -> bool:
    """Whether a model is one that can be asked to fill in the middle."""
    return not isinstance(detect(info), UnknownModel)
