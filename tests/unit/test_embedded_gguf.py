"""Reading GGUF headers: right for whole files, a clear error for everything else."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.backends.embedded import gguf
from lsp_server.testing.models import TINY_METADATA, tiny_gguf


def test_what_a_file_tells():
    whole = tiny_gguf()
    header = gguf.parse(whole)
    assert header.architecture == "qwen2"
    assert header.name == "Tiny Coder"
    assert header.licence == "apache-2.0"
    assert header.context_tokens == 4096
    assert header.chat_template == "{{ messages }}"
    assert header.fim_tokens == {"prefix": 0}
    assert header.needed_bytes == len(whole)


def test_a_file_that_tells_nothing():
    header = gguf.parse(tiny_gguf({}))
    assert header.architecture == header.name == header.licence == header.chat_template == ""
    assert header.context_tokens is None
    assert header.fim_tokens == {}


def test_the_newer_name_of_a_fim_token_wins():
    both = {"tokenizer.ggml.prefix_token_id": 7, "tokenizer.ggml.fim_pre_token_id": 8}
    assert gguf.parse(tiny_gguf(both)).fim_tokens == {"prefix": 8}
    assert gguf.parse(tiny_gguf({"tokenizer.ggml.prefix_token_id": 7})).fim_tokens == {"prefix": 7}


def test_values_of_other_types_do_not_count():
    odd = {"general.architecture": 5, "general.name": ["a"], "tokenizer.ggml.fim_pre_token_id": "x"}
    header = gguf.parse(tiny_gguf(odd))
    assert header.architecture == header.name == ""
    assert header.fim_tokens == {}


def test_tensors_decide_how_long_the_file_must_be():
    assert gguf.parse(tiny_gguf(tensor_elements=1000)).needed_bytes == len(tiny_gguf(tensor_elements=1000))


def test_every_truncated_file_is_noticed(tmp_path):
    path = tmp_path / "model.gguf"
    whole = tiny_gguf(tensor_elements=1)
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(gguf.GgufError, match=r"^it is truncated"):
            gguf.read(path)


def test_a_whole_file_is_read(tmp_path):
    path = tmp_path / "model.gguf"
    path.write_bytes(tiny_gguf())
    assert gguf.read(path) == gguf.parse(tiny_gguf())


def test_a_header_longer_than_the_first_read(tmp_path, monkeypatch):
    path = tmp_path / "model.gguf"
    path.write_bytes(tiny_gguf())
    monkeypatch.setattr(gguf, "FIRST_READ_BYTES", 40)
    assert gguf.read(path).name == "Tiny Coder"


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"\x7fELF" + bytes(100), "it is not a GGUF file"),
        (b"GGML" + bytes(100), "it is not a GGUF file"),
        (b"GGUF" + struct.pack("<IQQ", 1, 0, 0), "its GGUF version 1 is not one of 2 and 3"),
        (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "its GGUF version 50331648 is not one of 2 and 3"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1 << 60), "its header is damaged: it claims"),
        (b"GGUF" + struct.pack("<IQQQcI", 3, 0, 1, 1, b"k", 99), "value type 99 does not exist"),
        (b"GGUF" + struct.pack("<IQQQI", 3, 1, 0, 0, 1 << 31), "a tensor with 2147483648 dimensions"),
        (tiny_gguf({"general.alignment": 0}), "impossible alignment"),
        (tiny_gguf({"general.alignment": "x"}), "impossible alignment"),
    ],
)
def test_damaged_headers(head, words):
    with pytest.raises(gguf.GgufError, match=words):
        gguf.parse(head)


@pytest.mark.parametrize("kind", [8, 0])
def test_a_list_that_claims_to_be_endless(kind):
    head = b"GGUF" + struct.pack("<IQQQcIIQ", 3, 0, 1, 1, b"k", 9, kind, (1 << 64) - 1)
    with pytest.raises(gguf.TruncatedHeader):
        gguf.parse(head + bytes(1000))


def test_lists_nested_without_end():
    head = b"GGUF" + struct.pack("<IQQQcI", 3, 0, 1, 1, b"k", 9) + struct.pack("<IQ", 9, 1) * 2000
    with pytest.raises(gguf.GgufError, match="nested too deeply"):
        gguf.parse(head)


def test_an_overlong_text_is_stepped_over():
    long = {"general.name": "x" * (gguf.MAX_TEXT_BYTES + 1), "general.license": "mit"}
    header = gguf.parse(tiny_gguf(long))
    assert header.name == ""
    assert header.licence == "mit"


@given(st.binary(max_size=400))
def test_garbage_is_an_error_and_nothing_else(garbage):
    for head in (garbage, b"GGUF" + garbage, b"GGUF\x03\0\0\0" + garbage):
        try:
            gguf.parse(head)
        except gguf.GgufError as error:
            assert "\n" not in str(error)  # noqa: PT017 - garbage may also happen to be a header


@given(st.integers(0, len(tiny_gguf()) - 1), st.integers(0, 255))
def test_one_wrong_byte_is_read_or_refused(at, value):
    damaged = bytearray(tiny_gguf())
    damaged[at] = value
    try:
        header = gguf.parse(bytes(damaged))
    except gguf.GgufError:
        return
    assert header.needed_bytes >= 0


metadata = st.dictionaries(
    st.text(max_size=20).filter(lambda key: key not in TINY_METADATA and key != "general.alignment"),
    st.text(max_size=20)
    | st.integers(0, 2**32 - 1)
    | st.booleans()
    | st.lists(st.text(max_size=5))
    | st.lists(st.integers(0, 2**32 - 1)),
    max_size=8,
)


@given(metadata, st.sampled_from([2, 3]))
def test_unknown_values_do_not_hide_known_ones(unknown, version):
    whole = tiny_gguf({**unknown, **TINY_METADATA}, version=version)
    header = gguf.parse(whole)
    assert header.name == "Tiny Coder"
    assert header.context_tokens == 4096
    assert header.needed_bytes == len(whole)
