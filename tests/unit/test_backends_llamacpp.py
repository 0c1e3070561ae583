import asyncio

import pytest
from pydantic import SecretStr

from lsp_server.backends.address import Endpoint
from lsp_server.backends.base import AuthenticationFailed, BadRequest, PromptTooLong, Unavailable
from lsp_server.backends.http import HttpClient
from lsp_server.backends.llamacpp import LlamaCppBackend, completion_chunk, file_name, start_grammar
from lsp_server.config.settings import BackendSettings
from lsp_server.testing.conformance import IMPATIENT, KINDS, PlainTemplate, read
from lsp_server.testing.fake_backends import FAULTS, TEST_KEY, FakeLlamaCpp
from lsp_server.types import CleanPrompt, Destination, PromptForm, Usage

KIND = KINDS[3]


def clean_for(backend, **values):
    return CleanPrompt(KIND.prompt(**values), backend.destination)


async def test_the_request():
    async with FakeLlamaCpp("ok") as fake, KIND.backend(fake) as backend:
        await read(backend, clean_for(backend))
        recorded = fake.completions[0]
    assert recorded.path == "/completion"
    assert recorded.json == {
        "prompt": "<PRE>def add(a, b):\n    return <SUF>\n\nprint(add(1, 2))\n<MID>",
        "stream": True,
        "n_predict": 64,
        "temperature": 0.0,
        "cache_prompt": True,
        "id_slot": 0,
        "n_probs": 1,
        "stop": ["<MID>"],
    }


async def test_a_prefill_is_the_request_without_what_concerns_the_answer():
    async with FakeLlamaCpp("ok") as fake, KIND.backend(fake) as backend:
        await backend.prefill(clean_for(backend, forced="iter", prefix="x."))
        await read(backend, clean_for(backend, forced="iter", prefix="x."))
        ahead, asked = (recorded.json for recorded in fake.completions)
    assert ahead == {
        "prompt": asked["prompt"],
        "stream": True,
        "n_predict": 0,
        "temperature": 0.0,
        "cache_prompt": True,
        "id_slot": 0,
    }


async def test_a_prefill_of_a_chat():
    template = PlainTemplate(PromptForm.CHAT, system="You complete code.")
    async with FakeLlamaCpp("ok") as fake, KIND.backend(fake) as backend:
        await backend.prefill(clean_for(backend, template=template))
        assert fake.completions[0].path == "/v1/chat/completions"
        assert fake.completions[0].json["n_predict"] == 0


async def test_what_was_read_when_a_prefill_is_cancelled_stays_read():
    async with FakeLlamaCpp("ok") as fake, KIND.backend(fake) as backend:
        clean = clean_for(backend, prefix="x" * 10_000)
        fake.read_token_s = 0.0008
        reading = asyncio.create_task(backend.prefill(clean))
        await fake.completed(1)
        await asyncio.sleep(0.2)  # The first batch takes 51 ms, all 40 take 2 s.
        reading.cancel()
        await asyncio.wait([reading])
        await fake.closed()
        fake.read_token_s = 0.0
        usage = (await read(backend, clean)).usage
    assert 64 <= usage.cached_tokens < usage.prompt_tokens - 1


async def test_a_server_with_several_slots_chooses_one():
    async with FakeLlamaCpp("ok") as fake, KIND.backend(fake, concurrency=4) as backend:
        await read(backend, clean_for(backend))
        assert fake.completions[0].json["id_slot"] == -1


async def test_timings_become_usage():
    async with FakeLlamaCpp("one two") as fake, KIND.backend(fake) as backend:
        first = await read(backend, clean_for(backend, prefix="x" * 400))
        second = await read(backend, clean_for(backend, prefix="x" * 400 + "y"))
    assert first.usage == Usage(prompt_tokens=109, cached_tokens=0, completion_tokens=2)
    assert second.usage == Usage(prompt_tokens=109, cached_tokens=101, completion_tokens=2)


async def test_a_server_that_refuses_to_tell_probabilities_is_not_asked_again():
    async with FakeLlamaCpp("ok") as fake, KIND.backend(fake) as backend:
        fake.refused_fields = frozenset({"n_probs"})
        for _ in range(2):
            result = await read(backend, clean_for(backend))
            assert (result.text, result.chunks[0].logprob) == ("ok", None)
        assert ["n_probs" in recorded.json for recorded in fake.completions] == [True, False, False]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([{"id": 1, "token": "a", "bytes": [97], "logprob": -0.5, "top_logprobs": []}], -0.5),
        ([{"token": "a", "logprob": -0.5}, {"token": "b", "logprob": -1.0}], -1.5),
        ([{"token": "a", "logprob": -3.4028234663852886e38}], -3.4028234663852886e38),
        # Before December 2024.
        ([{"content": "a", "probs": [{"tok_str": "a", "prob": 1.0}]}], 0.0),
        ([{"content": "a", "probs": [{"tok_str": "b", "prob": 0.5}]}], None),
        ([{"content": "a", "probs": [{"tok_str": "a", "prob": 0.0}]}], None),
        ([{"content": "a", "probs": []}], None),
        # With `post_sampling_probs`, which is not asked for.
        ([{"token": "a", "prob": 0.5, "top_probs": []}], None),
        ([], None),
        (None, None),
        ([None], None),
        ("nonsense", None),
        ([{"probs": 7}], None),
    ],
)
def test_probabilities_in_all_their_forms(told, expected):
    event = {"content": "a", "stop": False, "completion_probabilities": told}
    assert completion_chunk(event, Endpoint("x", "http://127.0.0.1:1")).logprob == expected


