"""What each source may set, in one table, and which backends count as another machine.

The rule is about where a value comes from, never about what it is called: a repository's file, or an editor
that merges repository files into its settings, must not choose where code or keys go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from lsp_server.config.origins import parse_origin
from lsp_server.config.settings import BackendSettings
from lsp_server.config.sources import Source


class Rule(StrEnum):
    """What a source may do to a value."""

    SET = "may set"
    FILL = "may set what the user file leaves open, and narrow the rest"
    NARROW = "may only narrow"
    NEVER = "never"


class Wider(Exception):
    """The proposed value allows more than the value in force. ``str(error)`` says what would be accepted."""


Narrow = Callable[[Any, Any], Any]
"""From the value in force and a proposed one, the one that allows no more than either. Raises ``Wider``."""


@dataclass(frozen=True, slots=True)
class Row:
    """The rules for one setting; ``*`` in the pattern stands for a name."""

    pattern: str
    user: Rule
    environment: Rule
    editor: Rule
    workspace: Rule
    narrow: Narrow | None = None

    def of(self, source: Source) -> Rule:
        """The rule for ``source``; the defaults are ours to set."""
        rules = {
            Source.DEFAULT: Rule.SET,
            Source.USER: self.user,
            Source.ENVIRONMENT: self.environment,
            Source.EDITOR: self.editor,
            Source.WORKSPACE: self.workspace,
        }
        return rules[source]


def only(value: object) -> Narrow:
    """Narrow to ``value`` alone."""

    def narrow(current: object, proposed: object) -> object:
        if proposed not in (value, current):
            raise Wider(f"may only set {_spelled(value)}")
        return proposed

    return narrow


def at_most(current: float | None, proposed: float | None) -> float | None:
    """The smaller of two limits; None is no limit."""
    if current is None or proposed is None:
        return proposed if current is None else current
    return min(current, proposed)


def ranked(*order: str) -> Narrow:
    """Narrow along ``order``, narrowest first."""

    def narrow(current: str, proposed: str) -> str:
        if order.index(proposed) > order.index(current):
            raise Wider(f"may set nothing above {_spelled(current)}")
        return proposed

    return narrow


def union(current: tuple[str, ...], proposed: tuple[str, ...]) -> tuple[str, ...]:
    """Both lists of path patterns, the current one first. A pattern that takes others back is not added."""
    if any(pattern.startswith("!") for pattern in proposed):
        raise Wider("may only add patterns, without !")
    return (*current, *(pattern for pattern in dict.fromkeys(proposed) if pattern not in current))


def subset(current: tuple[str, ...] | None, proposed: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Those of the proposed names that are current; None is all names."""
    if current is None or proposed is None:
        return proposed if current is None else current
    return tuple(name for name in proposed if name in current)


def choice(current: tuple[str, ...], proposed: tuple[str, ...]) -> tuple[str, ...]:
    """As ``subset``, but never none: an empty order would mean all backends."""
    chosen = subset(current, tuple(dict.fromkeys(proposed)))
    if not chosen:
        raise Wider("may only choose among the backends that the user has in use")
    return chosen


def _row(pattern: str, editor: Rule, workspace: Rule, narrow: Narrow | None = None) -> Row:
    return Row(pattern, Rule.SET, Rule.NEVER, editor, workspace, narrow)


