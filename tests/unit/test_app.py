"""The composition root: settings in, backends and notices out."""

import asyncio

import pytest

from lsp_server.app import App
from lsp_server.asking import NO_BACKEND
from lsp_server.config.approvals import Approvals
from lsp_server.engine import DISABLED
from lsp_server.routing import discovery
from lsp_server.testing.clock import ManualClock, settle
from lsp_server.testing.configuration import backend_of, write_config
from lsp_server.testing.fake_backends import FakeLlamaCpp, FakeOllama
from lsp_server.testing.fixtures import cursor_at
from lsp_server.types import Request, Trigger

REMOTE = "https://llm.example.org"


@pytest.fixture
def environ(tmp_path):
    return {"CODESTRAL_LSP_DATA_DIR": str(tmp_path / "data"), "OLLAMA_HOST": "127.0.0.1:9"}


@pytest.fixture
def make(tmp_path, environ, monkeypatch):
    """An app with the given backends, whose notices are collected and whose questions are answered."""
    monkeypatch.setattr("lsp_server.startup.find_spec", lambda name: None)

    def build(*backends, yes=False, **sections):
        config = write_config(tmp_path / "config.toml", backends, **sections)
        app = App(config, environ, ManualClock())
        app.said, app.asked = [], []

        async def approve(origin, reason):
            app.asked.append(origin)
            return yes

        app.subscribe(lambda notice: app.said.append((notice.level, notice.text)), approve)
        return app

    return build


def ask(trigger=Trigger.INVOKED):
    return Request(cursor_at("x = ‸"), trigger, "test")


async def test_nothing_configured_and_nothing_there_is_said_once(make):
    app = make()
    await app.start()
    assert (await app.complete(ask())).gate.name == "no_backend"
    assert app.said == [("warning", discovery.NOTHING_NOTICE)]
    await app.close()


async def test_where_backends_are_configured_no_other_is_looked_for(make):
    app = make({"name": "ours", "kind": "openai", "url": f"{REMOTE}/v1", "model": "m", "key_env": "NOT_SET"})
    await app.start()
    answer = await app.complete(ask())
    assert (answer.gate.name, answer.gate.detail) == (NO_BACKEND.name, NO_BACKEND.detail)
    [(level, text)] = app.said
    assert (level, "NOT_SET" in text) == ("warning", True)
    await app.close()


async def test_an_ignore_file_that_cannot_be_used_is_said_once(make, tmp_path):
    project = tmp_path / "project"
    (project / ".codestralignore").mkdir(parents=True)
    app = make()
    app.set_workspace([str(project)])
    await app.start()
    for _ in range(3):
        await app.complete(Request(cursor_at("x = ‸", path=str(project / "a.py")), Trigger.INVOKED, "test"))
    assert [text for _, text in app.said if ".codestralignore" in text] == [
        text for _, text in app.said if "ignore" in text
    ]
    assert sum(".codestralignore" in text for _, text in app.said) == 1
    await app.close()


async def test_the_backend_that_completes_is_told(make):
    async with FakeLlamaCpp("1\n") as fake:
        app = make(backend_of("llamacpp", fake))
        await app.complete(ask())
        status = app.status()
        assert (status.state, status.backend, status.remote) == ("ready", "llamacpp", False)
        [backend] = app.backends()
        assert (backend["name"], backend["state"], backend["chosen"]) == ("llamacpp", "ok", False)
        await app.close()


async def test_a_chosen_backend_is_asked_first_and_the_others_stay(make):
    async with FakeLlamaCpp("1\n") as first, FakeLlamaCpp("2\n") as second:
        app = make(backend_of("llamacpp", first, name="first"), backend_of("llamacpp", second, name="second"))
        assert app.choose_backend("second")
        assert [(each["name"], each["chosen"]) for each in app.backends()] == [
            ("second", True),
            ("first", False),
        ]
        assert (await app.complete(ask())).backend == "second"
        assert not app.choose_backend("third")
        assert app.choose_backend(None)
        assert [each["name"] for each in app.backends()] == ["first", "second"]
        await app.close()


async def test_the_statistics_of_a_session(make):
    async with FakeLlamaCpp("1\n") as fake:
        app = make(backend_of("llamacpp", fake))
        given = (await app.complete(ask())).suggestion
        app.toggle()
        await app.complete(ask(Trigger.AUTOMATIC))
        app.shown(given.id)
        app.accepted(given.id, 1)
        app.accepted(given.id, None)
        stats = app.stats()
        page = stats.pop("markdown")
        assert stats.pop("median_ms") >= 0
        assert stats == {
            "requests": 2,
            "suggestions": 1,
            "shown": 1,
            "accepted": 1,
            "accepted_in_part": 0,
            "gates": {"switched_off": 1},
            "backends": {"llamacpp": 1},
            "origins": {"backend": 1},
        }
        assert "| requests | 2 |" in page
        assert "| `switched_off` | 1 |" in page
        assert app.explain()["markdown"].startswith("# The last completion")
        await app.close()


async def test_the_status_is_told_when_it_changes(make):
    async with FakeLlamaCpp("1\n") as fake:
        app = make(backend_of("llamacpp", fake))
        told = []
        app.watch_status(lambda status: told.append(status.state))
        app.snooze(1)
        await settle()
        await app._clock.advance(60_000)
        app.toggle()
        app.toggle()
        await app.complete(ask())
        assert told == ["ready", "snoozed", "ready", "off", "ready", "ready"]  # The last one knows the model.
        await app.close()


