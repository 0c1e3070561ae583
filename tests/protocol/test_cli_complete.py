"""``codestral-lsp complete`` as people and scripts call it, against each fake."""

import asyncio
import json
import os
import sys

import pytest

from lsp_server.testing.configuration import FAKES, KEY_VARIABLE, backend_of, write_config
from lsp_server.testing.fake_backends import TEST_KEY, FakeLlamaCpp, FakeOllama

CODE = "def add(a, b):\n    return \n"


@pytest.fixture
def run(tmp_path):
    """Run the command and return its exit status, stdout and stderr."""
    kept = {k: v for k, v in os.environ.items() if not k.endswith("_API_KEY") and k != "OLLAMA_HOST"}
    environment = {**kept, "CODESTRAL_LSP_DATA_DIR": str(tmp_path / "data"), KEY_VARIABLE: TEST_KEY}

    async def start(*arguments):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "lsp_server", *map(str, arguments)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
            cwd=tmp_path,
        )
        out, err = await asyncio.wait_for(process.communicate(), 60)
        return process.returncode, out.decode(), err.decode()

    return start


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "main.py"
    path.write_text(CODE, encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", FAKES)
async def test_json_against_each_kind_of_backend(kind, run, file, tmp_path):
    async with FAKES[kind]("a + b\n\nprint(1)\n") as fake:
        config = write_config(tmp_path / "config.toml", [backend_of(kind, fake)])
        status, out, err = await run("complete", f"{file}:2:12", "--json", "--config", config)
    assert status == 0, err
    answer = json.loads(out)
    assert answer["suggestion"] == "a + b"
    assert answer["gate"] is None
    assert answer["backend"] == kind
    assert answer["origin"] == "backend"
    assert answer["timings_ms"]["total"] > 0
    assert answer["prompt"]["tokens"] > 0
    assert answer["prompt"]["snippets"] == []
    assert err == ""


async def test_plain_output_is_the_suggestion(run, file, tmp_path):
    async with FakeLlamaCpp("a + b\n") as fake:
        config = write_config(tmp_path / "config.toml", [backend_of("llamacpp", fake)])
        assert await run("complete", f"{file}:2:12", "--config", config) == (0, "a + b\n", "")


async def test_no_suggestion_is_status_1_with_its_gate(run, file, tmp_path):
    async with FakeLlamaCpp("\n\n") as fake:
        config = write_config(tmp_path / "config.toml", [backend_of("llamacpp", fake)])
        status, out, _ = await run("complete", f"{file}:2:12", "--json", "--config", config)
    assert status == 1
    answer = json.loads(out)
    assert answer["suggestion"] is None
    assert answer["gate"] == "empty"


async def test_a_backend_that_is_down_is_one_clear_line(run, file, tmp_path):
    config = write_config(
        tmp_path / "config.toml", [{"name": "gone", "kind": "ollama", "url": "http://127.0.0.1:9"}]
    )
    status, out, err = await run("complete", f"{file}:2:12", "--config", config)
    assert (status, out) == (1, "")
    assert err.count("\n") == 1
    assert "gone" in err
    assert "127.0.0.1:9" in err


async def test_an_ollama_without_a_fill_model_says_so(run, file, tmp_path):
    async with FakeOllama("x") as fake:
        fake.models.clear()
        config = write_config(tmp_path / "config.toml", [backend_of("ollama", fake)])
        status, _, err = await run("complete", f"{file}:2:12", "--config", config)
    assert status == 1
    assert "ollama pull" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("main.py", "FILE:LINE:COL"),
        ("main.py:0:1", "line 0"),
        ("main.py:9:1", "line 9"),
        ("main.py:2:99", "99"),
        ("absent.py:1:1", "not a file"),
        ("binary.py:1:1", "UTF-8"),
    ],
)
async def test_wrong_places_are_status_2_and_one_line(place, words, run, file, tmp_path):
    (tmp_path / "binary.py").write_bytes(b"x = '\xff\xfe'\n")
    status, out, err = await run("complete", place)
    assert (status, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1


async def test_a_wrong_configuration_is_status_2(run, file, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text("[completion]\ndebounce = 'soon'\n", encoding="utf-8")
    status, _, err = await run("complete", f"{file}:2:12", "--config", config)
    assert status == 2
    assert "completion.debounce" in err


async def test_columns_count_characters(run, tmp_path):
    path = tmp_path / "wide.py"
    path.write_text('x = ["😀", "名前", ]\n', encoding="utf-8")
    async with FakeLlamaCpp("1") as fake:
        config = write_config(tmp_path / "config.toml", [backend_of("llamacpp", fake)])
        status, _, _ = await run("complete", f"{path}:1:17", "--config", config)
        sent = fake.completions[0].json
    assert status == 0
    assert "<|fim_suffix|>]\n<|fim_middle|>" in sent["prompt"]
    assert 'x = ["😀", "名前' in sent["prompt"]


async def test_doctor_tries_a_real_fill(run, tmp_path):
    async with FakeLlamaCpp("first + second\n") as fake:
        config = write_config(tmp_path / "config.toml", [backend_of("llamacpp", fake)])
        status, out, err = await run("doctor", "--json", "--config", config)
        assert status == 0, err
        [backend] = json.loads(out)["backends"]
        assert backend["fill"] == "first + second"
        assert backend["family"] == "qwen"
        fake.answer = "nonsense\n"
        status, out, _ = await run("doctor", "--config", config)
    assert status == 1
    assert "not with a fill that fits" in out


async def test_version_and_help(run):
    status, out, _ = await run("--version")
    assert status == 0
    assert out.startswith("codestral-lsp ")
    status, out, _ = await run("--help")
    assert all(name in out for name in ("serve", "demo", "complete", "doctor", "model", "config"))
