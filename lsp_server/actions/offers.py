"""What is offered in a situation: every action in one table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from lsp_server.actions import proposals
from lsp_server.actions.custom import UserAction
from lsp_server.actions.model import EXTRACT, QUICKFIX, REWRITE, SOURCE, Offer, Result, Situation
from lsp_server.actions.proposals import Place, Proposal
from lsp_server.actions.structure import Structure


@dataclass(frozen=True, slots=True)
class ActionConfig:
    """What decides about offers beside the situation.

    ``can_prompt`` tells that the client asks a person for an instruction when an action needs one.
    """

    can_prompt: bool = False
    completions_on: bool = True
    own: tuple[UserAction, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """An action. ``automatic``: it is also in the lists that an editor makes by itself."""

    name: str
    kind: str
    result: Result
    propose: Callable[[Place], Iterable[Proposal]]
    automatic: bool = False


TABLE: Final = (
    Row("fix", QUICKFIX, Result.REPLACEMENT, proposals.fix, automatic=True),
    Row("complete", REWRITE, Result.BODY, proposals.complete, automatic=True),
    Row("todo", REWRITE, Result.REPLACEMENT, proposals.todo, automatic=True),
    Row("docstring", REWRITE, Result.DOCUMENTATION, proposals.docstring),
    Row("annotate", REWRITE, Result.HEAD, proposals.annotate),
    Row("simplify", REWRITE, Result.REPLACEMENT, proposals.simplify),
    Row("extract", EXTRACT, Result.REPLACEMENT, proposals.extract),
    Row("translate-comments", REWRITE, Result.REPLACEMENT, proposals.translate_comments),
    Row("edit", REWRITE, Result.REPLACEMENT, proposals.edit),
    Row("tests", SOURCE, Result.NEW_FILE, proposals.tests),
    Row("explain", SOURCE, Result.MARKDOWN, proposals.explain),
    Row("commit-message", SOURCE, Result.COMMIT_MESSAGE, proposals.commit_message),
    Row("toggle", SOURCE, Result.NONE, proposals.toggle),
    Row("snooze", SOURCE, Result.NONE, proposals.snooze),
    Row("explain-completion", SOURCE, Result.NONE, proposals.explain_completion),
)
"""In the order of the list."""
NAMES: Final = frozenset(row.name for row in TABLE)
"""Names that a user's own actions must not have."""


def offers(
    situation: Situation, *, config: ActionConfig, structure: Structure | None = None
) -> tuple[Offer, ...]:
    """The actions that make sense in ``situation`` and are of a kind that is wanted. Never raises.

    ``structure`` is what is known of the document's syntax; without it the document is parsed.
    """
    place = _place(situation, config, structure)
    rows = _rows(config)
    return tuple(
        offer
        for row in rows
        if _is_wanted(row.kind, situation.only) and (row.automatic or not situation.automatic)
        for offer in _offers(row, place)
    )


def offer_for(
    name: str,
    situation: Situation,
    *,
    config: ActionConfig,
    instruction: str = "",
    structure: Structure | None = None,
) -> Offer | None:
    """The action ``name``, which somebody asks for, in ``situation``; None where it makes no sense.

    ``instruction`` is the person's own words for it, where there are some.
    """
    place = _place(situation, replace(config, can_prompt=True), structure)
    found = (offer for row in _rows(config) if row.name == name for offer in _offers(row, place))
    offer = next(found, None)
    return replace(offer, instruction=instruction) if offer is not None and instruction else offer


def _place(situation: Situation, config: ActionConfig, structure: Structure | None) -> Place:
    known = structure or Structure.of(situation.document, situation.selection.start.line)
    return Place(
        situation=situation,
        structure=known,
        language=known.tree.language,
        definitions=situation.definitions or known.definitions(situation.selection),
        can_prompt=config.can_prompt,
        completions_on=config.completions_on,
    )


def _rows(config: ActionConfig) -> Iterator[Row]:
    yield from TABLE
    for action in config.own:
        if action.name not in NAMES:
            yield Row(action.name, action.kind, action.result, _own(action))


def _own(action: UserAction) -> Callable[[Place], Iterable[Proposal]]:
    return lambda place: proposals.own(place, action)


def _offers(row: Row, place: Place) -> Iterator[Offer]:
    for found in row.propose(place):
        yield Offer(
            action=row.name,
            title=found.title,
            kind=row.kind,
            result=row.result,
            target=found.target,
            definition=found.definition,
            diagnostics=found.diagnostics,
            instruction=found.instruction,
            preferred=found.preferred,
        )


def _is_wanted(kind: str, only: tuple[str, ...]) -> bool:
    """Whether a kind is one of those wanted or a sub-kind of one; all are if none is named."""
    return not only or any(not wanted or kind == wanted or kind.startswith(f"{wanted}.") for wanted in only)
