import pytest
from lsprotocol import types

from lsp_server.document.positions import Encoding
from lsp_server.lsp.client import Client
from lsp_server.lsp.convert import (
    MAX_LABEL,
    escape_snippet,
    inline_items,
    insertion,
    menu_items,
    relative_to,
    to_change,
    to_request,
    word_at,
)
from lsp_server.testing.fixtures import cursor_at
from lsp_server.types import Position, Suggestion, Trigger

PLAIN = Client()
SNIPPETS = Client(snippets=True)


def suggestion(text, position, **more):
    return Suggestion(text=text, position=position, backend="b", origin="backend", **more)


def suggested(cursor, text, **more):
    return suggestion(text, cursor.position, **more)


def span(start, end, line=0):
    return types.Range(start=types.Position(line, start), end=types.Position(line, end))


def menu(marked, text, client=SNIPPETS):
    cursor = cursor_at(marked)
    return menu_items([suggested(cursor, text)], cursor, client)


# What goes in at the cursor.


@pytest.mark.parametrize(
    ("marked", "column", "text", "inserted"),
    [
        ("x = ‸", 4, "1", "1"),
        ("x = 12‸", 4, "123", "3"),
        ("x = 13‸", 4, "123", None),
        ("x = ‸", 3, " 12", "12"),
        ("x ‸= 1", 4, "1", None),
        ("x = ‸", 4, "", None),
        ("x = ‸", 4, "\n  \n", None),
        ("x = 123‸", 4, "123", None),
    ],
)
def test_a_suggestion_fits_if_the_text_typed_since_is_its_beginning(marked, column, text, inserted):
    assert insertion(suggestion(text, Position(0, column)), cursor_at(marked)) == inserted


def test_a_suggestion_for_another_line_does_not_fit():
    assert insertion(suggestion("1", Position(1, 4)), cursor_at("x = ‸\ny = ")) is None


@pytest.mark.parametrize(
    ("marked", "text", "replaces", "inserted"),
    [
        ("f(‸)", "a)", 1, "a"),
        ("f(‸))", "a))", 2, "a"),
        ("f(‸)", "a) + 1", 1, "a"),
        ("f(‸)", "g(a)) + 1", 1, "g(a)"),
        ("f(‸)", ")", 1, None),
    ],
)
def test_without_a_range_behind_the_cursor_only_what_is_before_the_closer_is_inserted(
    marked, text, replaces, inserted
):
    cursor = cursor_at(marked)
    assert insertion(suggested(cursor, text, replaces=replaces), cursor) == inserted


def test_a_closer_behind_the_cursor_is_replaced_where_the_client_can():
    cursor = cursor_at("f(‸)")
    suggestion = suggested(cursor, "a) + 1", replaces=1)
    [item] = inline_items([suggestion], cursor, Encoding.UTF16, reaches_behind=True)
    assert (item.insert_text, item.range) == ("a) + 1", span(2, 3))
    [item] = inline_items([suggestion], cursor, Encoding.UTF16)
    assert (item.insert_text, item.range) == ("a", span(2, 2))


# Ghost text.


@pytest.mark.parametrize(
    ("encoding", "units"), [(Encoding.UTF8, 10), (Encoding.UTF16, 6), (Encoding.UTF32, 5)]
)
def test_ghost_text_has_an_empty_range_at_the_cursor_in_the_clients_units(encoding, units):
    cursor = cursor_at("😀漢=b ‸ 😀\n")
    [item] = inline_items([suggested(cursor, "1\n2", id="s7")], cursor, encoding)
    assert item == types.InlineCompletionItem(
        insert_text="1\n2",
        range=span(units, units),
        command=types.Command(title="Accepted", command="codestral.accepted", arguments=["s7"]),
    )


def test_ghost_text_comes_in_the_order_of_the_suggestions_without_the_unusable():
    cursor = cursor_at("x = ‸")
    texts = ["one", " ", "two"]
    items = inline_items([suggested(cursor, text) for text in texts], cursor, Encoding.UTF16)
    assert [item.insert_text for item in items] == ["one", "two"]
    assert items[0].command is None  # There is nothing to name it by.


@pytest.mark.parametrize(
    ("marked", "chosen", "text", "kept"),
    [
        ("cons‸", "console", "ole.log()", True),
        ("cons‸", "console", "t x = 1", False),
        ("cons‸", "Console", "ole.log()", False),
        ("a.‸", "value", "value + 1", True),
        ("a.‸", "value", "other", False),
    ],
)
def test_ghost_text_extends_the_item_chosen_in_the_menu(marked, chosen, text, kept):
    cursor = cursor_at(marked)
    start = word_at(cursor).start
    selected = types.SelectedCompletionInfo(range=span(start, cursor.position.column), text=chosen)
    items = inline_items([suggested(cursor, text)], cursor, Encoding.UTF16, selected)
    assert bool(items) is kept


def test_an_item_chosen_on_another_line_cannot_be_extended():
    cursor = cursor_at("a\nb‸")
    selected = types.SelectedCompletionInfo(range=span(0, 1), text="b")
    assert inline_items([suggested(cursor, "b")], cursor, Encoding.UTF16, selected) == []


# Menu items.


