"""The one place where a prompt becomes clean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from lsp_server.policy.ignores import PathPolicy
from lsp_server.policy.paths import PathRules, relative_path
from lsp_server.policy.secrets import (
    REDACTED,
    begins_inside_key,
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
        kept = tuple(s for s in prompt.snippets if not (s.path and self.is_private(s.path, remote=remote)))
        prompt = replace(prompt, snippets=kept)
        if not remote:
            return CleanPrompt(prompt, destination)
        why = _held_back(prompt, cursor)
        if why is None and self.secrets == "block":
            why = _first_secret(prompt, cursor)
        if why is not None:
            return Gate(SECRET, f"the text around the cursor holds what looks like a secret ({why})")
        clean = _redacted(prompt, cursor) if self.secrets == "redact" else prompt
        kept = tuple(s for s in clean.snippets if not _is_secret(s))
        return CleanPrompt(replace(clean, snippets=kept), destination)


def _is_secret(snippet: Snippet) -> bool:
    return has_secret(snippet.text) or find_secret(snippet.path) is not None


def _held_back(prompt: Prompt, cursor: Cursor) -> str | None:
    """The rule that finds a secret where none may be redacted: on the cursor's line, in the file's name."""
    line = cursor.before + cursor.after
    found = next((hit.rule for hit in line_hits(line)), None)
    return found or typed_secret(cursor.before) or find_secret(prompt.path)


def _first_secret(prompt: Prompt, cursor: Cursor) -> str | None:
    text, inside = _window(prompt, cursor)
    around = next((hit.rule for hit in hits_in(text, inside_key=inside)), None) or _cut_secret(prompt, cursor)
    return around or next((rule for _, given in prompt.inputs if (rule := find_secret(given))), None)


def _redacted(prompt: Prompt, cursor: Cursor) -> Prompt:
    """``prompt`` without the secrets above and below the cursor's line and in the inputs."""
    text, inside = _window(prompt, cursor)
    at = len(prompt.prefix)
    prefix, suffix = text[:at], text[at + len(prompt.forced) :]
    for hit in reversed(hits_in(text, inside_key=inside)):
        if hit.end <= at:
            prefix = f"{prefix[: hit.start]}{REDACTED}{prefix[hit.end :]}"
        elif hit.start >= at + len(prompt.forced):
            start = hit.start - at - len(prompt.forced)
            suffix = f"{suffix[:start]}{REDACTED}{suffix[start + hit.end - hit.start :]}"
        else:  # A key over several lines, with the cursor in it: what there is of it goes.
            prefix, suffix = prefix[: hit.start], suffix[max(0, hit.end - at - len(prompt.forced)) :]
    top, bottom = _cut_lines(prompt, cursor)
    if top:
        prefix = REDACTED + prefix[len(top) :] if prefix.startswith(top) else prefix
    if bottom:
        suffix = suffix[: -len(bottom)] + REDACTED if suffix.endswith(bottom) else suffix
    inputs = tuple((name, redacted(given)) for name, given in prompt.inputs)
    return replace(prompt, prefix=prefix, suffix=suffix, inputs=inputs)


def _window(prompt: Prompt, cursor: Cursor) -> tuple[str, bool]:
    """The text around the cursor as one, and whether it begins within a private key."""
    first = cursor.position.line - prompt.prefix.count("\n") - prompt.forced.count("\n")
    above = cursor.document.lines[: max(0, first)]
    return prompt.prefix + prompt.forced + prompt.suffix, begins_inside_key(above)


def _cut_secret(prompt: Prompt, cursor: Cursor) -> str | None:
    """The rule that finds a secret in a line that the window's edge cuts."""
    return "a line that is cut" if any(_cut_lines(prompt, cursor)) else None


def _cut_lines(prompt: Prompt, cursor: Cursor) -> tuple[str, str]:
    """The window's first and last line, each if only a part of it is shown and the whole has a secret."""
    lines, at = cursor.document.lines, cursor.position.line
    first, last = at - (prompt.prefix + prompt.forced).count("\n"), at + prompt.suffix.count("\n")
    top, bottom = prompt.prefix.partition("\n")[0], prompt.suffix.rpartition("\n")[2]
    found = []
    for number, shown in ((first, top), (last, bottom)):
        whole = lines[number].rstrip("\r\n") if 0 <= number < len(lines) and number != at else ""
        is_cut = bool(shown.strip()) and len(shown) < len(whole)
        found.append(shown if is_cut and line_hits(whole) else "")
    return found[0], found[1]
