import asyncio

import pytest

from lsp_server.backends.address import Endpoint
from lsp_server.backends.base import BadRequest, ModelNotFound, Unavailable
from lsp_server.backends.http import HttpClient
from lsp_server.backends.openai import OpenAIBackend, completion_chunk, finish_of
from lsp_server.config.settings import BackendSettings
from lsp_server.testing.conformance import KINDS, PlainTemplate, read
from lsp_server.testing.fake_backends import FakeOpenAI, Fault
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
        "logprobs": 1,
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


async def test_a_server_that_names_one_field_at_a_time_is_asked_for_one_less_each_time():
    async with FakeOpenAI("ok") as fake, KIND.backend(fake) as backend:
        fake.refused_fields = frozenset({"stream_options", "logprobs"})
        for _ in range(2):
            result = await read(backend, clean_for(backend))
            assert (result.text, result.chunks[0].logprob) == ("ok", None)
        told = [{"stream_options", "logprobs"} & set(recorded.json) for recorded in fake.completions]
        assert told == [{"stream_options", "logprobs"}, {"stream_options"}, set(), set()]


async def test_several_requests_may_learn_of_a_refusal_at_once():
    async with FakeOpenAI("ok", first_token_s=0.01) as fake, KIND.backend(fake) as backend:
        fake.refused_fields = frozenset({"logprobs"})
        await backend.probe()
        results = await asyncio.gather(*[read(backend, clean_for(backend)) for _ in range(4)])
        assert [result.text for result in results] == ["ok"] * 4
        assert sum("logprobs" in recorded.json for recorded in fake.completions) > 1


@pytest.mark.parametrize("status", [400, 403, 422, 500, 501])
async def test_a_refusal_may_have_any_status(status):
    async def refuse(scene):
        scene.refuse(status, "logprobs is not supported for models created with logits_all=False")

    refusal = Fault("refusal", BadRequest, refuse)
    async with FakeOpenAI("ok", fault=[refusal, None]) as fake, KIND.backend(fake) as backend:
        assert (await read(backend, clean_for(backend))).text == "ok"
        assert ["logprobs" in recorded.json for recorded in fake.completions] == [True, False]


async def test_a_refusal_within_the_answer_is_heeded_the_next_time():
    async def refuse(scene):
        await scene.begin()
        scene.exchange.chunk(scene.server.event(scene.server.failure(500, "logprobs: not supported")))
        scene.exchange.end()

    refusal = Fault("refusal", Unavailable, refuse)
    async with FakeOpenAI("ok", fault=[refusal, None]) as fake, KIND.backend(fake) as backend:
        with pytest.raises(Unavailable):
            await read(backend, clean_for(backend))
        assert (await read(backend, clean_for(backend))).text == "ok"
        assert ["logprobs" in recorded.json for recorded in fake.completions] == [True, False]


async def test_a_chat_is_not_asked_for_probabilities():
    async with FakeOpenAI("ok") as fake, KIND.backend(fake) as backend:
        result = await read(backend, clean_for(backend, template=PlainTemplate(PromptForm.CHAT)))
        assert "logprobs" not in fake.completions[0].json
        assert {chunk.logprob for chunk in result.chunks} == {None}


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"token_logprobs": [-0.5, -1], "tokens": ["a", "b"], "top_logprobs": [{}, {}]}, -1.5),
        ({"token_logprobs": [None]}, None),
        ({"token_logprobs": []}, None),
        ({"token_logprobs": 7}, None),
        ({"content": [{"token": "a", "logprob": -0.5}]}, None),
        (None, None),
        ("nonsense", None),
    ],
)
def test_log_probabilities_in_all_their_forms(told, expected):
    event = {"choices": [{"index": 0, "text": "a", "logprobs": told, "finish_reason": None}]}
    assert completion_chunk(event, Endpoint("x", "http://127.0.0.1:1")).logprob == expected


@pytest.mark.parametrize(
    ("path", "wrong"),
    [("/completions", -1), ("/completions", True), ("/completions", 6), ("/chat/completions", 1)],
)
async def test_the_fake_wants_a_number_of_tokens_and_in_a_chat_a_truth_value(path, wrong):
    text = {"prompt": "x"} if path == "/completions" else {"messages": [{"role": "user", "content": "x"}]}
    async with FakeOpenAI("ok") as fake:
        client = HttpClient(Endpoint("x", fake.url))
        body = {"model": "Qwen/Qwen2.5-Coder-7B", "stream": True, "logprobs": wrong, **text}
        with pytest.raises(BadRequest, match="logprobs"):
            await client.call("POST", path, body)
        await client.close()


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
