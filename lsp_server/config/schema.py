"""The settings as a JSON schema, for editors that check and complete configuration files."""

from __future__ import annotations

import ast
import inspect
from typing import Any, Final

from lsp_server.config import settings
from lsp_server.config.settings import Settings

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
"""The dialect that pydantic writes."""


def schema() -> dict[str, Any]:
    """Return the JSON schema of the user file's tree, with the texts that stand below the settings."""
    built: dict[str, Any] = {"$schema": DIALECT, **Settings.model_json_schema(mode="validation")}
    built["title"] = "codestral-lsp settings"
    described = _descriptions()
    for name, definition in built.get("$defs", {}).items():
        for field, description in described.get(name, {}).items():
            definition["properties"][field].setdefault("description", description)
    return built


def _descriptions() -> dict[str, dict[str, str]]:
    """Class name to field name to the text below the field; nothing where our source is not at hand."""
    try:
        tree = ast.parse(inspect.getsource(settings))
    except (OSError, TypeError):
        return {}
    return {node.name: _field_texts(node) for node in tree.body if isinstance(node, ast.ClassDef)}


def _field_texts(node: ast.ClassDef) -> dict[str, str]:
    texts = {}
    for statement, below in zip(node.body, node.body[1:], strict=False):
        if (
            isinstance(statement, ast.AnnAssign)
            and isinstance(statement.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
            and isinstance(below.value.value, str)
        ):
            texts[statement.target.id] = inspect.cleandoc(below.value.value)
    return texts
