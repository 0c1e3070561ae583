"""Cursors from marked text: ``cursor_at("def f(a):\\n    return ‸")``."""

from __future__ import annotations

from typing import Final

from lsp_server.document.lines import split_lines
from lsp_server.types import Cursor, Document, Position

MARK: Final = "‸"
"""U+2038, a caret that no sample code holds."""


def cursor_at(marked: str, language: str = "python", path: str | None = "/project/main.py") -> Cursor:
    """Return the cursor that ``MARK`` stands for in ``marked``. ``ValueError`` unless it is there once."""
    if marked.count(MARK) != 1:
        raise ValueError(f"the fixture needs exactly one {MARK}")
    before, after = marked.split(MARK)
    above = split_lines(before)
    document = Document(
        uri=f"file://{path}" if path else "untitled:Untitled-1",
        path=path,
        language=language,
        version=1,
        lines=split_lines(before + after),
    )
    return Cursor(document, Position(len(above) - 1, len(above[-1])))
