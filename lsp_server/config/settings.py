"""The settings as a tree of frozen values.

Where a value came from is told by ``layers``; what each source may set, by ``trust``.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

ContextSource = Literal[
    "commit", "definitions", "file", "imports", "windows", "similar", "edits", "diagnostics"
]
BackendKind = Literal["ollama", "mistral", "openai", "llamacpp", "embedded"]

DEFAULT_URLS: dict[BackendKind, str] = {
    "ollama": "http://127.0.0.1:11434",
    "mistral": "https://codestral.mistral.ai",
    "openai": "http://127.0.0.1:8000/v1",
    "llamacpp": "http://127.0.0.1:8080",
    "embedded": "",
}


ACTION_NAMES: Final = frozenset(
    """fix complete todo docstring annotate simplify extract translate-comments edit tests explain
    commit-message toggle snooze explain-completion""".split()  # noqa: SIM905 - a list of them would be a page long
)
"""The names that ``actions.offers.NAMES`` has, which a test compares."""


class Section(BaseModel):
    """Base of all sections: immutable, and a name it does not know is an error with that name in it."""

    # An input can be a key in the wrong place, and a number that is none compares with nothing.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False)


class CompletionSettings(Section):
    """When to suggest, and how much."""

    enabled: bool = True
    menu: Literal["auto", "always", "never"] = "auto"
    """Whether textDocument/completion is served: auto is off when the client announces inlineCompletion."""
    debounce: Literal["adaptive"] | Annotated[int, Field(ge=0, le=10_000)] = "adaptive"
    max_lines: int = Field(16, ge=1, le=200)
    max_tokens: int = Field(128, ge=1, le=4096)
    languages: dict[str, bool] = Field(default_factory=dict)
    """Language identifier to enabled; languages that are not named are enabled."""
    eagerness: float = Field(0.5, ge=0.0, le=1.0)
    candidates: int = Field(3, ge=1, le=8)
    speculation: Literal["never", "local", "always"] = "local"
    """Where to work ahead while a suggestion is read: ``local`` means backends that are local or free."""


class ContextSettings(Section):
    """What the model is shown beside the text around the cursor."""

    enabled: bool = True
    budget_tokens: int = Field(2048, ge=0)
    """The most tokens of a prompt, all parts together, within the model's context."""
    budget_ms: int = Field(50, ge=0, le=2000)
    sources: tuple[ContextSource, ...] | None = None
    """The names that ``context.sources.NAMES`` has, which a test compares."""


class PrivacySettings(Section):
    """What may be read, and what may leave the machine."""

    remote: Literal["never", "allow"] = "never"
    exclude: tuple[str, ...] = ()
    local_only: tuple[str, ...] = ()
    gitignored: Literal["local_only", "allow"] = "local_only"
    """What to do with files that git ignores: show them to local backends only, or to any."""
    secrets: Literal["block", "redact"] = "block"


class RoutingSettings(Section):
    """Which backend answers."""

    order: tuple[str, ...] = ()
    """Backend names, first choice first; empty means the order of their definition."""
    hedge: bool = True
    max_wait_ms: int = Field(5000, ge=100, le=120_000)


class LicenceSettings(Section):
    """How strict to be about model licences."""

    production: bool = False


class TelemetrySettings(Section):
    """Local counts of what was shown and kept. Nothing is sent anywhere, and no source text is kept."""

    enabled: bool = True
    prometheus: bool = False


class BackendSettings(Section):
    """One model endpoint."""

    name: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")
    kind: BackendKind
    url: str = ""
    """Empty means the kind's usual address (``DEFAULT_URLS``)."""
    model: str = ""
    """Empty means the first suitable model that the backend lists."""
    family: str = ""
    """A model family's name, or empty to detect it."""
    trusted: bool | None = None
    """None: loopback is local, everything else remote. True or False overrides it (user file only)."""
    context_tokens: int | None = Field(None, ge=256)
    concurrency: int | None = Field(None, ge=1, le=64)
    key_env: str = ""
    key_file: str = ""
    keyring: str = ""
    """Service name in the system keyring; the account is the backend's origin."""
    session_header: str = ""
    keep_alive: str = "30m"
    """Ollama only: how long the model stays loaded after a request."""
    use_suffix: bool = False
    """Ollama only: let the server's own template place the suffix instead of ours."""
    threads: int | None = Field(None, ge=1, le=256)
    """Embedded only: generation threads; None means the number of cores."""
    price_in: float | None = Field(None, ge=0)
    price_out: float | None = Field(None, ge=0)
    """Of a million tokens that are read and written, in whatever currency ``daily_cost`` is meant in."""
    minute_requests: int | None = Field(None, ge=0)
    daily_requests: int | None = Field(None, ge=0)
    daily_tokens: int | None = Field(None, ge=0)
    daily_cost: float | None = Field(None, ge=0)

    @property
    def address(self) -> str:
        """The URL in force, without a trailing slash."""
        return (self.url or DEFAULT_URLS[self.kind]).rstrip("/")


class ExperimentArm(Section):
    """One arm of an experiment."""

    backend: str
    weight: float = Field(1.0, gt=0)


class ExperimentSettings(Section):
    """A comparison of backends on the user's own typing."""

    name: str
    arms: tuple[ExperimentArm, ...]


class ActionSettings(Section):
    """A code action of the user's own (user file only)."""

    name: str = Field(min_length=1, max_length=64, pattern=r"^[a-z][a-z0-9-]*$")
    title: str = Field("", max_length=80)
    """What the editor lists; empty means the name."""
    kind: str = Field("refactor.rewrite", pattern=r"^(quickfix|refactor|source)(\.[A-Za-z]+)*$")
    when: Literal["selection", "function", "class", "diagnostic", "any"] = "any"
    """What has to be at the cursor."""
    languages: tuple[str, ...] = ()
    """LSP's language identifiers; empty means all."""
    prompt: str = Field(min_length=1, max_length=8000)
    result: Literal["replacement", "documentation", "head", "body", "markdown"] = "replacement"
    """What the answer becomes."""

    @field_validator("name")
    @classmethod
    def _is_new(cls, name: str) -> str:
        if name in ACTION_NAMES:
            raise ValueError("is the name of an action that there is already")
        return name


class Settings(Section):
    """All settings."""

    completion: CompletionSettings = CompletionSettings()
    context: ContextSettings = ContextSettings()
    privacy: PrivacySettings = PrivacySettings()
    routing: RoutingSettings = RoutingSettings()
    licence: LicenceSettings = LicenceSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    backends: tuple[BackendSettings, ...] = ()
    experiments: tuple[ExperimentSettings, ...] = ()
    actions: tuple[ActionSettings, ...] = ()
