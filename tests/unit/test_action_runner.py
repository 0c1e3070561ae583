"""Doing an action: which model is told what, and what reaches it."""

import asyncio
import subprocess
import threading

import pytest

from lsp_server.action_runner import BEHIND, ActionRunner, Job
from lsp_server.actions.edits import applied
from lsp_server.actions.model import Diagnostic, NewFile, Page, Plan, Refused, Situation, Span
from lsp_server.actions.offers import ActionConfig, offer_for
from lsp_server.actions.plan import plan
from lsp_server.actions.templates import builtin
from lsp_server.backends.base import Capabilities, Unavailable
from lsp_server.config.settings import BackendSettings, Settings
from lsp_server.document.lines import split_lines
from lsp_server.policy.clearance import Policy
from lsp_server.policy.paths import PathRules
from lsp_server.routing.router import Route, Router
from lsp_server.testing.backend import ScriptedBackend
from lsp_server.testing.clock import ManualClock
from lsp_server.testing.fixtures import MARK
from lsp_server.types import Document, Finish, Position, PromptForm

F = f"def {MARK}f(a):\n    return a + a\n"
CHAT = Capabilities(takes_raw=False)
AGAIN = "```python\ndef f(a):\n    return 2 * a\n```\n"


class Bench:
    """An runner over scripted backends, in a folder."""

    def __init__(self, *backends, folder="/project", rules=None, remote_allowed=True, **settings):
        self.clock = ManualClock()
        self.backends = backends
        for backend in backends:
            backend.clock = self.clock
        self.folder = str(folder)
        routes = [Route(b, BackendSettings(name=b.name, kind="openai")) for b in backends]
        policy = Policy(rules or PathRules(), remote_allowed=remote_allowed, folders=(self.folder,))
        self.runner = ActionRunner(Settings.model_validate(settings), policy, Router(routes, self.clock))

    async def run(self, action, marked=F, *, path="main.py", language="python", diagnostics=(), end=None):
        before, _, after = marked.partition(MARK)
        full = f"{self.folder}/{path}"
        document = Document(f"file://{full}", full, language, 1, split_lines(before + after))
        lines = before.split("\n")
        place = Position(len(lines) - 1, len(lines[-1]))
        situation = Situation(document, Span(place, end or place), diagnostics)
        offer = offer_for(action, situation, config=ActionConfig(), instruction="shorter")
        outcome = await self.runner.run(Job(offer, situation, builtin(action)))
        return applied(document, outcome.edits).text if isinstance(outcome, Plan) else outcome


def scripted(answer, name="scripted", **options):
    reply = answer if callable(answer) else lambda _: answer
    return ScriptedBackend(ManualClock(), reply, name=name, **options)


def forms(backend):
    return [clean.prompt.template.form for clean in backend.prompts]


async def test_a_model_is_told_in_words_and_its_answer_edits_the_text():
    backend = scripted(AGAIN)
    assert await Bench(backend).run("simplify") == "def f(a):\n    return 2 * a\n"
    [clean] = backend.prompts
    assert clean.prompt.template.form is PromptForm.CHAT
    assert "return a + a" in clean.prompt.text


async def test_little_is_read_behind_the_code_block():
    backend = scripted(AGAIN + "And now a long story. " * 100)
    assert await Bench(backend).run("simplify") == "def f(a):\n    return 2 * a\n"
    assert backend.closed == 1
    assert backend.pieces_sent * backend.piece < len(AGAIN) + BEHIND + 2 * backend.piece


@pytest.mark.parametrize(
    "answer",
    [
        f"{AGAIN}And what calls it:\n```python\nf(1)\n```\n",
        f"````\n{AGAIN}````\n",
        (
            "```\n<<<<<<< SEARCH\n    return a + a\n=======\n    return 2 * a\n>>>>>>> REPLACE\n```\n"
            "```\n<<<<<<< SEARCH\nnot there\n=======\nx\n>>>>>>> REPLACE\n```\n"
        ),
    ],
    ids=["two blocks", "nested fences", "two exchanges, one of them wrong"],
)
async def test_what_follows_a_block_can_make_the_answer_unusable(answer):
    assert isinstance(await Bench(scripted(answer, piece=1, capabilities=CHAT)).run("simplify"), Refused)


