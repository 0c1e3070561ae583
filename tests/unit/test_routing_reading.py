"""How fast a backend reads, and what that allows."""

import pytest

from lsp_server.prompt.families import FAMILIES
from lsp_server.routing.reading import LEAST, STEPS, ReadingSpeed


def speed(*observed):
    reading = ReadingSpeed()
    for unread, first_ms in observed:
        reading.observe(unread, first_ms)
    return reading


def test_nothing_is_known_before_a_long_new_prompt():
    reading = speed((LEAST - 1, 10.0), (5000, 0.0))
    assert reading.ms_for(1000) is None
    assert reading.suffix_tokens is None
    assert reading.is_quick(1000, otherwise=True)
    assert not reading.is_quick(1000, otherwise=False)


def test_two_cores_and_a_card():
    slow, quick = speed((4000, 4000.0)), speed((4000, 100.0))
    assert slow.ms_for(1000) == 1000.0
    assert not slow.is_quick(4000, otherwise=True)
    assert quick.is_quick(4000, otherwise=False)
    assert slow.suffix_tokens == STEPS[0]
    assert quick.suffix_tokens is None


@pytest.mark.parametrize(
    ("per_ms", "tokens"), [(0.1, 64), (2.0, 64), (4.0, 128), (8.0, 256), (11.9, 256), (12.0, None)]
)
def test_the_suffix_goes_in_steps(per_ms, tokens):
    assert speed((per_ms * 10_000, 10_000.0)).suffix_tokens == tokens


def test_a_busy_moment_does_not_change_it_all():
    reading = speed((4000, 400.0), (4000, 4000.0))
    assert reading.ms_for(4000) < 800


def test_which_families_read_the_suffix_again():
    reread = {
        name
        for name, f in FAMILIES.items()
        if f.for_backend(forces_start=True, takes_parts=False).rereads_suffix
    }
    assert "deepseek" in reread
    assert reread.isdisjoint({"codestral", "qwen", "mellum", "seed-coder", "chat"})
    assert FAMILIES["qwen"].for_backend(forces_start=False, takes_parts=False).rereads_suffix
    assert not FAMILIES["qwen"].for_backend(forces_start=False, takes_parts=True).rereads_suffix
