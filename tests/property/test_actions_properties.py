"""What holds for every answer of a model: no document gets worse, and nothing outside the target changes."""

import random
import re
import textwrap
import warnings
from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from tree_sitter import Parser

from lsp_server.actions.answer import Unusable
from lsp_server.actions.edits import line_edits, part_edits
from lsp_server.actions.model import NewFile, Page, Plan, Refused, Situation, Span
from lsp_server.actions.offers import ActionConfig, offer_for
from lsp_server.actions.pages import page_text
from lsp_server.actions.plan import plan
from lsp_server.document.lines import split_lines, text_length
from lsp_server.grammars import grammar
from lsp_server.types import Document, Finish, Position

CONFIG = ActionConfig(can_prompt=True)

SOURCES = {
    "python": '''import os


class Store:
    """Keeps things."""

    def load(self, path, mode="r"):
        """Load it."""
        with open(path, mode) as file:
            text = """a
  b"""
            return file.read() + text

    def todo(self, key):
        ...


def last(items):
    return items[-1]
''',
    "javascript": """import fs from 'fs';

class Store {
  load(path, mode = 'r') {
    const text = `a
  b`;
    return fs.read(path) + text;
  }

  todo(key) {
  }
}

function last(items) {
  return items[items.length - 1];
}
""",
    "typescript": """interface Item { name: string }

class Store {
  load(path, mode = 'r') {
    return [path, mode].join('/');
  }

  todo(key) {
    throw new Error("not implemented");
  }
}

export const last = (items) => {
  return items[items.length - 1];
};
""",
    "go": """package store

import "os"

func load(path string, mode int) ([]byte, error) {
\tif mode == 0 {
\t\treturn nil, nil
\t}
\treturn os.ReadFile(path)
}

func todo(key string) int {
\tpanic("not implemented")
}

func last(items []int) int { return items[len(items)-1] }
""",
    "rust": """use std::fs;

impl Store {
    fn load<'a>(&self, path: &'a str) -> String {
        let c = '\\'';
        fs::read_to_string(path).unwrap()
    }

    fn todo(&self, key: u8) -> u8 {
        todo!()
    }
}

fn last(items: &[u8]) -> u8 {
    items[items.len() - 1]
}
""",
    "java": """class Store {
    /** Loads. */
    int load(String path, int mode) {
        if (mode == 0) {
            return 1;
        }
        return path.length();
    }

    int todo(int key) {
        throw new UnsupportedOperationException();
    }

    int last(int[] items) { return items[items.length - 1]; }
}
""",
    "c": """#include <stdio.h>

/* Loads. */
int load(const char *path, int mode)
{
    if (mode)
        return 1;
    return path[0];
}

int todo(int key) {
}

int last(int *items, int n) { return items[n - 1]; }
""",
    "ruby": """class Store
  # Loads.
  def load(path, mode = 'r')
    File.open(path, mode) do |file|
      file.read
    end
  end

  def todo(key)
  end
end
""",
    "php": """<?php
class Store {
    function load($path, $mode = 'r') {
        return fopen($path, $mode);
    }

    function todo($key) {
    }
}
""",
}
ACTIONS = ("simplify", "docstring", "complete", "annotate", "edit", "extract", "tests", "explain")
MARKS = (
    "*/ /* \"\"\" ''' ``` ~~~ ` ' \" { } ( ) [ ] : ; \\ # // -- end def return class ?> <?php => -> \u202e"
    " \u200b é <|im_end|> ... // #! @ == <!-- --> $ % &"
)
PIECES = (
    *("\n", "\r\n", "\r", "\t", "    ", "\n\n", "\n    ", "\n```\n", "\n```python\n", "````\n", "\n}\n"),
    *("\n    pass\n", "<<<<<<< SEARCH\n", "\n=======\n", "\n>>>>>>> REPLACE\n", "# ... existing code ...\n"),
    *("Sure! Here it is:\n", "\x00", "\x1b[31m", "\x0c", "\ud800", "🙂"),
)
NASTY = (*MARKS.split(), *PIECES)


