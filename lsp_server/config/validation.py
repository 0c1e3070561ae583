"""One source's values against the settings tree: the valid ones are kept, each other one is reported."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any, Final

from pydantic import ValidationError

from lsp_server.config.origins import parse_origin
from lsp_server.config.patterns import syntax_fault
from lsp_server.config.settings import Section
from lsp_server.config.sources import shown

Report = Callable[[str, str, str], None]
"""Takes one fault: the setting's path, what is wrong with it, what is expected."""

LARGEST_INTEGER: Final = 2**53
"""The largest that JSON carries exactly; greater ones cannot even be printed past 4,300 digits."""

MOST_HINTS: Final = 20

NOT_VALID: Final = "is not valid"

_FOR_KEYS: Final = (
    "keys are named by key_env, key_file or keyring in the user file, and no header or proxy can be set"
)
_HINTS: Final = dict.fromkeys(
    ("api_key", "apikey", "key", "token", "password", "headers", "header", "proxy", "authorization"),
    _FOR_KEYS,
)
_LONG_RUN: Final = re.compile(r"[A-Za-z0-9]{20,}")
_KEY_START: Final = re.compile(r"(?:sk|pk|rk|hf|gh[a-z])[-_]")
_OWN_HEADERS: Final = frozenset(
    {
        "accept",
        "api-key",
        "authorization",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "cookie",
        "host",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "x-api-key",
    }
)
"""Headers that carry keys or frame a request: never a place for a session value."""


def valid_fields(
    model: type[Section],
    raw: Mapping[Any, object],
    prefix: str,
    report: Report,
    base: Mapping[str, object] | None = None,
) -> dict[str, object] | None:
    """Return those of ``raw``'s values that fit ``model`` beside ``base``; None if it cannot be built at all.

    Values are taken strictly (``"yes"`` is no boolean), lists as tuples; null is no value. In a list or a
    table only the elements that do not fit are left out.
    """
    given = _readable(raw, prefix, report)
    while True:
        try:
            made = model.model_validate({**(base or {}), **given}, strict=True)
        except ValidationError as error:
            if not _drop_faults(error, given, prefix, report, list(model.model_fields)):
                return None
        else:
            return _checked({name: getattr(made, name) for name in given}, prefix, report)


def mapping(raw: object, path: str, report: Report) -> Mapping[Any, object]:
    """Return ``raw`` if it is a table, else report it and return an empty one. None is no value."""
    if isinstance(raw, Mapping):
        return raw
    if raw is not None:
        report(path, NOT_VALID, "should be a table")
    return {}


def entries(raw: object, path: str, report: Report) -> list[tuple[int, Mapping[Any, object]]]:
    """Return the tables in the list ``raw`` with their places; whatever else is in it is reported."""
    if raw is None:
        return []
    if not isinstance(raw, list | tuple):
        report(path, NOT_VALID, f"should be a list of tables, in TOML [[{path}]]")
        return []
    for index, entry in enumerate(raw):
        if not isinstance(entry, Mapping):
            report(f"{path}[{index}]", NOT_VALID, "should be a table")
    return [(index, entry) for index, entry in enumerate(raw) if isinstance(entry, Mapping)]


def unknown(name: str, known: list[str]) -> str:
    """What to say about a setting that does not exist."""
    from difflib import get_close_matches

    hint = _HINTS.get(name.lower())
    if hint:
        return hint
    close = get_close_matches(name[:64], known, n=1)
    return f"did you mean {close[0]}?" if close else f"known here: {', '.join(known)}"


def _readable(raw: Mapping[Any, object], prefix: str, report: Report) -> dict[str, object]:
    given: dict[str, object] = {}
    for name, value in raw.items():
        if not isinstance(name, str) or not _encodable(name):
            report(f"{prefix}.{shown(str(name))}", "is not a setting", "")
        elif value is not None:
            plain = _plain(value)
            if isinstance(plain, int) and abs(plain) > LARGEST_INTEGER:
                report(f"{prefix}.{name}", NOT_VALID, "is too large")
            else:
                given[name] = plain
    return given


