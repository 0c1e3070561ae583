"""What a model's answer holds: one piece of code or text, or search and replace blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lsp_server.actions.blocks import Block, Exchange, exchanges, fenced, has_exchanges
from lsp_server.actions.fitting import trimmed_lines
from lsp_server.actions.labels import agrees
from lsp_server.document.lines import split_lines, text_length
from lsp_server.types import Finish

BROKEN_OFF: Final = "the answer broke off at its length limit: select less and try again"
EMPTY: Final = "the answer is empty: try again"
NO_BLOCK: Final = "the answer holds no code block: try again"
UNCLOSED: Final = "the answer broke off within its code block: select less and try again"
LONGEST: Final = 60_000
"""Code points of an answer: the 4,096 tokens that a model may take are seldom more than a third of it."""


class Unusable(Exception):
    """An answer that nothing can be made of. Its text is one line for people, without a full stop."""


@dataclass(frozen=True, slots=True)
class Piece:
    """The lines of the one code block, or of the whole answer where it has none (``bare``)."""

    lines: tuple[str, ...]
    bare: bool = False
    label: str = ""


def lines_of(answer: str) -> list[str]:
    """The lines of an answer without line ends, whatever those are."""
    return [line[: text_length(line)] for line in split_lines(answer)]


def complete(answer: str, finish: Finish) -> list[str]:
    """The lines of an answer that came to its end. Raises ``Unusable`` for others."""
    if finish is Finish.LENGTH or len(answer) > LONGEST:
        raise Unusable(BROKEN_OFF)
    if not answer.strip():
        raise Unusable(EMPTY)
    return lines_of(answer)


def read_exchanges(lines: list[str]) -> tuple[Exchange, ...] | None:
    """The search and replace blocks of an answer, or None if it is not of that form. Raises ``Unusable``."""
    if not has_exchanges(lines):
        return None
    found = exchanges(lines)
    if not found:
        raise Unusable("a search and replace block of the answer is not complete: try again")
    return found


def read_piece(lines: list[str], language: str, *, neutral: bool = False) -> Piece:
    """The one piece of code, or with ``neutral`` of text, that an answer holds. Raises ``Unusable``.

    Prose around one block does not count. Of several blocks one is taken if its label alone names the
    language and all other labels name something else.
    """
    if has_exchanges(lines):
        raise Unusable("the answer is in search and replace blocks, which this action cannot use: try again")
    found = fenced(lines)
    if not found.blocks:
        return Piece(tuple(trimmed_lines(lines)), bare=True)
    block = _chosen(found.blocks, language)
    if not block.closed:
        raise Unusable(UNCLOSED)
    if not neutral and agrees(block.label, language) is False:
        raise Unusable(f"the answer is in {block.label}, not in {language}: try again")
    kept = trimmed_lines(block.lines)
    if not kept:
        raise Unusable(EMPTY)
    return Piece(tuple(kept), label=block.label)


def _chosen(blocks: tuple[Block, ...], language: str) -> Block:
    if len(blocks) == 1:
        return blocks[0]
    ours = [block for block in blocks if agrees(block.label, language)]
    if len(ours) != 1 or any(not block.label for block in blocks):
        raise Unusable("the answer holds more than one code block: try again")
    return ours[0]