def words_of(language):
    return sorted(set(re.findall(r"\w+", SOURCES[language])))


def situations(text, language):
    document = Document("file:///p/x", "/p/x", language, 1, split_lines(text))
    found = []
    for number, line in enumerate(document.lines):
        if line.strip():
            end = Position(number, text_length(line))
            found += [Situation(document, Span(start, end)) for start in (end, Position(number, 0))]
    return found


def text_of(document, span):
    start, end = offset(document, span.start), offset(document, span.end)
    return document.text[start:end]


def offset(document, position):
    return sum(map(len, document.lines[: position.line])) + position.column


def errors(text, language):
    nodes, count = [Parser(grammar(language)).parse(text.encode("utf-8", "replace")).root_node], 0
    while nodes:
        node = nodes.pop()
        count += node.is_error or node.is_missing
        nodes.extend(node.children if node.has_error else ())
    return count


def compiles(text):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "x", "exec")
    except (SyntaxError, ValueError):
        return False
    return True


def after(document, edits):
    """The text after edits, made by plain slicing."""
    text, end = "", 0
    for edit in edits:
        start = offset(document, edit.span.start)
        assert start >= end
        text += document.text[end:start] + edit.text
        end = offset(document, edit.span.end)
        assert end >= start
    return text + document.text[end:]


def check(offer, document, outcome):
    """What is true of whatever a plan comes to; the text afterwards."""
    if isinstance(outcome, Refused):
        assert outcome.reason
        assert "\n" not in outcome.reason
        assert not outcome.reason.endswith(".")
        return document.text
    if isinstance(outcome, Page):
        return document.text
    if isinstance(outcome, NewFile):
        assert not errors(outcome.text, document.language)
        return document.text
    assert isinstance(outcome, Plan)
    assert outcome.edits
    for edit in outcome.edits:
        assert offer.target.contains(edit.span)
    for one, other in pairwise(outcome.edits):
        assert one.span.end <= other.span.start
    text = after(document, outcome.edits)
    assert text != document.text
    start, end = offset(document, offer.target.start), offset(document, offer.target.end)
    assert text.startswith(document.text[:start])
    assert text.endswith(document.text[end:])
    assert errors(text, document.language) <= errors(document.text, document.language)
    if document.language == "python" and compiles(document.text):
        assert compiles(text)
    return text


BODIES = {
    "python": "if key:\n    return 1\nreturn 2",
    "javascript": "if (key) {\n  return 1;\n}\nreturn 2;",
    "typescript": "if (key) {\n  return 1;\n}\nreturn 2;",
    "go": 'if key == "" {\n\treturn 1\n}\nreturn 2',
    "rust": "if key == 0 {\n    return 1;\n}\n2",
    "java": "if (key == 0) {\n    return 1;\n}\nreturn 2;",
    "c": "if (key) {\n    return 1;\n}\nreturn 2;",
    "ruby": "if key\n  1\nelse\n  2\nend",
    "php": "if ($key) {\n    return 1;\n}\nreturn 2;",
}
TYPED = (
    ("path,", "path: str,"),
    ('mode="r")', 'mode: str = "r") -> str'),
    ("(items)", "(items: list[int]) -> int"),
)
TYPED_TS = (
    ("path,", "path: string,"),
    ("mode = 'r')", "mode: string = 'r'): string"),
    ("(items)", "(items: Item[])"),
)
PROSE = "Reads the file and gives its text.\n\nArgs:\n    path: where it is\n    mode: how to open it"


