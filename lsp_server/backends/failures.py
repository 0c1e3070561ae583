"""What a server says went wrong, as an error of the tree in ``base``. Pure."""

from __future__ import annotations

import base64
import html
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote

from lsp_server.backends.address import Endpoint
from lsp_server.backends.base import (
    AuthenticationFailed,
    BackendError,
    BadRequest,
    BadResponse,
    FillUnsupported,
    ModelNotFound,
    PromptTooLong,
    RateLimited,
    TimedOut,
    Unavailable,
    Unreachable,
)
from lsp_server.backends.decoders import DecodeError, json_object

DEFAULT_RETRY_AFTER_S: Final = 5.0
"""How long to stay away when a server that limits us does not say, or says nonsense."""

MAX_RETRY_AFTER_S: Final = 60.0
"""The longest we stay away. Servers have been seen to answer 99999999; a person would sooner try again."""

EXCERPT_CHARS: Final = 160
"""How much of a server's own words a message may quote."""

MIN_SECRET_LINE_CHARS: Final = 6
"""Shorter lines of a prompt are not looked for in a server's words: they would match by chance."""

WITHHELD: Final = "its words repeat the request and are left out"
"""What stands for a server's words that must not be quoted."""

_READ_CHARS: Final = 1024
"""How much of a server's words is looked at: enough for an excerpt, however much of it is white space."""

_KEY_PART: Final = 8
"""Letters and digits in a row that count as a part of a key: half of the shortest keys in use (16)."""

_TEXT_PART: Final = 16
"""As ``_KEY_PART``, for the request's text: longer, since a server's own words must not count as echo."""

_ROUNDS: Final = 3
"""How many encodings are undone that lie in one another."""

_UNPAID: Final = 402
_LIMITED: Final = {_UNPAID: "the account's quota is used up", 429: "too many requests"}
_WORDED: Final = frozenset({400, 404, 405, 413, 422, 500})
"""The statuses whose meaning depends on the server's words."""

_BREAK: Final = re.compile(r"\\+[nrt]|\s+")
_MARK: Final = re.compile(r"[^\w%&#;\\+/=-]")
_ESCAPE: Final = re.compile(r"\\+[ux]\{?([0-9A-Fa-f]{2,4})\}?")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]{8,}")
_URL_SAFE: Final = str.maketrans("-_", "+/")
_HEX: Final = re.compile(r"[0-9A-Fa-f]{8,}")
_HEX_MARK: Final = re.compile(r"0x|\\x|[:,]")

