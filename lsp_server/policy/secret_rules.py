# ruff: noqa: E501 - a pattern that is parted over lines is harder to read than a long one
"""What credentials look like: tokens that tell what they are, and values given to names that do.

Each rule is looked at only where one of its ``anchors`` stands in the line, and is bounded in length, so that
a line takes time in proportion to its length. The formats are those that the services document.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Token:
    """A credential that its own form gives away.

    One of ``anchors`` stands in every match. ``begun`` matches a beginning that is long enough to tell, for
    the line that somebody is typing.
    """

    name: str
    anchors: tuple[str, ...]
    whole: re.Pattern[str]
    begun: re.Pattern[str]


def _token(name: str, prefix: str, body: str, least: int, *anchors: str, most: int = 250) -> Token:
    """``prefix`` (a pattern), then at least ``least`` signs of ``body``; five are enough while it is typed."""
    start = rf"(?<![A-Za-z0-9]){prefix}"
    return Token(
        name,
        anchors,
        re.compile(rf"{start}{body}{{{least},{most}}}"),
        re.compile(rf"{start}{body}{{{min(least, 5)},{most}}}"),
    )


_WORD: Final = r"[A-Za-z0-9_-]"
_ALNUM: Final = r"[A-Za-z0-9]"
_HEX: Final = r"[0-9a-fA-F]"

TOKENS: Final = (
    _token("AWS access key", r"(?:AKIA|ASIA)", r"[A-Z0-9]", 16, "AKIA", "ASIA", most=16),
    _token("GitHub token", r"gh[pousr]_", _ALNUM, 30, "ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
    _token("GitHub token", r"github_pat_", r"[A-Za-z0-9_]", 22, "github_pat_"),
    _token("GitLab token", r"gl(?:pat|dt|rt|ptt|soat|cbt|agent|ft|imt|oas)-", _WORD, 20, "gl"),
    _token("Slack token", r"xox[abeoprs]-", r"[A-Za-z0-9-]", 10, "xox"),
    _token("Slack token", r"xapp-", r"[A-Za-z0-9-]", 20, "xapp-"),
    _token("Slack webhook", r"hooks\.slack\.com/(?:services|workflows)/", r"[A-Za-z0-9+/]", 40, "hooks.slack.com"),
    _token("Discord webhook", r"discord(?:app)?\.com/api/webhooks/", r"[A-Za-z0-9/_-]", 40, "/api/webhooks/"),
    _token("Discord token", r"[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.", _WORD, 27, "M", "N", "O"),
    _token("API key", r"sk-(?:proj-|ant-|or-|svcacct-|admin-|lf-)?", _WORD, 20, "sk-"),
    _token("Google key", r"AIza", _WORD, 35, "AIza"),
    _token("Google token", r"ya29\.", _WORD, 20, "ya29."),
    _token("Google secret", r"GOCSPX-", _WORD, 20, "GOCSPX-"),
    _token("Hugging Face token", r"(?:hf|api_org)_", _ALNUM, 30, "hf_", "api_org_"),
    _token("npm token", r"npm_", _ALNUM, 36, "npm_"),
    _token("PyPI token", r"pypi-AgE", _WORD, 16, "pypi-AgE"),
    _token("Stripe key", r"(?:[rsp]k_(?:live|test)_|whsec_)", _ALNUM, 16, "k_live_", "k_test_", "whsec_"),
    _token("Twilio key", r"(?:SK|AC)", r"[0-9a-f]", 32, "SK", "AC", most=32),
    _token("SendGrid key", r"SG\.[A-Za-z0-9_-]{16,32}\.", _WORD, 16, "SG."),
    _token("Mailgun key", r"key-", r"[0-9a-f]", 32, "key-", most=32),
    _token("Mailchimp key", r"[0-9a-f]{32}-us", r"[0-9]", 1, "-us", most=2),
    _token("DigitalOcean token", r"do[opr]_v1_", _HEX, 40, "_v1_"),
    _token("Databricks token", r"dapi", r"[0-9a-f]", 32, "dapi"),
    _token("Shopify token", r"shp(?:at|ca|pa|ss)_", _HEX, 32, "shpat_", "shpca_", "shppa_", "shpss_"),
    _token("Atlassian token", r"ATATT3", r"[A-Za-z0-9_=-]", 20, "ATATT3"),
    _token("Terraform token", r"[A-Za-z0-9]{14}\.atlasv1\.", _WORD, 30, ".atlasv1."),
    _token("Vault token", r"hv[sbr]\.", _WORD, 24, "hvs.", "hvb.", "hvr."),
    _token("Docker token", r"dckr_(?:pat|oat)_", _WORD, 20, "dckr_"),
    _token("Linear key", r"lin_(?:api|oauth)_", _ALNUM, 30, "lin_"),
    _token("Notion token", r"(?:secret|ntn)_", _ALNUM, 40, "secret_", "ntn_"),
    _token("Grafana token", r"gl(?:sa|c)_", r"[A-Za-z0-9_=+/]", 30, "glsa_", "glc_"),
    _token("New Relic key", r"NR(?:AK|II|RA|JS)-", _WORD, 19, "NRAK-", "NRII-", "NRRA-", "NRJS-"),
    _token("Sentry address", r"https?://[0-9a-f]{32}", r"(?:[:@]|[0-9a-z.])", 8, "https://", "http://"),
    _token("Sentry token", r"sntry[su]_", r"[A-Za-z0-9_=+/-]", 30, "sntrys_", "sntryu_"),
    _token("Doppler token", r"dp\.(?:pt|st|ct|scim|audit)\.", r"[A-Za-z0-9._-]", 30, "dp."),
    _token("Telegram token", r"[0-9]{8,10}:AA", _WORD, 32, ":AA"),
    _token("Fly token", r"Fm[0-9]_", r"[A-Za-z0-9_+/=,-]", 40, "Fm1_", "Fm2_"),
    _token("Perplexity key", r"pplx-", _ALNUM, 32, "pplx-"),
    _token("Groq key", r"gsk_", _ALNUM, 30, "gsk_"),
    _token("xAI key", r"xai-", _ALNUM, 40, "xai-"),
    _token("Replicate token", r"r8_", _ALNUM, 30, "r8_"),
    _token("Airtable token", r"pat[A-Za-z0-9]{14}\.", r"[0-9a-f]", 40, "pat"),
    _token("Postman key", r"PMAK-", r"[A-Za-z0-9-]", 30, "PMAK-"),
    _token("Square token", r"(?:EAAA|sq0(?:csp|atp)-)", _WORD, 22, "EAAA", "sq0"),
    _token("Facebook token", r"EAA[A-Za-z0-9]{2}", _ALNUM, 80, "EAA"),
    _token("age key", r"AGE-SECRET-KEY-1", r"[A-Z0-9]", 40, "AGE-SECRET-KEY-1"),
    _token("JSON web token", r"eyJ[A-Za-z0-9_-]{10,2000}\.eyJ", _WORD, 10, "eyJ"),
    _token("bearer token", r"[Bb][Ee][Aa][Rr][Ee][Rr][ \t]{1,3}(?=[^\s]{0,200}[0-9])", r"[A-Za-z0-9._~+/=-]", 20, "earer", "EARER"),
    _token("basic credentials", r"[Bb]asic[ \t]{1,3}(?=[^\s]{0,200}[0-9=])", r"[A-Za-z0-9+/]", 12, "asic "),
    _token("private key", r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY", r"[A-Z -]", 1, "PRIVATE KEY"),
)  # fmt: skip

NAMES: Final = (
    "password", "passwd", "passphrase", "passwort", "pwd", "secret", "token", "apikey", "api_key", "api-key",
    "accesskey", "access_key", "access-key", "accountkey", "account_key", "privatekey", "private_key",
    "private-key", "authkey", "auth_key", "auth-key", "credential", "signingkey", "signing_key", "signing-key",
    "encryptionkey", "encryption_key", "encryption-key", "masterkey", "master_key", "license_key", "dbpass",
    "db_pass", "_pass", "pass_", "app_key", "appkey", "webhook_key", "integration_key", "sharedaccesskey",
    "api key", "access key", "clientsecret",
)  # fmt: skip
"""Parts of names, in small letters, whose value is a secret if it looks like one."""

_KEYWORD: Final = "(?:" + "|".join(re.escape(n) for n in sorted(NAMES, key=len, reverse=True)) + ")"
_REST: Final = r"[\w.-]{0,40}"
_TYPE: Final = r"(?:[ \t]{0,2}:[ \t]{0,2}[\w.\[\], |<>?*&]{1,40}(?==))?"
_GIVES: Final = r"[\"'`)\]}]{0,3}[ \t]{0,8}" + _TYPE + r"(?::=|=>|->|==|[=:,])[ \t]{0,8}"
_PREFIXES: Final = r"(?:[bBrRuUfF@$]{0,2})"

QUOTED: Final = re.compile(
    rf"(?i){_KEYWORD}{_REST}{_GIVES}{_PREFIXES}(?P<quote>\\?[\"'`])(?P<value>[^\"'`\n]{{4,256}}?)(?P=quote)"
)
"""A value in quotes: an assignment, a key and its value, an argument by its name."""
CALLED: Final = re.compile(
    rf"(?i){_KEYWORD}{_REST}[\"']?\([ \t]{{0,2}}{_PREFIXES}[\"'](?P<value>[^\"'\n]{{6,256}}?)[\"']"
)
"""A setter: ``withPassword("...")``."""
BARE: Final = re.compile(
    rf"(?i)^[ \t]{{0,40}}(?:#|//|;|-|\*)?[ \t]{{0,4}}(?:export|set|setx|env|arg)?[ \t]{{0,2}}[\w.\-]{{0,60}}{_KEYWORD}{_REST}"
    r"[ \t]{0,8}[=: ][ \t]{0,8}(?P<value>[^\s\"'`;,(){}\[\]<>]{6,256})(?:[ \t]{1,8}[#;].{0,200})?[ \t]{0,8}$"
)
"""A value without quotes that is all there is on the line: env, ini, YAML, properties, Dockerfile."""
WITHIN: Final = re.compile(
    rf"(?i){_KEYWORD}{_REST}[ \t]{{0,2}}[=:][ \t]{{0,2}}(?P<value>[^\s;&\"'`,(){{}}<>]{{6,256}})(?=[;&\"'`])"
)
"""A part of a connection string or a query, or a header in quotes."""
OPTION: Final = re.compile(
    rf"(?i)--?[\w-]{{0,30}}{_KEYWORD}[\w-]{{0,20}}[ =](?P<value>[^\s\"'`|;&<>()]{{6,256}})"
)
"""An option of a command."""
ELEMENT: Final = re.compile(
    rf"(?i)<[\w:.-]{{0,40}}{_KEYWORD}[\w:.-]{{0,20}}>[ \t]{{0,4}}(?P<value>[^<>\"'\s]{{6,256}})"
)
"""The text of an XML element."""
ATTRIBUTE: Final = re.compile(
    rf"(?i){_KEYWORD}{_REST}[\"'][ \t]{{1,4}}value[ \t]{{0,2}}=[ \t]{{0,2}}[\"'](?P<value>[^<>\"'\s]{{6,256}})"
)
"""An XML attribute ``value`` behind a name."""
BRACKETED: Final = re.compile(
    rf"(?i){_KEYWORD}{_REST}[ \t]{{0,8}}=[ \t]{{0,8}}\[=*\[(?P<value>[^\[\]\n]{{4,256}})\]=*\]"
)
"""Lua's long strings."""
SIGNED: Final = re.compile(r"[?&]sig=(?P<value>[A-Za-z0-9%+/=_-]{16,256})")
"""The signature of a shared address (Azure)."""
ADDRESS: Final = re.compile(r"(?i)\b[a-z][a-z0-9+.]{1,30}://[^\s:/@'\"]{0,100}:(?P<value>[^\s/@'\"]{3,200})@")
"""A password in a URL."""
OPEN: Final = re.compile(
    rf"(?i){_KEYWORD}{_REST}{_GIVES}{_PREFIXES}(?P<quote>[\"'`])(?P<value>[^\"'`\n]{{1,256}})$"
)
"""A value in quotes that is not closed yet."""

