"""The one place where a prompt becomes clean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from lsp_server.policy.paths import PathRules, relative_path
from lsp_server.policy.secrets import find_secret
from lsp_server.types import CleanPrompt, Cursor, Destination, Gate, Prompt

EXCLUDED: Final = "excluded_path"
REMOTE_REFUSED: Final = "remote_refused"
SECRET: Final = "secret"  # noqa: S105 - the gate's name


@dataclass(frozen=True, slots=True)
class Policy:
    """What one configuration allows. ``remote_allowed`` is False unless the user said otherwise."""

    rules: PathRules
    remote_allowed: bool = False
    folders: Sequence[str] = ()

    def relative(self, cursor: Cursor) -> str:
        """The cursor's file relative to its workspace folder; empty for a buffer without a file."""
        return relative_path(cursor.document.path, self.folders) if cursor.document.path else ""

    def admit(self, cursor: Cursor) -> Gate | None:
        """Return the gate that forbids completing in this file at all, or None."""
        relative = self.relative(cursor)
        if relative and self.rules.is_excluded(relative):
            return Gate(EXCLUDED, f"{relative} is excluded from completion (privacy.exclude)")
        return None

    def may_send(self, cursor: Cursor, destination: Destination) -> Gate | None:
        """Return the gate that forbids sending this file's text to ``destination``, or None."""
        if not destination.remote:
            return None
        if not self.remote_allowed:
            return Gate(
                REMOTE_REFUSED, f"{destination.backend} is remote and privacy.remote does not allow it"
            )
        relative = self.relative(cursor)
        if relative and self.rules.is_local_only(relative):
            return Gate(REMOTE_REFUSED, f"{relative} is for local backends only (privacy.local_only)")
        return None

    def clear(self, prompt: Prompt, cursor: Cursor, destination: Destination) -> CleanPrompt | Gate:
        """Return the prompt cleared for ``destination``, or the gate that holds it back.

        For a remote destination every part is looked through for secrets: a snippet that has one is left
        out, as is one of a file for local backends only; a prefix or suffix that has one holds the whole
        prompt back.
        """
        gate = self.may_send(cursor, destination)
        if gate is not None:
            return gate
        if not destination.remote:
            return CleanPrompt(prompt, destination)
        for part in (prompt.prefix + prompt.forced, prompt.suffix):
            found = find_secret(part)
            if found is not None:
                return Gate(SECRET, f"the text around the cursor holds what looks like a secret ({found})")
        kept = tuple(
            s
            for s in prompt.snippets
            if find_secret(s.text) is None
            and find_secret(s.path) is None
            and not (s.path and self.rules.is_local_only(s.path))
        )
        return CleanPrompt(replace(prompt, snippets=kept), destination)
