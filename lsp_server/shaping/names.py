"""Names in Python code: which a line reads, and whether they are known where it is to stand."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

_KNOWN: Final = frozenset((*dir(builtins), *keyword.kwlist, *keyword.softkwlist, "self", "cls", "__file__"))
_TEXT: Final = re.compile(r"#.*|[a-zA-Z]{0,2}(?:\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')")
_WORD: Final = re.compile(r"[^\W\d]\w*")
_READ: Final = re.compile(r"(?<![\w.])[^\W\d]\w*(?![\w(.])(?!\s*=(?!=))")
_BOUND: Final = re.compile(
    r"\b(?:for|as|import|def|class|global|nonlocal|except)\s+([\w\s,.()*]+?)(?:\bin\b|[:(=]|$)"
    r"|\blambda\b([^:]*):|([\w\s,]+?):?=(?!=)|def\s+\w+\((.*)"
)


def unknown_names(line: str, above: Iterable[str]) -> frozenset[str]:
    """The variables that ``line`` reads and that stand neither in ``above`` nor in the language.

    What is called or looked into may be imported yet and does not count. A name the line binds itself (a
    loop's, an argument's) is known.
    """
    code = _TEXT.sub("''", line)
    if not code.strip() or code.lstrip().startswith(("import ", "from ", "@")):
        return frozenset()
    read = frozenset(_READ.findall(code)) - _KNOWN
    if not read:
        return read
    bound = {name for groups in _BOUND.findall(code) for group in groups for name in _WORD.findall(group)}
    read -= bound
    for known in above:
        if not read:
            break
        read -= _words(known)
    return read


@lru_cache(maxsize=8192)
def _words(line: str) -> frozenset[str]:
    return frozenset(_WORD.findall(line))
