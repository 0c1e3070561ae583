"""Answers: what is taken out of them, and what is refused in a sentence."""

import pytest

from lsp_server.actions.answer import Unusable, complete, lines_of, read_exchanges, read_piece
from lsp_server.actions.blocks import Block, Exchange, fenced
from lsp_server.actions.commits import message_of
from lsp_server.actions.labels import agrees
from lsp_server.actions.model import SOURCE, Offer, Page, Plan, Refused, Result, Span
from lsp_server.actions.pages import page_text
from lsp_server.actions.plan import plan
from lsp_server.actions.strange import elision, strange
from lsp_server.document.lines import split_lines
from lsp_server.types import Document, Finish, Position


def piece(answer: str, language: str = "python") -> list[str]:
    return list(read_piece(complete(answer, Finish.STOP), language).lines)


def refusal(answer: str, language: str = "python", finish: Finish = Finish.STOP) -> str:
    with pytest.raises(Unusable) as found:
        read_piece(complete(answer, finish), language)
    return str(found.value)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("```python\na = 1\n```", ["a = 1"]),
        ("~~~\na = 1\n~~~", ["a = 1"]),
        ("```` py\na = 1\n```\nb\n```\n````", ["a = 1", "```", "b", "```"]),
        ("~~~python\n```\na\n```\n~~~", ["```", "a", "```"]),
        ("Sure!\n\n```python\n\na = 1\n\n\n```\nThat is it.", ["a = 1"]),
        ("1. So:\n\n   ```python\n   if a:\n       b\n   ```", ["if a:", "    b"]),
        ("```python\r\na = 1\r\nb = 2\r\n```\r\n", ["a = 1", "b = 2"]),
        ("```{.python}\na = 1\n```", ["a = 1"]),
        ("```python title=x\na = 1\n```", ["a = 1"]),
        ("Use `a` and ```b``` here:\n```\na\n```", ["a"]),
        ("```python\na = 1\n```\nRun it:\n```sh\npython a.py\n```", ["a = 1"]),
        ("a = 1", ["a = 1"]),
    ],
)
def test_the_one_block_is_taken(answer, expected):
    assert piece(answer) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("```python\na = 1\n```\n```python\nb = 2\n```", "more than one code block"),
        ("```\na = 1\n```\n```python\nb = 2\n```", "more than one code block"),
        ("```python\na = 1\n", "broke off within its code block"),
        ("````python\na = 1\n```\n", "broke off within its code block"),
        ("```python\n\n```", "is empty"),
        ("  \n ", "is empty"),
        ("```js\na = 1\n```", "is in js, not in python"),
        ("```diff\n+a = 1\n```", "is in diff, not in python"),
        ("<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE", "search and replace blocks"),
    ],
)
def test_other_answers_are_refused_with_the_reason(answer, expected):
    assert expected in refusal(answer)


def test_an_answer_that_broke_off_is_refused_even_if_its_block_is_closed():
    said = refusal("```python\na = 1\n```\nIt", finish=Finish.LENGTH)
    assert said == "the answer broke off at its length limit: select less and try again"


def test_prose_and_blocks_are_told_apart():
    found = fenced(["x", "```a b", "c", "```", "y", "~~~", "d"])
    assert found.prose == ("x", "y")
    assert found.blocks == (Block("a", ("c",)), Block("", ("d",), closed=False))


def test_exchanges_are_read_in_order_with_or_without_fences():
    text = "```\n<<<<<<< SEARCH\na\n=======\nb\nc\n>>>>>>> REPLACE\n```\n"
    text += "and\n<<<<<<< SEARCH\nd\n=======\n>>>>>>> REPLACE\n"
    assert read_exchanges(lines_of(text)) == (Exchange(("a",), ("b", "c")), Exchange(("d",), ()))
    assert read_exchanges(["a"]) is None


@pytest.mark.parametrize(
    "text",
    [
        "<<<<<<< SEARCH\na\n=======\nb\n",
        "<<<<<<< SEARCH\na\n>>>>>>> REPLACE\n",
        "<<<<<<< SEARCH\na\n<<<<<<< SEARCH\nb\n=======\n>>>>>>> REPLACE\n",
    ],
)
def test_an_exchange_that_is_not_complete_is_refused(text):
    with pytest.raises(Unusable, match="not complete"):
        read_exchanges(lines_of(text))


@pytest.mark.parametrize(
    ("label", "language", "expected"),
    [
        ("py", "python", True),
        ("tsx", "javascript", True),
        ("c++", "c", True),
        ("bash", "sh", True),
        ("c#", "csharp", True),
        ("zig", "zig", True),
        ("js", "python", False),
        ("python", "zig", False),
        ("", "python", None),
        ("pseudocode", "python", None),
    ],
)
def test_labels(label, language, expected):
    assert agrees(label, language) is expected


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a\u202eb", "U+202E"),
        ("a\u200bb", "U+200B"),
        ("a\x1b[0m", "U+001B"),
        ("\ufffd", "U+FFFD"),
        ("\U000e0041", "U+E0041"),
        ("x <|im_end|>", "<|im_end|>"),
        ("[INST] x", "[INST]"),
        ("x</s>", "</s>"),
        ("key = '<redacted>'", "secret"),
        ("a\n>>>>>>> main\n", "merge conflict"),
    ],
)
def test_strange_text_is_refused_unless_it_is_there_already(text, part):
    assert part in (strange(text, "a = 1") or "")
    assert strange(text, f"b\n{text}\nc") is None


