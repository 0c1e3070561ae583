"""Under which licence a model is, and whether that allows to use it at work. Pure.

Licences are named as their texts name themselves. The catalogue was compared with the models' own pages on
2026-11-25; what could not be read there is unknown. It is no legal advice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from lsp_server.config.origins import MISTRAL_ORIGINS
from lsp_server.config.sources import shown
from lsp_server.prompt.detection import LONGEST_NAME, normalise_name
from lsp_server.types import Destination, ModelInfo

INSTEAD: Final = "use Mistral's hosted API, or a model under Apache-2.0 such as qwen2.5-coder in 1.5b or 7b"
LONGEST_TITLE: Final = 200
"""Code points of what a backend tells that are looked at: the title of a licence is in its first line."""


class Work(StrEnum):
    """Whether a licence allows use at work."""

    ALLOWED = "yes"
    FORBIDDEN = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence. ``note`` is what to know of it, a clause for people; empty where there is nothing to say."""

    name: str
    work: Work
    note: str = ""


APACHE: Final = Licence("Apache-2.0", Work.ALLOWED)
MIT: Final = Licence("MIT", Work.ALLOWED)
API_TERMS: Final = Licence("the terms of Mistral's API", Work.ALLOWED)
NON_PRODUCTION: Final = Licence(
    "the Mistral AI Non-Production License", Work.FORBIDDEN, "only for tests, research and personal use"
)
MISTRAL_RESEARCH: Final = Licence("the Mistral AI Research License", Work.FORBIDDEN, "only for research")
QWEN_RESEARCH: Final = Licence(
    "the Qwen Research License", Work.FORBIDDEN, "only for research and evaluation, not commercial"
)
TONGYI_RESEARCH: Final = Licence(
    "the Tongyi Qianwen Research License", Work.FORBIDDEN, "only for research and evaluation, not commercial"
)
TONGYI: Final = Licence(
    "the Tongyi Qianwen License", Work.ALLOWED, "over 100 million monthly users need another one"
)
DEEPSEEK: Final = Licence(
    "the DeepSeek License", Work.ALLOWED, "commercial use is allowed, some uses are ruled out (military ones)"
)
OPENRAIL: Final = Licence(
    "BigCode OpenRAIL-M", Work.ALLOWED, "commercial use is allowed, some uses are ruled out"
)
LLAMA_2: Final = Licence(
    "the Llama 2 Community License", Work.ALLOWED, "over 700 million monthly users need another one"
)
GEMMA: Final = Licence("the Gemma Terms of Use", Work.ALLOWED, "some uses are ruled out")
STABILITY: Final = Licence(
    "the Stability AI Community License", Work.UNKNOWN, "free below a revenue of a million dollars a year"
)
MODIFIED_MIT: Final = Licence(
    "a modified MIT License", Work.UNKNOWN, "it rules out some companies by their revenue: read it"
)
NOT_PUBLISHED: Final = Licence(
    "the terms of its host", Work.UNKNOWN, "Mistral has not published these weights"
)
EXCEPT_3B: Final = Licence(
    "Apache-2.0, but for the 3B", Work.UNKNOWN, "its name does not tell its size; the 3B is only for research"
)


@dataclass(frozen=True, slots=True)
class _Row:
    """What names of models look like once normalised, and their licence.

    ``published`` marks weights that their maker has put out under this licence alone. Those who pack them
    anew often write another one beside them, which changes nothing.
    """

    names: str
    licence: Licence
    published: bool = False


