"""All sources together: the settings in force, where each value came from, and what is wrong. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from lsp_server.config.consent import Consent, consent, origin_of
from lsp_server.config.environment import Environment
from lsp_server.config.merging import SECTIONS, Merged
from lsp_server.config.settings import BackendSettings, Settings
from lsp_server.config.sources import Layer, Problem, Source
from lsp_server.config.trust import is_remote

BOUND_TO_ORIGIN: Final = ("key_env", "key_file", "keyring", "trusted")
"""What the user file says about a backend for the address that it gives, and for no other."""

NO_USER_FILE: Final = Layer(Source.USER)
NO_ENVIRONMENT: Final = Environment()
NO_EDITOR: Final = Layer(Source.EDITOR)
NO_CONSENT: Final = Consent(given=False, known=frozenset())


@dataclass(frozen=True, slots=True)
class Inputs:
    """What each source says. ``approved`` are the origins that the user approved."""

    user: Layer = NO_USER_FILE
    environment: Environment = NO_ENVIRONMENT
    editor: Layer = NO_EDITOR
    workspaces: tuple[Layer, ...] = ()
    approved: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Resolved:
    """The settings in force and what they permit.

    ``settings.privacy.remote`` is only what was said; ``remote_allowed`` is the answer.
    ``settings.backends`` has all backends, ``usable_backends`` those without the ones that wait for an
    approval (``needs_approval``: name and origin; empty where remote is refused anyway).
    """

    settings: Settings
    origins: Mapping[str, Source]
    """Dotted path to the source that set the value; the same paths as ``settings`` has."""
    problems: tuple[Problem, ...] = ()
    policy_valid: bool = True
    """False: what was said about privacy cannot be known, so everything remote is refused."""
    remote_allowed: bool = False
    remote_refused: bool = False
    """Whether a source says never to remote, or may have meant to (``policy_valid``)."""
    configured: bool = False
    """Whether the user file or the editor has a list of backends, usable or not."""
    needs_approval: tuple[tuple[str, str], ...] = ()
    usable_backends: tuple[BackendSettings, ...] = ()
    consent: Consent = NO_CONSENT

    @property
    def may_discover_remote(self) -> bool:
        """Whether, for want of any configured backend, Mistral may be used with a key in the environment."""
        return not self.configured and not self.remote_refused

    def allows(self, backend: BackendSettings) -> bool:
        """Whether code may be sent to ``backend``, be it configured or discovered."""
        return not is_remote(backend) or (self.remote_allowed and self.consent.covers(backend))


def resolve(inputs: Inputs) -> Resolved:
    """Return what the sources amount to. Never raises on what they say."""
    merged = Merged()
    merged.problems.extend(inputs.environment.problems)
    merged.add(inputs.user)
    own = {name: BackendSettings.model_validate(values) for name, values in merged.backends.items()}
    allowed = merged.values["privacy.remote"] == "allow"
    merged.add(inputs.editor)
    for layer in inputs.workspaces:
        merged.add(layer)
    merged.close()
    _place_ollama(merged, inputs.environment)
    _bind(merged, own)
    _keep_distrust(merged, own)
    return _permitted(merged, _settings(merged), tuple(own.values()), inputs, allowed=allowed)


def _place_ollama(merged: Merged, environment: Environment) -> None:
    """Let OLLAMA_HOST stand in for Ollama's usual address wherever no source gives one."""
    for name, values in merged.backends.items():
        if values["kind"] == "ollama" and not values.get("url") and environment.ollama_url:
            values["url"] = environment.ollama_url
            merged.origins[f"backends.{name}.url"] = Source.ENVIRONMENT


def _bind(merged: Merged, own: Mapping[str, BackendSettings]) -> None:
    """Take back the user file's keys and trust from backends that another source moves to another origin."""
    for name, values in merged.backends.items():
        path = f"backends.{name}"
        if values["kind"] == "embedded" and values.pop("url", ""):
            source = merged.origins.pop(f"{path}.url")
            merged.note(source, f"{path}.url", "is disregarded", "the embedded engine has no address")
        before = own.get(name)
        if before is None or origin_of(before) == origin_of(BackendSettings.model_validate(values)):
            continue
        mover = merged.origins.get(f"{path}.url", merged.origins[f"{path}.kind"])
        for key in BOUND_TO_ORIGIN:
            # Distrust holds wherever the backend goes.
            if values.get(key) in (None, "", False):
                continue
            del values[key]
            merged.origins.pop(f"{path}.{key}", None)
            merged.note(
                mover,
                f"{path}.url",
                f"is another origin than the user file's, so {key} does not apply",
                "write the url into the user file",
            )


