"""Imports of each language, from the text of their statements."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from lsp_server.context.model import Import

if TYPE_CHECKING:
    from tree_sitter import Node

LONGEST: Final = 4000
"""Characters of a statement that are read: some 200 names."""

_STRING: Final = re.compile(r"""["'`<]([^"'`<>\n]{1,300})["'`>]""")
_FROM: Final = re.compile(r"\bfrom\s+([\w.]+)\s+import\b(.*)", re.DOTALL)
_WORD: Final = re.compile(r"[^\W\d]\w*")
_RUST_HEAD: Final = re.compile(r"^\s*(?:pub(?:\([^)]*\))?\s+)?(?:use|mod|extern\s+crate)\s+")
_PATH: Final = re.compile(
    r"^\s*(?:global\s+)?(?:import|using|use|@testable\s+import)\s+(?:static\s+|function\s+|const\s+|class\s+|"
    r"struct\s+|func\s+)?(?:(\w+)\s*=\s*)?([\w.\\]+)"
)
_ALIAS: Final = re.compile(r"\bas\s+(\w+)")
_BRACES: Final = re.compile(r"\{([^{}]*)\}")
_COMMENT: Final = re.compile(r"#[^\n]*|//[^\n]*|/\*.*?\*/", re.DOTALL)


def imports_of(node: Node, language: str) -> list[Import]:  # noqa: PLR0911 - a line for each language
    """The imports that a statement makes. Both names of ``a as b`` are among those it brings."""
    text = (node.text or b"")[: 4 * LONGEST].decode("utf-8", "replace")[:LONGEST]
    line = node.start_point[0]
    match language:
        case "python":
            return _python(_COMMENT.sub("", text), line)
        case "javascript" | "javascriptreact" | "typescript" | "typescriptreact":
            return _javascript(text, line)
        case "rust":
            return _rust(_COMMENT.sub("", text), line)
        case "go":
            return _go(text, line)
        case "c" | "cpp":
            return [Import(found, (), line) for found in _STRING.findall(text)[:1]]
        case "ruby":
            return _ruby(text, line)
        case "shellscript":
            return _shell(text, line)
    return _dotted(_COMMENT.sub("", text), line)


def required(node: Node, call: Node | None) -> Import | None:
    """The import of ``x = require("y")``, or None if ``call`` is another one."""
    function = call and (call.child_by_field_name("function") or call.child_by_field_name("name"))
    if call is None or function is None or function.text != b"require":
        return None
    found = _STRING.search((call.text or b"")[:LONGEST].decode("utf-8", "replace"))
    bound = (node.text or b"")[:LONGEST].decode("utf-8", "replace").partition("=")[0]
    return Import(found[1], _words(bound), node.start_point[0]) if found else None


def _python(text: str, line: int) -> list[Import]:
    found = _FROM.match(text)
    if found:
        return [Import(found[1], _words(found[2], "as"), line)]
    imports = []
    for part in text.removeprefix("import").split(","):
        module, _, alias = part.strip().partition(" as ")
        if module.strip():
            imports.append(Import(module.strip(), (alias.strip() or module.strip().partition(".")[0],), line))
    return imports


def _javascript(text: str, line: int) -> list[Import]:
    strings = _STRING.findall(text)
    head = text.rpartition("from")[0] if " from" in text or "}from" in text else ""
    names = _words(head, "import", "export", "type", "as", "from")
    return [Import(strings[-1], names, line)] if strings else []


def _go(text: str, line: int) -> list[Import]:
    found = _STRING.search(text)
    if not found:
        return []
    alias = text[: found.start()].strip()
    name = alias if alias not in {"", "_", "."} else found[1].rpartition("/")[2]
    return [Import(found[1], (name,), line)]


def _ruby(text: str, line: int) -> list[Import]:
    found = _STRING.search(text)
    if not found:
        return []
    relative = text.startswith("require_relative") and not found[1].startswith(".")
    return [Import(f"./{found[1]}" if relative else found[1], (), line)]


def _shell(text: str, line: int) -> list[Import]:
    word, _, rest = text.partition(" ")
    path = rest.strip().strip("\"'")
    return [Import(path, (), line)] if word in {"source", "."} and path else []


def _rust(text: str, line: int) -> list[Import]:
    tree = _RUST_HEAD.sub("", text).rstrip("; \n")
    if re.match(r"\s*(?:pub(?:\([^)]*\))?\s+)?mod\b", text):
        return [Import(f"self::{tree}", (tree,), line)]
    grouped: dict[str, list[str]] = {}
    for path in _expanded("".join(tree.split(" ")) if " as " not in tree else tree, 0):
        full, _, alias = path.partition(" as ")
        module, _, name = full.strip().rpartition("::")
        names = grouped.setdefault(module or name, [])
        names.extend(word for word in (name, alias.strip()) if word and word not in {"*", "self", "_"})
    return [Import(module, tuple(names), line) for module, names in grouped.items() if module]


def _expanded(tree: str, depth: int) -> list[str]:
    """The paths of a tree such as ``a::{b, c::{d, e}}``."""
    head, brace, rest = tree.partition("{")
    if not brace or depth > 8:  # noqa: PLR2004 - deeper trees are made to be deep
        return [" ".join(tree.split())]
    inner = rest.rpartition("}")[0]
    parts, level, start = [], 0, 0
    for at, sign in enumerate(inner):
        level += (sign == "{") - (sign == "}")
        if sign == "," and not level:
            parts.append(inner[start:at])
            start = at + 1
    parts.append(inner[start:])
    paths = (path for part in parts if part.strip() for path in _expanded(part.strip(), depth + 1))
    return [f"{head.strip()}{path}" for path in paths]


def _dotted(text: str, line: int) -> list[Import]:
    """Java, Kotlin, Scala, C#, Swift and PHP."""
    string = _STRING.search(text)
    if string:
        return [Import(string[1], (), line)]
    found = _PATH.match(text)
    if not found:
        return []
    separator = "\\" if "\\" in found[2] else "."
    module = found[2].strip(separator).removesuffix("._")
    group = _BRACES.search(text)
    if group:
        module = module.rstrip(separator)
        imports = []
        for part in group[1].split(","):
            names = _words(part, "as", "function", "const")
            if names:
                imports.append(Import(f"{module}{separator}{names[0]}", names, line))
        return imports
    if "*" in text or found[2].endswith("._"):
        return [Import(module, (), line)]
    alias = _ALIAS.search(text)
    brought = (module.rpartition(separator)[2], alias[1] if alias else found[1] or "")
    return [Import(module, tuple(name for name in brought if name), line)]


def _words(text: str, *without: str) -> tuple[str, ...]:
    words = dict.fromkeys(_WORD.findall(text))
    return tuple(word for word in words if word not in {*without, "const", "let", "var", "local"})
