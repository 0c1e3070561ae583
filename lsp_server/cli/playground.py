"""``codestral-lsp playground``: an editor in the browser, to try things without configuring one."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lsp_server.cli.complete import UsageError, cursor_of

if TYPE_CHECKING:
    from lsp_server.lsp.application import Application
    from lsp_server.types import Document

WRONG_USAGE: Final = 2
HOST: Final = "127.0.0.1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    from lsp_server.lsp.logging_setup import LEVELS

    parser.add_argument(
        "files", metavar="FILE", nargs="*", help="open these in the page; they are never written to"
    )
    parser.add_argument("--port", metavar="N", type=int, default=0, help="default: any that is free")
    parser.add_argument("--no-browser", action="store_true", help="only print the page's address")
    parser.add_argument("--config", metavar="FILE", type=Path, help="the user file to read")
    parser.add_argument("--log-file", metavar="FILE", type=Path, help="log there instead of to stderr")
    parser.add_argument("--log-level", choices=LEVELS, default="warning", help="default: %(default)s")


def run(args: argparse.Namespace, make_application: Callable[[], Application] | None = None) -> int:
    """Serve pages until Ctrl-C. 0: that came. 2: wrong usage. 128 and a signal's number: another one came."""
    from lsp_server.lsp.addresses import parse_address
    from lsp_server.lsp.lifetime import run as run_loop
    from lsp_server.lsp.logging_setup import set_up
    from lsp_server.lsp.sockets import CannotListen
    from lsp_server.playground.assets import MissingAssets, load_assets
    from lsp_server.playground.serving import Playground

    try:
        set_up(args.log_level, args.log_file)
    except OSError as error:
        return _refuse(f"the log file {args.log_file} cannot be written: {error.strerror}")
    try:
        address = parse_address(f"{HOST}:{args.port}")
        files = Files(args.files)
        playground = Playground(make_application or _factory(args), load_assets(), files.read, address)
    except (MissingAssets, UsageError, ValueError) as error:
        return _refuse(str(error))

    def ready(url: str) -> None:
        print(url, flush=True)  # noqa: T201 - said to the person who started it
        if not args.no_browser and _has_display():
            _open_browser(url)

    try:
        return run_loop(playground.serve(ready))
    except CannotListen as error:
        return _refuse(str(error))


class Files:
    """The files that pages open. Raises ``UsageError`` for one that cannot be read."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._read = [_document(name) for name in names]

    def read(self) -> Sequence[Document]:
        """The files as they are now; one that cannot be read any more is as it was."""
        for number, name in enumerate(self._names):
            with suppress(UsageError):
                self._read[number] = _document(name)
        return tuple(self._read)


def _document(name: str) -> Document:
    return cursor_of(f"{name}:1:1").document


def _factory(args: argparse.Namespace) -> Callable[[], Application]:
    def make() -> Application:
        from lsp_server.app import App

        return App.from_environment(config_file=args.config)

    return make


def _refuse(text: str) -> int:
    print(f"codestral-lsp playground: {text}", file=sys.stderr)  # noqa: T201 - said to the person who started it
    return WRONG_USAGE


def _has_display() -> bool:
    """Whether a browser would have a screen; without one, a text browser would take the terminal."""
    return sys.platform in {"win32", "darwin"} or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))


def _open_browser(url: str) -> None:
    """Open the page; where there is no browser, its address has been printed already."""
    import threading
    import webbrowser

    # A browser that is slow to start must not keep the page waiting.
    threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