@pytest.mark.parametrize("wrong", [-1, True, "1", 0.5])
async def test_the_fake_wants_a_number_of_tokens(wrong):
    async with FakeLlamaCpp("ok") as fake:
        client = HttpClient(Endpoint("x", fake.url))
        with pytest.raises(BadRequest, match="n_probs"):
            await client.call("POST", "/completion", {"prompt": "x", "stream": True, "n_probs": wrong})
        await client.close()


FORCED = [
    "iter",
    ' "quoted" ',
    "back\\slash",
    "line\n\tindented\r\n",
    "ünïcödé 漢字 😀",
    "[^x]* | root ::= (a)",
    "\x1b\x7f\u2028\u0085",
    '\\"',
]


@pytest.mark.parametrize("forced", FORCED)
async def test_the_answer_begins_with_what_is_forced(forced):
    async with FakeLlamaCpp("ate(items)") as fake, KIND.backend(fake) as backend:
        assert backend.capabilities.forces_start
        result = await read(backend, clean_for(backend, forced=forced))
        assert fake.completions[0].json["grammar"] == start_grammar(forced)
    assert result.text == forced + "ate(items)"


@pytest.mark.parametrize(
    ("start", "grammar"),
    [
        ("abc", r'root ::= "abc" [^\x00]*'),
        ('a"b\\c', r'root ::= "a\"b\\c" [^\x00]*'),
        ("\n\r\t", r'root ::= "\n\r\t" [^\x00]*'),
        ("é\u2028", r'root ::= "é\U00002028" [^\x00]*'),
    ],
)
def test_grammars(start, grammar):
    assert start_grammar(start) == grammar


async def test_without_anything_forced_there_is_no_grammar():
    async with FakeLlamaCpp("ok") as fake, KIND.backend(fake) as backend:
        await read(backend, clean_for(backend))
        assert "grammar" not in fake.completions[0].json


async def test_a_prompt_beyond_the_context_is_told():
    async with FakeLlamaCpp("ok") as fake, KIND.backend(fake) as backend:
        fake.n_ctx = 10
        with pytest.raises(PromptTooLong, match="exceeds the available context size"):
            await read(backend, clean_for(backend))


async def test_a_server_that_loads_is_unavailable():
    async with FakeLlamaCpp("ok") as fake, KIND.backend(fake) as backend:
        fake.loading = True
        for attempt in (backend.probe(), read(backend, clean_for(backend))):
            with pytest.raises(Unavailable, match="Loading model"):
                await attempt


async def test_probe():
    async with FakeLlamaCpp() as fake, KIND.backend(fake) as backend:
        fake.n_ctx = 2048
        info = await backend.probe()
    assert info.name == "qwen2.5-coder-0.5b-instruct-q4_k_m"
    assert info.context_tokens == 2048
    assert info.template == "{{ messages }}"
    assert info.size_bytes == 491_400_064


async def test_consecutive_streams_on_a_server_that_closes_after_each():
    async with FakeLlamaCpp("ok") as fake, KIND.backend(fake) as backend:
        for _ in range(20):
            assert (await read(backend, clean_for(backend))).text == "ok"


async def test_moving_to_another_address_keeps_the_destination():
    home = Destination("embedded", "http://127.0.0.1", remote=False)
    async with FakeLlamaCpp("one", key="k1") as first, FakeLlamaCpp("two", key="k2") as second:
        settings = BackendSettings(name="embedded", kind="llamacpp", url=first.url)
        backend = LlamaCppBackend(
            settings, key=SecretStr("k1"), session="s", remote=False, deadlines=IMPATIENT, destination=home
        )
        clean = CleanPrompt(KIND.prompt(), home)
        assert (await read(backend, clean)).text == "one"
        first.fault = FAULTS["stall_mid_stream"]
        async with backend.stream(clean) as chunks:
            await anext(chunks)
            await backend.move_to(second.url + "/", key=SecretStr("k2"))
            assert (await first.closed()).cancelled
        first.fault = None
        assert (await read(backend, clean)).text == "two"
        assert backend.destination == home
        await backend.move_to(first.url, key=SecretStr(TEST_KEY))
        with pytest.raises(AuthenticationFailed, match="--api-key"):
            await read(backend, clean)
        await backend.close()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/models/a.b.gguf", "a.b"),
        ("C:\\models\\a.b.gguf", "a.b"),
        ("a", "a"),
        ("org/model", "model"),
        ("", ""),
    ],
)
def test_file_names_of_all_systems(path, name):
    assert file_name(path) == name
