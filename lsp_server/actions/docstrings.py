"""The text of a documentation, taken from a model's answer and written by the convention of the language."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Sequence
from typing import Final

from lsp_server.actions.again import written_again
from lsp_server.actions.answer import EMPTY, NO_BLOCK, Piece, Unusable, complete, read_piece
from lsp_server.actions.comment_forms import Form, form_of, plain_lines, written
from lsp_server.actions.fitting import style_of, trimmed_lines
from lsp_server.actions.model import Definition, Offer
from lsp_server.actions.plainly import is_code
from lsp_server.actions.splice import line_at, newline_at, text_in
from lsp_server.actions.strange import strange
from lsp_server.actions.tree import canonical
from lsp_server.document.lines import split_lines, text_length
from lsp_server.types import Document, Finish

_QUOTED: Final = re.compile(r"(?i)(?:r|u)?(\"\"\"|'''|\"|').*\1", re.DOTALL)
CODE: Final = "the answer is code and not a documentation: try again"
MOST_STATEMENTS: Final = 3
"""Lines of a documentation that begin as statements do: an example in it has fewer without a prompt (>>>)."""
_STATEMENT: Final = re.compile(
    r"\s*(?:def \w+\(|class \w+[:({]|import \w|from [\w.]+ import |func \w|fn \w+|(?:public|private) \w"
    r"|self\.\w+ = )"
)
_LABELS: Final = frozenset(("", "text", "txt", "plaintext", "markdown", "md", "docstring", "rst"))


def new_documentation(offer: Offer, document: Document, answer: str, finish: Finish) -> str:
    """The text for the target. Raises ``answer.Unusable``."""
    definition = offer.definition
    if definition is None:
        raise Unusable("there is no function or class to document here")
    language = canonical(document.language)
    lines = complete(answer, finish)
    piece = read_piece(lines, language)
    said = _said(document, definition, piece, language)
    said = [line.expandtabs(4).rstrip() for line in _dedented(trimmed_lines(said))]
    if not any(re.search(r"\w", line) for line in said):
        raise Unusable(EMPTY)
    if sum(_STATEMENT.match(line) is not None for line in said) >= MOST_STATEMENTS:
        raise Unusable(CODE)
    reason = strange("\n".join(said), document.text)
    if reason is not None:
        raise Unusable(reason)
    if language == "python":
        return _placed_in_python(offer, document, definition, said)
    return _placed(offer, document, said, language)


def _said(document: Document, definition: Definition, piece: Piece, language: str) -> list[str]:
    """The lines of the documentation itself, in whatever form the answer has it."""
    for again in written_again(document, definition, piece.lines):
        found = again.definition.documentation
        if found is None:
            raise Unusable("the answer holds the code without a documentation: try again")
        return _unmarked(text_in(again.document, found), language)
    text = "\n".join(piece.lines)
    plain = _unmarked(text, language)
    if plain != list(piece.lines):
        return plain
    if piece.bare:
        raise Unusable(NO_BLOCK)
    if piece.label not in _LABELS and is_code(piece.lines, language):
        raise Unusable(CODE)
    return plain


def _unmarked(text: str, language: str) -> list[str]:
    """The lines of a docstring or comment without its quotes or marks."""
    if language != "python":
        return plain_lines([line[: text_length(line)] for line in split_lines(text)])
    source = text.strip()
    if not _QUOTED.fullmatch(source):
        return [line[: text_length(line)] for line in split_lines(text)]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = ast.literal_eval(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise Unusable("the quotes around the documentation do not match: try again") from None
    if not isinstance(value, str):
        raise Unusable("the answer is not a documentation: try again")
    return [line[: text_length(line)] for line in split_lines(value)]


def _dedented(lines: Sequence[str]) -> list[str]:
    """The first line, and the others without the indentation that they have in common."""
    rest = [line for line in lines[1:] if line.strip()]
    margin = min((len(line) - len(line.lstrip()) for line in rest), default=0)
    if not lines:
        return []
    own = len(lines[0]) - len(lines[0].lstrip())
    margin = min(margin, own) if own else margin
    return [lines[0].strip(), *(line[margin:] for line in lines[1:])]


def quoted(lines: Sequence[str], indent: str, newline: str) -> str:
    """A docstring of Python that says ``lines``: what follows the first line is indented by ``indent``."""
    text = "\n".join(lines)
    prefix, quotes = "", '"""'
    if "\\" in text and '"""' not in text:
        prefix = "r"
    elif "\\" in text or '"""' in text:
        text = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    several = len(lines) > 1 or (text.endswith(('"', "\\")))
    body = newline.join(
        line if number == 0 or not line else indent + line for number, line in enumerate(text.split("\n"))
    )
    lead = " " if body.startswith('"') else ""
    return f"{prefix}{quotes}{lead}{body}{newline + indent if several else ''}{quotes}"


def _placed_in_python(offer: Offer, document: Document, definition: Definition, said: list[str]) -> str:
    target = offer.target
    newline = newline_at(document, target.start.line)
    before = document.lines[target.start.line][: target.start.column]
    on_own_line = bool(before) and not before.strip()
    indent = before if on_own_line else definition.indent + style_of(document, target.start.line).unit
    text = quoted(said, indent, newline)
    if not target.is_empty:
        return text
    behind = line_at(document, target.end.line)[target.end.column :].strip()
    after = newline + indent if behind else ""
    return text + after if on_own_line else newline + indent + text + after


def _placed(offer: Offer, document: Document, said: list[str], language: str) -> str:
    target = offer.target
    newline = newline_at(document, target.start.line)
    indent = document.lines[target.start.line][: target.start.column]
    form: Form = form_of(language, text_in(document, target))
    text = (newline + indent).join(written(form, said, language))
    return text if not target.is_empty else text + newline + indent
