"""The key of a backend: where it comes from, and that it goes nowhere else.

A key belongs to one origin. The variables for Mistral serve Mistral's origins alone; any other key is named
beside its backend in the user file, and ``layers`` drops that name when another source moves the backend to
another origin.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import SecretStr

from lsp_server.config.environment import CODESTRAL_KEY, MISTRAL_KEY
from lsp_server.config.files import Unreadable, read_small
from lsp_server.config.origins import MISTRAL_ORIGINS, MISTRAL_SUBSCRIPTION, Origin, parse_origin
from lsp_server.config.settings import BackendSettings

ReadFile = Callable[[Path], str]
ReadKeyring = Callable[[str, str], str | None]


class KeyRefused(Exception):
    """A backend's key is named and cannot be used. ``str(error)`` is one line for people, without the key."""


def resolve_key(
    backend: BackendSettings,
    *,
    environ: Mapping[str, str],
    read_file: ReadFile | None = None,
    read_keyring: ReadKeyring | None = None,
) -> SecretStr | None:
    """Return the backend's key, or None where it names none and its origin is not Mistral's.

    Raises:
        KeyRefused: A key is named and is missing, unreadable, open to others, no possible key, or would
            travel over plain http to another machine.
    """
    origin = _origin(backend)
    named = [name for name in ("key_env", "key_file", "keyring") if getattr(backend, name)]
    if origin is None:
        return None
    if not named:
        return _mistral_key(backend, str(origin), environ)
    if len(named) > 1:
        raise _refused(backend, f"{' and '.join(named)} are both set", "keep one of them")
    if origin.scheme != "https" and not origin.loopback:
        raise _refused(backend, f"its key is not sent over plain http to {origin}", "use https, or no key")
    if backend.key_env:
        text = environ.get(backend.key_env, "")
        where = f"the environment variable {backend.key_env}"
    elif backend.key_file:
        text = _from_file(backend, read_file or read_key_file)
        where = "its key_file"
    else:
        text = _from_keyring(backend, str(origin), read_keyring or read_system_keyring)
        where = f"the keyring's entry {backend.keyring} for {origin}"
    return _key(backend, text, where)


def describe_key(backend: BackendSettings, environ: Mapping[str, str]) -> str:
    """Return where the backend's key comes from, without looking whether it is there; empty for none."""
    if backend.key_env:
        return f"environment variable {backend.key_env}"
    if backend.key_file:
        return f"file {backend.key_file}"
    origin = _origin(backend)
    if backend.keyring:
        return f"keyring {backend.keyring} for {origin}"
    names = _mistral_names(str(origin))
    present = [name for name in names if environ.get(name, "").strip()]
    return f"environment variable {(present or names)[0]}" if names else ""


def read_key_file(path: Path) -> str:
    """Return the text of a key file that is its owner's alone. Raises as ``read_small`` does."""
    return read_small(path, private=True)


def read_system_keyring(service: str, account: str) -> str | None:
    """Return the password of ``account`` at ``service`` in the system's keyring, or None.

    Raises:
        KeyRefused: There is no keyring, or it is locked.
    """
    try:
        import keyring

        return keyring.get_password(service, account)
    except ImportError:
        why = "the keyring package is not installed: install it, or use key_env or key_file"
    except Exception as error:  # noqa: BLE001 - keyring's backends raise whatever their systems do
        why = f"the system keyring cannot be used ({type(error).__name__}): use key_env or key_file"
    # Raised out here, since the error's text may repeat what the keyring's program printed.
    raise KeyRefused(why)


def _origin(backend: BackendSettings) -> Origin | None:
    if backend.kind == "embedded":
        return None
    try:
        return parse_origin(backend.address)
    except ValueError:
        return None


def _mistral_names(origin: str) -> tuple[str, ...]:
    if origin not in MISTRAL_ORIGINS:
        return ()
    # The subscription endpoint has keys of its own; some accounts' keys serve both.
    return (CODESTRAL_KEY, MISTRAL_KEY) if origin == MISTRAL_SUBSCRIPTION else (MISTRAL_KEY, CODESTRAL_KEY)


def _mistral_key(backend: BackendSettings, origin: str, environ: Mapping[str, str]) -> SecretStr | None:
    for name in _mistral_names(origin):
        if environ.get(name, "").strip():
            return _key(backend, environ[name], f"the environment variable {name}")
    return None


def _from_file(backend: BackendSettings, read_file: ReadFile) -> str:
    path = Path(backend.key_file)
    try:
        path = path.expanduser()
        if not path.is_absolute():
            raise _refused(backend, "its key_file is a relative path", "write it in full, or from ~")
        return read_file(path)
    except (FileNotFoundError, RuntimeError):
        raise _refused(backend, "its key_file is not there", "check the path in the user file") from None
    except Unreadable as error:
        raise _refused(backend, "its key_file cannot be used", str(error)) from None


def _from_keyring(backend: BackendSettings, account: str, read_keyring: ReadKeyring) -> str:
    try:
        return read_keyring(backend.keyring, account) or ""
    except KeyRefused as error:
        raise KeyRefused(f"backend {backend.name}: {error}") from None


def _key(backend: BackendSettings, text: str, where: str) -> SecretStr:
    key = text.strip()
    if not key:
        raise _refused(backend, f"there is no key in {where}", "put it there, or remove the setting")
    # A line break would begin another header.
    if not all("!" <= character <= "~" for character in key):
        raise _refused(backend, f"what is in {where} is no key", "a key is one line of ASCII without spaces")
    return SecretStr(key)


def _refused(backend: BackendSettings, what: str, hint: str) -> KeyRefused:
    return KeyRefused(f"backend {backend.name}: {what}: {hint}")
