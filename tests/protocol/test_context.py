"""What a prompt shows beside the window, from the editor's folder to the bytes that a backend gets."""

import asyncio
import os
import sys

import pytest

from lsp_server.testing.capabilities import VSCODE
from lsp_server.testing.editor import FakeEditor
from lsp_server.testing.fake_backends import FakeLlamaCpp

SHAPES = '''"""Shapes."""


class Circle:
    """A round thing."""

    def circumference_of_it(self) -> float:
        return 2 * self.radius
'''
MAIN = "from shapes import Circle\n\n\ndef measure(circle: Circle) -> float:\n    return circle.‸\n"
PATIENCE_S = 15.0


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "project"
    root.mkdir()
    (root / "shapes.py").write_text(SHAPES, encoding="utf-8")
    return root


async def prompts(folder, tmp_path, settings="", until="circumference_of_it"):
    """The prompts of requests made until one has ``until`` in it, or the patience ends."""
    async with FakeLlamaCpp(lambda _: "x\n") as fake:
        config = tmp_path / "config.toml"
        backend = f'[[backends]]\nname = "model"\nkind = "llamacpp"\nurl = "{fake.url}"\n'
        config.write_text(f"{settings}\n{backend}", encoding="utf-8")
        environment = {
            **os.environ,
            "CODESTRAL_LSP_DATA_DIR": str(tmp_path / "data"),
            "CODESTRAL_LSP_CONFIG": str(config),
        }
        command = [sys.executable, "-m", "lsp_server", "serve"]
        async with FakeEditor.of_process(command, VSCODE, environment) as editor:
            await editor.initialize(workspaceFolders=[{"uri": folder.as_uri(), "name": "project"}])
            uri = (folder / "main.py").as_uri()
            editor.open(uri, MAIN)
            ended = asyncio.get_running_loop().time() + PATIENCE_S
            while asyncio.get_running_loop().time() < ended:
                await editor.inline(uri, invoked=True)
                if any(until in seen.json["prompt"] for seen in fake.completions):
                    break
                editor.type(uri, "a")
                await asyncio.sleep(0.3)
            explained = await editor.request("workspace/executeCommand", {"command": "codestral.explain"})
            await editor.shutdown()
        asked = explained["context"].get(uri, [])
        assert all(set(one) == {"source", "ms", "found", "shown", "why"} for one in asked)
        assert bool(asked) is ("enabled = false" not in settings)
        return [seen.json["prompt"] for seen in fake.completions]


async def test_the_class_of_the_receiver_is_shown(folder, tmp_path):
    last = (await prompts(folder, tmp_path))[-1]
    assert "circumference_of_it" in last
    assert "shapes.py" in last


async def test_nothing_is_retrieved_where_it_is_switched_off(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "PATIENCE_S", 4.0)
    seen = await prompts(folder, tmp_path, "[context]\nenabled = false\n")
    assert seen
    assert not any("circumference_of_it" in prompt for prompt in seen)


async def test_what_is_excluded_is_never_read(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "PATIENCE_S", 4.0)
    seen = await prompts(folder, tmp_path, '[privacy]\nexclude = ["shapes.py"]\n')
    assert seen
    assert not any("circumference_of_it" in prompt for prompt in seen)
