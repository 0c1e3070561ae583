"""The files of dialogues: their steps, and where each stands.

A step begins in the first column with its name; lines that are indented go on with it. Lines that begin with
``#`` are comments. What follows the name are words and JSON values, in the order that ``STEPS`` says;
``@file`` stands for the JSON in that file, beside the dialogue. ``include file`` stands for the steps in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

WORD: Final = "word"
JSON: Final = "json"
OPTIONAL: Final = "json?"
SEVERAL: Final = "json*"

STEPS: Final[Mapping[str, Sequence[str]]] = {
    "client": (WORD,),
    "application": (JSON,),
    "suggest": (SEVERAL,),
    "nothing": (),
    "thinks": (JSON,),
    "hold": (),
    "release": (),
    "offer": (JSON,),
    "plan": (JSON,),
    "approve": (JSON, JSON),
    "approved": (JSON,),
    "noted": (WORD, JSON),
    "request": (JSON, WORD, OPTIONAL),
    "notify": (WORD, OPTIONAL),
    "reply": (JSON, JSON),
    "refuse": (JSON, JSON),
    "answer": (JSON, JSON),
    "failure": (JSON, JSON),
    "asked": (JSON, WORD, OPTIONAL),
    "told": (WORD, OPTIONAL),
    "quiet": (),
    "wait": (JSON,),
    "exited": (JSON,),
    "cursor": (JSON, JSON, JSON),
    "type": (JSON,),
    "accept": (JSON, OPTIONAL),
    "buffer": (JSON,),
}
"""The name of each step and what comes behind it."""
MISSING: Final = object()
"""The value of what was left out."""


class DialogueError(AssertionError):
    """A dialogue cannot be read, or did not go as it is written. The text says where and how."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a dialogue. ``values`` are as many as ``STEPS`` says, ``MISSING`` for one left out."""

    name: str
    values: tuple[Any, ...]
    place: str
    """File and line, as ``main.dialogue:12``."""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """What a client and a server say to each other, in order."""

    name: str
    client: str
    """Whose rules of inserting apply: a name of ``dialogue_clients.CLIENTS``."""
    steps: tuple[Step, ...]


def read_dialogue(path: Path) -> Dialogue:
    """Return the dialogue in a file. Raises ``DialogueError`` for one that has not the form."""
    steps = parse(path.read_text(encoding="utf-8"), path.name, path.parent)
    if not steps or steps[0].name != "client":
        raise DialogueError(f"{path.name}: the first step must be client")
    return Dialogue(path.stem, steps[0].values[0], tuple(steps[1:]))


def parse(text: str, name: str, folder: Path) -> list[Step]:
    """Return the steps in ``text``; files of JSON are looked for in ``folder``."""
    chunks: list[tuple[int, list[str]]] = []
    for number, line in enumerate(text.split("\n"), 1):
        if line[:1] == "#":
            continue
        if line[:1].strip():
            chunks.append((number, [line]))
        elif line.strip():
            if not chunks:
                raise DialogueError(f"{name}:{number}: an indented line before the first step")
            chunks[-1][1].append(line)
    steps: list[Step] = []
    for number, lines in chunks:
        word, _, file = lines[0].partition(" ")
        if word == "include":
            part = folder / file
            steps += parse(part.read_text(encoding="utf-8"), part.name, part.parent)
        else:
            steps.append(_step("\n".join(lines), f"{name}:{number}", folder))
    return steps


def _step(text: str, place: str, folder: Path) -> Step:
    name, _, rest = text.partition(" ")
    kinds = STEPS.get(name)
    if kinds is None:
        raise DialogueError(f"{place}: no such step: {name}; there are: {', '.join(STEPS)}")
    values: list[Any] = []
    for kind in kinds:
        rest = rest.strip()
        if kind == WORD:
            word, _, rest = rest.partition(" ")
            if not word:
                raise DialogueError(f"{place}: {name} takes {' '.join(kinds)}")
            values.append(word)
        elif kind == SEVERAL:
            while rest.strip():
                value, rest = _json(rest.strip(), place, folder)
                values.append(value)
        elif rest:
            value, rest = _json(rest, place, folder)
            values.append(value)
        elif kind == OPTIONAL:
            values.append(MISSING)
        else:
            raise DialogueError(f"{place}: {name} takes {' '.join(kinds)}")
    if rest.strip():
        raise DialogueError(f"{place}: {name} has more behind it than it takes: {rest.strip()[:60]}")
    return Step(name, tuple(values), place)


def _json(text: str, place: str, folder: Path) -> tuple[Any, str]:
    """The JSON value at the start of ``text``, and what is behind it."""
    if text.startswith("@"):
        file, _, rest = text[1:].partition(" ")
        return json.loads((folder / file.strip()).read_text(encoding="utf-8")), rest
    try:
        value, end = json.JSONDecoder().raw_decode(text)
    except ValueError as error:
        raise DialogueError(f"{place}: this is no JSON ({error}): {text[:60]}") from None
    return value, text[end:]
