"""The exact text each family is sent."""

import dataclasses

import pytest

from lsp_server.prompt.families import FAMILIES, HOLE
from lsp_server.types import Prompt, PromptForm, Snippet

NAMES = {
    "codestral", "qwen", "deepseek", "starcoder2", "codellama", "codegemma", "granite", "granite4", "mellum",
    "seed-coder", "stable-code", "codeqwen", "chat",
}  # fmt: skip
UTIL = Snippet("lib/util.py", "def helper():\n    pass\n", 0.9, "import")
CONF = Snippet("conf.py", "DEBUG = {1}", 0.5, "recent")
STARCODER_FILES = (
    "<file_sep>lib/util.py\ndef helper():\n    pass<file_sep>conf.py\nDEBUG = {1}"
    "<file_sep><fim_prefix>src/app.py\n"
)
BEGIN, MIDDLE, END = "<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"  # noqa: RUF001 - DeepSeek's own marks
COMMENTED = (
    "# Path: lib/util.py\n# def helper():\n#     pass\n# Path: conf.py\n# DEBUG = {1}\n# Path: src/app.py\n"
)


def listed(mark):
    """The two files and the head of the third, each behind ``mark``."""
    return f"{mark}lib/util.py\ndef helper():\n    pass\n{mark}conf.py\nDEBUG = {{1}}\n{mark}src/app.py\n"


def sections(other, current, colon=""):
    """As ``listed``, with an empty line behind each file."""
    first = f"{other}lib/util.py{colon}\ndef helper():\n    pass\n\n"
    return f"{first}{other}conf.py{colon}\nDEBUG = {{1}}\n\n{current}src/app.py{colon}\n"


def prompt(family, prefix="P {x}", suffix="S {suffix}", **more):
    return Prompt(template=family, prefix=prefix, suffix=suffix, path="src/app.py", language="python", **more)


def text_of(name, **more):
    return prompt(FAMILIES[name], **more).text


def test_the_table_has_every_family_once():
    assert set(FAMILIES) == NAMES
    assert all(name == family.name for name, family in FAMILIES.items())


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("codestral", "[SUFFIX]S {suffix}[PREFIX]P {x}"),
        ("qwen", "<|fim_prefix|>P {x}<|fim_suffix|>S {suffix}<|fim_middle|>"),
        ("deepseek", f"{BEGIN}P {{x}}{MIDDLE}S {{suffix}}{END}"),
        ("starcoder2", "<fim_prefix>P {x}<fim_suffix>S {suffix}<fim_middle>"),
        ("codellama", "<PRE> P {x} <SUF>S {suffix} <MID>"),
        ("codegemma", "<|fim_prefix|>P {x}<|fim_suffix|>S {suffix}<|fim_middle|>"),
        ("granite", "<fim_prefix>P {x}<fim_suffix>S {suffix}<fim_middle>"),
        ("granite4", "<|fim_prefix|>P {x}<|fim_suffix|>S {suffix}<|fim_middle|>"),
        ("mellum", "<filename>src/app.py\n<fim_suffix>S {suffix}<fim_prefix>P {x}<fim_middle>"),
        ("seed-coder", "<[fim-suffix]>S {suffix}<[fim-prefix]>P {x}<[fim-middle]>"),
        ("stable-code", "<fim_prefix>P {x}<fim_suffix>S {suffix}<fim_middle>"),
        ("codeqwen", "<fim_prefix>P {x}<fim_suffix>S {suffix}<fim_middle>"),
        ("chat", f"File to complete, src/app.py:\nP {{x}}{HOLE}S {{suffix}}"),
    ],
)
def test_one_file(name, text):
    assert text_of(name) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("codestral", f"[SUFFIX]S[PREFIX]{sections('+++++ ', '+++++ ')}P"),
        (
            "qwen",
            f"<|repo_name|>workspace\n{listed('<|file_sep|>')}<|fim_prefix|>P<|fim_suffix|>S<|fim_middle|>",
        ),
        ("deepseek", f"{BEGIN}{listed('#')}P{MIDDLE}S{END}"),
        ("starcoder2", f"<repo_name>workspace{STARCODER_FILES}P<fim_suffix>S<fim_middle>"),
        (
            "codeqwen",
            f"<reponame>workspace\n{listed('<file_sep>')}<fim_prefix>P<fim_suffix>S<fim_middle>",
        ),
        ("mellum", f"{listed('<filename>')}<fim_suffix>S<fim_prefix>P<fim_middle>"),
        ("codellama", f"<PRE> {COMMENTED}P <SUF>S <MID>"),
        ("codegemma", f"<|fim_prefix|>{COMMENTED}P<|fim_suffix|>S<|fim_middle|>"),
        ("granite", f"<fim_prefix>{COMMENTED}P<fim_suffix>S<fim_middle>"),
        ("granite4", f"<|fim_prefix|>{COMMENTED}P<|fim_suffix|>S<|fim_middle|>"),
        ("stable-code", f"<fim_prefix>{COMMENTED}P<fim_suffix>S<fim_middle>"),
        ("seed-coder", f"<[fim-suffix]>S<[fim-prefix]>{COMMENTED}P<[fim-middle]>"),
        ("chat", f"{sections('File ', 'File to complete, ', ':')}P{HOLE}S"),
    ],
)
def test_other_files(name, text):
    assert text_of(name, prefix="P", suffix="S", snippets=(UTIL, CONF)) == text


