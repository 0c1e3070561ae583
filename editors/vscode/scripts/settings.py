# ruff: noqa: INP001 - a script beside TypeScript
"""Write ``contributes.configuration`` of ``package.json`` from the server's settings, or check it.

Names, types, limits and defaults come from the settings' JSON schema, the sentences from the tables of
``docs/configuration.md``, and what an editor must not set from the table in ``lsp_server.config.trust``.

    python scripts/settings.py [--check]
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from lsp_server.config.schema import schema
from lsp_server.config.sources import Source
from lsp_server.config.trust import Rule, Wider, narrowed, rule_for

FOLDER: Final = Path(__file__).resolve().parents[1]
MANIFEST: Final = FOLDER / "package.json"
DOCUMENT: Final = FOLDER.parents[1] / "docs" / "configuration.md"

TITLES: Final[Mapping[str, str]] = {
    "completion": "Suggestions",
    "context": "Context",
    "privacy": "Privacy",
    "routing": "Routing",
    "licence": "Licences",
    "telemetry": "Telemetry",
    "backends": "Backends",
    "experiments": "Experiments",
}
"""Section to heading. ``actions`` are for the user's file alone."""

WINDOW: Final = frozenset({"completion.enabled", "completion.languages"})
"""What a workspace may say, and the extension takes no more of it than that suggestions are off. The rest has
machine scope: VS Code takes it from the user's settings alone, never from files of a repository."""

SERVER: Final[Mapping[str, Any]] = {
    "title": "Server",
    "properties": {
        "codestral.server.path": {
            "type": "string",
            "default": "codestral-lsp",
            "scope": "machine",
            "markdownDescription": "The server's program: a name that is looked for on the `PATH` and in "
            "`~/.local/bin`, or an absolute path (`~/` is your home folder).",
        },
        "codestral.server.arguments": {
            "type": "array",
            "items": {"type": "string"},
            "default": [],
            "scope": "machine",
            "markdownDescription": "Arguments for the server, such as `--config` and a file, "
            "or `--log-file` and one.",
        },
    },
}

UNSAID: Final = "as the server's own file says"
"""The label of saying nothing, for settings in which an editor has one choice alone."""

_HEADING: Final = re.compile(r"### `\[+(\w+)\]+`")
_ROW: Final = re.compile(r"\| (`\w+`(?:, `\w+`)*) \|(?:.*?\|)? ([^|]+) \|$")
_KEPT: Final = (
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "minLength",
    "maxLength",
    "pattern",
    "enum",
    "const",
)

_SAID_OTHERWISE: Final[Mapping[str, str]] = {
    "completion.enabled": "Suggest at all. A workspace can switch suggestions off, and not on.",
    "completion.languages": "Language identifier to `true` or `false`; languages that are not named are on. "
    "A workspace can switch languages off, and not on.",
    "privacy.remote": '`"never"`: no code leaves this machine, whatever else says. '
    "What allows remote backends stands in the server's own file.",
    "privacy.gitignored": "Files that git ignores are shown to local backends only. "
    "What allows more stands in the server's own file.",
    "backends": "Models and where they run, merged by name over those of the server's own file. A remote "
    "address that the file does not name has to be approved once. Keys stand in the file alone.",
    "experiments": "Comparisons of backends on your own typing.",
}
"""Sentences that the documentation's tables do not have, because they are about an editor."""


def configuration() -> list[dict[str, Any]]:
    """What ``contributes.configuration`` has to be."""
    tree = schema()
    texts = _texts(DOCUMENT.read_text(encoding="utf-8"))
    sections = [_section(name, title, tree, texts) for name, title in TITLES.items()]
    return [dict(SERVER), *sections]


