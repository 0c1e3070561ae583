import pytest

from lsp_server.lsp.framing import MAX_HEADER_BYTES, Framer, FramingError, frame

NEXT = frame(b'{"next":1}')
RECOVERED = b'{"next":1}'


def read(data, **options):
    """The bodies, and the reasons of errors in angle brackets, of a whole stream."""
    framer = Framer(**options)
    events = framer.feed(data) + framer.finish()
    return [f"<{event.reason}>" if isinstance(event, FramingError) else event for event in events]


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 2\r\n\r\n",
        b"content-length: 2\r\n\r\n",
        b"CONTENT-LENGTH:2\r\n\r\n",
        b"Content-Length : 2\r\n\r\n",
        b"Content-Length:\t2 \r\n\r\n",
        b"Content-Length: 2\n\n",
        b"Content-Length: 2\r\n\n",
        b"Content-Length: 0002\r\n\r\n",
        b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: 2\r\n\r\n",
        b"Content-Length: 2\r\nContent-Type: application/vscode-jsonrpc; charset=utf8\r\n\r\n",
        b"X-Unknown: anything: at all\r\nContent-Length: 2\r\nX-Empty:\r\n\r\n",
        b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n",
        b"\r\n\r\nContent-Length: 2\r\n\r\n",
        b"\n\nContent-Length: 2\r\n\r\n",
    ],
)
def test_spellings_of_headers_that_are_understood(headers):
    assert read(headers + b"{}" + NEXT) == [b"{}", RECOVERED]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"Content-Length: two\r\n\r\n{}", "a Content-Length is not a number of bytes"),
        (b"Content-Length: -2\r\n\r\n{}", "a Content-Length is not a number of bytes"),
        (b"Content-Length: +2\r\n\r\n{}", "a Content-Length is not a number of bytes"),
        (b"Content-Length: 2_0\r\n\r\n{}", "a Content-Length is not a number of bytes"),
        (b"Content-Length: 2.0\r\n\r\n{}", "a Content-Length is not a number of bytes"),
        (b"Content-Length:\r\n\r\n{}", "a Content-Length is not a number of bytes"),
        ("Content-Length: \u0662\r\n\r\n{}".encode(), "a Content-Length is not a number of bytes"),
        (b"Content-Length: " + b"9" * 21 + b"\r\n\r\n{}", "a Content-Length is not a number of bytes"),
        (b"Content-Length: 0\r\n\r\n", "a message is empty"),
        (b"Content-Length: 99999999999\r\n\r\n{}", "a message exceeds 67108864 bytes"),
        (
            b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
            "a block of headers has several different Content-Length values",
        ),
        (b"Content-Type: x\r\n\r\n{}", "a block of headers has no Content-Length"),
        (b"hello world\r\n", "a line among the headers is not a header"),
        (b"\xef\xbb\xbf", "a line among the headers is not a header"),
        (b"\x00\xff\r\n\r\n", "a line among the headers is not a header"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "a line among the headers is not a header"),
        (b": no name\r\n", "a line among the headers is not a header"),
        (b"X" * 9000, "a block of headers exceeds 8192 bytes"),
        (b"X-Many: 1\r\n" * 800, "a block of headers exceeds 8192 bytes"),
    ],
)
def test_what_is_no_message_is_named_and_the_next_message_is_read(data, reason):
    assert read(data + NEXT) == [f"<{reason}>", RECOVERED]


def test_a_length_too_short_costs_two_messages_and_no_more():
    assert read(b'Content-Length: 5\r\n\r\n{"a":123}' + NEXT) == [
        b'{"a":',
        "<a line among the headers is not a header>",
        RECOVERED,
    ]


def test_a_length_too_long_swallows_the_next_message_only():
    [cut, error, recovered] = read(b"Content-Length: 9\r\n\r\n{}" + NEXT + NEXT)
    assert cut == b"{}Content"
    assert error == "<a block of headers has no Content-Length>"
    assert recovered == RECOVERED


def test_text_that_speaks_of_headers_is_not_taken_for_some():
    """JSON escapes line ends, so a body that is skipped cannot look like the start of a message."""
    body = b'{"text":"Content-Length: 3\\r\\n\\r\\n{}"}'
    assert read(b"Content-Length: x\r\n\r\n" + body + NEXT)[1:] == [RECOVERED]


def test_a_message_of_exactly_the_greatest_size_is_read():
    assert read(frame(b"x" * 100), max_body_bytes=100) == [b"x" * 100]
    assert read(frame(b"x" * 101) + NEXT, max_body_bytes=100) == ["<a message exceeds 100 bytes>", RECOVERED]


def test_headers_of_exactly_the_greatest_size_are_read():
    length = b"Content-Length: 2\r\n"
    padding = b"X: " + b"y" * (MAX_HEADER_BYTES - len(length) - len(b"X: \r\n\r\n")) + b"\r\n"
    assert read(padding + length + b"\r\n{}") == [b"{}"]
    assert read(b"y" + padding + length + b"\r\n{}" + NEXT)[0] == "<a block of headers exceeds 8192 bytes>"


@pytest.mark.parametrize(
    ("data", "events"),
    [
        (b"", []),
        (b"\r\n", []),
        (frame(b"{}"), [b"{}"]),
        (b"Content-Len", ["<the stream ended inside a block of headers>"]),
        (b"Content-Length: 2\r\n", ["<the stream ended inside a block of headers>"]),
        (b"Content-Length: 2\r\n\r\n{", ["<the stream ended inside a message>"]),
    ],
)
def test_where_a_stream_ends(data, events):
    assert read(data) == events


def test_what_is_skipped_is_not_kept():
    framer = Framer()
    framer.feed(b"not a header\r\n")
    for _ in range(100):
        framer.feed(b"y" * 10_000)
    assert len(framer._buffer) < 100
