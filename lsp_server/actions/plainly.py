"""Whether lines are code beyond doubt, though nothing says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lsp_server.actions.tree import parse
from lsp_server.document.lines import split_lines
from lsp_server.types import Document

_WEAK: Final = ("expression", "identifier", "comment", "string", "text", "labeled", "word", "command", "call")
"""Parts of the kinds of statements that prose can be taken for."""
_STRONG: Final = ("assignment", "augmented_assignment", "update_expression", "await", "yield")


def is_code(lines: Sequence[str], language: str) -> bool:
    """Whether lines are read without an error and have a statement that no prose is taken for."""
    text = "\n".join(lines)
    if not text.strip():
        return False
    prefix = "<?php\n" if language == "php" and "<?" not in text else ""
    tree = parse(Document("", None, language, 0, split_lines(f"{prefix}{text}\n")), 0)
    if tree.root is None or tree.root.has_error:
        return False
    for node in tree.root.named_children:
        kind = node.type
        inner = node.named_children[0].type if kind == "expression_statement" and node.named_children else ""
        if any(word in inner for word in _STRONG):
            return True
        if kind != "php_tag" and not any(word in kind for word in _WEAK):
            return True
    return False
