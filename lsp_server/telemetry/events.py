"""What happened to the last requests: names and numbers, never source text."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from lsp_server.telemetry.tally import Outcome, Tally
from lsp_server.types import Answer, PromptSummary, Trigger, Usage

KEPT: Final = 100
"""Requests kept for ``codestral.explain``: some minutes of typing."""


@dataclass(frozen=True, slots=True)
class Event:
    """One finished request. ``path`` is relative to the workspace; positions are 0-based, in code points."""

    number: int
    path: str
    language: str
    line: int
    column: int
    trigger: Trigger
    gate: str | None
    detail: str
    origin: str | None
    backend: str | None
    model: str | None
    lines: int
    characters: int
    timings_ms: Mapping[str, float]
    prompt: PromptSummary | None
    usage: Usage | None
    suggestion_id: str = ""


class Log:
    """The last events, newest last."""

    def __init__(self, size: int = KEPT) -> None:
        self._events: deque[Event] = deque(maxlen=size)
        self._outcomes: OrderedDict[str, str] = OrderedDict()
        self._count = 0
        self._identified = 0
        self._tally = Tally()

    def identified(self, answer: Answer) -> Answer:
        """The answer with an identifier on each suggestion, by which the editor tells what became of it."""
        if not answer.suggestions:
            return answer
        self._identified += 1
        suggestions = (
            replace(suggestion, id=f"{self._identified}.{index}")
            for index, suggestion in enumerate(answer.suggestions)
        )
        return replace(answer, suggestions=tuple(suggestions))

    def record(
        self, path: str, language: str, place: tuple[int, int], trigger: Trigger, answer: Answer
    ) -> Event:
        """Keep the event of one answer and return it."""
        self._count += 1
        suggestion = answer.suggestion
        event = Event(
            number=self._count,
            path=path,
            language=language,
            line=place[0],
            column=place[1],
            trigger=trigger,
            gate=answer.gate.name if answer.gate else None,
            detail=answer.gate.detail if answer.gate else "",
            origin=suggestion.origin if suggestion else None,
            backend=answer.backend,
            model=answer.model,
            lines=suggestion.text.count("\n") + 1 if suggestion else 0,
            characters=len(suggestion.text) if suggestion else 0,
            timings_ms=answer.timings_ms,
            prompt=answer.prompt,
            usage=answer.usage,
            suggestion_id=suggestion.id if suggestion else "",
        )
        self._events.append(event)
        self._tally.answered(answer)
        return event

    def shown(self, suggestion_id: str) -> None:
        """Note that the editor showed a suggestion."""
        self._tally.told(suggestion_id, "shown")
        self._note(suggestion_id, self._outcomes.get(suggestion_id, "shown"))

    def accepted(self, suggestion_id: str, length: int | None) -> None:
        """Note that the user took a suggestion, or its first ``length`` UTF-16 units."""
        outcome: Outcome = "accepted" if length is None else "accepted in part"
        self._tally.told(suggestion_id, outcome)
        self._note(suggestion_id, outcome)

    def outcome(self, event: Event) -> str | None:
        """What became of an event's suggestion as far as the editor told."""
        return self._outcomes.get(event.suggestion_id)

    def as_json(self) -> list[dict[str, Any]]:
        """The events kept as plain JSON values, newest first."""
        return [as_json(event, self.outcome(event)) for event in reversed(self._events)]

    def last_json(self) -> dict[str, Any] | None:
        """The last event as plain JSON values; None before the first."""
        return as_json(self._events[-1], self.outcome(self._events[-1])) if self._events else None

    def stats(self) -> dict[str, Any]:
        """The counts of this session, as plain JSON values."""
        totals_ms = [event.timings_ms["total"] for event in self._events if event.origin is not None]
        return self._tally.as_json(totals_ms)

    def _note(self, suggestion_id: str, outcome: str) -> None:
        self._outcomes[suggestion_id] = outcome
        while len(self._outcomes) > KEPT:
            self._outcomes.popitem(last=False)

    @property
    def events(self) -> tuple[Event, ...]:
        """The events kept, oldest first."""
        return tuple(self._events)


def as_json(event: Event, outcome: str | None = None) -> dict[str, Any]:
    """The event as plain JSON values, times rounded to hundredths of a millisecond."""
    prompt = event.prompt
    usage = event.usage
    return {
        "number": event.number,
        "path": event.path,
        "language": event.language,
        "line": event.line + 1,
        "column": event.column + 1,
        "trigger": event.trigger.value,
        "gate": event.gate,
        "detail": event.detail,
        "origin": event.origin,
        "backend": event.backend,
        "model": event.model,
        "lines": event.lines,
        "characters": event.characters,
        "outcome": outcome,
        "timings_ms": rounded(event.timings_ms),
        "prompt": summary_json(prompt),
        "usage": usage_json(usage),
    }


def rounded(timings_ms: Mapping[str, float]) -> dict[str, float]:
    """Times in milliseconds, to two decimals."""
    return {name: round(value, 2) for name, value in timings_ms.items()}


def summary_json(prompt: PromptSummary | None) -> dict[str, Any] | None:
    """The prompt's numbers as plain JSON values."""
    if prompt is None:
        return None
    return {
        "family": prompt.family,
        "tokens": prompt.tokens,
        "prefix_chars": prompt.prefix_chars,
        "suffix_chars": prompt.suffix_chars,
        "snippets": [
            {"path": path, "origin": origin, "score": round(score, 4)}
            for path, origin, score in prompt.snippets
        ],
    }


def usage_json(usage: Usage | None) -> dict[str, int | None] | None:
    """Token counts as plain JSON values."""
    if usage is None:
        return None
    return {
        "prompt_tokens": usage.prompt_tokens,
        "cached_tokens": usage.cached_tokens,
        "completion_tokens": usage.completion_tokens,
    }
