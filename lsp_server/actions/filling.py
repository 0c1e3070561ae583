"""Actions as blanks to fill in, for models that fill in the middle better than they follow instructions.

A docstring is a blank between its quotes, a missing type one behind its name, a body one behind its head.
What is filled in becomes an answer like that of a chat, which ``plan`` judges in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Final

from lsp_server.actions.bodies import place_of_body
from lsp_server.actions.comment_forms import Form, form_of
from lsp_server.actions.documentation import place_of
from lsp_server.actions.fitting import style_of
from lsp_server.actions.missing_types import has_type, missing_types, type_in
from lsp_server.actions.model import Definition, Offer, Plan, Result, Span
from lsp_server.actions.plan import plan
from lsp_server.actions.splice import end_of, newline_at, replaced, text_in
from lsp_server.actions.tree import canonical
from lsp_server.types import Cursor, Document, Finish

DOCUMENTATION_TOKENS: Final = 200
"""A docstring of some 15 lines: a small model that goes on longer goes astray."""
TYPE_TOKENS: Final = 16
"""``Callable[[str, int], list[str] | None]`` has 15."""
BODY_TOKENS: Final = 400
MOST_TYPES: Final = 12
"""Blanks in one head: each is a request."""
_TYPED: Final = frozenset(("python", "typescript", "typescriptreact"))
_NEWLINE: Final = ("\n",)
_MARKS: Final = (Form.THREE_SLASHES, Form.SLASHES, Form.HASH, Form.THREE_DASHES, Form.DASHES)


@dataclass(frozen=True, slots=True)
class Blank:
    """A place to fill: a document that has been made ready for it, the place, and what ends the text."""

    cursor: Cursor
    stops: tuple[str, ...]
    max_tokens: int
    done: Callable[[str], bool]
    """Whether a text is all that is wanted, so that the model need not go on."""


Filling = Generator[Blank, str, str]
"""Gives blanks, takes the text for each, and returns the answer; empty where nothing was filled in."""


def filling(offer: Offer, document: Document) -> Filling | None:
    """The blanks that make up ``offer``, or None where it has none: then a model has to be told in words."""
    definition, language = offer.definition, canonical(document.language)
    if definition is None:
        return None
    if offer.result is Result.DOCUMENTATION:
        place = place_of(document, definition, language)
        if place is None:
            return None
        return _docstring(document, definition, place) if language == "python" else _comment(document, place)
    if offer.result is Result.HEAD and language in _TYPED:
        return _types(offer, document, definition)
    if offer.result is Result.BODY:
        body = place_of_body(offer, document)
        return None if body is None else _body(document, definition, body)
    return None


def _docstring(document: Document, definition: Definition, place: Span) -> Filling:
    newline = newline_at(document, place.start.line)
    before = document.lines[place.start.line][: place.start.column]
    indent = before if before and not before.strip() else definition.indent + style_of(document, 0).unit
    start = '"""' if before == indent else f'{newline}{indent}"""'
    behind = f'"""{newline}{indent}' if place.is_empty else '"""'
    text = yield _blank(document, place, start, behind, ('"""',), DOCUMENTATION_TOKENS)
    said = text.partition('"""')[0].rstrip()
    return f'```python\n"""{said}\n"""\n```' if said.strip() else ""


def _comment(document: Document, place: Span) -> Filling:
    newline = newline_at(document, place.start.line)
    indent = document.lines[place.start.line][: place.start.column]
    form = form_of(canonical(document.language), text_in(document, place))
    behind = f"{newline}{indent}" if place.is_empty else ""
    if form not in _MARKS:
        start, end = f"{form}{newline}{indent} * ", f"{newline}{indent} */{behind}"
        text = yield _blank(document, place, start, end, ("*/",), DOCUMENTATION_TOKENS)
        lines = [re.sub(r"^\s*\*? ?", "", line) for line in text.partition("*/")[0].splitlines()]
    else:
        stop = (f"\n{indent}\n", "\n\n")
        text = yield _blank(document, place, f"{form} ", behind or newline, stop, DOCUMENTATION_TOKENS)
        lines = list(_marked(text, form))
    said = "\n".join(lines).strip()
    return f"```text\n{said}\n```" if said else ""


def _marked(text: str, form: Form) -> Iterator[str]:
    """The lines of a comment whose first mark is there already, up to the first without one."""
    for number, line in enumerate(text.splitlines()):
        bare = line.strip()
        if number and not bare.startswith(form):
            return
        yield bare.removeprefix(form).strip() if number else bare


def _types(offer: Offer, document: Document, definition: Definition) -> Filling:
    head, start = text_in(document, definition.head), definition.head.start
    filled = False
    left_open = 0
    for _ in range(MOST_TYPES):
        ready = replaced(document, definition.head, head)
        gaps = missing_types(ready, Span(start, end_of(start, head)))
        if left_open >= len(gaps):
            break
        gap = gaps[left_open]
        before = text_in(ready, Span(start, gap.place)) + gap.lead
        behind = head[len(before) - len(gap.lead) :]
        text = yield _blank(document, definition.head, before, behind, _NEWLINE, TYPE_TOKENS, has_type)
        head_now = before + type_in(text) + behind
        if head_now != before + behind and isinstance(
            plan(offer, document, _code(head_now), Finish.STOP), Plan
        ):
            head, filled = head_now, True
        else:
            left_open += 1
    return _code(head) if filled else ""


def _body(document: Document, definition: Definition, body: Span) -> Filling:
    newline = newline_at(document, body.start.line)
    indent = definition.indent + style_of(document, body.start.line).unit
    before = document.lines[body.start.line][: body.start.column]
    start = "" if before == indent else newline + indent
    is_python = canonical(document.language) == "python"
    behind = "" if is_python or not start else newline + definition.indent
    text = yield _blank(
        document, body, start, behind, (), BODY_TOKENS, lambda text: len(_kept(text, indent)) < len(text)
    )
    lines = _kept(text, indent).rstrip()
    return f"```{document.language}\n{indent}{lines}\n```" if lines.strip() else ""


def _kept(text: str, indent: str) -> str:
    """The lines up to the first one that is indented less than the body."""
    kept = 0
    for number, line in enumerate(text.splitlines(keepends=True)):
        if number and line.strip() and not line.startswith(indent):
            # The last line may be on its way still: blanks that may become its indentation.
            break
        kept += len(line)
    return text[:kept]


def _code(text: str) -> str:
    return f"```\n{text}\n```"


def _blank(
    document: Document,
    place: Span,
    start: str,
    end: str,
    stops: tuple[str, ...],
    max_tokens: int,
    done: Callable[[str], bool] = lambda _: False,
) -> Blank:
    """``place`` with ``start`` and ``end`` in it, and the blank between them."""
    ready = replaced(document, place, start + end)
    return Blank(Cursor(ready, end_of(place.start, start)), stops, max_tokens, done)
