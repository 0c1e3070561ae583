"""The catalogue: every entry pinned and consistent with itself."""

import re

import pytest

from lsp_server.backends.embedded import catalogue
from lsp_server.backends.embedded.catalogue import DEFAULT_MODEL, MODELS, Mirror


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_every_model_is_pinned(model):
    assert re.fullmatch(r"[0-9a-f]{64}", model.sha256)
    assert re.fullmatch(r"[0-9a-f]{40}", model.hub_revision)
    assert model.hub_file.endswith(".gguf")
    assert model.licence == "Apache-2.0"
    assert model.memory_bytes > model.size_bytes


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_the_pieces_of_a_mirror_make_up_the_whole_file(model):
    mirror = model.mirror
    last = model.size_bytes - (mirror.parts - 1) * mirror.part_bytes
    assert 0 < last <= mirror.part_bytes


def test_names_and_files_are_unique():
    assert len({model.name for model in MODELS}) == len(MODELS)
    assert len({model.file_name for model in MODELS}) == len(MODELS)
    assert len({model.sha256 for model in MODELS}) == len(MODELS)


def test_pieces_are_found_where_the_wheels_have_them():
    mirror = Mirror("some-model-part", "1.0", parts=12, part_bytes=10)
    assert mirror.distribution(3) == "some-model-part3"
    assert mirror.member(3) == "some_model_part3/data/part03.bin"
    assert mirror.member(12) == "some_model_part12/data/part12.bin"


def test_the_default_is_the_smallest():
    assert min(MODELS, key=lambda model: model.size_bytes) is DEFAULT_MODEL


def test_find():
    assert catalogue.find("qwen2.5-coder-1.5b").title == "Qwen2.5-Coder 1.5B Instruct, Q4_K_M"
    assert catalogue.find("qwen2.5-coder") is None
    assert all(model.name in catalogue.names() for model in MODELS)