def test_qwen_is_asked_suffix_first_where_the_start_can_be_forced():
    family = FAMILIES["qwen"].for_backend(forces_start=True, takes_parts=False)
    assert prompt(family).text == "<|fim_prefix|><|fim_suffix|>S {suffix}<|fim_middle|>P {x}"
    assert prompt(family, snippets=(CONF,)).text == (
        "<|repo_name|>workspace\n<|file_sep|>conf.py\nDEBUG = {1}\n<|file_sep|>src/app.py\n"
        "<|fim_prefix|><|fim_suffix|>S {suffix}<|fim_middle|>P {x}"
    )


@pytest.mark.parametrize("name", sorted(NAMES - {"qwen"}))
def test_other_families_stay_as_documented_where_the_start_can_be_forced(name):
    family = FAMILIES[name].for_backend(forces_start=True, takes_parts=False)
    assert prompt(family).text == text_of(name)


@pytest.mark.parametrize(
    ("name", "snippets", "text"),
    [
        ("codestral", (), "P {x}"),
        ("codestral", (CONF,), "+++++ conf.py\nDEBUG = {1}\n\n+++++ src/app.py\nP {x}"),
        ("deepseek", (CONF,), "#conf.py\nDEBUG = {1}\n#src/app.py\nP {x}"),
        ("qwen", (), "P {x}"),
        ("qwen", (CONF,), "# Path: conf.py\n# DEBUG = {1}\n# Path: src/app.py\nP {x}"),
        ("mellum", (), "P {x}"),
    ],
)
def test_parts_are_the_prefix_with_the_files(name, snippets, text):
    family = FAMILIES[name].for_backend(forces_start=True, takes_parts=True)
    assert family.form is PromptForm.PARTS
    assert prompt(family, snippets=snippets).text == text


def test_a_chat_model_stays_one_on_any_backend():
    chat = FAMILIES["chat"]
    assert chat.form is PromptForm.CHAT
    assert chat.for_backend(forces_start=True, takes_parts=True) is chat
    assert HOLE in chat.system


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("codestral", "[SUFFIX][PREFIX]+++++ src/app.py\n"),
        ("qwen", "<|file_sep|>src/app.py\n<|fim_prefix|><|fim_suffix|><|fim_middle|>"),
        ("starcoder2", "<file_sep><fim_prefix>src/app.py\n<fim_suffix><fim_middle>"),
        ("codellama", "<PRE> # Path: src/app.py\n <SUF> <MID>"),
        ("chat", f"File to complete, src/app.py:\n{HOLE}"),
    ],
)
def test_an_empty_file_is_shown_with_its_path(name, text):
    assert text_of(name, prefix="", suffix="") == text


@pytest.mark.parametrize("name", sorted(NAMES))
@pytest.mark.parametrize("takes_parts", [False, True])
@pytest.mark.parametrize("path", ["", "src/app.py"])
@pytest.mark.parametrize("suffix", ["", "\n", "rest"])
def test_no_prompt_is_empty(name, takes_parts, path, suffix):
    family = FAMILIES[name].for_backend(forces_start=False, takes_parts=takes_parts)
    asked = dataclasses.replace(prompt(family, prefix="", suffix=suffix), path=path)
    assert asked.text.strip()


@pytest.mark.parametrize("name", sorted(NAMES - {"chat"}))
def test_every_marker_is_a_stop_and_may_not_come_from_the_user(name):
    family = FAMILIES[name]
    rest = text_of(name, prefix="", suffix="")
    for token in family.control_tokens:
        rest = rest.replace(token.strip(), "")
    assert "fim" not in rest
    assert "[" not in rest
    assert "<" not in rest
    assert len(family.stops) == len(set(family.stops))
    assert all(family.stops)


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("codestral", "\n+++++ "),
        ("qwen", "<|endoftext|>"),
        ("deepseek", "<｜end▁of▁sentence｜>"),  # noqa: RUF001 - their own marks
        ("codellama", "<EOT>"),
        ("codegemma", "<|file_separator|>"),
        ("granite4", "<|end_of_text|>"),
        ("seed-coder", "<[end▁of▁sentence]>"),
    ],
)
def test_the_likeliest_stop_comes_first(name, end):
    assert FAMILIES[name].stops[0] == end


def test_families_are_immutable():
    with pytest.raises(dataclasses.FrozenInstanceError):
        FAMILIES["qwen"].name = "other"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("lua", "-- Path: a\n-- x\n--\n-- y\n"),
        ("typescript", "// Path: a\n// x\n//\n// y\n"),
        ("html", "<!-- Path: a -->\n<!-- x -->\n<!--  -->\n<!-- y -->\n"),
        ("css", "/* Path: a */\n/* x */\n/*  */\n/* y */\n"),
        ("brand-new", "// Path: a\n// x\n//\n// y\n"),
    ],
)
def test_comments_are_those_of_the_language(language, text):
    family = FAMILIES["codellama"]
    asked = Prompt(family, "", "", (Snippet("a", "x\n\ny\n", 1, ""),), path="b", language=language)
    assert asked.text.startswith(f"<PRE> {text}")
