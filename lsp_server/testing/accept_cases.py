"""Places in files, what is suggested there, and the file's exact text once that has been accepted.

Made for drivers of real editors: each case is a file of its own. The cases cover what editors are known to
get wrong: wide characters on both sides of the cursor, tabs and spaces, both line ends, closers behind the
cursor, several lines, blank lines among them, text that is special in snippets, and files without a last line
end.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

from lsp_server.shaping.overlap import before_covered

SEED: Final = 8
FILE_OF_CASES: Final = "cases.json"

_INDENTATIONS: Final = ("  ", "    ", "\t", "        ")
_ENDINGS: Final = (".py", ".js", ".c", ".go")
_WIDE: Final = (
    "",
    "größe",
    "名前",
    "😀",
    "e\u0301te\u0301",
    "👩\u200d🔬",
    "\U0001d518\U0001d52b",
    "Ωμέγα",
    "\U0001f1e9\U0001f1ea",
)
_SPECIAL: Final = (
    "${1:name}",
    "$HOME",
    "\\n",
    "a}b{c",
    "`tick`",
    "100%",
    "<b>&amp;</b>",
    "$0",
    "\\$x",
    "C:\\dir",
)
_EVERY_FOURTH: Final = 4


@dataclass(frozen=True, slots=True)
class AcceptCase:
    """One file, a place in it, and a suggestion.

    ``line`` and ``column`` are 0-based, the column in code points. ``suggestion`` has ``\\n`` only and
    absolute indentation; it replaces ``replaces`` code points behind the cursor. ``text`` is the file as it
    lies on disk, and ``expected`` the same once the suggestion is accepted; ``expected_inserted`` is that for
    editors which can only insert at the cursor, and so get what stands before the text to be replaced.
    """

    name: str
    text: str
    line: int
    column: int
    suggestion: str
    replaces: int
    expected: str
    expected_inserted: str

    def as_json(self) -> dict[str, Any]:
        """The case as JSON can hold it, with the column in UTF-16 units and in UTF-8 bytes as well."""
        before = self.text.split("\n")[self.line][: self.column]
        return asdict(self) | {
            "column_utf16": len(before.encode("utf-16-le")) // 2,
            "column_bytes": len(before.encode()),
        }


def accept_cases(count: int = 200, *, dedents: bool = True, replaces: bool = True) -> tuple[AcceptCase, ...]:
    """The first ``count`` cases, the same ones at each call.

    Without ``dedents`` no line of a suggestion is indented less than the cursor's and none is white space
    alone, which is what menus can insert that add the line's indentation by themselves. Without ``replaces``
    nothing behind the cursor is replaced.
    """
    others = (_dedented, _several_lines_before_closer) if dedents else ()
    kinds = (*_KINDS, *others, *((_covering,) if replaces else ()))
    chance = Random(SEED)  # noqa: S311 - cases that are the same each time, no secret
    return tuple(_case(number, kinds[number % len(kinds)], chance) for number in range(count))


def write_cases(cases: Sequence[AcceptCase], folder: Path) -> Path:
    """Write each case's file into ``folder``, and all cases as JSON; returns the path of the latter."""
    folder.mkdir(parents=True, exist_ok=True)
    for case in cases:
        (folder / case.name).write_bytes(case.text.encode())
    path = folder / FILE_OF_CASES
    path.write_text(json.dumps([case.as_json() for case in cases], ensure_ascii=False), encoding="utf-8")
    return path


@dataclass(frozen=True, slots=True)
class _Place:
    """What a case is made from: the indentation of one level and of the cursor's line, and a wide word."""

    unit: str
    indentation: str
    wide: str
    chance: Random


@dataclass(frozen=True, slots=True)
class _Parts:
    """The cursor's line before and behind the cursor, without its indentation, and the suggestion."""

    before: str
    after: str
    suggestion: str
    replaces: int = 0


