"""Which licence a model is under, and what is said of it."""

import pytest

from lsp_server.cli.doctor import _lines
from lsp_server.routing.licences import (
    API_TERMS,
    INSTEAD,
    NON_PRODUCTION,
    QWEN_RESEARCH,
    Work,
    licence_of,
    notice,
    restriction,
)
from lsp_server.types import Destination, ModelInfo

LOCAL = Destination("local", "http://127.0.0.1:11434", remote=False)
MISTRAL = Destination("hosted", "https://codestral.mistral.ai", remote=True)
ELSEWHERE = Destination("rented", "https://llm.example.org", remote=True)
MNPL = "the Mistral AI Non-Production License"


def licence(name, told="", destination=LOCAL):
    return licence_of(ModelInfo(name, licence=told), destination)


@pytest.mark.parametrize(
    ("name", "title", "work"),
    [
        ("codestral", MNPL, "no"),
        ("codestral:latest", MNPL, "no"),
        ("codestral:22b-v0.1-q4_K_M", MNPL, "no"),
        ("mannix/codestral", MNPL, "no"),
        ("my-codestral-finetune:22b", MNPL, "no"),
        ("MyCodestral", MNPL, "no"),
        ("hf.co/bartowski/Codestral-22B-v0.1-GGUF:Q4_K_M", MNPL, "no"),
        ("/models/Codestral-22B-v0.1/", MNPL, "no"),
        ("/models/codestral-22b/model.gguf", MNPL, "no"),
        ("C:\\models\\codestral-22b\\ggml.gguf", MNPL, "no"),
        ("codestral-2405", MNPL, "no"),
        ("codestral-2501", "the terms of its host", "unknown"),
        ("codestral-2508", "the terms of its host", "unknown"),
        ("codestral-2", "the terms of its host", "unknown"),
        ("mistralai/Mamba-Codestral-7B-v0.1", "Apache-2.0", "yes"),
        ("codestral-mamba", "Apache-2.0", "yes"),
        ("devstral:24b", "Apache-2.0", "yes"),
        ("Devstral-Small-2-24B-Instruct-2512", "Apache-2.0", "yes"),
        ("devstral-2:123b", "a modified MIT License", "unknown"),
        ("Devstral-2-123B-Instruct-2512", "a modified MIT License", "unknown"),
        ("mistral-small:24b", "Apache-2.0", "yes"),
        ("mistral-small:22b", "the Mistral AI Research License", "no"),
        ("Mistral-Large-Instruct-2411", "the Mistral AI Research License", "no"),
        ("Ministral-8B-Instruct-2410", "the Mistral AI Research License", "no"),
        ("Ministral-3-8B-Instruct-2512", "Apache-2.0", "yes"),
        ("qwen2.5-coder:1.5b-base", "Apache-2.0", "yes"),
        ("Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF", "Apache-2.0", "yes"),
        ("qwen2.5-coder-32b", "Apache-2.0", "yes"),
        ("Qwen2.5-Coder-3B-Instruct", "the Qwen Research License", "no"),
        ("qwen2.5-coder:3b-base-q8_0", "the Qwen Research License", "no"),
        ("qwen2.5-coder", "Apache-2.0, but for the 3B", "unknown"),
        ("qwen3-coder:30b-a3b", "Apache-2.0", "yes"),
        ("Qwen3-Coder-Next", "Apache-2.0", "yes"),
        ("Qwen/CodeQwen1.5-7B", "the Tongyi Qianwen Research License", "no"),
        ("codeqwen:7b-chat", "the Tongyi Qianwen License", "yes"),
        ("deepseek-coder-v2:16b-lite-base", "the DeepSeek License", "yes"),
        ("starcoder2:3b", "BigCode OpenRAIL-M", "yes"),
        ("codellama:7b-code", "the Llama 2 Community License", "yes"),
        ("codegemma:2b", "the Gemma Terms of Use", "yes"),
        ("granite-code:8b", "Apache-2.0", "yes"),
        ("granite-8b-code-base", "Apache-2.0", "yes"),
        ("granite4:micro-h", "Apache-2.0", "yes"),
        ("JetBrains/Mellum-4b-base", "Apache-2.0", "yes"),
        ("Seed-Coder-8B-Base", "MIT", "yes"),
        ("stable-code:3b", "the Stability AI Community License", "unknown"),
        ("mystery-7b", "not known", "unknown"),
        ("", "not known", "unknown"),
        ("/home/me/.local/share/codestral-lsp/mystery.gguf", "not known", "unknown"),
        ("/home/me/codestral-lsp/qwen2.5-coder-1.5b.gguf", "Apache-2.0", "yes"),
    ],
)
def test_the_name_tells_where_the_backend_does_not(name, title, work):
    found = licence(name)
    assert (found.name, found.work.value) == (title, work)


