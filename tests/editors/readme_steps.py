"""What a README tells a newcomer to do, done literally in a home of its own.

Under the heading ``## Install``, fenced blocks of the language ``sh`` are run, and blocks whose info string
has ``file=PATH`` are appended to that file, in their order. What has a heading of its own there is
another way to do the same.
"""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

SECTION = re.compile(r"^## Install\n(.*?)(?=^##|\Z)", re.DOTALL | re.MULTILINE)
BLOCK = re.compile(r"^```(\S*)([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"\bfile=(\S+)")
PATIENCE_S = 600


@dataclass(frozen=True)
class Run:
    """Shell commands."""

    script: str


@dataclass(frozen=True)
class Append:
    """Text that goes to the end of a file; ``path`` may begin with ``~``."""

    path: str
    text: str


def read_steps(readme):
    """The steps of a README's ``## Install``, in order."""
    section = SECTION.search(readme)
    assert section, "the README has no section Install"
    steps = []
    for language, info, text in BLOCK.findall(section[1]):
        named = FILE.search(info)
        if named:
            steps.append(Append(named[1], text))
        elif language == "sh":
            steps.append(Run(text))
    assert steps, "the README's section Install has no steps"
    return steps


def follow(readme, environ):
    """Do the steps of the README at a path, in the home and with the PATH of ``environ``."""
    for step in read_steps(readme.read_text(encoding="utf-8")):
        if isinstance(step, Append):
            path = Path(step.path.replace("~", environ["HOME"], 1))
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as file:
                file.write(step.text)
            continue
        done = subprocess.run(
            ["sh", "-euc", step.script],
            env=environ,
            cwd=environ["HOME"],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, f"{step.script}\n{done.stdout}\n{done.stderr}"


def fresh_environ(home, *folders):
    """The environment of a user who has just logged in, with ``folders`` first on PATH."""
    ours = ("CODESTRAL_", "XDG_", "PYTHON", "VIRTUAL_ENV", "NVIM", "TMUX", "OLLAMA_")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(ours) and not k.endswith("_API_KEY")}
    path = os.pathsep.join([*map(str, folders), "/usr/local/bin", "/usr/bin", "/bin"])
    return {**kept, "HOME": str(home), "PATH": path, "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}