async def test_a_blank_that_was_cut_off_at_its_limit_stays_blank():
    backend = scripted("Twice a, which is", finish=Finish.LENGTH, capabilities=Capabilities(takes_chat=False))
    assert isinstance(await Bench(backend).run("docstring"), Refused)


async def test_a_cancelled_action_ends_as_cancelled_while_a_document_is_parsed(monkeypatch):
    parsing, go_on = threading.Event(), threading.Event()

    def slow(*arguments):
        parsing.set()
        go_on.wait(5)
        return plan(*arguments)

    monkeypatch.setattr("lsp_server.actions.filling.plan", slow)
    running = asyncio.ensure_future(Bench(scripted("int")).run("annotate"))
    await asyncio.to_thread(parsing.wait, 5)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    go_on.set()


async def test_an_engine_here_fills_in_and_is_told_in_words_where_that_comes_to_nothing():
    backend = scripted(
        lambda clean: "" if clean.prompt.template.form is not PromptForm.CHAT else "```\nSay a.\n```"
    )
    assert await Bench(backend).run("docstring") == 'def f(a):\n    """Say a."""\n    return a + a\n'
    assert forms(backend) == [PromptForm.RAW, PromptForm.CHAT]


async def test_a_hosted_model_is_told_in_words_first():
    backend = scripted("```text\nTwice a.\n```", remote=True)
    assert await Bench(backend).run("docstring") == 'def f(a):\n    """Twice a."""\n    return a + a\n'
    assert forms(backend) == [PromptForm.CHAT]


async def test_a_backend_without_chats_can_fill_in_and_nothing_else():
    backend = scripted('Twice a."""', capabilities=Capabilities(takes_chat=False))
    bench = Bench(backend)
    assert await bench.run("docstring") == 'def f(a):\n    """Twice a."""\n    return a + a\n'
    assert await bench.run("simplify") == Refused("scripted takes no instructions, only completions")


async def test_a_model_that_cannot_fill_in_is_told_in_words():
    backend = scripted("```\nTwice a.\n```", model="some-chat-model")
    bench = Bench(backend)
    assert await bench.run("docstring") == 'def f(a):\n    """Twice a."""\n    return a + a\n'
    assert forms(backend) == [PromptForm.CHAT]


async def test_the_next_backend_is_asked_where_one_fails():
    first = scripted("", name="first", capabilities=CHAT)
    first.errors = [Unavailable("first: it is overloaded")] * 3
    second = scripted(AGAIN, name="second")
    assert await Bench(first, second).run("simplify") == "def f(a):\n    return 2 * a\n"


async def test_the_last_failure_is_told():
    backend = scripted("", capabilities=CHAT)
    backend.errors = [Unavailable("scripted: it is overloaded")] * 3
    assert await Bench(backend).run("simplify") == Refused("scripted: it is overloaded")
    assert "no backend" in (await Bench().run("simplify")).reason


@pytest.mark.parametrize("action", ["simplify", "docstring", "explain", "tests"])
async def test_nothing_goes_where_it_must_not(action, tmp_path):
    here = scripted(AGAIN, name="here")
    away = scripted(AGAIN, name="away", remote=True)
    (tmp_path / "main.py").write_text("x")
    excluded = Bench(here, away, folder=tmp_path, rules=PathRules(exclude=("main.py",)))
    assert isinstance(await excluded.run(action), Refused)
    private = Bench(away, folder=tmp_path, rules=PathRules(local_only=("main.py",)))
    assert isinstance(await private.run(action), Refused)
    refused = Bench(away, folder=tmp_path, remote_allowed=False)
    assert isinstance(await refused.run(action), Refused)
    assert here.prompts == away.prompts == []


KEY = "\n".join(["-----BEGIN RSA PRIVATE KEY-----", *["MIIEpAIBAAKCAQEA" + "x1Y2" * 12] * 4])


@pytest.mark.parametrize("secrets", ["block", "redact"])
async def test_a_selection_within_a_key_stays_here(secrets):
    away = scripted("It is a key.", remote=True)
    lines = f'K = """{KEY}\n'
    marked = f'{lines}{MARK}MIIEpAIBAAKCAQEA{"x1Y2" * 12}\n-----END RSA PRIVATE KEY-----\n"""\n'
    bench = Bench(away, privacy={"secrets": secrets})
    outcome = await bench.run("explain", marked, end=Position(5, 40))
    assert isinstance(outcome, Refused)
    assert "secret" in outcome.reason
    assert away.prompts == []


