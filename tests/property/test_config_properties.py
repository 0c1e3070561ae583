"""Configuration under any input: nothing raises, and what a repository brings never widens anything."""

from hypothesis import given, settings
from hypothesis import strategies as st

from lsp_server.config.consent import origin_of
from lsp_server.config.editor import combined, editor_layer
from lsp_server.config.environment import parse_ollama_host, read_environment
from lsp_server.config.layers import Inputs, Resolved, resolve
from lsp_server.config.origins import MISTRAL_ORIGINS, parse_origin
from lsp_server.config.settings import BackendSettings, Settings
from lsp_server.config.sources import Layer, Source
from lsp_server.config.trust import is_remote
from lsp_server.policy.paths import PathRules

unhurried = settings(deadline=None)
"""A busy machine is no fault of the configuration."""

NAMES = ("a", "b", "team.v2")
URLS = (
    "",
    "http://127.0.0.1:11434",
    "http://localhost:8000/v1",
    "https://llm.example.org/v1",
    "https://evil.example",
    "https://codestral.mistral.ai",
    "https://codestral.mistral.ai.evil.example",
    "http://127.0.0.1.evil.example",
    "http://[::1].evil.example",
    "https://a@evil.example",
)
APPROVABLE = ("https://llm.example.org", "https://evil.example", "http://gpu.lan:11434")
PATTERNS = (
    "*.py",
    "!*.py",
    "vendor/",
    "**/x/**",
    "[z-a]",
    "a**b",
    "",
    "!",
    "\\",
    "secret",
    "[[a]",
    "ß",
    "[A-z]",
)

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
)
odd = json_values | st.sampled_from([10**400, -(10**400), "\ud800", float("nan"), [[]], {"": {}}])


def one_of(*values):
    return st.sampled_from(values)


def table(**fields):
    """A table with any of the fields, now and then with a value or a name that does not belong there."""
    plain = st.fixed_dictionaries({}, optional=fields)
    spoiled = st.fixed_dictionaries({}, optional={name: value | odd for name, value in fields.items()})
    strange = st.dictionaries(st.text(max_size=6), odd, max_size=2)
    return plain | spoiled | st.builds(lambda first, second: {**first, **second}, strange, plain)


patterns = st.lists(one_of(*PATTERNS) | st.text(max_size=6), max_size=4)
backends = table(
    name=one_of(*NAMES),
    kind=one_of("ollama", "mistral", "openai", "llamacpp", "embedded"),
    url=one_of(*URLS),
    model=st.text(max_size=3),
    trusted=st.booleans(),
    key_env=one_of("", "KEY", "HOME"),
    key_file=one_of("", "/etc/shadow"),
    keyring=one_of("", "login"),
    session_header=one_of("", "x-session-id", "authorization"),
    daily_requests=st.integers(0, 9),
    daily_cost=st.floats(0, 9),
    concurrency=st.integers(1, 64),
    context_tokens=st.integers(256, 9999),
)
whole_backends = st.builds(
    lambda entry, name, kind: {"name": name, "kind": kind, **entry},
    backends,
    one_of(*NAMES),
    one_of("ollama", "mistral", "openai", "embedded"),
)
trees = table(
    completion=table(
        enabled=st.booleans(),
        menu=one_of("auto", "always", "never"),
        debounce=one_of("adaptive") | st.integers(0, 10_000),
        max_lines=st.integers(1, 200),
        max_tokens=st.integers(1, 4096),
        languages=st.dictionaries(one_of("c", "go"), st.booleans()),
        eagerness=st.floats(0, 1),
        candidates=st.integers(1, 8),
    ),
    context=table(
        enabled=st.booleans(),
        budget_tokens=st.integers(0, 9999),
        budget_ms=st.integers(0, 2000),
        sources=st.lists(one_of("a", "b", "c"), max_size=3),
    ),
    privacy=table(
        remote=one_of("never", "allow"),
        exclude=patterns,
        local_only=patterns,
        gitignored=one_of("local_only", "allow"),
        secrets=one_of("block", "redact"),
    ),
    routing=table(
        order=st.lists(one_of(*NAMES, "nowhere"), max_size=3),
        hedge=st.booleans(),
        max_wait_ms=st.integers(100, 120_000),
    ),
    licence=table(production=st.booleans()),
    telemetry=table(enabled=st.booleans(), prometheus=st.booleans()),
    backends=st.lists(backends | whole_backends, max_size=3),
    experiments=st.lists(
        table(
            name=one_of("e"), arms=st.lists(table(backend=one_of(*NAMES), weight=st.floats(0, 2)), max_size=2)
        ),
        max_size=1,
    ),
)
user_layers = st.builds(lambda tree: Layer(Source.USER, tree, "config.toml"), trees) | st.just(
    Layer(Source.USER, None, "config.toml", "it is not TOML")
)
environments = st.builds(
    read_environment,
    st.fixed_dictionaries(
        {}, optional={"MISTRAL_API_KEY": one_of("", "sk"), "OLLAMA_HOST": one_of(":1", "gpu.lan", "x y")}
    ),
)
bases = st.builds(
    Inputs,
    user=user_layers,
    environment=environments,
    editor=st.builds(editor_layer, trees),
    approved=st.frozensets(one_of(*APPROVABLE)),
)
workspaces = st.builds(
    lambda tree, failure: Layer(Source.WORKSPACE, tree, ".codestral-lsp.toml", failure),
    trees | odd,
    one_of("", "", "", "it is not TOML"),
)