_PLACEHOLDER: Final = re.compile(
    r"(?i)your|my[-_]|example|sample|changeme|change[-_ ]?me|placeholder|dummy|redacted|replace|insert|enter[-_ ]|"
    r"todo|fixme|x{5,}|^x+$|\*\*\*|\.\.\.|<[^>]*>|\$\{|\{\{|\$\(|%\(|%s|\{[\w.]*\}|^\$|^%|^@|^none$|^null$|^nil$|"
    r"secret[-_]?name|token[-_]?name|1234567890|abcdef|0123456|deadbeef|foobar|lorem|hidden|(?:^|[^a-z])fake|mock"
)
_HUMAN: Final = re.compile(r"[A-Za-z]+(?:[ _./:-][A-Za-z]+)*[:?!.]?")
_PATH: Final = re.compile(r"(?:~|\.{0,2})/[\w./-]*|[A-Za-z]:\\.*|[\w-]+(?:\.[a-z]{2,5}){1,2}")
_SPELLED: Final = re.compile(r"[a-z_]+\d{0,2}|[A-Z_]+\d{0,2}|[A-Z]?[a-z]+(?:[A-Z][a-z]+)+\d?")
_BETWEEN: Final = re.compile(r"[_.-]")
_NUMBERED: Final = re.compile(r"[A-Za-z]{1,24}\d{0,2}[a-z]{0,3}")
_CODE: Final = re.compile(r"[A-Za-z_][\w]*(?:\.[A-Za-z_]\w*)+")

