"""What holds for every prompt, whatever the document, the family and the limits."""

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lsp_server.document.edits import Change, apply_changes
from lsp_server.document.lines import split_lines
from lsp_server.document.positions import Encoding
from lsp_server.prompt.families import FAMILIES
from lsp_server.prompt.fit import fit
from lsp_server.prompt.healing import heal
from lsp_server.prompt.layout import Limits, lay_out
from lsp_server.prompt.neutralise import encodable, neutralise
from lsp_server.prompt.tokens import Calibration, TokenEstimate, measure
from lsp_server.prompt.window import cut_window
from lsp_server.types import Cursor, Document, Position, PromptForm, Snippet

TOKENS = sorted({token for family in FAMILIES.values() for token in family.control_tokens})
PIECES = [
    *("a", "Foo", "_bar9", " ", "    ", "\t", "(", ")", "==", ".", "\n", "\r\n", "\r", "\x0c", "\u2028"),
    *("é", "漢", "😀", "\ud800", "\udc00", "return value\n", "x" * 40, "if a: b()\n" * 5),
    *("<|", "fim_", "|>", "+", "+++++ ", "[", "<"),
]


texts = st.lists(st.sampled_from(PIECES + TOKENS), max_size=60).map("".join)
long_texts = st.builds(lambda text, times: text * times, texts, st.integers(1, 60))
names = st.sampled_from(sorted(FAMILIES))


@st.composite
def places_in(draw, document):
    row = draw(st.integers(0, len(document.lines) - 1))
    column = draw(st.integers(0, len(document.lines[row].rstrip("\r\n"))))
    return Cursor(document, Position(row, column))


def cursors():
    documents = long_texts.map(lambda text: Document("file:///a.py", "/a.py", "python", 1, split_lines(text)))
    return documents.flatmap(places_in)


@st.composite
def families(draw):
    limits = Limits(
        context_tokens=draw(st.integers(512, 9000)),
        budget_tokens=draw(st.integers(400, 3000)),
        max_tokens=draw(st.integers(1, 300)),
        max_stops=draw(st.sampled_from([None, 1, 4])),
        forces_start=draw(st.booleans()),
        takes_parts=draw(st.booleans()),
        suffix_tokens=draw(st.sampled_from([None, 64, 256])),
    )
    family = FAMILIES[draw(names)]
    return family.for_backend(forces_start=limits.forces_start, takes_parts=limits.takes_parts), limits


snippets = st.lists(
    st.builds(Snippet, path=texts, text=texts, score=st.just(1.0), origin=st.just("")), max_size=3
)


def before(cursor):
    """The text before the cursor as a model may see it."""
    lines, at = cursor.document.lines, cursor.position
    return plain("".join((*lines[: at.line], lines[at.line][: at.column])))


def without_blanks(text):
    """What neutralising leaves as it is."""
    return text.replace(" ", "")


def plain(text):
    return encodable(text.replace("\r\n", "\n").replace("\r", "\n"))


@settings(max_examples=200, deadline=None)
@given(cursors(), families(), snippets, texts, st.floats(0.6, 2.0))
def test_every_prompt_is_sound(cursor, asked, others, path, factor):
    family, limits = asked
    calibration = Calibration(factor)
    prompt, _ = lay_out(
        cursor, family, limits=limits, snippets=others, calibration=calibration, relative_path=path
    )
    shown = prompt.prefix + prompt.forced
    assert prompt.tokens <= limits.prompt_tokens(TokenEstimate(calibration)) <= limits.budget_tokens
    assert limits.answer_tokens + limits.prompt_tokens(TokenEstimate(calibration)) <= limits.context_tokens
    assert without_blanks(before(cursor)).endswith(without_blanks(shown))
    if neutralise(before(cursor), family.control_tokens) == before(cursor):
        assert before(cursor).endswith(shown)
    assert prompt.current_line == shown.rpartition("\n")[2]
    assert "\r" not in prompt.text
    assert prompt.text.encode()
    assert prompt.text
    assert limits.max_stops is None or len(prompt.stop) <= limits.max_stops
    for part in (
        prompt.prefix,
        prompt.forced,
        prompt.suffix,
        prompt.path,
        *(s.text for s in prompt.snippets),
    ):
        assert not any(token in part for token in family.control_tokens)
    assert not prompt.forced or (family.form is PromptForm.RAW and limits.forces_start)
    alone = lay_out(cursor, family, limits=limits, calibration=calibration)[0]
    for token in family.control_tokens:
        if not token.startswith("\n"):
            assert alone.text.count(token) == family.layout.infill.count(token) + alone_files(alone, token)


