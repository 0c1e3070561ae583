import errno
import json
import socket
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from lsp_server.backends.address import Endpoint, Hints
from lsp_server.backends.base import (
    AuthenticationFailed,
    BadRequest,
    BadResponse,
    FillUnsupported,
    ModelNotFound,
    PromptTooLong,
    RateLimited,
    StreamBroken,
    TimedOut,
    Unavailable,
    Unreachable,
)
from lsp_server.backends.decoders import DecodeError
from lsp_server.backends.exceptions import from_exception
from lsp_server.backends.failures import (
    DEFAULT_RETRY_AFTER_S,
    EXCERPT_CHARS,
    MAX_RETRY_AFTER_S,
    Report,
    excerpt,
    from_object,
    from_status,
    report_of,
    retry_after_s,
    secrets_of,
)

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
PLACE = Endpoint("mine", "http://127.0.0.1:8080", SecretStr("sk-abcdef"), Hints(missing_model="run: pull it"))


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, DEFAULT_RETRY_AFTER_S),
        ("0", 0),
        ("7", 7),
        ("2.5", 2.5),
        (" 3 ", 3),
        ("61", MAX_RETRY_AFTER_S),
        ("99999999", MAX_RETRY_AFTER_S),
        ("1e400", MAX_RETRY_AFTER_S),
        ("-1", DEFAULT_RETRY_AFTER_S),
        ("nan", DEFAULT_RETRY_AFTER_S),
        ("-inf", DEFAULT_RETRY_AFTER_S),
        ("", DEFAULT_RETRY_AFTER_S),
        ("soon", DEFAULT_RETRY_AFTER_S),
        ("Mon, 23 Nov 2026 12:00:30 GMT", 30),
        ("Mon, 23 Nov 2026 12:00:30 -0000", 30),
        ("Mon, 23 Nov 2026 11:59:00 GMT", 0),
        ("Tue, 24 Nov 2026 12:00:00 GMT", MAX_RETRY_AFTER_S),
        ("Mon, 99 Nov 2026 12:00:00 GMT", DEFAULT_RETRY_AFTER_S),
    ],
)
def test_retry_after(header, expected):
    assert retry_after_s(header, NOW) == expected


def test_a_clock_that_jumps_cannot_keep_us_away():
    date = "Mon, 23 Nov 2026 12:00:30 GMT"
    assert retry_after_s(date, NOW - timedelta(days=4000)) == MAX_RETRY_AFTER_S
    assert retry_after_s(date, NOW + timedelta(days=4000)) == 0


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", Report()),
        (b"<html>", Report()),
        (b"[]", Report()),
        (b"{}", Report()),
        (b'{"error": "model not found"}', Report("model not found")),
        (b'{"error": {"message": "bad", "type": "t", "code": 400}}', Report("bad", "t 400")),
        (b'{"error": {"code": 1}}', Report("", "1")),
        (b'{"error": 7}', Report()),
        (b'{"object": "error", "message": "bad", "type": "t", "code": "1500"}', Report("bad", "t 1500")),
        (b'{"message": "Unauthorized", "request_id": "x"}', Report("Unauthorized")),
        (b'{"detail": "nope"}', Report("nope")),
        (b'{"detail": {"message": "nope"}}', Report("nope")),
        (
            b'{"detail": [{"loc": ["body", "x"], "msg": "extra", "input": "SOURCE"}, {"msg": "two"}]}',
            Report("body.x: extra; two"),
        ),
        (b'{"message": {"detail": [{"loc": ["body"], "msg": "m"}]}}', Report("body: m")),
    ],
)
def test_what_error_bodies_say(body, expected):
    assert report_of(body) == expected


def test_an_excerpt_is_one_printable_line_without_secrets():
    words = "first\nsecond\x1b[31m\u202e sk-abcdef def add(a, b): end"
    shown = excerpt(words, ["sk-abcdef", "def add(a, b):", ""])
    assert shown == "first second [31m ... ... end"
    assert len(excerpt("x" * 1000)) == EXCERPT_CHARS + 3


def test_secrets_are_the_key_and_the_lines_of_the_request():
    body = {"model": "the-model", "prompt": "import os\n\n  x = 1 + 2\nab", "stop": ["<|stop|>"], "n": 1}
    found = set(secrets_of(PLACE, json.dumps(body).encode()))
    assert found == {"sk-abcdef", "import os", "x = 1 + 2", "<|stop|>"}
    assert list(secrets_of(PLACE, b"")) == ["sk-abcdef"]