SET, FILL, NARROW, NEVER = Rule
TABLE: Final = (
    _row("completion.enabled", SET, NARROW, only(False)),
    _row("completion.menu", SET, NARROW, ranked("never", "auto", "always")),
    _row("completion.debounce", SET, NEVER),
    _row("completion.max_lines", SET, NARROW, at_most),
    _row("completion.max_tokens", SET, NARROW, at_most),
    _row("completion.languages.*", SET, NARROW, only(False)),
    _row("completion.eagerness", SET, NARROW, at_most),
    _row("completion.candidates", SET, NARROW, at_most),
    _row("completion.speculation", SET, NARROW, ranked("never", "local", "always")),
    _row("context.enabled", SET, NARROW, only(False)),
    _row("context.budget_tokens", SET, NARROW, at_most),
    _row("context.budget_ms", SET, NARROW, at_most),
    _row("context.sources", SET, NARROW, subset),
    _row("privacy.remote", NARROW, NARROW, only("never")),
    _row("privacy.exclude", NARROW, NARROW, union),
    _row("privacy.local_only", NARROW, NARROW, union),
    _row("privacy.gitignored", NARROW, NARROW, only("local_only")),
    _row("privacy.secrets", FILL, NARROW, only("block")),
    _row("routing.order", SET, NARROW, choice),
    _row("routing.hedge", SET, NARROW, only(False)),
    _row("routing.max_wait_ms", SET, NARROW, at_most),
    _row("licence.production", SET, NARROW, only(True)),
    _row("telemetry.enabled", SET, NARROW, only(False)),
    _row("telemetry.prometheus", SET, NARROW, only(False)),
    _row("experiments.*", SET, NEVER),
    # Some editors merge repository files into their settings, and an action's prompt decides what is written.
    _row("actions.*", NEVER, NEVER),
    _row("backends.*.name", SET, NEVER),
    _row("backends.*.kind", SET, NEVER),
    # An editor's remote address takes effect once the user has approved its origin: see ``consent``.
    Row("backends.*.url", Rule.SET, Rule.SET, Rule.SET, Rule.NEVER),
    _row("backends.*.model", SET, NEVER),
    _row("backends.*.family", SET, NEVER),
    _row("backends.*.trusted", NEVER, NEVER),
    _row("backends.*.context_tokens", SET, NEVER),
    _row("backends.*.concurrency", SET, NEVER),
    _row("backends.*.key_env", NEVER, NEVER),
    _row("backends.*.key_file", NEVER, NEVER),
    _row("backends.*.keyring", NEVER, NEVER),
    _row("backends.*.session_header", SET, NEVER),
    _row("backends.*.keep_alive", SET, NEVER),
    _row("backends.*.use_suffix", SET, NEVER),
    _row("backends.*.threads", SET, NEVER),
    _row("backends.*.price_in", SET, NEVER),
    _row("backends.*.price_out", SET, NEVER),
    _row("backends.*.minute_requests", SET, NARROW, at_most),
    _row("backends.*.daily_requests", SET, NARROW, at_most),
    _row("backends.*.daily_tokens", SET, NARROW, at_most),
    _row("backends.*.daily_cost", SET, NARROW, at_most),
)
"""Every setting once. What is not in the table may be set by nobody."""

_ROWS: Final[Mapping[str, Row]] = {row.pattern: row for row in TABLE}


def pattern_of(path: str) -> str:
    """The table's pattern for a setting's dotted path: ``backends.team.url`` is ``backends.*.url``."""
    if path.startswith("backends."):
        return f"backends.*.{path.rpartition('.')[2]}"
    for parent in ("completion.languages.", "experiments.", "actions."):
        if path.startswith(parent):
            return f"{parent}*"
    return path


def rule_for(path: str, source: Source) -> Rule:
    """What ``source`` may do to the setting at ``path``; never, for one that the table does not have."""
    row = _ROWS.get(pattern_of(path))
    return row.of(source) if row else Rule.NEVER


def narrowed(path: str, current: object, proposed: object) -> object:
    """The value at ``path`` that allows no more than the current and the proposed one.

    Raises:
        Wider: The proposed value asks for more, and is to be told so.
    """
    narrow = _ROWS[pattern_of(path)].narrow
    if narrow is None:
        raise Wider("may not be changed")
    return narrow(current, proposed)


def is_remote(backend: BackendSettings) -> bool:
    """Whether a backend is another machine in the eyes of policy.

    ``trusted`` decides where it is set; else the embedded engine and loopback addresses are local and
    everything else is remote, an address that cannot be parsed included.
    """
    if backend.trusted is not None:
        return not backend.trusted
    if backend.kind == "embedded":
        return False
    try:
        return not parse_origin(backend.address).loopback
    except ValueError:
        return True


def _spelled(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"'
