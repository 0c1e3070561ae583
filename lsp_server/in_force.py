"""What is in force: the settings from all sources, and the engine that was built from them.

``building`` makes the engine. It is imported with the first one, after ``initialize`` was answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lsp_server.backends.base import BackendError
from lsp_server.config.editor import combined
from lsp_server.config.layers import Resolved
from lsp_server.config.load import load
from lsp_server.config.settings import BackendSettings
from lsp_server.notices import Notices
from lsp_server.schedule.clock import Clock

if TYPE_CHECKING:
    from lsp_server.building import Builder, Built
    from lsp_server.routing.router import Route
    from lsp_server.workspace import Workspace


class InForce:
    """The settings in force and their engine; each is made when it is asked for.

    What changes them returns whether it did. The next question then makes an engine anew, on the backends
    that stay; what runs in the old one ends by itself.
    """

    def __init__(
        self,
        config_file: Path | None,
        environ: Mapping[str, str],
        clock: Clock,
        notices: Notices,
        workspace: Callable[[], Workspace],
        on_health: Callable[[Route, BackendError | None], None],
    ) -> None:
        self.environ = environ
        self.folders: tuple[str, ...] = ()
        self.chosen: str | None = None
        """The backend that the user has put first in this session."""
        self.built: Built | None = None
        """The engine, if there is one."""
        self._config_file = config_file
        self._clock = clock
        self._notices = notices
        self._workspace = workspace
        self._on_health = on_health
        self._editor_tree: object = None
        self._discovered: tuple[BackendSettings, ...] = ()
        self._resolved: Resolved | None = None
        self._builder: Builder | None = None
        self._closing: set[asyncio.Task[None]] = set()

    def configure(self, tree: object) -> bool:
        """Take the editor's settings over those it sent before. Wrong values are said once and left out."""
        tree = combined(self._editor_tree, tree)
        if tree == self._editor_tree:
            return False
        self.forget()
        self._editor_tree = tree
        return True

    def set_folders(self, folders: Sequence[str]) -> bool:
        """Take the workspace's folders (native paths); their settings files may narrow the settings."""
        if tuple(folders) == self.folders:
            return False
        self.forget()
        self.folders = tuple(folders)
        return True

    def choose(self, name: str | None) -> bool:
        """Put the backend ``name`` first; None: as the settings say."""
        if name == self.chosen:
            return False
        self.forget()
        self.chosen = name
        return True

    def discover(self, backend: BackendSettings) -> None:
        """Use ``backend`` as long as none is configured."""
        self.forget()
        self._discovered = (backend,)

    def forget(self) -> None:
        """The next question reads the settings again and builds an engine, on the backends that stay."""
        old, self.built, self._resolved = self.built, None, None
        if old is not None:
            self.builder.retire(old, self.folders)

    @property
    def resolved(self) -> Resolved:
        """The settings; what is wrong in them is said when they are read."""
        if self._resolved is None:
            self._resolved = load(self._config_file, self.environ, self._editor_tree, self.folders)
            for problem in self._resolved.problems:
                self._notices.say("warning", str(problem))
        return self._resolved

    @property
    def builder(self) -> Builder:
        """What engines are built by."""
        from lsp_server.building import Builder

        if self._builder is None:
            workspace = self._workspace()
            self._builder = Builder(self.environ, self._clock, self._notices, workspace, self._on_health)
        return self._builder

    def current(self) -> Built:
        """The engine, built now if there is none."""
        if self.built is None:
            self.built = self.builder.build(self.resolved, self.folders, self._discovered, self.chosen)
            closing = asyncio.ensure_future(self.builder.close_spare())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
        return self.built

    async def close(self) -> None:
        """End the engine, its connections and its child processes."""
        if self.built is not None:
            await self.built.engine.close()
            await self.built.router.close()
        if self._closing:
            await asyncio.wait(self._closing)
        if self._builder is not None:
            await self._builder.close()
