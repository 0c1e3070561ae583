"""The only two-way door between the engine's values and LSP's.

The rules for inline items and menu items are those all known clients agree on; each says which client would
go wrong without it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lsprotocol import types

from lsp_server.document.edits import Change
from lsp_server.document.positions import Encoding, to_column, to_units
from lsp_server.lsp.client import Client
from lsp_server.shaping.overlap import before_covered
from lsp_server.types import Cursor, Request, Suggestion, Trigger

ACCEPTED: Final = "codestral.accepted"
"""The command that clients run once the user has taken an item; its argument is the suggestion's id."""
DETAIL: Final = "Codestral"
"""Where a menu item comes from; the backend's name follows."""
MAX_LABEL: Final = 80
"""Code points of a label: about what fits in a menu."""
SORT_FIRST: Final = "0000"
"""Before what language servers send in a list of several servers (most sort by letters)."""

_INDENTATION: Final = re.compile(r"[ \t]*")
_SPECIAL_IN_SNIPPETS: Final = re.compile(r"[\\$}]")
_BACKTICKS: Final = re.compile("`+")
_PLAIN_NAME: Final = re.compile(r"[\w+#.-]*")


def to_change(event: types.TextDocumentContentChangeEvent) -> Change:
    """Return the edit that ``event`` describes; its positions stay in the client's units."""
    if isinstance(event, types.TextDocumentContentChangeWholeDocument):
        return Change(None, None, event.text)
    start, end = event.range.start, event.range.end
    return Change((start.line, start.character), (end.line, end.character), event.text)


def to_request(cursor: Cursor, method: str, *, invoked: bool, asks_again: bool = False) -> Request:
    """Return the engine's request for ``method`` at ``cursor``; each document and method is a stream."""
    trigger = Trigger.INVOKED if invoked else Trigger.AUTOMATIC
    return Request(cursor, trigger, stream=f"{cursor.document.uri}\n{method}", asks_again=asks_again)


def inline_items(
    suggestions: Sequence[Suggestion],
    cursor: Cursor,
    encoding: Encoding,
    selected: types.SelectedCompletionInfo | None = None,
    *,
    reaches_behind: bool = False,
) -> list[types.InlineCompletionItem]:
    """Return ghost text for ``suggestions``, without those that cannot be inserted at ``cursor``.

    ``selected`` is the item highlighted in the client's own menu, which a suggestion has to extend. The range
    begins at the cursor: VS Code guesses one where there is none. It ends there too, unless the client may be
    given one that ``reaches_behind`` it and text there is to be replaced: coc drops items whose range does
    not hold the cursor, and LSP4IJ inserts in the wrong order where the range ends behind it.
    """
    items = []
    for suggestion in suggestions:
        text = insertion(suggestion, cursor, reaches_behind=reaches_behind)
        if text is None or (selected is not None and not _extends(text, cursor, encoding, selected)):
            continue
        column = cursor.position.column
        place = _range(cursor, column, encoding, column + suggestion.replaces * reaches_behind)
        items.append(types.InlineCompletionItem(insert_text=text, range=place, command=_accepted(suggestion)))
    return items


def menu_items(
    suggestions: Sequence[Suggestion], cursor: Cursor, client: Client
) -> list[types.CompletionItem]:
    """Return menu items for ``suggestions``, without those that cannot be inserted at ``cursor``."""
    word = word_at(cursor)
    items: list[types.CompletionItem] = []
    for suggestion in suggestions:
        text = insertion(suggestion, cursor)
        item = None if text is None else _menu_item(word, text, cursor, client)
        if item is not None:
            item.sort_text = f"{SORT_FIRST}{len(items)}"
            item.detail = f"{DETAIL} ({suggestion.backend})" if suggestion.backend else DETAIL
            item.command = _accepted(suggestion)
            items.append(item)
    return items


def insertion(suggestion: Suggestion, cursor: Cursor, *, reaches_behind: bool = False) -> str | None:
    """Return what to insert at ``cursor`` so that ``suggestion`` stands there, or None if that cannot be.

    A suggestion made for an earlier column fits if the text since then is its beginning. Of one that replaces
    text after the cursor there is only the part before that text, unless the range ``reaches_behind`` the
    cursor.
    """
    line, column = suggestion.position.line, suggestion.position.column
    typed = cursor.before[column:]
    text = suggestion.text
    if line != cursor.position.line or column > cursor.position.column or not text.startswith(typed):
        return None
    text = text[len(typed) :]
    if suggestion.replaces and not reaches_behind:
        text = before_covered(text)
    return text if text.strip() else None


@dataclass(frozen=True, slots=True)
class Word:
    """The word that ends at a cursor, which menu items replace. ``text`` may be empty.

    ``start`` is its first column in code points, ``indentation`` the white space its line begins with.
    """

    text: str
    start: int
    indentation: str


