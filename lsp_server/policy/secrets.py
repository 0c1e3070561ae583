"""Text that looks like a credential.

Rules are anchored on fixed beginnings and bounded in length, so that matching takes linear time. They are
the first line only: no pattern finds every secret, so files made to hold secrets are excluded by name too.
"""

from __future__ import annotations

import re
from typing import Final

RULES: Final[dict[str, re.Pattern[str]]] = {
    "private key": re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY"),
    "AWS access key": re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    "GitHub token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255})"),
    "GitLab token": re.compile(r"\bglpat-[A-Za-z0-9_-]{20,64}"),
    "Slack token": re.compile(r"\bxox[abposr]-[A-Za-z0-9-]{10,250}"),
    "API key": re.compile(r"\bsk-[A-Za-z0-9_-]{20,250}"),
    "Google key": re.compile(r"\bAIza[A-Za-z0-9_-]{35}"),
    "Hugging Face token": re.compile(r"\bhf_[A-Za-z0-9]{30,64}\b"),
    "npm token": re.compile(r"\bnpm_[A-Za-z0-9]{36}\b"),
    "PyPI token": re.compile(r"\bpypi-AgEI[A-Za-z0-9_-]{16,250}"),
    "Stripe key": re.compile(r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,250}"),
    "JSON web token": re.compile(r"\beyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,4000}\."),
    "bearer token": re.compile(r"\b[Bb]earer [A-Za-z0-9._~+/-]{24,400}"),
    "password in a URL": re.compile(r"\b[a-z][a-z0-9+]{1,15}://[^\s:/@'\"]{1,64}:[^\s:/@'\"]{4,128}@"),
    "assigned secret": re.compile(
        r"(?i)\b[a-z0-9_]{0,40}(?:api_?key|secret|token|passw(?:or)?d)[a-z0-9_]{0,20}['\"]?\s{0,8}[:=]\s{0,8}"
        r"['\"](?=[^'\"\s]{0,60}[0-9])(?=[^'\"\s]{0,60}[A-Za-z])[A-Za-z0-9+/=_.~-]{16,250}['\"]"
    ),
}


def find_secret(text: str) -> str | None:
    """Return the name of the first rule that ``text`` matches, or None."""
    for name, pattern in RULES.items():
        if pattern.search(text):
            return name
    return None
