"""``codestral-lsp demo``: the real server over stdio, a file typed into it, and what an editor would show."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from rich.console import Console

    from lsp_server.testing.editor import FakeEditor

KEY_PAUSE_S: Final = 0.06
"""Between keystrokes: a fast typist, so that the demo does not bore."""
PATIENCE_S: Final = 120.0
"""A model may have to be loaded from a cold disk for the first suggestion."""

SAMPLE: Final = '''"""A till that adds up a basket."""

from dataclasses import dataclass


@dataclass
class Item:
    name: str
    price_cents: int
    quantity: int = 1


def total_cents(items: list[Item]) -> int:
    """Return the price of all items together, in cents."""
    ‸


def cheapest(items: list[Item]) -> Item:
    """Return the item with the lowest price."""


def format_cents(cents: int) -> str:
    """Return an amount such as 1234 as the text 12.34."""
'''


@dataclass(frozen=True, slots=True)
class Scene:
    """What is typed before a suggestion is asked for, and where: behind ``after``, if that is given."""

    title: str
    typed: str
    after: str = ""


SCENES: Final = (
    Scene("The body of a function", "return sum("),
    Scene("Another one, from its docstring", "\n    ", '"""Return the item with the lowest price."""'),
    Scene("The end of the file", "\n    ", 'as the text 12.34."""'),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("--config", metavar="FILE", type=Path, help="the user file to read")


def run(args: argparse.Namespace) -> int:
    """Play the session. 0: at least one suggestion was shown. 1: none was, with the reasons."""
    from rich.console import Console

    console = Console(highlight=False)
    shown = asyncio.run(_play(console, args.config))
    return 0 if shown else 1


async def _play(console: Console, config: Path | None) -> int:
    """Type every scene and return the number of suggestions that were shown."""
    shown = 0
    async with _session(config) as (editor, uri):
        for scene in SCENES:
            console.rule(scene.title, style="dim")
            if scene.after:
                _move_behind(editor, uri, scene.after)
            for key in scene.typed:
                editor.type(uri, key)
                await asyncio.sleep(KEY_PAUSE_S)
            shown += await _suggest(console, editor, uri)
        await _report(console, editor, shown)
        await editor.shutdown()
    return shown


@asynccontextmanager
async def _session(config: Path | None) -> AsyncIterator[tuple[FakeEditor, str]]:
    """A server process, initialised, with the sample open."""
    from lsp_server.testing.capabilities import VSCODE
    from lsp_server.testing.editor import FakeEditor

    command = [sys.executable, "-m", "lsp_server", "serve", "--stdio"]
    if config is not None:
        command += ["--config", str(config)]
    with TemporaryDirectory(prefix="codestral-demo-") as folder:
        uri = _sample_uri(folder)
        async with FakeEditor.of_process(command, VSCODE, dict(os.environ)) as editor:
            editor.patience_seconds = PATIENCE_S
            await editor.initialize()
            editor.open(uri, SAMPLE)
            yield editor, uri


def _sample_uri(folder: str) -> str:
    from lsp_server.document.uris import from_path

    return from_path(str(Path(folder).resolve() / "till.py"))


def _move_behind(editor: FakeEditor, uri: str, text: str) -> None:
    """Put the cursor behind ``text``, as a click would."""
    editor.move(uri, editor.text(uri).index(text) + len(text))


async def _suggest(console: Console, editor: FakeEditor, uri: str) -> int:
    """Ask for ghost text, show it, type its first word along and accept the rest. 1 if there was any.

    Where there is none by itself, it is asked for by hand, as somebody would who waits for it.
    """
    items = await editor.inline(uri)
    await _show(console, editor, uri, items)
    if not items:
        console.print("[dim]asked by hand:[/]")
        items = await editor.inline(uri, invoked=True)
        await _show(console, editor, uri, items)
    if not items:
        return 0
    start = _first_word(items[0]["insertText"])
    editor.type(uri, start)
    again = await editor.inline(uri)
    console.print(f"[dim]typed {start!r} along with it:[/]")
    await _show(console, editor, uri, again)
    if again:
        editor.accept_inline(uri, again[0])
        console.print("[green]accepted[/]\n")
    return 1


def _first_word(text: str) -> str:
    """The beginning of a suggestion that somebody might type by hand: up to its first word's end."""
    word = text[: len(text) - len(text.lstrip())]
    for character in text[len(word) :]:
        if not (character.isalnum() or character == "_") and word.strip():
            break
        word += character
    return word


async def _show(console: Console, editor: FakeEditor, uri: str, items: Sequence[Mapping[str, Any]]) -> None:
    """Print the text around the cursor with the ghost text in it, and where the time went."""
    from rich.text import Text

    from lsp_server.testing.fixtures import MARK

    before, after = editor.marked(uri).split(MARK)
    ghost = items[0]["insertText"] if items else ""
    view = Text("\n".join(before.split("\n")[-6:]))
    view.append("▏", style="bold cyan")
    view.append(ghost, style="italic bright_black")
    view.append("\n".join(after.split("\n")[:2]))
    console.print(view)
    last = (await _explained(editor))["requests"][0]
    if last["gate"]:
        console.print(f"[yellow]no suggestion ({last['gate']}): {last['detail']}[/]")
    times = ", ".join(f"{name} {value:.1f}" for name, value in last["timings_ms"].items())
    console.print(f"[dim]from {last['origin'] or 'nowhere'}, {last['backend']}: {times} ms[/]\n")


async def _report(console: Console, editor: FakeEditor, shown: int) -> None:
    explained = await _explained(editor)
    for backend in explained["backends"]:
        where = "remote" if backend["remote"] else "on this machine"
        console.print(
            f"{shown} of {len(SCENES)} suggestions from [bold]{backend['name']}[/] ({where}): "
            f"{backend['model']}, family {backend['family']}"
        )
    if not explained["backends"]:
        console.print("[red]No backend: run `codestral-lsp doctor`.[/]")


async def _explained(editor: FakeEditor) -> dict[str, Any]:
    answer: dict[str, Any] = await editor.request(
        "workspace/executeCommand", {"command": "codestral.explain"}
    )
    return answer
