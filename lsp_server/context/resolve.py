"""Which file of the workspace an import means. Pure: what files there are is asked of the caller."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from lsp_server.context.languages import language_of

_SCRIPT: Final = (
    ".ts",
    ".tsx",
    ".d.ts",
    ".js",
    ".jsx",
    ".mjs",
    ".cjs",
    ".mts",
    ".cts",
    ".vue",
    ".svelte",
    ".json",
)
_CLASSES: Final = {
    "java": (".java", ".kt"),
    "kotlin": (".kt", ".java", ".kts"),
    "scala": (".scala", ".java"),
    "csharp": (".cs",),
    "php": (".php",),
    "swift": (".swift",),
}
_PLAIN: Final = {
    "ruby": ("", ".rb"),
    "lua": (".lua", "/init.lua"),
    "shellscript": ("", ".sh", ".bash"),
    "css": ("", ".css", ".scss", ".less"),
}
_ROOTS: Final = frozenset(("mod.rs", "lib.rs", "main.rs"))


class Files(Protocol):
    """What files a workspace folder has."""

    def has(self, path: str) -> bool:
        """Whether there is a file at ``path``."""
        ...

    def by_stem(self, stem: str) -> Sequence[str]:
        """The files of that name without endings; ``__init__``, ``index``, ``mod`` by their folder's."""
        ...

    def in_folder(self, name: str) -> Sequence[str]:
        """The files that lie in folders of that name."""
        ...


def resolved(module: str, importer: str, files: Files) -> str | None:  # noqa: PLR0911 - as many languages
    """The file that ``module`` means in an import of ``importer``, or None for what lies elsewhere."""
    if not module or len(module) > 500:  # noqa: PLR2004 - no module has such a name
        return None
    language = language_of(importer) or ""
    match language:
        case "python":
            return _python(module, importer, files)
        case "javascript" | "javascriptreact" | "typescript" | "typescriptreact" | "vue" | "svelte":
            return _script(module, importer, files)
        case "go":
            return _go(module, importer, files)
        case "rust":
            return _rust(module, importer, files)
        case "c" | "cpp" | "objective-c":
            return _beside(module, importer, ("",), files)
    if language in _CLASSES:
        return _class(module.replace("\\", ".").replace("/", "."), importer, _CLASSES[language], files)
    if language == "lua":
        module = module.replace(".", "/")
    return _beside(module, importer, _PLAIN.get(language, ("",)), files)


def _python(module: str, importer: str, files: Files) -> str | None:
    name = module.lstrip(".")
    dots = len(module) - len(name)
    path = name.replace(".", "/")
    endings = (".py", "/__init__.py", ".pyi", "/__init__.pyi")
    if dots:
        folder = importer
        for _ in range(dots):
            folder = posixpath.dirname(folder)
        return _first(
            (posixpath.join(folder, path) if path else folder), endings if path else endings[1::2], files
        )
    return _by_suffix(path, importer, endings, files)


def _script(module: str, importer: str, files: Files) -> str | None:
    endings = ("", *_SCRIPT, *(f"/index{ending}" for ending in _SCRIPT))
    if module.startswith("."):
        path = posixpath.normpath(posixpath.join(posixpath.dirname(importer), module))
        # TypeScript's sources name the files that they become.
        stem, ending = posixpath.splitext(path)
        sources = (".ts", ".tsx") if ending in {".js", ".jsx", ".mjs"} else ()
        return _first(path, endings, files) or _first(stem, sources, files)
    if module.startswith(("@/", "~/", "#/", "/", "src/")):
        return _by_suffix(module.lstrip("@~#/"), importer, endings, files)
    return _first(module, endings, files)


