"""A real Emacs with Eglot and a real server: what ends up in the buffer?"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("eglot.el")


def has_eglot():
    if shutil.which("emacs") is None:
        return False
    probe = ["emacs", "--batch", "-q", "--eval", "(progn (package-initialize) (require 'eglot))"]
    return subprocess.run(probe, capture_output=True, timeout=60, check=False).returncode == 0


pytestmark = [
    pytest.mark.editor,
    pytest.mark.skipif(not has_eglot(), reason="Emacs with Eglot is not installed (emacs-nox, elpa-eglot)"),
]


@pytest.fixture
def complete(tmp_path, server_command):
    def run(text, mark, title=None):
        file, output = tmp_path / "main.py", tmp_path / "output.py"
        file.write_text(text, encoding="utf-8")
        environment = {
            **os.environ,
            "HOME": str(tmp_path),
            "SERVER": json.dumps(server_command),
            "FILE": str(file),
            "MARK": mark,
            "OUTPUT": str(output),
            **({"TITLE": title} if title else {}),
        }
        command = ["emacs", "--batch", "-q", "-l", str(SCRIPT)]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        return output.read_text(encoding="utf-8")

    return run


def test_several_lines_are_inserted_as_they_are(complete, fake_model):
    fake_model.answer = "total = a + b\n    return total\n"
    text = "def add(a, b):\n    \n\nprint(add(1, 2))\n"
    assert complete(text, "b):\n    ") == (
        "def add(a, b):\n    total = a + b\n    return total\n\nprint(add(1, 2))\n"
    )


def test_a_typed_word_with_wide_characters_before_it(complete, fake_model):
    fake_model.answer = "ues\n"
    assert complete('größe = {"😀": val}\n', "val") == 'größe = {"😀": values}\n'


def test_a_code_action(complete, fake_model):
    fake_model.answer = 'Return the sum of two numbers."""\n'
    text = "größe = '😀'\n\n\ndef add(a, b):\n    return a + b\n"
    assert complete(text, "def ad", "Write the docstring") == text.replace(
        "b):\n", 'b):\n    """Return the sum of two numbers."""\n'
    )
