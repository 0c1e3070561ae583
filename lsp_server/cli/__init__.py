"""The commands, one module each: ``add_arguments(parser)`` and ``run(args) -> exit status``.

Only the module of the command that was asked for is imported, so that ``serve`` starts quickly.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

from lsp_server import __version__

PROGRAM: Final = "codestral-lsp"
COMMANDS: Final = {
    "serve": "speak the language server protocol with an editor (the default)",
    "demo": "show a real session over stdio on a sample file in the terminal",
    "complete": "complete once at FILE:LINE:COLUMN",
    "doctor": "check the configuration and try a real fill on every backend",
    "model": "list, fetch and locate models for the embedded engine",
    "playground": "a browser editor on loopback",
    "editor": "list the editors that there are files for, and print where these are",
    "config": "show the settings in force, their schema, and trust an origin",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that ``arguments`` name and return its exit status.

    0: done. 1: no suggestion, or a failed check. 2: wrong usage or configuration.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or (words[0].startswith("-") and words[0] not in {"-h", "--help", "--version"}):
        words.insert(0, "serve")
    parser = _parser(words[0])
    args = parser.parse_args(words)
    status: int = import_module(f"{__name__}.{args.command}").run(args)
    return status


def _parser(wanted: str) -> argparse.ArgumentParser:
    """The parser with the arguments of ``wanted`` alone filled in."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM, description="Inline code completion for any editor that speaks LSP."
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text)
        if name == wanted:
            import_module(f"{__name__}.{name}").add_arguments(command)
    return parser
