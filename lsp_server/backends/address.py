"""Where a backend is, and which requests may carry its key. Pure: nothing here connects."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn

from pydantic import SecretStr

from lsp_server.backends.base import AuthenticationFailed
from lsp_server.config.origins import Origin, parse_origin


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

    def __reduce__(self) -> NoReturn:
        """Never copied out of the process."""
        raise TypeError("an endpoint holds a key and is not pickled")

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
        ValueError: It is no plain address of a server (see ``config.origins``); the message is one line.
    """
    return str(_parsed(url))


def is_loopback(url: str) -> bool:
    """Whether a URL names this very machine: ``localhost`` or a loopback address, spelled in full.

    A name that merely resolves to loopback is not one: what it resolves to can change. Raises ``ValueError``
    as ``origin_of`` does.
    """
    return _parsed(url).loopback


def _parsed(url: str) -> Origin:
    try:
        return parse_origin(url)
    except ValueError as error:
        raise ValueError(f"a backend's url {error}") from None
