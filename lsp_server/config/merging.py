"""Layers of settings laid over one another, each value by the rule for its source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from lsp_server.config.patterns import cost_fault
from lsp_server.config.settings import (
    ActionSettings,
    BackendSettings,
    ExperimentSettings,
    PrivacySettings,
    Section,
    Settings,
)
from lsp_server.config.sources import Layer, Problem, Source, shown
from lsp_server.config.trust import Rule, Wider, narrowed, rule_for
from lsp_server.config.validation import entries, mapping, unknown, valid_fields

MOST_PROBLEMS: Final = 20
"""Problems told per source. A repository's file must not flood the user with messages."""

_DEFAULTS: Final = Settings()
SECTIONS: Final[Mapping[str, type[Section]]] = {
    name: type(getattr(_DEFAULTS, name))
    for name in Settings.model_fields
    if isinstance(getattr(_DEFAULTS, name), Section)
}
"""The sections that are plain tables of values; backends, experiments and actions are lists by name."""

NamedT = TypeVar("NamedT", ExperimentSettings, ActionSettings)

PRIVACY: Final = "privacy"
_PATTERNS: Final = frozenset({"privacy.exclude", "privacy.local_only"})


@dataclass(slots=True)
class Merged:
    """The values in force after the layers so far, and where each came from. Built up by ``add``."""

    values: dict[str, Any] = field(default_factory=dict)
    """Setting path to value; ``completion.languages`` is a table of its own."""
    backends: dict[str, dict[str, Any]] = field(default_factory=dict)
    experiments: dict[str, ExperimentSettings] = field(default_factory=dict)
    actions: dict[str, ActionSettings] = field(default_factory=dict)
    origins: dict[str, Source] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    policy_valid: bool = True
    configured: bool = False
    """Whether any source but the workspace has a list of backends, be they usable or not."""
    _layer: Layer = field(default_factory=lambda: Layer(Source.DEFAULT))
    _places: dict[Source, str] = field(default_factory=dict)
    _told: Counter[tuple[Source, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        for section in SECTIONS:
            for name, value in getattr(_DEFAULTS, section):
                self.values[f"{section}.{name}"] = dict(value) if isinstance(value, dict) else value
                self.origins[f"{section}.{name}"] = Source.DEFAULT

    def add(self, layer: Layer) -> None:
        """Lay ``layer`` over the values so far. Never raises: what cannot be taken is a problem."""
        self._layer = layer
        self._places[layer.source] = layer.place
        if layer.failure:
            self._report("", layer.failure, "the whole file is disregarded" if layer.place else "")
            self.policy_valid = self.policy_valid and layer.source not in (Source.USER, Source.WORKSPACE)
            return
        tree = mapping(layer.tree, "", self._report)
        for name, raw in tree.items():
            if name in SECTIONS:
                self._add_section(name, mapping(raw, name, self._report))
            elif name not in Settings.model_fields:
                self._add_unknown(str(name))
        self._add_backends(tree.get("backends"))
        self._add_named("experiments", ExperimentSettings, tree.get("experiments"), self.experiments)
        self._add_named("actions", ActionSettings, tree.get("actions"), self.actions)

    def close(self) -> None:
        """Say how many problems were not told one by one."""
        for (source, place), count in self._told.items():
            if count > MOST_PROBLEMS:
                more = f"has {count - MOST_PROBLEMS} more problems"
                self.problems.append(Problem(source, "", more, "", place))

    def note(self, source: Source, path: str, what: str, expected: str = "") -> None:
        """Add a problem of the layers together."""
        self.problems.append(Problem(source, path, what, expected, self._places.get(source, "")))

    def _report(self, path: str, what: str, expected: str) -> None:
        """Note a fault of the current layer. A wrong word about privacy may have been meant to forbid."""
        if path.startswith(PRIVACY) or (path.endswith(".trusted") and self._layer.source is Source.USER):
            self.policy_valid = False
        self._tell(path, what, expected)

    def _tell(self, path: str, what: str, expected: str) -> None:
        layer = self._layer
        self._told[layer.source, layer.place] += 1
        if self._told[layer.source, layer.place] <= MOST_PROBLEMS:
            self.problems.append(Problem(layer.source, path, what, expected, layer.place))

    def _is_full(self) -> bool:
        return self._told[self._layer.source, self._layer.place] >= MOST_PROBLEMS

    def _refuse(self, path: str, why: str) -> None:
        """Note a value that is well-formed and that the current source may not set."""
        self._tell(path, f"is not for the {self._layer.source} to set", why)

    def _add_unknown(self, name: str) -> None:
        hint = "" if self._is_full() else unknown(name, list(Settings.model_fields))
        if name in PrivacySettings.model_fields or hint == f"did you mean {PRIVACY}?":
            # Somebody misspelled [privacy], or forgot it.
            self.policy_valid = False
            hint = "did you mean [privacy]?"
        self._report(name, "is not a setting", hint)

    def _add_section(self, section: str, raw: Mapping[Any, object]) -> None:
        values = valid_fields(SECTIONS[section], raw, section, self._report)
        for name, value in (values or {}).items():
            path = f"{section}.{name}"
            if isinstance(value, dict):
                self._add_table(path, value)
            else:
                self._set(self.values, path, path, self._acceptable(path, value))

    def _acceptable(self, path: str, value: Any) -> Any:
        """Leave out path patterns from a repository that take others back, or may be slow to match."""
        if path not in _PATTERNS or self._layer.source is Source.USER:
            return value
        kept = []
        for pattern in value:
            fault = cost_fault(pattern)
            if pattern.startswith("!"):
                self._refuse(path, f"it may only add patterns, not {shown(pattern)!r}")
            elif fault:
                self._report(path, f"has {shown(pattern)!r}", fault)
            else:
                kept.append(pattern)
        return tuple(kept)

    def _add_table(self, path: str, table: Mapping[str, bool]) -> None:
        current: dict[str, bool] = self.values[path]
        for name, value in table.items():
            self._set(current, name, f"{path}.{name}", value, default=True)

    def _set(self, target: dict[str, Any], key: str, path: str, value: Any, *, default: Any = None) -> None:
        """Set or narrow one value by the rule for the current source, and remember where it came from."""
        source = self._layer.source
        rule = rule_for(path, source)
        before = self.origins.get(path, Source.DEFAULT)
        if rule is Rule.FILL:
            rule = Rule.NARROW if before is Source.USER else Rule.SET
        if rule is Rule.NEVER:
            self._refuse(path, "write it into the user file")
            return
        current = target.get(key, default)
        if rule is Rule.NARROW:
            try:
                narrow = narrowed(path, self._choices(path, current), value)
            except Wider as error:
                self._refuse(path, f"it {error}")
                return
            # To repeat what holds is nothing new; but to say what is only a default so far makes it binding.
            if narrow == current and (before is not Source.DEFAULT or value != current):
                return
            value = narrow
        target[key] = value
        self.origins[path] = source

    def _choices(self, path: str, current: Any) -> Any:
        """What there is to choose from: an order that names no backend at all means all of them."""
        if path != "routing.order":
            return current
        return tuple(name for name in current if name in self.backends) or tuple(self.backends)

    def _add_backends(self, raw: object) -> None:
        if raw not in (None, [], ()) and self._layer.source is not Source.WORKSPACE:
            self.configured = True
        seen: set[str] = set()
        for index, entry in entries(raw, "backends", self._report):
            name = entry.get("name")
            path = f"backends[{index}]"
            if not isinstance(name, str) or name in seen:
                self._report(f"{path}.name", "is there twice" if isinstance(name, str) else "is missing", "")
                continue
            seen.add(name)
            if rule_for("backends.*.name", self._layer.source) is Rule.NEVER and name not in self.backends:
                self._refuse(path, "only backends that the user has can be named")
                continue
            self._add_backend(name, entry)

    def _add_backend(self, name: str, entry: Mapping[Any, object]) -> None:
        base = self.backends.get(name, {})
        prefix = f"backends.{shown(name)}"
        values = valid_fields(BackendSettings, entry, prefix, self._report, base)
        if values is None:
            return
        if not base and entry.get("url") and "url" not in values:
            # Its kind's usual address is somewhere else than where the user wanted to send code.
            self._report(prefix, "is left out", "it has no usable url")
            return
        target = dict(base) or {"name": name, "kind": values["kind"]}
        for key, value in values.items():
            if key in {"name", "kind"} and target.get(key) == value:
                self.origins.setdefault(f"{prefix}.{key}", self._layer.source)
            else:
                self._set(target, key, f"{prefix}.{key}", value)
        self.backends[name] = target

    def _add_named(self, what: str, model: type[NamedT], raw: object, target: dict[str, NamedT]) -> None:
        """Add a list whose entries replace one another by name, each as a whole."""
        for index, entry in entries(raw, what, self._report):
            values = valid_fields(model, entry, f"{what}[{index}]", self._report)
            if values is not None:
                name = str(values["name"])
                self._set(target, name, f"{what}.{name}", model.model_validate(values))
