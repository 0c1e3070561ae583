"""A server process for drivers of editors: at the cursor of a case it suggests that case's text.

python case_server.py --cases cases.json [--journal FILE] [--menu auto|always|never] [options of serve]

The cases are those of ``lsp_server.testing.accept_cases``. The journal gets a JSON line for each suggestion
that the editor tells was shown or accepted.
"""

import argparse
import json
import sys
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from lsp_server.cli import serve
from lsp_server.testing.accept_cases import read_cases
from lsp_server.testing.application import ScriptedApplication
from lsp_server.types import Answer, Gate, Suggestion

NOTHING = Answer(gate=Gate("scripted", "there is no case at this place"))


class CaseApplication(ScriptedApplication):
    """Suggests what the cases say, and keeps a journal in a file."""

    def __init__(self, cases, menu, journal):
        super().__init__(self._answer_of_case, menu=menu)
        self._cases = {case["name"]: case for case in cases}
        self._journal_file = journal

    def accepted(self, suggestion_id, length):
        super().accepted(suggestion_id, length)
        self._write(event="accepted", id=suggestion_id, length=length)

    def shown(self, suggestion_id):
        super().shown(suggestion_id)
        self._write(event="shown", id=suggestion_id)

    def _answer_of_case(self, request):
        cursor = request.cursor
        name = PurePosixPath(unquote(urlsplit(cursor.document.uri).path)).name
        case = self._cases.get(name)
        place = (cursor.position.line, cursor.position.column)
        if case is None or place != (case["line"], case["column"]):
            return NOTHING
        if cursor.document.text.replace("\r\n", "\n") != case["text"].replace("\r\n", "\n"):
            return NOTHING
        suggestion = Suggestion(
            text=case["suggestion"],
            position=cursor.position,
            replaces=case["replaces"],
            backend="scripted",
            origin="backend",
            id=name,
        )
        return Answer(suggestions=(suggestion,), backend="scripted")

    def _write(self, **entry):
        if self._journal_file is not None:
            with self._journal_file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=Path, required=True)
    parser.add_argument("--journal", type=Path)
    parser.add_argument("--menu", choices=("auto", "always", "never"), default="auto")
    serve.add_arguments(parser)
    orders = parser.parse_args()
    return serve.run(orders, lambda: CaseApplication(read_cases(orders.cases), orders.menu, orders.journal))


if __name__ == "__main__":
    sys.exit(main())
