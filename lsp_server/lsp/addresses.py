"""Which addresses to listen on, and which pages may connect."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

_MAX_PORT: Final = 65_535


@dataclass(frozen=True, slots=True)
class Address:
    """A loopback address to listen on. Port 0 lets the system choose."""

    host: str
    port: int


def parse_address(text: str) -> Address:
    """Return the address that ``HOST:PORT`` names (``[::1]:PORT`` for IPv6).

    Raises ``ValueError`` with a line for people if it is none, or if other machines could reach it.
    """
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not (port.isascii() and port.isdigit()) or int(port) > _MAX_PORT:
        raise ValueError(f"{text!r} is not an address; write HOST:PORT, such as 127.0.0.1:7000")
    if not is_loopback(host):
        raise ValueError(
            f"{host} can be reached from other machines, and this connection has no password; "
            f"listen on 127.0.0.1:{port} and forward that port, over ssh for instance"
        )
    return Address(host, int(port))


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine by its spelling alone; no name is looked up."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def may_connect(hosts: Sequence[str], origins: Sequence[str]) -> bool:
    """Whether a handshake with these ``Host`` and ``Origin`` headers comes from this machine.

    A page of another site sends its own Origin. One whose name was made to resolve to loopback (DNS
    rebinding) sends that name as Host. Programs send no Origin.
    """
    return (
        len(hosts) == 1
        and len(origins) <= 1
        and is_loopback(_host_name(f"//{hosts[0]}"))
        and all(origin.startswith(("http://", "https://")) for origin in origins)
        and all(is_loopback(_host_name(origin)) for origin in origins)
    )


def _host_name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
