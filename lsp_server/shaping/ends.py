"""Stop rules that see the end of a line, a statement, a block or a paragraph."""

from __future__ import annotations

from itertools import chain
from typing import Final

from lsp_server.shaping.brackets import Balance
from lsp_server.shaping.draft import Draft, Line, Stop
from lsp_server.shaping.lines import (
    continues_block,
    indentation,
    is_closing,
    next_line,
    only_closers,
    opens_block,
    width,
)
from lsp_server.shaping.mode import Mode

MAX_STATEMENT_LINES: Final = 12
"""A statement that is not complete after so many lines is shown by its first: it may be astray."""

MAX_CLOSING_LINES: Final = 6
"""Lines behind a closed expression in which the blocks around it may be closed too."""


def line_end(draft: Draft) -> Stop | None:
    """In LINE and NEXT mode the draft ends with its statement.

    That is its first line of text, unless this opens a block, which follows, or leaves an expression open:
    then it ends where that is closed. It ends in any case where the text behind the cursor fits exactly.
    """
    if draft.mode is Mode.BLOCK:
        return None
    first: Line | None = None
    previous = 0
    count = 0
    goes_on = only_closers(draft.site.cursor.after)
    for line in draft.lines:
        if not line.text.strip():
            continue
        first = first or line
        count += 1
        if draft.closes_outer(line):
            return Stop("line_end", previous or line.end)
        if line.balance.characters == draft.site.demand.goal:
            return Stop("line_end", line.end) if _is_whole(draft, line) else None
        if not goes_on or count > MAX_STATEMENT_LINES:
            return Stop("line_end", first.end)
        if not draft.is_pending(line):
            return None if opens_block(line.whole) else Stop("line_end", line.end)
        previous = line.end
    return None


def statement_end(draft: Draft) -> Stop | None:
    """In BLOCK mode the draft ends where it has opened or closed what the text behind the cursor calls for.

    Where that does not come soon behind an expression that was open, the draft ends with the expression.
    """
    demand = draft.site.demand
    if draft.mode is not Mode.BLOCK or demand.is_met:
        return None
    closed, count = 0, 0
    for line in draft.lines:
        if line.is_blank:
            continue
        if draft.closes_outer(line) or count > MAX_CLOSING_LINES:
            return Stop("statement_end", closed) if closed else None
        if line.balance.characters == demand.goal:
            return Stop("statement_end", line.end) if _is_whole(draft, line) else None
        if demand.owes and not any(opener.expression for opener in line.balance.openers[demand.kept :]):
            closed, count = closed or line.end, count + 1
    return None


def outer_end(draft: Draft) -> Stop | None:
    """In BLOCK mode the draft ends before a line that closes what the text behind the cursor closes too."""
    if draft.mode is not Mode.BLOCK:
        return None
    end = 0
    for line in draft.lines:
        if draft.closes_outer(line):
            return Stop("outer_end", end)
        end = end if line.is_blank else line.end
    return None


def block_end(draft: Draft) -> Stop | None:
    """The block ends where a line stands further left than its first one, or with its closing bracket.

    In a hole between lines it ends where a line stands further left than the one below. Below a line that
    opens a block, and where the draft's own first line does so in LINE mode, only this block is taken. Where
    the first line closes the block around the cursor, nothing more is needed to see that it ends. While an
    expression is open, indentation says nothing.
    """
    site, base = draft.site, -1
    opened = _opens_inside(draft)
    pending = site.demand.owes
    surplus = len(site.demand.openers) > len(site.demand.goal)
    last = Line(draft.text.rfind("\n") + 1, draft.unfinished, draft.unfinished, Balance((), ()))
    for line in chain(draft.lines, (last,)):
        whole, is_complete = line.whole, line is not last
        if not whole.strip():
            continue
        leaves_pending = is_complete and draft.is_pending(line)
        end = line.start + len(whole) - (0 if line.start else len(site.cursor.before))
        column = width(indentation(whole))
        if base < 0:
            base, opened = column, opened or (opens_block(whole) and draft.mode is not Mode.BLOCK)
            closes = draft.mode is Mode.BLOCK and is_closing(whole) and not opens_block(whole)
            if closes and is_complete and not leaves_pending:
                return Stop("block_end", end)
        elif opened and column == base and (is_closing(whole) or continues_block(whole)):
            if not continues_block(whole) and end < len(draft.text) and not leaves_pending:
                return Stop("block_end", end)
        elif not pending and not (surplus and is_closing(whole)):
            floor = (
                base
                if opened or site.floor is None or draft.mode is not Mode.BLOCK
                else min(base, site.floor)
            )
            if column < floor or (opened and column == base):
                return Stop("block_end", max(0, line.start - 1))
        pending = leaves_pending
        surplus = len(line.balance.openers) > len(site.demand.goal)
    return None


def paragraph_end(draft: Draft) -> Stop | None:
    """A blank line ends the suggestion, unless what follows belongs to the same block.

    That is what is further in than the first line, or just as far within a function or the like.
    """
    base = width(indentation(draft.site.cursor.before))
    end = 0
    blank = False
    may_end = False
    for line in draft.lines:
        if line.is_blank:
            blank = may_end
            continue
        if blank and not _is_inside(line.text, base):
            return Stop("paragraph_end", end)
        base = width(indentation(line.whole)) if end == 0 else base
        end, blank = line.end, False
        may_end = not opens_block(line.whole) and not draft.is_pending(line)
    ends = blank and draft.unfinished.strip() and not _is_inside(draft.unfinished, base)
    return Stop("paragraph_end", end) if ends else None


def line_limit(draft: Draft) -> Stop | None:
    """The setting ``completion.max_lines`` is reached."""
    for number, line in enumerate(draft.lines, start=1):
        if number == draft.max_lines:
            return Stop("line_limit", line.end)
    return None


def _is_whole(draft: Draft, line: Line) -> bool:
    """Whether nothing has to follow ``line``: it opens no block, or the block's body is there already."""
    if not opens_block(line.whole):
        return True
    cursor = draft.site.cursor
    below = next_line(cursor.document.lines, cursor.position.line + 1)
    braced = line.whole.rstrip().endswith("{")
    return braced or width(indentation(below)) > width(indentation(line.whole))


def _is_inside(text: str, base: int) -> bool:
    return width(indentation(text)) >= max(base, 1)


def _opens_inside(draft: Draft) -> bool:
    """Whether the draft goes on below a line that already ended in an opener."""
    return opens_block(draft.site.cursor.before) and draft.text.lstrip(" \t").startswith("\n")
