"""What the environment says. No ``.env`` is ever read into it: a repository must not speak for the user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from pathlib import PurePath
from typing import Final

from lsp_server.config.origins import parse_origin
from lsp_server.config.settings import DEFAULT_URLS
from lsp_server.config.sources import Problem, Source

CONFIG_FILE: Final = "CODESTRAL_LSP_CONFIG"
DATA_DIR: Final = "CODESTRAL_LSP_DATA_DIR"
MISTRAL_KEY: Final = "MISTRAL_API_KEY"
CODESTRAL_KEY: Final = "CODESTRAL_API_KEY"
OLLAMA_HOST: Final = "OLLAMA_HOST"

DISREGARDED: Final = "is disregarded"

_OLLAMA_PORT: Final = 11434
_SCHEME_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Environment:
    """The environment's part of the configuration.

    ``ollama_url`` is what ``OLLAMA_HOST`` names, or empty. ``has_mistral_key`` tells whether one of the two
    keys for Mistral is there; the keys themselves are only read by ``keys``.
    """

    ollama_url: str = ""
    has_mistral_key: bool = False
    problems: tuple[Problem, ...] = ()


def read_environment(environ: Mapping[str, str]) -> Environment:
    """Return what ``environ`` says. A wrong value is a problem and counts as absent."""
    problems = []
    ollama_url = ""
    try:
        ollama_url = parse_ollama_host(environ.get(OLLAMA_HOST, ""))
    except ValueError as error:
        problems.append(Problem(Source.ENVIRONMENT, OLLAMA_HOST, DISREGARDED, str(error)))
    if is_relative(environ.get(DATA_DIR, "").strip()):
        problems.append(Problem(Source.ENVIRONMENT, DATA_DIR, DISREGARDED, "should be an absolute path"))
    return Environment(ollama_url, bool(mistral_key_names(environ)), tuple(problems))


def is_relative(path: str) -> bool:
    """Whether a path depends on the current folder, which is whatever the editor has open."""
    return bool(path) and not path.startswith("~") and not PurePath(path).is_absolute()


def mistral_key_names(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The names of those variables with a key for Mistral that are set and not blank."""
    return tuple(name for name in (CODESTRAL_KEY, MISTRAL_KEY) if environ.get(name, "").strip())


def ollama_address(environ: Mapping[str, str]) -> str:
    """The URL at which Ollama is to be looked for: that of ``OLLAMA_HOST``, else the usual one."""
    return read_environment(environ).ollama_url or DEFAULT_URLS["ollama"]


def parse_ollama_host(text: str) -> str:
    """Return the URL that a value of ``OLLAMA_HOST`` means to a client, or nothing for an empty one.

    The forms are those of Ollama's own client: ``host``, ``host:port``, ``:port``,
    ``scheme://host[:port][/path]``; the port is 11434 unless a scheme is given, whose own port it is then.
    An address that a server binds to everywhere (0.0.0.0, ``[::]``) means loopback.

    Raises:
        ValueError: It is none of these; one line that does not repeat the value.
    """
    plain = text.strip().strip("\"'").strip()
    if not plain:
        return ""
    scheme, separator, rest = plain.partition("://")
    if not separator:
        scheme, rest = "http", plain
    scheme = scheme.lower()
    port = _SCHEME_PORTS.get(scheme) if separator else _OLLAMA_PORT
    if port is None:
        raise ValueError("should be host, host:port, :port or http(s)://host:port")
    authority, slash, path = rest.partition("/")
    host, given_port = _host_and_port(authority)
    url = f"{scheme}://{_for_client(host)}:{given_port or port}{slash}{path}".rstrip("/")
    parse_origin(url)
    return url


def _host_and_port(authority: str) -> tuple[str, str]:
    bare = authority.strip("[]")
    if bare.count(":") > 1 and "]:" not in authority:
        return bare, ""
    host, _, port = authority.rpartition(":") if ":" in authority else (authority, "", "")
    return host.strip("[]"), port


def _for_client(host: str) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        return host or "127.0.0.1"
    if address.is_unspecified:
        return "[::1]" if isinstance(address, IPv6Address) else "127.0.0.1"
    return f"[{address}]" if isinstance(address, IPv6Address) else host
