"""Workspace edits, applied as editors apply them: all of one or nothing, and only what was announced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from lsp_server.testing.buffer import Buffer, Place

if TYPE_CHECKING:
    from lsp_server.testing.editor import FakeEditor

JsonObject = Mapping[str, Any]


def apply_edit(editor: FakeEditor, edit: JsonObject) -> bool:
    """Apply a workspace edit, tell the server of each change, and return whether it was applied.

    Not applied is what is for another version than the buffer's, what makes a file that is there, and what
    asks for a confirmation that the user does not give (``editor.confirms``). Raises ``AssertionError`` for
    what the client has not announced, for a document that is not open, and for edits that overlap.
    """
    announced = editor.profile.capabilities["workspace"].get("workspaceEdit", {})
    operations = announced.get("resourceOperations", [])
    steps: Sequence[JsonObject]
    if "documentChanges" in edit:
        assert announced.get("documentChanges") or operations, "documentChanges were not announced"
        steps = edit["documentChanges"]
    else:
        steps = [
            {"textDocument": {"uri": u, "version": None}, "edits": e} for u, e in edit["changes"].items()
        ]
    made = {step["uri"]: "" for step in steps if step.get("kind") == "create"}
    assert not made or "create" in operations, "making files was not announced"
    assert all(step.get("kind") in {None, "create"} for step in steps)
    if made.keys() & editor.files.keys():
        return False
    for annotation in edit.get("changeAnnotations", {}).values():
        assert "changeAnnotationSupport" in announced, "change annotations were not announced"
        if annotation.get("needsConfirmation") and not editor.confirms:
            return False
    texts = [step for step in steps if "textDocument" in step]
    for step in texts:
        uri, version = step["textDocument"]["uri"], step["textDocument"]["version"]
        if uri not in made and version not in (None, editor.buffer(uri).version):
            return False
    editor.files |= made
    for step in texts:
        uri = step["textDocument"]["uri"]
        if uri in made:
            editor.files[uri] = "".join(change["newText"] for change in step["edits"])
        else:
            _apply(editor, uri, step["edits"])
    return True


def _apply(editor: FakeEditor, uri: str, edits: Sequence[JsonObject]) -> None:
    """The edits of one document, the last first, so that the places of the others stay."""
    buffer = editor.buffer(uri)
    places = sorted(
        ((*_places(buffer, edit, editor.encoding), edit["newText"]) for edit in edits), reverse=True
    )
    for (start, _, _), (_, end, _) in pairwise(places):
        assert end <= start, "two edits overlap"
    for start, end, text in places:
        editor.change(uri, start, end, text)


def _places(buffer: Buffer, edit: JsonObject, encoding: str) -> tuple[Place, Place]:
    span = edit["range"]
    return buffer.to_place(span["start"], encoding), buffer.to_place(span["end"], encoding)