def with_workspaces(base, *layers):
    return resolve(
        Inputs(
            user=base.user,
            environment=base.environment,
            editor=base.editor,
            workspaces=layers,
            approved=base.approved,
        )
    )


def check(result: Resolved) -> None:
    """What holds for every configuration."""
    assert isinstance(result.settings, Settings)
    for problem in result.problems:
        text = str(problem)
        assert text.isprintable()
        assert len(text) < 1200
    PathRules(result.settings.privacy.exclude, result.settings.privacy.local_only)
    assert not (result.remote_allowed and not result.policy_valid)
    assert not (result.remote_allowed and result.remote_refused)
    assert set(result.usable_backends) <= set(result.settings.backends)


@unhurried
@given(user=odd, editor=odd, workspace=odd)
def test_no_tree_in_any_source_raises(user, editor, workspace):
    inputs = Inputs(
        user=Layer(Source.USER, user),
        editor=editor_layer(editor),
        workspaces=(Layer(Source.WORKSPACE, workspace),),
    )
    check(resolve(inputs))


@unhurried
@given(base=bases, workspace=workspaces)
def test_no_settings_in_any_source_raise(base, workspace):
    check(with_workspaces(base, workspace))


def narrower(before: Settings, after: Settings) -> None:
    for section, name in (
        ("completion", "enabled"),
        ("context", "enabled"),
        ("routing", "hedge"),
        ("telemetry", "enabled"),
        ("telemetry", "prometheus"),
    ):
        assert getattr(getattr(before, section), name) or not getattr(getattr(after, section), name)
    for section, name in (
        ("completion", "max_lines"),
        ("completion", "max_tokens"),
        ("completion", "eagerness"),
        ("completion", "candidates"),
        ("context", "budget_tokens"),
        ("context", "budget_ms"),
        ("routing", "max_wait_ms"),
    ):
        assert getattr(getattr(after, section), name) <= getattr(getattr(before, section), name)
    menus = ("never", "auto", "always")
    assert menus.index(after.completion.menu) <= menus.index(before.completion.menu)
    assert after.completion.debounce == before.completion.debounce
    for language in {*before.completion.languages, *after.completion.languages}:
        assert before.completion.languages.get(language, True) or not after.completion.languages[language]
    assert before.context.sources is None or set(after.context.sources or ()) <= set(before.context.sources)
    assert after.licence.production or not before.licence.production
    assert before.privacy.remote == "allow" or after.privacy.remote == "never"
    assert before.privacy.gitignored == "allow" or after.privacy.gitignored == "local_only"
    assert before.privacy.secrets == "redact" or after.privacy.secrets == "block"
    assert after.experiments == before.experiments
    names = before.routing.order or tuple(backend.name for backend in before.backends)
    assert set(after.routing.order) <= set(names)
    assert after.routing.order or not before.routing.order


def added_only(before, after):
    assert after[: len(before)] == before
    assert not any(pattern.startswith("!") for pattern in after[len(before) :])


def without_budgets(backend: BackendSettings) -> BackendSettings:
    return backend.model_copy(update={"daily_requests": None, "daily_cost": None})


