"""Settings and folders. The editor's settings reach the application as they came."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from lsp_server.lsp.client import folder_paths

if TYPE_CHECKING:
    from lsp_server.lsp.server import Server

logger = logging.getLogger(__name__)

SECTION: Final = "codestral"
"""The name of our settings among an editor's."""

_WATCHED: Final = types.Registration(
    id=f"{SECTION}-files",
    method=types.WORKSPACE_DID_CHANGE_WATCHED_FILES,
    register_options=types.DidChangeWatchedFilesRegistrationOptions(
        watchers=[types.FileSystemWatcher(glob_pattern="**/*")]
    ),
)


def apply_settings(ls: Server, tree: object) -> None:
    """Pass settings on. Null and empty ones mean no change: Eglot sends ``{}`` when there are none."""
    if tree:
        ls.application.configure(tree)


def did_change_configuration(ls: Server, params: types.DidChangeConfigurationParams) -> None:
    """Take the new settings, or fetch them if the client only says that they changed."""
    if params.settings:
        apply_settings(ls, params.settings)
    elif ls.client.configuration:
        ls.spawn(_pull(ls))


def did_change_workspace_folders(ls: Server, params: types.DidChangeWorkspaceFoldersParams) -> None:
    """Take the new set of folders."""
    added = folder_paths([{"uri": folder.uri} for folder in params.event.added])
    removed = set(folder_paths([{"uri": folder.uri} for folder in params.event.removed]))
    kept = [path for path in ls.folders if path not in removed and path not in added]
    ls.folders = (*kept, *dict.fromkeys(added))
    ls.application.set_workspace(ls.folders)


async def follow_settings(ls: Server) -> None:
    """Fetch the settings, and ask to be told of changes of them and of files, as far as the client offers."""
    if ls.client.registers_configuration:
        registration = types.Registration(
            id=SECTION,
            method=types.WORKSPACE_DID_CHANGE_CONFIGURATION,
            register_options=types.DidChangeConfigurationRegistrationOptions(section=SECTION),
        )
        ls.spawn(_register(ls, registration))
    if ls.client.watches_files:
        ls.spawn(_register(ls, _WATCHED))
    if ls.client.configuration:
        await _pull(ls)


async def _register(ls: Server, registration: types.Registration) -> None:
    try:
        await ls.client_register_capability_async(types.RegistrationParams([registration]))
    except JsonRpcException:
        logger.info("The client does not register %s", registration.method)


async def _pull(ls: Server) -> None:
    items = [types.ConfigurationItem(section=SECTION)]
    try:
        found = await ls.workspace_configuration_async(types.ConfigurationParams(items))
    except JsonRpcException:
        logger.info("The client has no answer to workspace/configuration")
        return
    if isinstance(found, list) and found:
        apply_settings(ls, found[0])


HANDLERS: Final[Mapping[str, Callable[..., Any]]] = {
    types.WORKSPACE_DID_CHANGE_CONFIGURATION: did_change_configuration,
    types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS: did_change_workspace_folders,
}
