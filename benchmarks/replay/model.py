"""The model of the benchmarks: it knows how the file goes on, and is wrong as often as it is told.

    python -m benchmarks.replay.model

It runs in a process of its own, so that its work is not in anybody's figures, behind the strict fake of
llama.cpp. It prints its URL on stdout; each line on stdin is a JSON object of settings to change
(``Settings``) and is answered with a line, the log of the requests since the last one. Instants are of the
monotonic clock, which all processes of a machine share.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from lsp_server.schedule.meaning import names_in
from lsp_server.testing.fake_backends import FakeLlamaCpp
from lsp_server.testing.fake_backends.script import Asked, cut_pieces
from lsp_server.testing.fake_backends.server import Recorded

MAX_TOKENS: Final = 48
"""Models go on behind the line that was wanted."""
WRONG_WITHIN: Final = 8
"""A wrong answer leaves the truth at one of its first tokens."""
LANDMARK: Final = 60
"""Code points before the typed stretch by which it is found in a prompt."""

_NAME: Final = re.compile(r"\w+")
_PREFIX: Final = re.compile(r"<\|fim_prefix\|>(.*?)<\|fim_suffix\|>.*?<\|fim_middle\|>(.*)", re.DOTALL)
"""The prefix is in the first place, or in the last where the suffix goes first."""


@dataclass(slots=True)
class Settings:
    """``before`` and ``typed`` are the file up to the end of the stretch that is typed. ``wrong`` is the
    share of places where the answer leaves the truth; times are in seconds.
    """

    before: str = ""
    typed: str = ""
    wrong: float = 0.0
    seed: int = 1
    first_token_s: float = 0.06
    token_s: float = 0.008
    constant: str = ""
    """Not empty: this is the answer to everything, ``#`` in it standing for a number that rises."""


class Model:
    """Answers prompts by ``settings``."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._answers = 0

    def __call__(self, asked: Asked) -> str:
        """What the model says: the truth, or what leaves it somewhere."""
        self._answers += 1
        if self.settings.constant:
            return self.settings.constant.replace("#", str(self._answers))
        match = _PREFIX.search(asked.prompt)
        if match is None:
            raise ValueError("a prompt without its control tokens")
        return continuation(self.settings, (match[1] or match[2]) + asked.forced)


def continuation(settings: Settings, prefix: str) -> str:
    """The answer to a prefix: the truth, with other names from some point on where the model is wrong.

    It is wrong from the start where what was typed so far is not the truth.
    """
    _, _, typed = prefix.rpartition(settings.before[-LANDMARK:])
    chance = random.Random(f"{settings.seed} {len(typed)} {typed[-20:]}")
    pieces = cut_pieces(settings.typed[len(typed) :])[:MAX_TOKENS]
    right = len(pieces)
    if not settings.typed.startswith(typed):
        right = 0
    elif chance.random() < settings.wrong:
        right = chance.randrange(WRONG_WITHIN)
    return "".join(pieces[:right]) + with_other_names("".join(pieces[right:]), settings.before, chance)


def with_other_names(text: str, before: str, chance: random.Random) -> str:
    """``text`` with each of its names replaced by another of ``before``: code that could stand there."""
    own = names_in(text)
    others = sorted(names_in(before) - own) or ["other"]
    chosen = {name: chance.choice(others) for name in sorted(own)}
    return _NAME.sub(lambda match: chosen.get(match[0], match[0]), text)


def as_log(recorded: Recorded) -> dict[str, Any]:
    """What the benchmarks need of one request. A prefill has no tokens to predict."""
    return {
        "received_s": recorded.received_s,
        "first_token_s": recorded.first_token_s,
        "tokens": recorded.tokens_sent,
        "closed_s": recorded.closed_s,
        "cancelled": recorded.cancelled,
        "prefill": recorded.json["n_predict"] == 0,
        "prompt": recorded.json["prompt"],
        "forced": forced_start(recorded.json.get("grammar") or ""),
    }


def forced_start(grammar: str) -> str:
    """The text that a grammar of ours makes the answer begin with."""
    match = re.match(r'root ::= ("(?:[^"\\]|\\.)*")', grammar)
    return json.loads(match[1]) if match else ""


async def serve() -> None:
    """Answer until stdin ends."""
    model = Model(Settings())
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with FakeLlamaCpp(model) as fake:
        print(fake.url, flush=True)
        fake.n_ctx = 32768
        while line := await reader.readline():
            known = {field.name for field in fields(Settings)}
            changed = {name: value for name, value in json.loads(line).items() if name in known}
            model.settings = Settings(**{**asdict(model.settings), **changed})
            fake.first_token_s, fake.token_s = model.settings.first_token_s, model.settings.token_s
            print(json.dumps([as_log(recorded) for recorded in fake.completions]), flush=True)
            fake.requests.clear()


if __name__ == "__main__":
    asyncio.run(serve())
