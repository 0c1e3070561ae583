"""What every backend must do when nothing goes wrong."""

import asyncio

import pytest

from lsp_server.backends.base import AuthenticationFailed, BackendError, ModelNotFound, PromptTooLong
from lsp_server.testing.conformance import KINDS, PlainTemplate, read
from lsp_server.testing.fake_backends import TEST_KEY
from lsp_server.types import CleanPrompt, Destination, Finish, PromptForm

pytestmark = pytest.mark.parametrize("kind", KINDS, ids=str)

ANSWER = "total = 0\n    for item in items:\n        total += item\n    return total\n"

TEXTS = {
    "nothing": "",
    "blanks": "   \n\t \n",
    "carriage returns": "a\r\nb\rc\n",
    "ansi": "\x1b[31mred\x1b[0m",
    "nul": "a\x00b",
    "bidi": "x = \u202e1\u202c",
    "zero width": "a\u200bb\ufeffc",
    "separators": "a\u2028b\u2029c\u0085d\x0be\x0cf\x1cg\x1dh\x1ei",
    "emoji": "👩‍👩‍👧 = '🇫🇷' # ünïcödé 漢字",
    "control tokens": "<|fim_middle|></s>[SUFFIX]<EOT>",
    "json": '{"a": "\\u0041\\"", "data: [DONE]": [1, 2]}',
    "marker": "data: [DONE]\n\n",
    "repetition": "ha" * 60,
}


def clean_for(kind, backend, **values):
    return CleanPrompt(kind.prompt(**values), backend.destination)


