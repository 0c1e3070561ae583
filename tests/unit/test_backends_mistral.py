import logging

import pytest

from lsp_server.backends.base import AuthenticationFailed, BadRequest, ModelNotFound
from lsp_server.backends.mistral import DEFAULT_CONTEXT_TOKENS, MistralBackend
from lsp_server.config.settings import BackendSettings
from lsp_server.testing.conformance import KINDS, read
from lsp_server.testing.fake_backends import FAULTS, TEST_KEY, FakeMistral
from lsp_server.types import CleanPrompt

KIND = KINDS[1]


def clean_for(backend, **values):
    return CleanPrompt(KIND.prompt(**values), backend.destination)


async def test_the_request():
    async with FakeMistral("ok") as fake, KIND.backend(fake) as backend:
        await read(backend, clean_for(backend))
        recorded = fake.completions[0]
    assert recorded.path == "/v1/fim/completions"
    assert recorded.json == {
        "model": "codestral-latest",
        "prompt": "def add(a, b):\n    return ",
        "suffix": "\n\nprint(add(1, 2))\n",
        "max_tokens": 64,
        "temperature": 0.0,
        "stream": True,
        "stop": ["<MID>"],
        "prompt_cache_key": "session-1",
    }


async def test_no_stops_means_no_field():
    async with FakeMistral("ok") as fake, KIND.backend(fake) as backend:
        await read(backend, clean_for(backend, stop=()))
        assert "stop" not in fake.completions[0].json


async def test_nothing_is_tried_again():
    async with FakeMistral("ok", fault=FAULTS["status_429_seconds"]) as fake, KIND.backend(fake) as backend:
        with pytest.raises(Exception, match="too many requests"):
            await read(backend, clean_for(backend))
        assert len(fake.completions) == 1


async def test_a_value_out_of_range_is_told_in_the_servers_words():
    async with FakeMistral("ok") as fake, KIND.backend(fake) as backend:
        with pytest.raises(BadRequest, match=r"body.temperature: Input should be within"):
            await read(backend, clean_for(backend, temperature=1.9))


async def test_probe():
    async with FakeMistral() as fake, KIND.backend(fake) as backend:
        info = await backend.probe()
        assert info.name == "codestral-latest"
        assert info.context_tokens == 131_072
        assert "completion_fim" in info.capabilities
        fake.models = {"mistral-small": 32_000}
        with pytest.raises(ModelNotFound, match="no model codestral-latest"):
            await backend.probe()


async def test_probe_where_models_are_not_listed():
    async with FakeMistral() as fake, KIND.backend(fake) as backend:
        fake.lists_models = False
        assert (await backend.probe()).context_tokens == DEFAULT_CONTEXT_TOKENS


@pytest.mark.parametrize(
    ("settings", "variable"),
    [
        ({"url": "https://codestral.mistral.ai"}, "CODESTRAL_API_KEY"),
        ({"url": ""}, "CODESTRAL_API_KEY"),
        ({"url": "https://api.mistral.ai"}, "MISTRAL_API_KEY"),
        ({"url": "https://api.mistral.ai", "key_env": "OUR_KEY"}, "OUR_KEY"),
    ],
)
async def test_without_a_key_nothing_is_sent_and_the_variable_is_named(settings, variable):
    described = BackendSettings(name="m", kind="mistral", **settings)
    backend = MistralBackend(described, key=None, session="s", remote=True)
    words = f"no key; set {variable}; keys of codestral.mistral.ai and api.mistral.ai are different"
    with pytest.raises(AuthenticationFailed, match=words):
        await backend.probe()
    with pytest.raises(AuthenticationFailed, match=words):
        await read(backend, clean_for(backend))
    await backend.close()


async def test_a_wrong_key_names_the_variable_too():
    async with FakeMistral(key="other") as fake, KIND.backend(fake, key_env="OUR_KEY") as backend:
        with pytest.raises(AuthenticationFailed, match=r"status 401 .*; set OUR_KEY; keys of"):
            await backend.probe()


async def test_the_environment_of_the_sdk_changes_nothing(monkeypatch, caplog, tmp_path):
    token = tmp_path / "token"
    token.write_text("token-of-a-service")
    caplog.set_level(logging.DEBUG)
    async with FakeMistral("ok") as fake, FakeMistral() as spy:
        monkeypatch.setenv("MISTRAL_DEBUG", "1")
        monkeypatch.setenv("MISTRAL_SDK_TELEMETRY", "dedicated")
        monkeypatch.setenv("MISTRAL_OTLP_TRACES_ENDPOINT", spy.origin)
        monkeypatch.setenv("MISTRAL_SA_TOKEN_PATH", str(token))
        async with KIND.backend(fake) as backend:
            assert (await read(backend, clean_for(backend, prefix="canary_in_the_source"))).text == "ok"
        assert spy.requests == []
        assert {recorded.headers["authorization"] for recorded in fake.requests} == {f"Bearer {TEST_KEY}"}
    assert "canary_in_the_source" not in caplog.text
