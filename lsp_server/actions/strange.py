"""Characters and words that a model's answer must not bring into a file."""

from __future__ import annotations

import re
from typing import Final

from lsp_server.policy.secrets import REDACTED

_CHARACTER: Final = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffd"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
"""Controls, what turns the direction of writing, what has no width, what stands for something unreadable."""
_TOKEN: Final = re.compile(
    r"<\|[\w ./-]{1,40}\|>|<\uff5c[^\uff5c\n]{1,40}\uff5c>|\[/?(?:INST|SUFFIX|PREFIX|MIDDLE|TOOL_CALLS)\]"
    r"|</s>|(?<![\w\])])<s>(?!\w)|<(?:fim_\w{1,20}|endoftext|start_of_turn|end_of_turn|[be]os)>|<</?SYS>>"
    r"|\u2581<(?:PRE|SUF|MID|EOT)>"
)
"""What models use to part texts from each other."""
_MARKER: Final = re.compile(r"^(?:<{7}|>{7})(?: |$)", re.MULTILINE)
_ELISION: Final = re.compile(
    r"^\s*(?:#|//|--|/\*|<!--|;)+\s*(?:(?:\.{3}|\u2026).*"
    r"|.{0,40}\b(?:rest|remain\w*|existing|unchanged|previous|same|other)\b.{0,20}"
    r"\b(?:code|function|functions|method|methods|class|implementation|body|lines|as before|above|unchanged"
    r"|(?:stays|remains) the same)\b.{0,40})$",
    re.IGNORECASE,
)
"""A comment that stands for code which the model did not write down."""
LONGEST_COMMENT: Final = 300
"""Code points of a line that are looked at: such comments are short."""


def strange(text: str, known: str) -> str | None:
    """Why ``text`` must not be put beside ``known``, the text that is there; None if it may."""
    for found in _CHARACTER.finditer(text):
        if found[0] not in known:
            return f"the answer holds the invisible character U+{ord(found[0]):04X}: try again"
    for found in _TOKEN.finditer(text):
        if found[0] not in known:
            return f"the answer holds {found[0]}, which only models use among themselves: try again"
    if REDACTED in text and REDACTED not in known:
        return (
            "a secret was taken out before the model was asked, and its answer would remove it: select less"
        )
    if _MARKER.search(text) and not _MARKER.search(known):
        return "the answer holds the marks of a merge conflict: try again"
    return None


def elision(new: list[str], old: list[str]) -> str | None:
    """Why lines must not take the place of others: one of them only stands for code. None if none does."""
    there = {line.strip() for line in old}
    if any(_ELISION.match(line[:LONGEST_COMMENT]) and line.strip() not in there for line in new):
        return "the answer leaves out parts of the code: select less and try again"
    return None


def cleaned(text: str) -> str:
    """The text without characters that are not for people to read, its line ends made ``\\n``."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CHARACTER.sub("", text)
