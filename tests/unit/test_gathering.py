"""When the snippets beside a place change, and when they stay."""

import asyncio

from lsp_server.config.settings import Settings
from lsp_server.context.outline import outline
from lsp_server.document.store import DocumentStore
from lsp_server.gathering import NEAR_LINES, PAUSED_MS, Gatherer
from lsp_server.policy.clearance import Policy
from lsp_server.policy.paths import PathRules
from lsp_server.testing.clock import ManualClock
from lsp_server.testing.index import MemoryIndex
from lsp_server.types import Cursor, Document, Position
from lsp_server.workspace import Workspace

STORE = "class {0}:\n    def fetch_{0}(self, key): ...\n    def put_{0}(self, key, value): ...\n"
TEXT = "from a import Alpha\nfrom b import Beta\n\n\ndef f(one: Alpha, two: Beta):\n" + "    x = 1\n" * 10


class Indexed(Workspace):
    def __init__(self):
        super().__init__(DocumentStore())
        self.memory = MemoryIndex(outline)
        self.memory.put("a.py", STORE.format("Alpha"))
        self.memory.put("b.py", STORE.format("Beta"))

    def index_for(self, path):
        return self.memory


class Session:
    def __init__(self):
        self.clock = ManualClock()
        self.workspace = Indexed()
        settings = Settings.model_validate({"context": {"budget_ms": 2000}})
        policy = Policy(PathRules(), folders=("/w",))
        self.gatherer = Gatherer(settings, policy, self.workspace, self.clock)
        self.version = 1

    async def paths(self, line, text, *, hold):
        """The files of the snippets with ``text`` on a line, once it was typed."""
        documents = self.workspace.documents
        lines = TEXT.splitlines()
        lines[line] = text
        self.version += 1
        documents.open("file:///w/c.py", "python", self.version, "\n".join(lines))
        document = documents.get("file:///w/c.py")
        self.workspace._edited_ms[document.uri] = self.clock.now_ms()
        return await self.ask(line, len(text), hold=hold)

    async def ask(self, line, column, *, hold):
        document = self.workspace.documents.get("file:///w/c.py")
        cursor = Cursor(document, Position(line, column))
        found = await self.gatherer.gather(cursor, range(4, 16), hold=hold)
        return {snippet.path for snippet in found}


def run(scenario):
    async def main():
        session = Session()
        try:
            await scenario(session)
        finally:
            session.gatherer.close()

    asyncio.run(main())


def test_a_new_line_asks_anew_where_the_engine_reads_quickly():
    async def scenario(session):
        assert await session.paths(6, "    one.", hold=False) >= {"a.py"}
        assert "b.py" in await session.paths(7, "    two.", hold=False)

    run(scenario)


def test_they_stay_while_somebody_types_on_where_it_reads_slowly():
    async def scenario(session):
        first = await session.paths(6, "    one.", hold=True)
        session.gatherer._retriever = None  # Nobody may be asked.
        for line in (6, 7, 8, 8 + NEAR_LINES):
            assert await session.paths(line, "    two.", hold=True) == first

    run(scenario)


def test_a_pause_and_a_jump_ask_anew():
    async def scenario(session):
        first = await session.paths(6, "    one.", hold=True)
        assert await session.paths(7, "    two.", hold=True) == first
        await session.clock.advance(PAUSED_MS)
        assert "b.py" in await session.ask(7, 8, hold=True)
        assert "a.py" in await session.paths(7 + NEAR_LINES + 1, "    one.", hold=True)

    run(scenario)


async def test_a_staged_file_is_private_by_its_place_in_the_workspace(tmp_path, monkeypatch):
    """The workspace is a folder of the repository; the paths of a diff begin at the repository."""
    diff = "".join(
        f"diff --git a/{p} b/{p}\n--- a/{p}\n+++ b/{p}\n@@ -1 +1 @@\n+{p}\n"
        for p in ("sub/internal/a.py", "sub/open.py")
    )

    async def staged(_path):
        return diff

    monkeypatch.setattr("lsp_server.action_inputs.staged_diff", staged)
    policy = Policy(PathRules((), ("/internal/**",)), folders=(str(tmp_path / "sub"),))
    gatherer = Gatherer(Settings(), policy, Workspace(DocumentStore()), ManualClock())
    message = str(tmp_path / ".git" / "COMMIT_EDITMSG")
    document = Document(f"file://{message}", message, "gitcommit", 1, ("",))
    view = await gatherer._view(Cursor(document, Position(0, 0)))
    assert "sub/open.py" in view.staged_diff
    assert "internal" not in view.staged_diff
    gatherer.close()
