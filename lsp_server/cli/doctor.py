"""``codestral-lsp doctor``: what is configured, and whether each backend really fills in the middle."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lsp_server import __version__
from lsp_server.types import Answer, Cursor, Document, Position, Request, Trigger

if TYPE_CHECKING:
    from lsp_server.app import App
    from lsp_server.routing.router import Route

SAMPLE: Final = (
    "def add(first, second):\n",
    '    """Return the sum of the two numbers."""\n',
    "    return \n",
    "",
)
"""A fill that every code model gets right: the names and the docstring leave one answer."""

EXPECTED: Final = ("first", "second")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("--config", metavar="FILE", type=Path, help="the user file to read")
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def run(args: argparse.Namespace) -> int:
    """Check everything. 0: all is well. 1: a check failed. 2: the configuration is wrong."""
    report = asyncio.run(_examine(args.config))
    if args.json:
        sys.stdout.write(json.dumps(report, ensure_ascii=False) + "\n")
    else:
        _print(report)
    if report["problems"]:
        return 2
    return 0 if report["ok"] else 1


async def _examine(config_file: Path | None) -> dict[str, Any]:
    from lsp_server.app import App

    app = App.from_environment(config_file)
    notices: list[str] = []
    app.subscribe(lambda notice: notices.append(notice.text), _refuse)
    app.set_workspace([str(Path.cwd())])
    try:
        await app.start()
        backends = [await _check(app, route) for route in app.routes]
    finally:
        await app.close()
    problems = list(app.problems)
    return {
        "version": __version__,
        "system": _system(),
        "problems": problems,
        "notices": [text for text in notices if text not in problems],
        "backends": backends,
        "ok": bool(backends) and all(backend["ok"] for backend in backends),
    }


async def _refuse(origin: str, reason: str) -> bool:
    """A report asks for no approvals."""
    del origin, reason
    return False


async def _check(app: App, route: Route) -> dict[str, Any]:
    """Ask one backend for a real fill; twice, since the first may have to load the model."""
    from lsp_server.routing.licences import licence_of

    backend = route.backend
    request = Request(_sample(), Trigger.INVOKED, "doctor", backend.name)
    first = await app.complete(request)
    answer = await app.complete(request) if first.suggestion else first
    text = answer.suggestion.text if answer.suggestion else None
    info = route.info
    licence = licence_of(info, backend.destination) if info else None
    return {
        "name": backend.name,
        "kind": route.settings.kind,
        "origin": backend.destination.origin,
        "remote": backend.destination.remote,
        "model": info.name if info else None,
        "family": route.family.name if route.family else None,
        "context_tokens": route.context_tokens if info else None,
        "licence": licence.name if licence else "",
        "licence_note": licence.note if licence else "",
        "use_at_work": licence.work.value if licence else "",
        "advice": _advice(route, answer),
        "fill": text,
        "ok": text is not None and all(name in text for name in EXPECTED),
        "problem": _problem(answer, text),
        "first_answer_ms": round(first.timings_ms.get("total", 0.0), 1),
        "timings_ms": {name: round(value, 1) for name, value in answer.timings_ms.items()},
    }


def _sample() -> Cursor:
    document = Document("untitled:doctor", None, "python", 0, SAMPLE)
    return Cursor(document, Position(2, len(SAMPLE[2]) - 1))


def _problem(answer: Answer, text: str | None) -> str:
    if answer.gate is not None:
        return f"{answer.gate.name}: {answer.gate.detail}"
    if text is not None and not all(name in text for name in EXPECTED):
        return (
            "it answers, but not with a fill that fits: the model may not be trained for it, "
            "or the family is wrong (set `family`)"
        )
    return ""


def _advice(route: Route, answer: Answer) -> list[str]:
    """What would make this backend better."""
    from lsp_server.routing.licences import restriction

    restricted = restriction(route.info, route.backend.destination) if route.info else ""
    advice = [restricted] if restricted else []
    first_ms = answer.timings_ms.get("first_token", 0.0)
    if first_ms > SLOW_FIRST_TOKEN_MS:
        advice.append(f"the first token took {first_ms:.0f} ms: try a smaller or more quantised model")
    return advice


SLOW_FIRST_TOKEN_MS: Final = 1500.0
"""Past this, typists have gone on by themselves."""


def _system() -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "platform": platform.platform(terse=True),
        "processor_cores": os.cpu_count(),
        "memory_bytes": _memory_bytes(),
    }


def _memory_bytes() -> int | None:
    """Physical memory where the system tells, else None."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def _print(report: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False)
    system = report["system"]
    memory = system["memory_bytes"]
    size = f", {memory / 2**30:.0f} GiB" if memory else ""
    console.print(f"codestral-lsp {report['version']}, Python {system['python']}, {system['platform']}")
    console.print(f"{system['processor_cores']} cores{size}\n")
    for problem in report["problems"]:
        console.print(f"[red]✗ configuration:[/] {escape(problem)}")
    for notice in report["notices"]:
        console.print(f"[yellow]![/] {escape(notice)}")
    for backend in report["backends"]:
        for line in _lines(backend):
            console.print(line)


def _lines(backend: dict[str, Any]) -> list[str]:
    """What is printed of one backend, as rich markup."""
    from rich.markup import escape

    mark = "[green]✓[/]" if backend["ok"] else "[red]✗[/]"
    where = "remote" if backend["remote"] else "local"
    lines = [f"{mark} [bold]{escape(backend['name'])}[/] ({where}, {escape(backend['origin'])})"]
    if backend["model"]:
        about = f"family {backend['family']}, {backend['context_tokens']} tokens of context"
        lines.append(f"  {escape(backend['model'])}, {about}")
        note = f" ({backend['licence_note']})" if backend["licence_note"] else ""
        lines.append(f"  licence: {escape(backend['licence'] + note)}; use at work: {backend['use_at_work']}")
    if backend["fill"] is not None:
        first, total = backend["timings_ms"].get("first_token", 0), backend["timings_ms"].get("total", 0)
        lines.append(f"  filled {escape(repr(backend['fill']))}: first token {first} ms, all {total} ms")
        lines.append(f"  the very first answer, with the model's loading: {backend['first_answer_ms']} ms")
    if backend["problem"]:
        lines.append(f"  [red]{escape(backend['problem'])}[/]")
    return [*lines, *(f"  [yellow]{escape(advice)}[/]" for advice in backend["advice"])]
