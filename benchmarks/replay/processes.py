"""The processes of a benchmark, as contexts: the model, and a language server that uses it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from lsp_server.testing.capabilities import VSCODE, Profile
from lsp_server.testing.editor import FakeEditor

MAX_LINE_BYTES = 1 << 27
"""A log of requests holds their prompts."""


class ModelProcess:
    """The scripted model in its own process."""

    def __init__(self, process: asyncio.subprocess.Process, url: str) -> None:
        self._process = process
        self.url = url

    async def set(self, **settings: object) -> list[dict[str, Any]]:
        """Change settings (``model.Settings``) and return the log of the requests since the last call."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(settings).encode() + b"\n")
        log: list[dict[str, Any]] = json.loads(await self._process.stdout.readline())
        return log


@asynccontextmanager
async def running_model(module: str = "benchmarks.replay.model") -> AsyncIterator[ModelProcess]:
    """The model, ended with the block; ``module`` puts it behind another wire format."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=MAX_LINE_BYTES,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        url = (await process.stdout.readline()).decode().strip()
        yield ModelProcess(process, url)
    finally:
        process.stdin.close()
        await process.wait()


@asynccontextmanager
async def running_server(
    url: str, profile: Profile = VSCODE, completion: str = "", command: Sequence[str] = ()
) -> AsyncIterator[FakeEditor]:
    """An editor in front of our server (or of ``command``), whose backend is the model at ``url``.

    ``completion`` are lines of that section of its settings.
    """
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.toml"
        backend = f'[[backends]]\nname = "model"\nkind = "llamacpp"\nurl = "{url}"\n'
        config.write_text(f"[completion]\n{completion}\n{backend}", encoding="utf-8")
        environment = {**os.environ, "CODESTRAL_LSP_DATA_DIR": folder, "MODEL_URL": url}
        ours = [sys.executable, "-m", "lsp_server", "serve", "--config", str(config)]
        async with FakeEditor.of_process(command or ours, profile, environment) as editor:
            editor.patience_seconds = 60.0
            await editor.initialize()
            yield editor
            await editor.shutdown()
