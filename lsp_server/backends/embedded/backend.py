"""The embedded engine as a backend: llama.cpp in a child process, spoken to as any llama.cpp server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from lsp_server.backends.base import ModelNotFound, Unavailable, Unreachable
from lsp_server.backends.embedded.folder import ModelFile, ModelFileError, models_folder, open_model
from lsp_server.backends.embedded.process import EngineFailed, EngineProcess
from lsp_server.backends.embedded.processors import usable_cores
from lsp_server.backends.embedded.supervisor import Supervisor
from lsp_server.backends.limits import DEFAULT_DEADLINES, Deadlines
from lsp_server.backends.llamacpp import LlamaCppBackend
from lsp_server.config.settings import BackendSettings
from lsp_server.types import Chunk, CleanPrompt, Destination, ModelInfo

ORIGIN: Final = "embedded:"
"""The destination's origin: no address, as prompts go to a process of our own."""

DEFAULT_CONTEXT_TOKENS: Final = 8192
"""Four times the usual prompt, so that larger budgets fit; its memory is 100 MB for the 0.5B model, 235 MB
for the 1.5B one."""

DEATH_S: Final = 0.5
"""How long the system may take to tell that a process which no longer answers has ended."""

ENGINE_PACKAGE: Final = "xllamacpp"


class EmbeddedBackend:
    """The backend of kind ``embedded``. Nothing is started before it is needed.

    ``folder`` is the models folder. The setting ``model`` is a name of the catalogue, a path to a GGUF
    file, or empty (see ``folder.model_path``).
    """

    capabilities = LlamaCppBackend.capabilities

    def __init__(
        self,
        settings: BackendSettings,
        *,
        session: str,
        remote: bool = False,
        folder: Path | None = None,
        deadlines: Deadlines = DEFAULT_DEADLINES,
    ) -> None:
        self._settings = settings
        self._session = session
        self._folder = folder
        self._deadlines = deadlines
        self._destination = Destination(settings.name, ORIGIN, remote)
        self._supervisor = Supervisor(self._start)
        self._warming: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """The backend's name in the configuration."""
        return self._settings.name

    @property
    def destination(self) -> Destination:
        """Where its prompts go: a process of ours."""
        return self._destination

    @property
    def pid(self) -> int | None:
        """The engine's process, while it runs."""
        engine = self._supervisor.running
        return engine.process.pid if engine else None

    async def warm_up(self) -> None:
        """Start the engine in the background. What fails is told to the first request."""
        if self._warming is None or self._warming.done():
            self._warming = asyncio.ensure_future(self._warm())

    async def probe(self) -> ModelInfo:
        """Return what the model file tells. Nothing is loaded.

        Raises:
            Unavailable: The engine is not installed.
            ModelNotFound: The model file is missing or not usable.
        """
        file = await self._model_file()
        header = file.header
        return ModelInfo(
            name=file.name,
            context_tokens=self._context_tokens(file),
            architecture=header.architecture,
            template=header.chat_template,
            licence=file.model.licence if file.model else header.licence,
            size_bytes=file.size_bytes,
        )

    async def count_tokens(self, clean: CleanPrompt) -> int | None:
        """Return the prompt's length by the model's own tokenizer; None while the model is not loaded."""
        self._check(clean)
        engine = self._supervisor.running
        return await engine.backend.count_tokens(clean) if engine else None

    @asynccontextmanager
    async def stream(self, clean: CleanPrompt) -> AsyncIterator[AsyncIterator[Chunk]]:
        """Open a request and give its chunks as they arrive. Waits for the model to be loaded."""
        self._check(clean)
        async with AsyncExitStack() as stack:
            engine = await self._engine()
            try:
                chunks = await stack.enter_async_context(engine.backend.stream(clean))
            except Unreachable:
                # It may have died since the last request, which is told by this one's failure first.
                if not await engine.process.died(DEATH_S):
                    raise
                engine = await self._engine()
                chunks = await stack.enter_async_context(engine.backend.stream(clean))
            yield chunks

    async def prefill(self, clean: CleanPrompt) -> None:
        """Return when the engine has read a prompt. Waits for the model to be loaded."""
        self._check(clean)
        engine = await self._engine()
        try:
            await engine.backend.prefill(clean)
        except Unreachable:
            if not await engine.process.died(DEATH_S):
                raise
            engine = await self._engine()
            await engine.backend.prefill(clean)

    async def close(self) -> None:
        """End the engine's process."""
        await self._supervisor.close()
        if self._warming is not None:
            await asyncio.wait([self._warming])

    async def _warm(self) -> None:
        with suppress(Exception):
            await self._supervisor.get()

    def _check(self, clean: CleanPrompt) -> None:
        if clean.destination != self.destination:
            raise ValueError(f"a prompt cleared for {clean.destination.backend} came to {self.name}")

    async def _engine(self) -> _Engine:
        try:
            return await self._supervisor.get()
        except EngineFailed as error:
            raise Unavailable(
                f"{self.name} (embedded): the engine does not run: {error}; check the free memory, or choose "
                "a smaller model with the setting model"
            ) from error

    async def _start(self) -> _Engine:
        file = await self._model_file()
        process = await EngineProcess.start(
            file.path,
            context_tokens=self._context_tokens(file),
            threads=self._settings.threads or usable_cores(),
            load_s=self._deadlines.load_s,
        )
        settings = self._settings.model_copy(update={"url": process.url, "concurrency": 1})
        backend = LlamaCppBackend(
            settings,
            key=SecretStr(process.key),
            session=self._session,
            remote=self._destination.remote,
            deadlines=self._deadlines,
            destination=self._destination,
        )
        await backend.warm_up()
        return _Engine(process, backend)

    async def _model_file(self) -> ModelFile:
        if find_spec(ENGINE_PACKAGE) is None:
            raise Unavailable(
                f"{self.name} (embedded): the engine is not installed; run "
                "`pip install 'codestral-lsp[embedded]'`"
            )
        try:
            return await asyncio.to_thread(self._open)
        except ModelFileError as error:
            raise ModelNotFound(f"{self.name} (embedded): {error}") from error

    def _open(self) -> ModelFile:
        return open_model(self._settings.model, self._folder or models_folder())

    def _context_tokens(self, file: ModelFile) -> int:
        """The context to load the model with: the setting, else the default within what it was trained
        for.
        """
        trained = file.header.context_tokens or DEFAULT_CONTEXT_TOKENS
        return self._settings.context_tokens or min(DEFAULT_CONTEXT_TOKENS, trained)


class _Engine:
    """A running process and the way to talk to it."""

    def __init__(self, process: EngineProcess, backend: LlamaCppBackend) -> None:
        self.process = process
        self.backend = backend

    @property
    def alive(self) -> bool:
        return self.process.alive

    async def close(self) -> None:
        await self.backend.close()
        await self.process.close()
