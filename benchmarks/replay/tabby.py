"""A peer in the table: tabby-agent, typed through as we are, with the same scripted model behind it.

It has to be installed (``npm install tabby-agent@1.5.0``) and found: by the variable ``TABBY_AGENT``, on
``PATH``, or in ``node_modules`` of the working directory. Without it its row says so.

Over LSP, version 1.5.0 answers only ``textDocument/completion``, with one item that replaces the word before
the cursor; ``TabbyEditor`` asks for that and hands it on as ghost text. It passes no cancels on: a newer
request ends the older one.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks.replay.client import PROFILES
from benchmarks.replay.figures import PACED
from benchmarks.replay.processes import running_model
from benchmarks.replay.session import Outcome, Wait, replay
from benchmarks.replay.traces import SAMPLES, Style, load
from benchmarks.replay.typing import AT_ONCE, WRONG, Sum
from benchmarks.table import Row, percentiles
from lsp_server.testing.channel import ProcessChannel
from lsp_server.testing.editor import FakeEditor, JsonObject, Pending

NAME: Final = "tabby-agent"
SERVER: Final = "benchmarks.replay.tabby_server"
PATIENCE_S: Final = 60.0
LAST_ANSWERS_S: Final = 5.0
"""The last key's request may still be open when the typing is over; the agent drops it if it has to end."""
STYLES: Final = (Style.VSCODE, Style.HELIX)
"""Ghost text as the agent's users in VS Code have it, and the menu, which is all that it offers over LSP."""


def find_agent() -> list[str] | None:
    """The command that starts the agent as a language server; None where it is not installed.

    What ``TABBY_AGENT`` names is the only place that is looked at if it is set.
    """
    named = os.environ.get("TABBY_AGENT")
    if named:
        found = shutil.which(named)
    else:
        local = Path.cwd() / "node_modules" / ".bin"
        found = shutil.which(NAME) or shutil.which(NAME, path=str(local))
    return [found, "--lsp", "--stdio"] if found else None


class TabbyEditor(FakeEditor):
    """An editor that asks for menu items where it wants ghost text. ``version`` is the agent's."""

    version: str = ""

    async def initialize(self, options: object = None, **params: object) -> JsonObject:
        """Open the session."""
        result = await super().initialize(options, **params)
        self.version = result["serverInfo"]["version"]
        return result

    def request(self, method: str, params: object = None) -> Pending:
        """Send a request; one for ghost text as one for menu items, whose answer becomes ghost text."""
        if method != "textDocument/inlineCompletion" or not isinstance(params, Mapping):
            return super().request(method, params)
        menu = super().request("textDocument/completion", {**params, "context": {"triggerKind": 1}})
        ghost = Pending(menu.id, method, self.patience_seconds)

        def hand_on(answered: asyncio.Future[Any]) -> None:
            error = answered.exception()
            if error is None:
                ghost.future.set_result({"items": ghost_texts(answered.result(), params["position"])})
            else:
                ghost.future.set_exception(error)

        menu.future.add_done_callback(hand_on)
        return ghost

    async def shutdown(self) -> int:
        """Close the session when everything has been answered, and return the agent's exit status."""
        unanswered = [pending.future for pending in self._pending.values()]
        if unanswered:
            await asyncio.wait(unanswered, timeout=LAST_ANSWERS_S)
        return await super().shutdown()


def ghost_texts(answer: JsonObject, position: Mapping[str, int]) -> list[dict[str, Any]]:
    """Menu items as ghost text behind ``position``: without the word before it, which they repeat."""
    texts = []
    for item in answer["items"]:
        edit = item["textEdit"]
        end = edit["range"]["end"]
        repeated = position["character"] - edit["range"]["start"]["character"]
        span = {"start": position, "end": end}
        texts.append({"insertText": edit["newText"][repeated:], "range": span})
    return texts


@asynccontextmanager
async def running_agent(command: Sequence[str], url: str, style: Style) -> AsyncIterator[TabbyEditor]:
    """An editor in front of the agent, which knows the server at ``url`` and tells nobody else anything.

    All but that is left at the agent's defaults; its home is a folder of its own.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        config = Path(folder) / ".tabby-client" / "agent" / "config.toml"
        config.parent.mkdir(parents=True)
        config.write_text(
            f'[server]\nendpoint = "{url}"\n\n[anonymousUsageTracking]\ndisable = true\n', encoding="utf-8"
        )
        environment = {**os.environ, "HOME": folder, "USERPROFILE": folder}
        async with TabbyEditor(ProcessChannel(command, environment), PROFILES[style]) as editor:
            editor.patience_seconds = PATIENCE_S
            await editor.initialize()
            yield editor
            await editor.shutdown()


def late_beyond_answer_ms(wait: Wait, log: Sequence[Mapping[str, Any]], style: Style) -> float:
    """As ``late_ms`` of ``benchmarks.replay.typing``, but with the time for the model's whole answer taken
    off, because the agent gets nothing before its end.
    """
    start_s = wait.key_s if style is Style.VSCODE else wait.asked_s
    model_s = 0.0
    for each in log:
        if each["received_s"] <= wait.answered_s and (each["closed_s"] or wait.answered_s) >= start_s:
            model_s = PACED["first_token_s"] + max(0, each["tokens"] - 1) * PACED["token_s"]
    return (wait.answered_s - start_s - model_s) * 1000


async def tabby_rows(*, quick: bool) -> list[Row]:
    """The agent's rows; one without figures where it is not installed. The quick ones take one sample."""
    command = find_agent()
    if command is None:
        note = f"skipped: no {NAME} in TABBY_AGENT, on PATH or in node_modules"
        return [Row(f"typing, {NAME}", "", {}, {}, note=note)]
    at_once = asyncio.Semaphore(AT_ONCE)
    samples = SAMPLES[:1] if quick else SAMPLES
    rows = []
    for style in STYLES:
        numbered = enumerate(samples, start=1)
        each = (_type(command, style, name, seed, at_once) for seed, name in numbered)
        versions, outcomes = zip(*await asyncio.gather(*each), strict=True)
        rows += rows_of(f"typing, {style.name.title()}, {NAME} {versions[0]}", style, Sum(list(outcomes)))
    return rows


def rows_of(what: str, style: Style, typed: Sum) -> list[Row]:
    """The rows of what was typed through the agent."""
    beyond = [late_beyond_answer_ms(wait, o.log, style) for o in typed.outcomes for wait in o.waits]
    pauses = f"{len(beyond)} pauses" if beyond else "no text came while the typist looked"
    late = f"{what}: ghost text in a pause, later than the model"
    whole = percentiles(beyond) if beyond else {}
    return [
        Row(f"{what}: requests to the model", "", typed.requests(), {}, note=f"{typed.keys} keys"),
        Row(late, "ms", typed.delays(style), {}, note=pauses),
        Row(f"{late} takes for its whole answer", "ms", whole, {}, note=pauses),
    ]


async def _type(
    command: Sequence[str], style: Style, name: str, seed: int, at_once: asyncio.Semaphore
) -> tuple[str, Outcome]:
    """The agent's version, and one sample typed through it."""
    async with at_once, running_model(SERVER) as model, running_agent(command, model.url, style) as editor:
        await model.set(**PACED, constant="", wrong=WRONG)
        return editor.version, await replay(model, editor, load(name), style, seed=seed, ours=False)
