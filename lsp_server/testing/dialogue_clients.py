"""How two clients that cannot be run here insert what a server sends, and what they tell of it.

Written from their sources: Helix' ``helix-term/src/ui/completion.rs``, ``helix-core/src/snippets/render.rs``
and ``helix-core/src/indent.rs``, LSP4IJ's ``LSPInlineCompletionProvider.kt`` and
``DocumentContentSynchronizer.java``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from lsp_server.testing.buffer import Buffer, Place
from lsp_server.testing.dialogue_text import DialogueError

JsonObject = Mapping[str, Any]

_SNIPPET_FORMAT: Final = 2
_SNIPPET_KIND: Final = 15
_ESCAPED: Final = re.compile(r"\\([\\$}])")
_INDENTATION: Final = re.compile(r"[ \t]*")


@dataclass(frozen=True, slots=True)
class Insertion:
    """What accepting an item does to a buffer: the text from ``start`` to ``end`` becomes ``text``."""

    start: Place
    end: Place
    text: str


@dataclass
class Savepoint:
    """A buffer as it was when a request was sent."""

    text: str
    cursor: Place

    @classmethod
    def of(cls, buffer: Buffer) -> Savepoint:
        """The buffer as it is now."""
        return cls(buffer.text, buffer.cursor)


class Client(Protocol):
    """One client's way with a buffer. Both methods change it, and return the ``didChange`` notifications."""

    def change(self, buffer: Buffer, start: Place, end: Place, text: str, encoding: str) -> list[JsonObject]:
        """Replace a range, the cursor behind it."""
        ...

    def accept(self, buffer: Buffer, item: JsonObject, asked: Savepoint, encoding: str) -> list[JsonObject]:
        """Take an item of the answer to a request that was sent at ``asked``."""
        ...


