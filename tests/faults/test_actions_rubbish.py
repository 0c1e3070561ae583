"""Models that answer rubbish: no file is ever broken by an action, and every run ends with a word for people.

Each action runs over files of several languages against models that say nothing, half of it, too much, the
wrong language, nested fences, somebody else's code, or the code with lines left out.
"""

import random

import pytest

from lsp_server.action_runner import ActionRunner, Job
from lsp_server.actions.edits import applied
from lsp_server.actions.model import Diagnostic, NewFile, Page, Plan, Refused, Result, Situation, Span
from lsp_server.actions.offers import TABLE, ActionConfig, offer_for
from lsp_server.actions.templates import builtin
from lsp_server.config.settings import BackendSettings, Settings
from lsp_server.document.lines import split_lines
from lsp_server.grammars import grammar
from lsp_server.policy.clearance import Policy
from lsp_server.policy.paths import PathRules
from lsp_server.routing.router import Route, Router
from lsp_server.testing.backend import ScriptedBackend
from lsp_server.testing.clock import ManualClock
from lsp_server.testing.fixtures import MARK
from lsp_server.types import Document, Finish, Position

FILES = {
    "python": (
        f"import os\n\n\ndef {MARK}load(path, mode='r'):\n    # TODO: close it\n    return open(path, mode)\n"
    ),
    "python, tabs, CRLF": (
        f"class A:\r\n\tdef {MARK}f(self, b):\r\n\t\tif b:\r\n\t\t\treturn b\r\n\t\treturn 1\r\n"
    ),
    "python, a stub": f"def {MARK}todo(a, b):\n    '''Add.'''\n    pass\n\n\nx = 1\n",
    "python, in German": (
        f"def {MARK}load(path):\n    # Die Datei wird hier nur gelesen und nicht geschlossen\n"
        "    f = open(path)\n    return f.read()\n"
    ),
    "typescript": (
        f"export function {MARK}sum(xs) {{\n  // TODO: more\n  return xs.reduce((a, b) => a + b);\n}}\n"
    ),
    "go": f"package p\n\nfunc {MARK}Sum(a, b int) int {{\n\t// TODO: check\n\treturn a + b\n}}\n",
    "rust": f"fn {MARK}sum(a: u8, b: u8) -> u8 {{\n    // TODO: check\n    a + b\n}}\n",
    "java": (
        f"class A {{\n  int {MARK}sum(int a, int b) {{\n    // TODO: check\n    return a + b;\n  }}\n}}\n"
    ),
}
ACTIONS = [row.name for row in TABLE if row.result not in (Result.NONE, Result.COMMIT_MESSAGE)]
PYTHON = "```python\ndef other(x):\n    return x\n```"


def rubbish(code):
    """Answers by what is wrong with them; ``code`` is the file's own."""
    half = code[: len(code) // 2]
    return {
        "nothing": "",
        "blanks": " \n\n\t\n",
        "half a block": f"```\n{half}",
        "half the code": f"```\n{half}\n```",
        "prose": "I'm sorry, but I can't help with that. Let me know if you need anything else!",
        "prose around it": f"Sure!\n\n```\n{code}```\n\nThis code is now better. Hope that helps!",
        "two blocks": f"```\n{half}\n```\nor\n```\n{code}\n```",
        "nested fences": f"````markdown\n```\n{code}```\n````",
        "fences out of step": f"```\n{code}\n``\n~~~\n",
        "another language": "```rust\nfn other() -> u8 { 1 }\n```",
        "other code": PYTHON,
        "brackets": "```\n)]}})]}\n```",
        "quotes": "```\n'''\"\"\"`'\n```",
        "left out": f"```\n{half.splitlines()[0]}\n    # ... existing code ...\n```",
        "line numbers": "```\n"
        + "\n".join(f"{n}: {line}" for n, line in enumerate(code.splitlines()))
        + "\n```",
        "a diff": "```diff\n" + "\n".join(f"+{line}" for line in code.splitlines()) + "\n```",
        "search and replace": "<<<<<<< SEARCH\nno such line\n=======\n(((\n>>>>>>> REPLACE",
        "control signs": "```\n\x00\x1b[31m\u202e\ufeff<|fim_prefix|>\n```",
        "on and on": "```\n" + "x = (\n" * 400,
        "indented wrongly": "```\n"
        + "\n".join(" " * (n % 5) + line for n, line in enumerate(code.splitlines()))
        + "\n```",
    }


def errors(text, language):
    from tree_sitter import Parser

    nodes, found = [Parser(grammar(language)).parse(text.encode()).root_node], 0
    while nodes:
        node = nodes.pop()
        found += node.is_error or node.is_missing
        nodes.extend(node.children)
    return found


def compiles(text):
    try:
        compile(text, "file", "exec")
    except (SyntaxError, ValueError):
        return False
    return True


async def run(name, action, answer, finish=Finish.STOP):
    """The text before and after, and what came of the action; None where it is not offered."""
    language = name.partition(",")[0]
    before, _, after = FILES[name].partition(MARK)
    document = Document("file:///p/file", "/p/file", language, 1, split_lines(before + after))
    start, end = Position(before.count("\n"), len(before.rpartition("\n")[2])), None
    if action == "extract":
        start = Position(start.line + 2, 0)
        end = Position(start.line, len(document.lines[start.line].rstrip()))
    if action == "todo":
        start = Position(start.line + 1, 4)
    span = Span(start, end or start)
    diagnostic = Diagnostic(Span(span.start, span.start), "it is wrong")
    situation = Situation(document, span, (diagnostic,))
    offer = offer_for(action, situation, config=ActionConfig(can_prompt=True), instruction="make it better")
    if offer is None:
        return None
    clock = ManualClock()
    backend = ScriptedBackend(clock, lambda _: answer, finish=finish, piece=7)
    router = Router([Route(backend, BackendSettings(name="scripted", kind="openai"))], clock)
    runner = ActionRunner(Settings(), Policy(PathRules(), folders=("/p",)), router)
    return document, await runner.run(Job(offer, situation, builtin(action)))


@pytest.mark.parametrize("action", ACTIONS)
async def test_no_file_is_broken(action):
    chance = random.Random(action)
    runs = 0
    for name, marked in FILES.items():
        for what, answer in rubbish(marked.replace(MARK, "")).items():
            done = await run(name, action, answer, chance.choice([Finish.STOP, Finish.LENGTH]))
            if done is None:
                continue
            runs += 1
            document, outcome = done
            assert isinstance(outcome, Plan | Page | NewFile | Refused)
            if isinstance(outcome, Refused):
                assert outcome.reason.strip(), (name, what)
                assert "\n" not in outcome.reason
            if not isinstance(outcome, Plan):
                continue
            text, language = applied(document, outcome.edits).text, document.language
            assert errors(text, language) <= errors(document.text, language), (name, what, text)
            if language == "python":
                assert compiles(text), (name, what, text)
            if "\r\n" in document.text:
                assert "\n" not in text.replace("\r\n", ""), (name, what)
    assert runs >= len(rubbish("x\ny\n"))


async def test_there_are_more_than_200_runs():
    offered = [await run(name, action, "") for name in FILES for action in ACTIONS]
    assert sum(done is not None for done in offered) * len(rubbish("x\ny\n")) > 200
