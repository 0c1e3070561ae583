"""From the settings in force to an engine: every room is named here and in ``app``, and nowhere else.

Imported when the first engine is built, after ``initialize`` was answered: until then only the settings are
needed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lsp_server.action_runner import ActionRunner
from lsp_server.backends.base import BackendError
from lsp_server.backends.create import create_backend
from lsp_server.config.keys import KeyRefused, resolve_key
from lsp_server.config.layers import Resolved
from lsp_server.config.locations import data_folder
from lsp_server.config.settings import BackendSettings
from lsp_server.config.trust import is_remote
from lsp_server.engine import Engine, Memory
from lsp_server.gathering import Gatherer
from lsp_server.keychain import KeyAwaited, Keychain
from lsp_server.notices import Notices
from lsp_server.policy.clearance import Policy
from lsp_server.policy.ignores import PathPolicy
from lsp_server.policy.paths import PathRules
from lsp_server.prompt.detection import is_known
from lsp_server.routing.budgets import FOLDER, Budgets
from lsp_server.routing.licences import notice
from lsp_server.routing.router import Route, Router, in_order
from lsp_server.routing.session import read_salt, session_value
from lsp_server.schedule.clock import Clock
from lsp_server.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Built:
    """What one configuration amounts to."""

    resolved: Resolved
    policy: Policy
    router: Router
    engine: Engine
    runner: ActionRunner


class Builder:
    """Builds engines. Backends that a new configuration has as well are used again, as is the memory."""

    def __init__(
        self,
        environ: Mapping[str, str],
        clock: Clock,
        notices: Notices,
        workspace: Workspace,
        on_change: Callable[[Route, BackendError | None], None],
    ) -> None:
        self._environ = environ
        self._clock = clock
        self._notices = notices
        self._workspace = workspace
        self._on_change = on_change
        self._memory = Memory()
        self.keychain = Keychain()
        self.budgets = Budgets(
            data_folder(environ) / FOLDER, clock, lambda line: notices.say("warning", line)
        )
        self._spare: dict[tuple[BackendSettings, str], Route] = {}
        self._sessions: dict[tuple[str, ...], str] = {}

    def build(
        self,
        resolved: Resolved,
        folders: Sequence[str],
        discovered: Sequence[BackendSettings],
        first: str | None = None,
    ) -> Built:
        """Return what ``resolved`` amounts to; ``discovered`` are for where it has no backend.

        The backend named ``first`` is asked before the others, if it is one of those in use.
        """
        settings = resolved.settings
        privacy = settings.privacy
        rules = PathRules(privacy.exclude, privacy.local_only)
        policy = Policy(
            rules,
            remote_allowed=resolved.remote_allowed,
            folders=folders,
            secrets=privacy.secrets,
            paths=PathPolicy(rules, folders, privacy.gitignored, now_ms=self._clock.now_ms),
        )
        found = [] if resolved.configured else [b for b in discovered if resolved.allows(b)]
        backends = in_order(resolved.usable_backends or found, settings.routing.order)
        backends.sort(key=lambda backend: backend.name != first)
        routes = [route for backend in backends if (route := self.route(backend, folders)) is not None]
        on_model = None if settings.licence.production else self._tell_licence
        router = Router(routes, self._clock, self._on_change, self.budgets, on_model)
        gatherer = None
        if settings.context.enabled:
            gatherer = Gatherer(settings, policy, self._workspace, self._clock)
        engine = Engine(settings, policy, router, self._clock, self._memory, gatherer)
        runner = ActionRunner(settings, policy, router, gatherer)
        return Built(resolved, policy, router, engine, runner)

    def route(self, settings: BackendSettings, folders: Sequence[str]) -> Route | None:
        """The backend, or None: its key or address can't be used, which is said, or the key is awaited."""
        session = self._session(folders)
        spare = self._spare.pop((settings, session), None)
        if spare is not None:
            return spare
        try:
            key = resolve_key(settings, environ=self._environ, read_keyring=self.keychain.read)
            backend = create_backend(
                settings, key=key, session=session, remote=is_remote(settings), suitable=is_known
            )
        except KeyAwaited:
            return None
        except (KeyRefused, ValueError) as error:
            self._notices.say("warning", str(error))
            return None
        return Route(backend, settings)

    def retire(self, built: Built, folders: Sequence[str]) -> None:
        """Let an engine plan nothing more, and keep its backends for the next one."""
        built.engine.retire()
        session = self._session(folders)
        self._spare.update({(route.settings, session): route for route in built.router.routes})

    async def close_spare(self) -> None:
        """Close the backends that no engine has taken."""
        spare, self._spare = self._spare, {}
        for route in spare.values():
            await route.backend.close()

    async def close(self) -> None:
        """Close the backends that no engine has taken, and write what was spent."""
        await self.close_spare()
        await asyncio.to_thread(self.budgets.close)

    def _tell_licence(self, route: Route) -> None:
        """Say once that a model's licence rules out use at work; where that is forbidden a gate says it."""
        line = notice(route.info, route.backend.destination) if route.info is not None else ""
        if line:
            self._notices.say("warning", f"{route.backend.name}: {line}")

    def _session(self, folders: Sequence[str]) -> str:
        key = tuple(folders)
        if key not in self._sessions:
            self._sessions[key] = session_value(read_salt(data_folder(self._environ)), key)
        return self._sessions[key]