@dataclass
class Helix:
    """Helix' completion menu, with its default settings.

    ``indent_unit`` is the document's indentation, a tab or spaces, as Helix finds it in a file; ``tab_width``
    that of the language. ``previews`` is ``editor.preview-completion-insert``.
    """

    indent_unit: str = "    "
    tab_width: int = 4
    previews: bool = True

    def change(self, buffer: Buffer, start: Place, end: Place, text: str, encoding: str) -> list[JsonObject]:
        """Tell the server of each change at once, without ``rangeLength``."""
        span = _span(buffer, start, end, encoding)
        buffer.replace(start, end, text)
        buffer.version += 1
        return [_did_change(buffer, {"range": span, "text": text})]

    def accept(self, buffer: Buffer, item: JsonObject, asked: Savepoint, encoding: str) -> list[JsonObject]:
        """Restore the text of the request, telling the server, and apply the item's edit there.

        The preview of a selected item is never told: it takes versions that the server does not see.
        """
        sent: list[JsonObject] = []
        typed = buffer.text != asked.text
        if not self.lists(item, buffer):
            raise DialogueError("Helix does not list this item: the word at the cursor is not in filterText")
        if self.previews:
            buffer.version += 2 + typed
        if typed:
            sent += self._restore(buffer, asked, encoding)
        insertion = self.insertion(buffer, item, encoding)
        return sent + self.change(buffer, insertion.start, insertion.end, insertion.text, encoding)

    def lists(self, item: JsonObject, buffer: Buffer) -> bool:
        """Whether the menu shows the item: the word before the cursor is a subsequence of ``filterText``."""
        before = buffer.lines[buffer.cursor[0]][: buffer.cursor[1]]
        word = before[len(before) - _word_length(before) :].lower()
        rest = iter(str(item.get("filterText") or item["label"]).lower())
        return all(character in rest for character in word)

    def insertion(self, buffer: Buffer, item: JsonObject, encoding: str) -> Insertion:
        """What the item's edit does at the cursor."""
        edit = item["textEdit"]
        start, end = (buffer.to_place(edit["range"][side], encoding) for side in ("start", "end"))
        if item.get("insertTextFormat") == _SNIPPET_FORMAT or item.get("kind") == _SNIPPET_KIND:
            return Insertion(start, end, self._rendered(buffer, start, edit["newText"]))
        return Insertion(start, end, edit["newText"])

    def _rendered(self, buffer: Buffer, start: Place, snippet: str) -> str:
        """The snippet with the line's indentation at each line but the first, also at blank ones.

        The white space that such a line begins with comes out in the document's style, and each line ends as
        the document's lines do.
        """
        if "$" in _ESCAPED.sub("", snippet):
            raise DialogueError("a snippet with tab stops: nothing of ours has some")
        found = _INDENTATION.match(buffer.lines[start[0]][: start[1]])
        indentation = found[0] if found else ""
        first, *others = _ESCAPED.sub(r"\1", snippet).split("\n")
        if start[1] == len(indentation):
            first = self._styled(first, indentation)
        end = "\r\n" if "\r\n" in buffer.text else "\n"
        return end.join([first, *(indentation + self._styled(line, indentation) for line in others)])

    def _styled(self, line: str, indentation: str) -> str:
        width, column = 0, len(indentation.expandtabs(self.tab_width))
        text = line.lstrip(" \t")
        for character in line[: len(line) - len(text)]:
            is_tab = character == "\t"
            width += self.tab_width - (column + width) % self.tab_width if is_tab else 1
        if self.indent_unit == "\t":
            return "\t" * (width // self.tab_width) + " " * (width % self.tab_width) + text
        return " " * width + text

    def _restore(self, buffer: Buffer, asked: Savepoint, encoding: str) -> list[JsonObject]:
        """Take back what was typed behind the cursor of the request."""
        start, end = asked.cursor, buffer.cursor
        sent = self.change(buffer, start, end, "", encoding)
        if buffer.text != asked.text:
            raise DialogueError("only typing behind the request's cursor can be taken back")
        return sent


class Lsp4ij:
    """LSP4IJ's ghost text, in an editor that holds every text with ``\\n``."""

    def change(self, buffer: Buffer, start: Place, end: Place, text: str, encoding: str) -> list[JsonObject]:
        """Tell the server of each change, with ``rangeLength`` in UTF-16 units."""
        span = _span(buffer, start, end, encoding)
        removed = buffer.text[buffer.offset(start) : buffer.offset(end)]
        buffer.replace(start, end, text)
        buffer.version += 1
        length = len(removed.encode("utf-16-le")) // 2
        return [_did_change(buffer, {"range": span, "rangeLength": length, "text": text})]

    def accept(self, buffer: Buffer, item: JsonObject, asked: Savepoint, encoding: str) -> list[JsonObject]:
        """Insert the grey text, if the text is still that of the request. Nothing tells that it was taken."""
        if (buffer.text, buffer.cursor) != (asked.text, asked.cursor):
            raise DialogueError("LSP4IJ cancels a request when the text or the cursor is another")
        insertion = self.insertion(buffer, item, encoding)
        return self.change(buffer, insertion.start, insertion.end, insertion.text, encoding)

    def insertion(self, buffer: Buffer, item: JsonObject, encoding: str) -> Insertion:
        """What stands before the cursor in the range is skipped by its length, what stands behind is kept."""
        text = item["insertText"]
        if not isinstance(text, str) or not text.strip():
            raise DialogueError("LSP4IJ drops an item without text, and shows a snippet's source")
        start, end = (buffer.to_place(item["range"][side], encoding) for side in ("start", "end"))
        skipped = buffer.offset(buffer.cursor) - buffer.offset(start)
        if 0 < skipped < len(text) and buffer.cursor <= end:
            text = text[skipped:]
        place = max(buffer.cursor, end)
        return Insertion(place, place, text)


CLIENTS: Final[Mapping[str, type[Helix | Lsp4ij]]] = {"helix": Helix, "lsp4ij": Lsp4ij}
"""The clients by their names in dialogues."""


def _did_change(buffer: Buffer, event: JsonObject) -> JsonObject:
    return {"textDocument": {"uri": buffer.uri, "version": buffer.version}, "contentChanges": [event]}


def _span(buffer: Buffer, start: Place, end: Place, encoding: str) -> JsonObject:
    return {"start": buffer.to_position(start, encoding), "end": buffer.to_position(end, encoding)}


def _word_length(before: str) -> int:
    """Code points of the word that ends ``before``, as Helix sees words."""
    length = 0
    while length < len(before) and (before[-1 - length].isalnum() or before[-1 - length] == "_"):
        length += 1
    return length
