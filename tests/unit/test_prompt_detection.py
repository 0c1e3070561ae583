"""Which family a model belongs to."""

import pytest

from lsp_server.prompt.detection import UnknownModel, detect, normalise_name
from lsp_server.prompt.families import FAMILIES, Family
from lsp_server.types import ModelInfo

KNOWN = [
    # Ollama tags
    ("codestral:latest", "codestral"),
    ("codestral:22b-v0.1-q4_K_M", "codestral"),
    ("qwen2.5-coder:7b", "qwen"),
    ("qwen2.5-coder:1.5b-base-q8_0", "qwen"),
    ("qwen3-coder:30b", "qwen"),
    ("codeqwen:7b-code", "codeqwen"),
    ("deepseek-coder:6.7b-base", "deepseek"),
    ("deepseek-coder-v2:16b-lite-base-q4_0", "deepseek"),
    ("starcoder2:3b", "starcoder2"),
    ("starcoder:1b", "starcoder2"),
    ("codellama:7b-code", "codellama"),
    ("codegemma:2b-code-v1.1", "codegemma"),
    ("granite-code:8b", "granite"),
    ("granite4:micro-h", "granite4"),
    ("stable-code:3b-code-q4_0", "stable-code"),
    ("JetBrains/mellum-4b-base:latest", "mellum"),
    ("hf.co/bartowski/Qwen2.5-Coder-14B-GGUF:Q4_K_M", "qwen"),
    # Hugging Face
    ("mistralai/Codestral-22B-v0.1", "codestral"),
    ("Qwen/Qwen2.5-Coder-32B-Instruct-AWQ", "qwen"),
    ("Qwen/Qwen3-Coder-30B-A3B-Instruct-FP8", "qwen"),
    ("Qwen/CodeQwen1.5-7B", "codeqwen"),
    ("deepseek-ai/DeepSeek-Coder-V2-Lite-Base", "deepseek"),
    ("deepseek-ai/deepseek-coder-6.7b-instruct", "deepseek"),
    ("bigcode/starcoder2-15b", "starcoder2"),
    ("codellama/CodeLlama-13b-hf", "codellama"),
    ("google/codegemma-7b", "codegemma"),
    ("ibm-granite/granite-8b-code-base-4k", "granite"),
    ("ibm-granite/granite-4.0-h-tiny", "granite4"),
    ("JetBrains/Mellum-4b-sft-python", "mellum"),
    ("ByteDance-Seed/Seed-Coder-8B-Base", "seed-coder"),
    ("stabilityai/stable-code-3b", "stable-code"),
    # GGUF files, names inside them, folders
    ("qwen2.5-coder-0.5b-instruct-q4_k_m.gguf", "qwen"),
    ("Qwen2.5 Coder 0.5B Instruct AWQ", "qwen"),
    ("/models/Codestral-22B-v0.1-Q4_K_M.gguf", "codestral"),
    ("C:\\models\\starcoder2-7b.Q5_K_M.gguf", "starcoder2"),
    ("/srv/models/Seed-Coder-8B-Base/", "seed-coder"),
    # Mistral's API
    ("codestral-latest", "codestral"),
    ("codestral-2508", "codestral"),
]
UNKNOWN = [
    "devstral-small-2507",
    "devstral:24b",
    "mistral-large-latest",
    "mistral:7b",
    "ministral-8b-latest",
    "codestral-embed-2505",
    "mistralai/Mamba-Codestral-7B-v0.1",
    "qwen2.5:7b",
    "Qwen/Qwen3-30B-A3B-Instruct-2507",
    "qwen3:8b",
    "llama3:8b",
    "meta-llama/Llama-3.1-8B-Instruct",
    "deepseek-r1:7b",
    "deepseek-ai/DeepSeek-V3",
    "gemma3:4b",
    "granite3.1-dense:8b",
    "codellama/CodeLlama-7b-Python-hf",
    "codellama:34b-code",
    "codellama:70b",
    "stable-code-embed",
    "notcodestral",
    "yi-coder:9b",
    "zeta",
    "gpt-oss:20b",
    "",
]


@pytest.mark.parametrize(("name", "family"), KNOWN)
def test_models_that_fill_are_known_by_their_name(name, family):
    assert detect(ModelInfo(name)) is FAMILIES[family]


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_name_that_says_too_little_is_no_guess(name):
    found = detect(ModelInfo(name))
    assert isinstance(found, UnknownModel)
    assert found.model == name