@pytest.mark.parametrize(
    ("told", "title", "work"),
    [
        ("Mistral AI Non-Production License", MNPL, "no"),
        ("# Mistral AI Non-Production License", MNPL, "no"),
        ("mnpl", MNPL, "no"),
        ("Mistral AI Research License", "the Mistral AI Research License", "no"),
        ("Qwen RESEARCH LICENSE AGREEMENT", "the Qwen Research License", "no"),
        ("Tongyi Qianwen RESEARCH LICENSE AGREEMENT", "the Tongyi Qianwen Research License", "no"),
        ("cc-by-nc-4.0", "a licence for research or other use that earns nothing", "no"),
        (
            "STABILITY AI NON-COMMERCIAL RESEARCH COMMUNITY LICENSE AGREEMENT",
            "a licence for research or other use that earns nothing",
            "no",
        ),
        ("STABILITY AI COMMUNITY LICENSE AGREEMENT", "the Stability AI Community License", "unknown"),
        ("Modified MIT License", "a modified MIT License", "unknown"),
        ("Apache License", "Apache-2.0", "yes"),
        ("apache-2.0", "Apache-2.0", "yes"),
        ("MIT License", "MIT", "yes"),
        ("DEEPSEEK LICENSE AGREEMENT", "the DeepSeek License", "yes"),
        ("Tongyi Qianwen LICENSE AGREEMENT", "the Tongyi Qianwen License", "yes"),
        ("BigCode Open RAIL-M v1 License Agreement", "BigCode OpenRAIL-M", "yes"),
        ("LLAMA 2 COMMUNITY LICENSE AGREEMENT", "the Llama 2 Community License", "yes"),
        ("Gemma Terms of Use", "the Gemma Terms of Use", "yes"),
        ("Some Licence of My Own", "Some Licence of My Own", "unknown"),
        ("submitted works", "submitted works", "unknown"),
    ],
)
def test_the_backend_tells(told, title, work):
    found = licence("mystery-7b", told)
    assert (found.name, found.work.value) == (title, work)


def test_what_the_backend_tells_counts_more_than_the_name():
    assert licence("my-codestral-like:7b", "Apache License").work is Work.ALLOWED
    assert licence("qwen2.5-coder:7b", "Qwen RESEARCH LICENSE AGREEMENT") == QWEN_RESEARCH
    assert licence("codestral:22b", "other") == NON_PRODUCTION


def test_who_packs_weights_anew_does_not_free_them():
    packed = licence("hf.co/lmstudio-community/Codestral-22B-v0.1-GGUF", "apache-2.0")
    assert packed.work is Work.FORBIDDEN
    assert "although the backend tells Apache-2.0" in packed.note
    assert licence("unsloth/Qwen2.5-Coder-3B", "apache-2.0").work is Work.FORBIDDEN


def test_what_mistral_hosts_is_under_the_terms_of_its_api():
    assert licence("codestral-latest", destination=MISTRAL) == API_TERMS
    trusted = Destination("hosted", "https://api.mistral.ai", remote=False)
    assert licence("codestral-2405", destination=trusted) == API_TERMS
    lookalike = Destination("hosted", "https://codestral.mistral.ai.example.org", remote=True)
    assert licence("codestral-latest", destination=lookalike) == NON_PRODUCTION
    assert licence("codestral-22b", destination=ELSEWHERE) == NON_PRODUCTION


def test_a_restriction_is_one_line_with_the_reason_and_what_to_use_instead():
    line = restriction(ModelInfo("codestral:22b"), LOCAL)
    assert line.startswith("codestral:22b is under the Mistral AI Non-Production License")
    assert "work" in line
    assert line.endswith(INSTEAD)
    assert "\n" not in restriction(ModelInfo("a\nb\ncodestral"), LOCAL)
    assert restriction(ModelInfo("qwen2.5-coder:7b"), LOCAL) == ""
    assert restriction(ModelInfo("mystery"), LOCAL) == ""
    assert restriction(ModelInfo("codestral-latest"), MISTRAL) == ""


def test_a_notice_says_how_to_have_such_models_refused():
    line = notice(ModelInfo("codestral:22b"), LOCAL)
    assert "Non-Production" in line
    assert "licence.production = true" in line
    assert notice(ModelInfo("codestral-latest"), MISTRAL) == ""
    assert notice(ModelInfo("starcoder2:3b"), LOCAL) == ""


def test_what_a_backend_tells_is_cut_and_made_printable():
    found = licence("mystery", "\x1b[31m" + "x" * 10_000)
    assert found.name.isprintable()
    assert len(found.name) < 100


def test_doctor_tells_the_licence_of_a_model():
    report = {
        "name": "b",
        "ok": True,
        "remote": False,
        "origin": "",
        "model": "codestral",
        "family": "codestral",
        "context_tokens": 1,
        "licence": NON_PRODUCTION.name,
        "licence_note": NON_PRODUCTION.note,
        "use_at_work": NON_PRODUCTION.work.value,
        "fill": None,
        "problem": "",
        "advice": [],
    }
    assert any("Non-Production" in line and "use at work: no" in line for line in _lines(report))