def word_at(cursor: Cursor) -> Word:
    """Return the word that ends at ``cursor``."""
    before = cursor.before
    start = len(before)
    while start and (before[start - 1].isalnum() or before[start - 1] == "_"):
        start -= 1
    indentation = _INDENTATION.match(before[:start])
    return Word(before[start:], start, indentation[0] if indentation else "")


def escape_snippet(text: str) -> str:
    """Return ``text`` as LSP's snippet syntax spells it: nothing in it is a tab stop."""
    return _SPECIAL_IN_SNIPPETS.sub(r"\\\g<0>", text)


def relative_to(indentation: str, text: str) -> str:
    """Return ``text`` for clients that indent every line but the first by ``indentation`` themselves.

    Ends before the first line that is indented less, which such clients cannot be told to insert. Blank lines
    come out empty.
    """
    first, *others = text.split("\n")
    lines: list[str] = []
    for line in others:
        if line.strip() and not line.startswith(indentation):
            while lines and not lines[-1]:
                lines.pop()  # The blank lines in front of a cut belong to what is cut.
            break
        lines.append(line.removeprefix(indentation) if line.strip() else "")
    return "\n".join([first, *lines])


def _menu_item(word: Word, text: str, cursor: Cursor, client: Client) -> types.CompletionItem | None:
    """A menu item that puts ``text`` behind ``word``, or None if its form leaves nothing of it.

    Snippets are the only form of which Neovim inserts all lines, and snippet clients add the line's
    indentation by themselves; the others insert plain text as it is. The range starts at the word, since
    Neovim doubles the word otherwise. The label begins with what will stand in the buffer, since Neovim,
    Sublime, CodeMirror and Kakoune filter by it or insert it.
    """
    whole = word.text + text
    text_format, mode = types.InsertTextFormat.PlainText, types.InsertTextMode.AsIs
    if client.snippets:
        whole = relative_to(word.indentation, whole)
        text_format, mode = types.InsertTextFormat.Snippet, types.InsertTextMode.AdjustIndentation
    if whole.strip() == word.text:
        return None
    label, filter_text = _label(word.text, whole)
    documentation = _documentation(whole, cursor.document.language, client)
    if client.keeps_line_ends and cursor.document.lines[0].endswith("\r\n"):
        whole = whole.replace("\n", "\r\n")
    return types.CompletionItem(
        label=label,
        filter_text=filter_text,
        kind=types.CompletionItemKind.Text,
        documentation=documentation,
        insert_text_format=text_format,
        insert_text_mode=mode if mode.value in client.insert_text_modes else None,
        text_edit=types.TextEdit(
            range=_range(cursor, word.start, client.encoding),
            new_text=escape_snippet(whole) if client.snippets else whole,
        ),
    )


def _label(word: str, whole: str) -> tuple[str, str]:
    """The label and the text to filter by. When nothing more comes on this line, the next one is shown."""
    first, _, rest = whole.partition("\n")
    if first.strip() != word or not rest.strip():
        label = first.strip()[:MAX_LABEL].rstrip()
        return label, label
    label = next(line.strip() for line in rest.split("\n") if line.strip())[:MAX_LABEL].rstrip()
    return label, word or label


def _documentation(text: str, language: str, client: Client) -> types.MarkupContent | str:
    if not client.markdown:
        return text
    longest = max((len(run) for run in _BACKTICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    name = language if _PLAIN_NAME.fullmatch(language) else ""
    return types.MarkupContent(
        kind=types.MarkupKind.Markdown, value=f"{fence}{name}\n{text.strip(chr(10))}\n{fence}"
    )


def _accepted(suggestion: Suggestion) -> types.Command | None:
    if not suggestion.id:
        return None
    return types.Command(title="Accepted", command=ACCEPTED, arguments=[suggestion.id])


def _range(cursor: Cursor, start: int, encoding: Encoding, end: int | None = None) -> types.Range:
    """From the column ``start`` of the cursor's line to ``end``, or to the cursor, in the client's units."""
    line = cursor.document.lines[cursor.position.line]
    end = cursor.position.column if end is None else end
    return types.Range(
        start=types.Position(cursor.position.line, to_units(line, start, encoding)),
        end=types.Position(cursor.position.line, to_units(line, end, encoding)),
    )


def _extends(text: str, cursor: Cursor, encoding: Encoding, selected: types.SelectedCompletionInfo) -> bool:
    """Whether the buffer would begin with the menu's item if ``text`` were inserted at ``cursor``."""
    start = selected.range.start
    if start.line != cursor.position.line:
        return False
    column = to_column(cursor.document.lines[start.line], start.character, encoding)
    return f"{cursor.before[column:]}{text}".startswith(selected.text)