def test_the_message_says_what_to_set():
    message = detect(ModelInfo("llama3:8b")).message
    assert "llama3:8b" in message
    assert 'set family = "..."' in message
    assert 'family = "chat"' in message
    assert all(name in message for name in FAMILIES)
    assert "\n" not in message


def test_the_message_is_one_printable_line_whatever_the_name():
    message = detect(ModelInfo("evil\n\x1b[31m" + "x" * 500)).message
    assert message.isprintable()
    assert len(message) < 500
    assert "does not tell" in detect(ModelInfo("  ")).message


@pytest.mark.parametrize("name", ["llama3:8b", "codestral", ""])
def test_the_setting_decides(name):
    assert detect(ModelInfo(name), "mellum") is FAMILIES["mellum"]
    assert detect(ModelInfo(name), " Chat ") is FAMILIES["chat"]


def test_a_setting_that_names_no_family_is_told():
    found = detect(ModelInfo("codestral"), "codestrall")
    assert isinstance(found, UnknownModel)
    assert '"codestrall"' in found.message
    assert "codestral," in found.message
    assert "chat" in found.message


CODESTRAL = "[INST]{{ .System }}[/INST]{{- if .Suffix }}[SUFFIX]{{ .Suffix }}[PREFIX] {{ .Prompt }}{{ end }}"
PIPED = "{{- if .Suffix }}<|fim_prefix|>{{ .Prompt }}<|fim_suffix|>{{ .Suffix }}<|fim_middle|>{{ end }}"
PLAIN = "{{ if .Suffix }}<fim_prefix>{{ .Prompt }}<fim_suffix>{{ .Suffix }}<fim_middle>{{ end }}"
DEEPSEEK = "{{ if .Suffix }}<｜fim▁begin｜>{{ .Prompt }}<｜fim▁hole｜>{{ .Suffix }}<｜fim▁end｜>{{ end }}"  # noqa: RUF001 - their own marks


@pytest.mark.parametrize(
    ("name", "architecture", "template", "family"),
    [
        ("my-coder", "llama", CODESTRAL, "codestral"),
        ("my-coder", "qwen2", PIPED, "qwen"),
        ("my-coder", "", PIPED, "qwen"),
        ("my-coder", "gemma", PIPED, "codegemma"),
        ("my-coder", "granitehybrid", PIPED, "granite4"),
        ("granite3.3", "granite", PLAIN, "granite"),
        ("codegemma:2b", "", PIPED, "codegemma"),
        ("my-coder", "", DEEPSEEK, "deepseek"),
        ("my-coder", "starcoder2", PLAIN, "starcoder2"),
        ("my-coder", "stablelm", PLAIN, "stable-code"),
        ("my-coder", "qwen2", PLAIN, "codeqwen"),
        ("mellum-x", "llama", PLAIN, "mellum"),
        ("my-coder", "", "<PRE> {{ .Prompt }} <SUF>{{ .Suffix }} <MID>", "codellama"),
        (
            "my-coder",
            "",
            "<[fim-suffix]>{{ .Suffix }}<[fim-prefix]>{{ .Prompt }}<[fim-middle]>",
            "seed-coder",
        ),
        ("codellama:latest", "llama", "[INST] {{ .Prompt }} [/INST]", "codellama"),
        ("my-coder", "starcoder2", "", "starcoder2"),
        ("my-coder", "StarCoder", "", "starcoder2"),
    ],
)
def test_the_backend_s_template_and_architecture_tell(name, architecture, template, family):
    found = detect(ModelInfo(name, architecture=architecture, template=template))
    assert isinstance(found, Family)
    assert found.name == family


@pytest.mark.parametrize(
    ("architecture", "template"),
    [
        ("qwen2", "{{ .Prompt }}"),
        ("llama", "{{ .Prompt }}{{ .Suffix }}"),
        ("qwen3", "{%- if '<|fim_prefix|>' in content %}{{ content.split('suffix') }}"),
    ],
)
def test_a_template_without_a_known_infill_is_no_proof(architecture, template):
    found = detect(ModelInfo("my-model", architecture=architecture, template=template))
    assert isinstance(found, UnknownModel)


def test_names_are_compared_in_one_spelling():
    assert normalise_name("Qwen/Qwen2.5-Coder-7B") == "qwen2.5-coder-7b"
    assert normalise_name("hf.co/a/Stable_Code 3B.GGUF") == "stable-code-3b"
    assert normalise_name("C:\\m\\x:Q4_0\\") == "x-q4-0"
