"""From a cursor to the prompt for one model family."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from lsp_server.prompt.families import Family
from lsp_server.prompt.healing import heal
from lsp_server.prompt.neutralise import encodable, neutralise, neutralise_path
from lsp_server.prompt.tokens import Calibration, TokenEstimate
from lsp_server.prompt.window import Anchor, Window, cut_window
from lsp_server.types import Cursor, Prompt, PromptForm, Snippet

SUFFIX_SHARE: Final = 4
"""One part in this many of the window is for the suffix, where Continue and llama.vim give it a fifth. What
one side does not need, the other takes."""
SNIPPET_SHARE: Final = 3
"""Other files take at most one part in this many of the budget: the text around the cursor says most. With
half of a budget of 900 tokens for them a model of 0.5B completed no better than without."""
SMALLEST_BUDGET: Final = 64
"""Tokens below which no useful prompt can be made; a smaller budget is read as this one."""
ANSWER_SHARE: Final = 4
"""The answer takes at most one part in this many of a small context."""
MARKER_TOKENS: Final = 8
"""The control tokens around one infill, each a single token, and the beginning of text."""
CHAT_TOKENS: Final = 32
"""The role markers that a chat template adds."""
NEUTRALISED_ROOM: Final = 0.9
"""Part of the window that is cut instead when neutralising has made the text too long. It adds one blank to
each control token spelt out, which is under a twentieth of what that spelling takes."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the model and its backend allow, in tokens, and what the backend can do (see ``Capabilities``).

    ``budget_tokens`` is the most a prompt may take; ``context_tokens`` holds prompt and answer together.
    ``suffix_tokens`` is the most of the text behind the cursor where that is read anew at every key, which is
    where the prefix comes first; None is no such limit.
    """

    context_tokens: int
    budget_tokens: int
    max_tokens: int
    max_stops: int | None = None
    forces_start: bool = False
    takes_parts: bool = False
    suffix_tokens: int | None = None

    @property
    def answer_tokens(self) -> int:
        """The tokens left to the answer."""
        return max(1, min(self.max_tokens, self.context_tokens // ANSWER_SHARE))

    def prompt_tokens(self, estimate: TokenEstimate) -> int:
        """The tokens, as ``estimate`` counts them, that the prompt may take."""
        fits = estimate.caution(self.context_tokens - self.answer_tokens)
        return max(SMALLEST_BUDGET, min(self.budget_tokens, fits))


def lay_out(  # noqa: PLR0913 - the one call that brings all inputs of a prompt together
    cursor: Cursor,
    family: Family,
    *,
    limits: Limits,
    snippets: Sequence[Snippet] = (),
    anchor: Anchor | None = None,
    calibration: Calibration | None = None,
    relative_path: str = "",
    single_line: bool = False,
    extra_stops: tuple[str, ...] = (),
) -> tuple[Prompt, Anchor]:
    """Return the prompt for ``cursor``, and the anchor for the next one of the same document.

    ``family`` is already the variant for the backend (``Family.for_backend``). The prompt has ``\\n`` line
    ends only, can be encoded as UTF-8, holds none of the family's control tokens but its own, and takes by
    the estimate at most what ``limits`` allows. Snippets are taken in their order while they fit into their
    share; those that do not are left out. ``single_line`` stops at the line's end where text follows on the
    line.
    """
    estimate = TokenEstimate(calibration or Calibration())
    tokens = family.control_tokens
    base = Prompt(
        template=family,
        prefix="",
        suffix="",
        path=neutralise_path(relative_path, tokens),
        language=cursor.document.language,
        stop=_stops(cursor, family, limits, extra_stops, single_line=single_line),
        max_tokens=limits.answer_tokens,
    )
    room = limits.prompt_tokens(estimate)
    base = _with_snippets(base, family, snippets, estimate, room // SNIPPET_SHARE)
    room = max(0, room - base.tokens)
    most = limits.suffix_tokens if family.rereads_suffix else None
    shown = _shown(cursor, tokens, room, estimate, anchor, most)
    if shown.tokens > room:
        shown = _shown(cursor, tokens, int(room * NEUTRALISED_ROOM), estimate, shown.anchor, most)
    heals = limits.forces_start and family.form is PromptForm.RAW
    kept, forced = heal(shown.prefix) if heals else (shown.prefix, "")
    prompt = replace(
        base,
        prefix=kept,
        forced=forced,
        suffix=shown.suffix,
        tokens=base.tokens + shown.tokens,
        current_line=shown.prefix.rpartition("\n")[2],
    )
    return prompt, shown.anchor


def _shown(
    cursor: Cursor,
    tokens: tuple[str, ...],
    room: int,
    estimate: TokenEstimate,
    anchor: Anchor | None,
    most_suffix: int | None,
) -> Window:
    """The window as the model sees it: cleaned, and counted again where that made it longer."""
    suffix_room = room // SUFFIX_SHARE
    window = cut_window(cursor, room - suffix_room, suffix_room, estimate, anchor, most_suffix)
    plain = (_plain(window.prefix), _plain(window.suffix))
    prefix, suffix = (neutralise(text, tokens) for text in plain)
    count = window.tokens
    if (prefix, suffix) != plain:
        count = estimate.count(prefix) + estimate.count(suffix)
    return replace(window, prefix=prefix, suffix=suffix, tokens=count)


def _plain(text: str) -> str:
    """``text`` with ``\\n`` line ends only, as it can be sent. Its weight stays the same."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return encodable(text)


def _with_snippets(
    base: Prompt, family: Family, snippets: Sequence[Snippet], estimate: TokenEstimate, room: int
) -> Prompt:
    """``base`` with the snippets that fit, and in ``tokens`` what everything but the window takes."""
    tokens = family.control_tokens
    fixed = MARKER_TOKENS
    if family.form is PromptForm.CHAT:
        fixed += CHAT_TOKENS + estimate.count(family.system)
    bare = estimate.count(base.text)
    taken: list[Snippet] = []
    used = fixed + bare
    for snippet in snippets:
        path, text = neutralise_path(snippet.path, tokens), neutralise(_plain(snippet.text), tokens)
        clean = replace(snippet, path=path, text=text)
        more = estimate.count(replace(base, snippets=(clean,)).text) - bare
        if used + more <= room:
            taken.append(clean)
            used += more
    return replace(base, snippets=tuple(taken), tokens=used)


def _stops(
    cursor: Cursor, family: Family, limits: Limits, extra: tuple[str, ...], *, single_line: bool
) -> tuple[str, ...]:
    """The stop texts, the most useful first, as many as the backend takes.

    Where words follow on the line, an answer that goes on behind its end cannot be used. Behind a lone
    bracket it can, and a leading line break is no end, so the line's end is no stop there.
    """
    follows = single_line and any(map(str.isalnum, cursor.after[:200]))
    stops = dict.fromkeys((*(("\n",) if follows else ()), *extra, *family.stops))
    return tuple(stop for stop in stops if stop)[: limits.max_stops]