_BY_NAME: Final = tuple(
    (re.compile(row.names), row)
    for row in (
        _Row(r"mamba-?codestral|codestral-?mamba", APACHE),
        _Row(r"codestral-?(?:22b|2405|v?0\.1)", NON_PRODUCTION, published=True),
        _Row(r"codestral-?(?:2501|2508|25\.\d\d|2(?![\d.b]))", NOT_PUBLISHED),
        # Not the folder that this program keeps its models in.
        _Row(r"codestral(?!-lsp)", NON_PRODUCTION),
        _Row(r"devstral-small", APACHE),
        _Row(r"devstral.*(?:123b|2512)|devstral-2(?!\d)", MODIFIED_MIT),
        _Row(r"devstral-medium", NOT_PUBLISHED),
        _Row(r"devstral", APACHE),
        _Row(r"mistral-(?:small|large).*\b(?:2407|2409|2411|22b|123b)\b", MISTRAL_RESEARCH, published=True),
        _Row(r"ministral-[38]b.*\b2410\b", MISTRAL_RESEARCH, published=True),
        _Row(r"mistral-small|ministral-3|mistral-7b", APACHE),
        _Row(r"qwen-?2\.?5-?coder.*\b3b", QWEN_RESEARCH, published=True),
        _Row(r"qwen-?2\.?5-?coder.*\b(?:0\.5|1\.5|7|14|32)b", APACHE),
        _Row(r"qwen-?2\.?5-?coder", EXCEPT_3B),
        _Row(r"qwen-?3-?coder", APACHE),
        _Row(r"code-?qwen.*chat", TONGYI),
        _Row(r"code-?qwen-?1\.5-7b", TONGYI_RESEARCH, published=True),
        _Row(r"code-?qwen", TONGYI_RESEARCH),
        _Row(r"deepseek-?coder", DEEPSEEK),
        _Row(r"star-?coder", OPENRAIL),
        _Row(r"code-?llama", LLAMA_2),
        _Row(r"code-?gemma", GEMMA),
        _Row(r"granite-(?:\d+b-)?code|granite-?4", APACHE),
        _Row(r"mellum-4b", APACHE),
        _Row(r"seed-?coder", MIT),
        _Row(r"stable-?code", STABILITY),
    )
)
"""The first row that fits counts."""

_BY_TITLE: Final = tuple(
    (re.compile(pattern), licence)
    for pattern, licence in (
        (r"non-?production|\bmnpl\b", NON_PRODUCTION),
        (r"mistral.*research|\bmrl\b", MISTRAL_RESEARCH),
        (r"tongyi.*research", TONGYI_RESEARCH),
        (r"qwen.*research", QWEN_RESEARCH),
        (
            r"non-?commercial|\bcc-by-nc|research (?:licen[cs]e|use|only)",
            Licence("a licence for research or other use that earns nothing", Work.FORBIDDEN),
        ),
        (r"modified[ -]mit\b", MODIFIED_MIT),
        (r"\bapache\b", APACHE),
        (r"\bmit\b", MIT),
        (r"\bdeepseek\b", DEEPSEEK),
        (r"\btongyi\b", TONGYI),
        (r"open ?rail", OPENRAIL),
        (r"\bllama ?2\b", LLAMA_2),
        (r"\bgemma\b", GEMMA),
        (r"\bstability\b.*\bcommunity\b", STABILITY),
    )
)
"""What the first lines of licences look like in lower case, what forbids before what allows."""


def licence_of(info: ModelInfo, destination: Destination) -> Licence:
    """Return the licence that holds for a model where it runs.

    What the backend tells counts more than the model's name, but for published weights whose maker says
    otherwise.
    """
    if destination.origin in MISTRAL_ORIGINS:
        return API_TERMS
    title = info.licence.strip()[:LONGEST_TITLE]
    told = next((licence for pattern, licence in _BY_TITLE if pattern.search(title.lower())), None)
    row = _by_name(info.name)
    if told is None:
        return row.licence if row else Licence(shown(title, LONGEST_NAME) or "not known", Work.UNKNOWN)
    if row and row.published and told.work is Work.ALLOWED and row.licence != told:
        note = f"{row.licence.note}, although the backend tells {told.name}"
        return replace(row.licence, note=note)
    return told


def restriction(info: ModelInfo, destination: Destination) -> str:
    """Why the model may not be used at work and what to use instead, as one line; else empty.

    Where nothing is known against it, it is empty as well.
    """
    licence = licence_of(info, destination)
    if licence.work is not Work.FORBIDDEN:
        return ""
    note = f" ({licence.note})" if licence.note else ""
    name = shown(info.name, LONGEST_NAME)
    return f"{name} is under {licence.name}{note}, which rules out use at work: {INSTEAD}"


def notice(info: ModelInfo, destination: Destination) -> str:
    """What to say at the first use of a model that may not be used at work, as one line; else empty."""
    reason = restriction(info, destination)
    return f"{reason}. Set licence.production = true to have such models refused." if reason else ""


def _by_name(name: str) -> _Row | None:
    """The row for a model's name, or for its folder where the file's own name tells nothing."""
    path = re.split(r"[/\\]", name.strip().rstrip("/\\"))
    for part in reversed(path[-2:]):
        normal = normalise_name(part)
        for pattern, row in _BY_NAME:
            if pattern.search(normal):
                return row
    return None
