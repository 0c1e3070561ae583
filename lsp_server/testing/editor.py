"""An editor without a screen, which drives a language server as a real one does.

    async with FakeEditor.in_memory(application, VSCODE) as editor:
        await editor.initialize()
        editor.open("file:///main.py", "def f(a):\\n    return ‸")
        [item] = await editor.inline("file:///main.py")
        editor.accept_inline("file:///main.py", item)
        assert editor.text("file:///main.py") == "def f(a):\\n    return a"

Positions go over the wire in the encoding that was agreed, items are inserted as the profile's editor inserts
them, and every message is kept: if the block is left by an exception, the transcript is printed. The editor
is strict: a second answer to a request, one to no request, and a failure in the server that nobody awaited
are an ``AssertionError`` at the block's end.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self

from lsp_server.lsp.application import Application
from lsp_server.testing.buffer import Buffer, Place, expand_snippet, plain_text
from lsp_server.testing.capabilities import VSCODE, Profile
from lsp_server.testing.channel import Channel, MemoryChannel, ProcessChannel, to_wire
from lsp_server.testing.edits import apply_edit

JsonObject = Mapping[str, Any]

PATIENCE_SECONDS: Final = 10.0
"""How long anything may take that must happen, at first: editors give up after 3 to 20 seconds."""
_SHOWN: Final = 400
"""Characters of a message that the transcript shows."""


class ResponseError(Exception):
    """The server answered a request with an error."""

    def __init__(self, error: JsonObject) -> None:
        super().__init__(f"{error['code']}: {error['message']}")
        self.code: int = error["code"]


class Pending:
    """A request on its way; awaiting it gives its result or raises ``ResponseError``."""

    def __init__(self, id_: int | str, method: str, patience_seconds: float) -> None:
        self.id = id_
        self._method = method
        self._patience_seconds = patience_seconds
        self.future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def __await__(self) -> Any:
        return self._wait().__await__()

    async def _wait(self) -> Any:
        try:
            return await asyncio.wait_for(asyncio.shield(self.future), self._patience_seconds)
        except TimeoutError:
            raise AssertionError(f"no answer to {self._method} in {self._patience_seconds} s") from None


class FakeEditor:
    """One client of one server, an async context manager.

    ``settings`` are what it answers to ``workspace/configuration`` by section, ``choices`` the titles it
    picks in ``window/showMessageRequest``, in turn (none left: it closes the question). Requests of methods
    in ``mute`` are never answered. ``transcript`` holds every message in order, ``notified``
    the methods of the server's notifications, ``unsolicited`` the errors
    that answer no request. ``applies_edits`` and ``confirms`` are what it does with edits and the user with
    questions about them; ``files`` are those it was asked to make, ``shown`` the documents it was
    asked to show. Nothing is waited for longer than ``patience_seconds``.
    """

    def __init__(self, channel: Channel, profile: Profile = VSCODE) -> None:
        self.channel = channel
        self.profile = profile
        self.patience_seconds = PATIENCE_SECONDS
        self.encoding = "utf-16"
        self.server_capabilities: JsonObject = {}
        self.settings: dict[str, Any] = dict(profile.settings)
        self.choices: list[str] = []
        self.mute: set[str] = set()
        self.transcript: list[str] = []
        self._notifications: asyncio.Queue[JsonObject] = asyncio.Queue()
        self.notified: list[str] = []
        self.unsolicited: list[JsonObject] = []
        self.applies_edits = True
        self.confirms = True
        self.files: dict[str, str] = {}
        self.shown: list[str] = []
        self._buffers: dict[str, Buffer] = {}
        self._ids = itertools.count(1)
        self._pending: dict[int | str, Pending] = {}
        self._violations: list[str] = []
        self._requests: asyncio.Queue[JsonObject] = asyncio.Queue()

    @classmethod
    def in_memory(cls, application: Application, profile: Profile = VSCODE) -> FakeEditor:
        """An editor whose server serves ``application`` in this event loop."""
        return cls(MemoryChannel(application), profile)

    @classmethod
    def of_process(
        cls, command: Sequence[str], profile: Profile = VSCODE, environ: Mapping[str, str] | None = None
    ) -> FakeEditor:
        """An editor that starts ``command`` and speaks with it over its standard streams."""
        return cls(ProcessChannel(command, environ), profile)

    async def __aenter__(self) -> Self:
        await self.channel.open(self._take)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.channel.close()
        if error is not None:
            self.print_transcript()
        elif problems := [*self._violations, *self.channel.problems]:
            self.print_transcript()
            raise AssertionError(f"the server went wrong: {'; '.join(problems)}")

    def print_transcript(self) -> None:
        """Print what was said, and the server's stderr if it has one of its own, to stderr."""
        said = [f"--- {self.profile.name}", *self.transcript]
        if isinstance(self.channel, ProcessChannel) and self.channel.stderr:
            said += ["--- stderr of the server", self.channel.stderr.decode(errors="replace")]
        print("\n".join(said), file=sys.stderr)  # noqa: T201 - shown with a failed test

    # Messages.

    def request(self, method: str, params: object = None) -> Pending:
        """Send a request. Await the result for its answer."""
        number = next(self._ids)
        id_ = str(number) if self.profile.string_ids else number
        pending = self._pending[id_] = Pending(id_, method, self.patience_seconds)
        self._send({"jsonrpc": "2.0", "id": id_, "method": method, "params": params})
        return pending

    def notify(self, method: str, params: object = None) -> None:
        """Send a notification."""
        self._send({"jsonrpc": "2.0", "method": method, "params": params})

    def cancel(self, pending: Pending) -> None:
        """Ask to end a request, if this editor does such a thing."""
        if self.profile.cancels:
            self.notify("$/cancelRequest", {"id": pending.id})

    def send_raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.transcript.append(f"--> raw {data[:_SHOWN]!r}")
        self.channel.send(data)

    async def notification(self, method: str) -> Any:
        """Return the params of the next notification of ``method``; others before it are dropped."""
        return await self._next(self._notifications, method)

    async def asked(self, method: str) -> Any:
        """Return the params of the server's next request of ``method``; others before it are dropped."""
        return await self._next(self._requests, method)

    # The session.

    async def initialize(self, options: object = None, **params: object) -> JsonObject:
        """Open the session as this profile's editor does, and return the server's answer.

        ``params`` replace or add to those of ``initialize``.
        """
        message = {
            "processId": os.getpid(),
            "rootUri": None,
            "capabilities": self.profile.capabilities,
            **({"clientInfo": self.profile.client_info} if self.profile.client_info else {}),
            **({"initializationOptions": options} if options is not None else {}),
            **params,
        }
        result: JsonObject = await self.request("initialize", message)
        self.server_capabilities = result["capabilities"]
        self.encoding = self.server_capabilities.get("positionEncoding", "utf-16")
        self.notify("initialized", {})
        if self.profile.pushes_settings:
            self.notify("workspace/didChangeConfiguration", {"settings": self.settings})
        return result

    async def shutdown(self) -> int:
        """Close the session properly and return the server's exit status."""
        assert await self.request("shutdown") is None
        self.notify("exit")
        return await self.exit_status()

    async def exit_status(self) -> int:
        """Wait until the server has ended and return its exit status."""
        return await asyncio.wait_for(self.channel.exit_status(), self.patience_seconds)

    # Documents.

    def open(self, uri: str, marked: str, language: str = "python") -> Buffer:
        """Open a document; ``‸`` in ``marked`` stands for the cursor."""
        buffer = self._buffers[uri] = Buffer(uri, marked, self.profile.first_version)
        item = {"uri": uri, "languageId": language, "version": buffer.version, "text": buffer.text}
        self.notify("textDocument/didOpen", {"textDocument": item})
        return buffer

    def close(self, uri: str) -> None:
        """Close a document."""
        del self._buffers[uri]
        self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def buffer(self, uri: str) -> Buffer:
        """The open document. Raises ``AssertionError`` for another one."""
        assert uri in self._buffers, f"{uri} is not open"
        return self._buffers[uri]

    def text(self, uri: str) -> str:
        """The document's text."""
        return self._buffers[uri].text

    def marked(self, uri: str) -> str:
        """The document's text with ``‸`` at the cursor."""
        return self._buffers[uri].marked

    def move(self, uri: str, offset: int) -> None:
        """Put the cursor ``offset`` code points behind the text's start, as a click does."""
        buffer = self._buffers[uri]
        buffer.cursor = buffer.place(offset)

    def type(self, uri: str, text: str) -> None:
        """Insert ``text`` at the cursor."""
        cursor = self._buffers[uri].cursor
        self.change(uri, cursor, cursor, text)

    def change(self, uri: str, start: Place, end: Place, text: str) -> None:
        """Replace a range and tell the server, incrementally or with the whole text as the profile does."""
        buffer = self._buffers[uri]
        span = {
            "start": buffer.to_position(start, self.encoding),
            "end": buffer.to_position(end, self.encoding),
        }
        buffer.replace(start, end, text)
        buffer.version += self.profile.version_step
        change = {"text": buffer.text} if self.profile.full_sync else {"range": span, "text": text}
        identifier = {"uri": uri, "version": buffer.version}
        self.notify("textDocument/didChange", {"textDocument": identifier, "contentChanges": [change]})

    # Completions.

    def request_inline(self, uri: str, *, invoked: bool = False, selected: object = None) -> Pending:
        """Ask for ghost text at the cursor."""
        context: dict[str, object] = {"triggerKind": 1 if invoked else 2}
        if selected is not None:
            context["selectedCompletionInfo"] = selected
        return self.request("textDocument/inlineCompletion", {**self._at_cursor(uri), "context": context})

    async def inline(self, uri: str, *, invoked: bool = False, selected: object = None) -> list[Any]:
        """The ghost texts at the cursor, best first."""
        answer = await self.request_inline(uri, invoked=invoked, selected=selected)
        items: list[Any] = answer["items"]
        return items

    def request_menu(self, uri: str, trigger_kind: int = 1) -> Pending:
        """Ask for menu items at the cursor."""
        context = {"context": {"triggerKind": trigger_kind}} if self.profile.sends_context else {}
        return self.request("textDocument/completion", {**self._at_cursor(uri), **context})

    async def menu(self, uri: str, trigger_kind: int = 1) -> list[Any]:
        """The menu items at the cursor. Raises ``AssertionError`` unless they come as an incomplete list."""
        answer = await self.request_menu(uri, trigger_kind)
        assert answer["isIncomplete"] is True
        items: list[Any] = answer["items"]
        return items

    def accept_inline(self, uri: str, item: JsonObject) -> None:
        """Insert a ghost text as this profile's editor does, and run its command if that editor would."""
        buffer, text = self._buffers[uri], item["insertText"]
        start, end = (buffer.to_place(item["range"][side], self.encoding) for side in ("start", "end"))
        assert start[0] == end[0] == buffer.cursor[0], "ghost text must stay on the cursor's line"
        if self.profile.skips_inline_start:
            text = text[buffer.cursor[1] - start[1] :]
            start = end = max(buffer.cursor, end)
        self.change(uri, start, end, text)
        self._run(item, wanted=self.profile.runs_inline_command)

    def accept_menu(self, uri: str, item: JsonObject) -> None:
        """Insert a menu item as this profile's editor does, and run its command if that editor would."""
        buffer, edit = self._buffers[uri], item["textEdit"]
        start, end = (buffer.to_place(edit["range"][side], self.encoding) for side in ("start", "end"))
        assert start[0] == end[0] == buffer.cursor[0], "a menu item must stay on the cursor's line"
        if item.get("insertTextFormat") == 2:  # noqa: PLR2004 - LSP's number for a snippet
            text = expand_snippet(edit["newText"], buffer.indentation())
        else:
            text = plain_text(edit["newText"], self.profile.plain_text)
        self.change(uri, start, end, text)
        self._run(item, wanted=self.profile.runs_menu_command)

    def _run(self, item: JsonObject, *, wanted: bool) -> None:
        command = item.get("command")
        if wanted and command:
            known = self.server_capabilities["executeCommandProvider"]["commands"]
            assert command["command"] in known, "Neovim runs only commands that the server announces"
            params = {"command": command["command"], "arguments": command.get("arguments")}
            self.request("workspace/executeCommand", params)

    def _at_cursor(self, uri: str) -> dict[str, object]:
        buffer = self._buffers[uri]
        position = buffer.to_position(buffer.cursor, self.encoding)
        return {"textDocument": {"uri": uri}, "position": position}

    # The other direction.

    def _send(self, message: JsonObject) -> None:
        body = json.dumps(message)
        self.transcript.append(f"--> {body[:_SHOWN]}")
        self.channel.send(to_wire(body.encode()))

    def _take(self, body: bytes) -> None:
        self.transcript.append(f"<-- {body[:_SHOWN].decode(errors='replace')}")
        message = json.loads(body)
        if message.get("jsonrpc") != "2.0":
            self._violations.append("a message without its version")
        if "method" not in message:
            self._take_answer(message)
        elif "id" in message:
            self._requests.put_nowait(message)
            self._answer(message)
        else:
            self.notified.append(message["method"])
            self._notifications.put_nowait(message)

    def _take_answer(self, message: JsonObject) -> None:
        if message["id"] is None:
            self.unsolicited.append(message)
            return
        pending = self._pending.pop(message["id"], None)
        if pending is None:
            self._violations.append(f"an answer to {message['id']!r}, which is not open")
        elif "error" in message:
            pending.future.set_exception(ResponseError(message["error"]))
            pending.future.exception()  # Not every test awaits the errors it provokes.
        elif "result" in message:
            pending.future.set_result(message["result"])
        else:
            self._violations.append(f"an answer to {message['id']!r} without a result")

    def _answer(self, message: JsonObject) -> None:
        method, params = message["method"], message.get("params")
        if method in self.mute:
            return
        result: object = None
        if method == "workspace/configuration" and params:
            result = [self.settings.get(item.get("section")) for item in params["items"]]
        elif method == "window/showMessageRequest" and self.choices:
            result = {"title": self.choices.pop(0)}
        elif method == "workspace/applyEdit" and params:
            result = {"applied": self._edit(params["edit"])}
        elif method == "window/showDocument" and params:
            self.shown.append(params["uri"])
            result = {"success": True}
        self._send({"jsonrpc": "2.0", "id": message["id"], "result": result})

    def _edit(self, edit: JsonObject) -> bool:
        try:
            return self.applies_edits and apply_edit(self, edit)
        except AssertionError as error:
            self._violations.append(f"an edit that cannot be applied: {error}")
            return False

    async def _next(self, messages: asyncio.Queue[JsonObject], method: str) -> Any:
        async with asyncio.timeout(self.patience_seconds):
            while True:
                message = await messages.get()
                if message["method"] == method:
                    return message.get("params")
