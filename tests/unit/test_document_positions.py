"""Columns in every encoding."""

import pytest
from lsprotocol.types import PositionEncodingKind

from lsp_server.document import positions
from lsp_server.document.positions import Encoding, carry_over, choose_encoding, to_column, to_units

U8, U16, U32 = Encoding.UTF8, Encoding.UTF16, Encoding.UTF32


@pytest.mark.parametrize(
    ("line", "encoding", "units", "column"),
    [
        ("abc\n", U16, 2, 2),
        ("abc\r\n", U16, 99, 3),
        ("abc\r", U8, 4, 3),
        ("abc", U32, 2**31 - 1, 3),
        ("abc", U16, -1, 0),
        ("", U16, 5, 0),
        ("é1\n", U8, 2, 1),
        ("é1\n", U16, 1, 1),
        ("漢字", U8, 3, 1),
        ("😀x\n", U8, 4, 1),
        ("😀x\n", U16, 2, 1),
        ("😀x\n", U16, 3, 2),
        ("😀x\n", U32, 1, 1),
        ("a😀", U16, 99, 2),
        ("\ud83dx", U16, 1, 1),
        ("x\ude00y", U16, 2, 2),
    ],
)
def test_units_become_code_points(line, encoding, units, column):
    assert to_column(line, units, encoding) == column


@pytest.mark.parametrize(
    ("line", "encoding", "units"),
    [("a😀b", U16, 2), ("a😀b", U8, 2), ("a😀b", U8, 4), ("aéb", U8, 2), ("a漢b", U8, 3)],
)
def test_a_place_inside_a_character_is_its_start(line, encoding, units):
    assert to_column(line, units, encoding) == 1


@pytest.mark.parametrize("encoding", list(Encoding))
def test_columns_and_units_lead_back_to_each_other(encoding):
    line = "x = 'é漢😀\u2028\x85' # ñ\r\n"
    for column in range(len(line) - 1):
        assert to_column(line, to_units(line, column, encoding), encoding) == column
    assert to_units(line, 99, encoding) == to_units(line, len(line) - 2, encoding)
    assert to_units(line, -1, encoding) == 0


@pytest.mark.parametrize("character", ["é", "漢", "😀"])
@pytest.mark.parametrize("encoding", list(Encoding))
def test_long_lines_give_what_short_ones_do(encoding, character):
    pattern = f"abc{character}de"
    line = pattern * 5000 + "\n"
    width = to_units(pattern, 6, encoding)
    for repeat in (0, 1, 682, 683, 2500, 4999):
        for column in range(6):
            units = repeat * width + to_units(pattern, column, encoding)
            assert to_column(line, units, encoding) == repeat * 6 + column
            assert to_units(line, repeat * 6 + column, encoding) == units
    assert to_column(line, 10**9, encoding) == 30_000
    assert to_units(line, 10**9, encoding) == 5000 * width


def test_a_table_that_ends_inside_the_terminator_does_not_reach_behind_the_text():
    line = "é" * (3 * positions.CHUNK - 1) + "\r\n"
    assert to_column(line, 10**9, U16) == 3 * positions.CHUNK - 1
    assert to_units(line, 10**9, U16) == 3 * positions.CHUNK - 1


def test_a_table_is_built_once_and_carried_over(monkeypatch):
    measured = []
    count = positions.count_units
    monkeypatch.setattr(
        positions, "count_units", lambda text, e: measured.append(len(text)) or count(text, e)
    )
    old = "ab😀" * 10_000
    to_column(old, 20_000, U16)
    assert sum(measured) > len(old) // 2
    new = old[:15_000] + "x😀é" + old[15_001:]
    measured.clear()
    carry_over(old, new, 15_000, 15_001, U16)
    assert to_column(new, 39_000, U16) == len(count_back(new, 39_000))
    assert sum(measured) < 2 * positions.CHUNK


def count_back(line, units):
    """The start of ``line`` that takes ``units`` UTF-16 units."""
    return line.encode("utf-16-le")[: 2 * units].decode("utf-16-le", "ignore")


def test_an_edit_of_an_unknown_line_keeps_nothing(monkeypatch):
    monkeypatch.setattr(positions, "_tables", [])
    carry_over("é" * 9000, "é" * 9001, 0, 0, U16)
    assert positions._tables == []


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (None, U16),
        ([], U16),
        (["utf-8", "utf-16"], U8),
        (["utf-32", "utf-8"], U32),
        (["utf-7", "utf-16"], U16),
        (["latin-1"], U16),
        ([PositionEncodingKind.Utf32, PositionEncodingKind.Utf8], U32),
    ],
)
def test_the_client_s_order_decides_the_encoding(offered, chosen):
    assert choose_encoding(offered) is chosen
