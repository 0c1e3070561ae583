"""The floor: a bare pygls server that asks the same model directly, without anything of ours.

No debounce, no cache, no prompt budget: the text around the cursor, one request, the first line of the
answer. A newer request ends the older. It is started by the benchmarks, with the model's address in
``MODEL_URL``.
"""

from __future__ import annotations

import asyncio
import json
import os

import httpx2 as httpx
from lsprotocol import types
from pygls.lsp.server import LanguageServer

LINES = 60
"""Lines on either side of the cursor, about what our own budget takes."""

server = LanguageServer("floor", "1")
client = httpx.AsyncClient()
running: list[asyncio.Task[str]] = []


async def first_line(prompt: str) -> str:
    """The first line of the model's answer; leaving closes the connection."""
    body = {"prompt": prompt, "n_predict": 128, "stream": True, "cache_prompt": True, "id_slot": 0}
    text = ""
    async with client.stream("POST", os.environ["MODEL_URL"] + "/completion", json=body) as answer:
        async for line in answer.aiter_lines():
            if line.startswith("data: "):
                text += json.loads(line[6:])["content"]
            if "\n" in text.lstrip("\n"):
                break
    return text.lstrip("\n").partition("\n")[0]


@server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION)
async def complete(params: types.InlineCompletionParams) -> types.InlineCompletionList:
    """Ask the model with what stands around the cursor."""
    for task in running:
        task.cancel()
    lines = server.workspace.get_text_document(params.text_document.uri).lines
    line, column = params.position.line, params.position.character
    current = lines[line] if line < len(lines) else ""
    prefix = "".join(lines[max(0, line - LINES) : line]) + current[:column]
    suffix = current[column:] + "".join(lines[line + 1 : line + 1 + LINES])
    prompt = f"<|fim_prefix|>{prefix}<|fim_suffix|>{suffix}<|fim_middle|>"
    task = asyncio.ensure_future(first_line(prompt))
    running[:] = [task]
    try:
        text = await task
    except asyncio.CancelledError:
        return types.InlineCompletionList(items=[])
    return types.InlineCompletionList(items=[types.InlineCompletionItem(insert_text=text)] if text else [])


if __name__ == "__main__":
    server.start_io()
