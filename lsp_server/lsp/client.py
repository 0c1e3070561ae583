"""What the client can do, read once from the params of ``initialize``.

Read as plain JSON: a client that announces something odd still gets a server, and start-up is spared the
generation of code for some hundred capability types that nothing here looks at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from lsp_server.document.positions import Encoding, choose_encoding
from lsp_server.document.uris import to_path

VSCODE_AND_ITS_KIND: Final = ("Visual Studio Code", "VSCodium", "code-server", "Cursor", "Windsurf")
"""Beginnings of the names of VS Code and what is made of it. They send another request, by hand, when the
user wants the next ghost text, and show ghost text that replaces closers. Others announce that they do."""

HELIX: Final = "helix"
"""It inserts plain text as it is, with the line ends that it has, but restyles and indents snippets. It shows
documentation as Markdown and does not say so."""
JETBRAINS: Final = (
    *("IntelliJ", "PyCharm", "WebStorm", "PhpStorm", "GoLand", "CLion", "RubyMine", "RustRover", "JetBrains"),
    *("Rider", "DataGrip", "DataSpell", "Aqua", "Android Studio", "GIGA IDE", "OpenIDE"),
)
"""Beginnings of the names of the IDEs that LSP4IJ runs in; it sends the IDE's name for its own."""


@dataclass(frozen=True, slots=True)
class Client:
    """The editor at the other end, as far as answers depend on it."""

    name: str = ""
    version: str = ""
    encoding: Encoding = Encoding.UTF16
    inline_completion: bool = False
    """It announces ``textDocument.inlineCompletion`` as an object; lsp-mode's null does not count."""
    snippets: bool = False
    insert_text_modes: frozenset[int] = frozenset()
    markdown: bool = False
    configuration: bool = False
    """It answers ``workspace/configuration``."""
    registers_configuration: bool = False
    """It wants to be asked for ``workspace/didChangeConfiguration``."""
    watches_files: bool = False
    """It can be asked to tell of files that change in the workspace."""
    shows_progress: bool = False
    """It can be asked to show the progress of something that no request of it began."""
    document_changes: bool = False
    """It takes edits for one version of a document. Who makes files takes them: the one needs the other."""
    annotates_changes: bool = False
    """It asks the user before it makes an edit that says so."""
    creates_files: bool = False
    """It makes files that an edit asks for."""
    shows_documents: bool = False
    """It opens a document that it is asked to show."""
    can_prompt: bool = False
    """It asks the user for the words that an action needs (``experimental.codestral.instructions``)."""
    asks_once_for_actions: bool = False
    """It asks for code actions by itself alone, as the cursor moves, and leaves out quick fixes (LSP4IJ)."""
    keeps_line_ends: bool = False
    """Menu items have to bring the document's own line ends (Helix)."""
    takes_status: bool = False
    """It wants to be told what the session is doing (``experimental.codestral.status``)."""
    reaches_behind: bool = False
    """Ghost text may replace closers behind the cursor: VS Code and its kind show it, and who says so
    (``experimental.codestral.replacesAfterCursor``)."""
    asks_again: bool = False
    """Cycling through ghost texts asks for more of them: VS Code and what is made of it, and who says so
    (``experimental.codestral.asksAgain``)."""
    process_id: int | None = None
    folders: tuple[str, ...] = ()
    """Native paths of the workspace's folders."""


def read_client(params: Mapping[str, Any]) -> Client:
    """Return what ``params`` of ``initialize`` tell. What is missing or odd counts as not announced."""
    capabilities = dig(params, "capabilities")
    item = dig(capabilities, "textDocument", "completion", "completionItem")
    settings = dig(capabilities, "workspace", "didChangeConfiguration")
    watching = dig(capabilities, "workspace", "didChangeWatchedFiles")
    ours = dig(capabilities, "experimental", "codestral")
    name = _text(dig(params, "clientInfo", "name"))
    editing = dig(capabilities, "workspace", "workspaceEdit")
    return Client(
        name=name,
        version=_text(dig(params, "clientInfo", "version")),
        encoding=choose_encoding(_strings(dig(capabilities, "general", "positionEncodings"))),
        inline_completion=isinstance(dig(capabilities, "textDocument", "inlineCompletion"), Mapping),
        snippets=dig(item, "snippetSupport") is True and name != HELIX,
        insert_text_modes=_modes(dig(item, "insertTextModeSupport", "valueSet")),
        markdown="markdown" in _strings(dig(item, "documentationFormat")) or name == HELIX,
        configuration=dig(capabilities, "workspace", "configuration") is True,
        registers_configuration=dig(settings, "dynamicRegistration") is True,
        watches_files=dig(watching, "dynamicRegistration") is True,
        shows_progress=dig(capabilities, "window", "workDoneProgress") is True,
        document_changes=dig(editing, "documentChanges") is True
        or bool(_strings(dig(editing, "resourceOperations"))),
        annotates_changes=isinstance(dig(editing, "changeAnnotationSupport"), Mapping),
        creates_files="create" in _strings(dig(editing, "resourceOperations")),
        shows_documents=dig(capabilities, "window", "showDocument", "support") is True,
        can_prompt=dig(ours, "instructions") is True,
        asks_once_for_actions=name.startswith(JETBRAINS),
        keeps_line_ends=name == HELIX,
        takes_status=dig(ours, "status") is True,
        reaches_behind=name.startswith(VSCODE_AND_ITS_KIND) or dig(ours, "replacesAfterCursor") is True,
        asks_again=name.startswith(VSCODE_AND_ITS_KIND) or dig(ours, "asksAgain") is True,
        process_id=_process_id(params.get("processId")),
        folders=_folders(params),
    )


def dig(tree: object, *names: str) -> Any:
    """Return the value at the path ``names`` in nested objects, or None where there is none."""
    for name in names:
        if not isinstance(tree, Mapping):
            return None
        tree = tree.get(name)
    return tree


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _strings(value: object) -> tuple[str, ...]:
    return tuple(v for v in value if isinstance(v, str)) if isinstance(value, list) else ()


def _modes(value: object) -> frozenset[int]:
    return frozenset(v for v in value if isinstance(v, int)) if isinstance(value, list) else frozenset()


def _process_id(value: object) -> int | None:
    """A process to watch. 0 and negative numbers mean groups of processes to the system."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _folders(params: Mapping[str, Any]) -> tuple[str, ...]:
    folders = params.get("workspaceFolders")
    if isinstance(folders, list) and folders:
        return folder_paths(folders)
    root_uri, root_path = params.get("rootUri"), params.get("rootPath")
    if isinstance(root_uri, str):
        return folder_paths([{"uri": root_uri}])
    return (root_path,) if isinstance(root_path, str) and root_path else ()


def folder_paths(folders: object) -> tuple[str, ...]:
    """Return the native paths of workspace folders (``{"uri": ...}``) that are on this machine."""
    uris = (dig(folder, "uri") for folder in folders) if isinstance(folders, list) else ()
    paths = (to_path(uri) for uri in uris if isinstance(uri, str))
    return tuple(path for path in paths if path is not None)
