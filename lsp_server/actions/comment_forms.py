"""The forms that comments have which document code."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from lsp_server.actions.answer import Unusable


class Form(StrEnum):
    """What a comment begins with."""

    BLOCK = "/**"
    PLAIN_BLOCK = "/*"
    THREE_SLASHES = "///"
    SLASHES = "//"
    HASH = "#"
    THREE_DASHES = "---"
    DASHES = "--"


_FORMS: Final = MappingProxyType(
    {
        "rust": Form.THREE_SLASHES,
        "csharp": Form.THREE_SLASHES,
        "swift": Form.THREE_SLASHES,
        "go": Form.SLASHES,
        "ruby": Form.HASH,
        "shellscript": Form.HASH,
        "lua": Form.THREE_DASHES,
    }
)
"""By LSP's language identifiers; the others have ``/**``."""
_STAR: Final = re.compile(r"[ \t]*\*(?: |$)?")
_MARK: Final = re.compile(r"[ \t]*(?://[/!]|//|---|--|#) ?")


def form_of(language: str, text: str) -> Form:
    """The form of the comment ``text`` that is there, or the language's own where there is none."""
    return next((form for form in Form if text.startswith(form)), _FORMS.get(language, Form.BLOCK))


def plain_lines(lines: Sequence[str]) -> list[str]:
    """The lines of a comment without its marks; those of another text as they are."""
    text = "\n".join(lines).strip()
    if len(text) >= len("/**/") and text.startswith("/*") and text.find("*/", 2) == len(text) - 2:
        inside = text[1:-1].strip("*").removeprefix("!").split("\n")
        return [inside[0].strip(), *(_STAR.sub("", line, count=1) for line in inside[1:])]
    marks = [_MARK.match(line) for line in lines if line.strip()]
    first = marks[0] if marks else None
    if first is None or any(mark is None for mark in marks):
        return list(lines)
    word = first[0].strip()
    if any(mark is not None and not mark[0].strip().startswith(word[:2]) for mark in marks):
        return list(lines)
    return [_MARK.sub("", line, count=1) for line in lines]


def written(form: Form, lines: Sequence[str], language: str) -> list[str]:
    """The lines of the comment that says ``lines``, without indentation. Raises ``Unusable``."""
    if form in {Form.BLOCK, Form.PLAIN_BLOCK}:
        text = "\n".join(lines)
        if "*/" in text or (language in {"kotlin", "scala", "swift", "rust"} and "/*" in text):
            raise Unusable("the documentation holds the end of a comment: try again")
        if language == "java" and "\\u" in text:
            raise Unusable("the documentation holds \\u, which Java reads even in comments: try again")
        if len(lines) == 1:
            return [f"{form} {lines[0]} */"]
        return [form, *(f" * {line}".rstrip() for line in lines), " */"]
    said = list(lines)
    if language == "csharp" and form is Form.THREE_SLASHES and "<summary>" not in "\n".join(lines):
        said = ["<summary>", *(_escaped(line) for line in lines), "</summary>"]
    return [f"{form} {line}".rstrip() for line in said]


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