@pytest.mark.parametrize(
    "text", ["a\tb\nc", "é 🙂 日本", "x[INSTANCE]", "Vec<s>", "a < b || c > d", "=======\n"]
)
def test_usual_text_is_not_strange(text):
    assert strange(text, "") is None


@pytest.mark.parametrize(
    "line",
    [
        "    # ... existing code ...",
        "// rest of the code unchanged",
        "/* ... */",
        "# The rest of the function remains the same",
        "-- ... other methods",
        "// … remaining implementation",
    ],
)
def test_comments_that_stand_for_code_are_seen(line):
    assert elision(["a", line], ["a"]) is not None
    assert elision(["a", line], [line]) is None


@pytest.mark.parametrize("line", ["# keep the rest", "# rest", "x = ...", "...", "# the previous value of x"])
def test_other_comments_are_not(line):
    assert elision([line], []) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Add a thing", ["Add a thing"]),
        ("Add a thing.\n", ["Add a thing"]),
        ('"Add a thing"', ["Add a thing"]),
        ("**Add a thing**\n\nBecause.", ["Add a thing", "", "Because."]),
        ("Wait...", ["Wait..."]),
        ("Add\nBecause\nof it.", ["Add", "", "Because of it."]),
        (
            "Add\n\n- " + "word " * 20,
            ["Add", "", "- " + "word " * 13 + "word", "  word word word word word word"],
        ),
        ("Add\n\n    code  here\n", ["Add", "", "    code  here"]),
        ("Add\n\n# Title\nText", ["Add", "", " # Title Text"]),
        ("Add\n\nText\n\nSigned-off-by: A <a@b.c>", ["Add", "", "Text"]),
        ("Fix #12", ["Fix #12"]),
    ],
)
def test_commit_messages_are_put_into_form(text, expected):
    found = message_of(text.split("\n"))
    assert found == expected
    assert all(len(line) <= 72 for line in found)


@pytest.mark.parametrize(
    "text",
    [
        "Here is the commit message:",
        "Here's a message",
        "Sure, add",
        "Commit message: Add",
        "# Add a thing",
        "diff --git a/x b/x",
        "@@ -1 +1 @@",
        "a" * 73,
        "...",
        "Add\n\n```\nx\n```",
        "Signed-off-by: A <a@b.c>",
    ],
)
def test_what_is_no_commit_message_is_refused(text):
    with pytest.raises(Unusable):
        message_of(text.split("\n"))


def committed(buffer: str, answer: str, newline: str = "\n"):
    document = Document("file:///c", None, "gitcommit", 1, split_lines(buffer.replace("\n", newline)))
    target = Span(Position(0, 0), Position(0, len(buffer.split("\n", 1)[0])))
    return document, plan(
        Offer("commit-message", "W", SOURCE, Result.COMMIT_MESSAGE, target), document, answer, Finish.STOP
    )


@pytest.mark.parametrize(
    ("buffer", "expected"),
    [
        ("\n# Help\n", "Add\n\nWhy\n\n# Help\n"),
        ("# Help\n", "Add\n\nWhy\n\n# Help\n"),
        ("", "Add\n\nWhy"),
        ("<type>: <subject>\n# Help\n", "Add\n\nWhy\n\n# Help\n"),
        ("feat: \n\n# Help\n", "Add\n\nWhy\n\n# Help\n"),
        ("\nJJ: Help\n", "Add\n\nWhy\n\nJJ: Help\n"),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_message_goes_to_the_top_of_the_buffer(buffer, expected, newline):
    document, outcome = committed(buffer, "```\nAdd\n\nWhy\n```", newline)
    assert isinstance(outcome, Plan)
    (edit,) = outcome.edits
    assert edit.span.start.line == 0
    lines = document.lines
    rest = lines[edit.span.end.line][edit.span.end.column :] + "".join(lines[edit.span.end.line + 1 :])
    head = lines[0][: edit.span.start.column]
    assert head + edit.text + rest == (expected.replace("\n", newline) if "\n" in buffer else expected)


def test_a_message_that_somebody_began_is_kept():
    _, outcome = committed("My own words\n# Help\n", "```\nAdd\n```")
    assert outcome == Refused("there is a message already: take it out first")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Text *a* `b[0]`", "Text *a* `b[0]`\n"),
        ("![a](http://x/y)", "!\\[a\\](`http://x/y`)\n"),
        ("<img src=x>", "&lt;img src=x>\n"),
        ("a\u200bb\x1b[0m", "ab\\[0m\n"),
        ("```python\na[0] < b\n```", "```python\na[0] < b\n```\n"),
        ("```markdown\n# A\n\nb\n```", "# A\n\nb\n"),
        ("- ```\n  ![x](y)", "- \\`\\`\\`\n  !\\[x\\](y)\n"),
        ("~~~\n```\n~~~", "````\n```\n````\n"),
    ],
)
def test_pages_are_made_inert(text, expected):
    assert page_text(text, Finish.STOP) == expected


def test_a_page_that_broke_off_is_shown_and_says_so():
    assert page_text("a", Finish.LENGTH) == "a\n\n(The answer broke off at its length limit.)\n"
    offer = Offer("explain", "Explain\nthis", SOURCE, Result.MARKDOWN, Span(Position(0, 0), Position(0, 0)))
    document = Document("file:///a", None, "python", 1, ("",))
    assert plan(offer, document, "b", Finish.STOP) == Page("Explain this", "b\n")
    assert isinstance(plan(offer, document, " \n", Finish.STOP), Refused)