_STATUSES: Final = frozenset(range(400, 600))
_LOADING: Final = re.compile(r"loading|busy|overloaded|pending requests", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Fault:
    """An error class, what happened, and what to do."""

    error: type[BackendError]
    what: str
    hint: str = ""

    def of(self, endpoint: Endpoint, detail: str) -> BackendError:
        return self.error(endpoint.says(self.what + detail, self.hint))


_NO_MODEL: Final = (
    r"model\b.*\b(not found|doesn't exist|does not exist)",
    r"(invalid|unknown) model",
    r"model_not_found|invalid_model",
)
_NO_FILL: Final = (
    r"does not support (insert|infill|fim)",
    r"infill is not supported",
    r"(fim|fill-in).{0,40}not (supported|available)",
)
_TOO_LONG: Final = (
    r"exceed_context_size",
    r"context (length|size|window)",
    r"maximum context",
    r"too (long|large) for model",
)


def _known(endpoint: Endpoint) -> Iterator[tuple[re.Pattern[str], int, _Fault]]:
    """Give the words by which servers report the faults we tell apart, and the status that fits each."""
    too_long = _Fault(PromptTooLong, "the prompt is too long for the model", "lower context.budget_tokens")
    no_fill = _Fault(FillUnsupported, "the model does not fill in the middle", "set a model that does")
    no_model = _Fault(ModelNotFound, "it does not have the model", endpoint.hints.missing_model)
    for patterns, status, fault in (
        (_TOO_LONG, 400, too_long),
        (_NO_FILL, 400, no_fill),
        (_NO_MODEL, 404, no_model),
    ):
        yield re.compile("|".join(patterns), re.IGNORECASE), status, fault


@dataclass(frozen=True, slots=True)
class Report:
    """A server's own account of a fault: its words, and its type or code where it gives one."""

    words: str = ""
    kind: str = ""

    @property
    def all(self) -> str:
        """Words and kind together, to look for what is known."""
        return f"{self.kind} {self.words}"


def report_of(body: bytes | Mapping[str, Any]) -> Report:
    """Return what an error body says.

    Only the fields that servers keep for their own words are read: validation errors also echo the request,
    prompt and all.
    """
    if isinstance(body, bytes):
        try:
            body = json_object(body.decode("utf-8", "replace"))
        except DecodeError:
            return Report()
    error = body.get("error", body)
    if isinstance(error, str):
        return Report(error)
    if not isinstance(error, Mapping):
        return Report()
    words = "; ".join(_words(error.get("message") or error.get("detail") or body.get("message")))
    return Report(words, " ".join(str(error[name]) for name in ("type", "code") if error.get(name)))


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        place = value.get("loc")
        where = ".".join(str(part) for part in place) if isinstance(place, list) else ""
        words = value.get("msg") or value.get("message") or value.get("detail")
        if isinstance(words, str):
            yield f"{where}: {words}" if where else words
        else:
            yield from _words(words)
    elif isinstance(value, list):
        for item in value[:3]:
            yield from _words(item)


def excerpt(words: str, secrets: Iterable[str] = (), key: str = "") -> str:
    """Return the beginning of a server's words on one line, printable, without ``key`` or any of ``secrets``.

    Words that still hold a part of the key in any spelling, or of the other secrets, become ``WITHHELD``.
    """
    known = sorted({secret for secret in (key, *secrets) if secret}, key=len, reverse=True)
    words = words[:_READ_CHARS]
    for secret in known:
        words = words.replace(secret, "...")
    if _repeats(words, key, known):
        return WITHHELD
    line = " ".join("".join(c if c.isprintable() else " " for c in words).split())
    return line if len(line) <= EXCERPT_CHARS else line[:EXCERPT_CHARS].rstrip() + "..."


def _repeats(words: str, key: str, secrets: Iterable[str]) -> bool:
    """Whether ``words`` hold a part of the key or of other secrets.

    Servers echo what they were sent cut off, in another case, broken over lines, percent-encoded, as entities
    of HTML, as base64, as hexadecimal digits. The encodings are undone, and letters and digits are compared.
    """
    plain = _letters(key)
    size = max(1, min(_KEY_PART, len(plain) // 2))
    spelled = _spellings(words, _ROUNDS)
    if any(part in _letters(text) for part in set(_runs(plain, size)) for text in spelled):
        return True
    echoed = {run for text in _spellings(words, 1) for run in _runs(_letters(text), _TEXT_PART)}
    return any(run in echoed for secret in secrets for run in _runs(_letters(secret), _TEXT_PART))


def _runs(plain: str, size: int) -> Iterator[str]:
    """Give every ``size`` characters in a row."""
    return (plain[at : at + size] for at in range(len(plain) - size + 1))


def _letters(text: str) -> str:
    """Return the letters and digits in lower case, whatever widths and marks they come in."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKD", text).casefold()))


def _spellings(text: str, rounds: int) -> set[str]:
    """Return ``text`` and what it says when up to ``rounds`` encodings are undone."""
    found, latest = {text}, {text}
    for _ in range(rounds):
        latest = {spelling for known in latest for spelling in _undone(known)} - found
        found |= latest
    return found


def _undone(text: str) -> Iterator[str]:
    """Give what ``text`` says by each encoding."""
    dense = unicodedata.normalize("NFKC", _BREAK.sub("", text))
    yield _MARK.sub("", dense)
    yield unquote(dense)
    yield html.unescape(dense)
    yield _ESCAPE.sub(lambda found: chr(int(found[1], 16)), dense)
    alphabet = dense.translate(_URL_SAFE)
    for skipped in range(4):
        # A group of four digits may begin anywhere in what was glued together.
        runs = (run[skipped:] for run in _BASE64.findall(alphabet))
        yield " ".join(_from_base64(run) for run in runs)
    for skipped in range(2):
        runs = (run[skipped:] for run in _HEX.findall(_HEX_MARK.sub("", dense)))
        yield " ".join(bytes.fromhex(run[: len(run) // 2 * 2]).decode("utf-8", "replace") for run in runs)


def _from_base64(run: str) -> str:
    """Return what digits of base64 stand for, without their last one if it is one too many."""
    whole = run[:-1] if len(run) % 4 == 1 else run
    return base64.b64decode(f"{whole}==").decode("utf-8", "replace")


def quoted(endpoint: Endpoint, words: str, sent: bytes = b"") -> str:
    """Return the beginning of a server's words without the key and the request's text (see ``excerpt``)."""
    return excerpt(words, secrets_of(endpoint, sent), _key_of(endpoint))


def secrets_of(endpoint: Endpoint, sent: bytes) -> Iterator[str]:
    """Give what no message may repeat: the key, and every line of text in the request's JSON body."""
    if endpoint.key is not None:
        yield _key_of(endpoint)
    try:
        values: list[Any] = [json_object(sent.decode("utf-8", "replace"))]
    except DecodeError:
        return
    while values:
        value = values.pop()
        if isinstance(value, Mapping):
            values.extend(item for name, item in value.items() if name != "model")
        elif isinstance(value, list):
            values.extend(value)
        elif isinstance(value, str):
            lines = (line.strip() for line in value.splitlines())
            yield from (line for line in lines if len(line) >= MIN_SECRET_LINE_CHARS)


def _key_of(endpoint: Endpoint) -> str:
    return endpoint.key.get_secret_value() if endpoint.key is not None else ""


def retry_after_s(header: str | None, now: datetime) -> float:
    """Return how long to stay away, from a Retry-After header: seconds or an HTTP date (RFC 9110, 10.2.3).

    The result lies within 0 and ``MAX_RETRY_AFTER_S``; no header or nonsense gives ``DEFAULT_RETRY_AFTER_S``.
    """
    if header is None:
        return DEFAULT_RETRY_AFTER_S
    try:
        seconds = float(header)
    except ValueError:
        try:
            date = parsedate_to_datetime(header)
        except ValueError:
            return DEFAULT_RETRY_AFTER_S
        seconds = max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - now).total_seconds())
    if math.isnan(seconds) or seconds < 0:
        return DEFAULT_RETRY_AFTER_S
    return min(seconds, MAX_RETRY_AFTER_S)


def from_status(
    endpoint: Endpoint, status: int, report: Report, secrets: Iterable[str] = (), retry: str | None = None
) -> BackendError:
    """Return the error for a response's status and error body. ``retry`` is its Retry-After header."""
    said = excerpt(report.words, secrets, _key_of(endpoint))
    detail = f", status {status}" + (f" ({said})" if said else "")
    if status in _LIMITED:
        stay_away_s = retry_after_s(retry, datetime.now(UTC)) if status != _UNPAID else MAX_RETRY_AFTER_S
        message = endpoint.says(_LIMITED[status] + detail, f"next attempt in {stay_away_s:.0f} s")
        return RateLimited(message, stay_away_s)
    if status in _WORDED:
        for pattern, _, fault in _known(endpoint):
            if pattern.search(report.all):
                return fault.of(endpoint, detail)
    return _plain(endpoint, status).of(endpoint, detail)


def _plain(endpoint: Endpoint, status: int) -> _Fault:
    """Return what a status means by itself."""
    known = {
        401: _Fault(AuthenticationFailed, "access refused", endpoint.hints.authentication),
        403: _Fault(AuthenticationFailed, "access refused", endpoint.hints.authentication),
        404: _Fault(BadRequest, "no such service there", "check its url and kind"),
        405: _Fault(BadRequest, "no such service there", "check its url and kind"),
        407: _Fault(Unreachable, "the proxy wants a password", "check HTTP_PROXY, HTTPS_PROXY and NO_PROXY"),
        408: _Fault(TimedOut, "the server gave up waiting"),
        413: _Fault(PromptTooLong, "the prompt is too long", "lower context.budget_tokens"),
    }
    by_class = {
        4: _Fault(BadRequest, "it refuses the request"),
        5: _Fault(Unavailable, "it cannot answer now", "try again later, or see its log"),
    }
    redirect = _Fault(BadResponse, "it redirects, which is not followed", "set url to the final address")
    return known.get(status) or by_class.get(status // 100, redirect)


def from_object(endpoint: Endpoint, body: Mapping[str, Any], secrets: Iterable[str] = ()) -> BackendError:
    """Return the error for an error object that came with status 200 or in the middle of a stream."""
    report = report_of(body)
    error = body.get("error")
    code = error.get("code") if isinstance(error, Mapping) else body.get("code")
    if isinstance(code, int) and code in _STATUSES:
        return from_status(endpoint, code, report, secrets)
    for pattern, status, _ in _known(endpoint):
        if pattern.search(report.all):
            return from_status(endpoint, status, report, secrets)
    if _LOADING.search(report.all):
        return from_status(endpoint, HTTPStatus.SERVICE_UNAVAILABLE, report, secrets)
    said = excerpt(report.words, secrets, _key_of(endpoint))
    return Unavailable(endpoint.says("it reports an error" + (f" ({said})" if said else ""), "see its log"))


def is_error(event: Mapping[str, Any]) -> bool:
    """Whether a JSON object is a report of an error and not an answer."""
    return bool(event.get("error")) or event.get("object") == "error"
