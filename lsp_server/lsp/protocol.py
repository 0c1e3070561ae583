"""pygls' protocol with the parts replaced that let a client wait for good or show and log too much.

Kept from pygls: the registration of handlers, the conversion of types, and requests of ours to the client.
Replaced: reading of messages, dispatch, answers and errors. Every request is answered exactly once: by its
handler, by ``$/cancelRequest`` or by ``shutdown``, whichever comes first. Nothing logs what a message holds.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import InvalidStateError
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.protocol import LanguageServerProtocol

from lsp_server.lsp.client import dig
from lsp_server.lsp.logging_setup import log_failure
from lsp_server.lsp.messages import (
    Call,
    ErrorCode,
    MessageId,
    ProtocolError,
    Reply,
    decode,
    encode,
    failure,
    success,
)
from lsp_server.lsp.params import read_params

if TYPE_CHECKING:
    from cattrs import Converter

    from lsp_server.lsp.server import Server

logger = logging.getLogger(__name__)


class Phase(Enum):
    """Where the session stands."""

    NEW = auto()
    """Before ``initialize`` has been answered."""
    RUNNING = auto()
    SHUT_DOWN = auto()
    """After ``shutdown``: only ``exit`` counts."""


class Protocol(LanguageServerProtocol):
    """One session with one client. Handlers run in the order of the messages.

    A handler is a plain function ``(params)``. What it does before it returns is done before the next message
    is read; if it returns an awaitable, the rest runs as a task and its result is the answer.
    """

    _server: Server

    def __init__(self, server: Server, converter: Converter) -> None:
        super().__init__(server, converter)
        self.phase = Phase.NEW
        self._running: dict[MessageId, asyncio.Future[Any]] = {}
        self._tasks: set[asyncio.Future[Any]] = set()

    def _register_builtin_features(self) -> None:
        """No built-in handlers: they keep a second copy of every document and answer too little."""

    def receive(self, body: bytes) -> None:
        """Handle the message in ``body``. Never raises."""
        try:
            message = decode(body)
        except ProtocolError as error:
            logger.warning("Unusable message: %s", error)
            self.refuse(error.id, error)
            return
        if isinstance(message, Reply):
            self._settle(message)
        elif message.method == types.EXIT:
            self._server.end(self._server.leaving_status)
        elif message.method == types.CANCEL_REQUEST:
            self._cancel(dig(message.params, "id"))
        else:
            self._call(message)

    @property
    def is_shut_down(self) -> bool:
        """Whether ``shutdown`` has been answered."""
        return self.phase is Phase.SHUT_DOWN

    def started(self) -> None:
        """Requests are welcome from now on."""
        self.phase = Phase.RUNNING

    def shut_down(self) -> None:
        """End what runs, and take nothing but ``exit`` from now on."""
        self.phase = Phase.SHUT_DOWN
        self.cancel_all()

    def refuse(self, id: MessageId | None, error: ProtocolError) -> None:  # noqa: A002 - the protocol's word
        """Answer with ``error``; ``id`` None for something that could not be read."""
        self._send(failure(id, error.code, error.text))

    def cancel_all(self) -> None:
        """End every running handler; requests among them are answered as cancelled."""
        for id_ in tuple(self._running):
            self._cancel(id_)
        for task in tuple(self._tasks):
            task.cancel()

    def track(self, awaitable: Awaitable[Any]) -> asyncio.Future[Any]:
        """Run ``awaitable`` as a task that ends with the session."""
        task = asyncio.ensure_future(awaitable)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _call(self, call: Call) -> None:
        """Run the handler of a request or notification, and answer a request unless that takes a task."""
        try:
            result = self._handle(call)
        except ProtocolError as error:
            if call.id is None:
                logger.debug("Ignored %s: %s", call.method, error)
            else:
                self.refuse(call.id, error)
            return
        if not inspect.isawaitable(result):
            if call.id is not None:
                self._send(success(call.id, result))
            return
        task = self.track(result)
        if call.id is not None:
            self._running[call.id] = task
        task.add_done_callback(lambda done: self._done(call, done))

    def _handle(self, call: Call) -> Any:
        """Return what the handler of ``call`` returns. Raises ``ProtocolError``."""
        self._admit(call)
        handler: Callable[[Any], Any] | None = self.fm.features.get(call.method)
        if handler is None:
            raise ProtocolError(ErrorCode.METHOD_NOT_FOUND, f"the method {call.method[:100]!r} is not known")
        try:
            params = read_params(self._converter, call.method, call.params)
        except Exception as error:  # cattrs raises whatever the types raise.
            self._server.unreadable(call.method, call.params)
            text = f"the params of {call.method} do not have the expected form"
            raise ProtocolError(ErrorCode.INVALID_PARAMS, text) from error
        try:
            return handler(params)
        except ProtocolError:
            raise
        except Exception as error:
            raise _internal(call.method, error) from error

    def _admit(self, call: Call) -> None:
        """Raise ``ProtocolError`` for a call that the session's phase does not allow."""
        if self.phase is Phase.NEW and call.method != types.INITIALIZE:
            raise ProtocolError(ErrorCode.NOT_INITIALIZED, "the first request must be initialize")
        if self.phase is Phase.RUNNING and call.method == types.INITIALIZE:
            raise ProtocolError(ErrorCode.INVALID_REQUEST, "initialize was already answered")
        if self.phase is Phase.SHUT_DOWN:
            raise ProtocolError(ErrorCode.INVALID_REQUEST, "the server was shut down")
        if call.id in self._running:
            raise ProtocolError(ErrorCode.INVALID_REQUEST, "a request with this id is still running")

    def _done(self, call: Call, task: asyncio.Future[Any]) -> None:
        """Answer a request whose task has ended, unless it has been answered as cancelled."""
        error = None if task.cancelled() else task.exception()
        problem = _internal(call.method, error) if isinstance(error, Exception) else None
        if call.id is None or self._running.get(call.id) is not task:
            return
        del self._running[call.id]
        if task.cancelled():
            self.refuse(call.id, _CANCELLED)
        elif isinstance(error, ProtocolError):
            self.refuse(call.id, error)
        elif problem is not None:
            self.refuse(call.id, problem)
        else:
            self._send(success(call.id, task.result()))

    def _cancel(self, id_: object) -> None:
        """Answer a running request as cancelled, at once, and end its task. Others are ignored."""
        task = self._running.pop(id_, None) if isinstance(id_, int | str) else None
        if task is not None and isinstance(id_, int | str):
            self.refuse(id_, _CANCELLED)
            task.cancel()

    def _settle(self, reply: Reply) -> None:
        """Hand the client's answer to the one who asked; answers to nothing are ignored."""
        self._result_types.pop(reply.id, None)
        future = self._request_futures.pop(reply.id, None)
        if future is None:
            return
        try:
            if reply.error is None:
                future.set_result(reply.result)
            else:
                future.set_exception(JsonRpcException(message="the client answered with an error"))
        except InvalidStateError:
            logger.debug("An answer came after it was given up")

    def _send(self, message: dict[str, object]) -> None:
        try:
            self._write(encode(message, self._serialize_message))
        except (TypeError, ValueError, AttributeError) as error:
            log_failure(logger, "Writing an answer as JSON", error)
            id_ = message.get("id")
            assert isinstance(id_, int | str)  # Only results hold foreign values, and they have an id.
            text = "the answer cannot be written as JSON"
            self._write(encode(failure(id_, ErrorCode.INTERNAL_ERROR, text)))

    def _send_data(self, data: Any) -> None:
        """Send one of pygls' own messages: a request or a notification of ours."""
        self._write(encode(data, self._serialize_message))

    def _write(self, body: bytes) -> None:
        if self.writer is not None:
            self.writer.write(body)


_CANCELLED = ProtocolError(ErrorCode.REQUEST_CANCELLED, "the request was cancelled")


def _internal(method: str, error: Exception) -> ProtocolError:
    """The answer for a handler's failure. Logged here, because the text of ``error`` may quote the user's."""
    if isinstance(error, ProtocolError):
        return error
    log_failure(logger, method, error)
    text = f"{method} failed inside the server ({type(error).__name__}); its log says where"
    return ProtocolError(ErrorCode.INTERNAL_ERROR, text)
