"""The grammars of programming languages: those that are installed, loaded when first asked for."""

from __future__ import annotations

import importlib
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tree_sitter import Language

_MODULES: Final = {
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
    "csharp": ("tree_sitter_c_sharp", "language"),
    "css": ("tree_sitter_css", "language"),
    "go": ("tree_sitter_go", "language"),
    "html": ("tree_sitter_html", "language"),
    "java": ("tree_sitter_java", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "javascriptreact": ("tree_sitter_javascript", "language"),
    "json": ("tree_sitter_json", "language"),
    "kotlin": ("tree_sitter_kotlin", "language"),
    "lua": ("tree_sitter_lua", "language"),
    "markdown": ("tree_sitter_markdown", "language"),
    "php": ("tree_sitter_php", "language_php"),
    "python": ("tree_sitter_python", "language"),
    "ruby": ("tree_sitter_ruby", "language"),
    "rust": ("tree_sitter_rust", "language"),
    "scala": ("tree_sitter_scala", "language"),
    "shellscript": ("tree_sitter_bash", "language"),
    "sql": ("tree_sitter_sql", "language"),
    "swift": ("tree_sitter_swift", "language"),
    "toml": ("tree_sitter_toml", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "typescriptreact": ("tree_sitter_typescript", "language_tsx"),
    "yaml": ("tree_sitter_yaml", "language"),
}
"""By LSP's language identifiers."""


@lru_cache(maxsize=64)
def grammar(language: str) -> Language | None:
    """The grammar for LSP's identifier of a language, or None where none is installed that can be used.

    Others than those above come from ``tree-sitter-language-pack`` where it is installed.
    """
    try:
        from tree_sitter import Language

        module, function = _MODULES.get(language, ("", ""))
        if module:
            return Language(getattr(importlib.import_module(module), function)())
        pack = importlib.import_module("tree_sitter_language_pack")
        found: Language = pack.get_language(language)
    except (ImportError, AttributeError, LookupError, ValueError, OSError):
        return None
    return found
