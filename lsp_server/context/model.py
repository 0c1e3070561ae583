"""The values of the workspace index, and what it can be asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Kind(StrEnum):
    """What a symbol is."""

    CLASS = "class"
    """A class, struct, interface, trait, enum or module: something that has members."""
    FUNCTION = "function"
    METHOD = "method"
    VARIABLE = "variable"
    """A constant, a field, a module's variable or a type's alias."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A definition. ``container`` names what it is a member of; empty at a file's top level.

    ``signature`` is its head as the file has it, in one line, without its body. ``doc`` is the first line of
    its documentation. Lines are 0-based; ``end_line`` is its last.
    """

    name: str
    kind: Kind
    container: str
    signature: str
    doc: str
    line: int
    end_line: int


@dataclass(frozen=True, slots=True)
class Import:
    """An import as the file has it: ``module`` is ``a.b``, ``./x`` or ``fmt``; ``names`` those it brings.

    A whole module that is bound to a name has that name alone.
    """

    module: str
    names: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Outline:
    """What a file defines and imports, in its order."""

    symbols: tuple[Symbol, ...] = ()
    imports: tuple[Import, ...] = ()


@dataclass(frozen=True, slots=True)
class Located:
    """A symbol and the file it is in. ``path`` is relative to the workspace folder, with ``/``."""

    path: str
    symbol: Symbol


@dataclass(frozen=True, slots=True)
class Window:
    """Some lines of a file: ``start`` is the first one's 0-based number."""

    path: str
    start: int
    text: str


class Index(Protocol):
    """The workspace as it was read last. Every call answers from memory or one local database, in some ms."""

    def symbols_named(self, name: str, limit: int = 20) -> Sequence[Located]:
        """The definitions of ``name``, the likeliest first."""
        ...

    def outline(self, path: str) -> Outline | None:
        """The outline of a file of the workspace, or None."""
        ...

    def resolve(self, module: str, importer: str) -> str | None:
        """The workspace file that ``module`` means in an import of the file ``importer``, or None."""
        ...

    def search(
        self, words: Mapping[str, float], limit: int, language: str, without: str = ""
    ) -> Sequence[tuple[Window, float]]:
        """The windows that BM25 ranks highest for weighted ``words``, with their scores, the best first.

        Only files of ``language`` (LSP's identifier; its relatives count) and none of the file ``without``.
        """
        ...
