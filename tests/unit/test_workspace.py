"""What is known of the workspace beside one document."""

import os

from lsp_server.document.edits import Change
from lsp_server.document.store import DocumentStore
from lsp_server.workspace import BRANCH_MS, Workspace


class Index:
    """Takes what the workspace's index is told."""

    def __init__(self):
        self.rescans = 0

    def rescan(self):
        self.rescans += 1

    def edited(self, path, text):
        pass


def opened(workspace, *names):
    for name in names:
        workspace.documents.open(f"file:///project/{name}", "python", 1, "a = 1\n")


def edit(workspace, name, now_ms):
    uri = f"file:///project/{name}"
    document = workspace.documents.get(uri)
    workspace.documents.change(uri, document.version + 1, [Change((0, 5), (0, 5), "2")])
    changed = workspace.documents.get(uri)
    workspace.document_changed(changed, workspace.documents.last_edits(uri), name, now_ms)


def test_documents_come_in_the_order_of_their_use():
    workspace = Workspace(DocumentStore())
    opened(workspace, "a.py", "b.py", "c.py")
    edit(workspace, "b.py", 0.0)
    edit(workspace, "a.py", 1.0)
    assert [d.uri[-4:] for d in workspace.open_documents()] == ["a.py", "b.py", "c.py"]
    assert [e.path for e in workspace.recent_edits(2.0)] == ["b.py", "a.py"]
    assert workspace.idle_ms("file:///project/a.py", 51.0) == 50.0


async def test_a_switched_branch_has_everything_read_again(tmp_path):
    (tmp_path / ".git").mkdir()
    head = tmp_path / ".git" / "HEAD"
    head.write_text("ref: refs/heads/main\n", encoding="utf-8")
    workspace = Workspace(DocumentStore())
    opened(workspace, "a.py")
    workspace.start_index(tmp_path / "cache", [str(tmp_path)], ())
    await workspace.close()
    workspace._index = index = Index()
    now_ms = BRANCH_MS
    edit(workspace, "a.py", now_ms)
    assert index.rescans == 0
    os.utime(head, ns=(1, 1))
    edit(workspace, "a.py", now_ms + 1)
    assert index.rescans == 0
    edit(workspace, "a.py", now_ms + BRANCH_MS)
    edit(workspace, "a.py", now_ms + 2 * BRANCH_MS)
    assert index.rescans == 1
    workspace._index = None
    await workspace.close()
