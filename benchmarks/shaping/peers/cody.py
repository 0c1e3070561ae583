"""The rules of Cody: one line or several, a cut at the end of the syntax node, and the text below.

Written anew from the description in the project's notes on peers. The stop text is a blank line for one line
and for several. A cut is tried at the end of each line, as the stream grows, and the first one that leaves
lines out is taken; a cut of the finished answer alone scores the same here.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

import tree_sitter_python
import tree_sitter_typescript
from rapidfuzz.distance import Levenshtein
from tree_sitter import Language, Node, Parser, Point

from benchmarks.shaping.data import Place

PAIRS: Final = {"(": ")", "[": "]", "{": "}", "<": ">"}
LIKE: Final = 0.2
"""Lines that differ in less than this share of the longer one count as the same."""
_BLANK_LINE: Final = re.compile(r"\n[ \t]*\n")


def cody(text: str, place: Place) -> str:
    """What Cody shows of an output, empty if nothing."""
    if not place.line_before.strip() and not place.line_after.strip():
        text = re.sub(r"^([ \t]*\n)+", "", text)
    head = len(text) - len(text.lstrip())
    end = _BLANK_LINE.search(text, head)
    text = text[: end.start()] if end else text
    first = text.partition("\n")[0]
    trigger = trigger_of(place)
    dynamic = trigger is None
    if dynamic:
        trigger = trigger_of(Place(place.before + first, place.after, place.language))
    if trigger is None:
        text = first
    else:
        text = "\n".join(line.rstrip() for line in cut_at_node(text, place, trigger, dynamic).split("\n"))
    text = until_suffix(text, place)
    if place.before.endswith((" ", "\t")):
        text = text.lstrip(" \t")
    return text.rstrip() if len(text.strip()) > 1 else ""


def trigger_of(place: Place) -> int | None:
    """Where a block begins, before the cursor, that calls for several lines; None where it is one line."""
    before = place.before.rstrip()
    brackets = before.endswith(("(", "[", "{"))
    opens = before.endswith(_block_start(place))
    at, above, below = (_indent(line) for line in (place.line_before, place.line_above, place.line_below))
    text_before = bool(place.line_before.strip())
    same_line = at >= below and ((text_before and brackets) or (bool(place.line_before) and opens))
    empty_line = not text_before and not place.line_after.strip()
    new_line = empty_line and (brackets or opens) and above < at and above >= below
    return len(before) - 1 if same_line or new_line else None


def cut_at_node(text: str, place: Place, trigger: int, dynamic: bool) -> str:
    """``text`` up to the end of the syntax node that begins on the trigger's line."""
    lines = text.split("\n")
    if len(lines) > 1 and not lines[0] and _indent(lines[1]) == _indent(place.line_before):
        lines = [lines[1].lstrip(), *lines[2:]]
    for count in range(2, len(lines) + 1):
        grown = "\n".join(lines[:count]).rstrip()
        cut = _node_text(grown, place, trigger, dynamic)
        if cut.count("\n") < grown.count("\n"):
            return cut
    return _node_text("\n".join(lines).rstrip(), place, trigger, dynamic)


def with_brackets(text: str) -> str:
    """``text`` with the closing brackets that it lacks, so that its syntax tree has no hole."""
    missing: list[str] = []
    for character in text:
        if character in PAIRS:
            missing.append(PAIRS[character])
        elif missing and missing[-1] == character:
            missing.pop()
    return text + "".join(reversed(missing))


def until_suffix(text: str, place: Place) -> str:
    """``text`` up to its last line that is nearly the next one below the cursor and no deeper."""
    text = text.rstrip()
    below = place.line_below
    if not below:
        return text
    lines = text.split("\n")
    seen = [place.line_before + lines[0], *lines[1:]]
    closes = _block_start(place) == "{" and not place.line_before.strip() and len(lines) == 1
    if closes and seen[0].strip().startswith("}") and _indent(seen[0]) == _indent(place.line_before):
        return ""
    for index in range(len(lines) - 1, -1, -1):
        line = seen[index]
        differs = Levenshtein.distance(line, below) / max(len(line), len(below))
        if _indent(line) <= _indent(below) and differs < LIKE:
            return "\n".join(lines[:index])
    return text


def _node_text(text: str, place: Place, trigger: int, dynamic: bool) -> str:
    fixed = with_brackets(place.line_before + text)[len(place.line_before) :]
    source = place.before + fixed + place.after
    root = _parser(place.language).parse(source.encode()).root_node
    node = last_on_its_row(root, _point(source, trigger))
    if node is None or node.text is None:
        return text
    is_class = node.type in {"class_declaration", "class_definition"}
    found = node.text.decode()
    for length in range(min(len(found), len(text)), 0, -1):
        if text.startswith(found[-length:]):
            text = text[:length]
            break
    at_root = node.parent is not None and node.parent.id == root.id
    return text.partition("\n")[0] if dynamic and is_class and at_root else text


def last_on_its_row(root: Node, point: Point) -> Node | None:
    """The outermost node around ``point`` that begins on the same row as the innermost; not the root."""
    node = inner = root.named_descendant_for_point_range(point, point)
    while node is not None and inner is not None and node.parent is not None:
        if node.parent.id == root.id or node.parent.start_point.row != inner.start_point.row:
            break
        node = node.parent
    return node


def _block_start(place: Place) -> str:
    return ":" if place.language == "python" else "{"


def _point(source: str, offset: int) -> Point:
    start = source.rfind("\n", 0, offset) + 1
    return Point(source.count("\n", 0, offset), len(source[start:offset].encode()))


@cache
def _parser(language: str) -> Parser:
    if language == "python":
        return Parser(Language(tree_sitter_python.language()))
    if language == "typescriptreact":
        return Parser(Language(tree_sitter_typescript.language_tsx()))
    return Parser(Language(tree_sitter_typescript.language_typescript()))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))
