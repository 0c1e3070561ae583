"""The composition root: the session's state, and the way from what the editor tells and asks to the engine.

``building`` makes the engine from the settings in force. It is imported after ``initialize`` was answered.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from lsp_server.backends.base import BackendError
from lsp_server.config.locations import cache_folder
from lsp_server.config.settings import Settings
from lsp_server.context.view import Diagnostic
from lsp_server.document.store import DocumentStore
from lsp_server.in_force import InForce
from lsp_server.notices import Notice, Notices
from lsp_server.schedule.clock import Clock, SystemClock
from lsp_server.schedule.pause import Pause
from lsp_server.schedule.supersede import Streams
from lsp_server.status import Status, StatusTeller, status_of
from lsp_server.telemetry.events import Log
from lsp_server.telemetry.page import request_markdown
from lsp_server.telemetry.tally import stats_markdown
from lsp_server.types import Answer, Cursor, Position, Request, Trigger

if TYPE_CHECKING:
    from lsp_server.action_session import ActionSession
    from lsp_server.actions.model import Offer, Outcome, Page, Situation
    from lsp_server.building import Built
    from lsp_server.keychain import Keychain
    from lsp_server.routing.router import Route
    from lsp_server.workspace import Workspace

logger = logging.getLogger(__name__)

INDEX_AFTER_MS: Final = 1000.0
"""Milliseconds after the start before the workspace is read: the editor starts too, and other servers."""


class App:
    """The whole server but for its transport: documents, settings, engine, and what the user is told.

    Nothing here raises at a keystroke. A change of settings builds a new engine; what ran in the old one ends
    by itself.
    """

    def __init__(
        self, config_file: Path | None, environ: Mapping[str, str], clock: Clock | None = None
    ) -> None:
        self.documents = DocumentStore()
        self._workspace: Workspace | None = None
        self._clock = clock or SystemClock()
        self._notices = Notices()
        self._in_force = InForce(
            config_file, environ, self._clock, self._notices, lambda: self._surroundings, self._health_changed
        )
        self._actions: ActionSession | None = None
        self._streams = Streams()
        self._log = Log()
        self._pause = Pause(self._clock)
        self._status = StatusTeller(self._clock, self._look)
        self._approve: Callable[[str, str], Awaitable[bool]] | None = None
        self._on_progress: Callable[[str, int, int], None] | None = None
        self._starting: asyncio.Task[None] | None = None
        self._background: set[asyncio.Task[Any]] = set()

    @classmethod
    def from_environment(cls, config_file: Path | None = None) -> App:
        """The app for this process: its environment, the user's file, the system's clock."""
        return cls(config_file, os.environ)

    # What the editor tells.

    def subscribe(
        self,
        on_notice: Callable[[Notice], None],
        approve: Callable[[str, str], Awaitable[bool]],
        on_progress: Callable[[str, int, int], None] | None = None,
    ) -> None:
        """Send notices to ``on_notice``, those that waited first, and ask ``approve`` about origins."""
        self._approve, self._on_progress = approve, on_progress
        self._notices.subscribe(on_notice)

    def configure(self, tree: object) -> None:
        """Take the editor's settings over those it sent before. Wrong values are said once and left out."""
        if self._in_force.configure(tree):
            self._start_again()

    def set_workspace(self, folders: Sequence[str]) -> None:
        """Take the workspace's folders (native paths); their settings files may narrow the settings."""
        if self._in_force.set_folders(folders):
            self._start_again()

    async def start(self) -> None:
        """Find a backend if none is configured, and warm up the one that will answer."""
        if self._starting is None:
            self._starting = asyncio.ensure_future(self._start())
        await asyncio.shield(self._starting)
        self._status.changed()

    def document_changed(self, uri: str) -> None:
        """Let the engine compare the change with what runs and what is shown."""
        document = self.documents.get(uri)
        built = self._in_force.built
        if document is not None and built:
            edits = self.documents.last_edits(uri)
            built.engine.document_changed(document, edits)
            relative = built.policy.relative(Cursor(document, Position(0, 0)))
            self._surroundings.document_changed(document, edits, relative, self._clock.now_ms())
        if self._actions is not None:
            self._actions.document_changed(uri)

    def document_closed(self, uri: str) -> None:
        """End what runs for the document and forget what is kept for it."""
        self._streams.close(f"{uri}\n")
        if self._in_force.built:
            self._in_force.built.engine.forget(uri)
            self._surroundings.document_closed(uri)
        if self._actions is not None:
            self._actions.forget(uri)

    def files_changed(self, paths: Sequence[str]) -> None:
        """Read files of the workspace again (native paths) that were saved, made or deleted."""
        if self._workspace is not None:
            self._workspace.files_changed(paths)
        built = self._in_force.built
        if built and built.policy.paths:
            built.policy.paths.files_changed(paths)

    # What the editor asks.

    @property
    def menu(self) -> Literal["auto", "always", "never"]:
        """The setting ``completion.menu``."""
        return self.settings.completion.menu

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._in_force.resolved.settings

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong in the configuration, a line each."""
        return tuple(str(problem) for problem in self._in_force.resolved.problems)

    @property
    def routes(self) -> tuple[Route, ...]:
        """The backends in use, first choice first."""
        return self._current().router.routes

    async def complete(self, request: Request) -> Answer:
        """Answer ``request``; a newer one of the same stream ends it with the gate ``superseded``."""
        with self._status.waiting():
            answer = await self._streams.run(request.stream, self._complete(request))
        answer = self._log.identified(answer)
        self._tell_ignore_files()
        cursor = request.cursor
        self._log.record(
            self._current().policy.relative(cursor) or cursor.document.uri,
            cursor.document.language,
            (cursor.position.line, cursor.position.column),
            request.trigger,
            answer,
        )
        return answer

    def shown(self, suggestion_id: str) -> None:
        """Note that a suggestion was shown."""
        self._log.shown(suggestion_id)

    def accepted(self, suggestion_id: str, length: int | None) -> None:
        """Note that a suggestion was taken, or its first ``length`` UTF-16 units."""
        self._log.accepted(suggestion_id, length)

    def snooze(self, minutes: float | None) -> None:
        """Make no automatic suggestions for ``minutes``; None ends a snooze."""
        self._pause.snooze(minutes)
        self._status.changed()
        if minutes is not None:
            self._status.changes_in(minutes * 60_000.0)

    def toggle(self) -> bool:
        """Switch automatic suggestions off or on again, which also ends a snooze; returns whether on."""
        on = self._pause.toggle()
        self._status.changed()
        return on

    async def offers(self, situation: Situation, *, can_prompt: bool) -> Sequence[Offer]:
        """The code actions that make sense in ``situation``; ``can_prompt``: those that need words too."""
        reports = [Diagnostic(d.span.start.line, d.message) for d in situation.diagnostics]
        asked = range(situation.selection.start.line, situation.selection.end.line + 1)
        self._surroundings.diagnosed(situation.document, asked, reports)
        on = self._pause.gate is None
        return await self._action_session.offers(
            situation, self.settings, can_prompt=can_prompt, completions_on=on
        )

    async def act(
        self, name: str, situation: Situation, instruction: str, on_progress: Callable[[str, int], None]
    ) -> Outcome:
        """Do a code action. Raises nothing but ``asyncio.CancelledError``."""
        runner = self._current().runner
        with self._status.waiting():
            return await self._action_session.act(
                name, situation, instruction, self.settings, runner, on_progress
            )

    def keep_page(self, page: Page) -> Path | None:
        """Write a page to a file that the editor can open; None if that cannot be done."""
        return self._action_session.keep_page(page)

    def backends(self) -> Sequence[dict[str, object]]:
        """The state of each backend, first choice first; ``chosen`` is the one that the user put there."""
        return [
            {**state, "chosen": state["name"] == self._in_force.chosen}
            for state in self._current().router.as_json()
        ]

    def choose_backend(self, name: str | None) -> bool:
        """Ask ``name`` first in this session; None: as the settings say. False if there is none."""
        if name is not None and name not in {route.backend.name for route in self.routes}:
            return False
        if self._in_force.choose(name):
            self._start_again()
        return True

    def status(self) -> Status:
        """What the session is doing."""
        return self._status.look()

    def watch_status(self, on_status: Callable[[Status], None]) -> None:
        """Tell ``on_status`` the status, now and at each change."""
        self._status.watch(on_status)

    def explain(self) -> dict[str, object]:
        """The last requests and the state of each backend, as plain JSON values without source text."""
        return {
            "backends": self._current().router.as_json(),
            "budgets": self._in_force.builder.budgets.as_json(),
            "problems": list(self.problems),
            "tokens": self._current().engine.account.as_json(),
            "context": self._current().engine.context_json(),
            "requests": self._log.as_json(),
            "markdown": request_markdown(self._log.last_json()),
        }

    def stats(self) -> dict[str, object]:
        """The counts of this session, as plain JSON values, and as a page for people (``markdown``)."""
        stats = self._log.stats()
        return {**stats, "markdown": stats_markdown(stats)}

    async def close(self) -> None:
        """End everything: requests, connections, child processes."""
        for task in (*self._background, *([self._starting] if self._starting else [])):
            task.cancel()
        self._streams.close("")
        self._status.close()
        await self._in_force.close()
        if self._actions is not None:
            self._actions.close()
        if self._workspace is not None:
            await self._workspace.close()

    def _tell_ignore_files(self) -> None:
        """Say, once each, which ignore files cannot be used, so that their folders are local only."""
        built = self._in_force.built
        paths = built.policy.paths if built else None
        for problem in paths.problems if paths else ():
            self._notices.say("warning", problem)

    async def _complete(self, request: Request) -> Answer:
        if request.trigger is Trigger.AUTOMATIC and self._pause.gate is not None:
            return Answer(gate=self._pause.gate)
        if self._starting and not self._starting.done() and not self._current().router.routes:
            await asyncio.shield(self._starting)
        return await self._current().engine.complete(request)

    def _current(self) -> Built:
        return self._in_force.current()

    def _start_again(self) -> None:
        """Start on the new settings, if the start has begun."""
        if self._starting is not None:
            self._starting = None
            self._in_background(self.start())

    @property
    def _keychain(self) -> Keychain:
        return self._in_force.builder.keychain

    @property
    def _action_session(self) -> ActionSession:
        from lsp_server.action_session import ActionSession

        if self._actions is None:
            self._actions = ActionSession(cache_folder(self._in_force.environ), self._log)
        return self._actions

    @property
    def _surroundings(self) -> Workspace:
        from lsp_server.workspace import Workspace

        if self._workspace is None:
            self._workspace = Workspace(self.documents)
        return self._workspace

    async def _start(self) -> None:
        from lsp_server.startup import ask_for_approvals, find_backend, look_at, wait_for_keys

        force, notices = self._in_force, self._notices
        resolved = force.current().resolved
        if self._approve and await ask_for_approvals(resolved, self._approve, force.environ, notices):
            force.forget()
        if await wait_for_keys(self._keychain, notices, others=bool(self.routes)):
            force.forget()
        elif self._keychain.is_waiting:
            self._in_background(self._start_with_keys())
        if not self.routes and not force.resolved.configured:
            make = partial(force.builder.route, folders=force.folders)
            found = await find_backend(force.resolved, make, self._clock, force.environ, notices)
            if found is not None:
                force.discover(found)
        for number, route in enumerate(self._current().router.routes):
            # A hosted one that steps in has its SDK imported by then; a second engine here is not started.
            if not number or route.backend.destination.remote:
                await route.backend.warm_up()
            if not number and self._status.is_watched:
                await look_at(self._current().router, route)
        self._in_background(self._start_index())

    async def _start_with_keys(self) -> None:
        await self._keychain.answered()
        self._in_force.forget()
        self._start_again()

    async def _start_index(self) -> None:
        await self._clock.sleep_ms(INDEX_AFTER_MS)
        settings = self.settings
        folders = self._in_force.folders
        if settings.context.enabled and folders:
            cache = cache_folder(self._in_force.environ)
            exclude = settings.privacy.exclude
            self._surroundings.start_index(cache, folders, exclude, self._on_progress)

    def _health_changed(self, route: Route, error: BackendError | None) -> None:
        if error is None:
            self._notices.say("info", f"{route.backend.name} answers again.", again=True)
        else:
            self._notices.say("warning", str(error), again=True)
        self._status.changed()

    def _look(self, working: bool) -> Status:
        from lsp_server.engine import DISABLED

        router = self._current().router
        starting = self._starting is None or not self._starting.done() or self._keychain.is_waiting
        gate = self._pause.gate or (None if self.settings.completion.enabled else DISABLED)
        return status_of(router.routes, router.active(), gate, working=working, starting=starting)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
