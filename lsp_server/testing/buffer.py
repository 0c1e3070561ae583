"""A text as an editor holds it. It shares nothing with ``lsp_server.document``: tests compare the two."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from lsp_server.testing.fixtures import MARK

JsonObject = Mapping[str, Any]
Place = tuple[int, int]
"""0-based line, and column in code points."""

_LINE_END: Final = re.compile(r"\r\n|\n|\r")
_SNIPPET: Final = re.compile(r"\\([\\$}])|\$(?:\d+|\w+|\{[^}]*\})")
_UNIT_BYTES: Final = {"utf-8": 1, "utf-16": 2, "utf-32": 4}
_CODECS: Final = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}


class Buffer:
    """One open file: its text, its version and the cursor. ``marked`` holds ``MARK`` where the cursor is."""

    def __init__(self, uri: str, marked: str, version: int) -> None:
        before, mark, after = marked.partition(MARK)
        self.uri = uri
        self.text = before + after
        self.version = version
        self.cursor = self.place(len(before) if mark else 0)

    @property
    def marked(self) -> str:
        """The text with ``MARK`` where the cursor is."""
        at = self.offset(self.cursor)
        return f"{self.text[:at]}{MARK}{self.text[at:]}"

    @property
    def lines(self) -> list[str]:
        """The lines without their ends."""
        return _LINE_END.split(self.text)

    def offset(self, place: Place) -> int:
        """The place as code points from the text's start."""
        line, column = place
        starts = [0, *(found.end() for found in _LINE_END.finditer(self.text))]
        return starts[line] + column

    def place(self, offset: int) -> Place:
        """The place that is ``offset`` code points into the text."""
        starts = [0, *(found.end() for found in _LINE_END.finditer(self.text, 0, offset))]
        return len(starts) - 1, offset - starts[-1]

    def to_position(self, place: Place, encoding: str) -> dict[str, int]:
        """The LSP position of a place."""
        line, column = place
        units = len(self.lines[line][:column].encode(_CODECS[encoding], "surrogatepass"))
        return {"line": line, "character": units // _UNIT_BYTES[encoding]}

    def to_place(self, position: JsonObject, encoding: str) -> Place:
        """The place of an LSP position. Raises ``AssertionError`` unless it is one of this text."""
        line, units = position["line"], position["character"]
        assert 0 <= line < len(self.lines), f"line {line} does not exist"
        encoded = self.lines[line].encode(_CODECS[encoding], "surrogatepass")
        size = units * _UNIT_BYTES[encoding]
        assert 0 <= size <= len(encoded), f"character {units} is behind the end of line {line}"
        return line, len(encoded[:size].decode(_CODECS[encoding], "surrogatepass"))

    def replace(self, start: Place, end: Place, new: str) -> None:
        """Replace a range, and put the cursor behind ``new``."""
        first, last = self.offset(start), self.offset(end)
        self.text = self.text[:first] + new + self.text[last:]
        self.cursor = self.place(first + len(new))

    def indentation(self) -> str:
        """The white space at the start of the cursor's line."""
        line = self.lines[self.cursor[0]]
        return line[: len(line) - len(line.lstrip(" \t"))]


def expand_snippet(snippet: str, indentation: str) -> str:
    """Return what a client inserts for ``snippet``: escapes undone, tab stops and variables left empty, and
    ``indentation`` added to every line but the first and blank ones.
    """
    plain = _SNIPPET.sub(lambda found: found[1] or "", snippet)
    first, *others = plain.split("\n")
    return "\n".join([first, *(indentation + line if line else line for line in others)])


def plain_text(text: str, kind: str) -> str:
    """Return what of a menu item's plain text a client inserts; ``kind`` is ``Profile.plain_text``."""
    if kind == "first line":
        return text.partition("\n")[0]
    if kind == "first word":
        return (text.split() or [""])[0]
    return text
