"""Credentials in text: found line by line, each line once, and taken out.

Patterns do not find every secret. They are the second line of defence: files that are made to hold secrets
are excluded by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

from lsp_server.policy.secret_rules import (
    ADDRESS,
    ATTRIBUTE,
    BARE,
    BRACKETED,
    CALLED,
    ELEMENT,
    NAMED,
    OPEN,
    OPTION,
    QUOTED,
    SIGNED,
    TOKENS,
    WITHIN,
    Token,
    is_password,
    is_secret_value,
)

REDACTED: Final = "<redacted>"
"""What stands for a secret. It holds no quotes, so that those around it stay a pair."""
PIECE: Final = 2000
"""Characters of a longer line that are looked at together: minified files have all on one line."""
OVERLAP: Final = 600
"""Characters that two pieces have in common: more than a secret and its name."""
LONGEST_KEY: Final = 200
"""Lines of a private key; one of 16,384 bits has 160."""
LEAST_REPEATED: Final = 20
"""Characters of a secret that is looked for in all of the text: a shorter one may be part of a word."""
LEAST_TWICE: Final = 8
"""Of one that is looked for in the rest of its line."""
MOST_NAMES: Final = 40
"""Telling names in one piece of a line. With more of them it is generated or hostile, and held back whole:
to look at each would take too long."""
KEPT_LINES: Final = 32_768
"""Lines whose findings are remembered, so that a keystroke costs one line: those of some large files."""

_BEGIN: Final = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY")
_END: Final = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,10}-----")
_BODY: Final = re.compile(r"[\s\"'+#/*\\|>.-]{0,20}[A-Za-z0-9+/]{40,76}={0,2}[\\nr\"',+;\s.)-]{0,12}")
_LAST: Final = re.compile(r"[\s\"'+#/*\\|>.-]{0,20}[A-Za-z0-9+/]{1,76}={0,2}[\\nr\"',+;\s.)-]{0,12}")
_HEADER: Final = re.compile(r"[\s\"'+#/*\\|>.-]{0,20}(?:[A-Z][\w-]{2,30}: .{0,200}|)[\\nr\"',+;\s]{0,12}")
_TAIL: Final = re.compile(r"[A-Za-z0-9_+/=.~-]*")
_RUN: Final = re.compile(r"[A-Za-z0-9_.+/=~:-]{16}")
_SHORT: Final = ("asic ", "PRIVATE KEY", "xox")
"""A line without so long a run of signs has none of the tokens but these."""
_IGNORED: Final = ("EXAMPLE", "xxxx", "XXXX", "0000000000", "1234567890")


@dataclass(frozen=True, slots=True, order=True)
class Hit:
    """A secret in a text, from ``start`` up to ``end`` (code points), and the rule that found it."""

    start: int
    end: int
    rule: str


def hits_in(text: str, *, inside_key: bool = False) -> tuple[Hit, ...]:
    """The secrets in ``text``, in order and disjoint; a long one wherever it stands again.

    ``inside_key`` tells that the text begins within a private key.
    """
    found: list[Hit] = []
    start = 0
    lines = text.split("\n")
    for line in lines:
        found += [Hit(start + h.start, start + h.end, h.rule) for h in line_hits(line)]
        start += len(line) + 1
    if inside_key or "PRIVATE KEY" in text:
        found += _keys(lines, inside=inside_key)
    return disjoint([*found, *_repeated(text, found, LEAST_REPEATED)])


def _repeated(text: str, found: Sequence[Hit], least: int) -> Iterator[Hit]:
    """The same secrets where they stand again."""
    for secret, rule in {
        text[h.start : h.end]: h.rule for h in found if least <= h.end - h.start <= OVERLAP
    }.items():
        place = text.find(secret)
        while place >= 0:
            yield Hit(place, place + len(secret), rule)
            place = text.find(secret, place + len(secret))


def find_secret(text: str) -> str | None:
    """The rule that finds the first secret in ``text``, or None."""
    return next((hit.rule for hit in hits_in(text)), None)


@lru_cache(512)
def has_secret(text: str) -> bool:
    """Whether a passage of another file holds a secret, or what looks like a part of a private key."""
    return bool(hits_in(text)) or _has_key_body(text.split("\n"))


def redacted(text: str) -> str:
    """``text`` with each secret replaced."""
    for hit in reversed(hits_in(text)):
        text = f"{text[: hit.start]}{REDACTED}{text[hit.end :]}"
    return text


def begins_inside_key(lines_above: Sequence[str]) -> bool:
    """Whether what follows these lines of a document is within a private key."""
    for line in reversed(lines_above[-LONGEST_KEY:]):
        if "PRIVATE KEY" in line:
            if _END.search(line):
                return False
            if _BEGIN.search(line):
                return True
    return False


@lru_cache(KEPT_LINES)
def line_hits(line: str) -> tuple[Hit, ...]:
    """The secrets that one line tells of by itself."""
    if len(line) <= PIECE:
        known = list(_found(line))
        return disjoint([*known, *_repeated(line, known, LEAST_TWICE)])
    found: list[Hit] = []
    for start in range(0, len(line), PIECE - OVERLAP):
        piece = line[start : start + PIECE]
        found += [Hit(start + h.start, start + h.end, h.rule) for h in _found(piece)]
    return disjoint([Hit(h.start, _TAIL.match(line, h.end).end(), h.rule) for h in found])  # type: ignore[union-attr]  # it matches nothing at least


def typed_secret(line: str) -> str | None:
    """The rule that finds a secret, be it only begun, on the line that somebody is typing."""
    known = next((hit.rule for hit in line_hits(line)), None)
    if known is not None:
        return known
    line = line[-PIECE:]
    for token in TOKENS:
        if any(map(line.__contains__, token.anchors)):
            match = token.begun.search(line)
            if match and not _is_example(match[0]):
                return token.name
    for name in NAMED.finditer(line.lower()):
        match = OPEN.match(line, name.start())
        if match and is_begun_value(match["value"]):
            return "assigned secret"
    return None


def is_begun_value(value: str) -> bool:
    """Whether a value that is not closed yet may become a secret: anything but the beginning of words."""
    return len(value) >= 4 and not value.isalpha() and " " not in value  # noqa: PLR2004 - fewer tell nothing


def _found(line: str) -> Iterator[Hit]:
    yield from _tokens(line)
    yield from _in_addresses(line)
    starts = [match.start() for match in NAMED.finditer(line.lower())]
    if len(starts) > MOST_NAMES:
        yield Hit(0, len(line), "more telling names than can be looked at")
    elif starts:
        yield from _assigned(line, starts)


def _tokens(line: str) -> Iterator[Hit]:
    for token in _tokens_of(line):
        reach = 0
        for match in token.whole.finditer(line):
            if match.start() >= reach and not _is_example(match[0]):
                tail = _TAIL.match(line, match.end())
                reach = tail.end() if tail else match.end()
                yield Hit(match.start(), reach, token.name)


def _in_addresses(line: str) -> Iterator[Hit]:
    if "://" in line:
        for match in ADDRESS.finditer(line):
            if is_password(match["value"]):
                yield Hit(*match.span("value"), "password in a URL")
    if "sig=" in line:
        for match in SIGNED.finditer(line):
            yield Hit(*match.span("value"), "signed address")


def _tokens_of(line: str) -> list[Token]:
    """The tokens that may stand in a line, by what each of them has in it."""
    if not _RUN.search(line) and not any(mark in line for mark in _SHORT):
        return []
    return [token for token in TOKENS if any(map(line.__contains__, token.anchors))]


def _assigned(line: str, starts: Sequence[int]) -> Iterator[Hit]:
    """What telling names, which begin at ``starts``, are given."""
    found = [p.match(line, start) for start in starts for p in (QUOTED, CALLED, WITHIN, ATTRIBUTE, BRACKETED)]
    if "<" in line:
        found += ELEMENT.finditer(line)
    bare = [BARE.match(line), *(OPTION.finditer(line) if "--" in line else ())]
    for matches, quoted in ((found, True), (bare, False)):
        for match in matches:
            if match and is_secret_value(match["value"], quoted=quoted):
                yield Hit(match.start("value"), match.end("value"), "assigned secret")


def _is_example(text: str) -> bool:
    return any(mark in text for mark in _IGNORED)


def _keys(lines: Sequence[str], *, inside: bool) -> Iterator[Hit]:
    """Private keys over several lines: also one whose beginning, or whose end, is not in the text."""
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    first: int | None = 0 if inside else None
    for number, line in enumerate(lines):
        end = _END.search(line)
        if end:
            if first is None:
                first = _up_from(lines, number)
            yield Hit(starts[first], starts[number] + end.end(), "private key")
            first = None
        begin = _BEGIN.search(line, end.end() if end else 0)
        if begin and not _END.search(line, begin.end()):
            yield Hit(starts[number] + begin.start(), starts[number] + len(line), "private key")
            first = number + 1
        elif first is not None and (number - first > LONGEST_KEY or not _goes_on(line, lines, number)):
            if number > first:
                yield Hit(starts[first], starts[number] - 1, "private key")
            first = None
    if first is not None and first < len(lines):
        yield Hit(starts[first], starts[-1] - 1, "private key")


def _goes_on(line: str, lines: Sequence[str], number: int) -> bool:
    """Whether a key may go on with this line: its body, a header of it, its last line."""
    if _BODY.fullmatch(line) or _HEADER.fullmatch(line) or _END.search(line):
        return True
    return bool(_LAST.fullmatch(line)) and (number + 1 >= len(lines) or bool(_END.search(lines[number + 1])))


def _up_from(lines: Sequence[str], number: int) -> int:
    """The first line of the key that ends on this one."""
    first = number
    while (
        first
        and number - first < LONGEST_KEY
        and (_BODY.fullmatch(lines[first - 1]) or (first == number and _LAST.fullmatch(lines[first - 1])))
    ):
        first -= 1
    return first


def _has_key_body(lines: Sequence[str]) -> bool:
    """Whether two lines in a row are as those of a key. Other data is too: such a passage is no loss."""
    bodies = [bool(_BODY.fullmatch(line)) and not line.strip().isalpha() for line in lines]
    return any(one and two for one, two in pairwise(bodies))


def disjoint(found: Iterable[Hit]) -> tuple[Hit, ...]:
    """The hits in order; those that overlap become one."""
    merged: list[Hit] = []
    for hit in sorted(found):
        if merged and hit.start < merged[-1].end:
            last = merged[-1]
            merged[-1] = Hit(last.start, max(last.end, hit.end), last.rule)
        else:
            merged.append(hit)
    return tuple(merged)
