"""The file's own imports and signatures outside of what the prompt shows."""

from __future__ import annotations

from typing import Final

from lsp_server.context.memo import memo_of
from lsp_server.context.question import Question
from lsp_server.context.skeleton import INDENT, comment, pack, signature
from lsp_server.context.view import View
from lsp_server.types import Snippet

NAME: Final = "file"
IMPORT_CHARS: Final = 600
"""Characters of the file's head: what the rest of the file may name without more ado."""
OUTLINE_CHARS: Final = 600
"""Characters of the file's own signatures."""
HEAD_LINES: Final = 120
"""Lines at the top of a file in which its imports are."""
IMPORTS: Final = 0.9
"""Score of the imports."""
OUTLINE: Final = 0.5
"""Score of the signatures."""


def own(question: Question, view: View) -> list[Snippet]:
    """The file's imports and its signatures, each only as far as they are outside of the visible lines."""
    found = []
    imports = _imports(question)
    if imports:
        found.append(Snippet(question.path, imports, IMPORTS, NAME))
    outline = memo_of(view.index).outline(question.path) if view.index else None
    symbols = [
        symbol
        for symbol in (outline.symbols if outline else ())
        if symbol.line not in question.visible and symbol.container in ("", question.scope.owner)
    ]
    lines = [INDENT * bool(symbol.container) + signature(symbol) for symbol in symbols]
    ordered = sorted(
        range(len(symbols)),
        key=lambda n: (-question.names.get(symbols[n].name, 0.0), abs(symbols[n].line - question.line)),
    )
    text = pack(lines, [s.name for s in symbols], ordered, OUTLINE_CHARS, comment(question.path))
    if text:
        found.append(Snippet(question.path, text, OUTLINE, NAME))
    return found


def _imports(question: Question) -> str:
    """The lines of the imports above the visible ones, joined where they go over several."""
    top = min(question.visible.start, HEAD_LINES)
    lines = question.document.lines
    taken, room = list[str](), IMPORT_CHARS
    for entry in sorted(question.imports, key=lambda i: i.line):
        if entry.line >= top or entry.line >= len(lines):
            continue
        text = _statement(lines, entry.line)
        if text not in taken and len(text) < room:
            room -= len(text) + 1
            taken.append(text)
    return "\n".join(taken)


def _statement(lines: tuple[str, ...], start: int) -> str:
    """The statement that begins on a line, in one line."""
    text = lines[start].strip()
    for line in lines[start + 1 : start + 40]:
        if text.count("(") <= text.count(")") and text.count("{") <= text.count("}"):
            break
        text += " " + line.strip()
    return text.replace("( ", "(").replace(", )", ")").replace(" )", ")")
