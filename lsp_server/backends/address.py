"""Where a backend is, and which requests may carry its key. Pure: nothing here connects."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, urlsplit

from pydantic import SecretStr

from lsp_server.backends.base import AuthenticationFailed

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Hints:
    """What to do about the commonest faults, in the words that fit one kind of backend."""

    unreachable: str = "check that it is running and that its url is right"
    authentication: str = "set its key with key_env, key_file or keyring in the user configuration"
    missing_model: str = "check the setting model"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A backend's address and key. ``url`` has no trailing slash.

    Raises:
        ValueError: The URL is not one that a backend can have (see ``origin_of``).
    """

    name: str
    url: str
    key: SecretStr | None = None
    hints: Hints = Hints()
    origin: str = field(init=False)
    loopback: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "origin", origin_of(self.url))
        object.__setattr__(self, "loopback", is_loopback(self.url))

    def says(self, what: str, hint: str = "") -> str:
        """Return one line for people: the backend, its origin, what happened, and what to do."""
        return f"{self.name} ({self.origin}): {what}" + (f"; {hint}" if hint else "")

    def authorization(self, origin: str) -> str | None:
        """Return the Authorization header of a request to ``origin``, or None when there is no key.

        Raises:
            AuthenticationFailed: The key must not go there: another origin, or plain http to another machine.
        """
        if self.key is None:
            return None
        if origin != self.origin:
            raise AuthenticationFailed(
                self.says(f"its key is not sent to {origin}", "give that address a backend of its own")
            )
        if not self.loopback and not self.origin.startswith("https://"):
            raise AuthenticationFailed(
                self.says("its key is not sent over plain http to another machine", "use https, or no key")
            )
        return f"Bearer {self.key.get_secret_value()}"


def origin_of(url: str) -> str:
    """Return ``scheme://host[:port]`` of a URL, in lower case, without the scheme's own port.

    Raises:
        ValueError: No http or https URL with a host and nothing else in front of the path; the message is one
            line.
    """
    split, port = _split(url)
    host = split.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    return f"{split.scheme}://{shown}" + (f":{port}" if port != _DEFAULT_PORTS[split.scheme] else "")


def is_loopback(url: str) -> bool:
    """Whether a URL names this very machine: ``localhost`` or a loopback address, spelled in full.

    A name that merely resolves to loopback is not one: what it resolves to can change. Raises ``ValueError``
    as ``origin_of`` does.
    """
    host = (_split(url)[0].hostname or "").rstrip(".")
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def _split(url: str) -> tuple[SplitResult, int]:
    # urlsplit drops tabs and newlines, and URL libraries disagree about backslashes: none has a place here.
    if "\\" in url or any(ord(character) <= ord(" ") or character == "\x7f" for character in url):
        raise ValueError("a backend's url has no spaces, control characters or backslashes")
    try:
        split = urlsplit(url)
        port = split.port
    except ValueError:
        # Their message can hold what stands in the place of a password.
        raise ValueError("a backend's url has a malformed host or port") from None
    if split.scheme not in _DEFAULT_PORTS or not split.hostname:
        raise ValueError("a backend's url starts with http:// or https:// and a host")
    if split.username is not None or split.password is not None:
        raise ValueError("a backend's url holds no user name or key; use key_env, key_file or keyring")
    if not split.hostname.isascii() or "%" in split.hostname:
        # Otherwise two spellings of one host would compare as different, or the other way round.
        raise ValueError("a backend's url spells its host in ASCII (xn-- form)")
    if split.query or split.fragment:
        raise ValueError("a backend's url has no query and no fragment")
    return split, port if port is not None else _DEFAULT_PORTS[split.scheme]
