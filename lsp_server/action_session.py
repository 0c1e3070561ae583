"""Code actions of a session: what is offered where, and what comes of it when somebody chooses one."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

from cachetools import LRUCache

from lsp_server.action_runner import ActionRunner, Job
from lsp_server.actions.custom import UserAction, When
from lsp_server.actions.model import CHANGED, CLOSED, Offer, Outcome, Page, Refused, Result, Situation
from lsp_server.actions.offers import ActionConfig, offer_for, offers
from lsp_server.actions.structure import Structure
from lsp_server.actions.templates import ActionTemplate, builtin, custom
from lsp_server.config.settings import ActionSettings, Settings
from lsp_server.telemetry.events import Log
from lsp_server.telemetry.page import request_markdown

logger = logging.getLogger(__name__)

ResultT = TypeVar("ResultT")

TOLD: Final = "explain-completion"
"""The one page that no model writes."""
EDIT: Final = "edit"
NOT_HERE: Final = "that cannot be done here any more"
NEEDS_WORDS: Final = "edit by instruction needs an instruction: the command's argument `instruction`"
STRUCTURES: Final = 4
"""Documents whose syntax is kept: people go between a few. Of 10,000 lines it takes some 20 MB."""
LONGEST_NAME: Final = 40
PAGES: Final = 20
"""Pages that are kept in the cache folder: what an editor still shows must not go."""


class ActionSession:
    """One per session. Documents are parsed in one thread of its own, so that the event loop never waits."""

    def __init__(self, cache: Path, log: Log) -> None:
        self._folder = cache / "pages"
        self._log = log
        self._thread = ThreadPoolExecutor(1, "actions")
        self._structures: LRUCache[str, Structure] = LRUCache(STRUCTURES)
        self._pages = 0
        self._running: dict[asyncio.Future[Outcome], str] = {}
        self._left: dict[asyncio.Future[Outcome], str] = {}

    async def offers(
        self, situation: Situation, settings: Settings, *, can_prompt: bool, completions_on: bool
    ) -> tuple[Offer, ...]:
        """The actions that make sense in ``situation``."""
        config = ActionConfig(can_prompt, completions_on, own_actions(settings))
        return await self._in_thread(
            lambda: offers(situation, config=config, structure=self._structure(situation))
        )

    async def act(
        self,
        name: str,
        situation: Situation,
        instruction: str,
        settings: Settings,
        runner: ActionRunner,
        on_progress: Callable[[str, int], None],
    ) -> Outcome:
        """Do the action ``name``. Raises nothing but ``asyncio.CancelledError``."""
        if name == TOLD:
            return Page("The last completion", request_markdown(self._log.last_json()))
        own = own_actions(settings)
        offer = await self._in_thread(lambda: self._chosen(name, situation, instruction, own))
        if offer is None or offer.result is Result.NONE:
            return Refused(NOT_HERE)
        if name == EDIT and not offer.instruction.strip():
            return Refused(NEEDS_WORDS)
        running = asyncio.ensure_future(runner.run(Job(offer, situation, _template(name, own)), on_progress))
        if offer.result not in (Result.MARKDOWN, Result.NEW_FILE):
            self._running[running] = situation.document.uri
        try:
            return await running
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if running in self._left and not (task and task.cancelling()):
                return Refused(self._left[running])
            raise
        finally:
            self._running.pop(running, None)
            self._left.pop(running, None)

    def document_changed(self, uri: str) -> None:
        """End what would edit the document: it is no longer the text that the model was shown."""
        self._leave(uri, CHANGED)

    def keep_page(self, page: Page) -> Path | None:
        """Write the page into the cache folder, for its owner alone, and forget old ones; None on failure."""
        name = "".join(c if c.isalnum() else "-" for c in page.title.lower())[:LONGEST_NAME]
        self._pages += 1
        path = self._folder / f"{name}-{os.getpid()}-{self._pages}.md"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _forget_old_pages(self._folder)
            path.touch(mode=0o600, exist_ok=False)
            path.write_text(page.markdown, encoding="utf-8")
        except OSError as error:
            logger.warning("A page cannot be written: %s", error.strerror)
            return None
        return path

    def forget(self, uri: str) -> None:
        """The document was closed: what would edit it ends."""
        self._leave(uri, CLOSED)
        self._thread.submit(self._structures.pop, uri, None)

    def close(self) -> None:
        """Parse nothing more."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _leave(self, uri: str, reason: str) -> None:
        for running, edited in self._running.items():
            if edited == uri:
                self._left[running] = reason
                running.cancel()

    def _chosen(
        self, name: str, situation: Situation, instruction: str, own: tuple[UserAction, ...]
    ) -> Offer | None:
        return offer_for(
            name,
            situation,
            config=ActionConfig(own=own),
            instruction=instruction,
            structure=self._structure(situation),
        )

    async def _in_thread(self, work: Callable[[], ResultT]) -> ResultT:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _structure(self, situation: Situation) -> Structure:
        """The syntax of the document, as it is kept or made now. Runs in the thread."""
        document, line = situation.document, situation.selection.start.line
        known = self._structures.get(document.uri)
        if known is None or not known.covers(document, line):
            known = Structure.of(document, line)
            self._structures[document.uri] = known
        return known


def _forget_old_pages(folder: Path) -> None:
    """Leave room for one more. Another server may do the same at this moment."""
    with suppress(FileNotFoundError):
        newest_last = sorted(folder.glob("*.md"), key=lambda path: path.stat().st_mtime_ns)
        for path in newest_last[: max(0, len(newest_last) - PAGES + 1)]:
            path.unlink(missing_ok=True)


def own_actions(settings: Settings) -> tuple[UserAction, ...]:
    """The user's own actions."""
    return tuple(_own(action) for action in settings.actions)


def _own(action: ActionSettings) -> UserAction:
    return UserAction(
        name=action.name,
        title=action.title or action.name,
        prompt=action.prompt,
        kind=action.kind,
        languages=action.languages,
        when=When(action.when),
        result=Result(action.result),
    )


def _template(name: str, own: tuple[UserAction, ...]) -> ActionTemplate:
    action = next((action for action in own if action.name == name), None)
    return builtin(name) if action is None else custom(name, action.prompt)