def _section(name: str, title: str, tree: dict[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    node = _resolved(tree["properties"][name], tree)
    if node.get("type") == "array":
        properties = {name: _list_of_tables(name, node, tree, texts)}
    else:
        paths = {f"{name}.{field}": value for field, value in node["properties"].items()}
        properties = {path: _setting(path, value, texts) for path, value in paths.items()}
    return {"title": title, "properties": {f"codestral.{path}": value for path, value in properties.items()}}


def _setting(path: str, node: dict[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    """One setting. Values that no editor may choose are not offered."""
    value = _type(node)
    if "enum" in value:
        value["enum"] = [choice for choice in value["enum"] if _may_choose(path, node["default"], choice)]
    default = node.get("default", {} if node.get("type") == "object" else None)
    if len(value.get("enum", ())) == 1:
        # With its only value as the default, it would say so where the server's own file says otherwise.
        value |= {"type": [value["type"], "null"], "enum": [None, *value["enum"]]}
        value["enumItemLabels"] = [UNSAID, *value["enum"][1:]]
        default = None
    return {
        **value,
        "default": default,
        "scope": "window" if path in WINDOW else "machine",
        "markdownDescription": _SAID_OTHERWISE.get(path) or _sentence(texts[path]),
    }


def _list_of_tables(
    name: str, node: dict[str, Any], tree: dict[str, Any], texts: Mapping[str, str]
) -> dict[str, Any]:
    """A list of tables, without the names in them that no editor may set."""
    table = _resolved(node["items"], tree)
    fields = {
        field: {
            **_type(_with_items(value, tree)),
            "markdownDescription": _sentence(texts[f"{name}.{field}"]),
        }
        for field, value in table["properties"].items()
        if rule_for(f"{name}.any.{field}", Source.EDITOR) is not Rule.NEVER
    }
    return {
        "type": "array",
        "items": {
            "type": "object",
            "properties": fields,
            "required": table["required"],
            "additionalProperties": False,
        },
        "default": [],
        "scope": "machine",
        "markdownDescription": _SAID_OTHERWISE[name],
    }


def _with_items(node: dict[str, Any], tree: dict[str, Any]) -> dict[str, Any]:
    """``node`` with the table that it is a list of in place of a reference."""
    if "$ref" not in node.get("items", {}):
        return node
    table = _resolved(node["items"], tree)
    fields = {field: _type(value) for field, value in table["properties"].items()}
    items = {key: table[key] for key in ("type", "required", "additionalProperties")} | {"properties": fields}
    return {**node, "items": items}


def _type(node: dict[str, Any]) -> dict[str, Any]:
    """The type and the limits of a value, in the part of JSON schema that VS Code's settings know."""
    choices = node.get("anyOf")
    if choices:
        kinds = [_type(choice) for choice in choices]
        limits = {key: value for kind in kinds for key, value in kind.items() if key not in ("type", "const")}
        values = [kind["const"] for kind in kinds if "const" in kind]
        # A pattern stands for the one word that is allowed beside numbers: `enum` would forbid these.
        words = {"pattern": f"^({'|'.join(values)})$"} if values else {}
        return {"type": [kind["type"] for kind in kinds], **limits, **words}
    kept = {key: node[key] for key in _KEPT if key in node}
    if isinstance(node.get("items"), dict):
        kept["items"] = node["items"]
    if isinstance(node.get("additionalProperties"), dict):
        kept["additionalProperties"] = node["additionalProperties"]
    return {"type": node["type"], **kept}


def _may_choose(path: str, default: object, choice: object) -> bool:
    """Whether an editor may set ``choice`` where nothing else has been said."""
    if rule_for(path, Source.EDITOR) is not Rule.NARROW:
        return True
    try:
        narrowed(path, default, choice)
    except Wider:
        return False
    return True


def _resolved(node: dict[str, Any], tree: dict[str, Any]) -> dict[str, Any]:
    """``node``, or the definition it refers to."""
    reference = node.get("$ref")
    definition: dict[str, Any] = tree["$defs"][reference.rpartition("/")[2]] if reference else node
    return definition


def _texts(document: str) -> dict[str, str]:
    """Dotted path to the sentence in the documentation's tables."""
    return dict(_rows(document))


def _rows(document: str) -> Iterator[tuple[str, str]]:
    section = ""
    for line in document.split("\n"):
        heading, row = _HEADING.fullmatch(line), _ROW.fullmatch(line)
        if line.startswith("#"):
            section = heading[1] if heading else ""
        elif section and row:
            for name in re.findall(r"\w+", row[1]):
                yield f"{section}.{name}", row[2].strip()


def _sentence(text: str) -> str:
    """``text`` with a capital and a full stop, and without links to files beside it."""
    plain = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"`\1`", text)
    return f"{plain[0].upper()}{plain[1:]}".rstrip(".") + "."


def main() -> int:
    """Write the manifest, or return 1 if it is to be checked and is not in step."""
    parser = argparse.ArgumentParser(
        description="Settings of the VS Code extension from those of the server."
    )
    parser.add_argument(
        "--check", action="store_true", help="change nothing; fail if package.json is not in step"
    )
    args = parser.parse_args()
    manifest = json.loads(MANIFEST.read_text(encoding="utf-8"))
    wanted = configuration()
    if manifest["contributes"]["configuration"] == wanted:
        return 0
    if args.check:
        sys.stderr.write("package.json is not in step with the settings: run scripts/settings.py\n")
        return 1
    manifest["contributes"]["configuration"] = wanted
    MANIFEST.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