LEAST_DISTINCT: Final = 5
"""Different signs of a secret: fewer is a rule of dashes or a row of noughts."""
LONG: Final = 16
"""A value with a blank in it is a sentence, unless it is as long as this and has no more."""
LONGEST_PATH: Final = 32
"""From this length on what looks like a path, a file or an attribute, with digits in it, is rather a key."""


NAMED: Final = re.compile(_KEYWORD)
"""A telling name in small letters. Cheaper to ask for than the rules about what it is given."""


def is_secret_value(value: str, *, quoted: bool) -> bool:
    """Whether a value given to a telling name is a secret rather than a placeholder, a word or code."""
    value = value.strip()
    if len(set(value)) < LEAST_DISTINCT or _PLACEHOLDER.search(value):
        return False
    if _HUMAN.fullmatch(value) or _SPELLED.fullmatch(value) or _is_name(value):
        return False
    digits = sum(c.isdigit() for c in value)
    is_long = len(value) >= LONGEST_PATH and digits > 0
    if not is_long and (_PATH.fullmatch(value) or (not quoted and _CODE.fullmatch(value))):
        return False
    if " " in value and (value.count(" ") > 1 or len(value) < LONG):
        return False
    letters = sum(c.isalpha() for c in value)
    marks = len(value) - digits - letters
    if not quoted and digits < 2 and not marks:  # noqa: PLR2004 - a type has one
        return False
    mixed = value != value.lower() and value != value.upper()
    return bool(letters and (digits or (marks and mixed)))


def _is_name(value: str) -> bool:
    """Whether a value is made of words, each with a number of two digits at most behind it."""
    parts = _BETWEEN.split(value.lstrip("."))
    return len(parts) > 1 and all(_NUMBERED.fullmatch(part) for part in parts)


def is_password(value: str) -> bool:
    """Whether what stands where a URL has its password is one, rather than an example."""
    plain = value.lower()
    return not _PLACEHOLDER.search(value) and plain not in {
        "password", "pass", "passwd", "pwd", "secret", "user", "username", "token", "port", "test", "pw", "p",
        "postgres", "root", "admin", "guest", "pswd",
    } and len(set(value)) > 2  # noqa: PLR2004  # fmt: skip
