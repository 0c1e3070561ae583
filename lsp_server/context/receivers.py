"""What class a name is of, told cheaply: by how it is made, declared or annotated near the cursor."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from lsp_server.context.memo import MemoIndex
from lsp_server.context.model import Import, Kind, Located
from lsp_server.context.question import Question

REACH: Final = 400
"""Lines above the cursor in which a declaration is looked for."""
DEPTH: Final = 4
"""Steps from a name to its class: ``x = make()``, the annotation of ``make``, an alias, its class."""
CONSTRUCTORS: Final = frozenset({"__init__", "constructor", "new"})
SELF: Final = frozenset({"self", "this", "cls", "Self", "super()"})

_TYPE_NAME: Final = re.compile(r"[^\W\d]\w*")
_RETURNS: Final = re.compile(r"\)\s*(?:->|:)\s*([^={]+)")
_NO_TYPE: Final = frozenset(
    """Optional Union List Dict Set Tuple Any None Sequence Iterable Iterator Mapping Callable Awaitable Type
    Promise Array Map Partial Readonly Record Vec Option Result Box Arc Rc String Option Annotated Literal
    ClassVar Final list dict set tuple str int float bool bytes object type string number boolean void mut ref
    const final readonly async await new self this""".split()  # noqa: SIM905 - as in words.py
)


@lru_cache(maxsize=1024)
def _declaration(name: str) -> re.Pattern[str]:
    """Group 1: an annotation; 2: what is called or made; 3: a type before the name; 4: what is iterated."""
    n = re.escape(name)
    return re.compile(
        rf"(?<![\w.\"']){n}\??\s*:\s*([^=,(){{}};]+(?:\[[^\]]*\])?)"
        rf"|(?<![\w.]){n}\s*(?::[^=]*)?:?=\s*(?:await\s+)?(?:new\s+|&|\*)?([^\W\d][\w.:]*)\s*(?:<[^<>()]*>)?[({{]"
        rf"|\bwith\s+(?:await\s+)?([^\W\d][\w.]*)\(.*\)\s+as\s+{n}\b"
        rf"|\b([A-Z]\w*(?:<[^;=(){{}}]*>)?)[\s*&?]+{n}\s*(?:[=;,)]|$)"
        rf"|(?<![\w.]){n}\s+[*&]?(?:\w+\.)?([A-Z]\w*)\s*[,)]"
        rf"|\b(?:for|foreach)\b[^=]*?\b{n}\b\s+(?:in|of)\s+([^\W\d][\w.]*)"
    )


def classes_of(chain: Sequence[str], question: Question, memo: MemoIndex) -> list[Located]:
    """The classes that the end of a dotted chain may be of, the likeliest first; a module gives none."""
    if not chain:
        return []
    found = _first(chain[0], question, memo, DEPTH)
    for link in chain[1:]:
        found = [t for owner in found for t in _member(owner, link, memo, DEPTH)]
    return list(dict.fromkeys(found))


def enclosing_class(question: Question, memo: MemoIndex) -> Located | None:
    """The class that the cursor is in, as the index knows it."""
    owner = question.scope.owner
    if not owner:
        return None
    outline = memo.outline(question.path)
    for symbol in outline.symbols if outline else ():
        if symbol.name == owner and symbol.kind is Kind.CLASS:
            return Located(question.path, symbol)
    return memo.meaning(owner, question.imports, question.path)


def bases(question: Question, memo: MemoIndex) -> list[Located]:
    """The classes of the workspace that the enclosing class is made from."""
    found = (memo.meaning(name, question.imports, question.path) for name in question.scope.bases)
    return [base for base in found if base and base.symbol.kind is Kind.CLASS]


def _first(link: str, question: Question, memo: MemoIndex, depth: int) -> list[Located]:
    name = link.rstrip("()[]")
    scope = question.scope
    if link == "super()":
        return bases(question, memo)
    if name in SELF or (scope.receiver and name == scope.receiver):
        owner = enclosing_class(question, memo)
        return [owner] if owner else []
    if not link.endswith("()"):
        for text, called in _declared(name, question):
            found = list(_types(text, question, memo, depth, called=called))
            if found:
                return found
    meaning = memo.meaning(name, question.imports, question.path)
    return list(_of(meaning, memo, depth)) if meaning else []


def _declared(name: str, question: Question) -> Iterator[tuple[str, bool]]:
    """The type texts of ``name`` above the cursor, the nearest first, and whether each is called."""
    lines, pattern = question.document.lines, _declaration(name)
    for number in range(question.line - 1, max(-1, question.line - REACH), -1):
        line = lines[number]
        if name not in line:
            continue
        found = pattern.search(line[:400])
        if found:
            annotation, made, opened, before, behind, iterated = found.groups()
            called = made or opened or iterated
            yield (called, True) if called else (annotation or before or behind, False)


def _member(owner: Located, link: str, memo: MemoIndex, depth: int) -> list[Located]:
    """The classes that a member of a class may be of."""
    name = link.rstrip("()[]")
    for member in memo.members(owner):
        if member.name == name:
            found = list(_of(Located(owner.path, member), memo, depth))
            if found:
                return found
    return []


def _types(text: str, question: Question, memo: MemoIndex, depth: int, *, called: bool) -> Iterator[Located]:
    """The classes that a type or a called name means."""
    if depth <= 0:
        return
    if called:
        yield from _made(text.replace("::", ".").split("."), question, memo, depth)
        return
    yield from _classes_in(text, question.imports, question.path, memo)


def _made(chain: list[str], question: Question, memo: MemoIndex, depth: int) -> Iterator[Located]:
    """The classes of what a call of the dotted name gives, or of the items of what it names."""
    *owners, name = chain
    if not owners:
        meaning = memo.meaning(name, question.imports, question.path)
        if meaning:
            yield from _of(meaning, memo, depth)
            return
        for inner, again in _declared(name, question):
            yield from _types(inner, question, memo, depth - 1, called=again)
        return
    found = _first(owners[0], question, memo, depth - 1)
    for link in owners[1:]:
        found = [t for owner in found for t in _member(owner, link, memo, depth - 1)]
    if found:
        members = [t for owner in found for t in _member(owner, name, memo, depth - 1)]
        # ``Foo.open()`` and ``Foo::new()`` without an annotation mostly make a Foo.
        yield from members or (found if owners[0][:1].isupper() else [])
        return
    module = memo.module(owners[0], question.imports, question.path)
    meaning = memo.top(name, module) if module else None
    if meaning:
        yield from _of(meaning, memo, depth)


def _classes_in(text: str, imports: Sequence[Import], path: str, memo: MemoIndex) -> Iterator[Located]:
    """The classes that a type's text in a file names."""
    for name in dict.fromkeys(_TYPE_NAME.findall(text)):
        if name not in _NO_TYPE:
            meaning = memo.meaning(name, imports, path)
            if meaning and meaning.symbol.kind is Kind.CLASS:
                yield meaning


