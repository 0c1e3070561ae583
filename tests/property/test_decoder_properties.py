"""However bytes are cut, the same events come out; whatever they are, only ``DecodeError`` is raised."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.backends.decoders import DecodeError, NdjsonDecoder, SseDecoder, SseEvent, well_formed

# Pieces of both formats, so that garbage is near enough to the real thing to get deep into the decoders.
WORDS = [
    b"data: ",
    b"data",
    b":",
    b"event: error",
    b"error: ",
    b'{"a": 1}',
    b"{",
    b"[[[",
    b'"',
    b"[DONE]",
    b" ",
]
MARKS = [b"\n", b"\r\n", b"\r", b"\n\n", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xc2\x85", "😀\u2028".encode()]
FRAGMENTS = st.sampled_from(WORDS + MARKS)
GARBAGE = st.lists(FRAGMENTS | st.binary(max_size=6), max_size=30).map(b"".join)
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
DECODERS = pytest.mark.parametrize("decoder", [SseDecoder, NdjsonDecoder])


def run(make, pieces):
    """The events, and whether they ended in an error."""
    decoder = make()
    events = []
    try:
        for piece in pieces:
            events += decoder.feed(piece)
        events += decoder.finish()
        events += decoder.finish()
    except DecodeError:
        return events, True
    return events, False


def cut(data, places):
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


@DECODERS
@given(data=GARBAGE, places=st.lists(st.integers(min_value=0), max_size=8))
def test_cutting_changes_nothing(decoder, data, places):
    whole = run(decoder, [data])
    assert run(decoder, cut(data, places)) == whole
    assert run(decoder, [bytes([byte]) for byte in data]) == whole


@DECODERS
@given(data=st.binary(max_size=200))
def test_any_bytes_give_events_or_a_decode_error(decoder, data):
    run(decoder, [data])


@given(
    st.lists(st.dictionaries(TEXT, TEXT | st.integers() | st.none(), max_size=3), max_size=5), st.booleans()
)
def test_lines_of_json_come_back(objects, ascii_only):
    data = "".join(json.dumps(item, ensure_ascii=ascii_only) + "\n" for item in objects).encode()
    assert run(NdjsonDecoder, [data]) == (objects, False)


@given(st.lists(TEXT.map(lambda text: text.replace("\n", "").replace("\r", "")), max_size=5))
def test_server_sent_events_come_back(texts):
    data = "".join(f"data: {text}\n\n" for text in texts).encode()
    events, failed = run(SseDecoder, [data])
    assert not failed
    assert [event.data for event in events] == texts
    assert all(isinstance(event, SseEvent) for event in events)


@given(st.text())
def test_well_formed_text_can_be_encoded_and_is_left_alone(text):
    result = well_formed(text)
    result.encode()
    assert well_formed(result) == result
    if not any("\ud800" <= character <= "\udfff" for character in text):
        assert result == text
