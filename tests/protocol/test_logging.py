import io
import logging

import pytest

from lsp_server.lsp.logging_setup import Formatter, describe, redact, report_loop_problem, silence_carriers


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("the key sk-abcdefgh12345678 is wrong", "sk-abcdefgh12345678"),
        ("hf_abcdefghijkl and ghp_abcdefghijkl1234", "abcdefghijkl"),
        ("Authorization: Bearer abc.def-ghi", "abc.def-ghi"),
        ("bearer c2VjcmV0", "c2VjcmV0"),
        ("{'api_key': 'very secret'}", "very secret"),
        ('{"apiKey":"very secret","x":1}', "very secret"),
        ("MISTRAL_API_KEY=abcdef123", "abcdef123"),
        ("session_token: abcdef123, next", "abcdef123"),
        ("password = hunter2", "hunter2"),
        ("http://user:hunter2@localhost:1/", "hunter2"),
    ],
)
def test_what_looks_like_a_key_is_hidden(text, hidden):
    assert hidden not in redact(text)
    assert "[hidden]" in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "budget_tokens 2048",
        "the keyboard",
        "http://127.0.0.1:11434/api/generate",
        "3 tokens of 5",
        "task-force one",
        "keys are kept in the keyring",
    ],
)
def test_ordinary_lines_are_left_alone(text):
    assert redact(text) == text


def test_long_lines_do_not_take_long():
    redact("key" * 20_000)
    redact("a-" * 20_000 + "token")
    redact("://" + "a" * 50_000)


def raised(text):
    def choke():
        raise ValueError(text)

    try:
        choke()
    except ValueError as error:
        return error


def formatted(log):
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Formatter("%(message)s"))
    logger = logging.getLogger("test_logging")
    logger.propagate = False
    logger.addHandler(handler)
    try:
        log(logger)
    finally:
        logger.removeHandler(handler)
    return stream.getvalue()


def test_an_exception_is_logged_with_its_places_and_without_its_text():
    error = raised("canary")
    written = formatted(lambda logger: logger.error("it failed", exc_info=error))
    assert "canary" not in written
    assert written.startswith("it failed\nValueError at test_logging.py:")


def test_keys_are_hidden_wherever_they_stand_in_a_record():
    assert "sk-canary123" not in formatted(lambda logger: logger.error("with %s", {"x": "sk-canary123"}))


def test_describing_an_exception_that_was_never_raised():
    assert describe(KeyError("canary")) == "KeyError"


def test_asyncios_reports_are_logged_without_their_values(caplog):
    context = {"message": "canary", "exception": raised("canary"), "task": "canary"}
    report_loop_problem(None, context)
    report_loop_problem(None, {"message": "canary"})
    assert len(caplog.records) == 2
    assert "canary" not in caplog.text


def test_packages_that_log_messages_are_silent():
    silence_carriers()
    for name in ("pygls", "pygls.protocol.json_rpc", "websockets.server", "asyncio"):
        assert not logging.getLogger(name).isEnabledFor(logging.CRITICAL)
