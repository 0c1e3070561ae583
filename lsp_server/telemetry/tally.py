"""Counts of one session: how many requests, what became of them, and why some came to nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any, Literal

from lsp_server.types import Answer

Outcome = Literal["shown", "accepted", "accepted in part"]


class Tally:
    """Names and numbers since the session began, no source text."""

    def __init__(self) -> None:
        self._requests = 0
        self._gates: Counter[str] = Counter()
        self._backends: Counter[str] = Counter()
        self._origins: Counter[str] = Counter()
        self._outcomes: dict[str, set[str]] = {"shown": set(), "accepted": set(), "accepted in part": set()}

    def answered(self, answer: Answer) -> None:
        """Count the answer to a request."""
        self._requests += 1
        if answer.gate is not None:
            self._gates[answer.gate.name] += 1
        elif answer.suggestion is not None:
            self._backends[answer.suggestion.backend] += 1
            self._origins[answer.suggestion.origin] += 1

    def told(self, suggestion_id: str, outcome: Outcome) -> None:
        """Count what the editor tells of a suggestion, once for each."""
        self._outcomes[outcome].add(suggestion_id)
        if outcome != "shown":
            self._outcomes["shown"].add(suggestion_id)

    def as_json(self, totals_ms: Sequence[float]) -> dict[str, Any]:
        """The counts as plain JSON values. ``totals_ms`` are the times of the last suggestions."""
        whole = self._outcomes["accepted"]
        return {
            "requests": self._requests,
            "suggestions": self._origins.total(),
            "shown": len(self._outcomes["shown"]),
            "accepted": len(whole),
            "accepted_in_part": len(self._outcomes["accepted in part"] - whole),
            "median_ms": round(median(totals_ms), 1) if totals_ms else None,
            "gates": dict(self._gates.most_common()),
            "backends": dict(self._backends.most_common()),
            "origins": dict(self._origins.most_common()),
        }


def stats_markdown(stats: Mapping[str, Any]) -> str:
    """The counts of ``Tally.as_json`` as a page for people, in Markdown."""
    return "\n".join(_lines(stats)) + "\n"


def _lines(stats: Mapping[str, Any]) -> Iterator[str]:
    yield from ("# This session", "", "| | |", "|---|---|")
    requests, shown, median_ms = stats["requests"], stats["shown"], stats["median_ms"]
    yield f"| requests | {requests} |"
    yield f"| answered with a suggestion | {_count(stats['suggestions'], requests)} |"
    if median_ms is not None:
        yield f"| time to the last suggestions, median | {median_ms} ms |"
    yield f"| shown, as far as the editor tells | {shown} |"
    yield f"| accepted whole | {_count(stats['accepted'], shown)} |"
    yield f"| accepted in part | {_count(stats['accepted_in_part'], shown)} |"
    for title, name in (("From", "origins"), ("Backend", "backends"), ("Why there was none", "gates")):
        if stats[name]:
            yield from ("", f"| {title} | |", "|---|---|")
            yield from (f"| `{what}` | {count} |" for what, count in stats[name].items())


def _count(part: int, whole: int) -> str:
    return f"{part} ({100 * part / whole:.0f} %)" if whole else str(part)
