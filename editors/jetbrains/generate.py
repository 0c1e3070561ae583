"""Makes ``codestral-lsp/settings.schema.json`` of the server's own schema, for LSP4IJ's settings editor.

    python generate.py           writes the file
    python generate.py --check   says whether it is in step; exit status 1 if it is not

The IDE completes and checks ``settings.json`` by it. So it holds what an editor may set, below ``codestral``,
in the dialect that all of the IDEs know.
"""
# ruff: noqa: INP001 - a script beside the files that it makes

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from lsp_server.config.trust import TABLE, Rule

SCHEMA_FILE: Final = Path(__file__).parent / "codestral-lsp" / "settings.schema.json"
DIALECT: Final = "http://json-schema.org/draft-07/schema#"
_TABLES: Final = {"backends": "BackendSettings"}
"""Settings that are lists of tables, and what the schema calls one of them."""


def server_schema() -> dict[str, Any]:
    """What ``codestral-lsp config schema`` prints."""
    command = [sys.executable, "-m", "lsp_server", "config", "schema"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - our own
    schema: dict[str, Any] = json.loads(printed)
    return schema


def editor_schema(server: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of what an editor may set, below ``codestral``."""
    definitions = dict(server["$defs"])
    settings = {key: value for key, value in server.items() if not key.startswith("$")}
    for row in TABLE:
        if row.editor is Rule.NEVER:
            _drop(settings, definitions, row.pattern.split("."))
    kept = _referred(settings, definitions)
    tree = {
        "$schema": DIALECT,
        "title": "codestral-lsp in LSP4IJ",
        "type": "object",
        "additionalProperties": False,
        "properties": {"codestral": settings},
        "definitions": {name: definitions[name] for name in sorted(kept)},
    }
    located: dict[str, Any] = _relocated(tree)
    return located


def text_of(schema: Mapping[str, Any]) -> str:
    """The file's content."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _drop(settings: dict[str, Any], definitions: dict[str, Any], path: list[str]) -> None:
    """Take a setting out of the schema; ``path`` is the row's pattern, in parts."""
    section, *rest = path
    if rest == ["*"]:
        settings["properties"] = {k: v for k, v in settings["properties"].items() if k != section}
        return
    name = _TABLES.get(section) or settings["properties"][section]["$ref"].rpartition("/")[2]
    table = definitions[name]
    left = {key: value for key, value in table["properties"].items() if key != rest[-1]}
    definitions[name] = {**table, "properties": left}


def _referred(node: object, definitions: Mapping[str, Any]) -> set[str]:
    """The names of the definitions that ``node`` needs, directly or not."""
    if isinstance(node, list):
        return set().union(*(_referred(inner, definitions) for inner in node))
    if not isinstance(node, dict):
        return set()
    names = set().union(*(_referred(inner, definitions) for inner in node.values()))
    if "$ref" in node:
        name = str(node["$ref"]).rpartition("/")[2]
        names |= {name} | _referred(definitions[name], definitions)
    return names


def _relocated(node: Any) -> Any:
    """The same with references into ``definitions``, where this dialect keeps them."""
    if isinstance(node, list):
        return [_relocated(inner) for inner in node]
    if not isinstance(node, dict):
        return node
    return {
        key: value.replace("#/$defs/", "#/definitions/") if key == "$ref" else _relocated(value)
        for key, value in node.items()
    }


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description="Make the settings' schema for LSP4IJ.")
    parser.add_argument("--check", action="store_true", help="only say whether the file is in step")
    text = text_of(editor_schema(server_schema()))
    if not parser.parse_args().check:
        SCHEMA_FILE.write_text(text, encoding="utf-8")
        return 0
    if SCHEMA_FILE.is_file() and SCHEMA_FILE.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write(
        f"{SCHEMA_FILE.name} is not in step with the settings: run python {Path(__file__).name}\n"
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
