"""The one place where a prompt becomes clean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from lsp_server.policy.ignores import PathPolicy
from lsp_server.policy.paths import PathRules, relative_path
from lsp_server.policy.secrets import (
    LONGEST_KEY,
    REDACTED,
    Hit,
    begins_inside_key,
    disjoint,
    find_secret,
    has_secret,
    hits_in,
    line_hits,
    redacted,
    typed_secret,
)
from lsp_server.types import CleanPrompt, Cursor, Destination, Gate, Prompt, Snippet

EXCLUDED: Final = "excluded_path"
REMOTE_REFUSED: Final = "remote_refused"
SECRET: Final = "secret"  # noqa: S105 - the gate's name


@dataclass(frozen=True, slots=True)
class Policy:
    """What one configuration allows. ``remote_allowed`` is False unless the user said otherwise.

    ``secrets`` says what becomes of a secret near the cursor: the request is blocked, or the secret redacted.
    ``paths`` knows the ignore files; without it the settings' rules alone hold.
    """

    rules: PathRules
    remote_allowed: bool = False
    folders: Sequence[str] = ()
    secrets: Literal["block", "redact"] = "block"
    paths: PathPolicy | None = None

    def relative(self, cursor: Cursor) -> str:
        """The cursor's file relative to its workspace folder; empty for a buffer without a file."""
        return relative_path(cursor.document.path, self.folders) if cursor.document.path else ""

    def admit(self, cursor: Cursor) -> Gate | None:
        """Return the gate that forbids completing in this file at all, or None."""
        relative = self.relative(cursor)
        if relative and self.rules.is_excluded(relative):
            return Gate(EXCLUDED, f"{relative} is excluded from completion (privacy.exclude)")
        why = self.paths.excluded(cursor.document.path) if self.paths else None
        return Gate(EXCLUDED, why) if why else None

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
        why = self.paths.local_only(cursor.document.path) if self.paths else None
        return Gate(REMOTE_REFUSED, why) if why else None

    def stays_here(self, path: str) -> bool:
        """Whether the file at ``path`` (absolute, native) is excluded or for local backends only."""
        relative = relative_path(path, self.folders)
        if self.rules.is_excluded(relative) or self.rules.is_local_only(relative):
            return True
        return bool(self.paths and self.paths.local_only(path))

    def is_private(self, relative: str, *, remote: bool) -> bool:
        """Whether text labelled with ``relative`` may not be shown; to a remote backend if ``remote``."""
        if self.rules.is_excluded(relative) or (remote and self.rules.is_local_only(relative)):
            return True
        if self.paths is None:
            return False
        verdict = self.paths.snippet_verdict(relative)
        return bool(verdict.excluded or (remote and verdict.local_only))

    def clear(self, prompt: Prompt, cursor: Cursor, destination: Destination) -> CleanPrompt | Gate:
        """Return the prompt cleared for ``destination``, or the gate that holds it back.

        Snippets of excluded files are left out. For a remote destination so are those of files for local
        backends only and those that hold a secret; a secret near the cursor or in an action's inputs is
        redacted, or holds the whole prompt back, and one on the cursor's own line always does.
        """
        gate = self.may_send(cursor, destination)
        if gate is not None:
            return gate
        remote = destination.remote
        shown = tuple(s for s in prompt.snippets if not (s.path and self.is_private(s.path, remote=remote)))
        prompt = replace(prompt, snippets=shown)
        if not remote:
            return CleanPrompt(prompt, destination)
        around = _Around(prompt, cursor)
        why = around.on_the_line or find_secret(prompt.path)
        if why is None and prompt.inputs and _is_inside_key(cursor):
            why = "private key"
        if why is None and self.secrets == "block":
            why = around.first or next(filter(None, (find_secret(given) for _, given in prompt.inputs)), None)
        if why is not None:
            return Gate(SECRET, f"the text around the cursor holds what looks like a secret ({why})")
        prefix, suffix = around.redacted()
        inputs = tuple((name, redacted(given)) for name, given in prompt.inputs)
        kept = tuple(s for s in prompt.snippets if not _is_secret(s))
        clean = replace(prompt, prefix=prefix, suffix=suffix, inputs=inputs, snippets=kept)
        return CleanPrompt(clean, destination)


def _is_inside_key(cursor: Cursor) -> bool:
    """Whether the cursor, where an action's target begins, is between the ends of a key of several lines."""
    lines, line = cursor.document.lines, cursor.position.line
    return begins_inside_key(lines[max(0, line - LONGEST_KEY) : line])


def _is_secret(snippet: Snippet) -> bool:
    return has_secret(snippet.text) or find_secret(snippet.path) is not None


class _Around:
    """The text around a cursor as one, and the secrets in it.

    ``on_the_line`` is the rule that finds one, whole or begun, on the cursor's own line, ``first`` the rule
    of the first one anywhere.
    """

    def __init__(self, prompt: Prompt, cursor: Cursor) -> None:
        self._prompt = prompt
        self._at = len(prompt.prefix) + len(prompt.forced)
        self._text = text = prompt.prefix + prompt.forced + prompt.suffix
        lines, line = cursor.document.lines, cursor.position.line
        first = line - text.count("\n", 0, self._at)
        inside = begins_inside_key(lines[max(0, first - LONGEST_KEY) : max(0, first)])
        self._hits = disjoint([*hits_in(text, inside_key=inside), *_cut(text, lines, first, line)])
        start, end = text.rfind("\n", 0, self._at) + 1, text.find("\n", self._at)
        touching = (h.rule for h in self._hits if h.end > start and (end < 0 or h.start < end))
        whole = (hit.rule for hit in line_hits(cursor.before + cursor.after))
        self.on_the_line = next(touching, None) or next(whole, None) or typed_secret(cursor.before)
        self.first = self._hits[0].rule if self._hits else None

    def redacted(self) -> tuple[str, str]:
        """The prefix and the suffix with each secret replaced. None is on the cursor's line."""
        prefix, suffix = self._prompt.prefix, self._prompt.suffix
        for hit in reversed(self._hits):
            if hit.start >= self._at:
                start, end = hit.start - self._at, hit.end - self._at
                suffix = f"{suffix[:start]}{REDACTED}{suffix[end:]}"
            else:
                prefix = f"{prefix[: hit.start]}{REDACTED}{prefix[hit.end :]}"
        return prefix, suffix


def _cut(text: str, lines: Sequence[str], first: int, at: int) -> list[Hit]:
    """What the window shows of lines that its edges cut, where the whole line has a secret.

    ``first`` is the number of the window's first line, ``at`` that of the cursor's, which is looked at whole.
    """
    last = first + text.count("\n")
    top, bottom = text.partition("\n")[0], text.rpartition("\n")[2]
    places = ((first, top, 0), (last, bottom, len(text) - len(bottom)))
    found = []
    for number, shown, start in places:
        whole = lines[number].rstrip("\r\n") if 0 <= number < len(lines) and number != at else ""
        if shown.strip() and len(shown) < len(whole) and line_hits(whole):
            found.append(Hit(start, start + len(shown), "in a line that is cut"))
    return found
