import pytest

from lsp_server.testing.application import ScriptedApplication, suggest
from lsp_server.testing.capabilities import VSCODE
from lsp_server.testing.editor import FakeEditor


@pytest.fixture
def application():
    """Suggests ``answer`` everywhere, as ghost text and in the menu."""
    return ScriptedApplication(suggest("answer"), menu="always")


@pytest.fixture
async def editor(application):
    """VS Code with an open session, in memory."""
    async with FakeEditor.in_memory(application, VSCODE) as editor:
        await editor.initialize()
        yield editor