def right(offer, document, chance):
    """An answer that could be right."""
    language = document.language
    target = text_of(document, offer.target).replace("\r\n", "\n")
    whole = text_of(document, offer.definition.whole).replace("\r\n", "\n") if offer.definition else target
    if offer.action == "complete":
        return chance.choice(
            [BODIES[language], whole.replace("...", "return 1").replace("{\n", "{\n return 1;\n")]
        )
    if offer.action == "docstring":
        return chance.choice([PROSE, "Reads the file.", f'"""{PROSE}"""', f"/** {PROSE} */", whole])
    if offer.action == "annotate":
        head = chance.choice([whole, target])
        for old, new in TYPED if language == "python" else TYPED_TS:
            head = head.replace(old, new)
        return head
    lines = target.split("\n")
    at = chance.randrange(len(lines))
    own = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
    return "\n".join([*lines[:at], own + chance.choice(BODIES[language].split("\n")).strip(), *lines[at:]])


def mangled(code, language, chance):
    """Code with one thing wrong."""
    lines = code.split("\n")
    at, to = sorted((chance.randrange(len(lines)), chance.randrange(len(lines))))
    place, words = chance.randrange(len(code) + 1), words_of(language)
    dedented = [line[chance.randrange(1, 5) :] for line in lines[at:]]
    ways = [
        "\n".join(lines[:at] + lines[to:]),
        "\n".join(lines[:to] + lines[at:]),
        "\n".join(lines[:at] + dedented),
        "\n".join([*lines[:at], *("    " + line for line in lines[at:to]), *lines[to:]]),
        re.sub(rf"\b{chance.choice(words)}\b", chance.choice(words), code),
        code.replace("    ", "\t"),
        code[:place],
        code[:place] + code[place + chance.randrange(12) :],
        code[:place] + chance.choice(NASTY) + code[place:],
    ]
    return chance.choice(ways)


def framed(code, language, chance):
    """The whole answer around the code."""
    fence = chance.choice(["```"] * 6 + ["~~~~", "````", ""])
    text = f"{fence}{chance.choice([language, language, '', 'text']) if fence else ''}\n{code}\n{fence}\n"
    if chance.random() < 0.2:
        text = "Sure! Here is the code:\n\n" + text
    if chance.random() < 0.2:
        text += "\nIt does what you want."
    if chance.random() < 0.1:
        text += f"\n```{language}\n{code}\n```\n"
    if chance.random() < 0.1:
        text = text[: chance.randrange(len(text) + 1)]
    if chance.random() < 0.2:
        text = text.replace("\n", "\r\n")
    return text


def read_answer(seed):
    """A situation, an action and an answer: one that is mostly right, mangled, or of another language."""
    chance = random.Random(seed)
    language = chance.choice(sorted(SOURCES))
    text = SOURCES[language].replace("\n", chance.choice(["\n", "\n", "\r\n"]))
    if chance.random() < 0.2:
        # As while it is being edited.
        place = chance.randrange(len(text))
        text = text[:place] + text[place + chance.randrange(1, 6) :]
    situation = chance.choice(situations(text, language))
    offers = [offer_for(action, situation, config=CONFIG, instruction="Change it") for action in ACTIONS]
    offer = chance.choice([offer for offer in offers if offer is not None])
    said = language if chance.random() < 0.9 else chance.choice(sorted(SOURCES))
    code = right(offer, situation.document, chance) if said == language else SOURCES[said]
    for _ in range(chance.choice([0, 1, 1, 2, 3])):
        code = mangled(code, said, chance)
    finish = Finish.LENGTH if chance.random() < 0.05 else Finish.STOP
    return offer, situation.document, framed(code, said, chance), finish


@given(st.integers(0, 2**40))
@settings(max_examples=400, deadline=None)
def test_no_answer_makes_a_document_worse(seed):
    offer, document, text, finish = read_answer(seed)
    check(offer, document, plan(offer, document, text, finish))


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_an_answer_that_is_there_already_changes_nothing(data):
    language = data.draw(st.sampled_from(sorted(SOURCES)))
    newline = data.draw(st.sampled_from(["\n", "\r\n"]))
    situation = data.draw(st.sampled_from(situations(SOURCES[language].replace("\n", newline), language)))
    offer = offer_for(data.draw(st.sampled_from(["simplify", "edit", "fix"])), situation, config=CONFIG)
    if offer is None:
        return
    target = text_of(situation.document, offer.target)
    if data.draw(st.booleans()) and "text" not in target:
        # Without what is quoted: dedenting it would change it.
        target = textwrap.dedent(target.replace("\r\n", "\n"))
    answer = f"It is:\n```{language}\n{target}\n```\n"
    if data.draw(st.booleans()):
        answer = answer.replace("\r\n", "\n")
    assert isinstance(plan(offer, situation.document, answer, Finish.STOP), Refused)