def _plain(value: object) -> object:
    """A list as the tuple that the settings have, a whole float as the integer it is."""
    if isinstance(value, list | tuple):
        return tuple(_plain_entry(entry) for entry in value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _plain_entry(entry: object) -> object:
    return dict(entry) if isinstance(entry, Mapping) else entry


def _drop_faults(
    error: ValidationError, given: dict[str, object], prefix: str, report: Report, known: list[str]
) -> bool:
    """Report each fault and drop its value from ``given``. False if one cannot be dropped."""
    faults: defaultdict[tuple[int | str, ...], list[str]] = defaultdict(list)
    for detail in error.errors(include_url=False, include_input=False, include_context=False):
        place = _place(detail["loc"], given)
        unlisted = detail["type"] == "extra_forbidden" and len(place) == 1
        # Looking for a close name takes time, and nobody reads the hundredth hint.
        hint = unknown(str(place[0]), known) if unlisted and len(faults) < MOST_HINTS else ""
        faults[place].append(hint if unlisted else detail["msg"])
    droppable = True
    for place, messages in faults.items():
        name = str(place[0]) if place else ""
        if name not in given:
            report(_spelled(prefix, place), "is missing" if name in known else NOT_VALID, "")
            droppable = False
        else:
            report(
                _spelled(prefix, place),
                NOT_VALID if name in known else "is not a setting",
                _expected(messages),
            )
    inner: defaultdict[str, set[tuple[int | str, ...]]] = defaultdict(set)
    for place in faults:
        if place and place[0] in given:
            inner[str(place[0])].add(place[1:])
    for name, places in inner.items():
        _drop(given, name, places)
    return droppable


def _place(location: tuple[int | str, ...], given: Mapping[str, object]) -> tuple[int | str, ...]:
    """The part of pydantic's location that names a value of ours: a field, or an element of one."""
    value = given.get(str(location[0])) if location else None
    if len(location) > 1 and (
        (isinstance(value, tuple) and isinstance(location[1], int))
        or (isinstance(value, dict) and location[1] in value)
    ):
        return location[:2]
    return location[:1]


def _drop(given: dict[str, object], name: str, inner: set[tuple[int | str, ...]]) -> None:
    """Drop the elements ``inner`` of a list or table, or all of the value if a fault lies in the whole."""
    value = given[name]
    if all(inner) and isinstance(value, dict):
        given[name] = {key: kept for key, kept in value.items() if (key,) not in inner}
    elif all(inner) and isinstance(value, tuple):
        given[name] = tuple(kept for index, kept in enumerate(value) if (index,) not in inner)
    else:
        del given[name]


def _checked(values: dict[str, object], prefix: str, report: Report) -> dict[str, object]:
    """Drop what has the right type and still cannot be used."""
    kept: dict[str, object] = {}
    for name, value in values.items():
        path = f"{prefix}.{name}"
        if name in {"exclude", "local_only"} and isinstance(value, tuple):
            kept[name] = _usable_patterns(value, path, report)
            continue
        fault = _CHECKS[name](str(value)) if name in _CHECKS and value else ""
        if fault:
            report(path, NOT_VALID, fault)
        else:
            kept[name] = value
    return kept


def _usable_patterns(patterns: tuple[str, ...], path: str, report: Report) -> tuple[str, ...]:
    kept = []
    for pattern in patterns:
        fault = syntax_fault(pattern)
        if fault:
            report(path, f"has {shown(pattern)!r}", fault)
        else:
            kept.append(pattern)
    return tuple(kept)


def _url_fault(url: str) -> str:
    try:
        parse_origin(url)
    except ValueError as error:
        return str(error)
    return ""


def _header_fault(header: str) -> str:
    plain = re.fullmatch(r"[A-Za-z0-9-]{1,64}", header) is not None and not _looks_like_key(header)
    if not plain or header.lower() in _OWN_HEADERS:
        return "should be the name of an HTTP header that has no other meaning, such as x-session-id"
    return ""


def _variable_fault(name: str) -> str:
    # Somebody who puts the key itself here must not find it in a log.
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,127}", name) is None or _looks_like_key(name):
        return "should be the name of an environment variable, not the key itself"
    return ""


def _path_fault(path: str) -> str:
    if not path.startswith("~") and not PurePath(path).is_absolute():
        return "should be the path of a file, in full or from ~, not the key itself"
    return ""


def _service_fault(name: str) -> str:
    if _looks_like_key(name) or not name.isprintable():
        return "should be the name of a service in the keyring, not the key itself"
    return ""


def _looks_like_key(text: str) -> bool:
    """Whether ``text`` has a long run of letters and digits mixed, as keys have and names do not."""
    return any(
        any(c.isdigit() for c in run) and any(c.isalpha() for c in run) for run in _LONG_RUN.findall(text)
    ) or bool(_KEY_START.match(text))


_CHECKS: Final[Mapping[str, Callable[[str], str]]] = {
    "url": _url_fault,
    "session_header": _header_fault,
    "key_env": _variable_fault,
    "key_file": _path_fault,
    "keyring": _service_fault,
}


def _expected(messages: list[str]) -> str:
    plain = [
        message.removeprefix("Value error, ")
        .replace("Input should be", "should be")
        .replace("Extra inputs", "extra")
        for message in dict.fromkeys(messages)
    ]
    return shown(" or ".join(plain), 200)


def _spelled(prefix: str, place: tuple[int | str, ...]) -> str:
    inner = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return f"{prefix}{inner}"


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
