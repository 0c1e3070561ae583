"""Policy: what may be completed in, and what may be sent where."""

import ast
from pathlib import Path

import pytest

import lsp_server
from lsp_server.policy.clearance import EXCLUDED, REMOTE_REFUSED, SECRET, Policy
from lsp_server.policy.paths import PathRules, relative_path
from lsp_server.policy.secrets import find_secret
from lsp_server.testing.fixtures import cursor_at
from lsp_server.types import CleanPrompt, Destination, Gate, Prompt, PromptForm, Snippet

LOCAL = Destination("here", "http://127.0.0.1:11434", remote=False)
HOSTED = Destination("hosted", "https://codestral.mistral.ai", remote=True)


class Plain:
    name = "plain"
    form = PromptForm.RAW
    system = ""

    def render(self, prompt):
        return prompt.prefix


def policy(**options):
    rules = PathRules(options.pop("exclude", ()), options.pop("local_only", ()))
    return Policy(rules, folders=("/project",), **options)


def prompt(prefix="x = ", suffix="", snippets=()):
    return Prompt(Plain(), prefix, suffix, snippets)


@pytest.mark.parametrize(
    "path",
    [".env", ".env.local", "deploy/.ENV", "keys/server.pem", "ID_RSA", "home/.aws/config", "secrets.toml"],
)
def test_files_made_for_secrets_are_never_completed_in(path):
    gate = policy().admit(cursor_at("‸", path=f"/project/{path}"))
    assert gate is not None
    assert gate.name == EXCLUDED


@pytest.mark.parametrize("path", ["main.py", ".env.example", "environment.py", "src/keys.py", "monkey.py"])
def test_other_files_are(path):
    assert policy().admit(cursor_at("‸", path=f"/project/{path}")) is None


def test_the_users_exclusions_hold():
    excluding = policy(exclude=("vendor/**", "*.gen.py"))
    assert excluding.admit(cursor_at("‸", path="/project/vendor/a/b.py"))
    assert excluding.admit(cursor_at("‸", path="/project/a.gen.py"))
    assert excluding.admit(cursor_at("‸", path="/project/a.py")) is None


def test_nothing_goes_to_a_remote_backend_unless_allowed():
    cursor = cursor_at("x = ‸")
    refused = policy().clear(prompt(), cursor, HOSTED)
    assert isinstance(refused, Gate)
    assert refused.name == REMOTE_REFUSED
    assert isinstance(policy().clear(prompt(), cursor, LOCAL), CleanPrompt)
    assert isinstance(policy(remote_allowed=True).clear(prompt(), cursor, HOSTED), CleanPrompt)


def test_local_only_paths_stay_here():
    strict = policy(remote_allowed=True, local_only=("internal/**",))
    cursor = cursor_at("x = ‸", path="/project/internal/a.py")
    refused = strict.clear(prompt(), cursor, HOSTED)
    assert isinstance(refused, Gate)
    assert refused.name == REMOTE_REFUSED
    assert isinstance(strict.clear(prompt(), cursor, LOCAL), CleanPrompt)


def test_a_secret_holds_a_prompt_back_and_drops_a_snippet():
    token = "ghp_" + "a1B2" * 9
    allowed = policy(remote_allowed=True)
    cursor = cursor_at("x = ‸")
    for leaking in (prompt(prefix=f"token = '{token}'\nx = "), prompt(suffix=token)):
        refused = allowed.clear(leaking, cursor, HOSTED)
        assert isinstance(refused, Gate)
        assert refused.name == SECRET
        assert token not in refused.detail
    snippets = (Snippet("a.py", token, 1.0, "test"), Snippet("b.py", "def b(): ...", 0.5, "test"))
    cleared = allowed.clear(prompt(snippets=snippets), cursor, HOSTED)
    assert isinstance(cleared, CleanPrompt)
    assert [s.path for s in cleared.prompt.snippets] == ["b.py"]


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN RSA PRIVATE KEY-----",
        "AKIAIOSFODNN7QWERTZU",
        "postgres://admin:hunter2hunter2@db/prod",
        'API_KEY = "q8Zk21nN0pXyR7sT4uVw"',
        "Authorization: Bearer abcdefghijklmnopqrstuvwxyz0123",
    ],
)
def test_secrets_are_found(text):
    assert find_secret(f"first = 1\n{text}\nlast = 2\n")


@pytest.mark.parametrize(
    "text",
    [
        "api_key = os.environ['API_KEY']",
        "token = tokens[0]",
        "password: str = field()",
        "https://example.org/a/b?c=d",
        'secret_name = "database-credentials"',
    ],
)
def test_ordinary_code_is_not_a_secret(text):
    assert find_secret(text) is None


@pytest.mark.parametrize(
    ("path", "folders", "expected"),
    [
        ("/project/a/b.py", ("/project",), "a/b.py"),
        ("/project/a/b.py", ("/project", "/project/a"), "b.py"),
        ("/projects/b.py", ("/project",), "projects/b.py"),
        ("/elsewhere/.aws/x", (), "elsewhere/.aws/x"),
        ("C:\\Work\\a\\b.py", ("c:\\work",), "a/b.py"),
        ("D:\\b.py", ("C:\\work",), "b.py"),
    ],
)
def test_relative_paths_on_every_system(path, folders, expected):
    assert relative_path(path, folders) == expected


def test_only_policy_makes_clean_prompts():
    root = Path(lsp_server.__file__).parent
    makers = set()
    for file in root.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "CleanPrompt":
                makers.add(file.relative_to(root).parts[0])
    assert makers == {"policy"}
