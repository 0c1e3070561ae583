"""``codestral-lsp serve``: speak the language server protocol with an editor."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

from lsp_server.lsp.application import Application

WRONG_USAGE: Final = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``serve``."""
    from lsp_server.lsp.logging_setup import LEVELS

    transport = parser.add_mutually_exclusive_group()
    transport.add_argument("--stdio", action="store_true", help="use the standard streams (the default)")
    transport.add_argument("--tcp", metavar="HOST:PORT", help="listen for one client on a loopback address")
    transport.add_argument("--ws", metavar="HOST:PORT", help="the same for one WebSocket client")
    parser.add_argument(
        "--config", metavar="FILE", type=Path, help="settings file to use instead of the usual"
    )
    parser.add_argument("--log-file", metavar="FILE", type=Path, help="log there instead of to stderr")
    parser.add_argument("--log-level", choices=LEVELS, default="warning", help="default: %(default)s")
    # vscode-languageclient adds this to every command line; initialize says the same.
    parser.add_argument("--clientProcessId", type=int, help=argparse.SUPPRESS)


def run(args: argparse.Namespace, make_application: Callable[[], Application] | None = None) -> int:
    """Serve one client and return the exit status.

    0: the client said ``shutdown`` and left. 1: it left without. 2: wrong usage. 3: it stopped reading. 128
    and a signal's number: the signal ended the process. Where threads still work, the process is left from
    here instead, at once.
    """
    # Collecting garbage while some thousand classes are made finds none and takes a tenth of the start-up.
    gc.disable()
    # Looking for pydantic's plugins reads every installed package's metadata, and would run their code.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from lsp_server.lsp.lifetime import run as run_loop
    from lsp_server.lsp.logging_setup import set_up
    from lsp_server.lsp.sockets import CannotListen

    try:
        set_up(args.log_level, args.log_file)
    except OSError as error:
        return _refuse(f"the log file {args.log_file} cannot be written: {error.strerror}")
    try:
        session = _session(args)
    except ValueError as error:
        return _refuse(str(error))
    application = (make_application or _application(args))()
    gc.freeze()  # What was made so far stays: no later collection need look at it, in the middle of typing.
    gc.enable()
    try:
        status = run_loop(session(application))
    except CannotListen as error:
        return _refuse(str(error))
    _leave_threads_behind(status)
    return status


def _refuse(text: str) -> int:
    print(f"codestral-lsp: {text}", file=sys.stderr)  # noqa: T201 - said to the person who started it
    return WRONG_USAGE


def _application(args: argparse.Namespace) -> Callable[[], Application]:
    def make() -> Application:
        from lsp_server.app import App

        return App.from_environment(config_file=args.config)

    return make


def _session(args: argparse.Namespace) -> Callable[[Application], Coroutine[Any, Any, int]]:
    """What serves an application over the transport that ``args`` name. Raises ``ValueError``."""
    if not (args.tcp or args.ws):
        from lsp_server.lsp.transport import serve_stdio

        return serve_stdio
    from lsp_server.lsp.addresses import parse_address
    from lsp_server.lsp.sockets import serve_tcp, serve_websocket

    serve = serve_tcp if args.tcp else serve_websocket
    address = parse_address(args.tcp or args.ws)
    return lambda application: serve(application, address)


def _leave_threads_behind(status: int) -> None:
    """Leave the process now if a thread would keep the interpreter from ending, as a busy executor does."""
    if any(thread.is_alive() and not thread.daemon for thread in threading.enumerate()[1:]):
        logging.shutdown()
        os._exit(status)
