"""The frozen values that flow between the steps of a completion.

Every step takes and gives values of this module and knows nothing of the other steps. Lines and columns are
0-based; columns count Unicode code points unless a name says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Protocol

NO_TIMINGS: Final[Mapping[str, float]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a document: 0-based line, and column in code points from the line's start."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Document:
    """One version of an open file.

    ``lines`` has at least one element. Each line but the last keeps its terminator (``\\n``, ``\\r\\n`` or
    ``\\r``); the last has none. ``path`` is the native file path, or None for a buffer that has no file.
    """

    uri: str
    path: str | None
    language: str
    version: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The whole text. Costs a copy: the steps of a completion work on lines."""
        return "".join(self.lines)


@dataclass(frozen=True, slots=True)
class Cursor:
    """An immutable snapshot of a document and a place in it."""

    document: Document
    position: Position

    @property
    def line(self) -> str:
        """The cursor's line without its terminator."""
        return self.document.lines[self.position.line].rstrip("\r\n")

    @property
    def before(self) -> str:
        """The cursor's line up to the cursor."""
        return self.line[: self.position.column]

    @property
    def after(self) -> str:
        """The cursor's line from the cursor on, without its terminator."""
        return self.line[self.position.column :]

    @property
    def newline(self) -> str:
        """The line ending to use here: this line's own, else that of the first line, else ``\\n``."""
        for text in (self.document.lines[self.position.line], self.document.lines[0]):
            ending = text[len(text.rstrip("\r\n")) :]
            if ending:
                return ending
        return "\n"


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of a document: at ``position``, ``removed`` was replaced by ``inserted``.

    Both texts are as the document has them, line endings included.
    """

    position: Position
    removed: str
    inserted: str

    @property
    def end(self) -> Position:
        """The place behind the inserted text, in the document after the edit."""
        above, newline, last = self.inserted.replace("\r\n", "\n").replace("\r", "\n").rpartition("\n")
        if not newline:
            return Position(self.position.line, self.position.column + len(last))
        return Position(self.position.line + above.count("\n") + 1, len(last))


class Trigger(StrEnum):
    """Why a completion was asked for."""

    AUTOMATIC = "automatic"
    INVOKED = "invoked"


@dataclass(frozen=True, slots=True)
class Request:
    """One question to the engine: what could be inserted at this cursor?

    ``stream`` names the sequence of requests this one belongs to (an editor's document and method): a newer
    request of the same stream supersedes the older ones. ``backend`` restricts the answer to one backend.
    ``candidates`` is how many different suggestions are wanted when asked by hand, None for the setting's;
    with ``asks_again`` the first one is enough for now, since the client will come back for the others.
    """

    cursor: Cursor
    trigger: Trigger = Trigger.AUTOMATIC
    stream: str = ""
    backend: str | None = None
    candidates: int | None = None
    asks_again: bool = False


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of other code shown to the model."""

    path: str
    text: str
    score: float
    origin: str


@dataclass(frozen=True, slots=True)
class Gate:
    """The rule that ended a request without a suggestion. ``detail`` is one line for people."""

    name: str
    detail: str = ""


class PromptForm(StrEnum):
    """How a prompt travels."""

    RAW = "raw"
    """One text, laid out with the model's own control tokens."""
    PARTS = "parts"
    """Prefix and suffix apart; the server lays them out."""
    CHAT = "chat"
    """A system text and a user text, for models without fill-in-the-middle training."""


class Template(Protocol):
    """How one model family lays out a prompt. Implementations are immutable."""

    @property
    def name(self) -> str:
        """The family's name, as the setting ``family`` spells it."""
        ...

    @property
    def form(self) -> PromptForm:
        """How prompts of this family travel."""
        ...

    @property
    def system(self) -> str:
        """The system text of a chat prompt, empty for the other forms."""
        ...

    def render(self, prompt: Prompt) -> str:
        """Return the text for the model: the raw prompt, the prefix part, or the chat's user text."""
        ...


@dataclass(frozen=True, slots=True)
class Prompt:
    """Prefix, suffix and snippets laid out for one model family within a token budget.

    ``forced`` is text from before the cursor that was cut off the prefix so that the model starts at a token
    boundary; the backend makes the model begin with it, and it is dropped from the answer. It is empty where
    the backend cannot force a start. ``tokens`` estimates the whole prompt's length, within the model's
    context together with ``max_tokens``. ``path`` is relative to the workspace. ``current_line`` is the
    cursor's line up to the cursor, which policy treats more strictly than the rest. ``inputs`` are what a
    code action is given beside the text around the cursor, each with its name: a selection, an instruction.
    """

    template: Template
    prefix: str
    suffix: str
    snippets: tuple[Snippet, ...] = ()
    path: str = ""
    language: str = ""
    forced: str = ""
    stop: tuple[str, ...] = ()
    max_tokens: int = 128
    temperature: float = 0.0
    tokens: int = 0
    current_line: str = ""
    inputs: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """The prompt as the model reads it (see ``Template.render``)."""
        return self.template.render(self)


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a prompt would go: the backend's name, its origin (scheme://host:port), and whether that is
    another machine in the eyes of policy.
    """

    backend: str
    origin: str
    remote: bool


@dataclass(frozen=True, slots=True)
class CleanPrompt:
    """A prompt that policy has cleared for one destination. Only ``lsp_server.policy`` makes one."""

    prompt: Prompt
    destination: Destination


class Finish(StrEnum):
    """Why a model stopped."""

    STOP = "stop"
    """It was done: end-of-text token or stop text."""
    LENGTH = "length"
    """It reached a limit; the text may break off anywhere."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts as the backend reports them; None where it does not."""

    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    completion_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """One streamed piece of model output. The last one of a stream carries ``finish``.

    ``logprob`` is the natural logarithm of the probability that the model gave the piece's tokens, each after
    those before it: their sum, at most 0. It is None where the backend does not tell.
    """

    text: str
    finish: Finish | None = None
    usage: Usage | None = None
    logprob: float | None = None


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a backend tells about its model. Empty text and None mean that it does not tell.

    ``template`` is the backend's own prompt template; ``capabilities`` are its words (Ollama: ``insert``).
    """

    name: str
    context_tokens: int | None = None
    architecture: str = ""
    template: str = ""
    capabilities: frozenset[str] = frozenset()
    licence: str = ""
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What may be shown: ``text`` goes in at ``position``; ``replaces`` code points after it are replaced.

    ``text`` uses ``\\n`` only and absolute indentation. ``origin`` says where it came from: ``backend``,
    ``cache`` or ``joined``. ``id`` names it when the editor tells what became of it; empty until it is given
    one.
    """

    text: str
    position: Position
    backend: str
    origin: str
    replaces: int = 0
    id: str = ""


@dataclass(frozen=True, slots=True)
class PromptSummary:
    """What the model saw, in numbers and names only: no source text."""

    family: str
    tokens: int
    prefix_chars: int
    suffix_chars: int
    snippets: tuple[tuple[str, str, float], ...] = ()
    """(path, origin, score) of each snippet."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The engine's answer to one request: suggestions, best first, or the gate that ended it."""

    suggestions: tuple[Suggestion, ...] = ()
    gate: Gate | None = None
    backend: str | None = None
    model: str | None = None
    timings_ms: Mapping[str, float] = field(default_factory=lambda: NO_TIMINGS)
    prompt: PromptSummary | None = None
    usage: Usage | None = None

    @property
    def suggestion(self) -> Suggestion | None:
        """The best suggestion, or None."""
        return self.suggestions[0] if self.suggestions else None
