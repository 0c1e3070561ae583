"""Small facts about lines of code that several rules share."""

from __future__ import annotations

from typing import Final

CLOSERS: Final = frozenset(")]}>\"'`;,:")
"""Code points an editor puts behind the cursor by itself, or that end a line anyway."""

_BLOCK_OPENERS: Final = (":", "{", "(", "[", "=>", "->", " do", " then", "|")
_CONTINUATIONS: Final = frozenset({"elif", "else", "elsif", "except", "finally", "catch", "rescue", "ensure"})
_PROSE: Final = frozenset(
    {
        "markdown",
        "plaintext",
        "git-commit",
        "gitcommit",
        "restructuredtext",
        "asciidoc",
        "latex",
        "tex",
        "mail",
    }
)
_PAIRS: Final = {")": "(", "]": "[", "}": "{"}


def indentation(line: str) -> str:
    """The blanks at the start of ``line`` (without its line ending)."""
    text = line.rstrip("\r\n")
    return text[: len(text) - len(text.lstrip(" \t"))]


def width(blanks: str) -> int:
    """The columns that ``blanks`` take, a tab going on to the next multiple of 8 (as Python reads it)."""
    return len(blanks.expandtabs(8))


def opens_block(line: str) -> bool:
    """Whether ``line`` ends in something that more lines should follow."""
    return line.rstrip().endswith(_BLOCK_OPENERS)


def is_closing(line: str) -> bool:
    """Whether ``line`` begins with what ends a block: a bracket or an ``end`` word."""
    text = line.strip()
    return bool(text) and (text[0] in _PAIRS or text.rstrip(";,)") in {"end", "fi", "done", "esac"})


def continues_block(line: str) -> bool:
    """Whether ``line`` goes on with the statement above it at its indentation: ``else``, ``} catch {``."""
    words = line.strip().lstrip("}) ").split(maxsplit=1)
    return bool(words) and words[0].rstrip(":{(") in _CONTINUATIONS


def only_closers(text: str) -> bool:
    """Whether ``text`` holds nothing but closers and blanks (true for the empty text)."""
    return all(character in CLOSERS or character.isspace() for character in text)


def unmatched_closers(text: str) -> int:
    """How many brackets in ``text`` close something that was opened before it.

    Quoted text is not looked into: a wrong count costs a kept or trimmed bracket, no more.
    """
    stack: list[str] = []
    unmatched = 0
    for character in text:
        if character in "([{":
            stack.append(character)
        elif character in _PAIRS:
            if stack and stack[-1] == _PAIRS[character]:
                stack.pop()
            else:
                unmatched += 1
    return unmatched


def closes_own(kept: str, closers: str) -> bool:
    """Whether ``closers`` close brackets or quotes that ``kept``, the text before them, opened itself."""
    if not only_closers(closers):
        return False
    if any(character in _PAIRS for character in closers):
        return unmatched_closers(kept + closers) == unmatched_closers(kept)
    return any(quote in closers and kept.count(quote) % 2 == 1 for quote in "\"'`")


def next_line(lines: tuple[str, ...], start: int, within: int = 10) -> str:
    """The first line with text among ``within`` lines from ``start``; empty when there is none."""
    return next((line for line in lines[start : start + within] if line.strip()), "")


def next_text_line(lines: tuple[str, ...], start: int, within: int = 10) -> str:
    """``next_line`` without the blanks around it."""
    return next_line(lines, start, within).strip()


def is_prose(language: str) -> bool:
    """Whether files of this language are text for people."""
    return language in _PROSE
