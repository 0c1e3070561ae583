"""Where a prompt is cut so that the model begins at a token boundary."""

import pytest

from lsp_server.prompt.healing import heal


@pytest.mark.parametrize(
    ("prefix", "forced"),
    [
        ("", ""),
        ("x = 1\n", ""),
        ("im", "im"),
        ("for x in iter", " iter"),
        ("return ", " "),
        ("def f():\n    ", "    "),
        ("def f():\n\t\tret", "\t\tret"),
        ("items.", "."),
        ("items.app", ".app"),
        ("foo(", "("),
        ("foo(bar", "(bar"),
        ("foo((bar", "bar"),
        ("a ==", " =="),
        ("a == ", " "),
        ("snake_case_na", "snake_case_na"),
        ("x = 'größ", " 'größ"),
        ("f(a, 'b", " 'b"),
        ("x.y['key", "key"),
        ("x\n\n", ""),
        ("end\r", ""),
        ("a\x0c", ""),
        ("x" * 32, "x" * 32),
        ("x" * 33, ""),
        ("y " + "x" * 33, ""),
        ("\n" + " " * 64, " " * 64),
        ("\n" + " " * 65, ""),
        ("a" + "=" * 10, "==="),
        ("変数", "変数"),
    ],
)
def test_the_last_piece_is_forced(prefix, forced):
    assert heal(prefix) == (prefix[: len(prefix) - len(forced)], forced)
