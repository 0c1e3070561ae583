"""The pieces a family's layout is made of, and how they become one text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lsp_server.prompt.comments import comment
from lsp_server.types import Prompt

UNTITLED: Final = "untitled"
"""The path of a buffer that has none."""


@dataclass(frozen=True, slots=True)
class Files:
    """How a family is shown the paths and texts of files.

    ``other`` holds ``{path}`` and ``{text}`` of one other file, ``current`` the ``{path}`` of the cursor's
    own. ``start`` opens the list. ``inside``: all of it belongs into the prefix part. ``between`` is the end
    of ``current`` that comes inside the prefix part where the rest stands before. ``always``: the own path is
    given even when nothing else is. With no ``other`` everything is given as comments in the prefix part.
    """

    start: str = ""
    other: str = ""
    current: str = ""
    between: str = ""
    inside: bool = False
    always: bool = False

    def render(self, prompt: Prompt, *, blank: bool) -> tuple[str, str]:
        """Return what stands before the infill, and what stands at the beginning of its prefix part.

        Both are empty while there is nothing but the file itself to show. A ``blank`` prompt is shown the
        path, which is then all there is to go by.
        """
        if not (prompt.snippets or blank or (self.always and prompt.path)):
            return "", ""
        path = prompt.path or UNTITLED
        if not self.other:
            return "", self._comments(prompt, path)
        others = "".join(
            self.other.format(path=s.path or UNTITLED, text=s.text.rstrip("\n")) for s in prompt.snippets
        )
        shown = (self.start if prompt.snippets else "") + others + self.current.format(path=path)
        between = self.between.format(path=path)
        return ("", shown + between) if self.inside else (shown, between)

    def _comments(self, prompt: Prompt, path: str) -> str:
        others = "".join(
            comment(f"Path: {s.path or UNTITLED}\n" + s.text.rstrip("\n"), prompt.language)
            for s in prompt.snippets
        )
        return others + comment(f"Path: {path}", prompt.language)


@dataclass(frozen=True, slots=True)
class Layout:
    """An infill text with ``{prefix}`` and ``{suffix}``, and the way files are shown."""

    infill: str
    files: Files

    def render(self, prompt: Prompt) -> str:
        """Return the whole text of ``prompt``. It is never empty: some servers answer nothing to that."""
        shown = prompt.prefix + prompt.forced + (prompt.suffix if "{suffix}" in self.infill else "")
        before, at_prefix = self.files.render(prompt, blank=not shown.strip())
        return before + self.infill.format(prefix=at_prefix + prompt.prefix, suffix=prompt.suffix)
