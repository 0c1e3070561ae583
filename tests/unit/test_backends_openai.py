import pytest

from lsp_server.backends.base import BadRequest, ModelNotFound
from lsp_server.backends.openai import OpenAIBackend, finish_of
from lsp_server.config.settings import BackendSettings
from lsp_server.testing.conformance import KINDS, PlainTemplate, read
from lsp_server.testing.fake_backends import FakeOpenAI
from lsp_server.types import CleanPrompt, Finish, PromptForm

KIND = KINDS[2]


def clean_for(backend, **values):
    return CleanPrompt(KIND.prompt(**values), backend.destination)


async def test_the_request():
    async with FakeOpenAI("ok") as fake, KIND.backend(fake) as backend:
        await read(backend, clean_for(backend))
        recorded = fake.completions[0]
    assert recorded.path == "/v1/completions"
    assert recorded.json == {
        "model": "Qwen/Qwen2.5-Coder-7B",
        "prompt": "<PRE>def add(a, b):\n    return <SUF>\n\nprint(add(1, 2))\n<MID>",
        "max_tokens": 64,
        "temperature": 0.0,
        "stream": True,
        "stop": ["<MID>"],
        "stream_options": {"include_usage": True},
    }


async def test_a_session_header_is_stable():
    async with FakeOpenAI("ok") as fake, KIND.backend(fake, session_header="X-Session-Id") as backend:
        for _ in range(2):
            await read(backend, clean_for(backend))
        assert [recorded.headers["x-session-id"] for recorded in fake.completions] == ["session-1"] * 2


def test_a_session_header_that_is_none_is_refused():
    settings = BackendSettings(name="x", kind="openai", session_header="a: b\r\nHost")
    with pytest.raises(ValueError, match="session_header"):
        OpenAIBackend(settings, key=None, session="s", remote=False)


@pytest.mark.parametrize("form", [PromptForm.RAW, PromptForm.CHAT])
async def test_a_server_that_knows_less_is_asked_for_less(form):
    async with FakeOpenAI("ok") as fake, KIND.backend(fake) as backend:
        fake.refused_fields = frozenset({"stream_options"})
        clean = clean_for(backend, template=PlainTemplate(form))
        for _ in range(2):
            result = await read(backend, clean)
            assert result.text == "ok"
            assert result.finish is Finish.STOP
            assert result.usage is None
        assert ["stream_options" in recorded.json for recorded in fake.completions] == [True, False, False]


async def test_another_refusal_is_not_tried_again():
    async with FakeOpenAI("ok") as fake, KIND.backend(fake) as backend:
        fake.refused_fields = frozenset({"temperature"})
        with pytest.raises(BadRequest, match="temperature"):
            await read(backend, clean_for(backend))
        assert len(fake.completions) == 1


async def test_the_first_model_is_asked_for_once():
    async with FakeOpenAI("ok") as fake, KIND.backend(fake) as backend:
        fake.models = {"first": 4096, "second": 8192}
        for _ in range(2):
            await read(backend, clean_for(backend))
        assert [recorded.json["model"] for recorded in fake.completions] == ["first"] * 2
        assert len(fake.requests) == 3


async def test_probe_names_the_models_there_are():
    async with FakeOpenAI() as fake, KIND.backend(fake, model="mine") as backend:
        fake.models = dict.fromkeys(["a", "b", "c", "d"], 4096)
        with pytest.raises(ModelNotFound, match="it has no model mine; set model to one of: a, b, c, "):
            await backend.probe()
        fake.models = {"mine": 2048}
        assert (await backend.probe()).context_tokens == 2048
        fake.models = {}
        with pytest.raises(ModelNotFound, match="serves no model"):
            await backend.probe()


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (None, None),
        ("", None),
        ("stop", Finish.STOP),
        ("length", Finish.LENGTH),
        ("model_length", Finish.LENGTH),
        ("content_filter", Finish.STOP),
        ("tool_calls", Finish.STOP),
    ],
)
def test_finish_reasons(reason, expected):
    backend = OpenAIBackend(BackendSettings(name="x", kind="openai"), key=None, session="s", remote=False)
    assert finish_of(reason, backend._endpoint) is expected
