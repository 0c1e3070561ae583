"""The playground over a scripted application, for drivers of its page.

python scripted_playground.py --script FILE --journal FILE [arguments of playground]

The script is JSON: ``suggestions`` (objects with ``text`` and, where they are for one place, ``before``: what
stands in the line before the cursor), ``replaces``, ``offers`` (names of actions) and ``outcome``
(``{"replace": text}`` for the first line, ``{"page": markdown}``, ``{"new_file": text}`` or
``{"refused": reason}``). It is read at each request, so that a test can change it. The journal gets a line of
JSON for each document as it changes, for what becomes of suggestions, and for the begin and end of sessions.
"""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

from lsp_server.actions.model import (
    REWRITE,
    NewFile,
    Offer,
    Page,
    Plan,
    Refused,
    Result,
    Span,
    TextEdit,
)
from lsp_server.cli import playground
from lsp_server.telemetry.events import Log, as_json
from lsp_server.testing.application import ScriptedApplication
from lsp_server.types import Answer, Gate, Position, PromptSummary, Suggestion, Trigger

START = Span(Position(0, 0), Position(0, 0))


class PageApplication(ScriptedApplication):
    """Takes what it says from a file, and tells another one what it was told."""

    def __init__(self, script, journal, folder):
        super().__init__(self._answer_of_script, perform=self._outcome)
        self._script_file, self._journal_file, self._folder = script, journal, folder
        self._events = []
        self._write(event="began")

    @property
    def _script(self):
        return json.loads(self._script_file.read_text(encoding="utf-8"))

    def _answer_of_script(self, request):
        script, cursor = self._script, request.cursor
        texts = [
            each["text"]
            for each in script.get("suggestions", [])
            if cursor.before == each.get("before", cursor.before)
        ]
        gate = Gate("scripted", "the script has nothing here") if not texts else None
        answer = Answer(
            gate=gate,
            suggestions=tuple(
                Suggestion(
                    text=text,
                    position=cursor.position,
                    replaces=script.get("replaces", 0),
                    backend="scripted",
                    origin="backend",
                    id=f"{len(self.requests)}.{number}",
                )
                for number, text in enumerate(texts if request.trigger is Trigger.INVOKED else texts[:1])
            ),
            backend="scripted",
            model="script-1b",
            timings_ms={"debounce": 12.0, "prompt": 3.5, "first_token": 80.0, "stream": 41.0, "total": 140.0},
            prompt=PromptSummary("scripted", 321, 100, 10, (("lib/units.py", "imports", 0.87),)),
        )
        self._events.insert(0, self._event(request, answer))
        return answer

    def _event(self, request, answer):
        log = Log()
        place = (request.cursor.position.line, request.cursor.position.column)
        event = log.record("account.py", "python", place, request.trigger, answer)
        return as_json(replace(event, number=len(self._events) + 1))

    def explain(self):
        return {"requests": self._events[:50]}

    def stats(self):
        answered = [event for event in self._events if event["gate"] is None]
        taken = self.noted("accepted")
        return {
            "requests": len(self._events),
            "suggestions": len(answered),
            "shown": len(self.noted("shown")),
            "accepted": len([each for each in taken if each[1] is None]),
            "accepted_in_part": 0,
            "median_ms": 140.0 if answered else None,
        }

    async def offers(self, situation, *, can_prompt):
        self.offered = [
            Offer(name, f"Do {name}", REWRITE, Result.REPLACEMENT, situation.selection)
            for name in self._script.get("offers", [])
        ]
        return await super().offers(situation, can_prompt=can_prompt)

    async def act(self, name, situation, instruction, on_progress):
        self._write(event="act", name=name, instruction=instruction)
        return await super().act(name, situation, instruction, on_progress)

    def _outcome(self, situation):
        document, outcome = situation.document, self._script.get("outcome", {})
        if "replace" in outcome:
            end = Position(0, len(document.lines[0].rstrip("\r\n")))
            edit = TextEdit(Span(Position(0, 0), end), outcome["replace"])
            return Plan(document, (edit,), "replace the first line", large=outcome.get("large", False))
        if "page" in outcome:
            return Page("A page", outcome["page"])
        if "new_file" in outcome:
            return NewFile(str(self._folder / "test_new.py"), outcome["new_file"], "a new file")
        return Refused(outcome.get("refused", "nothing is scripted"))

    def keep_page(self, page):
        path = self._folder / f"page-{len(self.noted('keep_page'))}.md"
        path.write_text(page.markdown, encoding="utf-8")
        super().keep_page(page)
        return path

    def document_changed(self, uri):
        super().document_changed(uri)
        self._write(event="text", uri=uri, text=self.documents.get(uri).text)

    def accepted(self, suggestion_id, length):
        super().accepted(suggestion_id, length)
        self._write(event="accepted", id=suggestion_id, length=length)

    def toggle(self):
        self._write(event="toggled")
        return super().toggle()

    def shown(self, suggestion_id):
        super().shown(suggestion_id)
        self._write(event="shown", id=suggestion_id)

    async def close(self):
        await super().close()
        self._write(event="ended")

    def _write(self, **entry):
        with self._journal_file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--script", type=Path, required=True)
    parser.add_argument("--journal", type=Path, required=True)
    playground.add_arguments(parser)
    orders = parser.parse_args()

    def make():
        return PageApplication(orders.script, orders.journal, orders.journal.parent)

    return playground.run(orders, make)


if __name__ == "__main__":
    sys.exit(main())
