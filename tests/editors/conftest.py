import asyncio
import os
import sys
import threading

import pytest

from lsp_server.testing.configuration import backend_of, write_config
from lsp_server.testing.fake_backends import FakeLlamaCpp


@pytest.fixture
def fake_model():
    """The strict fake of llama.cpp in a thread of its own: the editors' drivers block."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    fake = FakeLlamaCpp("value\n")
    asyncio.run_coroutine_threadsafe(fake.__aenter__(), loop).result(10)
    yield fake
    asyncio.run_coroutine_threadsafe(fake.__aexit__(None, None, None), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def server_command(fake_model, tmp_path, monkeypatch):
    """The command that an editor starts the server with."""
    monkeypatch.setenv("CODESTRAL_LSP_DATA_DIR", str(tmp_path / "data"))
    for name in [name for name in os.environ if name.endswith("_API_KEY") or name == "OLLAMA_HOST"]:
        monkeypatch.delenv(name)
    config = write_config(tmp_path / "config.toml", [backend_of("llamacpp", fake_model)])
    return [sys.executable, "-m", "lsp_server", "serve", "--config", str(config)]
