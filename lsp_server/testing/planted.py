# ruff: noqa: E501, S311 - formats are read best on one line; nothing here is a secret
"""Made-up credentials in the formats that services document, in the syntaxes that they are found in.

Nothing here was ever valid. Deterministic by seed.
"""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

ALNUM: Final = string.ascii_letters + string.digits
WORD: Final = ALNUM + "_-"
HEX: Final = "0123456789abcdef"
UPPER: Final = string.ascii_uppercase + string.digits


@dataclass(frozen=True, slots=True)
class Planted:
    """A secret in a text. ``parts`` are what must not be seen of it."""

    kind: str
    host: str
    text: str
    parts: tuple[str, ...]


class _Maker:
    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def some(self, alphabet: str, count: int) -> str:
        """So many signs, with letters and digits among them where the alphabet has both."""
        while True:
            text = "".join(self.chance.choices(alphabet, k=count))
            wanted = [any(map(str.isdigit, alphabet)), any(map(str.isalpha, alphabet))]
            found = [sum(map(str.isdigit, text)) > 1, sum(map(str.isalpha, text)) > 1]
            if count < 8 or all(have or not want for have, want in zip(found, wanted, strict=True)):  # noqa: PLR2004
                return text

    def jwt(self) -> str:
        """A JSON web token."""
        parts = [{"alg": "HS256", "typ": "JWT"}, {"sub": self.some(string.digits, 10), "iat": 1516239022}]
        coded = [base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts]
        return ".".join([*coded, self.some(WORD, 43)])

    def password(self) -> str:
        """As people choose them: a word, digits, a sign."""
        words = ("Sunrise", "orchard", "Tiger", "Winter", "gravel", "Monday", "kestrel")
        return f"{self.chance.choice(words)}{self.chance.choice('!#_-')}{self.some(string.digits, 4)}"


TOKENS: Final[dict[str, Callable[[_Maker], str]]] = {
    "AWS access key": lambda m: "AKIA" + m.some(UPPER, 16),
    "GitHub classic": lambda m: m.chance.choice(("ghp_", "gho_", "ghs_")) + m.some(ALNUM, 36),
    "GitHub fine-grained": lambda m: f"github_pat_{m.some(ALNUM, 22)}_{m.some(ALNUM, 59)}",
    "GitLab": lambda m: "glpat-" + m.some(WORD, 20),
    "Slack bot": lambda m: f"xoxb-{m.some(string.digits, 12)}-{m.some(string.digits, 12)}-{m.some(ALNUM, 24)}",
    "Slack webhook": lambda m: f"https://hooks.slack.com/services/T{m.some(UPPER, 8)}/B{m.some(UPPER, 10)}/{m.some(ALNUM, 24)}",
    "Stripe": lambda m: m.chance.choice(("sk_live_", "rk_live_")) + m.some(ALNUM, 24),
    "SendGrid": lambda m: f"SG.{m.some(WORD, 22)}.{m.some(WORD, 43)}",
    "Mailgun": lambda m: "key-" + m.some(HEX, 32),
    "npm": lambda m: "npm_" + m.some(ALNUM, 36),
    "PyPI": lambda m: "pypi-AgEIcHlwaS5vcmc" + m.some(WORD, 80),
    "Hugging Face": lambda m: "hf_" + m.some(string.ascii_letters, 34),
    "OpenAI": lambda m: "sk-proj-" + m.some(WORD, 60),
    "Anthropic": lambda m: "sk-ant-api03-" + m.some(WORD, 80),
    "Google": lambda m: "AIza" + m.some(WORD, 35),
    "DigitalOcean": lambda m: "dop_v1_" + m.some(HEX, 64),
    "Databricks": lambda m: "dapi" + m.some(HEX, 32),
    "Shopify": lambda m: "shpat_" + m.some(HEX, 32),
    "Telegram bot": lambda m: f"{m.some(string.digits, 10)}:AA{m.some(WORD, 33)}",
    "Discord bot": lambda m: f"M{m.some(ALNUM, 25)}.{m.some(WORD, 6)}.{m.some(WORD, 38)}",
    "JSON web token": _Maker.jwt,
    "Vault": lambda m: "hvs." + m.some(WORD, 90),
    "Docker": lambda m: "dckr_pat_" + m.some(WORD, 27),
    "Linear": lambda m: "lin_api_" + m.some(ALNUM, 40),
    "Grafana": lambda m: f"glsa_{m.some(ALNUM, 32)}_{m.some(HEX, 8)}",
    "New Relic": lambda m: "NRAK-" + m.some(UPPER, 27),
    "Doppler": lambda m: "dp.pt." + m.some(ALNUM, 43),
    "Terraform": lambda m: f"{m.some(ALNUM, 14)}.atlasv1.{m.some(ALNUM, 60)}",
    "age": lambda m: "AGE-SECRET-KEY-1" + m.some(UPPER, 58),
}  # fmt: skip
"""Kinds that tell by themselves what they are."""

VALUES: Final[dict[str, tuple[tuple[str, ...], Callable[[_Maker], str]]]] = {
    "AWS secret key": (("AWS_SECRET_ACCESS_KEY", "aws_secret_access_key"), lambda m: m.some(ALNUM + "+/", 40)),
    "Mistral key": (("MISTRAL_API_KEY", "mistral_api_key", "mistralApiKey"), lambda m: m.some(ALNUM, 32)),
    "Twilio token": (("TWILIO_AUTH_TOKEN", "authToken"), lambda m: m.some(HEX, 32)),
    "Azure account key": (("accountKey", "AZURE_STORAGE_ACCOUNT_KEY"), lambda m: m.some(ALNUM + "+/", 86) + "=="),
    "Datadog key": (("DD_API_KEY", "datadog_api_key"), lambda m: m.some(HEX, 32)),
    "password": (("DB_PASSWORD", "password", "adminPassword", "db_passwd"), _Maker.password),
    "session secret": (("SESSION_SECRET", "secret_key", "jwtSecret"), lambda m: m.some(ALNUM, 24)),
    "client secret": (("client_secret", "CLIENT_SECRET", "clientSecret"), lambda m: m.some(WORD + "~.", 40)),
}  # fmt: skip
"""Kinds that only their name tells."""