async def test_a_secret_in_the_target_holds_the_prompt_back_from_a_remote_model_alone():
    marked = f"def {MARK}f():\n    token = 'ghp_{'aB3dE5gH7j' * 4}'\n    return token\n"
    away, here = scripted("text", name="away", remote=True), scripted("text", name="here")
    assert "secret" in (await Bench(away).run("explain", marked)).reason
    assert away.prompts == []
    assert isinstance(await Bench(here).run("explain", marked), Page)


async def test_a_model_that_may_not_be_used_at_work_is_not_asked():
    backend = scripted(AGAIN, model="codestral:22b")
    outcome = await Bench(backend, licence={"production": True}).run("simplify")
    assert isinstance(outcome, Refused)
    assert backend.prompts == []


async def test_what_does_not_fit_is_said():
    backend = scripted(AGAIN)
    marked = f"def {MARK}f(a):\n" + "    a = a + 1  # and on it goes\n" * 3000
    outcome = await Bench(backend).run("simplify", marked)
    assert "too long for the model" in outcome.reason
    assert backend.prompts == []


async def test_an_answer_that_was_cut_short_changes_nothing():
    backend = scripted("```python\ndef f(a):\n    ret", finish=Finish.LENGTH, capabilities=CHAT)
    assert isinstance(await Bench(backend).run("simplify"), Refused)


async def test_a_diagnostic_is_part_of_what_the_model_is_told():
    backend = scripted("```python\ndef f(a):\n    return a\n```", capabilities=CHAT)
    found = Diagnostic(Span(Position(1, 11), Position(1, 12)), "undefined name 'b'")
    marked = f"def f(a):\n    {MARK}return b\n"
    assert await Bench(backend).run("fix", marked, diagnostics=(found,)) == "def f(a):\n    return a\n"
    assert "line 2: undefined name 'b'" in backend.prompts[0].prompt.text


async def test_tests_are_written_for_the_projects_framework_into_a_new_file(tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_other.py").write_text("import pytest\n\ndef test_x():\n    assert 1\n")
    (tmp_path / "main.py").write_text(F.replace(MARK, ""))
    backend = scripted(
        "```python\nfrom main import f\n\n\ndef test_f():\n    assert f(1) == 2\n```", capabilities=CHAT
    )
    outcome = await Bench(backend, folder=tmp_path).run("tests")
    assert isinstance(outcome, NewFile)
    assert outcome.path == str(tmp_path / "tests" / "test_main.py")
    assert "pytest" in backend.prompts[0].prompt.text
    assert "tests/test_main.py" in backend.prompts[0].prompt.text


async def test_tests_for_a_file_outside_of_every_folder_are_refused():
    backend = scripted(AGAIN)
    bench = Bench(backend, folder="/project")
    bench.folder = "/elsewhere"
    assert isinstance(await bench.run("tests"), Refused)
    assert backend.prompts == []


def git(folder, *arguments):
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@t", *arguments]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


async def test_a_commit_message_is_about_what_is_staged(tmp_path):
    git(tmp_path, "init", "-q")
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "secret.py").write_text("hidden = 1\n")
    git(tmp_path, "add", ".")
    backend = scripted("```\nAdd x\n\nIt is needed.\n```", capabilities=CHAT)
    bench = Bench(backend, folder=tmp_path, rules=PathRules(exclude=("secret.py",)))
    text = await bench.run(
        "commit-message",
        f"{MARK}\n# Changes to be committed:\n",
        path=".git/COMMIT_EDITMSG",
        language="gitcommit",
    )
    assert text == "Add x\n\nIt is needed.\n\n# Changes to be committed:\n"
    [clean] = backend.prompts
    assert "+x = 1" in clean.prompt.text
    assert "hidden" not in clean.prompt.text


async def test_without_anything_staged_there_is_no_message(tmp_path):
    git(tmp_path, "init", "-q")
    backend = scripted("text")
    outcome = await Bench(backend, folder=tmp_path).run(
        "commit-message", f"{MARK}\n# x\n", path=".git/COMMIT_EDITMSG", language="gitcommit"
    )
    assert "nothing is staged" in outcome.reason
    assert backend.prompts == []
