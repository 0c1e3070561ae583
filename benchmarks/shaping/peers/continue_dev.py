"""The rules of Continue 1.8: its filters over the stream, line by line, and what it does at the end.

Written anew from the description in the project's notes on peers. What depends on the time or on the model's
name is left out: neither changes a score here, where blanks at the ends of lines do not count. Lines that are
empty comments, or name the file of a snippet, are dropped; the rules that only meet chat models are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from rapidfuzz.distance import LCSseq, Levenshtein

from benchmarks.shaping.data import Place

SUFFIX_CHARS: Final = 20
"""So much of the text behind the cursor, found in the stream, ends it; half as much more is searched."""
REPEATED_LINES: Final = 3
LIKE: Final = 0.1
"""Lines that differ in less than this share of their length count as the same."""
SHORTEST_LIKE: Final = 5
CLOSERS: Final = frozenset(")]};")
LAST_LINES: Final = ("# End of file.", "<STOP EDITING HERE")


def continue_dev(text: str, place: Place) -> str:
    """What Continue shows of an output, empty if nothing."""
    text = before_suffix(text, place.after)
    if not takes_lines(place):
        text = text.partition("\n")[0]
    made = "\n".join(_filtered(text.split("\n"), place))
    above = next((line for line in reversed(place.before.split("\n")) if line.strip()), "")
    first = next((line for line in made.split("\n") if line.strip()), "")
    if not first or (above and alike(above, first)) or loops(made):
        return ""
    return made


def takes_lines(place: Place) -> bool:
    """Whether several lines may be shown: at a line's end, outside of comments."""
    comment = place.line_before.lstrip().startswith(_comment(place))
    return place.after.startswith("\n") and not comment


def before_suffix(text: str, after: str) -> str:
    """``text`` up to where the beginning of the text behind the cursor shows up in it."""
    if len(after) < SUFFIX_CHARS:
        return text
    beginning = after.lstrip()[: SUFFIX_CHARS * 3 // 2]
    for start in range(len(text) - SUFFIX_CHARS + 1):
        if text[start : start + SUFFIX_CHARS] in beginning:
            return text[:start]
    return text


def alike(one: str, other: str) -> bool:
    """Whether two lines are nearly the same; short ones never are."""
    if min(len(one), len(other)) < SHORTEST_LIKE:
        return False
    meant = other.strip()
    return bool(meant) and Levenshtein.distance(one.strip(), meant) / len(meant) < LIKE


def loops(text: str) -> bool:
    """Whether at least six lines mostly hold what the first has in common with the second, or the third."""
    lines = text.split("\n")
    if len(lines) < 6:
        return False
    for step in (1, 2):
        common = _common(lines[0], lines[step])
        if len(common) <= min(5, len(lines[0]) * 0.5):
            continue
        met = sum(common in line for line in lines[::step]) * step
        if met > 8 or met / len(lines) > 0.8:
            return True
    return False


def _filtered(lines: Iterable[str], place: Place) -> Iterator[str]:
    comment, below = _comment(place), place.line_below
    closes = any(character in CLOSERS for character in below)
    previous: str | None = None
    repeated = 1
    first = True
    for line in lines:
        if line.lstrip().startswith(LAST_LINES) or (below and line == below):
            return
        repeated = repeated + 1 if line == previous else 1
        previous = line
        if repeated == REPEATED_LINES:
            return
        if repeated > 1 or line.strip() == comment or line.startswith(f"{comment} Path: "):
            continue
        if not line.strip() and not first:
            return
        first = False
        same_closer = closes and line.strip() == below.strip()
        if below and not same_closer and alike(line, below.strip()):
            return
        yield line


def _comment(place: Place) -> str:
    return "#" if place.language == "python" else "//"


def _common(one: str, other: str) -> str:
    """The longest common subsequence of two lines."""
    blocks = LCSseq.opcodes(one, other)
    return "".join(one[block.src_start : block.src_end] for block in blocks if block.tag == "equal")
