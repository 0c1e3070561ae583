"""What an action is given beside the document: where its tests go, and the changes that a commit is about."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from lsp_server.actions.model import NewFile, Offer, Outcome, Refused, Result
from lsp_server.actions.testfiles import TestsFile, tests_file
from lsp_server.context.staged import repository_of, staged_diff, without_paths
from lsp_server.context.walk import Walk
from lsp_server.policy.clearance import Policy
from lsp_server.policy.paths import containing_folder, relative_path
from lsp_server.policy.reading import read_workspace_file
from lsp_server.types import Document

TEST_PATH: Final = "test_path"
"""The prompt's name for the path of a file of tests, relative to its workspace folder."""


class ActionInputs:
    """Finds further texts for prompts. Reads files of the workspace through policy's gate alone."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    async def of(self, offer: Offer, document: Document) -> Mapping[str, str] | Refused:
        """The texts by the names that prompts have for them, or why there is nothing to be done."""
        if offer.result is Result.COMMIT_MESSAGE:
            diff = await staged_changes(document, self._policy)
            return (
                {"diff": diff}
                if diff
                else Refused("nothing is staged, or none of it may be shown to a model")
            )
        if offer.result is Result.NEW_FILE:
            found = await asyncio.to_thread(self._tests_file, offer, document)
            if isinstance(found, Refused):
                return found
            return {"framework": found.framework, TEST_PATH: found.path}
        return {}

    def placed(self, outcome: Outcome, document: Document, inputs: Mapping[str, str]) -> Outcome:
        """The outcome; a new file with the native path that it goes to."""
        if not isinstance(outcome, NewFile):
            return outcome
        folder = containing_folder(document.path, self._policy.folders)
        if folder is None:
            return Refused("the document is in no workspace folder, so there is no place for a new file")
        return NewFile(str(Path(folder, inputs[TEST_PATH])), outcome.text, outcome.label)

    def _tests_file(self, offer: Offer, document: Document) -> TestsFile | Refused:
        folder = containing_folder(document.path, self._policy.folders)
        if folder is None or offer.definition is None:
            return Refused("tests are written for files in a workspace folder, and this is none")
        rules = self._policy.rules

        def read(path: str) -> str:
            found = read_workspace_file(Path(folder), path, rules)
            return found.text if found is not None else ""

        relative = relative_path(document.path or "", [folder])
        walk = Walk(Path(folder), rules)
        return tests_file(relative, offer.definition, lambda: (file.path for file in walk.files()), read)


async def staged_changes(document: Document, policy: Policy) -> str:
    """The staged diff of the repository whose commit message this is, without what has to stay here."""
    if not document.path:
        return ""
    top = repository_of(document.path) or Path()
    diff = await staged_diff(document.path)
    return without_paths(diff, lambda path: policy.stays_here(str(top / path)))