def test_a_menu_item_replaces_the_word_and_says_what_will_stand_there():
    cursor = cursor_at("    ret‸\n")
    found = menu_items([suggested(cursor, "urn a + b\n    # $end}", id="s1")], cursor, SNIPPETS)
    assert found == [
        types.CompletionItem(
            label="return a + b",
            filter_text="return a + b",
            sort_text="00000",
            kind=types.CompletionItemKind.Text,
            detail="Codestral (b)",
            documentation="return a + b\n# $end}",
            insert_text_format=types.InsertTextFormat.Snippet,
            text_edit=types.TextEdit(range=span(4, 7), new_text="return a + b\n# \\$end\\}"),
            command=types.Command(title="Accepted", command="codestral.accepted", arguments=["s1"]),
        )
    ]


def test_plain_text_keeps_its_indentation_and_its_characters():
    [item] = menu("    ret‸\n", "urn a + b\n    # $end}", PLAIN)
    assert item.insert_text_format is types.InsertTextFormat.PlainText
    assert item.text_edit == types.TextEdit(range=span(4, 7), new_text="return a + b\n    # $end}")


@pytest.mark.parametrize(("client", "mode"), [(PLAIN, 1), (SNIPPETS, 2)])
def test_the_insert_text_mode_is_said_to_clients_that_know_it(client, mode):
    [silent] = menu("x‸", "y", client)
    assert silent.insert_text_mode is None
    knowing = Client(snippets=client.snippets, insert_text_modes=frozenset({1, 2}))
    [item] = menu("x‸", "y", knowing)
    assert item.insert_text_mode == types.InsertTextMode(mode)


@pytest.mark.parametrize(
    ("marked", "word", "start"),
    [
        ("foo.ba‸r", "ba", 4),
        ("‸x", "", 0),
        ("a = ‸", "", 4),
        ("漢字_1‸", "漢字_1", 0),
        ("😀ab‸", "ab", 1),
        ("a-b‸", "b", 2),
    ],
)
def test_the_word_before_the_cursor(marked, word, start):
    found = word_at(cursor_at(marked))
    assert (found.text, found.start) == (word, start)


@pytest.mark.parametrize(
    ("marked", "text", "label", "filter_text"),
    [
        ("pri‸", "nt(1)", "print(1)", "print(1)"),
        ("x =‸", " 1  \ny", "1", "1"),
        ("if x:‸", "\n    return 1\n", "return 1", "return 1"),
        ("pass‸", "\n\n  foo()", "foo()", "pass"),
        ("x = ‸", "a" * 100, "a" * MAX_LABEL, "a" * MAX_LABEL),
    ],
)
def test_labels(marked, text, label, filter_text):
    [item] = menu(marked, text)
    assert (item.label, item.filter_text) == (label, filter_text)


@pytest.mark.parametrize(
    ("indentation", "text", "relative"),
    [
        ("", "a\n  b\nc", "a\n  b\nc"),
        ("    ", "a:\n        b\n    c", "a:\n    b\nc"),
        ("    ", "a\n\n    b\n  \n    c\n", "a\n\nb\n\nc\n"),
        ("    ", "a\n    b\n\n  c\n    d", "a\nb"),
        ("\t", "a\n\tb\n    c", "a\nb"),
        ("    ", "a\n\n\nb", "a"),
    ],
)
def test_text_relative_to_an_indentation(indentation, text, relative):
    assert relative_to(indentation, text) == relative


def test_a_menu_item_that_could_only_dedent_is_left_out_for_snippet_clients():
    assert menu("        ‸", "\n    return x") == []
    assert len(menu("        ‸", "\n    return x", PLAIN)) == 1


def test_snippets_are_escaped():
    assert escape_snippet("${1:x} \\n $a}") == "\\${1:x\\} \\\\n \\$a\\}"


@pytest.mark.parametrize(
    ("text", "language", "value"),
    [
        ("b", "python", "```python\nab\n```"),
        ("b\n```\nc", "markdown", "````markdown\nab\n```\nc\n````"),
        ("b", "a b`c", "```\nab\n```"),
    ],
)
def test_documentation_is_fenced_so_that_nothing_ends_it_early(text, language, value):
    cursor = cursor_at("a‸", language=language)
    [item] = menu_items([suggested(cursor, text)], cursor, Client(markdown=True))
    assert item.documentation == types.MarkupContent(kind=types.MarkupKind.Markdown, value=value)


@pytest.mark.parametrize(
    ("encoding", "start", "end"), [(Encoding.UTF8, 8, 10), (Encoding.UTF16, 4, 6), (Encoding.UTF32, 3, 5)]
)
def test_a_menu_items_range_is_in_the_clients_units(encoding, start, end):
    [item] = menu("😀漢.ab‸", "c", Client(encoding=encoding))
    assert item.text_edit.range == span(start, end)


# From the client.


def test_changes_keep_the_clients_units():
    whole = types.TextDocumentContentChangeWholeDocument(text="x")
    part = types.TextDocumentContentChangePartial(range=span(1, 2, line=3), text="y")
    assert (to_change(whole).start, to_change(whole).text) == (None, "x")
    change = to_change(part)
    assert (change.start, change.end, change.text) == ((3, 1), (3, 2), "y")


def test_each_document_and_method_is_a_stream_of_requests():
    one, other = cursor_at("a‸"), cursor_at("a‸", path="/project/other.py")
    streams = {to_request(cursor, method, invoked=False).stream for cursor in (one, other) for method in "ab"}
    assert len(streams) == 4
    assert to_request(one, "a", invoked=False).trigger is Trigger.AUTOMATIC
    assert to_request(one, "a", invoked=True).trigger is Trigger.INVOKED
