"""Making the user's own text harmless where it spells a control token.

Servers read control tokens in a prompt wherever they stand. Source code that mentions ``<|fim_middle|>``
(ours does) would end the prompt there, and a file name could forge a section. Such a spelling gets a blank
behind its first character, ``< |fim_middle|>``: no tokenizer reads that as the token, and the model can still
see what is meant. Taking the text out would show the model code that is not there; an invisible character
would come back in suggestions.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_CONTROLS: Final = re.compile("[\0-\x1f\x7f\x85\u2028\u2029]+")
_SURROGATES: Final = re.compile("[\ud800-\udfff]")
REPLACEMENT: Final = "\ufffd"
LONGEST_PATH: Final = 200
"""Code points of a path that a model is shown, from its end: the file's name and the folders next to it."""


def neutralise(text: str, tokens: tuple[str, ...]) -> str:
    """Return ``text`` with none of ``tokens`` in it. Linear in its length; mostly it is ``text`` itself.

    A token that begins with a line feed is looked for at the beginning of every line.
    """
    if not any(token.lstrip("\n") in text for token in tokens):
        return text
    return _pattern(tokens).sub(_broken, text)


def neutralise_path(path: str, tokens: tuple[str, ...]) -> str:
    """Return ``path`` on one line, with none of ``tokens`` in it: it cannot begin a section of its own."""
    return neutralise(encodable(_CONTROLS.sub(" ", path[-LONGEST_PATH:])), tokens)


def encodable(text: str) -> str:
    """Return ``text`` with each lone surrogate replaced by U+FFFD, so that it can be sent as UTF-8."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return _SURROGATES.sub(REPLACEMENT, text)
    return text


@lru_cache(32)
def _pattern(tokens: tuple[str, ...]) -> re.Pattern[str]:
    """Each token's first character, where the rest of the token follows it.

    The look-ahead leaves the rest to be searched, so that tokens that overlap are all broken.
    """
    return re.compile("|".join(map(_place, tokens)), re.MULTILINE)


def _place(token: str) -> str:
    start, text = ("^", token[1:]) if token.startswith("\n") else ("", token)
    return f"{start}{re.escape(text[0])}(?={re.escape(text[1:])})"


def _broken(match: re.Match[str]) -> str:
    return f"{match[0]} "