async def test_completions_that_the_settings_switch_off_are_off(make):
    async with FakeLlamaCpp("1\n") as fake:
        app = make(backend_of("llamacpp", fake), completion={"enabled": False})
        assert (app.status().state, app.status().message) == ("off", DISABLED.detail)
        await app.close()


async def test_a_backend_that_does_not_work_is_known_before_the_first_request(make):
    async with FakeOllama("1\n") as fake:
        app = make(backend_of("ollama", fake, model="missing:1b"))
        told = []
        app.watch_status(told.append)
        await app.start()
        assert told[-1].state == "unavailable"
        assert "missing:1b" in told[-1].message
        await app.close()


async def test_without_a_backend_the_status_says_what_to_do(make):
    app = make()
    told = []
    app.watch_status(told.append)
    assert told[0].state == "working", "nothing is known yet, so nothing is missing"
    await app.start()
    assert (told[-1].state, told[-1].backend) == ("unavailable", None)
    assert "codestral-lsp doctor" in told[-1].message
    await app.close()


async def test_a_running_ollama_is_found(make, environ):
    async with FakeOllama("1\n") as fake:
        environ["OLLAMA_HOST"] = fake.url
        app = make()
        await app.start()
        assert (await app.complete(ask())).suggestion.text == "1"
        assert app.said == []
        await app.close()


async def test_a_key_in_the_environment_means_mistral_with_a_notice(make, environ):
    environ["MISTRAL_API_KEY"] = "0123456789abcdef"
    app = make()
    await app.start()
    [route] = app.routes
    assert (route.settings.kind, route.backend.destination.remote) == ("mistral", True)
    assert app.said == [("warning", discovery.HOSTED_NOTICE)]
    await app.close()


async def test_a_key_in_the_environment_is_not_used_where_remote_is_ruled_out(make, environ):
    environ["MISTRAL_API_KEY"] = "0123456789abcdef"
    app = make(privacy={"remote": "never"})
    await app.start()
    assert app.routes == ()
    await app.close()


@pytest.mark.parametrize("yes", [True, False])
async def test_a_remote_origin_that_only_the_editor_names_needs_a_yes(make, environ, tmp_path, yes):
    app = make(yes=yes)
    app.configure({"codestral": {"backends": [{"name": "team", "kind": "openai", "url": f"{REMOTE}/v1"}]}})
    await app.start()
    assert app.asked == [REMOTE]
    assert [route.backend.name for route in app.routes] == (["team"] if yes else [])
    assert Approvals(tmp_path / "data").is_approved(REMOTE) is yes
    await app.close()


async def test_settings_that_change_nothing_keep_the_backend(make):
    async with FakeLlamaCpp("1\n") as fake:
        app = make(backend_of("llamacpp", fake))
        await app.start()
        [route] = app.routes
        app.configure({"completion": {"max_lines": 4}})
        assert app.settings.completion.max_lines == 4
        assert app.routes == (route,)
        app.configure({"completion": {"max_lines": 4}})
        app.configure({})
        app.configure(None)
        assert app.settings.completion.max_lines == 4
        app.configure({"completion": {"menu": "never"}})
        assert (app.settings.completion.max_lines, app.menu) == (4, "never")
        assert (await app.complete(ask())).suggestion.text == "1"
        await app.close()


async def test_rubbish_from_the_editor_changes_nothing_and_is_said(make):
    async with FakeLlamaCpp("1\n") as fake:
        app = make(backend_of("llamacpp", fake))
        wrong_value = {"completion": {"max_lines": "many"}}
        for tree in ("text", 5, [1], {"completion": 3}, wrong_value, {"nonsense": 1}):
            app.configure(tree)
            assert (await app.complete(ask())).suggestion.text == "1"
        assert app.said
        assert all("\n" not in text for _, text in app.said)
        await app.close()


async def test_a_key_that_cannot_be_used_leaves_its_backend_out(make):
    app = make({"name": "team", "kind": "openai", "url": f"{REMOTE}/v1", "key_env": "ABSENT_KEY"})
    assert app.routes == ()
    [(level, text)] = app.said
    assert level == "warning"
    assert "ABSENT_KEY" in text
    await app.close()


async def test_the_order_is_the_users(make):
    async with FakeLlamaCpp("1\n") as fake:
        backends = [backend_of("llamacpp", fake, name=name) for name in ("first", "second", "third")]
        app = make(*backends, routing={"order": ["third", "first"]})
        assert [route.backend.name for route in app.routes] == ["third", "first"]
        await app.close()


async def test_snoozing_stops_automatic_requests_only(make):
    async with FakeLlamaCpp("1\n") as fake:
        app = make(backend_of("llamacpp", fake))
        app.snooze(5)
        assert (await app.complete(ask(Trigger.AUTOMATIC))).gate.name == "snoozed"
        assert (await app.complete(ask())).suggestion
        app.snooze(None)
        task = asyncio.create_task(app.complete(ask(Trigger.AUTOMATIC)))
        await settle()
        assert (await task).suggestion
        await app.close()


async def test_explain_tells_what_became_of_a_suggestion_without_source_text(make):
    async with FakeLlamaCpp("secret_name(1)\n") as fake:
        app = make(backend_of("llamacpp", fake))
        answer = await app.complete(ask())
        app.shown(answer.suggestion.id)
        app.accepted(answer.suggestion.id, None)
        explained = app.explain()
        assert explained["requests"][0]["outcome"] == "accepted"
        assert explained["backends"][0]["name"] == "llamacpp"
        assert "secret_name" not in str(explained)
        await app.close()