@pytest.mark.parametrize(
    ("status", "words", "expected"),
    [
        (400, "bad", BadRequest),
        (401, "", AuthenticationFailed),
        (403, "", AuthenticationFailed),
        (402, "", RateLimited),
        (429, "", RateLimited),
        (404, "404 page not found", BadRequest),
        (404, 'model "x" not found, try pulling it first', ModelNotFound),
        (404, "model 'x' not found", ModelNotFound),
        (404, "The model `x` does not exist.", ModelNotFound),
        (400, "Invalid model: x", ModelNotFound),
        (400, "x does not support insert", FillUnsupported),
        (400, "Infill is not supported by this model", FillUnsupported),
        (400, "request (9412 tokens) exceeds the available context size (8192 tokens)", PromptTooLong),
        (400, "This model's maximum context length is 8192 tokens.", PromptTooLong),
        (400, "Prompt contains 9 tokens, too large for model with 8 maximum context length", PromptTooLong),
        (413, "", PromptTooLong),
        (408, "", TimedOut),
        (407, "", Unreachable),
        (422, "", BadRequest),
        (301, "", BadResponse),
        (304, "", BadResponse),
        (500, "", Unavailable),
        (503, "Loading model", Unavailable),
        (529, "", Unavailable),
        (599, "", Unavailable),
        (999, "", BadResponse),
    ],
)
def test_statuses(status, words, expected):
    error = from_status(PLACE, status, Report(words))
    assert type(error) is expected
    assert str(error).startswith("mine (http://127.0.0.1:8080): ")
    assert str(status) in str(error)


def test_the_hint_says_what_to_do():
    assert str(from_status(PLACE, 404, Report("model x not found"))).endswith("; run: pull it")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"error": "llama runner process has terminated"}, Unavailable),
        ({"error": {"code": 400, "message": "exceeds the available context size"}}, PromptTooLong),
        ({"error": {"code": 503, "message": "Loading model"}}, Unavailable),
        ({"error": {"code": 401, "message": "no"}}, AuthenticationFailed),
        ({"error": {"code": 7, "message": "odd"}}, Unavailable),
        ({"error": "server busy, please try again.  maximum pending requests exceeded"}, Unavailable),
        ({"error": 'model "x" not found, try pulling it first'}, ModelNotFound),
        ({"error": "x does not support insert"}, FillUnsupported),
        ({"object": "error", "message": "rate", "code": 429}, RateLimited),
        ({"error": True}, Unavailable),
    ],
)
def test_error_objects(body, expected):
    assert type(from_object(PLACE, body)) is expected


class TransportError(Exception):
    """As httpx names it."""


class ConnectError(TransportError):
    pass


class ProxyError(TransportError):
    pass


class UnsupportedProtocol(TransportError):
    pass


class RemoteProtocolError(TransportError):
    pass


class TimeoutException(TransportError):
    pass


def caused(error, cause):
    error.__cause__ = cause
    return error


CERTIFICATE = ssl.SSLCertVerificationError(1, "certificate verify failed")
CERTIFICATE.verify_message = "certificate has expired"


@pytest.mark.parametrize(
    ("error", "expected", "words"),
    [
        (ConnectError(""), Unreachable, "nothing answers there"),
        (
            caused(ConnectError(""), ConnectionRefusedError(errno.ECONNREFUSED, "")),
            Unreachable,
            "nothing answers",
        ),
        (caused(ConnectError(""), socket.gaierror(-2, "unknown")), Unreachable, "host name is not known"),
        (caused(ConnectError(""), CERTIFICATE), Unreachable, r"not accepted \(certificate has expired\)"),
        (caused(ConnectError(""), ssl.SSLError(1, "wrong version")), Unreachable, "no TLS there"),
        (caused(ConnectError(""), OSError(errno.EMFILE, "many")), Unreachable, "too many open files"),
        (
            caused(ConnectError(""), ExceptionGroup("x", [OSError(errno.ENFILE, "")])),
            Unreachable,
            "open files",
        ),
        (ProxyError("407"), Unreachable, "proxy refuses"),
        (UnsupportedProtocol("x"), Unreachable, "url cannot be used"),
        (RemoteProtocolError("illegal status line"), Unreachable, "does not speak HTTP"),
        (TimeoutException(""), TimedOut, "no connection in time"),
        (TimeoutError(), TimedOut, "no connection in time"),
        (OSError(errno.EMFILE, "many"), Unreachable, "too many open files"),
        (DecodeError("a line is too long"), BadResponse, "cannot be read: a line is too long"),
        (UnicodeDecodeError("utf-8", b"x", 0, 1, "bad"), BadResponse, "UnicodeDecodeError"),
        (ValueError("SOURCE TEXT"), BadResponse, "ValueError"),
    ],
)
def test_exceptions(error, expected, words):
    result = from_exception(PLACE, error, answered=False)
    assert type(result) is expected
    with pytest.raises(expected, match=words):
        raise result
    assert "SOURCE" not in str(result)


def test_a_connection_lost_in_an_answer_is_a_broken_stream():
    for error in (RemoteProtocolError(""), ConnectionResetError()):
        assert type(from_exception(PLACE, error, answered=True)) is StreamBroken


def test_our_own_errors_pass_unchanged():
    error = RateLimited("x", 3)
    assert from_exception(PLACE, error, answered=True) is error


def test_causes_in_a_circle_end():
    first, second = ConnectError(""), ConnectError("")
    first.__cause__, second.__cause__ = second, first
    assert type(from_exception(PLACE, first, answered=False)) is Unreachable
