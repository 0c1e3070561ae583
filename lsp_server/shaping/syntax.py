"""Whether a suggestion can be read by the language's grammar, in the place where it is to stand."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from lsp_server.grammars import grammar
from lsp_server.shaping.site import Site

if TYPE_CHECKING:
    from tree_sitter import Language, Node

FORGIVING: Final = frozenset({"markdown", "html", "sql", "yaml", "css"})
"""Languages in which an error means little: dialects and templates abound, or everything is a text."""


def first_error(text: str, site: Site) -> int | None:
    """Where in ``text`` (code points) its first syntax error is, or None.

    Only errors that lie within ``text`` and do not reach its end count: what follows may still mend those.
    None too where no grammar is installed, and where the lines read around the cursor begin in the middle of
    something: what stands there cannot be told without it.
    """
    name, before, after = site.cursor.document.language, site.before, site.after
    language = grammar(name)
    if language is None or name in FORGIVING or not text.strip() or before[:1].isspace():
        return None
    return _first_error(language, before, text, after)


@lru_cache(maxsize=8)
def _first_error(language: Language, before: str, text: str, after: str) -> int | None:
    start = len(before.encode())
    inserted = text.encode()
    inside = [
        node.start_byte
        for node in _errors(language, before.encode() + inserted + after.encode())
        if start <= node.start_byte and node.end_byte < start + len(inserted)
    ]
    if not inside:
        return None
    return len(inserted[: min(inside) - start].decode(errors="ignore"))


def _errors(language: Language, source: bytes) -> Iterator[Node]:
    """Each error in ``source``: a text that fits nowhere, or a token that is missing."""
    from tree_sitter import Parser

    nodes = [Parser(language).parse(source).root_node]
    while nodes:
        node = nodes.pop()
        if node.is_error or node.is_missing:
            yield node
        if node.has_error:
            nodes.extend(node.children)
