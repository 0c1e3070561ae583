"""Origins of URLs, compared whole: scheme, host and port, each parsed exactly.

Permission that hangs on the beginning of a URL has been got around before (CVE-2026-24052), and
``urlsplit`` takes ``http://[::1].evil.example`` for ``::1``. So a URL that is not spelled plainly is
refused instead of interpreted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

MISTRAL_SUBSCRIPTION: Final = "https://codestral.mistral.ai"
"""Codestral's own endpoint, which has keys of its own."""

MISTRAL_ORIGINS: Final = frozenset(
    {MISTRAL_SUBSCRIPTION, "https://api.mistral.ai", "https://api.eu.mistral.ai", "https://api.us.mistral.ai"}
)
"""The remote origins that are known without being named: those of the ``mistralai`` SDK, and Codestral's."""

LONGEST_URL: Final = 2048
"""Code points; longer than any address that people type."""

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_URL: Final = re.compile(
    r"(?P<scheme>https?)://"
    r"(?:(?P<name>[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*)|\[(?P<v6>[0-9a-f:.]+)\])"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>(?:/[!-~]*)?)",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port of a URL: lower case, IPv6 in its shortest form and without brackets.

    ``str`` gives ``scheme://host[:port]`` without the scheme's usual port.
    """

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    @property
    def loopback(self) -> bool:
        """Whether this is the very machine: ``localhost``, 127.0.0.0/8 or ``::1``, spelled in full.

        Another name that merely resolves to loopback is not: what it resolves to can change.
        """
        if self.host == "localhost":
            return True
        address = _address(self.host)
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return address is not None and address.is_loopback


def parse_origin(url: str) -> Origin:
    """Return the origin of a backend's URL.

    Raises:
        ValueError: It is not ``http(s)://host[:port][/path]`` in plain ASCII, with a host that is a DNS name
            without a trailing dot or an IP address. The message is one line and does not repeat the URL,
            which may hold a password.
    """
    if not url.isascii():
        # Otherwise two spellings of one host would compare as different, or two hosts look the same.
        raise ValueError("should be plain ASCII (a host in its xn-- form)")
    if "@" in url.split("://", 1)[-1].split("/", 1)[0]:
        raise ValueError("should hold no user name or key: use key_env, key_file or keyring in the user file")
    if len(url) > LONGEST_URL or "\\" in url or "?" in url or "#" in url:
        raise ValueError("should be an address without query, fragment or backslash")
    match = _URL.fullmatch(url)
    if match is None:
        raise ValueError(
            "should be http:// or https://, a host without a trailing dot, and perhaps :port and /path"
        )
    scheme = match["scheme"].lower()
    port = int(match["port"]) if match["port"] else _DEFAULT_PORTS[scheme]
    if not 0 < port < 2**16:
        raise ValueError("should have a port from 1 to 65535")
    if match["v6"] is None:
        return Origin(scheme, match["name"].lower(), port)
    address = _address(match["v6"])
    if address is None or address.version == 4:  # noqa: PLR2004 - the version is its name
        raise ValueError("should have an IPv6 address between [ and ]")
    return Origin(scheme, address.compressed, port)


def exact_origin(text: str) -> str:
    """Return the usual spelling of an origin that is given alone, as to ``codestral-lsp config trust``.

    Raises:
        ValueError: It is no origin, or has a path; one line that says what to write.
    """
    origin = parse_origin(text)
    if "/" in text.split("://", 1)[1].removesuffix("/"):
        raise ValueError(f"should be an origin without a path: {origin}")
    return str(origin)


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
