"""The page on configuration names every setting with its default, and every source."""

import json
import re
from pathlib import Path

import pytest

from lsp_server.config.files import LARGEST_FILE_BYTES, LONGEST_LINE
from lsp_server.config.merging import SECTIONS
from lsp_server.config.origins import MISTRAL_ORIGINS
from lsp_server.config.patterns import MOST_WILDCARDS
from lsp_server.config.settings import ActionSettings, BackendSettings, ExperimentSettings, Settings
from lsp_server.config.sources import Source

PAGE = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")


def rows(heading):
    text = PAGE.split(f"### `{heading}`", 1)[1].split("\n#", 1)[0]
    cells = [re.split(r"\s*\|\s*", line.strip("|")) for line in text.splitlines() if line.startswith("| `")]
    return {name: row[1] for row in cells for name in re.findall(r"`(\w+)`", row[0])}


@pytest.mark.parametrize("section", SECTIONS)
def test_every_setting_has_a_row_with_its_default(section):
    told = rows(f"[{section}]")
    assert set(told) == set(SECTIONS[section].model_fields)
    for name, value in getattr(Settings(), section):
        if told[name].startswith("`"):
            plain = list(value) if isinstance(value, tuple) else value
            assert json.loads(told[name].strip("`")) == plain, name


def test_every_setting_of_backends_and_experiments_has_a_row():
    assert set(rows("[[backends]]")) == set(BackendSettings.model_fields)
    assert set(rows("[[experiments]]")) == set(ExperimentSettings.model_fields)
    assert set(rows("[[actions]]")) == set(ActionSettings.model_fields)


def test_the_page_says_what_the_code_does():
    for origin in MISTRAL_ORIGINS:
        assert f"`{origin}`" in PAGE
    assert f"{LARGEST_FILE_BYTES // 1024} KiB" in PAGE
    assert f"{LONGEST_LINE} characters" in " ".join(PAGE.split())
    assert f"{MOST_WILDCARDS} wildcards" in PAGE
    for source in Source:
        assert f"| {source}" in PAGE
