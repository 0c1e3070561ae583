import contextlib
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from lsp_server.lsp.framing import Framer, FramingError, frame
from lsp_server.lsp.messages import Call, ProtocolError, Reply, decode

MAX_BODY = 300
pieces = st.sampled_from(
    [
        b"Content-Length: ",
        b"content-length:2",
        b"Content-Length: 5\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: 400\r\n\r\n",
        b"Content-Type: x\r\n",
        b"\r\n",
        b"\n",
        b"\r",
        b"{}",
        b'{"jsonrpc":"2.0","id":1,"method":"x"}',
        b"0",
        b"-",
        b":",
        b"X: " + b"y" * 9000,
        b"X: 1\r\n" * 1400,
        frame(b"{}"),
        frame(b"[1, 2, 3]"),
    ]
)
streams = st.lists(st.one_of(pieces, st.binary(max_size=20)), max_size=12).map(b"".join)
bodies = st.lists(st.binary(min_size=1, max_size=MAX_BODY), max_size=8)


def read(*chunks):
    framer = Framer(max_body_bytes=MAX_BODY)
    events = [event for chunk in chunks for event in framer.feed(chunk)]
    return events + framer.finish()


def cut(data, places):
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


@given(streams)
def test_any_bytes_give_bodies_and_errors_and_nothing_else(data):
    for event in read(data):
        assert isinstance(event, FramingError) or 0 < len(event) <= MAX_BODY


@given(streams, st.lists(st.integers(min_value=0), max_size=6))
def test_how_a_stream_is_cut_does_not_matter(data, places):
    assert read(*cut(data, places)) == read(data)


@given(streams)
def test_a_stream_byte_by_byte_is_the_same_stream(data):
    assert read(*(data[i : i + 1] for i in range(len(data)))) == read(data)


@given(bodies)
def test_what_was_framed_comes_out(messages):
    assert read(b"".join(map(frame, messages))) == messages


@given(streams, bodies.filter(bool))
def test_a_damaged_stream_is_read_again_in_the_end(damage, messages):
    """At most as many messages are lost as a wrong length can swallow."""
    tail = [b'{"n":%d}' % n for n in range(60)]
    events = read(damage, *map(frame, messages), *map(frame, tail))
    assert events[-1] == tail[-1]


@given(st.one_of(st.binary(max_size=200), streams))
def test_any_body_is_a_message_or_a_protocol_error(body):
    with contextlib.suppress(ProtocolError):
        assert isinstance(decode(body), Call | Reply)
