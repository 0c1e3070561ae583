"""What holds for every suggestion: it fits between what stands around it."""

from functools import cache
from itertools import accumulate
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tree_sitter import Parser

from lsp_server.document.insert import after_inserting
from lsp_server.document.lines import split_lines
from lsp_server.grammars import grammar
from lsp_server.shaping.draft import Draft
from lsp_server.shaping.filters import shape
from lsp_server.shaping.lines import only_closers
from lsp_server.shaping.mode import Mode
from lsp_server.shaping.overlap import covered
from lsp_server.shaping.site import Site
from lsp_server.shaping.stop import find_stop
from lsp_server.testing.fake_backends.script import cut_pieces
from lsp_server.types import Cursor, Document, Finish, Gate, Position

PROJECT = Path(__file__).parents[2]
SOURCES = {
    "python": sorted(PROJECT.glob("lsp_server/**/*.py")),
    "typescript": [PROJECT / "benchmarks/replay/files/scheduler.ts"],
    "go": [PROJECT / "benchmarks/replay/files/limiter.go"],
    "rust": [PROJECT / "benchmarks/replay/files/ledger.rs"],
    "c": [PROJECT / "benchmarks/replay/files/ring.c"],
}
MAX_LINES = 16


@cache
def text_of(path):
    return path.read_text(encoding="utf-8")


def cursor_in(before, after, language):
    above = split_lines(before)
    document = Document("file:///a", "/a", language, 1, split_lines(before + after))
    return Cursor(document, Position(len(above) - 1, len(above[-1])))


def shown(cursor, draft_text, finish=Finish.STOP):
    """What is shown of a stream, or None."""
    site, draft = Site.of(cursor), None
    for text in accumulate(cut_pieces(draft_text)):
        draft = Draft(text, site, MAX_LINES, previous=draft)
        stop = find_stop(draft)
        if stop is not None:
            assert 0 <= stop.end <= len(text)
            draft_text, finish = text[: stop.end], Finish.STOP
            break
    found = shape(draft_text, cursor, finish, site)
    return None if isinstance(found, Gate) else found


def applied(cursor, text):
    """The text of the document with ``text`` accepted."""
    replaced = covered(text, cursor.after)
    line, column = cursor.position.line, cursor.position.column
    lines = list(cursor.document.lines)
    lines[line] = lines[line][:column] + lines[line][column + replaced :]
    document = Document("file:///a", "/a", cursor.document.language, 2, tuple(lines))
    return after_inserting(Cursor(document, cursor.position), text).document


def errors(text, language):
    tree = Parser(grammar(language)).parse(text.encode())
    nodes, count = [tree.root_node], 0
    while nodes:
        node = nodes.pop()
        count += node.is_error or node.is_missing
        nodes.extend(node.children if node.has_error else ())
    return count


@st.composite
def holes(draw, whole_lines=False, longest=300):
    """(text before, the truth, text behind, language): a piece cut out of a real file."""
    language = draw(st.sampled_from(sorted(SOURCES)))
    text = text_of(draw(st.sampled_from(SOURCES[language])))
    start = draw(st.integers(0, len(text) - 1))
    end = draw(st.integers(start + 1, min(len(text), start + longest)))
    if whole_lines:
        start = text.rfind("\n", 0, start) + 1
        end = text.find("\n", end)
        end = len(text) if end < 0 else end
    return text[:start], text[start:end], text[end:], language


@given(holes(), st.integers(0, 200))
@settings(max_examples=300)
def test_what_stands_behind_the_cursor_is_not_said_twice(hole, further):
    before, truth, after, language = hole
    cursor = cursor_in(before, after, language)
    text = shown(cursor, truth + after[:further])
    below = next((line.strip() for line in after.partition("\n")[2].split("\n") if line.strip()), "")
    if len(below) <= 2 or only_closers(below):
        return
    said = [line.strip() for line in (text or "").split("\n")[1:]]
    assert below not in said or below in [line.strip() for line in truth.split("\n")]


@given(holes(), st.text(st.sampled_from("ab1 \n\t()[]{}:;,.\"'#=\r"), max_size=80))
@settings(max_examples=500)
def test_nothing_that_was_typed_is_lost(hole, output):
    before, _, after, language = hole
    cursor = cursor_in(before, after, language)
    text = shown(cursor, output)
    if text is None:
        return
    assert text.strip()
    assert "\r" not in text
    replaced = covered(text, cursor.after)
    assert applied(cursor, text).text == before + text + after[replaced:]
    left = iter(text)
    assert all(character in left for character in cursor.after[:replaced])


@given(holes(whole_lines=True))
@settings(max_examples=100)
def test_the_line_endings_stay_as_they_are(hole):
    before, truth, after, language = (part.replace("\n", "\r\n") for part in hole)
    cursor = cursor_in(before, after, language)
    text = shown(cursor, truth)
    if text is None:
        return
    assert applied(cursor, text).text.replace("\r\n", "").count("\n") == 0


@given(holes(whole_lines=True, longest=40))
@settings(max_examples=300)
def test_a_right_draft_makes_no_syntax_error(hole):
    before, truth, after, language = hole
    cursor = cursor_in(before, after, language)
    text = shown(cursor, truth)
    if text is None or errors(before + truth + after, language):
        return
    # Of a draft that is cut the rest of the hole is missing, which the parser may count as one error more.
    cut = text.strip() != truth.strip()
    assert errors(applied(cursor, text).text, language) <= errors(before + after, language) + cut


@given(holes(), st.text(st.sampled_from("ab1 \n\t()[]{}:;,.\"'#=`-"), max_size=120), st.sampled_from(Mode))
@settings(max_examples=500)
def test_a_stream_ends_where_it_would_if_it_were_read_at_once(hole, output, mode):
    before, _, after, language = hole
    site = Site.of(cursor_in(before, after, language), mode)
    draft = None
    for text in accumulate(output):
        draft = Draft(text, site, MAX_LINES, previous=draft)
        assert draft.lines == Draft(text, site, MAX_LINES).lines
        stop = find_stop(draft)
        assert stop is None or 0 <= stop.end <= len(text)


@given(holes(), st.integers(1, 100))
@settings(max_examples=200)
def test_what_a_limit_cut_off_ends_with_a_whole_line(hole, length):
    before, truth, after, language = hole
    cursor = cursor_in(before, after, language)
    cut = truth[:length]
    text = shown(cursor, cut, Finish.LENGTH)
    if text is not None and "\n" in text:
        assert len(text) <= len(cut)
        assert text.rstrip() == "\n".join(cut.split("\n")[: text.count("\n") + 1]).rstrip()
