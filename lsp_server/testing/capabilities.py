"""What well-known editors announce at ``initialize``, and how they insert what a server sends.

Written from what those clients were seen or read to do; the parts that completion depends on are complete,
the rest is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

JsonObject = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Profile:
    """One editor's client.

    ``plain_text`` is what of a menu item's plain text gets inserted. Snippets are always expanded with the
    line's indentation added to every line but the first, which is what all snippet clients do by default.
    ``skips_inline_start`` drops as many characters of ghost text as stand between its range's start and the
    cursor, without comparing them, and inserts behind the range's end.
    """

    name: str
    capabilities: JsonObject
    client_info: JsonObject | None = None
    asks_inline: bool = False
    plain_text: Literal["as it is", "first line", "first word"] = "as it is"
    runs_inline_command: bool = False
    runs_menu_command: bool = False
    skips_inline_start: bool = False
    full_sync: bool = False
    first_version: int = 1
    version_step: int = 1
    string_ids: bool = False
    sends_context: bool = True
    cancels: bool = True
    settings: JsonObject = field(default_factory=dict)
    """Sent with ``workspace/didChangeConfiguration`` after ``initialized``, and asked for by section."""
    pushes_settings: bool = False


def _completion(*, snippets: bool, modes: tuple[int, ...] = (), markdown: bool | None = True) -> JsonObject:
    """What a client says of its menu; without ``markdown`` it does not say which texts it shows."""
    item: dict[str, Any] = {"snippetSupport": snippets}
    if markdown is not None:
        item["documentationFormat"] = ["markdown", "plaintext"] if markdown else ["plaintext"]
    if modes:
        item["insertTextModeSupport"] = {"valueSet": list(modes)}
    return {"dynamicRegistration": False, "completionItem": item, "contextSupport": True}


def _capabilities(
    completion: JsonObject,
    *,
    encodings: tuple[str, ...] = (),
    inline: object = "absent",
    configuration: bool = False,
    registers_configuration: bool = False,
    edits: JsonObject | None = None,
    shows_documents: bool = False,
) -> JsonObject:
    text_document: dict[str, Any] = {
        "synchronization": {"didSave": True, "dynamicRegistration": False},
        "completion": completion,
    }
    if inline != "absent":
        text_document["inlineCompletion"] = inline
    capabilities: dict[str, Any] = {
        "textDocument": text_document,
        "workspace": {
            "applyEdit": True,
            "configuration": configuration,
            "didChangeConfiguration": {"dynamicRegistration": registers_configuration},
            "workspaceFolders": True,
        },
        "window": {"workDoneProgress": True},
    }
    if edits is not None:
        capabilities["workspace"]["workspaceEdit"] = edits
    if shows_documents:
        capabilities["window"]["showDocument"] = {"support": True}
    if encodings:
        capabilities["general"] = {"positionEncodings": list(encodings)}
    return capabilities


_OPERATIONS: Final = ["create", "rename", "delete"]
_NEOVIM: Final = {"resourceOperations": _OPERATIONS}
"""``documentChanges`` is not announced (0.11), and taken all the same: operations need it."""
_VERSIONED: Final = {"documentChanges": True}
_VERSIONED_OPERATIONS: Final = {"documentChanges": True, "resourceOperations": _OPERATIONS}
_EVERYTHING: Final = {
    "documentChanges": True,
    "resourceOperations": _OPERATIONS,
    "changeAnnotationSupport": {"groupsOnLabel": True},
}

NEOVIM_0_11: Final = Profile(
    name="neovim 0.11",
    client_info={"name": "Neovim", "version": "0.11.4"},
    capabilities=_capabilities(
        _completion(snippets=True),
        encodings=("utf-8", "utf-16", "utf-32"),
        configuration=True,
        edits=_NEOVIM,
        shows_documents=True,
    ),
    plain_text="first word",
    runs_menu_command=True,
    first_version=0,
    version_step=2,
)
NEOVIM_0_12: Final = Profile(
    name="neovim 0.12",
    client_info={"name": "Neovim", "version": "0.12.0"},
    capabilities=_capabilities(
        _completion(snippets=True),
        encodings=("utf-8", "utf-16", "utf-32"),
        inline={"dynamicRegistration": False},
        configuration=True,
        edits=_NEOVIM,
        shows_documents=True,
    ),
    asks_inline=True,
    plain_text="first line",
    runs_inline_command=True,
    runs_menu_command=True,
    first_version=0,
    version_step=2,
    cancels=False,
)
HELIX: Final = Profile(
    name="helix",
    client_info={"name": "helix", "version": "25.07.1 (a05c151b)"},
    capabilities=_capabilities(
        _completion(snippets=True, markdown=None),
        encodings=("utf-8", "utf-32", "utf-16"),
        configuration=True,
        edits=_VERSIONED_OPERATIONS,
        shows_documents=True,
    ),
    pushes_settings=True,
    first_version=0,
    cancels=False,
)
VSCODE: Final = Profile(
    name="vscode",
    client_info={"name": "Visual Studio Code", "version": "1.139.1"},
    capabilities=_capabilities(
        _completion(snippets=True, modes=(1, 2)),
        encodings=("utf-16",),
        inline={"dynamicRegistration": True},
        configuration=True,
        registers_configuration=True,
        edits=_EVERYTHING,
        shows_documents=True,
    ),
    asks_inline=True,
    runs_inline_command=True,
    runs_menu_command=True,
)
LSP4IJ: Final = Profile(
    name="lsp4ij",
    client_info={"name": "IntelliJ IDEA 2026.2", "version": "IntelliJ IDEA (build IU-262.1000.1)"},
    capabilities=_capabilities(
        _completion(snippets=True, modes=(1, 2)),
        encodings=("utf-16",),
        inline={"dynamicRegistration": True},
        configuration=True,
        registers_configuration=True,
        edits=_VERSIONED_OPERATIONS,
        shows_documents=True,
    ),
    asks_inline=True,
    runs_menu_command=True,
    skips_inline_start=True,
    string_ids=True,
    pushes_settings=True,
)
EGLOT_1_9: Final = Profile(
    name="eglot 1.9",
    capabilities=_capabilities(_completion(snippets=False)),
    pushes_settings=True,
)
EGLOT: Final = Profile(
    name="eglot",
    client_info={"name": "Eglot", "version": "1.19"},
    capabilities=_capabilities(
        _completion(snippets=False),
        encodings=("utf-32", "utf-8", "utf-16"),
        configuration=True,
        edits=_VERSIONED,
        shows_documents=True,
    ),
    pushes_settings=True,
)
LSP_MODE: Final = Profile(
    name="lsp-mode",
    client_info={"name": "emacs", "version": "GNU Emacs 30.2"},
    capabilities=_capabilities(
        _completion(snippets=True, modes=(1, 2)),
        encodings=("utf-32", "utf-8", "utf-16"),
        inline=None,
        configuration=True,
        edits=_EVERYTHING,
        shows_documents=True,
    ),
    asks_inline=True,
    runs_inline_command=True,
    runs_menu_command=True,
)
KAKOUNE: Final = Profile(
    name="kakoune",
    client_info={"name": "kakoune-lsp", "version": "18.2.0"},
    capabilities=_capabilities(
        _completion(snippets=True, markdown=False),
        encodings=("utf-8", "utf-16"),
        configuration=True,
        edits=_VERSIONED,
    ),
    sends_context=False,
    pushes_settings=True,
)
ALE: Final = Profile(
    name="ale",
    capabilities=_capabilities(_completion(snippets=False, markdown=False)),
    plain_text="first line",
    full_sync=True,
)

PROFILES: Final = (
    NEOVIM_0_11,
    NEOVIM_0_12,
    HELIX,
    VSCODE,
    LSP4IJ,
    EGLOT_1_9,
    EGLOT,
    LSP_MODE,
    KAKOUNE,
    ALE,
)
"""All of the above."""
