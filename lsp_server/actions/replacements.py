"""Lines of a document anew, whole or by search and replace."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from lsp_server.actions.answer import NO_BLOCK, Unusable, complete, read_exchanges, read_piece
from lsp_server.actions.blocks import Exchange
from lsp_server.actions.checks import Change, code_tokens
from lsp_server.actions.fitting import fitted, style_of, trimmed_lines
from lsp_server.actions.model import Definition, Offer, Span
from lsp_server.actions.splice import definitions_in, line_at, tree_of
from lsp_server.actions.strange import elision
from lsp_server.shaping.lines import indentation
from lsp_server.types import Document, Finish

KEEPS_NAMES: Final = frozenset(("fix", "simplify", "extract", "translate-comments", "todo"))
"""Actions after which what was defined is still defined."""
_ORDINALS: Final = ("first", "second", "third")


def new_lines(offer: Offer, document: Document, answer: str, finish: Finish) -> Iterator[list[str]]:
    """Ways to write the target's lines anew, the likeliest first. Raises ``answer.Unusable``."""
    target = offer.target
    old = [line_at(document, number) for number in range(target.start.line, target.end.line + 1)]
    style = style_of(document, target.start.line)
    lines = complete(answer, finish)
    found = read_exchanges(lines)
    if found is not None:
        new = _exchanged(old, found)
        _refuse_elision(new, old)
        yield new
        return
    piece = read_piece(lines, document.language)
    if piece.bare:
        raise Unusable(NO_BLOCK)
    _refuse_elision(list(piece.lines), old)
    core = trimmed_lines(old)
    above = next((number for number, line in enumerate(old) if line.strip()), 0)
    below = old[above + len(core) :] if core else []
    base = indentation(core[0]) if core else indentation(old[0])
    for way in fitted(piece.lines, base, style, document.language, core):
        yield [*old[:above], *way, *below]


def objection(offer: Offer, change: Change) -> str | None:
    """Why an action must not do this to its target, or None."""
    old, new = (
        tree_of(change.before, change.target.start.line),
        tree_of(change.after, change.region.start.line),
    )
    if offer.action == "translate-comments" and old.root is not None:
        if code_tokens(old, change.target) != code_tokens(new, change.region):
            return "the answer changes code and not only comments: try again"
        return None
    if offer.action not in KEEPS_NAMES:
        return None
    was = [d for d in definitions_in(old, change.target) if d.name]
    now = [d for d in definitions_in(new, change.region) if d.name]
    outer = _outermost(was)
    lost = next((name for name in outer if name not in {d.name for d in now}), None)
    if lost is not None:
        return f"the answer has {lost} no more: try again"
    if offer.action == "extract" and len(now) <= len(was) and old.root is not None:
        return "the answer makes no new function: try again"
    return None


def deletes_on_purpose(offer: Offer) -> bool:
    """Whether the instruction says that something shall go."""
    return re.search(r"\b(?:delet|remov|drop|eras)", offer.instruction, re.IGNORECASE) is not None


def _outermost(definitions: Sequence[Definition]) -> list[str]:
    kept: list[Definition] = []
    for definition in definitions:
        if not any(other.whole.contains(definition.whole) for other in kept):
            kept.append(definition)
    return [definition.name for definition in kept]


def _refuse_elision(new: list[str], old: list[str]) -> None:
    reason = elision(new, old)
    if reason is not None:
        raise Unusable(reason)


def _exchanged(old: list[str], exchanges: Sequence[Exchange]) -> list[str]:
    """The lines after each exchange. Raises ``Unusable`` where one does not fit exactly once."""
    found: list[tuple[int, int, list[str]]] = []
    for number, exchange in enumerate(exchanges):
        which = _ORDINALS[number] if number < len(_ORDINALS) else f"{number + 1}th"
        search = trimmed_lines(exchange.search)
        if not search:
            raise Unusable(f"the {which} search block of the answer is empty: try again")
        places = _places(old, search)
        if len(places) != 1:
            how = "nowhere" if not places else f"at {len(places)} places"
            raise Unusable(f"what the {which} search block looks for stands {how}: try again")
        start = places[0]
        replace = _moved(trimmed_lines(exchange.replace), search[0], old[start])
        found.append((start, start + len(search), replace))
    found.sort()
    if any(one[1] > other[0] for one, other in pairwise(found)):
        raise Unusable("two search blocks of the answer are about the same lines: try again")
    new = list(old)
    for start, end, replace in reversed(found):
        new[start:end] = replace
    return new


def _places(old: list[str], search: list[str]) -> list[int]:
    """Where the lines stand: as they are, or else at another depth."""
    for key in (_exactly, _relatively):
        wanted = key(search)
        found = [n for n in range(len(old) - len(search) + 1) if key(old[n : n + len(search)]) == wanted]
        if found:
            return found
    return []


def _exactly(lines: list[str]) -> list[str]:
    return [line.rstrip() for line in lines]


def _relatively(lines: list[str]) -> list[str]:
    own = indentation(lines[0])
    return [(line[len(own) :] if line.startswith(own) else line.lstrip()).rstrip() for line in lines]


def _moved(lines: list[str], search: str, found: str) -> list[str]:
    """Lines moved as far as what was looked for stands from where it was found."""
    was, now = indentation(search), indentation(found)
    if was == now:
        return lines
    return [now + line[len(was) :] if line.strip() and line.startswith(was) else line for line in lines]


def is_lines(document: Document, target: Span) -> bool:
    """Whether a part begins within its first line's indentation and ends at its last line's end."""
    before = document.lines[target.start.line][: target.start.column]
    behind = line_at(document, target.end.line)[target.end.column :]
    return not before.strip() and not behind
