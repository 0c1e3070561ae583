"""Whether each action makes sense at a place, and which part of the document it is about there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lsp_server.actions.comments import has_foreign_comment
from lsp_server.actions.custom import UserAction, When
from lsp_server.actions.documentation import place_of, word_for
from lsp_server.actions.model import Definition, Diagnostic, Situation, Span
from lsp_server.actions.selections import trimmed, whole_lines
from lsp_server.actions.structure import Structure
from lsp_server.actions.structure_tables import GRADUAL, SYNTAX
from lsp_server.actions.testfiles import is_test
from lsp_server.actions.todo import tasks
from lsp_server.context.view import COMMIT_LANGUAGES
from lsp_server.shaping.lines import is_prose
from lsp_server.types import Position

MOST_FIXES: Final = 4
"""In one list: it shall be read at a glance."""
SHORT_FUNCTION: Final = 60
"""Lines of a function that a model is given to write anew as a whole."""
REACH: Final = 8
"""Lines on either side of what is to be changed in longer ones, so that a change has room."""
LONGEST_TITLE: Final = 60
"""Code points of a message in a title: lists of actions are some 80 wide."""
COMMITS: Final = COMMIT_LANGUAGES | {"jj-commit", "jjdescription"}
"""Languages of buffers that hold a commit's message."""


@dataclass(frozen=True, slots=True)
class Place:
    """A situation with what is known of it: LSP's name of the language, the definitions, innermost first."""

    situation: Situation
    structure: Structure
    language: str
    definitions: tuple[Definition, ...]
    can_prompt: bool = False
    completions_on: bool = True

    @property
    def is_code(self) -> bool:
        """Whether the document is a program's text."""
        return not is_prose(self.language) and self.language not in COMMITS

    @property
    def function(self) -> Definition | None:
        """The innermost function, or None."""
        return next((d for d in self.definitions if not d.is_class), None)

    @property
    def selected(self) -> Span | None:
        """The selection without white space at its ends, or None if it is empty."""
        span = trimmed(self.situation.document, self.situation.selection)
        return None if span.is_empty else span

    def lines_of(self, span: Span) -> Span:
        """The whole lines that a span is on."""
        return whole_lines(self.situation.document, span.start.line, span.end.line)


@dataclass(frozen=True, slots=True)
class Proposal:
    """An offer without what its action has in common with all others of its name."""

    title: str
    target: Span
    definition: Definition | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    instruction: str = ""
    preferred: bool = False


def fix(place: Place) -> Iterator[Proposal]:
    """A proposal for each diagnostic on the selection's lines: editors send those, and errors come first."""
    selection = place.situation.selection
    touching = [
        d
        for d in dict.fromkeys(place.situation.diagnostics)
        if d.span.start.line <= selection.end.line and selection.start.line <= d.span.end.line
    ]
    touching.sort(key=lambda d: d.severity)
    for number, diagnostic in enumerate(touching[:MOST_FIXES]):
        target, function = _changed(place, diagnostic.span)
        preferred = number == 0 and diagnostic.severity == 1
        yield Proposal(
            f"Fix: {_cut(diagnostic.message)}", target, function, (diagnostic,), preferred=preferred
        )


def complete(place: Place) -> Iterator[Proposal]:
    """The innermost function, if it does nothing yet: its body behind the docstring."""
    function = next(iter(place.definitions), None)
    if function is None or not function.empty or function.body is None:
        return
    target, documentation = function.body, function.documentation
    if documentation is not None and target.contains(documentation):
        rest = trimmed(place.situation.document, Span(documentation.end, target.end))
        target = rest if not rest.is_empty else Span(documentation.end, documentation.end)
    yield Proposal("Complete this function", target, function)


def docstring(place: Place) -> Iterator[Proposal]:
    """The documentation of the innermost definition, or the place where it belongs."""
    definition = next(iter(place.definitions), None)
    if definition is None or place.language not in SYNTAX:
        return
    target = place_of(place.situation.document, definition, place.language)
    if target is None:
        return
    before = place.situation.document.lines[target.start.line][: target.start.column]
    if place.language != "python" and before.strip():
        # Between other code on a line there is no place for a comment of its own lines.
        return
    verb = "Write" if definition.documentation is None else "Update"
    yield Proposal(f"{verb} the {word_for(place.language)}", target, definition)


def annotate(place: Place) -> Iterator[Proposal]:
    """The head of the innermost function, where types are free and some are missing."""
    function = place.function
    if function is not None and place.language in GRADUAL and not function.annotated:
        yield Proposal("Add type annotations", function.head, function)


def tests(place: Place) -> Iterator[Proposal]:
    """The function or class that others can call: a nested function is tested by what it is in."""
    path = place.situation.document.path
    chosen: Definition | None = None
    for definition in reversed(place.definitions):
        chosen = definition
        if not definition.is_class:
            break
    if chosen is not None and chosen.name and path and not is_test(path.replace("\\", "/")):
        yield Proposal(f"Write tests for {_cut(chosen.name)}", place.lines_of(chosen.whole), chosen)