def _case(number: int, make: Callable[[_Place], _Parts], chance: Random) -> AcceptCase:
    unit = chance.choice(_INDENTATIONS)
    place = _Place(unit, unit * chance.randrange(4), chance.choice(_WIDE), chance)
    parts = make(place)
    above = [f"{unit * level}// {place.wide} {level}" for level in range(chance.randrange(4))]
    below = chance.choice(["", "\n", f"\n{place.indentation}next({place.wide!r})\n", "\n\n\nlast"])
    before = "\n".join([*above, place.indentation + parts.before])
    # A file of one line has no line end that an editor could find.
    is_other = number % _EVERY_FOURTH == _EVERY_FOURTH - 1 and "\n" in before + below
    end = "\r\n" if is_other else "\n"
    head, tail = before.replace("\n", end), (parts.after + below).replace("\n", end)
    suggestion = parts.suggestion.replace("\n", end)
    inserted = before_covered(parts.suggestion) if parts.replaces else parts.suggestion
    return AcceptCase(
        name=f"case_{number:03}{chance.choice(_ENDINGS)}",
        text=head + tail,
        line=len(above),
        column=len(place.indentation + parts.before),
        suggestion=parts.suggestion,
        replaces=parts.replaces,
        expected=head + suggestion + tail[parts.replaces :],
        expected_inserted=head + inserted.replace("\n", end) + tail,
    )


def _rest_of_line(place: _Place) -> _Parts:
    return _Parts(f"{place.wide or 'x'} = ", "", f"make('{place.wide}', 1)")


def _middle_of_line(place: _Place) -> _Parts:
    return _Parts(f"'{place.wide}' + ", f" + '{place.wide}'", f"join({place.wide!r})")


def _half_word(place: _Place) -> _Parts:
    return _Parts(f"'{place.wide}'; ret", "", f"urn {place.wide!r}\n{place.indentation}done()")


def _inside_brackets(place: _Place) -> _Parts:
    return _Parts(f"call[{place.wide!r}](", ")", f"'{place.wide}', key=[1, 2]")


def _blank_line(place: _Place) -> _Parts:
    inner = place.indentation + place.unit
    return _Parts("", "", f"if ready:\n{inner}go('{place.wide}')\n\n{inner}stop()")


def _several_lines(place: _Place) -> _Parts:
    inner = place.indentation + place.unit
    lines = [f"{inner}item_{n}('{place.wide}')," for n in range(place.chance.randrange(1, 5))]
    return _Parts(f"'{place.wide}' or make", "", "\n".join(["(", *lines, f"{place.indentation})"]))


def _next_line(place: _Place) -> _Parts:
    inner = place.indentation + place.unit
    return _Parts(f"while '{place.wide}':", "", f"\n{inner}work({place.wide!r})\n{inner}rest()")


def _special_text(place: _Place) -> _Parts:
    special = place.chance.choice(_SPECIAL)
    return _Parts(
        "text = ", ";", f"'{special}' + '{place.wide}\t{special}'\n{place.indentation}again('{special}')"
    )


def _several_lines_before_closer(place: _Place) -> _Parts:
    inner = place.indentation + place.unit
    return _Parts(f"'{place.wide}', [", "]", f"\n{inner}1,\n{inner}'{place.wide}',\n{place.indentation}")


def _covering(place: _Place) -> _Parts:
    """The closer is the suggestion's own, further to the left than the editor has put it."""
    return _Parts(f"'{place.wide}', sum(", ")", f"values, '{place.wide}') + rest[0]", replaces=1)


def _dedented(place: _Place) -> _Parts:
    return _Parts(
        "stop()", "", f"\n{place.indentation[len(place.unit) :]}else:\n{place.indentation}go({place.wide!r})"
    )


_KINDS: Final = (
    _rest_of_line,
    _middle_of_line,
    _half_word,
    _inside_brackets,
    _blank_line,
    _several_lines,
    _next_line,
    _special_text,
)


def read_cases(path: Path) -> Sequence[Mapping[str, Any]]:
    """The cases that ``write_cases`` wrote to ``path``, as JSON."""
    cases: Sequence[Mapping[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return cases