@unhurried
@given(base=bases, first=workspaces, second=workspaces)
def test_a_workspace_never_widens_anything(base, first, second):
    before, after = with_workspaces(base), with_workspaces(base, first, second)
    narrower(before.settings, after.settings)
    added_only(before.settings.privacy.exclude, after.settings.privacy.exclude)
    added_only(before.settings.privacy.local_only, after.settings.privacy.local_only)
    for name in ("remote_allowed", "policy_valid", "may_discover_remote"):
        assert getattr(before, name) or not getattr(after, name)
    assert after.remote_refused or not before.remote_refused
    assert after.consent == before.consent
    assert set(after.needs_approval) <= set(before.needs_approval)
    for old, new in (
        (before.settings.backends, after.settings.backends),
        (before.usable_backends, after.usable_backends),
    ):
        # Addresses, keys, trust, headers: everything but the two budgets, which only shrink.
        assert [*map(without_budgets, old)] == [*map(without_budgets, new)]
        for one, other in zip(old, new, strict=True):
            for budget in ("daily_requests", "daily_cost"):
                cap, asked = getattr(one, budget), getattr(other, budget)
                assert cap is None or (asked is not None and asked <= cap)


@unhurried
@given(base=bases)
def test_an_editor_sends_nothing_where_the_user_did_not_agree(base):
    alone = resolve(Inputs(user=base.user, environment=base.environment, approved=base.approved))
    result = with_workspaces(base)
    # The file's own view: what the environment moves, an editor may move back.
    file = resolve(Inputs(user=base.user)).settings.backends
    own = {(b.name, str(origin_of(b))): b for b in file}
    known = MISTRAL_ORIGINS | base.approved | {str(origin_of(b)) for b in file}
    for backend in result.settings.backends:
        same = own.get((backend.name, str(origin_of(backend))))
        # Keys and trust are the user file's, and stay with the origin that it gives.
        for name in ("key_env", "key_file", "keyring"):
            assert getattr(backend, name) in ("", getattr(same, name, ""))
        assert not backend.trusted or (same is not None and same.trusted)
        if is_remote(backend) and result.allows(backend):
            assert result.remote_allowed
            assert str(origin_of(backend)) in known
    assert not result.remote_allowed or alone.remote_allowed or base.approved
    for name in ("exclude", "local_only"):
        added_only(getattr(alone.settings.privacy, name), getattr(result.settings.privacy, name))
    if not alone.policy_valid or (alone.settings.privacy.remote == "never" and alone.remote_refused):
        assert not result.remote_allowed


def dotted(tree):
    """The same tree with one name for each value, as some editors send it."""
    return {
        f"codestral.{section}.{name}": value
        for section, values in tree.items()
        if isinstance(values, dict)
        for name, value in values.items()
    } | {f"codestral.{name}": value for name, value in tree.items() if not isinstance(value, dict)}


@unhurried
@given(tree=trees)
def test_the_shape_makes_no_difference(tree):
    tree = {
        name: {k: v for k, v in value.items() if k and "." not in k} if isinstance(value, dict) else value
        for name, value in tree.items()
        if name and "." not in name and name != "codestral" and value != {}
    }
    plain = resolve(Inputs(editor=editor_layer(tree)))
    for shape in (
        {"codestral": tree},
        dotted(tree),
        combined(None, tree),
        combined(tree, {}),
        combined(tree, tree),
    ):
        assert resolve(Inputs(editor=editor_layer(shape))).settings == plain.settings


@unhurried
@given(text=st.text(max_size=40) | st.from_regex(r"https?://[a-z0-9.:\[\]@%/-]{0,30}", fullmatch=True))
def test_an_origin_is_exact_or_refused(text):
    try:
        origin = parse_origin(text)
    except ValueError:
        return
    assert parse_origin(str(origin)) == origin
    authority = text.split("://", 1)[1].split("/", 1)[0].lower()
    assert authority.startswith((origin.host, "["))
    assert origin.port in range(1, 2**16)


@unhurried
@given(text=st.text(max_size=30) | st.from_regex(r"(https?://)?[a-z0-9.:\[\]/]{0,20}", fullmatch=True))
def test_ollama_host_is_an_address_or_refused(text):
    try:
        url = parse_ollama_host(text)
    except ValueError:
        return
    if url:
        assert parse_origin(url).port
    else:
        assert not text.strip().strip("\"'").strip()