def explain(place: Place) -> Iterator[Proposal]:
    """The selection, or the innermost definition."""
    definition = next(iter(place.definitions), None)
    about = place.selected or (definition.whole if definition else None)
    if about is not None and place.is_code:
        yield Proposal("Explain this code", place.lines_of(about), definition)


def simplify(place: Place) -> Iterator[Proposal]:
    """The selection, or the innermost function."""
    function = place.function
    if not place.is_code:
        return
    if place.selected is not None:
        yield Proposal("Simplify the selection", place.lines_of(place.selected), function)
    elif function is not None:
        yield Proposal("Simplify this function", place.lines_of(function.whole), function)


def extract(place: Place) -> Iterator[Proposal]:
    """The function around whole statements that are selected."""
    selected, function = place.selected, place.function
    if selected is None or function is None or function.body is None or not function.body.contains(selected):
        return
    if place.structure.statements(selected) is not None:
        yield Proposal("Extract into a function", place.lines_of(function.whole), function)


def translate_comments(place: Place) -> Iterator[Proposal]:
    """The selection or the innermost definition, if a comment in it is not in English."""
    definition = next(iter(place.definitions), None)
    about = place.selected or (definition.whole if definition else None)
    if about is None or not place.is_code:
        return
    if has_foreign_comment(place.structure, about.start.line, about.end.line):
        yield Proposal("Translate comments to English", place.lines_of(about), definition)


def todo(place: Place) -> Iterator[Proposal]:
    """What the comments on the selection's lines say is to be done."""
    selection = place.situation.selection
    if not place.is_code:
        return
    for task in tasks(place.structure, selection.start.line, selection.end.line):
        target, function = _changed(place, task.span)
        title = f"Implement: {_cut(task.text)}" if task.text else "Implement what is to be done here"
        yield Proposal(title, target, function, instruction=task.text)


def edit(place: Place) -> Iterator[Proposal]:
    """The selection, the innermost definition, or the line: whatever of it there is."""
    if not place.can_prompt:
        return
    target = _about(place)
    lines = place.situation.document.lines[target.start.line : target.end.line + 1]
    if any(line.strip() for line in lines):
        yield Proposal("Edit by instruction...", target, next(iter(place.definitions), None))


def commit_message(place: Place) -> Iterator[Proposal]:
    """What stands in a commit's buffer above the lines that git writes: only git has a staged diff."""
    if place.language not in COMMIT_LANGUAGES:
        return
    lines = place.situation.document.lines
    above = next((n for n, line in enumerate(lines) if line.startswith("#")), len(lines))
    last = next((n for n in range(above - 1, -1, -1) if lines[n].strip()), None)
    start = Position(0, 0)
    target = Span(start, start) if last is None else whole_lines(place.situation.document, 0, last)
    yield Proposal("Write the commit message", target)


def toggle(place: Place) -> Iterator[Proposal]:
    """Always."""
    state = "off" if place.completions_on else "on"
    yield Proposal(f"Switch completions {state}", _cursor(place))


def snooze(place: Place) -> Iterator[Proposal]:
    """While completions are on."""
    if place.completions_on:
        yield Proposal("Snooze completions for 10 minutes", _cursor(place))


def explain_completion(place: Place) -> Iterator[Proposal]:
    """Always."""
    yield Proposal("Explain the last completion", _cursor(place))


def own(place: Place, action: UserAction) -> Iterator[Proposal]:
    """A user's own action, where what it needs is there."""
    if action.languages and place.language not in action.languages:
        return
    inner = next(iter(place.definitions), None)
    if action.when is When.DIAGNOSTIC:
        for found in fix(place):
            yield Proposal(action.title, found.target, found.definition, found.diagnostics)
            break
    elif action.when is When.ANY:
        yield Proposal(action.title, _about(place), inner)
    elif action.when is When.SELECTION:
        if place.selected is not None:
            yield Proposal(action.title, place.lines_of(place.selected), inner)
    else:
        is_class = action.when is When.CLASS
        chosen = next((d for d in place.definitions if d.is_class == is_class), None)
        if chosen is not None:
            yield Proposal(action.title, place.lines_of(chosen.whole), chosen)


def _about(place: Place) -> Span:
    inner = next(iter(place.definitions), None)
    return place.lines_of(place.selected or (inner.whole if inner else place.situation.selection))


def _cursor(place: Place) -> Span:
    return Span(place.situation.selection.start, place.situation.selection.start)


def _changed(place: Place, span: Span) -> tuple[Span, Definition | None]:
    """The lines that may change so that something at ``span`` is put right, and the function around them."""
    function = place.function
    if function is None or not function.whole.contains(span):
        around = place.structure.definitions(span)
        function = next((d for d in around if not d.is_class), None)
    if function is None:
        return place.structure.lines_around(span, REACH), None
    first, last = function.whole.start.line, function.whole.end.line
    if last - first < SHORT_FUNCTION:
        return place.lines_of(function.whole), function
    near = place.structure.lines_around(span, REACH)
    document = place.situation.document
    return whole_lines(document, max(first, near.start.line), min(last, near.end.line)), function


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_TITLE else line[: LONGEST_TITLE - 1].rstrip() + "…"
