"""What the stop rules look at: the output so far, line by line, with the brackets each line leaves open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import InitVar, dataclass, field

from lsp_server.shaping.brackets import Balance, balance
from lsp_server.shaping.mode import Mode
from lsp_server.shaping.site import Site


@dataclass(frozen=True, slots=True)
class Stop:
    """The rule that ended a draft, and the code points of the draft that are kept."""

    rule: str
    end: int


@dataclass(frozen=True, slots=True)
class Line:
    """A complete line of a draft: where it starts and ends, its text, and the brackets at its end.

    ``whole`` is the text with what stands before the cursor, where it is the first one.
    """

    start: int
    text: str
    whole: str
    balance: Balance

    @property
    def end(self) -> int:
        """Code points of the draft up to the line's end, its line ending not included."""
        return self.start + len(self.text)

    @property
    def is_blank(self) -> bool:
        """Whether nothing stands on it."""
        return not self.whole.strip()


@dataclass(frozen=True, slots=True)
class Draft:
    """The output so far, the place, and the limits.

    ``lines`` are those that have their line ending; those of ``previous``, whose text is the beginning of
    this one's, are not read again.
    """

    text: str
    site: Site
    max_lines: int
    control_texts: tuple[str, ...] = ()
    previous: InitVar[Draft | None] = None
    lines: tuple[Line, ...] = field(init=False)

    def __post_init__(self, previous: Draft | None) -> None:
        """Read the lines."""
        known = previous.lines if previous is not None else ()
        object.__setattr__(self, "lines", (*known, *self._read_on(known)))

    @property
    def language(self) -> str:
        """LSP's identifier of the document's language."""
        return self.site.cursor.document.language

    @property
    def mode(self) -> Mode:
        """The place's mode, which is BLOCK too where the draft begins on the next line."""
        site = self.site
        below = site.mode is Mode.LINE and self.text.lstrip(" \t").startswith("\n")
        return Mode.BLOCK if below and not site.cursor.after.strip() else site.mode

    def _read_on(self, known: tuple[Line, ...]) -> Iterator[Line]:
        start = known[-1].end + 1 if known else 0
        closers = known[-1].balance.closers if known else ()
        openers = known[-1].balance.openers if known else self.site.demand.openers
        while (end := self.text.find("\n", start)) != -1:
            text = self.text[start:end]
            left = balance(text, self.language, openers)
            closers, openers = closers + left.closers, left.openers
            whole = text if start else self.site.cursor.before + text
            yield Line(start, text, whole, Balance(closers, openers))
            start = end + 1

    @property
    def unfinished(self) -> str:
        """The text behind the last line ending, with what stands before the cursor if that is on its line."""
        start = self.text.rfind("\n") + 1
        return self.text[start:] if start else self.site.cursor.before + self.text

    def is_pending(self, line: Line) -> bool:
        """Whether more has to follow: an expression is open that the text behind the cursor leaves so.

        Where it is one that was open before, so do the blocks around it: they all have to be closed.
        """
        surplus = line.balance.openers[self.site.demand.kept :]
        return any(opener.expression for opener in surplus) or (self.site.demand.owes and bool(surplus))

    def is_inside(self, line: Line) -> bool:
        """Whether the end of ``line`` is within an expression, be it closed behind the cursor or not."""
        return any(opener.expression for opener in line.balance.openers)

    def closes_outer(self, line: Line) -> bool:
        """Whether ``line`` closes a bracket that the text behind the cursor closes too."""
        return bool(line.balance.closers) or len(line.balance.openers) < self.site.demand.kept
