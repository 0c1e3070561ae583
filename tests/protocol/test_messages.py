import json

import pytest

from lsp_server.lsp.messages import Call, ErrorCode, ProtocolError, Reply, decode, encode, failure, success

PARSE, INVALID = ErrorCode.PARSE_ERROR, ErrorCode.INVALID_REQUEST


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"jsonrpc":"2.0","method":"m"}', Call("m", None)),
        ('{"jsonrpc":"2.0","method":"m","params":{"a":1}}', Call("m", {"a": 1})),
        ('{"jsonrpc":"2.0","method":"m","id":7}', Call("m", None, 7)),
        ('{"jsonrpc":"2.0","method":"m","id":"7"}', Call("m", None, "7")),
        ('{"jsonrpc":"2.0","method":"m","id":0}', Call("m", None, 0)),
        ('{"jsonrpc":"2.0","method":"m","id":7.0}', Call("m", None, 7)),
        ('{"jsonrpc":"2.0","id":7,"result":null}', Reply(7)),
        (
            '{"jsonrpc":"2.0","id":7,"error":{"code":1,"message":"no"}}',
            Reply(7, None, {"code": 1, "message": "no"}),
        ),
        ('{"jsonrpc":"2.0","method":"first","method":"last"}', Call("last", None)),
        ('\ufeff{"jsonrpc":"2.0","method":"m"}', Call("m", None)),
        ('{"jsonrpc":"2.0","method":"m","params":"\\ud800"}', Call("m", "\ud800")),
        ('{"jsonrpc":"2.0","method":"m","params":1e999}', Call("m", float("inf"))),
    ],
)
def test_messages(text, message):
    assert decode(text.encode()) == message


@pytest.mark.parametrize(
    ("body", "code", "id_"),
    [
        (b"", PARSE, None),
        (b"{", PARSE, None),
        (b'{"jsonrpc":"2.0"} {}', PARSE, None),
        (b'{"a":\xff}', PARSE, None),
        (b'{"jsonrpc":"2.0","method":"m","id":1,"params":NaN}', PARSE, None),
        (b'{"jsonrpc":"2.0","method":"m","id":1,"params":-Infinity}', PARSE, None),
        (b"[" * 100_000 + b"]" * 100_000, PARSE, None),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, PARSE, None),
        (b"1" * 5000, PARSE, None),
        ("{}".encode("utf-16"), PARSE, None),
        (b"null", INVALID, None),
        (b"17", INVALID, None),
        (b'"text"', INVALID, None),
        (b'[{"jsonrpc":"2.0","method":"m","id":1}]', INVALID, None),
        (b"{}", INVALID, None),
        (b'{"method":"m","id":1}', INVALID, 1),
        (b'{"jsonrpc":"1.0","method":"m","id":1}', INVALID, 1),
        (b'{"jsonrpc":"2.0","id":1}', INVALID, 1),
        (b'{"jsonrpc":"2.0","id":1,"method":null}', INVALID, 1),
        (b'{"jsonrpc":"2.0","id":1,"method":["m"]}', INVALID, 1),
        (b'{"jsonrpc":"2.0","id":null,"method":"m"}', INVALID, None),
        (b'{"jsonrpc":"2.0","id":true,"method":"m"}', INVALID, None),
        (b'{"jsonrpc":"2.0","id":1.5,"method":"m"}', INVALID, None),
        (b'{"jsonrpc":"2.0","id":1e999,"method":"m"}', INVALID, None),
        (b'{"jsonrpc":"2.0","id":{"a":1},"method":"m"}', INVALID, None),
        (b'{"jsonrpc":"2.0","id":[1],"result":1}', INVALID, None),
    ],
)
def test_what_is_no_message_has_a_code_and_the_id_where_there_is_one(body, code, id_):
    with pytest.raises(ProtocolError) as caught:
        decode(body)
    assert (caught.value.code, caught.value.id) == (code, id_)


def test_an_error_does_not_quote_the_message():
    with pytest.raises(ProtocolError) as caught:
        decode(b'{"secret": canary}')
    assert "canary" not in f"{caught.value!r}{caught.value.__cause__!r}"


def test_answers():
    assert json.loads(encode(success(1, None))) == {"jsonrpc": "2.0", "id": 1, "result": None}
    assert json.loads(encode(failure(None, PARSE, "no"))) == {
        "jsonrpc": "2.0",
        "id": None,
        "error": {"code": -32700, "message": "no"},
    }


def test_an_answer_with_half_a_surrogate_pair_can_be_sent():
    assert json.loads(encode(success(1, "\ud83d"))) == {"jsonrpc": "2.0", "id": 1, "result": "\ud83d"}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object()])
def test_what_json_does_not_know_is_not_sent(value):
    with pytest.raises((TypeError, ValueError)):
        encode(success(1, value))
