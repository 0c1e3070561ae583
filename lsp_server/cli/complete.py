"""``codestral-lsp complete FILE:LINE:COL``: one completion through the whole engine, without an editor."""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
from pathlib import Path
from typing import Any, Final

from lsp_server.types import Answer, Cursor, Document, Position, Request, Trigger

LANGUAGES: Final = {
    ".bash": "shellscript",
    ".c": "c",
    ".cc": "cpp",
    ".cpp": "cpp",
    ".cs": "csharp",
    ".css": "css",
    ".go": "go",
    ".h": "c",
    ".hpp": "cpp",
    ".html": "html",
    ".java": "java",
    ".js": "javascript",
    ".json": "json",
    ".jsx": "javascriptreact",
    ".kt": "kotlin",
    ".lua": "lua",
    ".md": "markdown",
    ".php": "php",
    ".py": "python",
    ".rb": "ruby",
    ".rs": "rust",
    ".scala": "scala",
    ".sh": "shellscript",
    ".sql": "sql",
    ".swift": "swift",
    ".toml": "toml",
    ".ts": "typescript",
    ".tsx": "typescriptreact",
    ".yaml": "yaml",
    ".yml": "yaml",
}
"""File endings to LSP language identifiers, for the command line; editors send their own."""

LARGEST_FILE_BYTES: Final = 64 * 1024 * 1024
"""As much as an editor may send in one message."""


class UsageError(Exception):
    """The arguments name no place in a readable file. ``str(error)`` is one line for people."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("place", metavar="FILE:LINE:COL", help="1-based; columns count characters")
    parser.add_argument("--backend", metavar="NAME", help="ask this backend only")
    parser.add_argument("--config", metavar="FILE", type=Path, help="the user file to read")
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    parser.add_argument("--explain", action="store_true", help="show times, prompt and backend as well")


def run(args: argparse.Namespace) -> int:
    """Complete once. 0: a suggestion was made. 1: none, with its gate. 2: wrong usage or configuration."""
    try:
        cursor = cursor_of(args.place)
    except UsageError as error:
        sys.stderr.write(f"codestral-lsp complete: {error}\n")
        return 2
    return asyncio.run(_complete(args, cursor))


def cursor_of(place: str) -> Cursor:
    """Return the cursor that ``FILE:LINE:COL`` names. Raises ``UsageError``."""
    from lsp_server.document.lines import split_lines
    from lsp_server.document.uris import from_path

    match = re.fullmatch(r"(.+):(\d+):(\d+)", place, flags=re.DOTALL)
    if match is None:
        raise UsageError(f"{place!r} is not FILE:LINE:COL, for example src/main.py:12:8")
    path = Path(match[1])
    lines = split_lines(_read(path))
    line, column = int(match[2]), int(match[3])
    if not 1 <= line <= len(lines):
        raise UsageError(f"{path} has {len(lines)} lines; line {line} is not one of them")
    width = len(lines[line - 1].rstrip("\r\n"))
    if not 1 <= column <= width + 1:
        raise UsageError(f"line {line} of {path} has columns 1 to {width + 1}; {column} is not one of them")
    native = str(path.resolve())
    language = LANGUAGES.get(path.suffix.lower(), "plaintext")
    document = Document(from_path(native), native, language, 0, lines)
    return Cursor(document, Position(line - 1, column - 1))


def as_json(answer: Answer) -> dict[str, Any]:
    """The answer as the JSON document of ``--json``."""
    from lsp_server.telemetry.events import rounded, summary_json, usage_json

    suggestion = answer.suggestion
    return {
        "suggestion": suggestion.text if suggestion else None,
        "gate": answer.gate.name if answer.gate else None,
        "detail": answer.gate.detail if answer.gate else "",
        "backend": answer.backend,
        "model": answer.model,
        "origin": suggestion.origin if suggestion else None,
        "timings_ms": rounded(answer.timings_ms),
        "prompt": summary_json(answer.prompt) or {"tokens": 0, "snippets": []},
        "usage": usage_json(answer.usage),
    }


def _read(path: Path) -> str:
    try:
        if not path.is_file():
            raise UsageError(f"{path} is not a file")
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise UsageError(f"{path} is larger than {LARGEST_FILE_BYTES // 1024 // 1024} MiB")
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 (byte {error.start}): convert it first") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error


async def _complete(args: argparse.Namespace, cursor: Cursor) -> int:
    from lsp_server.app import App

    app = App.from_environment(config_file=args.config)
    assert cursor.document.path is not None
    app.set_workspace([str(Path.cwd())])
    if app.problems:
        for problem in app.problems:
            sys.stderr.write(f"codestral-lsp: {problem}\n")
        return 2
    try:
        await app.start()
        answer = await app.complete(Request(cursor, Trigger.INVOKED, "cli", args.backend, candidates=1))
    finally:
        await app.close()
    _show(args, answer)
    return 0 if answer.suggestion else 1


def _show(args: argparse.Namespace, answer: Answer) -> None:
    if args.json:
        sys.stdout.write(json.dumps(as_json(answer), ensure_ascii=False) + "\n")
        return
    if answer.suggestion:
        sys.stdout.write(answer.suggestion.text + "\n")
    elif answer.gate:
        sys.stderr.write(f"No suggestion ({answer.gate.name}): {answer.gate.detail}\n")
    if args.explain:
        sys.stderr.write(json.dumps(as_json(answer), ensure_ascii=False, indent=2) + "\n")
