"""A commit's message, as git wants it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import Final

from lsp_server.actions.answer import EMPTY, Unusable, complete, read_piece
from lsp_server.actions.fitting import trimmed_lines
from lsp_server.actions.model import Offer, Span
from lsp_server.actions.splice import line_at, newline_at
from lsp_server.types import Document, Finish, Position

WIDTH: Final = 72
"""Code points of a line: what git's own output has room for in a terminal of 80."""
_COMMENT: Final = ("#", "JJ:")
_TEMPLATE: Final = re.compile(r"\s*(?:[<\[{].*[>\]}]|[\w()<>/|-]+\s*:\s*(?:[<\[{].*[>\]}])?)\s*")
_CHATTER: Final = re.compile(
    r"(?i)(?:here(?:'s| is| are)|sure\b|certainly|of course|okay\b|i(?:'m| am|'ve| have| cannot| can't)\b"
    r"|(?:the|this|your|a) commit message|commit message\b|subject:|as an ai)"
)
_TRAILER: Final = re.compile(r"[A-Z][A-Za-z-]*-[Bb]y: .*")
_ITEM: Final = re.compile(r"([-*+]|\d{1,2}[.)]) +")
_PAIRS: Final = (("**", "**"), ("`", "`"), ('"', '"'), ("'", "'"), ("\u201c", "\u201d"))


def message_edit(offer: Offer, document: Document, answer: str, finish: Finish) -> tuple[Span, str]:
    """What is replaced at the buffer's top, and the message for it. Raises ``answer.Unusable``."""
    span = _room(document, offer.target)
    piece = read_piece(complete(answer, finish), document.language, neutral=True)
    lines = message_of(piece.lines)
    newline = newline_at(document, 0)
    behind = line_at(document, span.end.line)[span.end.column :]
    below = line_at(document, span.end.line + 1) if span.end.line + 1 < len(document.lines) else ""
    # A blank line stays between the message and git's own remarks.
    ends = 2 if behind.startswith(_COMMENT) else int(bool(behind) or below.startswith(_COMMENT))
    return span, newline.join(lines) + newline * ends


def message_of(lines: Sequence[str]) -> list[str]:
    """The lines of the message that an answer holds. Raises ``answer.Unusable``."""
    given = [line for line in trimmed_lines(lines) if not _TRAILER.fullmatch(line.strip())]
    given = trimmed_lines(given)
    if not given:
        raise Unusable(EMPTY)
    subject = _subject(given[0])
    body = _wrapped(trimmed_lines(given[1:]))
    return [subject, "", *body] if body else [subject]


def _subject(line: str) -> str:
    text = " ".join(line.split())
    for opening, closing in _PAIRS:
        if text.startswith(opening) and text.endswith(closing) and len(text) > len(opening + closing):
            text = text[len(opening) : -len(closing)].strip()
    text = text.rstrip()
    if text.endswith(".") and not text.endswith(".."):
        text = text[:-1].rstrip()
    if _CHATTER.match(text) or text.endswith(":") or not re.search(r"\w", text):
        raise Unusable("the answer does not begin with the subject of a commit: try again")
    if text.startswith(("#", "diff --git", "@@", "+++", "---", "```", "~~~", "JJ:")):
        raise Unusable("the answer is not a commit message: try again")
    if len(text) > WIDTH:
        raise Unusable(f"the subject in the answer is longer than {WIDTH} characters: try again")
    return text


def _wrapped(lines: Sequence[str]) -> list[str]:
    """The body's lines: paragraphs and items of lists are filled anew, indented lines are kept."""
    filled: list[str] = []
    paragraph: list[str] = []
    for line in [*lines, ""]:
        text = line.rstrip()
        if text.lstrip().startswith(("diff --git ", "```", "~~~")):
            raise Unusable("the answer is not a commit message: try again")
        if not text or text.startswith(("    ", "\t")) or _ITEM.match(text.lstrip()):
            filled += _filled(paragraph)
            paragraph = []
        if not text:
            filled.append("")
        elif text.startswith(("    ", "\t")):
            filled.append(text)
        else:
            paragraph.append(text)
    kept = [line for number, line in enumerate(filled) if line or (number and filled[number - 1])]
    # What begins with a mark of a comment would be left out by git.
    return [f" {line}" if line.startswith(_COMMENT) else line for line in trimmed_lines(kept)]


def _filled(lines: list[str]) -> list[str]:
    if not lines:
        return []
    text = " ".join(line.strip() for line in lines)
    item = _ITEM.match(text)
    hang = " " * len(item[0]) if item else ""
    return textwrap.wrap(text, WIDTH, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False)


def _room(document: Document, target: Span) -> Span:
    """The lines at the top that the message may replace: none, blank ones, or those of a template.

    Raises ``Unusable`` where somebody has begun to write.
    """
    lines = [line_at(document, number) for number in range(target.end.line + 1)]
    end = next((n for n, line in enumerate(lines) if line.startswith(_COMMENT)), len(lines))
    written = [line for line in lines[:end] if line.strip()]
    if len(written) > 1 or any(not _TEMPLATE.fullmatch(line) for line in written):
        raise Unusable("there is a message already: take it out first")
    if not written:
        return Span(Position(0, 0), Position(0, 0))
    last = max(number for number, line in enumerate(lines[:end]) if line.strip())
    return Span(Position(0, 0), Position(last, len(lines[last])))
