import asyncio

import pytest

from lsp_server.backends.address import Endpoint
from lsp_server.backends.base import BadRequest, FillUnsupported, ModelNotFound, PromptTooLong
from lsp_server.backends.http import HttpClient
from lsp_server.backends.ollama import BATCH_TOKENS, DEFAULT_CONTEXT_TOKENS, OllamaBackend
from lsp_server.config.settings import BackendSettings
from lsp_server.testing.conformance import IMPATIENT, KINDS, PlainTemplate, read
from lsp_server.testing.fake_backends import FAULTS, FakeModel, FakeOllama
from lsp_server.types import CleanPrompt, PromptForm

KIND = KINDS[0]
CHAT_MODEL = FakeModel(capabilities=("completion",), template="{{ .Messages }}", architecture="llama")


def clean_for(backend, **values):
    return CleanPrompt(KIND.prompt(**values), backend.destination)


async def test_the_request_is_raw_and_sized_so_that_nothing_is_cut():
    async with FakeOllama("ok") as fake, KIND.backend(fake) as backend:
        await read(backend, clean_for(backend, max_tokens=32, temperature=0.2))
        sent = fake.completions[0].json
    assert sent == {
        "model": "qwen2.5-coder:1.5b-base",
        "prompt": "<PRE>def add(a, b):\n    return <SUF>\n\nprint(add(1, 2))\n<MID>",
        "raw": True,
        "stream": True,
        "logprobs": True,
        "keep_alive": "30m",
        "options": {
            "num_ctx": DEFAULT_CONTEXT_TOKENS,
            "num_batch": BATCH_TOKENS,
            "num_predict": 32,
            "temperature": 0.2,
            "stop": ["<MID>"],
        },
    }
    assert fake.completions[0].notes["cut"] == 0


async def test_a_prefill_asks_for_one_token_as_none_would_mean_no_limit():
    async with FakeOllama("ok " * 50) as fake, KIND.backend(fake) as backend:
        await backend.prefill(clean_for(backend, max_tokens=32))
        ahead = fake.completions[0]
        await read(backend, clean_for(backend, max_tokens=32))
    assert ahead.tokens_sent == 1
    assert ahead.json["options"]["num_predict"] == 1
    options = {"num_predict": 32, "stop": ["<MID>"]}
    assert fake.completions[1].json == ahead.json | {"options": ahead.json["options"] | options}
    assert fake.loads == 1


async def test_a_prefill_of_parts():
    template = PlainTemplate(PromptForm.PARTS)
    async with FakeOllama("ok") as fake, KIND.backend(fake, use_suffix=True) as backend:
        assert backend.capabilities.prefills
        await backend.prefill(clean_for(backend, template=template))
        await read(backend, clean_for(backend, template=template))
        assert fake.completions[0].json["suffix"] == fake.completions[1].json["suffix"]
        assert fake.completions[1].notes["cached"] > 10


@pytest.mark.parametrize("form", [PromptForm.RAW, PromptForm.PARTS])
async def test_a_server_that_does_not_know_log_probabilities_answers_without(form):
    async with FakeOllama("ok") as fake, KIND.backend(fake, use_suffix=True) as backend:
        clean = clean_for(backend, template=PlainTemplate(form))
        assert (await read(backend, clean)).chunks[0].logprob == fake.logprob("ok")
        fake.knows_logprobs = False
        assert [(chunk.text, chunk.logprob) for chunk in (await read(backend, clean)).chunks] == [
            ("ok", None),
            ("", None),
        ]


async def test_the_fake_wants_a_truth_value():
    async with FakeOllama("ok") as fake:
        client = HttpClient(Endpoint("x", fake.url))
        with pytest.raises(BadRequest, match="logprobs"):
            await client.call("POST", "/api/generate", {"model": next(iter(fake.models)), "logprobs": 1})
        await client.close()


@pytest.mark.parametrize(
    ("setting", "sent"), [("30m", "30m"), ("-1", -1), ("0", 0), ("90", 90), ("1h30m", "1h30m")]
)
async def test_keep_alive_is_a_number_or_a_duration(setting, sent):
    async with FakeOllama("ok") as fake, KIND.backend(fake, keep_alive=setting) as backend:
        assert (await read(backend, clean_for(backend))).text == "ok"
        assert fake.completions[0].json["keep_alive"] == sent


async def test_the_context_is_the_setting_within_the_models_own():
    async with FakeOllama("ok") as fake:
        fake.models = {"small": FakeModel(context_length=4096)}
        for setting, expected in ((None, 4096), (2048, 2048), (65536, 4096)):
            async with KIND.backend(fake, context_tokens=setting) as backend:
                assert (await backend.probe()).context_tokens == expected
                await read(backend, clean_for(backend))
                assert fake.completions[-1].json["options"]["num_ctx"] == expected


async def test_a_prompt_beyond_the_context_is_not_sent():
    async with FakeOllama("ok") as fake, KIND.backend(fake, context_tokens=512) as backend:
        assert (await read(backend, clean_for(backend, tokens=448, max_tokens=64))).text == "ok"
        with pytest.raises(PromptTooLong, match="exceed its context of 512 tokens; lower"):
            await read(backend, clean_for(backend, tokens=449, max_tokens=64))
        assert len(fake.completions) == 1


