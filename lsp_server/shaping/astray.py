"""Stop rules that see a model go astray: control tokens, chatter, the text behind the cursor, loops."""

from __future__ import annotations

import re
from itertools import chain, pairwise
from typing import Final

from lsp_server.shaping.brackets import Balance
from lsp_server.shaping.draft import Draft, Line, Stop
from lsp_server.shaping.lines import indentation, is_closing, is_prose, next_text_line, width
from lsp_server.shaping.names import unknown_names
from lsp_server.shaping.syntax import first_error

REPEATED_LINES: Final = 3
"""As many equal lines in a row are a loop, not code (Continue's figure)."""
REPEATED_TEXTS: Final = 5
"""As many times the same text in a row, on one line or over several."""
LONGEST_REPEATED: Final = 80
"""Code points of a text that is looked for again right behind itself."""
LEAST_REPEATED: Final = 40
"""Code points that all the repetitions have to take: shorter runs are tables and rulers."""
SHORTEST_COMPARED: Final = 3
"""A suffix line shorter than this (a lone bracket) ends many blocks rightly and does not end the draft."""

_CHATTER: Final = re.compile(
    r"\s*(?:Sure|Certainly|Of course|Here(?:'s| is| are)|The (?:missing|complete|completed|following) "
    r"|To (?:complete|fill in|fix|solve) |I(?:'ll| will| can|'m) |You can |Let(?:'s| me) |This code )"
    r"[^\n(=;]*[:.,!\n]"
)
"""How instruct models begin to talk to the user; code has brackets and signs there."""

_LEAVES: Final = re.compile(r"(?:return|raise|throw|break|continue)\b")
_LABEL: Final = re.compile(
    r"(?:case|default|elif|else|except|finally|catch|rescue|ensure|when|#|//|/\*|\w+:)"
)
"""What may stand at the depth of a statement that leaves: another branch, a label, a comment."""
_WHOLE_WORD: Final = re.compile(r"\w+\W")


def control_text(draft: Draft) -> Stop | None:
    """A control token of the model leaked into its text."""
    ends = [end for text in draft.control_texts if (end := draft.text.find(text)) != -1]
    return Stop("control_text", min(ends)) if ends else None


def fence(draft: Draft) -> Stop | None:
    """A Markdown fence: an instruct model begins to chat. Left alone in Markdown itself."""
    if draft.language == "markdown":
        return None
    if draft.text.startswith("```"):
        return Stop("fence", 0)
    end = draft.text.find("\n```")
    return Stop("fence", end) if end != -1 else None


def chatter(draft: Draft) -> Stop | None:
    """A sentence to the user, at the beginning of the draft or of a line of its own further down."""
    if is_prose(draft.language) or draft.site.in_text:
        return None
    if not draft.site.cursor.before.strip() and _CHATTER.match(draft.text):
        return Stop("chatter", 0)
    end = -1
    while (end := draft.text.find("\n", end + 1)) != -1:
        if _CHATTER.match(draft.text, end + 1):
            return Stop("chatter", end)
    return None


def suffix_line(draft: Draft) -> Stop | None:
    """The draft repeats the next line of text behind the cursor."""
    cursor = draft.site.cursor
    following = next_text_line(cursor.document.lines, cursor.position.line + 1)
    if len(following) < SHORTEST_COMPARED:
        return None
    for line in draft.lines:
        if line.start > 0 and line.text.strip() == following:
            return Stop("suffix_line", line.start - 1)
    return None


def dead_code(draft: Draft) -> Stop | None:
    """A statement at the depth of a ``return`` or the like above it, which nothing would ever reach."""
    left: tuple[int, int] | None = None
    last = draft.text.rfind("\n") + 1
    unfinished = Line(last, draft.unfinished, draft.unfinished, Balance((), ()))
    for line in chain(draft.lines, (unfinished,)):
        text = line.whole.strip()
        if not text or (line is unfinished and not (last and _WHOLE_WORD.match(text))):
            continue
        column = width(indentation(line.whole))
        if left is not None and column == left[0] and not (is_closing(text) or _LABEL.match(text)):
            return Stop("dead_code", left[1])
        if line is not unfinished:
            leaves = _LEAVES.match(text) and not draft.is_pending(line) and not text.endswith(("\\", ","))
            left = (column, line.end) if leaves else None
    return None


def broken_indentation(draft: Draft) -> Stop | None:
    """A line of Python further in than one that opens no block, or not further in than one that does."""
    if draft.language != "python" or draft.site.in_text:
        return None
    previous: Line | None = None
    for line in draft.lines:
        if line.is_blank or line.whole.lstrip().startswith("#"):
            continue
        if previous is not None:
            deeper = width(indentation(line.whole)) > width(indentation(previous.whole))
            if deeper != previous.whole.rstrip().endswith(":"):
                return Stop("broken_indentation", previous.end)
        goes_on = draft.is_inside(line) or line.whole.endswith("\\")
        previous = None if goes_on else line
    return None


def unknown_name(draft: Draft) -> Stop | None:
    """A further line of Python that reads a name which is nowhere in the file: it belongs to other code."""
    if draft.language != "python" or draft.site.in_text or "\n" not in draft.text:
        return None
    cursor = draft.site.cursor
    above: list[str] = []
    end, begins = 0, False
    for line in draft.lines:
        if begins and not line.is_blank and unknown_names(line.text, chain(above, cursor.document.lines)):
            return Stop("unknown_name", end)
        above.append(line.text)
        end, begins = (end, begins) if line.is_blank else (line.end, not draft.is_inside(line))
    return None


def broken_syntax(draft: Draft) -> Stop | None:
    """The line that has just been completed, or one above, cannot be read by the language's grammar.

    Of a draft whose first line is the one, this line is kept: a filter will tell why nothing is shown.
    """
    if not draft.lines or draft.text[draft.lines[-1].end :].strip():
        return None
    error = first_error(draft.text[: draft.lines[-1].end], draft.site)
    if error is None:
        return None
    end = draft.text.rfind("\n", 0, error)
    return Stop("broken_syntax", end if draft.text[: max(0, end)].strip() else draft.lines[-1].end)


def repeated_lines(draft: Draft) -> Stop | None:
    """The same line several times in a row."""
    run = 1
    for previous, line in pairwise(draft.lines):
        run = run + 1 if line.text.strip() and line.text == previous.text else 1
        if run == REPEATED_LINES:
            first = line.start - (REPEATED_LINES - 1) * (len(line.text) + 1)
            return Stop("repeated_lines", first + len(line.text))
    return None


def repeated_text(draft: Draft) -> Stop | None:
    """The same text over and over: a model that turns in a circle."""
    text = draft.text
    if len(text) < LEAST_REPEATED:
        return None
    for length in range(1, min(LONGEST_REPEATED, len(text) // REPEATED_TEXTS) + 1):
        times = max(REPEATED_TEXTS, -(-LEAST_REPEATED // length))
        first = len(text) - times * length
        if first < 0:
            continue
        unit = text[-length:]
        if any(map(str.isalnum, unit)) and text.endswith(unit * times):
            return Stop("repeated_text", first + length)
    return None
