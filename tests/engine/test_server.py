"""The whole server with the real embedded model: over LSP, from the command line, and in a real Neovim."""

import asyncio
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from lsp_server.testing.capabilities import HELIX, VSCODE
from lsp_server.testing.configuration import write_config
from lsp_server.testing.editor import FakeEditor

pytestmark = pytest.mark.engine

URI = "file:///project/main.py"
CODE = 'def add(first, second):\n    """Return the sum of the two numbers."""\n    return ‸\n'
SUMS = ("first + second", "second + first", "sum(")
LOADING_S = 120.0


@pytest.fixture
def config(embedded_model, tmp_path):
    backend = {"name": "embedded", "kind": "embedded", "model": str(embedded_model), "threads": 2}
    return write_config(tmp_path / "config.toml", [backend])


@pytest.fixture
def environment(tmp_path):
    return {**os.environ, "CODESTRAL_LSP_DATA_DIR": str(tmp_path / "data")}


def command(*words):
    return [sys.executable, "-m", "lsp_server", *map(str, words)]


async def test_ghost_text_typing_along_and_the_menu(config, environment):
    async with FakeEditor.of_process(command("serve", "--config", config), VSCODE, environment) as editor:
        editor.patience_seconds = LOADING_S
        await editor.initialize()
        editor.open(URI, CODE)
        [item] = await editor.inline(URI, invoked=True)
        text = item["insertText"]
        assert text.startswith(SUMS), text
        editor.type(URI, text[:2])
        [rest] = await editor.inline(URI)
        assert rest["insertText"] == text[2:]
        explained = await editor.request("workspace/executeCommand", {"command": "codestral.explain"})
        assert [request["origin"] for request in explained["requests"]] == ["cache", "backend"]
        assert explained["requests"][1]["prompt"]["tokens"] > 20
        assert await editor.shutdown() == 0


async def test_menu_items_in_helix_manner(config, environment):
    async with FakeEditor.of_process(command("serve", "--config", config), HELIX, environment) as editor:
        editor.patience_seconds = LOADING_S
        await editor.initialize()
        editor.open(URI, CODE)
        [item] = await editor.menu(URI)
        editor.accept_menu(URI, item)
        assert any(f"return {start}" in editor.text(URI) for start in SUMS), editor.text(URI)
        compile(editor.text(URI), "main.py", "exec")
        await editor.shutdown()


async def test_the_command_line(config, environment, tmp_path):
    file = tmp_path / "main.py"
    file.write_text(CODE.replace("‸", ""), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        *command("complete", f"{file}:3:12", "--json", "--config", config),
        stdout=asyncio.subprocess.PIPE,
        env=environment,
    )
    out, _ = await asyncio.wait_for(process.communicate(), LOADING_S)
    answer = json.loads(out)
    assert process.returncode == 0, answer
    assert answer["suggestion"].startswith(SUMS), answer
    assert answer["backend"] == "embedded"
    assert answer["prompt"]["family"] == "qwen"


async def test_doctor_finds_it_well(config, environment):
    process = await asyncio.create_subprocess_exec(
        *command("doctor", "--json", "--config", config), stdout=asyncio.subprocess.PIPE, env=environment
    )
    out, _ = await asyncio.wait_for(process.communicate(), LOADING_S)
    report = json.loads(out)
    assert process.returncode == 0, report
    assert report["backends"][0]["ok"]
    assert not report["backends"][0]["remote"]


@pytest.mark.editor
@pytest.mark.skipif(
    find_spec("pynvim") is None, reason="Neovim is not installed (dependency group `editors`)"
)
def test_a_real_neovim_with_the_real_model(config, environment, tmp_path):
    file = tmp_path / "main.py"
    file.write_text(CODE.replace("‸", ""), encoding="utf-8")
    job = {
        "server": command("serve", "--config", config),
        "file": str(file),
        "line": 3,
        "column": len("    return "),
        "action": "menu",
    }
    driver = Path(__file__).parent.parent / "editors" / "neovim_driver.py"
    done = subprocess.run(
        [sys.executable, driver],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        timeout=LOADING_S,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    buffer = json.loads(done.stdout)["buffer"]
    assert any(f"return {start}" in buffer for start in SUMS), buffer


def test_a_truncated_model_is_one_clear_line(embedded_model, environment, tmp_path):
    broken = tmp_path / "broken.gguf"
    with embedded_model.open("rb") as whole:
        broken.write_bytes(whole.read(10_000_000))
    config = write_config(
        tmp_path / "config.toml", [{"name": "embedded", "kind": "embedded", "model": str(broken)}]
    )
    file = tmp_path / "main.py"
    file.write_text("x = \n", encoding="utf-8")
    done = subprocess.run(
        command("complete", f"{file}:1:5", "--config", config),
        capture_output=True,
        text=True,
        timeout=LOADING_S,
        env=environment,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "broken.gguf" in done.stderr