HOSTS: Final[dict[str, str]] = {
    "Python": '{name} = "{secret}"',
    "Python keyword": 'client = Client({name}="{secret}", timeout=30)',
    "dict": 'config = {{"{name}": "{secret}", "retries": 3}}',
    "JavaScript": "const {name} = '{secret}';",
    "JSON": '  "{name}": "{secret}",',
    "YAML": "  {name}: {secret}",
    "TOML": '{name} = "{secret}"',
    "env": "{name}={secret}",
    "shell": 'export {name}="{secret}"',
    "Go": '\t{name} := "{secret}"',
    "Java": 'private static final String {name} = "{secret}";',
}
"""Syntaxes that the rules were made with."""

HELD_OUT: Final[dict[str, str]] = {
    "PHP": "define('{name}', '{secret}');",
    "Ruby": 'ENV["{name}"] = "{secret}"',
    "C#": 'var {name} = @"{secret}";',
    "Kotlin": 'val {name}: String = "{secret}"',
    "Rust": 'let {name}: &str = "{secret}";',
    "Dockerfile": "ENV {name}={secret}",
    "Terraform": '  {name}   = "{secret}"',
    "properties": "spring.datasource.{name}={secret}",
    "ini": "{name} = {secret}",
    "XML": '<add key="{name}" value="{secret}"/>',
    "Lua": '{name} = [[{secret}]] or "{secret}"',
    "comment": "# {name}: {secret}",
    "command": "deploy --{name} {secret} --verbose",
    "test": 'assert login({name}="{secret}") is None',
    "Swift": 'let {name}: String = "{secret}"',
    "template": "curl -H 'X-{name}: {secret}' https://host.internal/path",
}
"""Syntaxes that nobody looked at while the rules were made."""

OTHERS: Final[dict[str, Callable[[_Maker], tuple[str, tuple[str, ...]]]]] = {
    "bearer header": lambda m: _whole('headers = {{"Authorization": "Bearer {}"}}', m.some(ALNUM + "._", 40)),
    "basic header": lambda m: _whole(
        "Authorization: Basic {}", base64.b64encode(f"svc:{m.password()}".encode()).decode()
    ),
    "database URL": lambda m: _whole(
        'DATABASE_URL = "postgresql://app:{}@db.internal:5432/app"', m.password()
    ),
    "MongoDB URL": lambda m: _whole(
        "uri: mongodb+srv://svc:{}@cluster0.abcde.mongodb.net/x", m.some(ALNUM, 16)
    ),
    "connection string": lambda m: _whole('"Server=db;Database=x;User Id=sa;Password={};"', m.password()),
    "storage string": lambda m: _whole(
        '"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={};EndpointSuffix=core.windows.net"',
        m.some(ALNUM + "+/", 86) + "==",
    ),
    "Sentry": lambda m: _whole('init("https://{}@o1234.ingest.sentry.io/12345")', m.some(HEX, 32)),
    "private key": lambda m: _key(m, "RSA PRIVATE KEY", "{}"),
    "OpenSSH key": lambda m: _key(m, "OPENSSH PRIVATE KEY", "{}"),
    "indented key": lambda m: _key(m, "EC PRIVATE KEY", "    {}"),
    "key in code": lambda m: _key(m, "PRIVATE KEY", '    "{}\\n"'),
    "service account": lambda m: _escaped_key(m),  # noqa: PLW0108 - it is defined below
}
"""Kinds with a syntax of their own."""


def _whole(host: str, secret: str) -> tuple[str, tuple[str, ...]]:
    return host.format(secret), (secret,)


def _key(maker: _Maker, label: str, line: str) -> tuple[str, tuple[str, ...]]:
    body = [maker.some(ALNUM + "+/", 64) for _ in range(maker.chance.randint(3, 25))]
    body.append(maker.some(ALNUM + "+/", maker.chance.randint(24, 60)) + "==")
    lines = [f"-----BEGIN {label}-----", *body, f"-----END {label}-----"]
    return "\n".join(line.format(text) for text in lines), tuple(body)


def _escaped_key(maker: _Maker) -> tuple[str, tuple[str, ...]]:
    text, parts = _key(maker, "PRIVATE KEY", "{}")
    return '  "private_key": ' + json.dumps(text + "\n") + ",", parts


def plant(count: int, seed: int, hosts: dict[str, str]) -> Iterator[Planted]:
    """So many secrets, every kind in turn, each in a syntax of ``hosts`` unless it has one of its own."""
    chance = random.Random(seed)
    maker = _Maker(chance)
    kinds = [*TOKENS, *VALUES, *OTHERS]
    for number in range(count):
        kind = kinds[number % len(kinds)]
        if kind in OTHERS:
            text, parts = OTHERS[kind](maker)
            yield Planted(kind, "its own", text, parts)
            continue
        host = chance.choice(sorted(hosts))
        if kind in TOKENS:
            secret, name = (
                TOKENS[kind](maker),
                chance.choice(("value", "token", "API_KEY", "credential", "x")),
            )
        else:
            names, make = VALUES[kind]
            secret, name = make(maker), chance.choice(names)
        yield Planted(kind, host, hosts[host].format(name=name, secret=secret), (secret,))
