"""What a session asks before its first completion: the user about origins, and the machine about backends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from importlib.util import find_spec
from typing import Final

from lsp_server.backends.base import BackendError
from lsp_server.config.approvals import Approvals
from lsp_server.config.environment import mistral_key_names, ollama_address
from lsp_server.config.layers import Resolved
from lsp_server.config.locations import data_folder
from lsp_server.config.settings import BackendSettings
from lsp_server.keychain import Keychain
from lsp_server.notices import Notices
from lsp_server.routing.discovery import can_fill, discover
from lsp_server.routing.route import Route
from lsp_server.routing.router import Router
from lsp_server.schedule.clock import Clock

KEYRING_S: Final = 1.0
"""Seconds that the other backends wait for the keyring: one that is open answers in a tenth of that."""
LOCKED_NOTICE: Final = (
    "The system keyring has not answered yet: unlock it, or allow access. "
    "Backends whose keys are in it are used once it has."
)

Approve = Callable[[str, str], Awaitable[bool]]


async def ask_for_approvals(
    resolved: Resolved, approve: Approve, environ: Mapping[str, str], notices: Notices
) -> bool:
    """Ask the user about each remote origin that only the editor names, and remember a yes.

    Returns whether there was one.
    """
    approvals = Approvals(data_folder(environ))
    approved = False
    for name, origin in resolved.needs_approval:
        if not await approve(origin, f"the editor's settings want to send code to it (backend {name})"):
            continue
        approved = True
        try:
            approvals.approve(origin)
        except OSError as error:
            why = f"the approval of {origin} cannot be kept ({error.strerror})"
            notices.say("warning", f"{why}: make the data folder writable")
    return approved


async def wait_for_keys(keychain: Keychain, notices: Notices, *, others: bool) -> bool:
    """Wait for the keyring, if it has been asked; returns whether it has answered what it was asked.

    A keyring that does not answer soon is locked and has asked the user: they are told what waits. Where
    there are other backends to go on with, it is not waited for any longer.
    """
    if not keychain.is_waiting:
        return False
    answered = asyncio.ensure_future(keychain.answered())
    try:
        await asyncio.wait({answered}, timeout=KEYRING_S)
        if keychain.is_waiting:
            notices.say("warning", LOCKED_NOTICE)
            if others:
                return False
        await answered
    finally:
        answered.cancel()
    return True


async def find_backend(
    resolved: Resolved,
    make_route: Callable[[BackendSettings], Route | None],
    clock: Clock,
    environ: Mapping[str, str],
    notices: Notices,
) -> BackendSettings | None:
    """The backend for a session that configures none, or None; what was found is told."""

    async def try_ollama(settings: BackendSettings) -> bool:
        route = make_route(settings) if resolved.allows(settings) else None
        return route is not None and await can_fill(route, clock)

    found = await discover(
        ollama_address(environ),
        try_ollama,
        has_mistral_key=bool(mistral_key_names(environ)),
        remote_refused=not resolved.may_discover_remote,
        has_embedded=find_spec("xllamacpp") is not None,
    )
    if found.notice:
        notices.say(found.level, found.notice)
    return found.backend


async def look_at(router: Router, route: Route) -> None:
    """Ask a backend on this machine for its model, so that what is wrong is known before the first request.

    What fails is told as that of a request is. A remote one is not asked: nothing goes out before somebody
    types.
    """
    if route.backend.destination.remote:
        return
    try:
        await router.identify(route)
    except BackendError as error:
        router.failed(route, error)
