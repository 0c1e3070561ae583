"""The document as it would be with a suggestion in it."""

from __future__ import annotations

from dataclasses import replace

from lsp_server.document.lines import split_lines
from lsp_server.types import Cursor, Position


def after_inserting(cursor: Cursor, text: str) -> Cursor:
    """Return the cursor behind ``text``, inserted where ``cursor`` is; line endings become the document's.

    Costs one copy of the table of lines.
    """
    document, (line, column) = cursor.document, (cursor.position.line, cursor.position.column)
    old = document.lines[line]
    above = split_lines(old[:column] + text.replace("\n", cursor.newline))
    new = split_lines(above[-1] + old[column:])
    lines = (*document.lines[:line], *above[:-1], new[0], *document.lines[line + 1 :])
    return Cursor(replace(document, lines=lines), Position(line + len(above) - 1, len(above[-1])))