def _of(what: Located, memo: MemoIndex, depth: int) -> Iterator[Located]:
    """The class itself, or that of what a function returns or a variable is."""
    symbol = what.symbol
    if symbol.kind is Kind.CLASS:
        yield what
        return
    if depth <= 0:
        return
    text = _variable_type(what, memo) if symbol.kind is Kind.VARIABLE else _return_type(symbol.signature)
    outline = memo.outline(what.path)
    yield from _classes_in(text, outline.imports if outline else (), what.path, memo)


def _return_type(signature: str) -> str:
    """What a head says behind its parameters (``-> X``, ``: X``), else before its name (``X name(``)."""
    end = signature.rfind(")")
    found = _RETURNS.search(signature[end:]) if end >= 0 else None
    if found:
        return found[1]
    behind = signature[end + 1 :] if end >= 0 else ""
    before = signature.partition("(")[0].rpartition(" ")[0]
    return behind if behind.strip() else re.sub(r"\b(?:def|function|fn|func|fun|class)\b", "", before)


def _variable_type(what: Located, memo: MemoIndex) -> str:
    """The annotation of a variable or field, else what makes it: a call, or a constructor's parameter."""
    symbol = what.symbol
    head, _, value = symbol.signature.partition("=")
    annotated = re.search(rf"\b{re.escape(symbol.name)}\??\s*:\s*(.+)", head)
    if annotated:
        return annotated[1]
    made = re.match(r"\s*(?:await\s+)?(?:new\s+|&)?([^\W\d][\w.]*)\s*(\(?)", value)
    if made is None:
        # ``Foo name`` and Go's ``name Foo``.
        return re.sub(rf"\b{re.escape(symbol.name)}\b", "", head)
    if made[2]:
        return (
            made[1].rpartition(".")[2]
            if made[1].rpartition(".")[2][:1].isupper()
            else made[1].partition(".")[0]
        )
    outline = memo.outline(what.path)
    for other in outline.symbols if outline else ():
        if other.container == symbol.container and other.name in CONSTRUCTORS:
            parameter = re.search(rf"\b{re.escape(made[1])}\??\s*:\s*([^=,]+)", other.signature)
            if parameter:
                return parameter[1]
    return ""
