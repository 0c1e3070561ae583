"""``codestral-lsp editor list | path NAME``: plugins and configuration that come with the server."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

import lsp_server

README: Final = "README.md"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    text = "show the editors that there are files for"
    actions.add_parser("list", help=text, description=text)
    text = "print the folder with an editor's files; its README.md says how to use them"
    actions.add_parser("path", help=text, description=text).add_argument("name", metavar="NAME")


def run(args: argparse.Namespace) -> int:
    """Do what ``args.action`` says. 0: done. 1: there are no files for editors here. 2: no such editor."""
    folders = {path.parent.name: path.parent for path in sorted(_root().glob(f"*/{README}"))}
    if not folders:
        return _complain(f"the editors' files are not at {_root()}: install codestral-lsp from its wheel", 1)
    if args.action == "list":
        for name, folder in folders.items():
            sys.stdout.write(f"{name:<12}{folder}\n")
        return 0
    if args.name not in folders:
        return _complain(f"no editor is called {args.name!r}; use one of {', '.join(folders)}", 2)
    sys.stdout.write(f"{folders[args.name]}\n")
    return 0


def _root() -> Path:
    """Where the folders are: inside the package once installed, beside it in a checkout."""
    package = Path(lsp_server.__file__).resolve().parent
    installed = package / "editors"
    return installed if installed.is_dir() else package.parent / "editors"


def _complain(text: str, status: int) -> int:
    sys.stderr.write(f"codestral-lsp: {text}\n")
    return status
