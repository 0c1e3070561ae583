"""What three editors send while somebody types, and what they show.

- VS Code: each change at once, ``$/cancelRequest`` for the pending request before it, a request for ghost
  text 40 ms behind it; it goes on showing ghost text that is typed along.
- Neovim 0.12: changes together every 150 ms and before a request, a request for ghost text 200 ms after the
  last key, never a cancel.
- Helix: each change at once; menu requests 250 ms after the second letter of a word, 5 ms after a trigger
  character, and at each key while the menu is open; never a cancel.

``docs/editors.md`` tells what was observed and what was read in the clients' sources.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import Any, Final

from benchmarks.replay.traces import Kind, Step, Style
from lsp_server.testing.capabilities import HELIX, NEOVIM_0_12, VSCODE, Profile
from lsp_server.testing.editor import FakeEditor, ResponseError

PROFILES: Final[dict[Style, Profile]] = {
    Style.VSCODE: VSCODE,
    Style.NEOVIM: NEOVIM_0_12,
    Style.HELIX: HELIX,
}
VSCODE_ASKS_S: Final = 0.040
NEOVIM_ASKS_S: Final = 0.200
NEOVIM_SENDS_S: Final = 0.150
HELIX_ASKS_S: Final = 0.250
HELIX_TRIGGERED_S: Final = 0.005
HELIX_WORD: Final = 2
"""Letters of a word after which Helix asks."""

_ESCAPED: Final = re.compile(r"\\([\\$}])")


@dataclass(slots=True)
class Answered:
    """One request: when it was made, when its answer came, and the text that it would show.

    ``whole`` is the text that accepting it would insert: a menu shows the first line of it.
    """

    at_s: float
    answered_s: float | None = None
    text: str = ""
    whole: str = ""
    ahead: int = 0
    """Code points behind the cursor that accepting it would replace."""


@dataclass(slots=True)
class Client:
    """One document in one style of client. Instants are of the event loop's clock, in seconds."""

    editor: FakeEditor
    style: Style
    uri: str
    text: str
    cursor: int
    """In code points; the samples are plain ASCII, so they are UTF-16 units and bytes too."""
    shown: str = ""
    shown_ahead: int = 0
    requests: list[Answered] = field(default_factory=list)
    _version: int = 0
    _unsent: list[dict[str, Any]] = field(default_factory=list)
    _timer: asyncio.TimerHandle | None = None
    _sender: asyncio.TimerHandle | None = None
    _pending: Any = None
    _asking: set[asyncio.Task[None]] = field(default_factory=set)

    def open(self, language: str) -> None:
        """Open the document."""
        item = {"uri": self.uri, "languageId": language, "version": 0, "text": self.text}
        self.editor.notify("textDocument/didOpen", {"textDocument": item})

    def close(self) -> None:
        """Close the document and ask for nothing more."""
        for timer in (self._timer, self._sender):
            if timer is not None:
                timer.cancel()
        self.editor.notify("textDocument/didClose", {"textDocument": {"uri": self.uri}})

    @property
    def before(self) -> str:
        """The text before the cursor."""
        return self.text[: self.cursor]

    def do(self, step: Step) -> None:
        """Press a key."""
        if step.kind is Kind.MOVE:
            self.cursor -= step.back
            self.shown = ""
            self._moved()
        else:
            self.replace(step.text, step.delete, step.back)

    def replace(self, text: str, delete: int = 0, back: int = 0, ahead: int = 0) -> None:
        """Put ``text`` in place of the ``delete`` code points before the cursor and the ``ahead`` behind it,
        and go ``back`` again.
        """
        start, end = self.cursor - delete, self.cursor + ahead
        change = {"range": {"start": self._position(start), "end": self._position(end)}, "text": text}
        self.text = self.text[:start] + text + self.text[end:]
        self.cursor = start + len(text) - back
        typed_along = not delete and not back and self.shown.startswith(text)
        self.shown = self.shown[len(text) :] if typed_along else ""
        if self.style is Style.VSCODE and self._pending is not None:
            self.editor.cancel(self._pending)
            self._pending = None
        self._unsent.append(change)
        if self.style is Style.NEOVIM:
            if self._sender is None:
                self._sender = asyncio.get_running_loop().call_later(NEOVIM_SENDS_S, self._send)
        else:
            self._send()
        self._moved()

    def _moved(self) -> None:
        wait_s = self._asks_in_s()
        if self._timer is not None:
            self._timer.cancel()
        if wait_s is not None:
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._ask)

    def _asks_in_s(self) -> float | None:
        if self.style is Style.VSCODE:
            return VSCODE_ASKS_S
        if self.style is Style.NEOVIM:
            return NEOVIM_ASKS_S
        provider = self.editor.server_capabilities.get("completionProvider") or {}
        if self.before.endswith(tuple(provider.get("triggerCharacters") or "\0")):
            return HELIX_TRIGGERED_S
        if self.shown:
            return 0.0
        word = re.search(r"\w*$", self.before)
        return HELIX_ASKS_S if word is not None and len(word[0]) >= HELIX_WORD else None

    def _send(self) -> None:
        """Tell the changes that were not told yet."""
        if self._sender is not None:
            self._sender.cancel()
            self._sender = None
        if self._unsent:
            self._version += 1
            identifier = {"uri": self.uri, "version": self._version}
            changes, self._unsent = self._unsent, []
            params = {"textDocument": identifier, "contentChanges": changes}
            self.editor.notify("textDocument/didChange", params)
            self.editor.transcript.clear()

    def _ask(self) -> None:
        self._send()
        task = asyncio.ensure_future(self._request())
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _request(self) -> None:
        answered = Answered(asyncio.get_running_loop().time())
        self.requests.append(answered)
        state = (self.text, self.cursor)
        place = {"textDocument": {"uri": self.uri}, "position": self._position(self.cursor)}
        if self.style is Style.HELIX:
            pending = self.editor.request("textDocument/completion", {**place, "context": {"triggerKind": 1}})
        else:
            context = {"context": {"triggerKind": 2}}
            pending = self.editor.request("textDocument/inlineCompletion", {**place, **context})
        self._pending = pending
        try:
            answer = await pending
        except ResponseError:
            answer = None
        answered.answered_s = asyncio.get_running_loop().time()
        if self._pending is pending:
            self._pending = None
        items = (answer or {}).get("items") or []
        if items:
            answered.whole, answered.ahead = self._inserted(items[0]), self._ahead(items[0])
            menu = self.style is Style.HELIX
            answered.text = answered.whole.partition("\n")[0] if menu else answered.whole
        if (self.text, self.cursor) == state:
            self.shown, self.shown_ahead = answered.text, answered.ahead

    def _inserted(self, item: dict[str, Any]) -> str:
        """What an item would put behind the cursor."""
        if self.style is not Style.HELIX:
            text: str = item["insertText"]
            return text
        edit = item["textEdit"]
        typed = self.cursor - self._offset(edit["range"]["start"])
        return _ESCAPED.sub(r"\1", edit["newText"])[typed:]

    def _ahead(self, item: dict[str, Any]) -> int:
        replaced = item.get("range") or item.get("textEdit", {}).get("range")
        return max(0, self._offset(replaced["end"]) - self.cursor) if replaced else 0

    def _position(self, offset: int) -> dict[str, int]:
        above = self.text[:offset]
        return {"line": above.count("\n"), "character": offset - above.rfind("\n") - 1}

    def _offset(self, position: dict[str, int]) -> int:
        lines = self.text.split("\n")
        return sum(len(line) + 1 for line in lines[: position["line"]]) + position["character"]