LINE = st.text(alphabet="ab \t", max_size=4)


@given(st.lists(LINE, min_size=1, max_size=8), st.lists(LINE, min_size=1, max_size=8), st.data())
@settings(max_examples=300, deadline=None)
@example(["a"], ["a", "b"], None)
def test_line_edits_make_the_lines_and_touch_no_other(old, new, data):
    newline = data.draw(st.sampled_from(["\n", "\r\n", "\r"])) if data else "\n"
    first = data.draw(st.integers(0, len(old) - 1)) if data else 0
    last = data.draw(st.integers(first, len(old) - 1)) if data else 0
    document = Document("", None, "plaintext", 1, split_lines(newline.join([*old, "end"])))
    column = 0
    if data and data.draw(st.booleans()):
        column = len(old[first]) - len(old[first].lstrip())
        new = [old[first][:column] + new[0], *new[1:]]
    target = Span(Position(first, column), Position(last, len(old[last])))
    edits = line_edits(document, target, new, exact=True)
    assert after(document, edits) == newline.join([*old[:first], *new, *old[last + 1 :], "end"])
    assert bool(edits) == (new != old[first : last + 1])
    for edit in edits:
        assert target.contains(edit.span)
        is_start = edit.span.start == target.start and column
        before, now = text_of(document, edit.span).split(newline), edit.text.split(newline)
        if not is_start and edit.text and not edit.span.is_empty:
            assert before[0] != now[0]
            assert before[-1] != now[-1]


@given(st.text(alphabet="ab\r\n", max_size=8), st.text(alphabet="ab\r\n", max_size=8), st.data())
@settings(max_examples=300, deadline=None)
def test_the_edit_of_a_part_keeps_line_ends_whole(old, new, data):
    document = Document("", None, "plaintext", 1, split_lines(f"x{old}y"))
    end = len(document.lines) - 1
    target = Span(Position(0, 1), Position(end, len(document.lines[end]) - 1))
    edits = part_edits(document, target, new)
    assert after(document, edits) == f"x{new}y"
    for edit in edits:
        assert target.contains(edit.span)
        for place in (edit.span.start, edit.span.end):
            assert place.column <= text_length(document.lines[place.line])


MARKDOWN = st.lists(
    st.sampled_from(
        [
            *"ab`\\[]()!<>~ \n*_-#|:\t",
            *(
                "![a](http://x/y)",
                "[a](b)",
                "<img src=x>",
                "[r]: http://x",
                "[r]",
                "```",
                "\n\n",
                "    ",
                "`` ",
            ),
            *("~~~\n", "> ", "- ", "<script>", "http://a.b/c", "&lt;", "<http://x>", "\\`", "\r\n"),
        ]
    ),
    max_size=24,
).map("".join)


@given(MARKDOWN)
@settings(max_examples=500, deadline=None)
@example("a ` b\n`![x](http://x)`")
@example("- ```\n  ![x](http://x)\n")
@example("\\http://x`![a](b)`")
@example("[r]: http://x```<script>```")
def test_a_page_loads_nothing_and_leads_nowhere(text):
    if not text.strip():
        return
    try:
        page = page_text(text, Finish.STOP)
    except Unusable:
        return
    shown = MarkdownIt("commonmark", {"html": True}).enable("table").parse(page)
    kinds = {token.type for token in shown}
    kinds |= {child.type for token in shown for child in token.children or ()}
    assert not kinds & {"link_open", "image", "html_block", "html_inline"}
