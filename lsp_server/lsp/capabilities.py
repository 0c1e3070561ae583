"""What the server announces: the two completions, code actions, document sync and its commands.

Never more, so that no other language server of the same buffer is shadowed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lsprotocol import types

from lsp_server.lsp.application import Menu
from lsp_server.lsp.client import Client

TRIGGER_CHARACTERS: Final = (".", "(", "[", "{", ":", "=", ",")
"""Where ordinary completion starts by itself in every editor. No letters and no space: Helix and ALE ask at
once for each of these."""


KINDS: Final = (
    types.CodeActionKind.QuickFix,
    types.CodeActionKind.RefactorRewrite,
    types.CodeActionKind.RefactorExtract,
    types.CodeActionKind.Source,
)


def serves_menu(menu: Menu, client: Client) -> bool:
    """Whether ordinary completion is for this client: ``auto`` leaves it to clients without ghost text."""
    return menu == "always" or (menu == "auto" and not client.inline_completion)


def announce(client: Client, menu: Menu, commands: Sequence[str]) -> types.ServerCapabilities:
    """Return the capabilities for ``client``."""
    completion = types.CompletionOptions(trigger_characters=TRIGGER_CHARACTERS, resolve_provider=False)
    return types.ServerCapabilities(
        position_encoding=types.PositionEncodingKind(client.encoding.value),
        text_document_sync=types.TextDocumentSyncOptions(
            open_close=True,
            change=types.TextDocumentSyncKind.Incremental,
            save=types.SaveOptions(include_text=False),
        ),
        inline_completion_provider=True,
        completion_provider=completion if serves_menu(menu, client) else None,
        code_action_provider=types.CodeActionOptions(code_action_kinds=list(KINDS), resolve_provider=False),
        execute_command_provider=types.ExecuteCommandOptions(commands=list(commands)),
        workspace=types.WorkspaceOptions(
            workspace_folders=types.WorkspaceFoldersServerCapabilities(
                supported=True, change_notifications=True
            )
        ),
    )
