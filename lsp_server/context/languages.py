"""Languages by file name, and which of them are relatives."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Final

_EXTENSIONS: Final = {
    "shellscript": "sh bash zsh ksh bats",
    "c": "c",
    "cpp": "cpp cc cxx c++ h hh hpp hxx h++ ipp inl cu cuh",
    "clojure": "clj cljs cljc",
    "csharp": "cs",
    "css": "css",
    "dart": "dart",
    "elixir": "ex exs",
    "elm": "elm",
    "erlang": "erl hrl",
    "fsharp": "fs fsx",
    "go": "go",
    "groovy": "groovy gradle",
    "haskell": "hs",
    "html": "html htm",
    "java": "java",
    "javascript": "js mjs cjs",
    "javascriptreact": "jsx",
    "json": "json jsonc",
    "julia": "jl",
    "kotlin": "kt kts",
    "less": "less",
    "lua": "lua",
    "markdown": "md markdown",
    "objective-c": "m mm",
    "ocaml": "ml mli",
    "perl": "pl pm",
    "php": "php",
    "powershell": "ps1 psm1",
    "proto": "proto",
    "python": "py pyi pyw",
    "r": "r",
    "restructuredtext": "rst",
    "ruby": "rb rake gemspec",
    "rust": "rs",
    "scala": "scala sc",
    "scss": "scss",
    "sql": "sql",
    "svelte": "svelte",
    "swift": "swift",
    "terraform": "tf",
    "toml": "toml",
    "typescript": "ts mts cts",
    "typescriptreact": "tsx",
    "vue": "vue",
    "yaml": "yaml yml",
    "zig": "zig",
}
"""LSP's identifiers and the endings of their files. A header is read as C++, which has nearly all of C."""
_BY_EXTENSION: Final = {ending: name for name, endings in _EXTENSIONS.items() for ending in endings.split()}
_BY_NAME: Final = {
    "makefile": "makefile",
    "dockerfile": "dockerfile",
    "cmakelists.txt": "cmake",
    "rakefile": "ruby",
    "gemfile": "ruby",
}
_RELATIVES: Final = {
    "c": "c",
    "cpp": "c",
    "cuda-cpp": "c",
    "objective-c": "c",
    "objective-cpp": "c",
    "javascript": "javascript",
    "javascriptreact": "javascript",
    "typescript": "javascript",
    "typescriptreact": "javascript",
    "vue": "javascript",
    "svelte": "javascript",
    "css": "css",
    "scss": "css",
    "less": "css",
    "json": "json",
    "jsonc": "json",
    "bash": "shellscript",
    "sh": "shellscript",
    "zsh": "shellscript",
}


def language_of(path: str) -> str | None:
    """LSP's identifier for the language of a file, or None where its name tells none that we read."""
    pure = PurePosixPath(path)
    return _BY_EXTENSION.get(pure.suffix[1:].lower()) or _BY_NAME.get(pure.name.lower())


def group_of(language: str) -> str:
    """The name of a language's group: code of one language helps in the others of its group."""
    return _RELATIVES.get(language, language)
