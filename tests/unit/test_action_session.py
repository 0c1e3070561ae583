"""Actions of a session, through the whole application: what is offered, what ends one, and pages."""

import asyncio
import stat

import pytest

from lsp_server import action_session
from lsp_server.actions.model import Diagnostic, Page, Plan, Refused, Situation, Span
from lsp_server.actions.offers import NAMES
from lsp_server.app import App
from lsp_server.config.settings import ACTION_NAMES
from lsp_server.testing.configuration import backend_of, write_config
from lsp_server.testing.fake_backends import FakeLlamaCpp
from lsp_server.testing.fixtures import cursor_at
from lsp_server.types import Position, Request, Trigger

TEXT = "def f(a):\n    return a + a\n"
OWN = {
    "name": "shout",
    "title": "Shout",
    "kind": "refactor.rewrite",
    "when": "function",
    "prompt": "Write this in capitals:\n{target}",
}


@pytest.fixture
async def fake():
    async with FakeLlamaCpp("```python\ndef f(a):\n    return 2 * a\n```\n") as fake:
        yield fake


@pytest.fixture
async def app(fake, tmp_path):
    config = write_config(tmp_path / "config.toml", [backend_of("llamacpp", fake)], actions=[OWN])
    app = App(config, {"CODESTRAL_LSP_DATA_DIR": str(tmp_path / "data")})
    app.documents.open("file:///project/main.py", "python", 1, TEXT)
    yield app
    await app.close()


def situation(app, **values):
    document = app.documents.get("file:///project/main.py")
    return Situation(document, Span(Position(0, 5), Position(0, 5)), **values)


def unheard(_backend, _characters):
    """Progress that nobody looks at."""


async def begun(app, fake):
    """An action whose model is not going to answer, once the model was asked."""
    fake.first_token_s = 60.0
    asked = len(fake.completions)
    running = asyncio.ensure_future(app.act("simplify", situation(app), "", unheard))
    await fake.completed(asked + 1)
    return running


def test_every_action_has_a_name_that_the_settings_refuse():
    assert ACTION_NAMES == NAMES


async def test_offers_come_from_the_syntax_and_from_the_users_own_actions(app):
    offered = await app.offers(situation(app), can_prompt=False)
    names = [offer.action for offer in offered]
    assert {"docstring", "annotate", "simplify", "tests", "explain", "shout", "toggle"} <= set(names)
    assert "edit" not in names
    assert "edit" in [offer.action for offer in await app.offers(situation(app), can_prompt=True)]


async def test_an_action_is_done_from_the_offer_to_the_plan(app):
    outcome = await app.act("simplify", situation(app), "", unheard)
    assert isinstance(outcome, Plan)


async def test_an_action_of_the_users_own_asks_with_its_prompt(app, fake):
    outcome = await app.act("shout", situation(app), "", unheard)
    assert isinstance(outcome, Plan)
    assert "Write this in capitals" in str(fake.requests[-1].body)


async def test_a_users_own_action_is_told_in_its_words_even_where_it_could_be_filled_in(fake, tmp_path):
    fake.answer = "```\nEn fran\u00e7ais.\n```\n"
    own = OWN | {"name": "french", "result": "documentation", "prompt": "Document in French:\n{target}"}
    config = write_config(tmp_path / "own.toml", [backend_of("llamacpp", fake)], actions=[own])
    app = App(config, {"CODESTRAL_LSP_DATA_DIR": str(tmp_path / "data")})
    app.documents.open("file:///project/main.py", "python", 1, TEXT)
    outcome = await app.act("french", situation(app), "", unheard)
    assert isinstance(outcome, Plan)
    assert [recorded.path for recorded in fake.completions] == ["/v1/chat/completions"]
    await app.close()


async def test_what_is_not_offered_cannot_be_done(app):
    for name in ("complete", "toggle", "nothing", "commit-message"):
        assert await app.act(name, situation(app), "", unheard) == Refused(action_session.NOT_HERE)
    assert await app.act("edit", situation(app), " ", unheard) == Refused(action_session.NEEDS_WORDS)


@pytest.mark.parametrize("how", ["changed", "closed"])
async def test_a_document_that_is_left_ends_the_action_at_once(app, fake, how):
    running = await begun(app, fake)
    if how == "changed":
        app.document_changed("file:///project/main.py")
    else:
        app.document_closed("file:///project/main.py")
    outcome = await asyncio.wait_for(running, 5)
    assert outcome == Refused(action_session.CHANGED if how == "changed" else action_session.CLOSED)
    await fake.closed()


async def test_a_cancelled_action_is_cancelled(app, fake):
    running = await begun(app, fake)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await fake.closed()


async def test_the_last_completion_is_explained_without_a_model(app, fake):
    page = await app.act("explain-completion", situation(app), "", unheard)
    assert "Nothing has been asked for" in page.markdown
    await app.complete(Request(cursor_at("x = \u2038"), Trigger.INVOKED, "test"))
    count = len(fake.requests)
    page = await app.act("explain-completion", situation(app), "", unheard)
    assert isinstance(page, Page)
    assert "line 1, column 5" in page.markdown
    assert "llamacpp" in page.markdown
    assert len(fake.requests) == count


async def test_pages_are_for_their_owner_and_old_ones_go(app, tmp_path):
    for number in range(action_session.PAGES + 5):
        path = app.keep_page(Page(f"Explain: ../{number}", "text"))
        assert path.read_text() == "text"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.parent.parent.is_relative_to(tmp_path)
    assert len(list(path.parent.iterdir())) == action_session.PAGES


async def test_a_page_that_cannot_be_written_is_none(app, tmp_path):
    folder = app.keep_page(Page("one", "text")).parent
    folder.rename(tmp_path / "moved")
    folder.write_text("in the way")
    assert app.keep_page(Page("two", "text")) is None


async def test_diagnostics_are_known_to_the_next_completion_while_their_line_stays(app):
    told = Diagnostic(Span(Position(1, 11), Position(1, 12)), "undefined name 'a'")
    await app.offers(situation(app, diagnostics=(told,)), can_prompt=False)
    document = app.documents.get("file:///project/main.py")
    assert [d.message for d in app._surroundings.diagnostics(document)] == ["undefined name 'a'"]
    app.documents.open("file:///project/main.py", "python", 2, TEXT.replace("a + a", "b"))
    document = app.documents.get("file:///project/main.py")
    assert app._surroundings.diagnostics(document) == ()


async def test_a_diagnostic_is_gone_once_its_line_is_asked_about_without_it(app):
    told = Diagnostic(Span(Position(0, 4), Position(0, 5)), "unused")
    await app.offers(situation(app, diagnostics=(told,)), can_prompt=False)
    await app.offers(situation(app), can_prompt=False)
    assert app._surroundings.diagnostics(app.documents.get("file:///project/main.py")) == ()


async def test_switched_off_nothing_is_suggested_unasked(app):
    assert app.toggle() is False
    cursor = cursor_at("x = \u2038")
    assert (await app.complete(Request(cursor, Trigger.AUTOMATIC, "test"))).gate.name == "switched_off"
    assert app.toggle() is True
    app.snooze(5)
    assert (await app.complete(Request(cursor, Trigger.AUTOMATIC, "test"))).gate.name == "snoozed"
    assert app.toggle() is True
