"""What tokens cost, from the settings or from Mistral's list."""

import pytest

from lsp_server.config.settings import BackendSettings
from lsp_server.routing.prices import Price, price_of


def backend(kind="mistral", **settings):
    return BackendSettings(name="b", kind=kind, **settings)


@pytest.mark.parametrize("url", ["", "https://api.mistral.ai", "https://api.eu.mistral.ai/v1"])
@pytest.mark.parametrize("model", ["", "codestral-latest", "codestral-2508", "mistral-code-fim-latest"])
def test_codestral_has_its_list_price_at_mistral(url, model):
    assert price_of(backend(url=url), model) == Price(0.30, 0.90)


@pytest.mark.parametrize(
    "model", ["codestral-2611", "codestral-latest-x", "mistral-large-latest", "qwen3-coder"]
)
def test_a_model_that_is_not_listed_has_no_price(model):
    assert price_of(backend(), model) is None


@pytest.mark.parametrize(
    "elsewhere",
    [
        backend(url="https://api.mistral.ai.example.org"),
        backend(url="http://127.0.0.1:8000"),
        backend("openai", url="https://llm.example.org/v1"),
        backend("ollama"),
        backend("embedded"),
        backend(url="not an address"),
    ],
)
def test_nobody_else_has_a_list_price(elsewhere):
    assert price_of(elsewhere, "codestral-latest") is None


def test_another_kind_at_mistral_has_the_price_of_a_named_model_alone():
    gateway = backend("openai", url="https://api.mistral.ai/v1")
    assert price_of(gateway, "codestral-latest") == Price(0.30, 0.90)
    assert price_of(gateway, "") is None


def test_the_settings_count_more_each_for_itself():
    assert price_of(backend(price_in=1.0, price_out=2.0), "") == Price(1.0, 2.0)
    assert price_of(backend(price_in=0.0), "") == Price(0.0, 0.90)
    assert price_of(backend(price_out=5.0), "unlisted") is None
    assert price_of(backend("ollama", price_in=0.0, price_out=0.0), "") == Price(0.0, 0.0)


def test_costs_are_exact_sums_of_billionths():
    price = Price(0.30, 0.90)
    assert price.cost(1500, 40) == 486_000
    assert price.cost(1, 0) == 300
    assert sum(price.cost(1, 1) for _ in range(1_000_000)) == price.cost(1_000_000, 1_000_000)
