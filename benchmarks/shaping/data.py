"""The public data sets, read where they lie: raw outputs of models, and functions with a piece cut out.

They are no part of the project. The folder is ``../shared/data`` beside the checkout, or what
``CODESTRAL_LSP_DATA_SETS`` names; whoever has none sees one line that says so.
"""

from __future__ import annotations

import gzip
import json
import lzma
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lsp_server.document.lines import split_lines
from lsp_server.types import Cursor, Document, Position

VARIABLE: Final = "CODESTRAL_LSP_DATA_SETS"
LANGUAGES: Final = ("python", "typescript")
TASKS: Final = {"python": ("python-25", "python-100"), "typescript": ("typescript-25",)}
SINGLE_LINES: Final = "HumanEval-SingleLineInfilling"
RANDOM_SPANS: Final = "HumanEval-RandomSpanInfillingLight"
_ENDINGS: Final = {"python": "py", "typescript": "ts", "typescriptreact": "tsx"}


class MissingData(Exception):
    """A data set is not on this machine. Its text is one line for people."""


@dataclass(frozen=True, slots=True)
class Place:
    """A file with a cursor in it: all text before and after the cursor, with ``\\n`` line ends.

    ``language`` is the identifier that editors give: files with JSX have one of their own.
    """

    before: str
    after: str
    language: str = "python"

    @property
    def line_before(self) -> str:
        """The cursor's line up to the cursor."""
        return self.before[self.before.rfind("\n") + 1 :]

    @property
    def line_after(self) -> str:
        """The cursor's line behind the cursor, without its line end."""
        return self.after.partition("\n")[0]

    @property
    def line_below(self) -> str:
        """The first line with text below the cursor's, with its indentation; empty when there is none."""
        below = self.after.partition("\n")[2]
        return next((line for line in below.split("\n") if line.strip()), "")

    @property
    def line_above(self) -> str:
        """The last line with text above the cursor's, with its indentation; empty when there is none."""
        above = self.before.rpartition("\n")[0]
        return next((line for line in reversed(above.split("\n")) if line.strip()), "")

    @property
    def cursor(self) -> Cursor:
        """The same place as the server knows it."""
        path = f"/project/main.{_ENDINGS[self.language]}"
        above = split_lines(self.before)
        lines = split_lines(self.before + self.after)
        document = Document(f"file://{path}", path, self.language, 1, lines)
        return Cursor(document, Position(len(above) - 1, len(above[-1])))


@dataclass(frozen=True, slots=True)
class Output:
    """What a model said at a place, with no rule applied, and what stands there in truth.

    ``template`` is how other files were shown to the model; ``cut_off`` tells that it ran into its limit.
    """

    task: str
    model: str
    template: str
    place: Place
    reference: str
    text: str
    cut_off: bool


@dataclass(frozen=True, slots=True)
class Infill:
    """A piece cut out of a function: ``reference`` stands at ``place``. ``function`` is the whole task's."""

    task: str
    function: str
    place: Place
    reference: str


def folder() -> Path:
    """The folder of the data sets, whether it is there or not."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else Path(__file__).resolve().parents[3] / "shared" / "data"


def outputs(language: str) -> list[Output]:
    """The raw outputs for a language, each with its task. Raises ``MissingData``."""
    tasks = {
        row["metadata"]["task_id"]: row
        for name in TASKS[language]
        for row in rows_of("crosscodeeval-sample", f"{name}.jsonl.xz")
    }
    found = []
    for row in rows_of("completion-outputs", f"{language}.jsonl.xz"):
        task = tasks[row["task_id"]]
        output = Output(
            task=row["task_id"],
            model=row["model"],
            template=row["template"],
            place=Place(task["prompt"], task["right_context"], _identifier(task, language)),
            reference=task["groundtruth"],
            text=row["output"],
            cut_off=row["stop_reason"] == "length",
        )
        found.append(output)
    return found


def infills(name: str) -> list[Infill]:
    """The pieces of one HumanEval infilling set. Raises ``MissingData``."""
    return [
        Infill(
            row["task_id"], row["entry_point"], Place(row["prompt"], row["suffix"]), row["canonical_solution"]
        )
        for row in rows_of("human-eval-infilling", f"{name}.jsonl.gz")
    ]


def _identifier(task: dict[str, Any], language: str) -> str:
    return "typescriptreact" if str(task["metadata"].get("file")).endswith(".tsx") else language


def rows_of(room: str, name: str) -> Iterator[dict[str, Any]]:
    path = folder() / room / name
    if not path.is_file():
        where = f"the folder that {VARIABLE} names" if os.environ.get(VARIABLE) else "../shared/data"
        raise MissingData(f"{room}/{name} is not in {where}; set {VARIABLE} to the folder of the data sets")
    with (lzma if name.endswith(".xz") else gzip).open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
