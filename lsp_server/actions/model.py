"""The values of code actions: where one is asked for, what is offered, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from lsp_server.types import Document, Position

QUICKFIX: Final = "quickfix"
REWRITE: Final = "refactor.rewrite"
EXTRACT: Final = "refactor.extract"
SOURCE: Final = "source"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A part of a document: from ``start`` up to ``end``, which is behind it."""

    start: Position
    end: Position

    @property
    def is_empty(self) -> bool:
        """Whether it is a place without extent."""
        return self.start == self.end

    def contains(self, other: Span) -> bool:
        """Whether ``other`` lies within it, ends included."""
        return self.start <= other.start and other.end <= self.end

    def touches(self, other: Span) -> bool:
        """Whether they share a place, be it only an end."""
        return self.start <= other.end and other.start <= self.end


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """What a tool reports. ``severity`` is LSP's number, 1 for an error to 4 for a hint."""

    span: Span
    message: str
    severity: int = 1
    source: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Definition:
    """A function, method or class around the cursor, by its syntax.

    ``whole`` has its decorators and its documentation, ``head`` its signature without them (up to the colon,
    the brace or the end of the declaration), ``body`` what is in it, ``documentation`` its docstring or the
    comment that documents it; None where it has none. ``indent`` is its first line's indentation as the file
    has it. ``empty`` tells that the body does nothing yet (``pass``, ``...``, an error that says so).

    Each begins at its first token, not at its line's indentation, and ends behind its last. ``head`` has not
    the colon, brace, ``=`` or ``=>`` before the body, and ``body`` neither braces nor ``end``; a docstring
    and comments at its begin are of the body. A body without anything is the empty place behind the brace,
    or behind the head (in Python: its colon) where there is none.
    """

    name: str
    is_class: bool
    whole: Span
    head: Span
    body: Span | None
    documentation: Span | None
    indent: str
    empty: bool = False
    annotated: bool = False
    """Whether its parameters and its result have types, where the language lets them have some."""


@dataclass(frozen=True, slots=True)
class Situation:
    """Where actions are asked for.

    ``definitions`` are those that hold the selection, the innermost first. ``only`` are the kinds that the
    editor wants, empty for all; ``automatic`` that it asked by itself (a light bulb), not a person.
    """

    document: Document
    selection: Span
    diagnostics: tuple[Diagnostic, ...] = ()
    definitions: tuple[Definition, ...] = ()
    only: tuple[str, ...] = ()
    automatic: bool = False


class Result(StrEnum):
    """What the model's answer becomes."""

    REPLACEMENT = "replacement"
    """The text of the target, anew."""
    DOCUMENTATION = "documentation"
    """The text of a docstring or comment, which is put in its place by us."""
    HEAD = "head"
    """A signature, anew: only types may be new in it."""
    BODY = "body"
    """The body of a function that has none yet."""
    NEW_FILE = "new_file"
    """A file of its own, such as tests."""
    MARKDOWN = "markdown"
    """Text for people."""
    COMMIT_MESSAGE = "commit_message"
    """What a commit message buffer begins with."""
    NONE = "none"
    """Nothing is asked of a model."""


@dataclass(frozen=True, slots=True)
class Offer:
    """An action that makes sense in a situation.

    ``target`` is the part of the document that it is about, and that alone it may change (for a new file: the
    part it is written for). ``instruction`` is what the prompt says beside its fixed text: a diagnostic's
    message, the text of a TODO, a person's own words.
    """

    action: str
    title: str
    kind: str
    result: Result
    target: Span
    definition: Definition | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    instruction: str = ""
    preferred: bool = False


@dataclass(frozen=True, slots=True)
class TextEdit:
    """``span`` of a document is replaced by ``text``, which has the document's line endings."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Edits that were checked for one version of a document. ``large`` asks for a confirmation."""

    document: Document
    edits: tuple[TextEdit, ...]
    label: str
    large: bool = False


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to be made. ``path`` is native and absolute, inside a workspace folder, and not there yet."""

    path: str
    text: str
    label: str


@dataclass(frozen=True, slots=True)
class Page:
    """Markdown for people."""

    title: str
    markdown: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing is changed. ``reason`` is one line for people."""

    reason: str


CHANGED: Final = "the text was changed meanwhile, so nothing is changed by the action: ask for it again"
CLOSED: Final = "the document is not open any more, so nothing is changed"
"""Reasons that both the session and the editor's side find out."""

Outcome = Plan | NewFile | Page | Refused