def _keep_distrust(merged: Merged, own: Mapping[str, BackendSettings]) -> None:
    """Extend ``trusted = false`` on a loopback port (a tunnel) to every other backend at that port."""
    distrusted = {
        origin.port
        for b in own.values()
        if b.trusted is False and (origin := origin_of(b)) and origin.loopback
    }
    for name, values in merged.backends.items():
        origin = origin_of(BackendSettings.model_validate(values))
        if origin and origin.loopback and origin.port in distrusted and values.get("trusted") is None:
            values["trusted"] = False
            merged.origins[f"backends.{name}.trusted"] = Source.USER


def _settings(merged: Merged) -> Settings:
    order = _known(merged, "routing.order", merged.values["routing.order"])
    experiments = []
    for name, experiment in merged.experiments.items():
        arms = _known(merged, f"experiments.{name}", [arm.backend for arm in experiment.arms])
        if len(arms) == len(experiment.arms):
            experiments.append(experiment)
    sections: dict[str, Any] = {}
    for section, model in SECTIONS.items():
        sections[section] = model.model_validate(
            {name: merged.values[f"{section}.{name}"] for name in model.model_fields}
        )
    sections["routing"] = sections["routing"].model_copy(update={"order": order})
    backends = tuple(BackendSettings.model_validate(values) for values in merged.backends.values())
    return Settings(
        **sections, backends=backends, experiments=tuple(experiments), actions=tuple(merged.actions.values())
    )


def _known(merged: Merged, path: str, names: Sequence[str]) -> tuple[str, ...]:
    """Those of ``names`` that are backends; the others are a problem."""
    for name in names:
        if name not in merged.backends:
            source = merged.origins.get(path, Source.DEFAULT)
            merged.note(
                source, path, "names a backend that there is not", "add it to [[backends]] or remove it"
            )
    return tuple(name for name in names if name in merged.backends)


def _permitted(
    merged: Merged, settings: Settings, own: Sequence[BackendSettings], inputs: Inputs, *, allowed: bool
) -> Resolved:
    never = settings.privacy.remote == "never" and merged.origins["privacy.remote"] is not Source.DEFAULT
    refused = never or not merged.policy_valid
    asked = settings.backends
    if not merged.configured and inputs.environment.ollama_url:
        # Discovery will look there; another machine has to be approved first.
        asked = (BackendSettings(name="ollama", kind="ollama", url=inputs.environment.ollama_url),)
    key_alone = not merged.configured and inputs.environment.has_mistral_key
    granted = consent(asked, own, inputs.approved, otherwise=allowed or key_alone)
    waiting = () if refused else tuple((b.name, str(origin_of(b))) for b in asked if not granted.covers(b))
    return Resolved(
        settings=settings,
        origins=MappingProxyType(_all_origins(merged, settings)),
        problems=tuple(dict.fromkeys(merged.problems)),
        policy_valid=merged.policy_valid,
        remote_allowed=granted.given and not refused,
        remote_refused=refused,
        configured=merged.configured,
        needs_approval=waiting,
        usable_backends=tuple(b for b in settings.backends if granted.covers(b)),
        consent=granted,
    )


def _all_origins(merged: Merged, settings: Settings) -> dict[str, Source]:
    origins = {
        path: source
        for path, source in merged.origins.items()
        if not path.startswith(("backends.", "experiments.", "actions."))
    }
    for backend in settings.backends:
        for name in BackendSettings.model_fields:
            path = f"backends.{backend.name}.{name}"
            origins[path] = merged.origins.get(path, Source.DEFAULT)
    for experiment in settings.experiments:
        origins[f"experiments.{experiment.name}"] = merged.origins[f"experiments.{experiment.name}"]
    for action in settings.actions:
        origins[f"actions.{action.name}"] = merged.origins[f"actions.{action.name}"]
    return origins
