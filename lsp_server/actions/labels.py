"""What people and models write behind a fence to name a language."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from lsp_server.actions.tree import canonical

_WRITTEN: Final = {
    "python": "py python2 python3 py3 python-repl pycon",
    "javascript": "js mjs cjs node ecmascript",
    "javascriptreact": "jsx",
    "typescript": "ts mts cts",
    "typescriptreact": "tsx",
    "go": "golang",
    "rust": "rs",
    "java": "",
    "kotlin": "kt kts",
    "csharp": "cs c# dotnet",
    "c": "h",
    "cpp": "c++ cc cxx hpp cplusplus",
    "ruby": "rb",
    "php": "php7 php8",
    "lua": "",
    "swift": "",
    "scala": "sc",
    "shellscript": "sh bash shell zsh console shell-session",
    "html": "htm",
    "css": "scss less",
    "json": "jsonc json5",
    "yaml": "yml",
    "toml": "",
    "sql": "mysql postgresql sqlite plsql",
    "perl": "pl",
    "haskell": "hs",
    "elixir": "ex exs",
    "r": "",
    "dart": "",
    "zig": "",
    "xml": "",
    "diff": "patch udiff",
    "powershell": "ps1 pwsh",
}
_LANGUAGE_OF: Final = MappingProxyType(
    {label: language for language, others in _WRITTEN.items() for label in (language, *others.split())}
)
_FAMILIES: Final = (
    frozenset(("javascript", "javascriptreact", "typescript", "typescriptreact")),
    frozenset(("c", "cpp")),
)
"""Languages that are taken for each other."""


def agrees(label: str, language: str) -> bool | None:
    """Whether a label names ``language``; None for one that names none that is known."""
    wanted = canonical(language)
    named = _LANGUAGE_OF.get(label, label)
    if named == wanted or any(named in family and wanted in family for family in _FAMILIES):
        return True
    return False if named in _WRITTEN else None