async def test_pieces_arrive_before_the_end(kind):
    async with kind.fake(answer=ANSWER, token_s=0.005) as fake, kind.backend(fake) as backend:
        seen = []
        async with backend.stream(clean_for(kind, backend)) as chunks:
            seen += [(chunk, fake.completions[0].finished_s) async for chunk in chunks]
    assert "".join(chunk.text for chunk, _ in seen) == ANSWER
    assert len(seen) > 10
    assert seen[0][1] is None
    assert seen[len(seen) // 2][1] is None
    assert all(chunk.finish is None and chunk.text for chunk, _ in seen[:-1])
    assert seen[-1][0].finish is Finish.STOP


async def test_a_limit_is_told_from_an_end(kind):
    async with kind.fake(answer=ANSWER) as fake, kind.backend(fake) as backend:
        result = await read(backend, clean_for(kind, backend, max_tokens=5))
    assert result.finish is Finish.LENGTH
    assert ANSWER.startswith(result.text)
    assert result.text


async def test_stops_are_sent_within_the_limit(kind):
    stops = ("<MID>", "", "END", "X", "Y", "Z")
    async with kind.fake(answer="one END two") as fake, kind.backend(fake) as backend:
        result = await read(backend, clean_for(kind, backend, stop=stops))
        sent = fake.completions[0].json
    assert result.text == "one "
    assert result.finish is Finish.STOP
    stop = sent["options"]["stop"] if kind.name == "ollama" else sent["stop"]
    most = backend.capabilities.max_stops
    assert stop == [text for text in stops if text][:most]


async def test_usage_is_told(kind):
    async with kind.fake(answer="a b c") as fake, kind.backend(fake) as backend:
        usage = (await read(backend, clean_for(kind, backend))).usage
    assert usage is not None
    assert usage.completion_tokens == 3
    assert usage.prompt_tokens is not None
    assert usage.prompt_tokens > 5


async def test_log_probabilities_are_told_where_the_server_does(kind):
    async with kind.fake(answer="one two three") as fake, kind.backend(fake) as backend:
        fake.logprob = lambda piece: -float(len(piece))
        chunks = (await read(backend, clean_for(kind, backend))).chunks
    told = {chunk.text: chunk.logprob for chunk in chunks[:-1]}
    if kind.name == "mistral":
        assert told == {"one": None, " two": None, " three": None}
    else:
        assert told == {"one": -3.0, " two": -4.0, " three": -6.0}


@pytest.mark.parametrize("text", TEXTS.values(), ids=list(TEXTS))
async def test_any_text_comes_through_unharmed(kind, text):
    async with kind.fake(answer=text) as fake, kind.backend(fake) as backend:
        result = await read(backend, clean_for(kind, backend, max_tokens=400))
    assert result.text == text
    assert result.finish is Finish.STOP


async def test_a_pair_of_surrogates_in_two_events_is_one_character(kind):
    async with kind.fake(answer=["x = '", "\ud83d", "\ude00", "'", "\ud83d", "y", "\udc00"]) as fake:
        # As JSON escapes, which is how servers send halves.
        plain = fake.event
        fake.event = lambda content: (
            plain(content).decode("utf-8", "surrogatepass").translate(ESCAPES).encode()
        )
        async with kind.backend(fake) as backend:
            result = await read(backend, clean_for(kind, backend))
    # The SDK reads no halves, so they are replaced before it sees them; Mistral's own servers send none.
    face = "\ufffd\ufffd" if kind.name == "mistral" else "😀"
    assert result.text == f"x = '{face}'\ufffdy\ufffd"
    for chunk in result.chunks:
        chunk.text.encode()


ESCAPES = {code: f"\\u{code:04x}" for code in (0xD83D, 0xDE00, 0xDC00)}


async def test_lone_surrogates_in_the_document_are_replaced(kind):
    async with kind.fake(answer="ok") as fake, kind.backend(fake) as backend:
        await read(backend, clean_for(kind, backend, prefix="a\ud83d\ude00b\ud83dc"))
        assert "a😀b\ufffdc" in fake.completions[0].json["prompt"]


async def test_two_streams_at_once_do_not_mix(kind):
    def answer(asked):
        return ("left " if "LEFT" in asked.prompt else "right ") * 10

    async with kind.fake(answer=answer, token_s=0.002) as fake, kind.backend(fake) as backend:
        left, right = await asyncio.gather(
            read(backend, clean_for(kind, backend, prefix="LEFT ")),
            read(backend, clean_for(kind, backend, prefix="RIGHT ")),
        )
    assert left.text == "left " * 10
    assert right.text == "right " * 10


async def test_chat(kind):
    template = PlainTemplate(PromptForm.CHAT, system="You complete code.")
    async with kind.fake(answer=ANSWER) as fake, kind.backend(fake) as backend:
        result = await read(backend, clean_for(kind, backend, template=template, prefix="Fill in."))
        sent = fake.completions[0].json
    assert result.text == ANSWER
    assert result.finish is Finish.STOP
    assert sent["messages"][0] == {"role": "system", "content": "You complete code."}
    assert sent["messages"][1]["content"] == "Fill in."


async def test_a_prompt_for_somebody_else_is_refused_before_anything_is_sent(kind):
    async with kind.fake(answer="x") as fake, kind.backend(fake) as backend:
        mine = backend.destination
        for other in (
            Destination("other", mine.origin, mine.remote),
            Destination(mine.backend, "http://127.0.0.1:1", mine.remote),
            Destination(mine.backend, mine.origin, not mine.remote),
        ):
            with pytest.raises(ValueError, match="came to under-test"):
                await read(backend, CleanPrompt(kind.prompt(), other))
        assert fake.requests == []


async def test_a_form_it_does_not_take_is_refused(kind):
    other = PromptForm.RAW if kind.form is PromptForm.PARTS else PromptForm.PARTS
    async with kind.fake(answer="x") as fake, kind.backend(fake) as backend:
        with pytest.raises(ValueError, match="takes no prompts of the form"):
            await read(backend, clean_for(kind, backend, template=PlainTemplate(other)))
        assert fake.requests == []


async def test_the_key_is_sent_as_a_bearer_and_nothing_else_is_asked_to_be_packed(kind):
    async with kind.fake(answer="x", key=TEST_KEY) as fake, kind.backend(fake) as backend:
        await read(backend, clean_for(kind, backend))
        for recorded in fake.requests:
            assert recorded.headers["authorization"] == f"Bearer {TEST_KEY}"
            assert recorded.headers["accept-encoding"] == "identity"
            assert recorded.headers["connection"] == "close"
            assert TEST_KEY.encode() not in recorded.body


async def test_a_wrong_key_is_told(kind):
    async with kind.fake(answer="x", key="another-key-altogether") as fake, kind.backend(fake) as backend:
        with pytest.raises(AuthenticationFailed) as caught:
            await read(backend, clean_for(kind, backend))
    assert TEST_KEY not in str(caught.value)
    assert "; set" in str(caught.value)


async def test_keys_in_the_environment_are_not_taken(kind, monkeypatch):
    for name in ("OLLAMA_API_KEY", "MISTRAL_API_KEY", "OPENAI_API_KEY", "CODESTRAL_API_KEY"):
        monkeypatch.setenv(name, "key-of-somebody-else")
    async with kind.fake(answer="x", key=None) as fake, kind.backend(fake, key=None) as backend:
        await read(backend, clean_for(kind, backend))
        assert fake.requests
        assert all("authorization" not in recorded.headers for recorded in fake.requests)


async def test_a_proxy_in_the_environment_never_sees_loopback(kind, monkeypatch):
    async with kind.fake(answer="x") as fake, kind.fake() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.origin)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        async with kind.backend(fake) as backend:
            assert (await read(backend, clean_for(kind, backend))).text == "x"
        assert proxy.requests == []