def alone_files(prompt, token):
    """How often the family itself writes ``token`` around the file when no other file is shown."""
    shown = (
        prompt.prefix + prompt.forced + (prompt.suffix if "{suffix}" in prompt.template.layout.infill else "")
    )
    files = prompt.template.layout.files
    return files.current.count(token) if not shown.strip() or (files.always and prompt.path) else 0


@settings(max_examples=100, deadline=None)
@given(cursors(), st.text("ab (\n=1é", min_size=200, max_size=200), st.integers(300, 2000))
def test_the_window_hardly_moves_while_typing(cursor, typed, budget):
    # A line feed typed behind a lone carriage return joins it: the cursor would not be where it is counted.
    assume("\r" not in cursor.document.text.replace("\r\n", ""))
    estimate = TokenEstimate()
    document, row, column = cursor.document, cursor.position.line, cursor.position.column
    window = cut_window(cursor, budget, budget // 3, estimate, None)
    starts = 0
    for character in typed:
        change = Change((row, column), (row, column), character)
        document = apply_changes(document, [change], Encoding.UTF32, 2)
        row, column = (row + 1, 0) if character == "\n" else (row, column + 1)
        at = Cursor(document, Position(row, column))
        following = cut_window(at, budget, budget // 3, estimate, window.anchor)
        assert following.tokens <= budget + budget // 3
        starts += not following.prefix.startswith(window.prefix)
        window = following
    # Each jump leaves a quarter of the room, and 200 characters take 250 tokens at most.
    assert starts <= 1 + 300 * 4 // budget


@settings(max_examples=300, deadline=None)
@given(
    cursors(), st.data(), st.integers(0, 300), st.integers(0, 100), st.integers(0, 300), st.integers(0, 100)
)
def test_a_window_is_text_around_the_cursor_whatever_the_anchor(cursor, data, above, below, prefix, suffix):
    estimate = TokenEstimate()
    other = data.draw(st.one_of(cursors(), places_in(cursor.document)))
    anchor = cut_window(other, above, below, estimate, None).anchor
    window = cut_window(cursor, prefix, suffix, estimate, anchor)
    lines, at = cursor.document.lines, cursor.position
    assert "".join((*lines[: at.line], lines[at.line][: at.column])).endswith(window.prefix)
    assert "".join((lines[at.line][at.column :], *lines[at.line + 1 :])).startswith(window.suffix)
    assert window.tokens <= prefix + suffix
    again = cut_window(cursor, prefix, suffix, estimate, window.anchor)
    assert estimate.count(again.prefix + again.suffix) <= prefix + suffix + 5


@given(texts)
def test_healing_divides_the_prefix(prefix):
    kept, forced = heal(prefix)
    assert kept + forced == prefix
    assert len(forced) <= 97
    assert "\n" not in forced
    assert "\r" not in forced
    assert not kept or not forced or not (kept[-1].isalnum() and forced[0].isalnum())


@given(texts, names)
def test_neutralising_only_adds_blanks(text, name):
    tokens = FAMILIES[name].control_tokens
    result = neutralise(text, tokens)
    assert not any(token in f"\n{result}" for token in tokens)
    assert without_blanks(result) == without_blanks(text)
    assert neutralise(result, tokens) == result


@given(texts, texts)
def test_parts_weigh_as_much_as_the_whole(first, second):
    runs = 400 * ((first + second).count("x" * 12) + 1)
    assert measure(first) + measure(second) >= measure(first + second) - runs
    assert measure(first) <= measure(first + second) + 400


@given(texts, st.integers(0, 3000), st.booleans())
def test_what_fits_is_within_the_room(text, room, from_end):
    kept, weight = fit(text, room, from_end=from_end)
    piece = text[len(text) - kept :] if from_end else text[:kept]
    assert weight == measure(piece) <= room


@given(st.floats(0.6, 2.0), st.lists(st.integers(0, 10_000), max_size=20))
def test_a_calibration_stays_within_its_bounds(factor, reports):
    calibration = Calibration(factor)
    for actual in reports:
        calibration = calibration.observe(1000, actual)
        assert 0.6 <= calibration.factor <= 2.0
