"""Origins are compared whole; what is not spelled plainly is no address at all."""

import pytest

from lsp_server.backends import address
from lsp_server.config.origins import MISTRAL_ORIGINS, exact_origin, parse_origin

SAME = [
    ("https://codestral.mistral.ai", "https://codestral.mistral.ai"),
    ("HTTPS://Codestral.Mistral.AI/", "https://codestral.mistral.ai"),
    ("https://codestral.mistral.ai:443/v1", "https://codestral.mistral.ai"),
    ("https://codestral.mistral.ai:0443", "https://codestral.mistral.ai"),
    ("https://codestral.mistral.ai:8443", "https://codestral.mistral.ai:8443"),
    ("http://codestral.mistral.ai", "http://codestral.mistral.ai"),
    ("http://codestral.mistral.ai:443", "http://codestral.mistral.ai:443"),
    ("http://localhost:80", "http://localhost"),
    ("http://[::1]:11434/v1", "http://[::1]:11434"),
    ("http://[0:0:0:0:0:0:0:1]:11434", "http://[::1]:11434"),
    ("https://xn--mistral-9ta.ai", "https://xn--mistral-9ta.ai"),
    ("https://codestral.mistral.ai.evil.example", "https://codestral.mistral.ai.evil.example"),
    ("https://gpu_1.lan:1234", "https://gpu_1.lan:1234"),
]

REFUSED = [
    "",
    "codestral.mistral.ai",
    "//codestral.mistral.ai",
    "ftp://codestral.mistral.ai",
    "file:///etc/passwd",
    "javascript://codestral.mistral.ai",
    "https:codestral.mistral.ai",
    "https:///codestral.mistral.ai",
    "https://",
    "https://user@codestral.mistral.ai",
    "https://user:word@codestral.mistral.ai",
    "https://codestral.mistral.ai@evil.example",
    "https://codestral.mistral.ai:443@evil.example/",
    "https://codestral.mistral.ai\\@evil.example",
    "https://codestral.mistral.ai\\.evil.example",
    "https://codestral.mistral.ai#@evil.example",
    "https://codestral.mistral.ai?@evil.example",
    "https://evil.example?https://codestral.mistral.ai",
    "https://codestral.mistral.ai.",
    "https://codestral..mistral.ai",
    "https://.mistral.ai",
    "https://-.mistral.ai",
    "https://codestral.mistral.ai:",
    "https://codestral.mistral.ai:0",
    "https://codestral.mistral.ai:65536",
    "https://codestral.mistral.ai:-1",
    "https://codestral.mistral.ai:٤٤٣",
    "https://codestral.mistral.ai:443:443",
    " https://codestral.mistral.ai",
    "https://codestral.mistral.ai\n",
    "https://codestral.mist\nral.ai",
    "https://codestral.mistral.ai\t",
    "https://codestral.mistral.ai\0.evil.example",
    "https://codestral%2emistral.ai",
    "https://c\u03bfdestral.mistral.ai",
    "https://\uff43odestral.mistral.ai",
    "http\u017f://codestral.mistral.ai",
    "https://codestral。mistral。ai",
    "http://[::1",
    "http://::1",
    "http://[::1].evil.example",
    "http://[::1]evil.example",
    "http://evil.example[::1]",
    "http://[::1%25eth0]",
    "http://[127.0.0.1]",
    "http://[v1.x]",
    "https://a/" + "b" * 3000,
]

LOOPBACK = [
    "http://localhost",
    "http://LOCALHOST:11434",
    "http://127.0.0.1",
    "http://127.255.0.3:8080",
    "https://127.0.0.1",
    "http://[::1]",
    "http://[0:0::1]:11434",
    "http://[::ffff:127.0.0.1]",
]

ELSEWHERE = [
    "http://127.0.0.1.evil.example",
    "http://127.0.0.1.nip.io",
    "http://localhost.evil.example",
    "http://evil.example/127.0.0.1",
    "http://localhosts",
    "http://notlocalhost",
    "http://0.0.0.0",
    "http://[::]",
    "http://127.1",
    "http://2130706433",
    "http://0x7f000001",
    "http://0177.0.0.1",
    "http://127.0.0.01",
    "http://128.0.0.1",
    "http://10.0.0.1",
    "http://[::2]",
    "http://[::ffff:10.0.0.1]",
    "http://[fe80::1]",
]


@pytest.mark.parametrize(("url", "origin"), SAME)
def test_one_origin_has_one_spelling(url, origin):
    assert str(parse_origin(url)) == origin
    assert str(parse_origin(origin)) == origin


@pytest.mark.parametrize("url", REFUSED)
def test_what_is_not_spelled_plainly_is_refused(url):
    with pytest.raises(ValueError, match="should") as refusal:
        parse_origin(url)
    assert "\n" not in str(refusal.value)
    assert "evil" not in str(refusal.value)
    assert "word" not in str(refusal.value)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://m\u00fcller.example", "xn--"),
        ("https://x:y@llm.example.org", "key_env"),
        ("https://llm.example.org?x", "query"),
        ("https://llm.example.org:99999", "65535"),
        ("http://[1::2::3]", "IPv6"),
        ("llm.example.org", "https://"),
    ],
)
def test_the_refusal_says_what_to_write(url, told):
    with pytest.raises(ValueError, match=told):
        parse_origin(url)


@pytest.mark.parametrize("url", LOOPBACK)
def test_loopback(url):
    assert parse_origin(url).loopback


@pytest.mark.parametrize("url", ELSEWHERE)
def test_whatever_only_looks_like_loopback_is_not(url):
    assert not parse_origin(url).loopback


@pytest.mark.parametrize("url", [url for url, _ in SAME] + LOOPBACK + ELSEWHERE)
def test_the_backends_never_see_another_origin_or_a_loopback_that_is_none(url):
    ours = parse_origin(url)
    assert parse_origin(address.origin_of(url)) == ours
    assert ours.loopback or not address.is_loopback(url)


@pytest.mark.parametrize("url", ["https://llm.example.org", "https://LLM.example.org:443/"])
def test_an_origin_alone_may_end_in_a_slash(url):
    assert exact_origin(url) == "https://llm.example.org"


@pytest.mark.parametrize(
    "url", ["https://llm.example.org/v1", "https://llm.example.org//", "llm.example.org"]
)
def test_an_origin_alone_has_no_path(url):
    with pytest.raises(ValueError, match="should be"):
        exact_origin(url)


def test_the_built_in_origins_are_in_their_usual_spelling_and_encrypted():
    assert {exact_origin(origin) for origin in MISTRAL_ORIGINS} == MISTRAL_ORIGINS
    assert all(origin.startswith("https://") for origin in MISTRAL_ORIGINS)
