import pytest
from pydantic import SecretStr

from lsp_server.backends.base import AuthenticationFailed
from lsp_server.backends.http import Endpoint, Hints, is_loopback, origin_of

KEY = SecretStr("sk-very-secret")


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://127.0.0.1:11434", "http://127.0.0.1:11434"),
        ("http://localhost", "http://localhost"),
        ("http://localhost:80/", "http://localhost"),
        ("https://codestral.mistral.ai", "https://codestral.mistral.ai"),
        ("https://codestral.mistral.ai:443/v1", "https://codestral.mistral.ai"),
        ("https://codestral.mistral.ai:80", "https://codestral.mistral.ai:80"),
        ("http://host:443", "http://host:443"),
        ("HTTPS://API.Mistral.AI/v1/", "https://api.mistral.ai"),
        ("http://[::1]:8080/v1", "http://[::1]:8080"),
        ("http://[2001:DB8::1]", "http://[2001:db8::1]"),
        ("http://gpu-box.local:8000/v1", "http://gpu-box.local:8000"),
    ],
)
def test_origin(url, origin):
    assert origin_of(url) == origin


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:11434",
        "127.0.0.1",
        "ftp://host",
        "file:///etc/passwd",
        "http://",
        "http:///path",
        "http://host:port",
        "http://host:99999",
        "http://user:sk-secret@host",
        "http://user@host",
        "http://user:99999999@[bad",
        "http://host\\@evil.example",
        "http://ho st",
        "http://host\n.evil.example",
        "http://host\t/",
        "http://host?x=1",
        "http://host#x",
        "http://exämple.org",
        "http://ex%61mple.org",
        "http://[::1",
        "http://[::1].evil.example",
        "http://localhost.",
        "http://127.0.0.1.",
    ],
)
def test_what_is_no_address_is_told_in_one_line(url):
    with pytest.raises(ValueError, match="backend's url") as caught:
        origin_of(url)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://localhost:1", True),
        ("http://LOCALHOST", True),
        ("http://127.0.0.1", True),
        ("http://127.8.9.1", True),
        ("http://[::1]", True),
        ("http://[::ffff:127.0.0.1]", True),
        ("http://[::ffff:10.0.0.1]", False),
        ("http://0.0.0.0", False),
        ("http://10.0.0.1", False),
        ("http://localhost.evil.example", False),
        ("http://127.0.0.1.evil.example", False),
        ("http://2130706433", False),
        ("http://127.1", False),
        ("https://api.mistral.ai", False),
    ],
)
def test_loopback(url, expected):
    assert is_loopback(url) is expected


def test_the_key_goes_to_its_own_origin_only():
    endpoint = Endpoint("mine", "https://api.example/v1", KEY)
    assert endpoint.authorization("https://api.example") == "Bearer sk-very-secret"
    for other in ("https://api.example:8443", "http://api.example", "https://api.example.evil.example"):
        with pytest.raises(AuthenticationFailed) as caught:
            endpoint.authorization(other)
        assert "very-secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://10.0.0.7:8000", "http://gpu-box:8000/v1"])
def test_the_key_never_travels_in_the_clear(url):
    endpoint = Endpoint("lan", url, KEY)
    with pytest.raises(AuthenticationFailed, match="not sent over plain http to another machine; use https"):
        endpoint.authorization(endpoint.origin)


def test_the_key_may_go_to_loopback_over_plain_http():
    endpoint = Endpoint("local", "http://127.0.0.1:8080", KEY)
    assert endpoint.authorization("http://127.0.0.1:8080") == "Bearer sk-very-secret"


def test_without_a_key_there_is_nothing_to_attach():
    assert Endpoint("lan", "http://10.0.0.7").authorization("http://10.0.0.7") is None


def test_nothing_shows_the_key():
    endpoint = Endpoint("mine", "https://api.example", KEY, Hints())
    assert "very-secret" not in repr(endpoint) + endpoint.says("it fails", "do something")


def test_a_message_names_backend_origin_fault_and_remedy():
    endpoint = Endpoint("mine", "https://api.example/v1")
    assert endpoint.says("it fails", "mend it") == "mine (https://api.example): it fails; mend it"
