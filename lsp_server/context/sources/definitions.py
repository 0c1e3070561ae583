"""The definitions of the names around the cursor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lsp_server.context.memo import MemoIndex, memo_of
from lsp_server.context.model import Kind, Located
from lsp_server.context.question import Question
from lsp_server.context.receivers import bases, classes_of, enclosing_class
from lsp_server.context.scope import bases_of
from lsp_server.context.skeleton import class_skeleton, headline
from lsp_server.context.view import View
from lsp_server.types import Snippet

NAME: Final = "definitions"
CLASS_CHARS: Final = 600
"""Characters of one class: some 12 members, a third of the snippets of a small prompt."""
NAMES: Final = 16
"""Names that are looked up, the heaviest first: each costs a look-up or two."""
NEAREST: Final = 1.0
"""Weight of a name on the cursor's line: those further away were needed too seldom to be looked up."""
RECEIVER: Final = 1.0
"""Score of the class whose member is being written."""
CALLED: Final = 0.95
"""Of the function whose argument is being written."""
OWN_CLASS: Final = 0.7
"""Of the members of the class that the cursor is in."""
BASE: Final = 0.6
"""Of the classes that this one is made from."""
NEAR: Final = 0.6
"""Of the definition of a name on the cursor's line."""


def definitions(question: Question, view: View) -> list[Snippet]:
    """Definitions, the most needed first: of the receiver, the call, the enclosing class, the names near."""
    if view.index is None:
        return []
    memo = memo_of(view.index)
    found: dict[Located, Snippet] = {}
    for located, score in _wanted(question, memo):
        if located not in found:
            text = _text(located, question, memo)
            if text:
                found[located] = Snippet(located.path, text, score, NAME)
    return sorted(found.values(), key=lambda snippet: -snippet.score)


def _wanted(question: Question, memo: MemoIndex) -> Iterator[tuple[Located, float]]:
    """The definitions to show, and the score of each."""
    for located in classes_of(question.receiver, question, memo)[:2]:
        yield located, RECEIVER
        for base in _bases_of(located, memo):
            yield base, BASE
    if question.call:
        for located in _called(question, memo):
            yield located, CALLED
    owner = enclosing_class(question, memo)
    if owner and owner.path == question.path:
        yield owner, RECEIVER if question.receiver[:1] in (("self",), ("this",)) else OWN_CLASS
    for base in bases(question, memo):
        yield base, BASE
    near = [name for name, weight in question.names.items() if weight >= NEAREST]
    for name in near[:NAMES]:
        meaning = memo.meaning(name, question.imports, question.path)
        if meaning:
            yield meaning, NEAR
        else:
            for located in classes_of((name,), question, memo)[:1]:
                yield located, NEAR


def _bases_of(located: Located, memo: MemoIndex) -> list[Located]:
    """The classes that a class of another file is made from, by its signature."""
    outline = memo.outline(located.path)
    imports = outline.imports if outline else ()
    rest = located.symbol.signature.partition(located.symbol.name)[2]
    found = (memo.meaning(name, imports, located.path) for name in bases_of(rest))
    return [base for base in found if base and base.symbol.kind is Kind.CLASS]


def _called(question: Question, memo: MemoIndex) -> list[Located]:
    """What the open call may mean: a function, a method, or a class that is made."""
    *owners, name = question.call.split(".")
    if not owners:
        meaning = memo.meaning(name, question.imports, question.path)
        return [meaning] if meaning else []
    module = memo.module(owners[-1], question.imports, question.path)
    if module and (found := memo.top(name, module)):
        return [found]
    methods = []
    for owner in classes_of(owners, question, memo):
        for located in (owner, *_bases_of(owner, memo)):
            methods += [Located(located.path, m) for m in memo.members(located) if m.name == name]
    if methods:
        return methods[:1]
    named = [n for n in memo.symbols_named(name) if n.symbol.kind is not Kind.VARIABLE]
    return named[:1] if len({n.symbol.signature for n in named}) == 1 else []


def _text(located: Located, question: Question, memo: MemoIndex) -> str:
    """The text that shows a definition, empty if the prompt shows it anyway."""
    own = located.path == question.path
    symbol = located.symbol
    if symbol.kind is Kind.CLASS:
        hidden = question.visible if own else None
        return class_skeleton(located, memo.members(located), question.names, CLASS_CHARS, hidden)
    if own and symbol.line in question.visible:
        return ""
    return headline(located.path, symbol)
