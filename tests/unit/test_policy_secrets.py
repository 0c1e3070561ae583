"""Secrets: none of the planted ones comes through clearance, whatever the mode and the place."""

import pytest

from lsp_server.policy.clearance import SECRET, Policy
from lsp_server.policy.paths import PathRules
from lsp_server.policy.secrets import REDACTED, find_secret, hits_in, redacted, typed_secret
from lsp_server.prompt.families import FAMILIES
from lsp_server.prompt.layout import Limits, lay_out
from lsp_server.testing.fixtures import cursor_at
from lsp_server.testing.planted import HELD_OUT, HOSTS, plant
from lsp_server.types import CleanPrompt, Destination, Gate, Snippet

LOCAL = Destination("here", "http://127.0.0.1:11434", remote=False)
HOSTED = Destination("hosted", "https://codestral.mistral.ai", remote=True)
LIMITS = Limits(context_tokens=8192, budget_tokens=4096, max_tokens=64)
PLANTED = [*plant(150, 7, HOSTS), *plant(150, 8, HELD_OUT)]
PLACES = ("prefix", "suffix", "snippet", "input")


def prompt_with(text, place):
    marked = {"prefix": f"a = 1\n{text}\n\nb = ‸\n", "suffix": f"a = ‸\n\n{text}\nb = 1\n"}.get(
        place, "a = ‸\n"
    )
    cursor = cursor_at(marked)
    snippets = [Snippet("s.py", f"one = 1\n{text}\n", 1.0, "windows")] if place == "snippet" else []
    prompt, _ = lay_out(cursor, FAMILIES["codestral"], limits=LIMITS, snippets=snippets)
    inputs = (("instruction", f"use this: \n{text}\n"),) if place == "input" else ()
    return cursor, type(prompt)(**{f: getattr(prompt, f) for f in prompt.__slots__} | {"inputs": inputs})


def sent(clean):
    prompt = clean.prompt
    return prompt.text + prompt.path + "".join(f"{name}{text}" for name, text in prompt.inputs)


@pytest.mark.parametrize("mode", ["block", "redact"])
def test_none_of_300_planted_secrets_comes_through(mode):
    policy = Policy(PathRules(), remote_allowed=True, secrets=mode)
    assert len({p.kind for p in PLANTED}) >= 25
    for number, planted in enumerate(PLANTED):
        place = PLACES[number % len(PLACES)]
        cursor, prompt = prompt_with(planted.text, place)
        assert any(part in sent(CleanPrompt(prompt, HOSTED)) for part in planted.parts)
        clean = policy.clear(prompt, cursor, HOSTED)
        if mode == "block" and place != "snippet":
            assert isinstance(clean, Gate), (planted.kind, planted.host)
            assert clean.name == SECRET
            continue
        assert isinstance(clean, CleanPrompt), (planted.kind, planted.host)
        assert not any(part in sent(clean) for part in planted.parts), (planted.kind, planted.host)
        assert bool(clean.prompt.snippets) is False
        here = policy.clear(prompt, cursor, LOCAL)
        assert all(part in sent(here) for part in planted.parts if part in sent(CleanPrompt(prompt, LOCAL)))


@pytest.mark.parametrize("mode", ["block", "redact"])
@pytest.mark.parametrize(
    "line",
    [
        'key = "sk-proj-abc‸"', "ghp_1a2B3‸", 'password = "hunter‸2xyz9"', 'token = "a1B2c3D4‸',
        "AKIAIOSFODN‸N7QWERTZU", 'x = call(secret="9f8e7d6c5b4a‸3f2e1d0c")',
    ],
)  # fmt: skip
def test_the_line_that_is_typed_is_never_sent_with_one(mode, line):
    policy = Policy(PathRules(), remote_allowed=True, secrets=mode)
    cursor = cursor_at(f"a = 1\n{line}\nb = 2\n")
    prompt, _ = lay_out(cursor, FAMILIES["codestral"], limits=LIMITS)
    clean = policy.clear(prompt, cursor, HOSTED)
    assert isinstance(clean, Gate)
    assert clean.name == SECRET


KEY = "\n".join(["MIIEpAIBAAKCAQEA3Tz2mr7SZiAMfQyuvBjM9OiJjRazXBZ1BjP5CE1Wk9vXqQ2Z"] * 30)


@pytest.mark.parametrize("mode", ["block", "redact"])
@pytest.mark.parametrize("budget", [128, 256, 512])
def test_a_key_whose_beginning_the_window_leaves_out(mode, budget):
    text = f"x = '''\n-----BEGIN RSA PRIVATE KEY-----\n{KEY}\n-----END RSA PRIVATE KEY-----'''\ny = ‸\n"
    cursor = cursor_at(text)
    prompt, _ = lay_out(cursor, FAMILIES["codestral"], limits=Limits(8192, budget, 64))
    clean = Policy(PathRules(), remote_allowed=True, secrets=mode).clear(prompt, cursor, HOSTED)
    if mode == "block":
        assert isinstance(clean, Gate)
    else:
        assert isinstance(clean, CleanPrompt)
        assert "MIIEpAIB" not in clean.prompt.text


def test_a_long_line_that_the_window_cuts():
    text = "x = '" + "abc " * 300 + 'password="Zx9!kk42Qw" ' + "abc " * 300 + "'\ny = ‸\n"
    cursor = cursor_at(text)
    prompt, _ = lay_out(cursor, FAMILIES["codestral"], limits=Limits(8192, 128, 64))
    assert "abc abc" in prompt.text
    assert "Zx9" not in prompt.text
    for mode in ("block", "redact"):
        clean = Policy(PathRules(), remote_allowed=True, secrets=mode).clear(prompt, cursor, HOSTED)
        assert isinstance(clean, Gate) or "abc abc" not in clean.prompt.text


@pytest.mark.parametrize("mode", ["block", "redact"])
def test_a_cursor_within_a_key(mode):
    cursor = cursor_at(f"x = 1\n-----BEGIN RSA PRIVATE KEY-----\n{KEY[:500]}‸{KEY[500:]}\n")
    prompt, _ = lay_out(cursor, FAMILIES["codestral"], limits=LIMITS)
    clean = Policy(PathRules(), remote_allowed=True, secrets=mode).clear(prompt, cursor, HOSTED)
    assert isinstance(clean, Gate)


@pytest.mark.parametrize(
    "text",
    [
        'password = "changeme"', 'api_key = "your-api-key"', 'token = os.environ["TOKEN"]', "password: str",
        'secret = getpass("Secret: ")', 'TOKEN_URL = "https://example.org/token"', "token = tokens[0]",
        'API_KEY = "${API_KEY}"',
        "sha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'",
        "AKIAIOSFODNN7EXAMPLE", "postgres://user:password@localhost/db", "def token(self, kind: int) -> str:",
        'self.password_field = "password1"', "secret_name: my-secret", "token: u64,", "KEY_SIZE = 4096",
        'parser.add_argument("--token", help="the token")', "Basic Multilingual Plane",
        "key = lambda x: x.token",
    ],
)  # fmt: skip
def test_what_is_no_secret(text):
    assert find_secret(text) is None


def test_redacting_keeps_the_rest_and_is_done_once():
    text = 'a = 1\nGITHUB = "ghp_' + "a1B2" * 9 + '"  # x\nurl = "postgres://me:Zx9kk42Qw@db/x"\n'
    once = redacted(text)
    assert once == f'a = 1\nGITHUB = "{REDACTED}"  # x\nurl = "postgres://me:{REDACTED}@db/x"\n'
    assert redacted(once) == once
    assert not hits_in(once)
    assert typed_secret("for item in items:") is None
