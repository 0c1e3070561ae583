"""What the environment says, as a pure function of a mapping."""

import pytest

from lsp_server.config.environment import (
    Environment,
    mistral_key_names,
    ollama_address,
    parse_ollama_host,
    read_environment,
)
from lsp_server.config.sources import Source

FORMS = [
    ("", ""),
    ("  ", ""),
    ('""', ""),
    ("1.2.3.4", "http://1.2.3.4:11434"),
    (":56789", "http://127.0.0.1:56789"),
    ("1.2.3.4:56789", "http://1.2.3.4:56789"),
    ("http://1.2.3.4", "http://1.2.3.4:80"),
    ("https://1.2.3.4", "https://1.2.3.4:443"),
    ("HTTPS://1.2.3.4", "https://1.2.3.4:443"),
    ("https://1.2.3.4:56789", "https://1.2.3.4:56789"),
    ("example.com", "http://example.com:11434"),
    ("example.com:56789", "http://example.com:56789"),
    ("http://example.com", "http://example.com:80"),
    ("https://example.com", "https://example.com:443"),
    ("example.com/", "http://example.com:11434"),
    ("example.com/path", "http://example.com:11434/path"),
    ("https://example.com:56789/path/", "https://example.com:56789/path"),
    ("[0001:002:003:0004::1]", "http://[1:2:3:4::1]:11434"),
    ("[0001:002:003:0004::1]:56789", "http://[1:2:3:4::1]:56789"),
    ("https://[0001:002:003:0004::1]/path", "https://[1:2:3:4::1]:443/path"),
    ("::1", "http://[::1]:11434"),
    ("localhost", "http://localhost:11434"),
    ("0.0.0.0", "http://127.0.0.1:11434"),
    ("0.0.0.0:8000", "http://127.0.0.1:8000"),
    ("http://0.0.0.0:8000", "http://127.0.0.1:8000"),
    ("[::]:8000", "http://[::1]:8000"),
    ("::", "http://[::1]:11434"),
    ("'1.2.3.4'", "http://1.2.3.4:11434"),
]


@pytest.mark.parametrize(("text", "url"), FORMS)
def test_the_forms_that_ollama_accepts(text, url):
    assert parse_ollama_host(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "ftp://example.com",
        "user:word@example.com",
        "a b",
        "http://a?x",
        "1.2.3.4:99999",
        "1.2.3.4:x",
        "x\ny",
    ],
)
def test_other_forms_are_one_problem_and_count_as_absent(text):
    environment = read_environment({"OLLAMA_HOST": text})
    assert environment.ollama_url == ""
    [problem] = environment.problems
    assert problem.source is Source.ENVIRONMENT
    assert "\n" not in str(problem)
    assert "word" not in str(problem)
    assert ollama_address({"OLLAMA_HOST": text}) == "http://127.0.0.1:11434"


def test_an_empty_environment_says_nothing():
    assert read_environment({}) == Environment()


@pytest.mark.parametrize(
    ("environ", "names"),
    [
        ({}, ()),
        ({"MISTRAL_API_KEY": ""}, ()),
        ({"CODESTRAL_API_KEY": "  "}, ()),
        ({"MISTRAL_API_KEY": "a"}, ("MISTRAL_API_KEY",)),
        ({"MISTRAL_API_KEY": "a", "CODESTRAL_API_KEY": "b"}, ("CODESTRAL_API_KEY", "MISTRAL_API_KEY")),
        ({"mistral_api_key": "a", "OPENAI_API_KEY": "b", "MISTRAL_API_KEYS": "c"}, ()),
    ],
)
def test_keys_for_mistral(environ, names):
    assert mistral_key_names(environ) == names
    assert read_environment(environ).has_mistral_key is bool(names)


def test_a_data_folder_that_depends_on_the_current_folder_is_a_problem():
    [problem] = read_environment({"CODESTRAL_LSP_DATA_DIR": "state"}).problems
    assert "absolute" in str(problem)


def test_nothing_else_in_the_environment_sets_anything():
    hostile = {"CODESTRAL_LSP_URL": "https://evil.example", "CODESTRAL_LSP_PRIVACY_REMOTE": "allow"}
    assert read_environment(hostile) == Environment()