async def test_the_servers_own_template_places_the_suffix_where_told():
    template = PlainTemplate(PromptForm.PARTS)
    async with FakeOllama("ok") as fake, KIND.backend(fake, use_suffix=True) as backend:
        assert backend.capabilities.takes_parts
        for prefix, suffix in (("a = ", "\nb = 2\n"), ("", "b"), ("a", ""), ("", "")):
            result = await read(backend, clean_for(backend, template=template, prefix=prefix, suffix=suffix))
            assert result.text == "ok"
            sent = fake.completions[-1].json
            assert (sent["prompt"], sent["suffix"]) == (prefix or "\n", suffix or "\n")
            assert "raw" not in sent


async def test_a_model_that_cannot_insert_is_told():
    template = PlainTemplate(PromptForm.PARTS)
    async with FakeOllama("ok") as fake, KIND.backend(fake, use_suffix=True, model="llama3.2") as backend:
        fake.models = {"llama3.2": CHAT_MODEL}
        with pytest.raises(FillUnsupported, match="does not support insert"):
            await read(backend, clean_for(backend, template=template))


async def test_probe_prefers_the_first_model_that_inserts():
    async with FakeOllama("ok") as fake, KIND.backend(fake) as backend:
        fake.models = {
            "llama3.2": CHAT_MODEL,
            "codestral": FakeModel(architecture="llama"),
            "other": FakeModel(),
        }
        info = await backend.probe()
        assert info.name == "codestral"
        assert info.architecture == "llama"
        assert info.licence == "Apache License"
        assert info.size_bytes == FakeModel().size
        assert "insert" in info.capabilities
        await read(backend, clean_for(backend))
        assert fake.completions[-1].json["model"] == "codestral"


async def test_probe_takes_a_model_that_suits_all_the_same():
    async with FakeOllama("ok") as fake:
        fake.models = {"llama3.2": CHAT_MODEL, "qwen2.5-coder:7b-base": CHAT_MODEL}
        settings = BackendSettings(name="under-test", kind="ollama", url=fake.url)
        backend = OllamaBackend(
            settings,
            key=None,
            session="s",
            remote=False,
            deadlines=IMPATIENT,
            suitable=lambda info: "coder" in info.name,
        )
        assert (await backend.probe()).name == "qwen2.5-coder:7b-base"
        await backend.close()


async def test_probe_tells_when_nothing_fits():
    async with FakeOllama() as fake, KIND.backend(fake) as backend:
        fake.models = {"llama3.2": CHAT_MODEL}
        with pytest.raises(FillUnsupported, match=r"none of its 1 models .* run: ollama pull qwen2.5-coder"):
            await backend.probe()
        fake.models = {}
        with pytest.raises(ModelNotFound, match="it has no model; run: ollama pull qwen"):
            await backend.probe()


async def test_a_missing_model_names_the_command_that_fetches_it():
    async with FakeOllama() as fake, KIND.backend(fake, model="starcoder2:3b") as backend:
        with pytest.raises(ModelNotFound, match="run: ollama pull starcoder2:3b"):
            await backend.probe()


async def test_a_model_without_a_tag_is_found_as_latest():
    async with FakeOllama("ok") as fake, KIND.backend(fake, model="codestral") as backend:
        fake.models = {"codestral:latest": FakeModel()}
        assert (await backend.probe()).size_bytes == FakeModel().size


async def test_typing_does_not_undo_the_loading_of_a_model():
    async with FakeOllama("ok") as fake, KIND.backend(fake) as backend:
        fake.load_s = 0.3
        tasks = []
        for _ in range(4):
            task = asyncio.create_task(read(backend, clean_for(backend)))
            await asyncio.sleep(0.05)
            task.cancel()
            tasks.append(task)
        assert (await read(backend, clean_for(backend))).text == "ok"
        assert fake.loads == 1
        assert len(fake.completions) == 1
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(result, asyncio.CancelledError) for result in results)
        await read(backend, clean_for(backend))
        loads = [recorded for recorded in fake.requests if recorded not in fake.completions]
        assert sum(recorded.path == "/api/generate" for recorded in loads) == 1


async def test_loading_takes_longer_than_a_first_byte_may():
    async with FakeOllama("ok") as fake, KIND.backend(fake, deadlines=IMPATIENT) as backend:
        fake.load_s = IMPATIENT.first_byte_s + 0.2
        assert (await read(backend, clean_for(backend))).text == "ok"


async def test_closing_gives_up_loading():
    async with FakeOllama("ok") as fake:
        async with KIND.backend(fake) as backend:
            fake.load_s = 60.0
            task = asyncio.create_task(read(backend, clean_for(backend)))
            await fake.until(lambda: any(recorded.path == "/api/generate" for recorded in fake.requests))
            task.cancel()
            await asyncio.wait({task})
        await fake.until(lambda: not fake.connections)
        assert fake.loads == 0


async def test_another_model_is_sought_when_the_chosen_one_is_gone():
    script = [None, FAULTS["status_404_model"], None]
    async with FakeOllama("ok", fault=script) as fake, KIND.backend(fake) as backend:
        await read(backend, clean_for(backend))
        fake.models = {"another": FakeModel()}
        with pytest.raises(ModelNotFound):
            await read(backend, clean_for(backend))
        assert (await read(backend, clean_for(backend))).text == "ok"
        assert fake.completions[-1].json["model"] == "another"


async def test_a_chat_does_not_think_aloud():
    template = PlainTemplate(PromptForm.CHAT)
    async with FakeOllama("ok") as fake, KIND.backend(fake) as backend:
        for capabilities, sent in ((("insert",), None), (("insert", "thinking"), False)):
            fake.models = {"m": FakeModel(capabilities=capabilities)}
            await backend.probe()
            await read(backend, clean_for(backend, template=template))
            assert fake.completions[-1].json.get("think") is sent
