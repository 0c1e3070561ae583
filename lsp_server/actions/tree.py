"""A document's syntax tree in the document's own positions, made within bounds."""

from __future__ import annotations

import re
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from lsp_server.actions.model import Span
from lsp_server.document.lines import text_length
from lsp_server.grammars import grammar
from lsp_server.types import Document, Position

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

WHOLE: Final = 400 * 1024
"""Code points of a document that is parsed as a whole: some 80 ms. Of a longer one only a part is."""
REACH: Final = 1500
"""Lines that are parsed on either side of the cursor in a long document: the longest functions there are."""
LONGEST_PARSE_S: Final = 0.5
"""What takes six times as long as usual has trapped the grammar."""
_CHUNK: Final = 64 * 1024
_CONTINUATION: Final = bytes(range(0x80, 0xC0))
"""The bytes of UTF-8 that begin no code point."""
_ALONE: Final = re.compile(rb"\r(?!\n)")
_BEGINS: Final = re.compile(r"[^\s)\]}#*]")
_NAMES: Final = {"sh": "shellscript", "bash": "shellscript", "zsh": "shellscript", "cs": "csharp"}
"""Names that editors send beside LSP's own."""


def canonical(language: str) -> str:
    """LSP's identifier of a language, whatever name of it an editor sends."""
    return _NAMES.get(language, language)


class SyntaxTree:
    """The tree of the lines from ``first`` on. ``root`` is None where there is no grammar or it took long."""

    def __init__(self, document: Document, first: int, last: int, root: Node | None, data: bytes) -> None:
        self.document = document
        self.language = canonical(document.language)
        self.first = first
        self.last = last
        self.root = root
        self.data = data
        sizes = (
            len(line) if line.isascii() else len(line.encode("utf-8", "surrogatepass"))
            for line in document.lines[first:last]
        )
        self._starts = list(accumulate(sizes, initial=0))

    def position(self, offset: int) -> Position:
        """The place of a byte, at the end of its line where it stands in a line's terminator."""
        row = min(bisect_right(self._starts, offset) - 1, self.last - self.first - 1)
        text = self.document.lines[self.first + row]
        column = offset - self._starts[row]
        if not text.isascii():
            column = len(self.data[self._starts[row] : offset].translate(None, _CONTINUATION))
        return Position(self.first + row, min(column, text_length(text)))

    def offset(self, position: Position) -> int:
        """The byte at a place, which lies in the part that was parsed."""
        row = min(max(0, position.line - self.first), self.last - self.first - 1)
        before = self.document.lines[self.first + row][: position.column]
        wide = 0 if before.isascii() else len(before.encode("utf-8", "surrogatepass")) - len(before)
        return self._starts[row] + len(before) + wide

    def span(self, start: int, end: int) -> Span:
        """The part of the document from one byte to another."""
        return Span(self.position(start), self.position(end))

    def text(self, start: int, end: int) -> str:
        """The text between two bytes."""
        return self.data[start:end].decode("utf-8", "replace")

    def node_at(self, start: int, end: int) -> Node | None:
        """The smallest node that holds all from one byte to another."""
        return None if self.root is None else self.root.descendant_for_byte_range(start, end)

    def skip_space(self, start: int, end: int) -> int:
        """The first byte from ``start`` on that is no white space, at most ``end``."""
        while start < end and self.data[start] in b" \t\r\n\f":
            start += 1
        return start

    def strip_space(self, start: int, end: int) -> int:
        """The place behind the last byte before ``end`` that is no white space, at least ``start``."""
        while end > start and self.data[end - 1] in b" \t\r\n\f":
            end -= 1
        return end


def parse(
    document: Document,
    line: int,
    *,
    part: tuple[int, int] | None = None,
    clock_s: Callable[[], float] = time.monotonic,
) -> SyntaxTree:
    """The tree of ``document``, or of the part around ``line`` where it is long.

    With ``part`` only those lines are, up to the second, which is behind them. Never raises.
    """
    lines = document.lines
    first, last = part or (0, len(lines))
    if part is None and sum(map(len, lines)) > WHOLE:
        first, last = _part(lines, line)
    if sum(map(len, lines[first:last])) > WHOLE:
        # One line of a bundle can be longer than a file should be.
        return SyntaxTree(document, first, last, None, b"")
    data = "".join(lines[first:last]).encode("utf-8", "surrogatepass")
    if b"\r" in data:
        data = _ALONE.sub(b"\n", data)
    tree = _tree(canonical(document.language), data, clock_s)
    return SyntaxTree(document, first, last, tree.root_node if tree is not None else None, data)


def _part(lines: Sequence[str], line: int) -> tuple[int, int]:
    """The lines around ``line`` from one that begins something at the margin to another."""
    first, last = max(0, line - REACH), min(len(lines), line + REACH)
    if first:
        first = next((number for number in range(first, line) if _BEGINS.match(lines[number])), first)
    return first, last


def _tree(language: str, data: bytes, clock_s: Callable[[], float]) -> Tree | None:
    found = grammar(language)
    if found is None:
        return None
    from tree_sitter import Parser

    deadline = clock_s() + LONGEST_PARSE_S
    try:
        return Parser(found).parse(
            lambda offset, _: data[offset : offset + _CHUNK],
            progress_callback=lambda *_: clock_s() > deadline,
        )
    except ValueError:
        # The binding's way to say that the parse was given up.
        return None
