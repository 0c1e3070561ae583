"""Replays what a client that cannot be run here says to the server, and checks every answer.

    await play(read_dialogue(Path("helix/menu.dialogue")))

A dialogue is a file of steps (``dialogue_text`` says how it is written, ``dialogue_match`` which patterns
fit). The server is the real one, in memory, over an application on a clock that stands still.
Everything the server says must be expected by a step, in order; the first message that differs fails the
dialogue with the difference and with what was said before.

What the client says (``request``, ``notify``, ``reply``, ``refuse``) is sent as it is written, with names in
place; ``<$pid>`` is this process. What the server says is ``answer`` or ``failure`` to a request, ``asked``
for a request of its own, ``told`` for a notification; ``quiet`` holds if it has nothing more to say.
``cursor``, ``type``, ``accept`` and ``buffer`` are the editor's side: where the cursor is put, what is typed,
which item of an answer is taken by the client's own rules, and what must stand in the document then (``‸``
for the cursor). ``suggest``, ``nothing``, ``thinks``, ``hold``, ``release``, ``offer``, ``plan`` and
``approve`` tell the application what to do, ``noted`` and ``approved`` are what it must have been told.
``wait`` moves the clock, in milliseconds.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from lsp_server.testing.buffer import Buffer
from lsp_server.testing.channel import MemoryChannel, to_wire
from lsp_server.testing.clock import settle
from lsp_server.testing.dialogue_clients import CLIENTS, Client, Savepoint
from lsp_server.testing.dialogue_match import difference, filled, named
from lsp_server.testing.dialogue_stage import ScriptedStage, Stage
from lsp_server.testing.dialogue_text import MISSING, Dialogue, DialogueError, Step, read_dialogue

__all__ = ["Dialogue", "DialogueError", "Stage", "play", "read_dialogue"]

PATIENCE_SECONDS: Final = 5.0
"""How long the server may take, on the real clock, for what it has to say."""
_SAID: Final = 8
"""Messages that a failure shows."""
_SHOWN: Final = 240
"""Characters of a message that a failure shows."""
_AT_CURSOR: Final = ("textDocument/completion", "textDocument/inlineCompletion")


async def play(dialogue: Dialogue, stage: Stage | None = None) -> None:
    """Return once the dialogue has gone as it is written. Raises ``DialogueError`` where it has not.

    ``stage`` is for another application than the scripted one, with the clock that it goes by.
    """
    stage = stage or ScriptedStage()
    player = _Player(dialogue, stage)
    await player.channel.open(player.take)
    try:
        for step in dialogue.steps:
            await player.do(step)
        await player.nothing_more(f"{dialogue.name}: at its end")
        if player.channel.problems:
            raise DialogueError(f"{dialogue.name}: the server went wrong: {player.channel.problems}")
    finally:
        await stage.close()
        await player.channel.close()


class _Player:
    """One run of a dialogue."""

    def __init__(self, dialogue: Dialogue, stage: Stage) -> None:
        if dialogue.client not in CLIENTS:
            raise DialogueError(f"{dialogue.name}: no such client: {dialogue.client}")
        self.channel = MemoryChannel(stage.application)
        self._stage = stage
        self._client: Client = CLIENTS[dialogue.client]()
        self._encoding = "utf-16"
        self._names: dict[str, Any] = {"pid": os.getpid()}
        self._incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._said: list[str] = []
        self._methods: dict[Any, str] = {}
        self._answers: dict[Any, Any] = {}
        self._savepoints: dict[Any, Savepoint] = {}
        self._buffers: dict[str, Buffer] = {}
        self._current = ""
        self._step = Step("", (), dialogue.name)

    def take(self, body: bytes) -> None:
        """Keep a message of the server until a step expects it."""
        message = json.loads(body)
        self._note("<--", message)
        self._incoming.put_nowait(message)

    async def do(self, step: Step) -> None:
        """Play one step."""
        self._step = step
        act: Callable[..., Awaitable[None]] | None = getattr(self, f"_do_{step.name}", None)
        if act is not None:
            await act(*step.values)
        elif (problem := await self._stage.do(step.name, *step.values)) is not None:
            raise self._failed(problem)

    async def nothing_more(self, place: str) -> None:
        """Raise ``DialogueError`` if the server has said something that nothing expects."""
        await settle()
        if not self._incoming.empty():
            message = json.dumps(self._incoming.get_nowait(), ensure_ascii=False)
            raise DialogueError(f"{place}: nothing was expected, but the server said:\n{message}")

    # What the client says.

    async def _do_request(self, id_: Any, method: str, params: Any) -> None:
        self._methods[id_] = method
        params = self._send({"id": id_, "method": method}, params)
        if isinstance(params, Mapping) and "textDocument" in params:
            uri = params["textDocument"]["uri"]
            buffer = self._buffer(uri)
            self._savepoints[id_] = Savepoint.of(buffer)
            position = buffer.to_position(buffer.cursor, self._encoding)
            if method in _AT_CURSOR and params["position"] != position:
                raise self._failed(f"the cursor is at {position}: {buffer.marked!r}")

    async def _do_notify(self, method: str, params: Any) -> None:
        params = self._send({"method": method}, params)
        document = params["textDocument"] if isinstance(params, Mapping) and "textDocument" in params else {}
        if method == "textDocument/didOpen":
            self._current = document["uri"]
            self._buffers[self._current] = Buffer(self._current, document["text"], document["version"])
        elif method == "textDocument/didChange":
            self._follow(self._buffer(document["uri"]), params["contentChanges"], document["version"])
        elif method == "textDocument/didClose":
            del self._buffers[document["uri"]]

    async def _do_reply(self, id_: Any, result: Any) -> None:
        self._send({"id": id_, "result": result}, MISSING)

    async def _do_refuse(self, id_: Any, error: Any) -> None:
        self._send({"id": id_, "error": error}, MISSING)

    # What the server says.

    async def _do_answer(self, id_: Any, pattern: Any) -> None:
        message = await self._expect({"jsonrpc": "2.0", "id": id_, "result": pattern})
        self._answers[id_] = message["result"]
        if self._methods[id_] == "initialize":
            self._encoding = message["result"]["capabilities"].get("positionEncoding", "utf-16")

    async def _do_failure(self, id_: Any, pattern: Any) -> None:
        await self._expect({"jsonrpc": "2.0", "id": id_, "error": pattern})

    async def _do_asked(self, id_: Any, method: str, pattern: Any) -> None:
        await self._expect({"jsonrpc": "2.0", "id": id_, "method": method, **_params(pattern)})

    async def _do_told(self, method: str, pattern: Any) -> None:
        await self._expect({"jsonrpc": "2.0", "method": method, **_params(pattern)})

    async def _do_quiet(self) -> None:
        await self.nothing_more(self._step.place)

    async def _do_exited(self, status: Any) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            actual = await self.channel.exit_status()
        if actual != status:
            raise self._failed(f"the server ended with {actual}")

    # The editor's side.

    async def _do_cursor(self, uri: str, line: int, column: int) -> None:
        self._current = uri
        self._buffer(uri).cursor = (line, column)

    async def _do_type(self, text: str) -> None:
        buffer = self._buffer(self._current)
        for character in text:
            cursor = buffer.cursor
            for params in self._client.change(buffer, cursor, cursor, character, self._encoding):
                self._send({"method": "textDocument/didChange"}, params)
        await settle()

    async def _do_accept(self, id_: Any, index: Any) -> None:
        answer = self._answers[id_]
        items = answer["items"] if answer else []
        number = 0 if index is MISSING else index
        if number >= len(items):
            raise self._failed(f"the answer to {id_!r} has {len(items)} items")
        buffer = self._buffer(self._current)
        try:
            sent = self._client.accept(buffer, items[number], self._savepoints[id_], self._encoding)
        except AssertionError as error:
            raise self._failed(str(error)) from error
        for params in sent:
            self._send({"method": "textDocument/didChange"}, params)
        await settle()

    async def _do_buffer(self, marked: str) -> None:
        """Both sides must have this text."""
        buffer = self._buffer(self._current)
        if found := difference(marked.split("\n"), buffer.marked.split("\n")):
            raise self._failed(f"the buffer is another one:\n{found}")
        await settle()
        document = self._stage.application.documents.get(self._current)
        text = None if document is None else document.text
        if text != buffer.text:
            raise self._failed(f"the server has another text: {text!r}")

    def _follow(self, buffer: Buffer, changes: list[dict[str, Any]], version: int) -> None:
        """Make the buffer what the client has told, so that a dialogue cannot go against itself."""
        for change in changes:
            start, end = (buffer.to_place(change["range"][side], self._encoding) for side in ("start", "end"))
            buffer.replace(start, end, change["text"])
        buffer.version = version

    # Messages.

    def _send(self, head: dict[str, Any], params: Any) -> Any:
        """Send a message; returns its params, with names replaced."""
        try:
            told = named({"jsonrpc": "2.0", **head, **_params(params)}, self._names)
        except KeyError as error:
            raise self._failed(f"nothing was named {error} yet") from None
        self._note("-->", told)
        self.channel.send(to_wire(json.dumps(told).encode()))
        return told.get("params")

    async def _expect(self, pattern: dict[str, Any]) -> dict[str, Any]:
        """Return the server's next message, which must fit."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                message = await self._incoming.get()
        except TimeoutError:
            raise self._failed("the server says nothing") from None
        wanted = filled(pattern, message, self._names)
        if found := difference(wanted, message):
            raise self._failed(found)
        return message

    def _buffer(self, uri: str) -> Buffer:
        if uri not in self._buffers:
            raise self._failed(f"{uri or 'no document'} is not open")
        return self._buffers[uri]

    def _note(self, arrow: str, message: object) -> None:
        text = json.dumps(message, ensure_ascii=False)
        self._said.append(f"{arrow} {text if len(text) <= _SHOWN else text[:_SHOWN] + ' …'}")

    def _failed(self, problem: str) -> DialogueError:
        said = "\n".join(self._said[-_SAID:])
        return DialogueError(f"{self._step.place}: {self._step.name}: {problem}\n\nsaid so far:\n{said}")


def _params(params: Any) -> dict[str, Any]:
    return {} if params is MISSING else {"params": params}
