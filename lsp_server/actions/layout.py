"""From an offer to the prompt that asks for it, within a token budget. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from lsp_server.actions.model import Definition, Offer, Result, Situation, Span
from lsp_server.actions.templates import ActionTemplate
from lsp_server.prompt.neutralise import encodable
from lsp_server.prompt.tokens import Calibration, TokenEstimate
from lsp_server.types import Document, Prompt, Snippet

ANSWER_TOKENS: Final[Mapping[Result, int]] = {
    Result.DOCUMENTATION: 400,
    Result.HEAD: 300,
    Result.BODY: 1000,
    Result.NEW_FILE: 2000,
    Result.MARKDOWN: 700,
    Result.COMMIT_MESSAGE: 300,
}
"""What an answer may take where it is not as long as the target: a page, a long function, a test file."""
LEAST_ANSWER: Final = 256
ANSWER_GROWTH: Final = 1.5
"""A replacement may be by half longer than what it replaces, and a fence more."""
MOST_ANSWER: Final = 4096
CHAT_TOKENS: Final = 64
"""Roles and the like, which a server's chat template adds."""
BEFORE_SHARE: Final = 0.6
"""The part of the room around the target that what goes before it may take: imports and neighbours."""
SNIPPET_SHARE: Final = 0.3
"""The most that other files take of the room around the target."""


class TooLong(Exception):
    """The target does not fit. Its text is one line for people."""


@dataclass(frozen=True, slots=True)
class Room:
    """The tokens of the model's context, and how many of them a prompt may take."""

    context_tokens: int
    prompt_tokens: int


def text_of(document: Document, span: Span) -> str:
    """The text in ``span``, with ``\\n`` line ends."""
    lines, start, end = document.lines, span.start, span.end
    if start.line == end.line:
        text = lines[start.line][start.column : end.column]
    else:
        text = "".join(
            (
                lines[start.line][start.column :],
                *lines[start.line + 1 : end.line],
                lines[end.line][: end.column],
            )
        )
    return encodable(text.replace("\r\n", "\n").replace("\r", "\n"))


def answer_tokens(offer: Offer, target_tokens: int) -> int:
    """The most tokens that the answer may take."""
    if offer.result in ANSWER_TOKENS:
        return ANSWER_TOKENS[offer.result]
    return min(MOST_ANSWER, max(LEAST_ANSWER, int(ANSWER_GROWTH * target_tokens) + CHAT_TOKENS))


def lay_out_action(  # noqa: PLR0913 - the one call that brings all inputs of a prompt together
    offer: Offer,
    situation: Situation,
    template: ActionTemplate,
    *,
    room: Room,
    snippets: Sequence[Snippet] = (),
    inputs: Mapping[str, str] | None = None,
    relative_path: str = "",
    calibration: Calibration | None = None,
) -> Prompt:
    """Return the prompt for ``offer``: the target whole, and around it what fits.

    ``inputs`` are further texts by name. Raises ``TooLong`` if the target and the inputs alone do not fit.
    """
    document = situation.document
    estimate = TokenEstimate(calibration or Calibration())
    about = offer.definition or next(iter(situation.definitions), None)
    texts = {
        "target": text_of(document, _shown(offer)),
        "selection": text_of(document, situation.selection),
        "instruction": offer.instruction,
        "diagnostics": "\n".join(
            _told(d.span.start.line - offer.target.start.line + 1, d.message) for d in offer.diagnostics
        ),
        **_parts(document, about),
        **(inputs or {}),
    }
    used = {name: text for name, text in texts.items() if text and f"{{{name}}}" in template.user}
    tokens = answer_tokens(offer, estimate.count(texts["target"]))
    most = min(room.prompt_tokens, estimate.caution(room.context_tokens - tokens))
    base = Prompt(
        template=template,
        prefix="",
        suffix="",
        path=relative_path,
        language=document.language,
        inputs=tuple(used.items()),
        max_tokens=tokens,
    )
    fixed = estimate.count(template.system) + estimate.count(base.text) + CHAT_TOKENS
    if fixed > most:
        what = "the selection" if not situation.selection.is_empty else "the code"
        raise TooLong(f"{what} is too long for the model ({fixed} of {most} tokens): select less")
    if "{around}" not in template.user:
        return replace(base, tokens=fixed)
    return _with_surroundings(base, document, _shown(offer), snippets, most - fixed, fixed, estimate)


def _with_surroundings(
    base: Prompt,
    document: Document,
    target: Span,
    snippets: Sequence[Snippet],
    room: int,
    fixed: int,
    estimate: TokenEstimate,
) -> Prompt:
    kept: list[Snippet] = []
    left = int(room * SNIPPET_SHARE)
    for snippet in snippets:
        cost = estimate.count(snippet.text) + estimate.count(snippet.path) + CHAT_TOKENS // 4
        if cost <= left:
            kept.append(replace(snippet, text=encodable(snippet.text)))
            left -= cost
            room -= cost
    room = max(0, room - CHAT_TOKENS)
    before = _last_lines(document.lines[: target.start.line], int(room * BEFORE_SHARE), estimate)
    after = _first_lines(document.lines[target.end.line + 1 :], room - estimate.count(before), estimate)
    prompt = replace(base, prefix=before, suffix=after, snippets=tuple(kept))
    return replace(prompt, tokens=fixed + estimate.count(prompt.text) - estimate.count(base.text))


def _shown(offer: Offer) -> Span:
    """What the model is shown as the target: all of a definition whose documentation is written."""
    if offer.result is Result.DOCUMENTATION and offer.definition is not None:
        return offer.definition.whole
    return offer.target


def _parts(document: Document, definition: Definition | None) -> dict[str, str]:
    if definition is None:
        return {}
    body = text_of(document, definition.body) if definition.body else ""
    return {"whole": text_of(document, definition.whole), "body": body}


def _told(line: int, message: str) -> str:
    return f"line {line}: {' '.join(message.split())}"


def _last_lines(lines: Sequence[str], room: int, estimate: TokenEstimate) -> str:
    return "".join(reversed(_taken(reversed(lines), room, estimate)))


def _first_lines(lines: Sequence[str], room: int, estimate: TokenEstimate) -> str:
    return "".join(_taken(iter(lines), room, estimate))


def _taken(lines: Iterator[str], room: int, estimate: TokenEstimate) -> list[str]:
    taken = []
    for line in lines:
        clean = encodable(line.rstrip("\r\n")) + "\n"
        room -= estimate.count(clean)
        if room < 0:
            break
        taken.append(clean)
    return taken
