"""One finished request as a page for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

NOTHING = "# The last completion\n\nNothing has been asked for yet in this session.\n"


def request_markdown(request: Mapping[str, Any] | None) -> str:
    """What became of a request (``events.as_json``), as Markdown; None stands for none."""
    if request is None:
        return NOTHING
    return "\n".join(_lines(request)) + "\n"


def _lines(request: Mapping[str, Any]) -> Iterator[str]:
    place = f"{_code(request['path'])}, line {request['line']}, column {request['column']}"
    yield from ("# The last completion", "", f"Asked at {place}, {request['trigger']}.", "")
    if request["gate"]:
        yield f"**Nothing was suggested**: {request['detail'] or request['gate']} ({_code(request['gate'])})."
    else:
        what = f"{request['lines']} lines, {request['characters']} characters"
        yield f"**A suggestion** of {what}, from {_code(request['origin'])}."
        yield f"What became of it: {request['outcome'] or 'the editor has not told'}."
    if request["backend"]:
        model = f", model {_code(request['model'])}" if request["model"] else ""
        yield from ("", f"Backend {_code(request['backend'])}{model}.")
    if request["timings_ms"]:
        yield from ("", "| step | ms |", "|---|---|")
        yield from (f"| {name} | {value} |" for name, value in request["timings_ms"].items())
    prompt = request["prompt"]
    if prompt:
        yield from ("", f"The prompt: {prompt['tokens']} tokens, laid out for {_code(prompt['family'])};")
        yield f"{prompt['prefix_chars']} characters before the cursor, {prompt['suffix_chars']} behind it."
        for snippet in prompt["snippets"]:
            yield f"- {_code(snippet['path'])} ({snippet['origin']}, score {snippet['score']})"
    yield from ("", "The last 100 requests and the state of each backend: the command `codestral.explain`.")


def _code(text: object) -> str:
    return f"`{str(text).replace('`', ' ')}`"
