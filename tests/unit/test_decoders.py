import pytest

from lsp_server.backends.decoders import (
    MAX_EVENT_BYTES,
    MAX_LINE_BYTES,
    MAX_LINES,
    DecodeError,
    NdjsonDecoder,
    SseDecoder,
    SseEvent,
    json_object,
    well_formed,
)


def sse(*pieces):
    decoder = SseDecoder()
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return events + decoder.finish()


def ndjson(*pieces):
    decoder = NdjsonDecoder()
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return events + decoder.finish()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"data: a\n\n", [SseEvent("a")]),
        (b"data:a\n\n", [SseEvent("a")]),
        (b"data:  a\n\n", [SseEvent(" a")]),
        (b"data\n\n", [SseEvent("")]),
        (b"data: a\r\n\r\ndata: b\r\n\r\n", [SseEvent("a"), SseEvent("b")]),
        (b"data: a\ndata: b\n\n", [SseEvent("a\nb")]),
        (b": comment\ndata: a\n: more\n\n", [SseEvent("a")]),
        (b"event: error\ndata: a\n\n", [SseEvent("a", "error")]),
        (b"event: x\n\ndata: a\n\n", [SseEvent("a")]),
        (b"error: {}\n\n", [SseEvent("{}", "error")]),
        (b"id: 1\nretry: 5\nother: x\ndata: a\n\n", [SseEvent("a")]),
        (b"\xef\xbb\xbfdata: a\n\n", [SseEvent("a")]),
        (b"data: a\n\n\xef\xbb\xbfdata: b\n\n", [SseEvent("a")]),
        (b"data: a", [SseEvent("a")]),
        (b"data: a\n", [SseEvent("a")]),
        (b"data: a\xffb\n\n", [SseEvent("a\ufffdb")]),
        (b"data: a\rb\n\n", [SseEvent("a\rb")]),
    ],
)
def test_server_sent_events(data, expected):
    assert sse(data) == expected


@pytest.mark.parametrize("separator", ["\u0085", "\u2028", "\u2029", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e"])
def test_only_line_feeds_end_lines(separator):
    assert sse(f"data: a{separator}b\n\n".encode()) == [SseEvent(f"a{separator}b")]
    text = f'{{"a": "{separator}"}}\n' if ord(separator) >= 0x85 else '{"a": 1}\n'
    assert len(ndjson(text.encode())) == 1


def test_a_character_cut_between_two_pieces():
    face = "😀".encode()
    assert sse(b"data: " + face[:2], face[2:] + b"\n\n") == [SseEvent("😀")]
    assert ndjson(b'{"a": "' + face[:3], face[3:] + b'"}\n') == [{"a": "😀"}]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b'{"a": 1}\n{"b": 2}\n', [{"a": 1}, {"b": 2}]),
        (b'{"a": 1}\r\n\r\n  \n{"b": 2}', [{"a": 1}, {"b": 2}]),
        (b'\xef\xbb\xbf{"a": 1}\n', [{"a": 1}]),
        (b'{"a": "\xff"}\n', [{"a": "\ufffd"}]),
    ],
)
def test_lines_of_json(data, expected):
    assert ndjson(data) == expected


@pytest.mark.parametrize(
    "data",
    [b"oops\n", b'{"a": 1\n', b"[1]\n", b"1\n", b"null\n", b'{"a": NaN}\n', b"[" * 100_000 + b"\n", b'{"a'],
)
def test_lines_that_are_no_objects(data):
    with pytest.raises(DecodeError):
        ndjson(data)


def test_events_before_a_fault_are_given_first_and_the_fault_stays():
    decoder = NdjsonDecoder()
    assert decoder.feed(b'{"a": 1}\noops\n{"b": 2}\n') == [{"a": 1}]
    for attempt in (lambda: decoder.feed(b'{"c": 3}\n'), decoder.finish):
        with pytest.raises(DecodeError, match="not JSON"):
            attempt()


@pytest.mark.parametrize("ended", [b"", b"\n"])
def test_a_line_has_a_limit(ended):
    assert sse(b"data: " + b"x" * (MAX_LINE_BYTES - 6) + ended)
    with pytest.raises(DecodeError, match="longer"):
        sse(b"data: " + b"x" * (MAX_LINE_BYTES - 5) + ended)


def test_an_event_has_a_limit():
    line = b"data: " + b"x" * (MAX_EVENT_BYTES // 4) + b"\n"
    assert sse(line * 4 + b"\n")
    with pytest.raises(DecodeError, match="longer"):
        sse(line * 5 + b"\n")


def test_lines_are_counted():
    assert sse(b"\n" * MAX_LINES) == []
    with pytest.raises(DecodeError, match="lines"):
        sse(b"\n" * (MAX_LINES + 1))


def test_a_long_line_in_small_pieces_takes_linear_time():
    decoder = SseDecoder()
    for _ in range(4000):
        assert decoder.feed(b"x" * 250) == []


@pytest.mark.parametrize("text", ["", "[]", '"a"', "{", "{'a': 1}", '{"a": Infinity}', '{"a": 1}{'])
def test_json_object_refuses(text):
    with pytest.raises(DecodeError):
        json_object(text)


def test_a_message_holds_nothing_of_the_bytes():
    with pytest.raises(DecodeError) as caught:
        json_object("secret = 1")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("abc", "abc"),
        ("ünïcödé 😀", "ünïcödé 😀"),
        ("\ud83d\ude00", "😀"),
        ("a\ud83db", "a\ufffdb"),
        ("a\ude00", "a\ufffd"),
        ("\ud83d\ud83d\ude00", "\ufffd😀"),
    ],
)
def test_well_formed(text, expected):
    assert well_formed(text) == expected
