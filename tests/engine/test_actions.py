"""Code actions with the real engine and the real 0.5B model."""

import pytest

from lsp_server.action_runner import ActionRunner, Job
from lsp_server.actions.edits import applied
from lsp_server.actions.model import Page, Plan, Situation, Span
from lsp_server.actions.offers import ActionConfig, offer_for
from lsp_server.actions.templates import builtin
from lsp_server.backends.embedded.backend import EmbeddedBackend
from lsp_server.config.settings import BackendSettings, Settings
from lsp_server.document.lines import split_lines
from lsp_server.policy.clearance import Policy
from lsp_server.policy.paths import PathRules
from lsp_server.routing.router import Route, Router
from lsp_server.schedule.clock import SystemClock
from lsp_server.types import Document, Position

pytestmark = pytest.mark.engine

TEXT = """import math


def distance(first, second):
    dx = first[0] - second[0]
    dy = first[1] - second[1]
    return math.sqrt(dx * dx + dy * dy)
"""


@pytest.fixture
async def act(embedded_model):
    settings = BackendSettings(name="engine", kind="embedded", model=str(embedded_model))
    backend = EmbeddedBackend(settings, session="tests")
    router = Router([Route(backend, settings)], SystemClock())
    runner = ActionRunner(Settings(), Policy(PathRules(), folders=("/p",)), router)

    async def run(action):
        document = Document("file:///p/a.py", "/p/a.py", "python", 1, split_lines(TEXT))
        place = Position(3, 6)
        situation = Situation(document, Span(place, place))
        offer = offer_for(action, situation, config=ActionConfig())
        outcome = await runner.run(Job(offer, situation, builtin(action)))
        return applied(document, outcome.edits).text if isinstance(outcome, Plan) else outcome

    yield run
    await backend.close()


async def test_a_docstring_is_filled_in(act):
    text = await act("docstring")
    assert '    """' in text
    assert text.replace(text[text.index('    """') : text.index("    dx")], "") == TEXT
    compile(text, "a.py", "exec")


async def test_types_are_filled_in(act):
    text = await act("annotate")
    assert "first: " in text or "-> " in text
    compile(text, "a.py", "exec")


async def test_code_is_explained(act):
    page = await act("explain")
    assert isinstance(page, Page)
    assert "distance" in page.markdown
