"""Whether a path pattern can be used. The patterns are matched by ``lsp_server.policy``."""

from __future__ import annotations

import re
import warnings
from typing import Final

MOST_WILDCARDS: Final = 3
MOST_DEEP_WILDCARDS: Final = 2
LONGEST_PATTERN: Final = 256
"""Limits for patterns that a repository can bring. Matching backtracks: on the longest path of Linux, three
``**/a/`` took 33 s, four ``*`` in a name 1.5 s, two ``**`` inside a name minutes; within these limits it is
0.06 s at most."""


def syntax_fault(pattern: str) -> str:
    """Return what is wrong with a pattern in the manner of .gitignore, or nothing."""
    from pathspec import GitIgnoreSpec

    if not pattern.strip() or "\0" in pattern:
        return "should not be empty"
    try:
        with warnings.catch_warnings():
            # Python warns of brackets that it will read in another way some day: [[a].
            warnings.simplefilter("error")
            # Policy matches in lower case, in which a range such as [Z-a] is another one.
            for spelling in (pattern, pattern.lower()):
                GitIgnoreSpec.from_lines([spelling])
    except (ValueError, re.error, FutureWarning, OverflowError, RecursionError):
        return "should be a path pattern as in .gitignore"
    return ""


def cost_fault(pattern: str) -> str:
    """Return why a pattern that comes with a repository may take too long to match, or nothing."""
    segments = pattern.split("/")
    deep = segments.count("**")
    wildcards = deep + sum(segment.count("*") for segment in segments if segment != "**")
    inside = any("**" in segment for segment in segments if segment != "**")
    if inside or len(pattern) > LONGEST_PATTERN or wildcards > MOST_WILDCARDS or deep > MOST_DEEP_WILDCARDS:
        return (
            f"should have at most {LONGEST_PATTERN} characters, {MOST_WILDCARDS} wildcards and "
            f"{MOST_DEEP_WILDCARDS} of them **, each between slashes"
        )
    return ""