async def test_probe_tells_the_model_and_its_context(kind):
    async with kind.fake() as fake, kind.backend(fake) as backend:
        info = await backend.probe()
    assert info.name
    assert info.context_tokens is not None
    assert info.context_tokens >= 4096


async def test_an_unknown_model_is_told(kind):
    async with kind.fake(answer="x") as fake, kind.backend(fake, model="no-such-model") as backend:
        if kind.name == "llamacpp":  # Its server has one model, whatever it is called.
            assert (await read(backend, clean_for(kind, backend))).text == "x"
            return
        for attempt in (backend.probe(), read(backend, clean_for(kind, backend))):
            with pytest.raises(ModelNotFound, match=r"no-such-model|does not have the model"):
                await attempt


async def test_a_prompt_that_does_not_fit_is_told_and_not_cut(kind):
    async with kind.fake(answer="x") as fake, kind.backend(fake) as backend:
        prompt = kind.prompt(prefix="word " * 150_000, tokens=190_000)
        with pytest.raises(PromptTooLong):
            await read(backend, CleanPrompt(prompt, backend.destination))


async def test_counts_tokens_where_it_can(kind):
    async with kind.fake() as fake, kind.backend(fake) as backend:
        clean = clean_for(kind, backend, prefix="1234", suffix="")
        expected = 5 if kind.name == "llamacpp" else None
        assert await backend.count_tokens(clean) == expected


async def test_warming_up_twice_and_closing_unused_is_harmless(kind):
    async with kind.fake(answer="x") as fake:
        async with kind.backend(fake) as backend:
            await asyncio.gather(backend.warm_up(), backend.warm_up())
            await backend.warm_up()
            assert fake.requests == []
        async with kind.backend(fake):
            pass


async def test_an_error_of_the_reader_passes_through(kind):
    async with kind.fake(answer=ANSWER, token_s=0.01) as fake, kind.backend(fake) as backend:

        async def stumble():
            async with backend.stream(clean_for(kind, backend)) as chunks:
                await anext(chunks)
                raise LookupError("mine")

        with pytest.raises(LookupError, match="mine"):
            await stumble()
        assert (await fake.closed()).cancelled


async def test_errors_are_raised_when_the_context_is_entered(kind):
    async with kind.fake(answer="x", key="another-key-altogether") as fake, kind.backend(fake) as backend:
        with pytest.raises(BackendError):
            await backend.stream(clean_for(kind, backend)).__aenter__()


async def test_a_prefill_for_somebody_else_is_refused_before_anything_is_sent(kind):
    async with kind.fake() as fake, kind.backend(fake) as backend:
        mine = backend.destination
        with pytest.raises(ValueError, match="came to under-test"):
            await backend.prefill(CleanPrompt(kind.prompt(), Destination(mine.backend, mine.origin, True)))
        assert fake.requests == []


async def test_a_prefill_is_for_local_engines_only(kind):
    async with kind.fake() as fake, kind.backend(fake) as backend:
        await backend.prefill(clean_for(kind, backend))
        assert backend.capabilities.prefills is (kind.name in {"ollama", "llamacpp"})
        assert len(fake.completions) == backend.capabilities.prefills


def test_one_slot_or_several(kind):
    assert kind.make.capabilities.concurrency == {"ollama": 1, "llamacpp": 1}.get(kind.name, 4)