def _go(module: str, importer: str, files: Files) -> str | None:
    found = files.in_folder(module.rpartition("/")[2])
    folders = {posixpath.dirname(path) for path in found if path.endswith(".go")}
    fitting = [
        folder
        for folder in folders
        if module == folder or module.endswith(f"/{folder}") or folder.endswith(f"/{module}")
    ]
    if not fitting or "/" not in module:
        return None
    folder = max(fitting, key=lambda f: (len(f), _shared(f, importer)))
    inside = sorted(path for path in found if posixpath.dirname(path) == folder and path.endswith(".go"))
    own = [path for path in inside if not path.endswith("_test.go")]
    named = f"{folder}/{posixpath.basename(folder)}.go"
    return named if named in own else next(iter(own or inside), None)


def _rust(module: str, importer: str, files: Files) -> str | None:
    parts = module.split("::")
    folder, name = posixpath.split(importer)
    own = folder if name in _ROOTS else posixpath.join(folder, name.removesuffix(".rs"))
    if parts[0] == "crate":
        above = importer.split("/")[:-1]
        base = (
            "/".join(above[: len(above) - above[::-1].index("src")])
            if "src" in above
            else above[0]
            if above
            else ""
        )
        parts = parts[1:]
    elif parts[0] in {"self", "super"}:
        base = own
        while parts and parts[0] in {"self", "super"}:
            base = posixpath.dirname(base) if parts[0] == "super" else base
            parts = parts[1:]
    else:
        return _by_suffix(f"{parts[0].replace('_', '-')}/src/lib", importer, (".rs",), files) or _rust_under(
            own, parts, files
        )
    return _rust_under(base, parts, files)


def _rust_under(base: str, parts: list[str], files: Files) -> str | None:
    """The file of the longest beginning of a path: what follows is an item in it."""
    for length in range(len(parts), 0, -1):
        found = _first(posixpath.join(base, *parts[:length]), (".rs", "/mod.rs"), files)
        if found:
            return found
    return next((path for name in sorted(_ROOTS) if files.has(path := posixpath.join(base, name))), None)


def _class(module: str, importer: str, endings: Sequence[str], files: Files) -> str | None:
    parts = module.split(".")
    # A nested class or a member may come last: then the file is named by a part before it.
    for length in range(len(parts), max(0, len(parts) - 2), -1):
        found = _by_suffix("/".join(parts[:length]), importer, endings, files, at_least=1)
        if found:
            return found
    return None


def _beside(module: str, importer: str, endings: Sequence[str], files: Files) -> str | None:
    path = posixpath.normpath(posixpath.join(posixpath.dirname(importer), module))
    return _first(path, endings, files) or _by_suffix(
        posixpath.normpath(module).lstrip("./"), importer, endings, files
    )


def _by_suffix(
    path: str, importer: str, endings: Sequence[str], files: Files, at_least: int = 0
) -> str | None:
    """The file whose path ends in ``path``, the nearest to the importer.

    With ``at_least``, one with so many of its last parts is enough.
    """
    if not path:
        return None
    wanted = [path + ending for ending in endings]
    found = [p for p in files.by_stem(posixpath.basename(path).partition(".")[0]) if _fits(p, wanted)]
    if not found and at_least:
        short = [posixpath.basename(path) + ending for ending in endings]
        found = [p for p in files.by_stem(posixpath.basename(path)) if _fits(p, short)]
    return max(found, key=lambda p: (_shared(p, importer), -len(p)), default=None)


def _fits(path: str, wanted: Sequence[str]) -> bool:
    return any(path == end or path.endswith(f"/{end}") for end in wanted)


def _first(path: str, endings: Sequence[str], files: Files) -> str | None:
    return next((full for full in _candidates(path, endings) if files.has(full)), None)


def _candidates(path: str, endings: Sequence[str]) -> Iterator[str]:
    for ending in endings:
        full = posixpath.normpath(path + ending).removeprefix("./")
        if not full.startswith("../"):
            yield full


def _shared(path: str, other: str) -> int:
    """How many folders two paths have in common from the start."""
    return len(posixpath.commonpath([posixpath.dirname(path), posixpath.dirname(other)]).split("/"))
