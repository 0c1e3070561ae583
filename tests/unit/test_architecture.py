"""Rules about the code as a whole that no type checker sees."""

import ast
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest

import lsp_server

ROOT = Path(lsp_server.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))

HEAVY = ("httpx", "httpx2", "ollama", "mistralai", "rich", "tree_sitter", "xllamacpp", "huggingface_hub")


def test_modules_are_short():
    lengths = {m.relative_to(ROOT): len(m.read_text(encoding="utf-8").splitlines()) for m in MODULES}
    assert {name: n for name, n in lengths.items() if n > 400} == {}
    assert median(n for n in lengths.values() if n > 1) < 200


@pytest.mark.parametrize("module", ["lsp_server.cli", "lsp_server.cli.serve", "lsp_server.app"])
def test_nothing_heavy_is_imported_at_start_up(module):
    command = [sys.executable, "-c", f"import sys, {module}\nprint(*sorted(sys.modules))"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert loaded.isdisjoint(HEAVY)


@pytest.mark.parametrize("room", ["document", "prompt", "shaping"])
def test_the_core_does_no_io(room):
    for module in (ROOT / room).glob("*.py"):
        tree = ast.parse(module.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            called = node.func if isinstance(node, ast.Call) else None
            assert getattr(called, "id", "") not in {"open", "print", "input"}, module
            assert not isinstance(node, ast.AsyncFunctionDef | ast.Await), module


def test_only_policy_opens_files_of_the_workspace():
    ours = {"folder.py": {"open"}, "schema.py": {"open"}}  # The journal and the database.
    for module in (ROOT / "context").rglob("*.py"):
        called = {
            node.func for node in ast.walk(ast.parse(module.read_text("utf-8"))) if isinstance(node, ast.Call)
        }
        names = {getattr(f, "attr", getattr(f, "id", "")) for f in called}
        assert names & {"open", "read_text", "read_bytes", "fdopen"} <= ours.get(module.name, set()), module


def test_every_public_definition_says_what_it_is():
    missing = []
    for module in MODULES:
        tree = ast.parse(module.read_text(encoding="utf-8"))
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            if not node.name.startswith("_") and ast.get_docstring(node) is None:
                missing.append(f"{module.name}:{node.name}")
    assert missing == []
