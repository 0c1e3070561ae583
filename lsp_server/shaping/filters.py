"""Rules over the finished draft: what of it fits the place, or the gate that says why nothing does."""

from __future__ import annotations

from typing import Final

from lsp_server.shaping import indent, overlap
from lsp_server.shaping.brackets import balance, comment_marks
from lsp_server.shaping.lines import is_prose
from lsp_server.shaping.site import Site
from lsp_server.shaping.syntax import first_error
from lsp_server.types import Cursor, Finish, Gate

EMPTY: Final = Gate("empty", "the model had nothing to add")
REPEATS_ABOVE: Final = Gate("repeats_above", "the model repeated the lines above")
REPEATS_BELOW: Final = Gate("repeats_below", "the model repeated the text behind the cursor")
COMMENT_ONLY: Final = Gate("comment_only", "the model had nothing but a comment to add")
BROKEN: Final = Gate("broken_syntax", "what the model added cannot be read as code")


def shape(text: str, cursor: Cursor, finish: Finish = Finish.STOP, site: Site | None = None) -> str | Gate:
    """Return the part of ``text`` that may be shown at ``cursor``, or the gate that nothing passed.

    The result uses ``\\n``, has no trailing blanks, is indented as its file is, can be read as code, and does
    not end with text that stands behind the cursor. ``site`` is that of ``cursor`` where it is at hand.
    """
    site = site or Site.of(cursor)
    shaped = text.replace("\r\n", "\n").replace("\r", "\n")
    if finish is Finish.LENGTH:
        shaped = complete_part(shaped, site)
    shaped = clean_start(shaped, cursor)
    if not shaped.strip():
        return EMPTY
    shaped = overlap.trim_overlap(shaped, cursor.after)
    shaped = overlap.trim_following_lines(shaped, cursor)
    if not is_prose(cursor.document.language):
        shaped = overlap.trim_surplus_closers(shaped, site)
        shaped = indent.in_the_files_style(indent.empty_blank_lines(shaped, cursor), cursor)
    shaped = _without_end(shaped, cursor)
    if not shaped.strip():
        return REPEATS_BELOW
    if overlap.repeats_above(shaped, cursor):
        return REPEATS_ABOVE
    if not site.in_text and is_comment(shaped, cursor):
        return COMMENT_ONLY
    return _readable(shaped, site)


def clean_start(text: str, cursor: Cursor) -> str:
    """Drop from the beginning of ``text`` what the cursor's line has already: blanks, or a part of it."""
    text = overlap.drop_doubled_blank(overlap.drop_typed(text, cursor), cursor)
    return indent.drop_doubled_indentation(text, cursor)


def is_comment(text: str, cursor: Cursor) -> bool:
    """Whether ``text`` would stand on lines of its own and holds nothing but comments."""
    if cursor.before.strip() or cursor.after.strip():
        return False
    marks = comment_marks(cursor.document.language)
    return all(not line.strip() or line.lstrip().startswith(marks) for line in text.split("\n"))


def complete_part(text: str, site: Site) -> str:
    """Drop the end of a text that a limit cut off: its unfinished line, or lines of an unfinished expression.

    A single line is left as it is.
    """
    whole, newline, _ = text.rstrip().rpartition("\n")
    if not newline or not whole.strip():
        return text
    language, kept = site.cursor.document.language, site.demand.kept
    lines = whole.split("\n")
    openers, best = site.demand.openers, 0
    for number, line in enumerate(lines, start=1):
        openers = balance(line, language, openers).openers
        if line.strip() and not any(opener.expression for opener in openers[kept:]):
            best = number
    return "\n".join(lines[:best]) if best else whole


def _without_end(text: str, cursor: Cursor) -> str:
    """``text`` without the blanks and empty lines at its end, but for those between it and what follows."""
    shaped = text.rstrip()
    follows = cursor.after[:1]
    if follows.isspace() or not follows:
        return shaped
    return shaped + text[len(shaped) :].partition("\n")[0]


def _readable(text: str, site: Site) -> str | Gate:
    """``text`` up to the line in which it stops being readable code."""
    error = first_error(text, site)
    if error is None:
        return text
    return text[: max(0, text.rfind("\n", 0, error))].rstrip() or BROKEN
