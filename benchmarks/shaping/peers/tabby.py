"""The rules of tabby-agent 1.x: the filters before its cache, then those behind it.

Written anew from the description in the project's notes on peers. Those that only move blanks or choose a
range to replace are left out: they change no score here. Tabby's server also has stop words, which the notes
do not list: a blank line is taken to be one of them, which scores better. So are lines compared without
their indentation where they are looked for behind the cursor.
"""

from __future__ import annotations

import re
from typing import Final

from rapidfuzz.distance import Levenshtein

from benchmarks.shaping.data import Place

SHORTEST: Final = 4
"""A suggestion of fewer characters is not shown."""
COMPARED_LINES: Final = 3
REPEATED_BLOCKS: Final = 2
REPEATED_LINES: Final = 5
LIKE: Final = 0.1
LOOPS: Final = (re.compile(r"(.{3,}?)\1{5,}$"), re.compile(r"(.{10,}?)\1{3,}$"))


def tabby(text: str, place: Place) -> str:
    """What tabby-agent shows of an output, empty if nothing."""
    text = at_blank_line(text)
    text = single_line(text, place)
    text = without_looping_line(text)
    text = "" if repeats_suffix(text, place) else trimmed(text, place)
    text = text if len(text.strip()) >= SHORTEST else ""
    text = without_repeated(text, re.compile(r"\n\s*\n"), REPEATED_BLOCKS)
    text = without_repeated(text, re.compile(r"\n"), REPEATED_LINES)
    text = in_scope(text, place)
    text = without_closing_line(text, place)
    text = "" if repeats_suffix(text, place) else trimmed(text, place)
    text = without_suffix_lines(text, place)
    return text if len(text.strip()) >= SHORTEST else ""


def at_blank_line(text: str) -> str:
    """``text`` up to its first blank line behind text."""
    head = len(text) - len(text.lstrip())
    found = re.compile(r"\n[ \t]*\n").search(text, head)
    return text[: found.start()] if found else text


def single_line(text: str, place: Place) -> str:
    """Where words follow on the line, several lines are none, unless the first ends as the line does."""
    if not re.search(r"\w", place.line_after) or "\n" not in text:
        return text
    first, rest = text.partition("\n")[0].rstrip(), place.line_after.rstrip()
    return first.removesuffix(rest) if first.endswith(rest) else ""


def without_looping_line(text: str) -> str:
    """``text`` without its last line of text if that ends with one piece over and over."""
    above, _, last = text.rstrip().rpartition("\n")
    return above.rstrip() if any(loop.search(last) for loop in LOOPS) else text


def repeats_suffix(text: str, place: Place) -> bool:
    """Whether the first lines of ``text`` are, but for a twentieth, those behind the cursor."""
    made, behind = (part.strip().split("\n") for part in (text, place.after))
    count = min(COMPARED_LINES, len(made), len(behind))
    one, other = "\n".join(made[:count]).strip(), "\n".join(behind[:count]).strip()
    if not one or not other:
        return False
    return Levenshtein.distance(one, other) <= max(1, 0.05 * len(one), 0.05 * len(other))


def trimmed(text: str, place: Place) -> str:
    """``text`` without blanks that already stand beside it."""
    if place.line_before.strip() and place.line_before[-1].isspace():
        text = text.lstrip()
    return text.rstrip() if not place.line_after.strip() or place.line_after[0].isspace() else text


def without_repeated(text: str, border: re.Pattern[str], most: int) -> str:
    """``text`` without the blocks at its end that nearly repeat each other ``most`` times.

    The last block may be unfinished and is not looked at.
    """
    blocks = [(0, 0)] + [found.span() for found in border.finditer(text)]
    spans = [(start, end) for (_, start), (end, _) in zip(blocks, [*blocks[1:], (len(text), 0)], strict=True)]
    spans = [span for span in spans[:-1] if text[slice(*span)].strip()]
    index = len(spans) - 1
    while index > 0 and _near(text[slice(*spans[index])], text[slice(*spans[index - 1])]):
        index -= 1
    return text[: spans[index][1]].rstrip() if len(spans) - 1 - index >= most else text


def in_scope(text: str, place: Place) -> str:
    """``text`` up to the line that is indented less than its scope.

    That line closes the scope and stays where the text below the cursor has not closed it already.
    """
    lines = text.split("\n")
    if not text.strip() or not place.before.strip():
        return text
    least, closing = _scope(lines, place)
    seen = [place.line_before + lines[0], *lines[1:]]
    for index in range(1, len(lines)):
        if not lines[index].strip() or _indent(lines[index]) >= least:
            continue
        reopens = index + 1 < len(lines) and _indent(lines[index]) < _indent(lines[index + 1])
        if _indent(seen[index - 1]) > _indent(lines[index]) and reopens:
            continue
        keeps = closing and (place.language != "python" or bool(lines[index - 1].strip()))
        return "\n".join(lines[: index + keeps]).rstrip()
    return text


def without_closing_line(text: str, place: Place) -> str:
    """``text`` without a last line that closes a block which the line below the cursor closes."""
    above, several, last = text.rpartition("\n")
    below = place.line_below.rstrip()
    if not several or not below or not last.strip():
        return text
    before = above.rpartition("\n")[2] if "\n" in above else place.line_before + above
    same = last.startswith(below) or below.startswith(last.rstrip())
    return above.rstrip() if same and _indent(before) > _indent(last) else text


def without_suffix_lines(text: str, place: Place) -> str:
    """``text`` without the lines at its end that stand behind the cursor, whatever blanks are around them."""
    made = [line.strip() for line in text.split("\n")]
    behind = [line.strip() for line in place.after.split("\n") if line.strip()]
    for index in range(len(made) - 1, -1, -1):
        rest = made[index:]
        if made[index] and len(rest) <= len(behind) and behind[: len(rest)] == rest:
            return "\n".join(text.split("\n")[:index])
    return text


def _scope(lines: list[str], place: Place) -> tuple[int, bool]:
    """The least indentation that belongs to the scope, and whether its closing line may be shown."""
    reference = place.line_before if place.line_before.strip() else place.line_above
    least = _indent(reference)
    closing = True
    goes_on = bool(lines[0].strip())
    if goes_on and place.line_before.strip():
        least += 1
        closing = len(lines) > 1 and _indent(place.line_before + lines[0]) < _indent(lines[1])
    else:
        first = next(line for line in lines if line.strip())
        if _indent(place.line_before + first if goes_on else first) > least:
            least += 1
    below = place.line_below
    return least, closing and (not below or _indent(below) < least)


def _near(one: str, other: str) -> bool:
    one, other = one.strip(), other.strip()
    return Levenshtein.distance(one, other) <= LIKE * max(len(one), len(other))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))
