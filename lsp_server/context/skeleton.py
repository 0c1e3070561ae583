"""Definitions without their bodies, as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from lsp_server.context.model import Kind, Located, Symbol

INDENT: Final = "    "
LONGEST_LINE: Final = 200
"""Characters of a signature: longer ones are cut, since the end of a long one is types and defaults."""
ALSO_CHARS: Final = 150
"""Characters kept for the names of what does not fit: a name says less than a signature and takes a tenth."""
HASH_LANGUAGES: Final = (".py", ".pyi", ".rb", ".sh", ".ex", ".exs", ".jl")


def signature(symbol: Symbol) -> str:
    """Its head in one line, cut where it is too long."""
    text = symbol.signature.strip() or symbol.name
    return text if len(text) <= LONGEST_LINE else text[: LONGEST_LINE - 1].rstrip() + "…"


def comment(path: str) -> str:
    """What begins a comment in a file of this name."""
    return "#" if path.endswith(HASH_LANGUAGES) else "//"


def headline(path: str, symbol: Symbol, depth: int = 0) -> str:
    """The signature, and the first line of the documentation as a comment behind it."""
    text = INDENT * depth + signature(symbol)
    doc = symbol.doc.strip()
    return f"{text}  {comment(path)} {doc}" if doc and len(text) + len(doc) < LONGEST_LINE else text


def class_skeleton(
    of: Located, members: Iterable[Symbol], names: Mapping[str, float], most: int, hidden: range | None = None
) -> str:
    """A class's head and its members in at most ``most`` characters.

    Members that ``names`` mentions come into it first, then public ones, then the others; they are shown in
    the file's order, and those that do not fit by their names alone. Those whose line is in ``hidden`` are
    left out; without members the text is empty.
    """
    chosen = [m for m in members if hidden is None or m.line not in hidden]
    chosen = list({(m.name, signature(m)): m for m in chosen}.values())
    ordered = sorted(range(len(chosen)), key=lambda n: _rank(chosen[n], names))
    lines = [INDENT + signature(member) for member in chosen]
    head = signature(of.symbol)
    body = pack(lines, [m.name for m in chosen], ordered, most - len(head) - 1, INDENT + comment(of.path))
    return f"{head}\n{body}" if body else ""


def pack(lines: Sequence[str], names: Sequence[str], ordered: Sequence[int], room: int, mark: str) -> str:
    """As many lines as fit, chosen in the order ``ordered`` and shown in their own; other names last."""
    spare = min(ALSO_CHARS, room // 4) if sum(map(len, lines)) + len(lines) - 1 > room else 0
    left, taken = room - spare, set[int]()
    for number in ordered:
        if len(lines[number]) + 1 <= left:
            left -= len(lines[number]) + 1
            taken.add(number)
    shown = [lines[number] for number in sorted(taken)]
    known = {names[number] for number in taken}
    others = [names[number] for number in ordered if names[number] not in known]
    also = f"{mark} also: "
    left += spare - len(also) - 1
    rest = list[str]()
    for name in dict.fromkeys(others):
        if len(name) + 2 <= left:
            left -= len(name) + 2
            rest.append(name)
    return "\n".join([*shown, *([also + ", ".join(rest)] if rest else [])])


def _rank(member: Symbol, names: Mapping[str, float]) -> tuple[float, bool, bool]:
    private = member.name.startswith("_") and member.name not in {"__init__", "__call__", "__new__"}
    return (-names.get(member.name, 0.0), private, member.kind is Kind.VARIABLE)
