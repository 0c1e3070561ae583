"""``codestral-lsp model list | pull NAME | path NAME``: the models of the embedded engine."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from lsp_server.backends.embedded.catalogue import Model
    from lsp_server.backends.embedded.sources import Phase, Progress

LINES: Final = 10
"""Without a terminal, the progress of a download is a line for each tenth."""
MEGABYTE: Final = 1e6


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    text = "show the models that can be fetched, and which are on this machine"
    listing = actions.add_parser("list", help=text, description=text)
    listing.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    text = "fetch a model, or check the one that is there; an interrupted fetch goes on where it stopped"
    actions.add_parser("pull", help=text, description=text).add_argument("name", metavar="NAME")
    text = "print where a model's file is"
    actions.add_parser("path", help=text, description=text).add_argument("name", metavar="NAME")


def run(args: argparse.Namespace) -> int:
    """Do what ``args.action`` says. 0: done. 1: it failed, or the model is not there. 2: no such model."""
    from lsp_server.backends.embedded import catalogue
    from lsp_server.backends.embedded.folder import models_folder

    folder = models_folder()
    if args.action == "list":
        return _list(folder, as_json=args.json)
    model = catalogue.find(args.name)
    if model is None:
        _complain(f"no model is called {args.name!r}; use one of {catalogue.names()}")
        return 2
    return _path(model, folder) if args.action == "path" else _pull(model, folder)


def _list(folder: Path, *, as_json: bool) -> int:
    from lsp_server.backends.embedded.catalogue import MODELS

    entries = [_entry(model, folder) for model in MODELS]
    if as_json:
        sys.stdout.write(json.dumps({"folder": str(folder), "models": entries}, ensure_ascii=False) + "\n")
        return 0
    sys.stdout.write(f"{'NAME':<22}{'SIZE':>9}{'MEMORY':>10}{'CONTEXT':>9}  {'LICENCE':<12}ON THIS MACHINE\n")
    for entry in entries:
        size, memory = entry["size_bytes"] / MEGABYTE, entry["memory_bytes"] / MEGABYTE
        sys.stdout.write(
            f"{entry['name']:<22}{size:>6.0f} MB{memory:>7.0f} MB{entry['context_tokens']:>9}  "
            f"{entry['licence']:<12}{entry['path'] or 'no'}\n"
        )
    return 0


def _entry(model: Model, folder: Path) -> dict[str, Any]:
    """A model as one element of ``list --json``; ``path`` is null unless its whole file is there."""
    from lsp_server.backends.embedded.catalogue import DEFAULT_MODEL

    path = _present(model, folder)
    return {
        "name": model.name,
        "title": model.title,
        "family": model.family,
        "size_bytes": model.size_bytes,
        "memory_bytes": model.memory_bytes,
        "context_tokens": model.context_tokens,
        "licence": model.licence,
        "sha256": model.sha256,
        "source": f"{model.hub_repository}/{model.hub_file}@{model.hub_revision}",
        "default": model is DEFAULT_MODEL,
        "path": str(path) if path else None,
    }


def _present(model: Model, folder: Path) -> Path | None:
    """Return the model's file if it is there at its full size."""
    path = folder / model.file_name
    try:
        return path if path.stat().st_size == model.size_bytes else None
    except OSError:
        return None


def _path(model: Model, folder: Path) -> int:
    path = _present(model, folder)
    if path is None:
        _complain(f"{model.name} is not on this machine; run `codestral-lsp model pull {model.name}`")
        return 1
    sys.stdout.write(f"{path}\n")
    return 0


def _pull(model: Model, folder: Path) -> int:
    from lsp_server.backends.embedded.download import DownloadFailed, pull

    try:
        with _shown(model) as progress:
            path = pull(model, folder, progress)
    except DownloadFailed as error:
        _complain(str(error))
        return 1
    except KeyboardInterrupt:
        _complain(f"stopped; run `codestral-lsp model pull {model.name}` again to go on")
        return 1
    sys.stdout.write(f"{path}\n")
    return 0


def _complain(text: str) -> None:
    sys.stderr.write(f"codestral-lsp model: {text}\n")


@contextmanager
def _shown(model: Model) -> Iterator[Progress]:
    """Give a callback that shows the progress on standard error: a bar on a terminal, else plain lines."""
    if not sys.stderr.isatty():
        yield plain_progress(model.name, sys.stderr.write)
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(model.name, total=model.size_bytes)

        def progress(phase: Phase, done: int, total: int) -> None:
            bar.update(task, description=f"{model.name}: {phase}", completed=done, total=total)

        yield progress


def plain_progress(name: str, write: Callable[[str], object]) -> Progress:
    """Return a callback that writes a line when the phase changes, and for each tenth of a download."""
    last: tuple[str, int] | None = None

    def progress(phase: Phase, done: int, total: int) -> None:
        nonlocal last
        measured = phase.name == "DOWNLOADING"
        step = (str(phase), done * LINES // total if measured else 0)
        if step != last:
            last = step
            how_far = f", {done / MEGABYTE:.0f} of {total / MEGABYTE:.0f} MB" if measured else ""
            write(f"{name}: {phase}{how_far}\n")

    return progress
